"""What is let in to the desk: whatever is not changes nothing, not even by being refused.

An act comes from somebody whose role entitles to it, and is about a request that the ledger knows. A report is of
something that is reported, about things that are known, and of a request that has come so far.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from api.errors import NotEntitled
from ledger.codec import Recorded
from ledger.errors import Malformed
from ledger.events import (
    ActRefused,
    DataSetRegistered,
    DeterminationEnded,
    EthicsDetermined,
    Event,
    LedgerOpened,
    OrganisationRegistered,
    PersonErased,
    PersonRegistered,
    PolicyPublished,
    RelianceElected,
    RequestApproved,
    RequestDeclined,
    RequestReturned,
    RequestSubmitted,
    RequestWithdrawn,
)
from ledger.log import Boundary, about
from projections.acts import Act, act_from, as_command
from projections.standing import BEFORE_THE_OFFICE, MOVES, Standing, State, moved

# By the kind of a tag: the event that makes such a thing known.
INTRODUCED_BY: dict[str, type[Event]] = {
    "person": PersonRegistered,
    "organisation": OrganisationRegistered,
    "dataset": DataSetRegistered,
    "determination": EthicsDetermined,
    "request": RequestSubmitted,
}
# What comes of an act, of erasing or of opening a ledger, and cannot be told.
NOT_REPORTED = (LedgerOpened, PersonErased, RequestApproved, RequestDeclined, ActRefused)


def admit_form(act: Act) -> None:
    """Raise `Malformed` for an act that could not be read back from its judgement."""
    try:
        act_from(as_command(act))
    except (msgspec.ValidationError, TypeError) as error:
        raise Malformed("act", act.name, str(error)) from error


def admit_act(act: Act, standing: Standing, at: datetime) -> None:
    """Raise `NotEntitled`, or `Malformed` when the ledger does not know the request."""
    if standing.office.roles(act.principal, at).isdisjoint(act.roles):
        raise NotEntitled(act.principal, act.name, act.roles)
    if standing.request(act.request).submitted is None:
        raise Malformed("request", act.request, "is not in this ledger")


def looked_at(events: Iterable[Event]) -> list[Boundary]:
    """What has to be read to know whether these reports can be let in."""
    return [boundary for event in events for boundary in (*_introductions(event), *_moves(event))]


def admit_reports(events: Sequence[Event], facts: Iterable[Recorded]) -> None:
    """Raise `Malformed` for what is not reported, is not known, is known already, or is not in its turn.

    What an earlier one of these reports makes known, or moves, is known and has moved for the later ones.
    """
    known = _Known(fact.event for fact in facts)
    for event in events:
        known.admit(event)
        known.add(event)


class _Known:
    """What the ledger knows, as far as it was looked at."""

    def __init__(self, events: Iterable[Event]) -> None:
        self._introduced: dict[str, Event] = {}
        self._states: dict[str, State] = {}
        for event in events:
            self.add(event)

    def add(self, event: Event) -> None:
        own = _own_tag(event)
        if own is not None:
            self._introduced[own] = event
        if isinstance(event, MOVES):
            self._states[event.request] = moved(self._state_of(event.request), event)

    def admit(self, event: Event) -> None:
        if isinstance(event, NOT_REPORTED):
            raise Malformed("report", event.wire_name, "is recorded when this office does it, and not by telling")
        if isinstance(event, PolicyPublished):
            _check_time_zone(event.time_zone)
        self._check_known(event)
        self._check_turn(event)
        if isinstance(event, RelianceElected | DeterminationEnded):
            self._check_same_request(event)

    def _check_known(self, event: Event) -> None:
        own = _own_tag(event)
        for tag, _ in _things(event):
            kind, _, id_ = tag.partition(":")
            if tag == own:
                # Whether a request may come in again is a matter of its turn.
                if tag in self._introduced and kind != "request":
                    raise Malformed(kind, id_, "is in this ledger already")
            elif tag not in self._introduced:
                raise Malformed(kind, id_, "is not in this ledger")

    def _check_turn(self, event: Event) -> None:
        match event:
            case RequestSubmitted(request=request):
                before: tuple[State, ...] = (State.UNKNOWN, State.RETURNED)
            case RequestReturned(request=request) | RequestWithdrawn(request=request):
                before = BEFORE_THE_OFFICE
            case _:
                return
        state = self._state_of(request)
        if state not in before:
            raise Malformed("request", request, f"is {state}, and {event.wire_name} is for one that is {_or(before)}")

    def _check_same_request(self, event: RelianceElected | DeterminationEnded) -> None:
        determined = self._introduced[f"determination:{event.determination}"]
        if isinstance(determined, EthicsDetermined) and determined.request != event.request:
            raise Malformed("determination", event.determination, f"is about request {determined.request}")

    def _state_of(self, request: str) -> State:
        return self._states.get(request, State.UNKNOWN)


def _introductions(event: Event) -> list[Boundary]:
    return [about(introduction, tags=[tag]) for tag, introduction in _things(event)]


def _moves(event: Event) -> list[Boundary]:
    if isinstance(event, RequestSubmitted | RequestReturned | RequestWithdrawn):
        return [about(*MOVES, tags=[f"request:{event.request}"])]
    return []


def _things(event: Event) -> list[tuple[str, type[Event]]]:
    """The tags of what an event is about, each with the event that makes it known."""
    known = [(tag, INTRODUCED_BY.get(tag.partition(":")[0])) for tag in sorted(event.tags())]
    return [(tag, introduction) for tag, introduction in known if introduction is not None]


def _own_tag(event: Event) -> str | None:
    """The tag of what this very event makes known."""
    for kind, introduction in INTRODUCED_BY.items():
        if isinstance(event, introduction):
            return f"{kind}:{getattr(event, kind)}"
    return None


def _check_time_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Malformed("time zone", name, "is none that this machine knows") from error


def _or(states: Sequence[State]) -> str:
    return " or ".join(states)
