"""What an event calls for: which notice, to whom."""

from collections.abc import Sequence
from typing import NamedTuple

from ledger.boundary import Boundary, about
from ledger.events import (
    ActRefused,
    AgreementExecuted,
    AgreementExpired,
    AgreementIssued,
    AmendmentIssued,
    ChangesAsked,
    CopyReported,
    DataSetOpened,
    DestructionRequired,
    Event,
    FindingAssigned,
    HoldingWrittenOff,
    IncidentReported,
    PublicationNotified,
    PublicationPassed,
    PublicationRecorded,
    QueryAnswered,
    QueryReceived,
    ReminderFellDue,
    RequestApproved,
    RequestDeclined,
    RequestReturned,
    RequestSubmitted,
)

RELEASING = ("authorise-release", "hand-over-release")


class Call(NamedTuple):
    """A notice of some kind: to these people, to the researcher of its request, to the office."""

    kind: str
    people: tuple[str, ...] = ()
    researcher: bool = True
    office: bool = False


# The events that may call for one.
CALLING: tuple[type[Event], ...] = (
    RequestSubmitted,
    RequestReturned,
    RequestApproved,
    RequestDeclined,
    ActRefused,
    ReminderFellDue,
    AgreementExpired,
    DestructionRequired,
    DataSetOpened,
    CopyReported,
    IncidentReported,
    HoldingWrittenOff,
    PublicationRecorded,
    FindingAssigned,
    QueryReceived,
    QueryAnswered,
    ChangesAsked,
    PublicationPassed,
)


def begun_by(event: Event) -> Boundary | None:
    """Where it stands whom it is for: what it answers or decides about, or what gave a right to what somebody holds."""
    match event:
        case DestructionRequired() | ReminderFellDue(kind="destruction due" | "destruction overdue"):
            return about(AgreementIssued, AmendmentIssued, AgreementExecuted, tags=[f"request:{event.request}"])
        case QueryAnswered():
            return about(QueryReceived, tags=[f"query:{event.query}"])
        case ChangesAsked() | PublicationPassed():
            return about(PublicationNotified, tags=[f"publication:{event.publication}"])
    return None


def concerned(event: Event, begun: Sequence[Event]) -> tuple[str, ...]:
    """Whom it is for: who asked, was asked and referred; or the authors, and who told of it. What was told last counts.

    They are as far as the office knows them. Of those who hold something, they are who ever had a right to it.
    """
    people: tuple[str | None, ...] = ()
    match event, begun[-1:]:
        case DestructionRequired(), _:
            people = _entitled((event.person,), event.dataset, begun)
        case ReminderFellDue(dataset=str(dataset)), _:
            people = _entitled(event.whom, dataset, begun)
        case _, [QueryReceived() as asked]:
            people = (asked.by, asked.asked, asked.referred_by)
        case _, [PublicationNotified() as notified]:
            people = (*notified.authors, notified.told_by)
    return tuple(dict.fromkeys(one for one in people if one))


def _entitled(people: Sequence[str], dataset: str, agreements: Sequence[Event]) -> tuple[str, ...]:
    """Whom of these an agreement on a data set names that was executed."""
    executed = {one.agreement for one in agreements if isinstance(one, AgreementExecuted)}
    named = {
        recipient.person
        for one in agreements
        if isinstance(one, AgreementIssued | AmendmentIssued) and one.agreement in executed
        if dataset in [covered.dataset for covered in one.datasets]
        for recipient in one.recipients
    }
    return tuple(one for one in people if one in named)


def called_for(event: Event, *, finding: bool = False, whom: tuple[str, ...] = ()) -> Call | None:
    """The notice that an event calls for, if it does.

    `finding` says that it shows something that shouldn't be so, `whom` whom it is for, where that stands elsewhere.
    """
    match event:
        case RequestSubmitted():
            return Call("request received")
        case RequestReturned():
            return Call("request returned")
        case RequestApproved():
            return Call("request approved")
        case RequestDeclined():
            return Call("request declined")
        case ActRefused(act=act) if act in RELEASING:
            return Call("release refused")
        case ReminderFellDue(kind="training expires"):
            return Call("reminder", event.whom, researcher=False)
        case ReminderFellDue(kind="destruction due" | "destruction overdue"):
            return Call("reminder", whom, office=whom != event.whom)
        case ReminderFellDue():
            return Call("reminder", event.whom)
        case AgreementExpired():
            return Call("agreement expired")
        case DestructionRequired():
            # Who holds what they never had a right to may know nothing of the ledger: the office sees to it.
            return Call("destruction required", whom, researcher=False, office=not whom)
        case DataSetOpened() | CopyReported() | IncidentReported() | HoldingWrittenOff() | PublicationRecorded() if (
            finding
        ):
            return Call("finding", researcher=False, office=True)
        case FindingAssigned():
            return Call("finding assigned", researcher=False, office=True)
    return _called_for_outside(event, whom)


def _called_for_outside(event: Event, whom: tuple[str, ...]) -> Call | None:
    match event:
        case QueryReceived():
            return Call("query received", (event.by,) if event.by else (), researcher=False, office=True)
        # Who went to counsel with it tells nobody anything yet.
        case QueryAnswered(outcome=outcome) if outcome != "to counsel":
            return Call("query answered", whom, researcher=False)
        case ChangesAsked():
            return Call("publication sent back", whom)
        case PublicationPassed():
            return Call("publication passed", whom)
    return None
