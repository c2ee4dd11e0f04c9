"""Who may report what: by role, and what a researcher tells of a request of their own."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import get_args

from api.admission.circumstances import admit_circumstances
from api.errors import NotEntitled
from ledger.errors import Malformed
from ledger.events import (
    AccessRestored,
    AccessRevoked,
    ApiKeyIssued,
    ApiKeyRevoked,
    CopyReported,
    DataSetOpened,
    DebarmentLifted,
    DestructionAttested,
    DocumentOpened,
    Event,
    HistoryViewed,
    IncidentReported,
    LegalHoldLifted,
    LogKeyRetired,
    LogKeyRotated,
    PersonDebarred,
    PolicyPublished,
    PublicationNotified,
    QueryReceived,
    ReleaseReceived,
    RequestSubmitted,
    RequestWithdrawn,
    RoleEnded,
    RoleGranted,
    SuspensionLifted,
)
from ledger.events.governance import Role
from projections.acts import DECIDING, DIRECTING
from projections.standing import Known, Office, Standing

REPORTING: tuple[Role, ...] = (*DECIDING, "admin")
GRANTING: tuple[Role, ...] = (*DIRECTING, "admin")
# Who may take an audit bundle along, in which whatever custody has of it can be opened, with the salts.
BUNDLING: tuple[Role, ...] = (*DECIDING, "auditor")
# Whoever has the ledger's folder in hand.
OPERATOR = "operator:"
# Who may report what not everybody of the office may, or others may, too.
ENTITLED: dict[type[Event], tuple[Role, ...]] = {
    PolicyPublished: (*DIRECTING, "admin"),
    RoleGranted: (*DIRECTING, "admin"),
    RoleEnded: (*DIRECTING, "admin"),
    SuspensionLifted: DIRECTING,
    DataSetOpened: (*REPORTING, "data server"),
    PersonDebarred: DIRECTING,
    DebarmentLifted: DIRECTING,
    ApiKeyIssued: (*DIRECTING, "admin"),
    ApiKeyRevoked: (*DIRECTING, "admin"),
    LogKeyRotated: (*DIRECTING, "admin"),
    LogKeyRetired: (*DIRECTING, "admin"),
    # A researcher tells what they did themselves, of a request of their own.
    RequestWithdrawn: (*REPORTING, "researcher"),
    ReleaseReceived: (*REPORTING, "researcher"),
    # They direct to the office whoever asks them, and tell what they are going to publish.
    QueryReceived: (*REPORTING, "researcher"),
    PublicationNotified: (*REPORTING, "researcher"),
    CopyReported: (*REPORTING, "researcher"),
    IncidentReported: (*REPORTING, "researcher"),
    DestructionAttested: (*REPORTING, "researcher"),
    AccessRevoked: DIRECTING,
    AccessRestored: DIRECTING,
    LegalHoldLifted: DIRECTING,
    HistoryViewed: get_args(Role),
    DocumentOpened: get_args(Role),
}


def admit_office(actor: str, office: Office, at: datetime, what: str) -> None:
    """Raise `NotEntitled` for somebody who is neither of the office nor has the ledger's folder in hand."""
    if not actor.startswith(OPERATOR) and office.roles(actor, at).isdisjoint(REPORTING):
        raise NotEntitled(actor, what, REPORTING)


def admit_bundling(actor: str, office: Office, at: datetime) -> None:
    """Raise `NotEntitled` for somebody who may not take an audit bundle along; whoever has the folder in hand may."""
    if office.has_begun and not actor.startswith(OPERATOR) and office.roles(actor, at).isdisjoint(BUNDLING):
        raise NotEntitled(actor, "take an audit bundle along", BUNDLING)


def admit_import(actor: str, facts: Sequence[Known[Event]], at: datetime) -> None:
    """Raise `NotEntitled` for somebody who may not take in a register, and `Malformed` for no id of an actor."""
    admit_circumstances(actor, None, None, at)
    office = office_in(facts)
    if office.has_begun and office.roles(actor, at).isdisjoint(REPORTING):
        raise NotEntitled(actor, "take in a register", REPORTING)


