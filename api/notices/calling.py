"""What an event calls for: which notice, to whom."""

from collections.abc import Sequence
from typing import NamedTuple

from ledger.events import (
    ActRefused,
    AgreementExpired,
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
from ledger.log import Boundary, about

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
    """Where it stands whom an answer or a decision is for: what it answers, or what it decides about."""
    match event:
        case QueryAnswered():
            return about(QueryReceived, tags=[f"query:{event.query}"])
        case ChangesAsked() | PublicationPassed():
            return about(PublicationNotified, tags=[f"publication:{event.publication}"])
    return None


def concerned(begun: Sequence[Event]) -> tuple[str, ...]:
    """Whom it is for: who asked, was asked and referred; or the authors, and who told of it. What was told last counts.

    They are as far as the office knows them.
    """
    match begun[-1:]:
        case [QueryReceived() as asked]:
            people: tuple[str | None, ...] = (asked.by, asked.asked, asked.referred_by)
        case [PublicationNotified() as notified]:
            people = (*notified.authors, notified.told_by)
        case _:
            people = ()
    return tuple(dict.fromkeys(one for one in people if one))


def called_for(event: Event, *, finding: bool = False, whom: tuple[str, ...] = ()) -> Call | None:
    """The notice that an event calls for, if it does.

    `finding` says that it shows something that shouldn't be so, `whom` for whom an answer or a decision is.
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
        case ReminderFellDue():
            return Call("reminder", event.whom)
        case AgreementExpired():
            return Call("agreement expired")
        case DestructionRequired():
            return Call("destruction required", (event.person,), researcher=False)
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
