"""Whether something can have happened when it is said to have."""

from calendar import monthrange
from collections.abc import Sequence
from datetime import date, datetime

from api.admission.circumstances import own_days
from ledger.boundary import Boundary, about
from ledger.chain.entry import format_time
from ledger.codec import Precision, Recorded
from ledger.errors import Malformed
from ledger.events import (
    AgreementIssued,
    AgreementSigned,
    AgreementTerminated,
    AmendmentIssued,
    ApiKeyIssued,
    ApiKeyRevoked,
    ChangesAsked,
    Event,
    KeyConfirmed,
    KeyFiled,
    KeyRejected,
    KeyTestFailed,
    KeyTestPassed,
    KeyTestSent,
    LegalHoldLifted,
    LegalHoldPlaced,
    PublicationNotified,
    PublicationReviewed,
    ReleaseAuthorised,
    ReleaseFailed,
    ReleaseHandedOver,
    ReleaseReceived,
    RequestReturned,
    RequestSubmitted,
    RequestWithdrawn,
)
from projections.standing import Office

# What cannot have happened before the last of these happened to the same thing. What people do elsewhere, such as a
# board, a publisher or whoever contains an incident, may well come before the office is told of it.
_FOLLOWS: dict[type[Event], tuple[str, tuple[type[Event], ...]]] = {
    RequestSubmitted: ("request", (RequestReturned,)),
    RequestReturned: ("request", (RequestSubmitted,)),
    RequestWithdrawn: ("request", (RequestSubmitted,)),
    AgreementSigned: ("agreement", (AgreementIssued, AmendmentIssued)),
    AgreementTerminated: ("agreement", (AgreementIssued, AmendmentIssued)),
    KeyConfirmed: ("key", (KeyFiled,)),
    KeyRejected: ("key", (KeyFiled,)),
    KeyTestSent: ("key", (KeyFiled,)),
    KeyTestPassed: ("key", (KeyTestSent,)),
    KeyTestFailed: ("key", (KeyTestSent,)),
    ReleaseFailed: ("release", (ReleaseAuthorised, ReleaseHandedOver)),
    ReleaseReceived: ("release", (ReleaseHandedOver,)),
    PublicationReviewed: ("publication", (PublicationNotified,)),
    ChangesAsked: ("publication", (PublicationNotified,)),
    LegalHoldLifted: ("hold", (LegalHoldPlaced,)),
    ApiKeyRevoked: ("apikey", (ApiKeyIssued,)),
}


def followed(event: Event) -> list[Boundary]:
    """What has to be read to know when the thing happened that this follows from; nothing if it follows from none."""
    if type(event) not in _FOLLOWS:
        return []
    kind, kinds = _FOLLOWS[type(event)]
    return [about(*kinds, tags=[f"{kind}:{getattr(event, kind)}"])]


def check_time(event: Event, at: datetime, precision: Precision, before: Sequence[Recorded], office: Office) -> None:
    """Raise `Malformed` for a time before the event's own date, or before the last of what it follows from."""
    last = _last_day(at, precision, office)
    for member, day in own_days(event):
        if day > last:
            raise Malformed(member, str(day), f"is after it happened: occurred_at says {last}")
    if before and _is_before(at, precision, before[-1], office):
        first, kind = before[-1], _FOLLOWS[type(event)][0]
        when = format_time(first.occurred_at) if first.precision == "instant" else office.day(first.occurred_at)
        why = f"is before what it follows from: {first.event.wire_name} of {kind} {getattr(event, kind)}, {when}"
        raise Malformed("occurred_at", at.isoformat(), why)


def _is_before(at: datetime, precision: Precision, first: Recorded, office: Office) -> bool:
    """Whether the one is before the other, however late in its day or month it was."""
    if first.precision == "not-later-than":
        return False
    if precision == first.precision == "instant":
        return at < first.occurred_at
    return _last_day(at, precision, office) < office.day(first.occurred_at)


def _last_day(at: datetime, precision: Precision, office: Office) -> date:
    day = office.day(at)
    return day.replace(day=monthrange(day.year, day.month)[1]) if precision == "month" else day
