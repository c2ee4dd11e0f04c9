"""How the office itself is governed: who held which role, what was waived, who looked at what, who was erased.

Each answer is of the log as it is asked about, by the office as it was then.
"""

from collections.abc import Iterator
from datetime import date, datetime
from typing import NamedTuple

from ledger.boundary import about
from ledger.events import DECLARED, DocumentOpened, HistoryViewed, PersonErased, WaiverGranted
from ledger.events.governance import Role
from projections.asof import AsOf
from projections.standing import Office

# Whatever was done under a waiver names it.
UNDER_WAIVERS = tuple(event for event in DECLARED if "waivers" in event.__struct_fields__)


class Granted(NamedTuple):
    """A role that a principal holds, and the entry that gave it."""

    principal: str
    person: str | None
    role: Role
    starts: date
    ends: date | None
    position: int


class Waived(NamedTuple):
    """A waiver: of which rule, for which request, by whom, until when, and the entries that were recorded under it."""

    waiver: str
    request: str
    rule: str
    granted_by: str
    granted: date
    expires: date
    in_force: bool
    used: tuple[int, ...]
    position: int


class Look(NamedTuple):
    """Somebody read a history, exported it, or opened a document of the entry at `document_of`."""

    position: int
    at: datetime
    principal: str
    person: str | None
    how: str
    document_of: int | None


class Erasure(NamedTuple):
    """A person was erased, or some of their details; all of them, where none is named."""

    person: str
    details: tuple[str, ...]
    erased: date
    by: str
    last_copy_lapses: date
    position: int


def roles(office: Office, at: datetime, principal: str | None) -> list[Granted]:
    """Who holds which role at a time; of one principal, if one is named."""
    return [
        Granted(given.principal, given.person, given.role, given.starts, given.ends, one.position)
        for one in office.grants(at)
        if principal in (None, (given := one.event).principal)
    ]


def waivers(log: AsOf, office: Office, today: date) -> Iterator[Waived]:
    """Every waiver, in the order in which they were granted, and whether it is in force on a day."""
    facts = list(log.facts([about(WaiverGranted, *UNDER_WAIVERS)]))
    for fact in facts:
        if isinstance(granted := fact.event, WaiverGranted):
            decided_by = fact.judged.command.get("principal") if fact.judged else None
            yield Waived(
                waiver=granted.waiver,
                request=granted.request,
                rule=granted.rule,
                granted_by=decided_by or fact.actor,
                granted=office.day(fact.occurred_at),
                expires=granted.expires,
                in_force=today <= granted.expires,
                used=tuple(one.position for one in facts if granted.waiver in getattr(one.event, "waivers", ())),
                position=fact.position,
            )


def looks(log: AsOf, office: Office, tag: str) -> Iterator[Look]:
    """Who looked at what carries a tag, in the order of the log."""
    for fact in log.facts([about(HistoryViewed, DocumentOpened, tags=[tag])]):
        person = office.person(fact.actor)
        yield Look(
            position=fact.position,
            at=fact.occurred_at,
            principal=fact.actor,
            person=person.event if person else None,
            how=fact.event.how if isinstance(fact.event, HistoryViewed) else "opened",
            document_of=fact.event.entry if isinstance(fact.event, DocumentOpened) else None,
        )


def erasures(log: AsOf, office: Office) -> Iterator[Erasure]:
    """Every erasure, in the order in which they were recorded."""
    for fact in log.facts([about(PersonErased)]):
        if isinstance(erased := fact.event, PersonErased):
            yield Erasure(
                person=erased.person,
                details=erased.details,
                erased=office.day(fact.occurred_at),
                by=fact.actor,
                last_copy_lapses=erased.last_copy_lapses,
                position=fact.position,
            )
