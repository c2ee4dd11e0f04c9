"""Judging an act on the facts of a log, and judging it again.

`judge_now` is what a decision rests on; `judge_again` takes a judgement that stands in the log and finds out, from the
log alone, whether the same rules give the same answer, and what today's facts and time would give.
"""

from collections import Counter
from collections.abc import Callable
from datetime import date, datetime
from functools import lru_cache
from weakref import WeakKeyDictionary

import msgspec

from ledger.chain.entry import format_time, parse_time
from ledger.codec import Judged, Recorded
from ledger.events import ActRefused, Event
from ledger.log import IdempotencyKey, Ledger, Reading
from ledger.readings import Facts, Same, united
from projections.acts import Act, act_from, as_command
from projections.rules.rule import Objection
from projections.rules.rulebook import VERSION, AllDay, judge, judge_at, judge_day, waivers
from projections.standing import Standing

# Nothing is read again, and nothing folded, as long as no newer fact has to do with it; nor judged again, but for what
# changes within the day.
STANDINGS_KEPT = 128


class Judgement(msgspec.Struct, frozen=True):
    """What the rules held against an act at a time, and the reading that they looked at."""

    act: Act
    at: str
    reading: Reading
    standing: Standing
    objections: tuple[Objection, ...]


class Explanation(msgspec.Struct, frozen=True):
    """A judgement of the log beside what judging again gives.

    `then` is None when this program cannot judge as it was judged then, and `why` says why. `today` is what the same
    act would meet now, None when this program does not know the act.
    """

    position: int
    said: tuple[Objection, ...]
    then: tuple[Objection, ...] | None
    today: tuple[Objection, ...] | None
    why: str = ""

    @property
    def agrees(self) -> bool | None:
        """Whether judging again gives the answer that was given; None when it cannot be told."""
        return None if self.then is None else same_answers(self.then, self.said)


def judge_now(ledger: Ledger, act: Act, at: datetime, key: IdempotencyKey | None = None) -> Judgement:
    """Judge an act on everything that the log holds now; the reading is the boundary of the decision.

    Raises `Malformed` for a time without a zone, and what `Ledger.read` raises.
    """
    written_at = format_time(at)
    looked = _look(ledger, act, at)
    reading = looked.reading if key is None else ledger.keyed(looked.reading, key)
    return Judgement(act, written_at, reading, looked.standing, tuple(judge_at(looked.said, act, looked.standing, at)))


class _Looked(msgspec.Struct, frozen=True):
    """What is known for an act, and what the rules say of it on a day."""

    reading: Reading
    standing: Standing
    day: date
    said: AllDay


class _Last:
    """What was known for an act when somebody looked last; whoever looks now replaces it as a whole."""

    looked: _Looked | None = None


_acts: WeakKeyDictionary[Ledger, Callable[[Act], _Last]] = WeakKeyDictionary()


def _look(ledger: Ledger, act: Act, at: datetime) -> _Looked:
    """What is known for an act now: what was known last, where nothing is new, and then it is judged once a day."""
    acts = _acts.get(ledger) or _acts.setdefault(ledger, lru_cache(STANDINGS_KEPT)(lambda act: _Last()))
    last = acts(act)
    before = last.looked
    reading = before and ledger.again(before.reading)
    if before and reading and before.day == before.standing.office.day(at):
        looked = msgspec.structs.replace(before, reading=reading)
    else:
        reading, standing = _both_looks(ledger, act)
        day = standing.office.day(at)
        looked = _Looked(reading, standing, day, judge_day(act, standing, day))
    last.looked = looked
    return looked


def _both_looks(ledger: Ledger, act: Act) -> tuple[Reading, Standing]:
    reading = ledger.read(act.first_look())
    reading = ledger.widen(reading, act.second_look(standing_of(*reading.looks)))
    return reading, standing_of(*reading.looks)


def standing_of(*looks: Facts) -> Standing:
    """What the facts of one look, or of two, add up to: the very same object for the very same facts, while kept."""
    return _standing_of(Same(*looks))


@lru_cache(STANDINGS_KEPT)
def _standing_of(looks: Same) -> Standing:
    first, *second = looks.parts
    if not second:
        return Standing(first)
    # The second mostly finds people and data sets alone, of which the first knows nothing.
    return standing_of(first).widened(*second) or Standing(united(first, *second))


def done(judgement: Judgement) -> Event:
    """What has happened when an act is done that nothing objects to, with the waivers that it needed."""
    return comes_to(judgement.act, judgement.standing, parse_time(judgement.at))


def comes_to(act: Act, standing: Standing, at: datetime) -> Event:
    """What has happened when an act is done at a time, on a standing by which nothing objects to it."""
    used = tuple(waiver.event.waiver for waiver in waivers(act, standing, at))
    return act.done(standing, at, used)


def judge_again(ledger: Ledger, recorded: Recorded, now: datetime) -> Explanation | None:
    """Judge the act of an entry again; None for an entry that was not judged."""
    judged = recorded.judged
    if judged is None:
        return None
    said = said_in(recorded)
    try:
        act = act_from(judged.command)
    except msgspec.ValidationError as error:
        why = f"this program does not know the act: {error}"
        return Explanation(recorded.position, said, None, None, why)
    today = judge_now(ledger, act, now).objections
    if judged.rulebook != VERSION:
        why = f"it was judged by rulebook {judged.rulebook}, and this program has rulebook {VERSION}"
        return Explanation(recorded.position, said, None, today, why)
    then = tuple(judge(act, standing_then(ledger, act, judged.read_to), parse_time(judged.at)))
    return Explanation(recorded.position, said, then, today)


def judged(judgement: Judgement) -> Judged:
    """What an entry keeps so that its act can be judged again."""
    return Judged(
        at=judgement.at,
        command=as_command(judgement.act),
        policy=judgement.standing.office.policy.position or None,
        read_to=judgement.reading.position,
        rulebook=VERSION,
    )


def standing_then(ledger: Ledger, act: Act, until: int) -> Standing:
    """The standing that an act was judged on when the log was so long."""
    first = list(ledger.facts(act.first_look(), until=until))
    more = act.second_look(Standing(first))
    facts = {fact.position: fact for fact in (*first, *(ledger.facts(more, until=until) if more else ()))}
    return Standing(facts[position] for position in sorted(facts))


def said_in(recorded: Recorded) -> tuple[Objection, ...]:
    """The objections that an entry holds; none where the act was done."""
    if not isinstance(recorded.event, ActRefused):
        return ()
    return tuple(Objection(said.rule, said.about, said.wanting, said.facts) for said in recorded.event.objections)


def same_answers(one: tuple[Objection, ...], other: tuple[Objection, ...]) -> bool:
    """Whether these are the same rules, about the same and for the same facts, each as often, whatever the wording."""
    return _answers(one) == _answers(other)


def _answers(objections: tuple[Objection, ...]) -> Counter[tuple[str, str | None, tuple[int, ...]]]:
    """What makes two answers the same: rules, whom they are about and facts, each as often, not their wording."""
    return Counter((objection.rule, objection.about, objection.facts) for objection in objections)
