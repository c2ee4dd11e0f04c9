"""Who tells the office what a decision rests on plays no part in what is decided (policy, as for deciding itself).

Separation of duties judges who decides. A board's determination, a confirmed key or a lifted suspension opens the way,
too, and rests on the word of whoever reports it: on somebody else's, where it is about themselves.
"""

from collections.abc import Iterable, Iterator, Sequence

from api.errors import OwnCase
from ledger.boundary import Boundary, about
from ledger.events import (
    AccessRestored,
    AffiliationDetermined,
    AgreementExecuted,
    AgreementIssued,
    AgreementSigned,
    AmendmentIssued,
    ContactDesignated,
    DebarmentLifted,
    EthicsDetermined,
    Event,
    FactCorrected,
    FindingClosed,
    IncidentContained,
    KeyConfirmed,
    KeyTestPassed,
    LawDetermined,
    LegalHoldLifted,
    PublicationReviewed,
    RelianceElected,
    RelianceRequested,
    RequestSubmitted,
    SuspensionLifted,
    TrainingVerified,
)
from projections.acts import parts
from projections.standing import Known, Office, Standing

# What opens the way to a decision or takes away what stands in it, and whatever takes a report back.
RESTED_ON = (
    AccessRestored,
    AffiliationDetermined,
    AgreementSigned,
    DebarmentLifted,
    EthicsDetermined,
    FactCorrected,
    FindingClosed,
    IncidentContained,
    KeyConfirmed,
    KeyTestPassed,
    LawDetermined,
    LegalHoldLifted,
    PublicationReviewed,
    RelianceElected,
    RelianceRequested,
    SuspensionLifted,
    TrainingVerified,
)
# Who plays a part in a request.
PARTS = (RequestSubmitted, AgreementIssued, AmendmentIssued, AgreementExecuted, ContactDesignated, FactCorrected)


def parts_looked_at(event: Event) -> Iterator[Boundary]:
    """What has to be read to know whether somebody reports it in their own case."""
    if isinstance(event, RESTED_ON):
        yield from (about(*PARTS, tags=[f"request:{request}"]) for request in _requests(event))


def admit_own_case(event: Event, told: Sequence[Known[Event]], office: Office, actor: str) -> None:
    """Raise `OwnCase` for what a decision rests on, told by somebody whom it is about or who plays a part in it."""
    person = office.person(actor)
    if person is None or not isinstance(event, RESTED_ON):
        return
    concerned = _people(event) | _people(_corrected(event, told))
    standing = Standing(told)
    for request in _requests(event):
        concerned |= parts(standing.request(request))
    if person.event in concerned:
        raise OwnCase(actor, event.wire_name, person.event)


def _requests(event: Event) -> list[str]:
    return sorted(tag.partition(":")[2] for tag in event.tags() if tag.startswith("request:"))


def _people(event: Event | None) -> set[str | None]:
    """Whom it is about; not who did it, such as who reviewed a publication."""
    return {getattr(event, "person", None), *getattr(event, "people", ())} - {None}


def _corrected(event: Event, told: Iterable[Known[Event]]) -> Event | None:
    """What an event takes back."""
    if not isinstance(event, FactCorrected):
        return None
    return next((one.event for one in told if one.position == event.corrected), None)
