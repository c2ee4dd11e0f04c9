"""The language of `tests.office` for what comes after a release: copies, incidents, departures, holds, endings."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from ledger.events import (
    AccessRestored,
    AccessRevoked,
    CopiesDeclared,
    CopyReported,
    DestructionAccepted,
    DestructionAttested,
    Event,
    FindingAssigned,
    FindingClosed,
    HoldingWrittenOff,
    IncidentClosed,
    IncidentContained,
    IncidentReported,
    LegalHoldLifted,
    LegalHoldPlaced,
    PersonDeparted,
    PersonMoved,
    ReleaseReceived,
    RequestClosed,
)
from ledger.events.holding import Held
from projections.acts import AcceptAttestation, CloseIncident, CloseRequest, WriteOff
from tests.facts import ANA, BEN, DATA_SET, NOON, REQUEST, commitment
from tests.office import Done
from tests.office_acts import authorised, handed_over
from tests.office_facts import DUA, ELSEWHERE, MOU, RELEASE, THE_DIRECTOR, TODAY, YESTERDAY, terminated

INCIDENT, HOLD, ATTESTATION = "I-2026-0001", "H-2026-0001", "X-2026-0001-1"
# What went out to Ana, who is the contact, and what ended.
OUT: list[Event] = [
    authorised().event,
    handed_over().event,
    ReleaseReceived(release=RELEASE, request=REQUEST, contact=ANA, on=YESTERDAY),
]
OVER: list[Event] = [terminated(MOU), terminated(DUA)]


def held(who: str = ANA, dataset: str = DATA_SET, label: str = "1") -> Held:
    return Held(person=who, dataset=dataset, label=label)


def copied(who: str | None = BEN, by: str | None = ANA, **changes: Any) -> CopyReported:
    rest: dict[str, Any] = {"request": REQUEST, "dataset": DATA_SET, "label": "1", "since": TODAY}
    return CopyReported(person=who, by=by, **(rest | changes))


def declared(by: str = ANA) -> CopiesDeclared:
    return CopiesDeclared(request=REQUEST, by=by)


def attested(*holdings: Held, **changes: Any) -> DestructionAttested:
    rest: dict[str, Any] = {
        "attestation": ATTESTATION,
        "request": REQUEST,
        "by": ANA,
        "on": TODAY,
        "copies": 1,
        "media": commitment(91),
        "method": commitment(92),
    }
    return DestructionAttested(holdings=holdings or (held(),), **(rest | changes))


def was_accepted(*holdings: Held, **changes: Any) -> DestructionAccepted:
    rest: dict[str, Any] = {"attestation": ATTESTATION, "request": REQUEST}
    return DestructionAccepted(holdings=holdings or (held(),), **(rest | changes))


def gone(who: str = ANA, label: str = "1") -> HoldingWrittenOff:
    return HoldingWrittenOff(request=REQUEST, person=who, dataset=DATA_SET, label=label, reason=commitment(93))


def incident(*requests: str, **changes: Any) -> IncidentReported:
    """An incident that was told an hour after it was discovered, if it is not said how long `after` that."""
    rest: dict[str, Any] = {"incident": INCIDENT, "what": "lost device", "people": (), "datasets": ()}
    told: datetime = changes.pop("told", NOON)
    after: timedelta = changes.pop("after", timedelta(hours=1))
    return IncidentReported(requests=requests, told=told, discovered=told - after, **(rest | changes))


def contained(*requests: str, **changes: Any) -> IncidentContained:
    rest: dict[str, Any] = {"incident": INCIDENT, "people": (), "datasets": (), "how": commitment(94)}
    return IncidentContained(requests=requests, **(rest | changes))


def incident_closed(*requests: str, **changes: Any) -> IncidentClosed:
    rest: dict[str, Any] = {"incident": INCIDENT, "people": (), "datasets": (), "reason": commitment(95)}
    return IncidentClosed(requests=requests, **(rest | changes))


def revoked(who: str, on: date = TODAY) -> AccessRevoked:
    return AccessRevoked(request=REQUEST, person=who, on=on)


def restored(who: str) -> AccessRestored:
    return AccessRestored(request=REQUEST, person=who)


def departed(who: str, on: date = TODAY) -> PersonDeparted:
    return PersonDeparted(request=REQUEST, person=who, on=on)


def moved_away(who: str, organisation: str | None = ELSEWHERE, on: date = YESTERDAY) -> PersonMoved:
    return PersonMoved(request=REQUEST, person=who, on=on, organisation=organisation)


def legal_hold(**on: str) -> LegalHoldPlaced:
    """A hold on a request, a data set or a person, whichever is named."""
    rest: dict[str, Any] = {"hold": HOLD, "request": None, "dataset": None, "person": None}
    return LegalHoldPlaced(reason=commitment(96), **(rest | on))


def hold_lifted(**on: str) -> LegalHoldLifted:
    rest: dict[str, Any] = {"hold": HOLD, "request": None, "dataset": None, "person": None}
    return LegalHoldLifted(**(rest | on))


def finding_assigned(entry: int, kind: Any, owner: str = "staff:typist", who: str | None = None) -> FindingAssigned:
    id_ = f"F-{entry}-{kind.replace(' ', '-')}"
    return FindingAssigned(finding=id_, entry=entry, kind=kind, request=REQUEST, person=who, owner=owner)


def finding_closed(entry: int, kind: Any, who: str | None = None) -> FindingClosed:
    id_ = f"F-{entry}-{kind.replace(' ', '-')}"
    return FindingClosed(finding=id_, entry=entry, kind=kind, request=REQUEST, person=who, reason=commitment(97))


def destroyed(*holdings: Held) -> list[Event]:
    """It was attested that these are destroyed, and accepted; Ana's, if nothing else is said."""
    return [attested(*holdings), was_accepted(*holdings)]


# Wishes, and what comes of them.


def accept(**changes: Any) -> AcceptAttestation:
    rest: dict[str, Any] = {"principal": THE_DIRECTOR, "request": REQUEST, "attestation": ATTESTATION}
    return AcceptAttestation(**(rest | changes))


def accepted(holdings: Iterable[Held] = (), **changes: Any) -> Done:
    return Done(was_accepted(*holdings, **changes))


def write_off(who: str = ANA, label: str = "1", **changes: Any) -> WriteOff:
    rest: dict[str, Any] = {"principal": THE_DIRECTOR, "request": REQUEST, "dataset": DATA_SET}
    return WriteOff(person=who, label=label, reason=commitment(93), **(rest | changes))


def written_off(who: str = ANA) -> Done:
    return Done(gone(who))


def close(**changes: Any) -> CloseRequest:
    return CloseRequest(**({"principal": THE_DIRECTOR, "request": REQUEST} | changes))


def closed() -> Done:
    return Done(RequestClosed(request=REQUEST))


def close_incident(request: str | None = REQUEST, **changes: Any) -> CloseIncident:
    rest: dict[str, Any] = {"principal": THE_DIRECTOR, "incident": INCIDENT, "reason": commitment(95)}
    return CloseIncident(request=request, **(rest | changes))


def incident_is_closed(*requests: str, **changes: Any) -> Done:
    return Done(incident_closed(*requests, **changes))
