"""The benchmark of a decision: to authorise a release to ten recipients, beside the bare library inserting one event.

`python -m tests.bench.decision` prints the ratios, and where the time goes.
"""

import statistics
from collections.abc import Callable, Sequence
from functools import partial
from time import perf_counter
from typing import NamedTuple, TypeVar
from uuid import uuid4

import msgspec
from eventsourcing.dcb.api import DCBQuery
from eventsourcing.persistence import StoredEvent

from api.desk import Desk
from ledger.codec import Codec
from ledger.events import Event, TrainingCertified, TrainingVerified
from ledger.log import Ledger
from ledger.storage import Store, open_store
from projections.acts import Act, AuthoriseRelease
from projections.judgement import done, judge_now, judged
from projections.rules.rulebook import judge
from projections.standing import Standing
from tests.bench.engines import Engine, files
from tests.bench.measure import Figure, Ratio, compared, in_turns
from tests.facts import ANA, BEN, NOON, REQUEST, commitment, ledger_on, noon, person
from tests.office import HOUSE, written
from tests.office_acts import authorise, execute
from tests.office_facts import (
    COUHES,
    DUA,
    ELSEWHERE,
    FAR_OFF,
    IRB,
    KEY,
    LONG_AGO,
    MOU,
    RELEASE,
    affiliation,
    couhes,
    irb,
    memorandum,
    recipient,
    request,
    use_agreement,
)
from tests.office_requests import ready

ROUNDS, CALLS = 20, 3
HOME = (ANA, *(f"p-{31 * 'f'}{number}" for number in range(4)))
OUTSIDE = (BEN, *(f"p-{31 * 'f'}{number}" for number in range(4, 8)))
EVERYBODY = (*HOME, *OUTSIDE)
OF_A_REQUEST = (REQUEST, COUHES, IRB, MOU, DUA, KEY, RELEASE)

Told = TypeVar("Told", bound=msgspec.Struct)


class Step(NamedTuple):
    """A part of a decision, and the microseconds that it takes."""

    what: str
    microseconds: float


def decision(at: Engine) -> tuple[Ratio, str]:
    """Whole decisions in turns with the library's inserts of as many bytes, and what a decision reads.

    Each is about another request, and nobody has looked at it before. The last facts of the log are in memory, as a
    server has them there from its start.
    """
    return in_turns_with_the_library(at, lambda ledger, acts: ledger.recall())


def decision_from_disk(at: Engine) -> tuple[Ratio, str]:
    """The same by a process that has nothing in memory, as one that was started for this alone, or of old requests."""
    return in_turns_with_the_library(at, lambda ledger, acts: None)


def decision_on_known_facts(at: Engine) -> tuple[Ratio, str]:
    """The same of requests whose last step, executing the agreement, was judged by this process: facts are known."""

    def look(ledger: Ledger, acts: Sequence[AuthoriseRelease]) -> None:
        look_at_all(ledger, [of(number, execute()) for number in range(len(acts))])

    return in_turns_with_the_library(at, look)


def decision_after_a_look(at: Engine) -> tuple[Ratio, str]:
    """The same of acts at which this process has looked before, as a dry run does: there is nothing new to judge."""
    return in_turns_with_the_library(at, look_at_all)


def look_at_all(ledger: Ledger, acts: Sequence[Act]) -> None:
    """Have the rules judge each of these."""
    for act in acts:
        Desk(ledger, noon).objections(act, HOUSE)


def in_turns_with_the_library(
    at: Engine, prepare: Callable[[Ledger, Sequence[AuthoriseRelease]], None]
) -> tuple[Ratio, str]:
    """Decisions by a ledger that is prepared for them, in turns with the library's inserts."""
    with at.ledger("decisions") as url, open_office(url, ROUNDS * CALLS) as store, at.library() as recorder:
        acts = [wish(number) for number in range(ROUNDS * CALLS)]
        ledger, wishes = ledger_on(store, noon), iter(acts)
        prepare(ledger, acts)
        desk = Desk(ledger, noon)
        reading = judge_now(ledger_on(store, noon), wish(0), NOON).reading
        body = len(authorised_entry())

        def decide() -> None:
            assert not desk.act(next(wishes), HOUSE).refused

        def insert() -> None:
            recorder.insert_events([StoredEvent(uuid4(), 1, "release.authorised.v1", bytes(body))])

        ratio = in_turns(decide, insert, ROUNDS, CALLS)
    return ratio, f"{len(reading.facts)} facts by {len(reading.query.items)} query items, {body} bytes"


def where_the_time_goes(at: Engine, count: int = 100) -> list[Step]:
    """The parts of so many decisions, each about another request, one after the other: medians."""
    codec = Codec()
    with at.ledger("parts") as url, open_office(url, count) as store:
        parts: dict[str, list[float]] = {}
        recalled = ledger_on(store, noon, codec=codec)
        recalled.recall()
        for number in range(count):
            in_memory, _ = taken(
                "read, fold and judge what is in memory", partial(judge_now, recalled, wish(number), NOON)
            )
            for part, microseconds in [in_memory, *parts_of(ledger_on(store, noon, codec=codec), wish(number))]:
                parts.setdefault(part, []).append(microseconds)
    return [Step(part, statistics.median(taken)) for part, taken in parts.items()]


