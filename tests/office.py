"""A small language for what the office decides: given these facts, when this is wished for, then that comes of it.

    given(complete(couhes=None)).when(approve()).then(refused("couhes", about=[ANA]))

The facts are in `tests.office_facts` and, as whole requests, in `tests.office_requests`; the wishes are in
`tests.office_acts`. Whatever comes of an act is compared whole, and every judgement is judged again from the log.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
import pytest

from api.desk import Circumstances, Desk, Outcome
from api.errors import NotEntitled
from ledger.codec import Recorded
from ledger.errors import Malformed
from ledger.events import ActRefused, Event, PolicyPublished
from ledger.events.governance import Objected
from ledger.log import Ledger
from ledger.storage import open_store
from projections.acts import Act, as_command
from projections.judgement import judge_again
from projections.rules.rulebook import VERSION, judge
from projections.standing import Standing
from tests.facts import NOON, Clock, ledger_on
from tests.office_facts import OFFICE_ZONE, THE_DIRECTOR, TYPIST

HOUSE = Circumstances(actor=TYPIST, via="command line")
BY_THE_DIRECTOR = Circumstances(actor=THE_DIRECTOR, via="command line")


class Done(NamedTuple):
    """The act was done: this event."""

    event: Event


class Objections(NamedTuple):
    """The act was refused; this is what one rule held against it, about each of these."""

    rule: str
    about: tuple[str | None, ...]
    wanting: tuple[str, ...] | None
    shown_by: tuple[Event, ...] | None


class Unheard(NamedTuple):
    """The wish was not let in, for these reasons, and changed nothing."""

    error: type[Exception]
    fields: dict[str, Any]


def refused(
    rule: str,
    *wanting: str,
    about: Iterable[str | None] = (None,),
    shown_by: Iterable[Event] | None = None,
) -> Objections:
    """What a rule objects: about whom, and where a test says so what is wanting, and which facts show it."""
    return Objections(rule, tuple(about), wanting or None, None if shown_by is None else tuple(shown_by))


def not_entitled(principal: str) -> Unheard:
    return Unheard(NotEntitled, {"principal": principal})


def malformed(what: str, value: Any) -> Unheard:
    return Unheard(Malformed, {"what": what, "value": value})


class Given:
    """Facts in the log."""

    def __init__(self, facts: list[Event]) -> None:
        self.facts = facts

    def when(self, act: Act, at: datetime = NOON) -> "When":
        """Somebody wishes for this at that time."""
        return When(self.facts, act, at)


def given(*facts: Event | Iterable[Event]) -> Given:
    """These facts, in this order, as they may stand in a log."""
    return Given([event for one in facts for event in ([one] if isinstance(one, Event) else one)])


class When(NamedTuple):
    """A wish in the face of facts."""

    facts: list[Event]
    act: Act
    at: datetime

    def then(self, *expected: Done | Objections | Unheard) -> None:
        """Exactly this comes of it: the act is done, or refused by these rules and no others, or not let in."""
        with open_store("sqlite://", Clock(self.at)) as store:
            ledger = written(self.facts, ledger_on(store, Clock(self.at)))
            desk = Desk(ledger, Clock(self.at))
            if isinstance(expected[0], Unheard):
                self._is_unheard(ledger, desk, expected[0])
            else:
                self._is_answered(ledger, desk, *expected)

    def _is_unheard(self, ledger: Ledger, desk: Desk, expected: Unheard) -> None:
        with pytest.raises(expected.error) as caught:
            desk.act(self.act, HOUSE)
        assert {name: getattr(caught.value, name) for name in expected.fields} == expected.fields
        with pytest.raises(expected.error):
            desk.objections(self.act, HOUSE)
        assert ledger.store.head().position == len(self.facts)

    def _is_answered(self, ledger: Ledger, desk: Desk, *expected: Any) -> None:
        said_before = desk.objections(self.act, HOUSE)
        outcome = desk.act(self.act, HOUSE)
        (recorded,) = (ledger.codec.decode(entry) for entry in outcome.entries)
        if isinstance(expected[0], Done):
            assert (outcome.objections, recorded.event) == ((), expected[0].event), outcome.objections
        else:
            self._is_refused(outcome, recorded, expected)
        assert said_before == outcome.objections
        self._is_judged(recorded)
        self._is_judged_alike_again(ledger, recorded, outcome)

    def _is_refused(self, outcome: Outcome, recorded: Recorded, expected: tuple[Objections, ...]) -> None:
        objections = outcome.objections
        assert Counter((one.rule, one.about) for one in objections) == Counter(
            (one.rule, about) for one in expected for about in one.about
        )
        for rule, _, wanting, shown_by in expected:
            mine = [one for one in objections if one.rule == rule]
            assert wanting is None or Counter(wanting) == Counter(one.wanting for one in mine)
            if shown_by is not None:
                facts = tuple(sorted(self.facts.index(event) + 1 for event in shown_by))
                assert {one.facts for one in mine} == {facts}
        whom = {name: getattr(self.act, name, None) for name in ("person", "dataset")}
        assert recorded.event == ActRefused(
            act=self.act.name,
            request=self.act.request,
            objections=tuple(
                Objected(rule=one.rule, about=one.about, wanting=one.wanting, facts=one.facts) for one in objections
            ),
            **whom,
        )

    def _is_judged(self, recorded: Recorded) -> None:
        judged = recorded.judged
        wish = msgspec.json.decode(msgspec.json.encode(as_command(self.act)))
        assert judged is not None
        assert (judged.command, judged.read_to, judged.rulebook) == (wish, len(self.facts), VERSION)
        assert datetime.fromisoformat(judged.at) == self.at
        policies = [position for position, event in enumerate(self.facts, 1) if isinstance(event, PolicyPublished)]
        assert judged.policy == (policies[-1] if policies else None)

    def _is_judged_alike_again(self, ledger: Ledger, recorded: Recorded, outcome: Outcome) -> None:
        """From the log alone; and from the facts alone, which every rule sees twice."""
        explained = judge_again(ledger, recorded, self.at)
        assert explained is not None
        assert (explained.said, explained.then, explained.agrees) == (outcome.objections, outcome.objections, True)
        before = list(ledger.facts(until=recorded.position - 1))
        standing = Standing(before)
        answers = [tuple(judge(self.act, one, self.at)) for one in (standing, standing, Standing(before))]
        assert answers == 3 * [outcome.objections]


def written(facts: Iterable[Event], ledger: Ledger) -> Ledger:
    """The ledger, once these facts stand in it."""
    ledger.append([HOUSE.fact(fact) for fact in facts])
    return ledger


def recorded(facts: Iterable[Event]) -> Iterator[Recorded]:
    """These facts as they would stand in a log."""
    for position, event in enumerate(facts, 1):
        yield Recorded(
            position=position,
            recorded_at=NOON,
            type=event.wire_type(),
            tags=tuple(sorted(event.tags())),
            event=event,
            actor="staff:1",
            via="command line",
            on_behalf_of=None,
            cause=None,
            documents=(),
            occurred_at=NOON,
            precision="instant",
            judged=None,
        )


def standing(*facts: Event) -> Standing:
    """What these facts add up to."""
    return Standing(recorded(facts))


def last_moment_of(day: date, zone: str = OFFICE_ZONE) -> datetime:
    """The last microsecond of a day at the office."""
    return first_moment_of(day + timedelta(days=1), zone) - timedelta(microseconds=1)


def first_moment_of(day: date, zone: str = OFFICE_ZONE) -> datetime:
    """Midnight at the office, in UTC."""
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)
