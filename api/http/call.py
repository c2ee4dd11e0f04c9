"""One call: who makes it, with what, and what is answered."""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

import msgspec

from api.commands import Clerk
from api.desk import Circumstances, Desk
from api.http.callers import Caller, Callers, LastUse
from api.http.monitor import Monitor
from api.http.problems import BadRequest, ObjectionTold
from api.http.rates import Rates
from api.http.reading_in import Request
from api.http.remembered import RememberedNames
from api.names import Names, unnamed
from api.signing import After, require_witnessed, signing
from api.telling import Words, objected, words_of
from ledger.chain.entry import Entry
from ledger.events import Event
from ledger.events.governance import Role
from ledger.home import VIEWS, Home
from ledger.log import Ledger
from ledger.storage.port import Clock
from projections.acts import DECIDING, of_office, of_request
from projections.rules.rule import Objection
from projections.rules.rulebook import rule
from projections.standby import Standby
from projections.standing import Office, RequestStanding, Standing

LOG = logging.getLogger("dua_ledger.http")
# Who may see how people are called; everybody else sees ids.
SEES_NAMES: frozenset[Role] = frozenset((*DECIDING, "auditor", "compliance", "researcher"))


LARGEST = 4 * 1024**3


class Parts(NamedTuple):
    """What an application is made of; all of it is handed in.

    `url` is how others reach it, if that is known; `announce` is told of each new checkpoint, which else is published;
    `largest` is how many bytes the data of a release may have. Nothing is recorded unless so many witnesses as are
    `required` have cosigned what is there, or do so within so many `witness_seconds`.
    """

    home: Home
    clock: Clock
    random_bytes: Callable[[int], bytes]
    last_use: LastUse
    monitor: Monitor
    rates: Rates
    url: str | None = None
    announce: Callable[[], None] | None = None
    largest: int = LARGEST
    required: int = 0
    witness_seconds: float = 10.0


class Answer(NamedTuple):
    """What is answered: a shape, or bytes or a file with their media type; for which position of the log, if known.

    `version` is the position of the last entry about a request that is shown as it is now.
    """

    body: Any
    status: int = 200
    position: int | None = None
    headers: Mapping[str, str] = {}
    media_type: str | None = None
    version: int | None = None


class Desks(NamedTuple):
    """What calls have in common: the parts, and what is made of them once. `known` are tags that the ledger knows."""

    parts: Parts
    clerk: Clerk
    desk: Desk
    callers: Callers
    names: RememberedNames
    views: Standby
    known: set[str]

    @classmethod
    def of(cls, parts: Parts) -> "Desks":
        """Those of these parts."""
        home, clock = parts.home, parts.clock
        ledger, after = home.ledger, _logged(signing(home.notary, parts.announce or home.notary.publish))

        def before() -> None:
            require_witnessed(home.notary, home.path, parts.required, parts.witness_seconds)

        return cls(
            parts=parts,
            clerk=Clerk(home, clock, after, before),
            desk=Desk(ledger, clock, after, before),
            callers=Callers(ledger, clock),
            names=RememberedNames(ledger, home.custody),
            views=Standby(home.path / VIEWS, ledger),
            known=set(),
        )


def _logged(after: After) -> After:
    """The same; warnings, which may name files, go to the log: what callers are told is that it is not signed."""

    def told(entries: Sequence[Entry]) -> tuple[str, ...]:
        warnings = after(entries)
        for warning in warnings:
            LOG.error("evidence", extra={"said": {"warning": warning}})
        return warnings

    return told


class Call:
    """A call by somebody who is known, to a route that they may take; `ids` are those in its path."""

    def __init__(self, desks: Desks, request: Request, caller: Caller, ids: Mapping[str, Any]) -> None:
        self.desks, self.request, self.caller, self.ids = desks, request, caller, ids
        self.now: datetime = desks.parts.clock()
        # Whether the caller may see how people are called.
        self.sees_names = caller.role in SEES_NAMES
        self.home: Home = desks.parts.home
        self.ledger: Ledger = self.home.ledger

    @cached_property
    def names(self) -> Names:
        """Names for a caller who may see them, ids for any other."""
        return self.desks.names.by(self.caller.position) if self.sees_names else unnamed

    def name(self, id_: str | None) -> str | None:
        """How somebody is called; None for nobody, and for a caller who may not see it."""
        return self.names(id_) if id_ and self.sees_names else None

    def called(self, ids: Sequence[str]) -> tuple[str, ...] | None:
        """How these are called; None for a caller who may not see it."""
        return tuple(map(self.names, ids)) if self.sees_names else None

    @property
    def office(self) -> Office:
        """The office as it was when the caller proved who they are."""
        return self.caller.office

    @property
    def words(self) -> Words:
        """How things are called at this office."""
        return words_of(self.office.policy.event)

    def circumstances(self, **others: Any) -> Circumstances:
        """Under which what the caller says is recorded."""
        return Circumstances(actor=self.caller.principal, via=self.caller.via, **others)

    def looked(self, event: Event) -> int:
        """Record that the caller looks, before anything is shown; the position of that."""
        return self.desks.desk.report(event, self.circumstances()).entries[-1].position

    def told(self, objection: Objection) -> ObjectionTold:
        """An objection as this caller may read it."""
        try:
            source = rule(objection.rule).source
        except KeyError:
            source = ""
        return ObjectionTold(
            rule=objection.rule,
            source=source,
            about=objection.about,
            wanting=objection.wanting,
            facts=objection.facts,
            says=objected(objection, self.names, self.words),
        )

    def standing(self, request: str) -> RequestStanding:
        """How a request stands. Raises `BadRequest` when there is none, or none that this caller may see."""
        found = Standing(self.ledger.facts([of_office(), of_request(request)])).request(request)
        if found.submitted is None or not self.may_see(found):
            raise not_found()
        return found

    def may_see(self, request: RequestStanding) -> bool:
        """Whether a request is the caller's own, where they may see no others."""
        return self.caller.role != "researcher" or self.caller.person in involved_in(request)


def involved_in(request: RequestStanding) -> set[str]:
    """The people whose own a request is: who asked, who takes part, who gets data."""
    if request.submitted is None:
        return set()
    contact = request.contact.person
    named = {*request.submitted.event.study_group, *request.personnel, *request.study_group}
    return {request.submitted.event.researcher, *named, *([contact] if contact else [])}


def not_found() -> BadRequest:
    """There is nothing, or nothing that this caller may see: the answer is the same."""
    return BadRequest("not-found", "")


def plain(shape: msgspec.Struct) -> dict[str, Any]:
    """A struct as JSON has it."""
    members: dict[str, Any] = msgspec.to_builtins(shape)
    return members