def parts_of(ledger: Ledger, act: AuthoriseRelease) -> list[Step]:
    """One decision in parts, by a ledger that has read nothing yet."""
    read = partial(judge_now, ledger, act, NOON)
    first, judgement = taken("read from disk, decode, fold and judge", read)
    again, judgement = taken("all of that when it was read before", read)
    query, until = judgement.reading.query, judgement.reading.position
    entries = [*ledger.store.scan(query, until=until)]
    steps = [
        first,
        again,
        taken("of the first: find and fetch entries", lambda: both_looks(ledger, act, query, until))[0],
        taken("of the first: decode", lambda: [*map(ledger.codec.known, entries)])[0],
        taken("of the first: fold", lambda: Standing(judgement.reading.facts))[0],
        taken("of the first: judge", lambda: judge(act, judgement.standing, NOON))[0],
        taken("say what is done", lambda: done(judgement))[0],
    ]
    fact = HOUSE.fact(done(judgement), judged(judgement))
    return [*steps, taken("append", lambda: ledger.append([fact], judgement.reading))[0]]


def both_looks(ledger: Ledger, act: AuthoriseRelease, query: DCBQuery, until: int) -> None:
    """Fetch what the first look finds, and what the second adds to it."""
    first = ledger.query(act.first_look())
    second = DCBQuery(query.items[len(first.items) :])
    for look in (first, second):
        list(ledger.store.scan(look, until=until))


Result = TypeVar("Result")


def taken(what: str, call: Callable[[], Result]) -> tuple[Step, Result]:
    """How long a call takes, and what it gives."""
    begun = perf_counter()
    result = call()
    return Step(what, (perf_counter() - begun) * 1e6), result


def open_office(url: str, count: int) -> Store:
    """A new store in which so many requests wait for a release."""
    store = open_store(url, noon)
    ledger = ledger_on(store, noon)
    once, each = parted()
    written(once, ledger)
    for number in range(count):
        written([of(number, fact) for fact in each], ledger)
    return store


def parted() -> tuple[list[Event], list[Event]]:
    """The facts that are there once, and those that each request has of its own."""
    once: list[Event] = []
    each: list[Event] = []
    for fact in ten_people():
        text = repr(fact)
        (each if REQUEST in text or any(who in text for who in EVERYBODY) else once).append(fact)
    return once, each


def ten_people() -> list[Event]:
    """The facts of a request of ten people, half of them from elsewhere, with a training each."""
    facts: list[Event] = ready(
        request=request(personnel=EVERYBODY, study_group=EVERYBODY),
        couhes=couhes(covers=()),
        irb=irb(covers=()),
        mou=memorandum(recipients=tuple(map(recipient, HOME))),
        dua=use_agreement(recipients=tuple(recipient(who, ELSEWHERE) for who in OUTSIDE)),
    )
    others = [who for who in EVERYBODY if who not in (ANA, BEN)]
    for place, who in enumerate(others):
        certificate = commitment(100 + place)
        facts += [
            person(who),
            TrainingCertified(person=who, completed=LONG_AGO, expires=FAR_OFF, document=certificate),
            TrainingVerified(person=who, certificate=certificate),
            affiliation(who, "home") if who in HOME else affiliation(who, "outside", ELSEWHERE),
        ]
    return facts


def wish(number: int) -> AuthoriseRelease:
    """That the release of this request be authorised."""
    return of(number, authorise())


def of(number: int, told: Told) -> Told:
    """The same of another request, and of other people."""
    text = msgspec.json.encode(told).decode()
    for name in OF_A_REQUEST:
        text = text.replace(f'"{name}"', f'"{name}{number:04}"')
    for place, who in enumerate(EVERYBODY):
        text = text.replace(f'"{who}"', f'"p-{number:024x}{place:08x}"')
    return msgspec.json.decode(text, type=type(told))


def authorised_entry() -> bytes:
    """The entry that comes of such a decision."""
    with open_store("sqlite://", noon) as scratch:
        ledger = written([of(0, fact) for fact in ten_people()], ledger_on(scratch, noon))
        (entry,) = Desk(ledger, noon).act(wish(0), HOUSE).entries
        return entry.raw


def figures(at: Engine) -> list[Figure]:
    """The ratios, and where the time goes."""
    found = []
    for what, measure in (
        ("a decision", decision),
        ("a decision from disk", decision_from_disk),
        ("a decision on known facts", decision_on_known_facts),
        ("a decision after a dry run", decision_after_a_look),
    ):
        ratio, read = measure(at)
        found.append(
            Figure(
                f"{what} / library's insert",
                ratio.ratio,
                "" if measure is decision_from_disk else ">= 0.4",
                f"{read}; {compared(ratio, 'library')}",
            )
        )
    parts = "; ".join(f"{what} {took:,.0f} µs" for what, took in where_the_time_goes(at))
    return [found[0]._replace(detail=f"{found[0].detail}; {parts}"), *found[1:]]


def main() -> None:
    """Print the ratios, and where the time goes."""
    with files() as at:
        for figure in figures(at):
            print(figure.told())


if __name__ == "__main__":
    main()