def office_in(facts: Iterable[Known[Event]]) -> Office:
    """The roles that these facts give."""
    office = Office()
    for fact in facts:
        if isinstance(fact.event, Office.folds):
            office.fold(fact)
    return office


def admit_actor(event: Event, office: Office, actor: str, at: datetime) -> None:
    """Whoever opens the office gives the first role; from then on roles decide.

    Should nobody be left who can give roles, the operator gives one to somebody who can. That they looked at something
    is recorded rather than refused: they have it in hand.
    """
    entitled = ENTITLED.get(type(event), REPORTING)
    if not office.has_begun or (isinstance(event, HistoryViewed) and actor.startswith(OPERATOR)):
        return
    gives = isinstance(event, RoleGranted) and event.role in GRANTING
    if gives and actor.startswith(OPERATOR) and not office.held_by_anybody(GRANTING, at):
        return
    if office.roles(actor, at).isdisjoint(entitled):
        raise NotEntitled(actor, f"report {event.wire_name}", entitled)


def check_first_role(event: RoleGranted, actor: str, today: date) -> None:
    """Who could give no other role, or not today, would leave the office without anybody who can.

    It is given by the operator, or taken by whoever begins; nobody else speaks for an office that has not begun.
    """
    if actor != event.principal and not actor.startswith(OPERATOR):
        why = f"is the first one: {event.principal} or an operator gives it, and not {actor}"
        raise Malformed("role", event.role, why)
    holds_today = event.starts <= today and (event.ends is None or today <= event.ends)
    if event.role not in GRANTING or not holds_today:
        why = f"is not one to begin with: first comes one of {', '.join(GRANTING)}, from today on, who gives all others"
        raise Malformed("role", event.role, why)


def check_last_role(event: RoleEnded, office: Office, at: datetime) -> None:
    """Nobody who gives roles would be left: raises `Malformed`."""
    if event.role in GRANTING and not office.held_by_anybody(GRANTING, at, (event.principal, event.role)):
        why = f"of {event.principal} is the last by which roles are given: grant another first"
        raise Malformed("role", event.role, why)


def admit_researcher(event: Event, facts: Iterable[Known[Event]], office: Office, actor: str, at: datetime) -> None:
    """Who may report it as a researcher alone tells of what is their own, and of what they did themselves."""
    roles = office.roles(actor, at)
    if "researcher" not in roles or not roles.isdisjoint(REPORTING):
        return
    whose: set[str | None]
    match event:
        case RequestWithdrawn():
            asked = [one.event for one in facts if isinstance(one.event, RequestSubmitted)]
            whose = {one.researcher for one in asked[-1:]}
        case ReleaseReceived():
            whose = {event.contact}
        case QueryReceived():
            whose = {event.referred_by}
        case PublicationNotified():
            whose = {event.told_by} & _takes_part(facts)
        case CopyReported():
            whose = {*_takes_part(facts)}
        case IncidentReported():
            # Another request that it named would stand still with theirs.
            whose = set.intersection(*(_takes_part(facts, one) for one in event.requests or (None,)))
        case DestructionAttested():
            whose = {event.by}
        case _:
            return
    person = office.person(actor)
    if person is None or person.event not in whose:
        raise NotEntitled(actor, f"report {event.wire_name} of somebody else", REPORTING)


def _takes_part(facts: Iterable[Known[Event]], request: str | None = None) -> set[str | None]:
    """The researchers and study groups of a request, or of all that these facts are about, as amendments left them."""
    requests = [one for number, one in Standing(facts).requests.items() if request in (None, number)]
    asked = [one.submitted.event for one in requests if one.submitted]
    named = (person for said in asked for person in (said.researcher, *said.study_group))
    return {*named, *(person for one in requests for person in one.study_group)}
