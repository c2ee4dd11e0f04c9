"""Which reports are let in to be recorded, and what has to be read to know."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from api.admission.circumstances import check_dates
from api.admission.corrections import CORRECTABLE, check_correction
from api.admission.entitlement import admit_actor, admit_researcher, check_first_role, check_last_role, office_in
from api.admission.kinds import introducing, things
from api.admission.known import Knowledge
from api.admission.own_case import admit_own_case, parts_looked_at
from ledger.boundary import Boundary, about
from ledger.events import (
    AgreementExecuted,
    AgreementIssued,
    AmendmentIssued,
    ChangesAsked,
    CopyReported,
    DataSetFormChanged,
    DataSetVersionAdded,
    DestructionAccepted,
    Event,
    FactCorrected,
    IncidentReported,
    PersonRegistered,
    PublicationNotified,
    RequestReturned,
    RequestSubmitted,
    RequestWithdrawn,
    RoleEnded,
    RoleGranted,
)
from projections.acts import of_office
from projections.standing import MOVES, Known

# Where a report stands before it is recorded.
NOWHERE_YET = 0


def looked_at(events: Iterable[Event], others: Iterable[str] = ()) -> list[Boundary]:
    """What has to be read to know whether these reports can be let in, and these other people are known."""
    people = [about(PersonRegistered, tags=[f"person:{person}"]) for person in others]
    return [of_office(), *people, *(boundary for event in events for boundary in _looked_at(event))]


def admit_reports(
    reports: Sequence[tuple[Event, str]], facts: Sequence[Known[Event]], at: datetime, others: Iterable[str] = ()
) -> None:
    """Raise `NotEntitled`, or `Malformed` for what is not reported, not known, known already, or not in its turn.

    Each is told by an actor. What an earlier one of these reports makes known, moves or corrects, is known, has moved
    and counts no longer for the later ones.
    """
    office = office_in(facts)
    told = [*facts]
    known, begun = Knowledge(told), office.has_begun
    for event, actor in reports:
        admit_actor(event, office, actor, at)
        if isinstance(event, RoleGranted) and not begun:
            check_first_role(event, actor, office.day(at))
            begun = True
        if isinstance(event, RoleEnded) and office.has_begun:
            check_last_role(event, office, at)
        admit_researcher(event, facts, office, actor, at)
        check_dates(event, office.day(at))
        if isinstance(event, FactCorrected):
            check_correction(event, told)
        known.admit(event)
        admit_own_case(event, told, office, actor)
        told.append(Known(event, NOWHERE_YET))
        if isinstance(event, FactCorrected):
            known = Knowledge(told)
        else:
            known.add(event)
    known.check_people(others)


def _looked_at(event: Event) -> list[Boundary]:
    return [*_introductions(event), *_moves(event), *parts_looked_at(event)]


def _introductions(event: Event) -> list[Boundary]:
    return [about(*introducing(tag.partition(":")[0]), tags=[tag]) for tag, _ in things(event)]


def _moves(event: Event) -> list[Boundary]:
    match event:
        case RequestSubmitted() | RequestReturned() | RequestWithdrawn():
            return [about(*MOVES, FactCorrected, tags=[f"request:{event.request}"])]
        case DataSetVersionAdded() | DataSetFormChanged():
            return [about(DataSetVersionAdded, tags=[f"dataset:{event.dataset}"])]
        case CopyReported():
            version = about(DataSetVersionAdded, tags=[f"dataset:{event.dataset}"])
            return [version, *_groups([event.request])]
        case IncidentReported():
            return _groups(event.requests)
        case PublicationNotified():
            sent_back = about(ChangesAsked, FactCorrected, tags=[f"publication:{event.publication}"])
            return [sent_back, *_groups([event.request])]
        case FactCorrected():
            # Of a signature or an attestation, the first tag is that of its agreement, or its own.
            return [about(*CORRECTABLE, AgreementExecuted, DestructionAccepted, tags=event.about[:1])]
    return []


def _groups(requests: Iterable[str]) -> list[Boundary]:
    """Who takes part in these requests."""
    kinds = (RequestSubmitted, AgreementIssued, AmendmentIssued, AgreementExecuted, FactCorrected)
    return [about(*kinds, tags=[f"request:{request}"]) for request in requests]
