"""The ledger: facts appended under a boundary, once for each wish, and read back."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import product
from pathlib import Path
from queue import Queue

import pytest
from eventsourcing.dcb.api import DCBEvent
from eventsourcing.persistence import IntegrityError, ProgrammingError
from hypothesis import given
from hypothesis import strategies as st

from ledger.boundary import Boundary, about
from ledger.chain.entry import Entry
from ledger.codec import Recorded
from ledger.errors import Conflict, KeyReused, Malformed, UnknownEvent
from ledger.events import DataSetRegistered, Event, PersonErased, PersonRegistered, RequestSubmitted
from ledger.log import Appended, IdempotencyKey, Ledger
from ledger.storage import create_store, open_store
from tests.event_strategies import many
from tests.facts import (
    ANA,
    BEN,
    DATA_SET,
    NOON,
    OFFICE,
    REQUEST,
    Clock,
    data_set,
    erased,
    fact,
    ledger_on,
    noon,
    nothing_written,
    person,
    seeded,
    submitted,
)
from tests.stores import PATIENCE, POSTGRES, url_of
from tests.writers import forking

ANAS, BENS = f"person:{ANA}", f"person:{BEN}"


@pytest.fixture(params=["file", "memory", POSTGRES])
def ledger(request: pytest.FixtureRequest) -> Iterator[Ledger]:
    """A ledger on an empty store of each kind; it is noon."""
    with open_store(url_of(request.param, request), noon) as store:
        yield ledger_on(store)


# Appending.


def test_a_fact_is_recorded_with_a_tag_for_each_of_its_ids(ledger: Ledger):
    appended = ledger.append([fact(submitted(study_group=(BEN,)), on_behalf_of=ANA)])

    assert list(ledger.facts()) == [
        Recorded(
            position=1,
            recorded_at=NOON,
            type="request.submitted.v1",
            tags=(f"dataset:{DATA_SET}", ANAS, BENS, f"request:{REQUEST}"),
            event=submitted(study_group=(BEN,)),
            actor=OFFICE,
            via="command line",
            on_behalf_of=ANA,
            cause=None,
            documents=(),
            occurred_at=NOON,
            precision="instant",
            judged=None,
        )
    ]
    assert appended == Appended(tuple(ledger.store.scan()))
    assert (appended.positions, appended.again) == ([1], False)


def test_several_facts_are_recorded_together(ledger: Ledger):
    ledger.append([fact(data_set())])

    assert ledger.append([fact(person(ANA)), fact(person(BEN)), fact(submitted())]).positions == [2, 3, 4]
    assert events(ledger) == [data_set(), person(ANA), person(BEN), submitted()]


def test_no_fact_at_all_cannot_be_recorded(ledger: Ledger):
    with nothing_written(ledger.store), pytest.raises(ProgrammingError):
        ledger.append([])


def test_without_a_reading_nothing_stands_in_the_way(ledger: Ledger):
    assert [ledger.append([fact(person())]).positions for _ in range(3)] == [[1], [2], [3]]


def test_a_fact_happened_when_it_says_and_else_when_the_clock_says(ledger: Ledger):
    clock = Clock()
    now = ledger_on(ledger.store, clock)
    now.append([fact(person())])
    clock.go(timedelta(hours=1))
    now.append([fact(person()), fact(person(), occurred_at=datetime(2020, 2, 1, tzinfo=UTC), precision="month")])

    assert [(one.occurred_at, one.precision) for one in now.facts()] == [
        (NOON, "instant"),
        (NOON + timedelta(hours=1), "instant"),
        (datetime(2020, 2, 1, tzinfo=UTC), "month"),
    ]


def test_the_same_facts_times_and_random_bytes_give_the_same_log(tmp_path: Path):
    def written(seed: int) -> list[bytes]:
        with open_store("sqlite://", noon) as store:
            ledger_on(store, random_bytes=seeded(seed)).append([fact(person()), fact(data_set())])
            return [entry.raw for entry in store.scan()]

    assert written(1) == written(1)
    assert written(1) != written(2)


# Boundaries.


def test_a_reading_holds_the_facts_within_its_boundaries_once_and_in_order(ledger: Ledger):
    written = [person(ANA), data_set(), person(BEN), submitted(), erased(ANA), person(ANA)]
    ledger.append([fact(event) for event in written])

    def read(*boundaries: Boundary) -> list[int]:
        return [one.position for one in ledger.read(boundaries).facts]

    assert read(about(PersonRegistered)) == [1, 3, 6]
    assert read(about(PersonRegistered, tags=[ANAS])) == [1, 6]
    assert read(about(PersonRegistered, PersonErased, tags=[ANAS])) == [1, 5, 6]
    assert read(about(tags=[ANAS])) == [1, 4, 5, 6]
    assert read(about(tags=[ANAS, f"request:{REQUEST}"])) == [4]
    assert read(about(tags=[ANAS, BENS])) == []
    assert read(about(PersonRegistered, tags=[ANAS]), about(tags=[ANAS]), about(DataSetRegistered)) == [1, 2, 4, 5, 6]
    assert read(about()) == [1, 2, 3, 4, 5, 6]
    assert read() == []


def test_a_reading_knows_up_to_where_it_read(ledger: Ledger):
    ledger.append([fact(person(ANA)), fact(person(BEN))])

    assert ledger.read([about(PersonRegistered, tags=[ANAS])]).position == 2
    assert ledger.read().position == 2


def test_an_append_goes_through_when_nothing_newer_lies_within_the_boundary(ledger: Ledger):
    ledger.append([fact(person(ANA))])
    reading = ledger.read([about(PersonRegistered, tags=[ANAS])])
    ledger.append([fact(person(BEN)), fact(erased(ANA))])

    assert ledger.append([fact(submitted())], reading).positions == [4]


def test_a_newer_fact_within_the_boundary_is_a_conflict(ledger: Ledger):
    ledger.append([fact(person(ANA))])
    reading = ledger.read([about(PersonRegistered, tags=[ANAS])])
    ledger.append([fact(person(BEN)), fact(person(ANA)), fact(person(ANA))])

    with nothing_written(ledger.store), pytest.raises(Conflict) as conflict:
        ledger.append([fact(submitted())], reading)

    assert (conflict.value.position, conflict.value.after) == (3, 1)
    assert isinstance(conflict.value, IntegrityError)


def test_a_reading_serves_one_decision(ledger: Ledger):
    reading = ledger.read([about(PersonRegistered, tags=[ANAS])])
    ledger.append([fact(person(ANA))], reading)

    with nothing_written(ledger.store), pytest.raises(Conflict):
        ledger.append([fact(person(ANA))], reading)


def test_an_empty_boundary_bears_no_newer_fact_of_any_kind(ledger: Ledger):
    reading = ledger.read([about()])
    ledger.append([fact(data_set())])

    with pytest.raises(Conflict):
        ledger.append([fact(person())], reading)


def test_a_reading_without_boundaries_bears_all(ledger: Ledger):
    reading = ledger.read()
    ledger.append([fact(data_set())])

    assert ledger.append([fact(person())], reading).positions == [2]


EVENTS = st.sampled_from([person(ANA), person(BEN), data_set(), submitted(), submitted(researcher=BEN), erased(ANA)])
TAGS = st.lists(st.sampled_from([ANAS, BENS, f"dataset:{DATA_SET}", f"request:{REQUEST}"]), max_size=2, unique=True)
KINDS = st.lists(st.sampled_from([PersonRegistered, PersonErased, DataSetRegistered, RequestSubmitted]), max_size=2)


@pytest.mark.campaign
@many
@given(
    before=st.lists(EVENTS, max_size=8),
    between=st.lists(EVENTS, max_size=4),
    boundaries=st.lists(st.builds(lambda kinds, tags: about(*kinds, tags=tags), KINDS, TAGS), max_size=3),
)
def test_an_append_conflicts_exactly_with_the_first_newer_fact_within_its_boundaries(before, between, boundaries):
    with open_store("sqlite://", noon) as store:
        ledger = ledger_on(store)
        append_all(ledger, before)
        reading = ledger.read(boundaries)
        append_all(ledger, between)
        newer = [at for at, event in enumerate(between, len(before) + 1) if lies_within(event, boundaries)]

        assert [one.event for one in reading.facts] == [event for event in before if lies_within(event, boundaries)]
        if newer:
            with nothing_written(store), pytest.raises(Conflict) as conflict:
                ledger.append([fact(person())], reading)
            assert (conflict.value.position, conflict.value.after) == (newer[0], len(before))
        else:
            assert ledger.append([fact(person())], reading).positions == [len(before) + len(between) + 1]


# The same key, the same outcome.


def test_the_same_wish_has_the_outcome_that_it_had(ledger: Ledger):
    first = ledger.append([fact(person(ANA))], ledger.read(key=wish()))
    ledger.append([fact(data_set())])

    with nothing_written(ledger.store):
        again = ledger.append([fact(person(ANA))], ledger.read(key=wish()))

    assert again == Appended(first.entries, again=True)


def test_the_same_wish_has_the_outcome_that_it_had_also_when_it_was_decided_otherwise(ledger: Ledger):
    first = ledger.append([fact(person(ANA)), fact(data_set()), fact(person(BEN))], ledger.read(key=wish()))

    with nothing_written(ledger.store):
        again = ledger.append([fact(submitted())], ledger.read([about(RequestSubmitted)], wish()))

    assert again == Appended(first.entries, again=True)
    assert again.positions == [1, 2, 3]


def test_the_same_wish_that_read_before_the_other_wrote_has_its_outcome(ledger: Ledger):
    slow, fast = (ledger.read([about(PersonRegistered, tags=[ANAS])], wish()) for _ in range(2))
    first = ledger.append([fact(person(ANA)), fact(data_set())], fast)

    with nothing_written(ledger.store):
        assert ledger.append([fact(person(ANA)), fact(data_set())], slow) == Appended(first.entries, again=True)


def test_a_reading_tells_the_outcome_of_the_same_wish_and_the_facts_within_its_boundaries_alone(ledger: Ledger):
    ledger.append([fact(person(BEN))])
    boundaries = [about(PersonRegistered, tags=[ANAS])]
    outcome = ledger.append([fact(person(ANA)), fact(data_set())], ledger.read(boundaries, wish())).entries

    reading = ledger.read(boundaries, wish())

    assert ([one.position for one in reading.facts], reading.outcome) == ([2], outcome)
    assert ledger.read(key=wish()).facts == ()


def test_a_key_with_another_body_is_refused_when_reading(ledger: Ledger):
    ledger.append([fact(data_set())])
    ledger.append([fact(person(ANA)), fact(person(BEN))], ledger.read(key=wish(body=b"one")))

    with pytest.raises(KeyReused) as refusal:
        ledger.read(key=wish(body=b"another"))

    assert (refusal.value.key, refusal.value.position) == ("k-1", 2)


def test_a_key_with_another_body_is_refused_when_appending(ledger: Ledger):
    one, another = (ledger.read(key=wish(body=body)) for body in (b"one", b"another"))
    ledger.append([fact(person(ANA))], one)

    with nothing_written(ledger.store), pytest.raises(KeyReused) as refusal:
        ledger.append([fact(person(BEN))], another)

    assert (refusal.value.key, refusal.value.position) == ("k-1", 1)


def test_the_same_key_of_another_principal_is_another_key(ledger: Ledger):
    ledger.append([fact(person(ANA))], ledger.read(key=wish("staff:1", body=b"one")))

    other = ledger.append([fact(person(BEN))], ledger.read(key=wish("staff:2", body=b"another")))

    assert other.positions == [2]
    assert not other.again


@pytest.mark.parametrize("text", ["", "a\nb", "a\n", "\0", "\x9b", "\ud800", 256 * "a"], ids=ascii)
def test_principal_and_key_are_names_so_that_no_two_pairs_look_alike(text):
    for principal, key in [(text, "k"), ("p", text)]:
        with pytest.raises(Malformed):
            wish(principal, key)


def test_other_wishes_have_other_tags():
    pairs = [wish(principal, key) for principal, key in product(["a", "ab", "b"], ["a", "ab", "b"])]

    assert len({one.tag() for one in pairs}) == len(pairs)


def test_a_newer_fact_within_the_boundary_is_a_conflict_for_a_wish_with_a_key_too(ledger: Ledger):
    boundaries = [about(PersonRegistered, tags=[ANAS])]
    reading = ledger.read(boundaries, wish())
    ledger.append([fact(person(ANA))])

    with nothing_written(ledger.store), pytest.raises(Conflict) as conflict:
        ledger.append([fact(erased(ANA))], reading)
    decided_again = ledger.append([fact(erased(ANA))], ledger.read(boundaries, wish()))

    assert (conflict.value.position, conflict.value.after) == (1, 0)
    assert (decided_again.positions, decided_again.again) == ([2], False)


def test_the_outcome_of_the_same_wish_goes_before_a_newer_fact(ledger: Ledger):
    boundaries = [about(PersonRegistered, tags=[ANAS])]
    slow = ledger.read(boundaries, wish())
    ledger.append([fact(person(ANA))])
    first = ledger.append([fact(erased(ANA))], ledger.read(boundaries, wish()))
    ledger.append([fact(person(ANA))])

    with nothing_written(ledger.store):
        assert ledger.append([fact(erased(ANA))], slow) == Appended(first.entries, again=True)


def test_a_conflict_leaves_the_key_unused(ledger: Ledger):
    stale = ledger.read([about(PersonRegistered)], wish(body=b"one"))
    ledger.append([fact(person(BEN))])
    with pytest.raises(Conflict):
        ledger.append([fact(person(ANA))], stale)

    assert ledger.append([fact(person(ANA))], ledger.read(key=wish(body=b"another"))).positions == [2]


def test_keys_that_differ_do_not_stand_in_each_others_way(ledger: Ledger):
    readings = [ledger.read(key=wish(key=f"k-{number}")) for number in range(3)]

    assert [ledger.append([fact(data_set())], reading).positions for reading in readings] == [[1], [2], [3]]


def test_the_log_shows_neither_key_nor_body_nor_that_two_bodies_are_equal(tmp_path: Path):
    path = tmp_path / "log.db"
    create_store(f"sqlite:///{path}")
    body = b'{"person":"Ana Ejemplo"}'
    wishes = [wish("staff:1", "key-of-ana", body), wish("staff:1", "another-key", body)]
    with open_store(f"sqlite:///{path}", noon) as store:
        ledger = ledger_on(store)
        for one in wishes:
            ledger.append([fact(person())], ledger.read(key=one))
        tags = [set(entry.header.tags) for entry in store.scan()]

    everything = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    digest = sha256(body)
    told = [b"key-of-ana", b"another-key", body, b"Ana Ejemplo", digest.hexdigest().encode(), digest.digest()]

    assert [secret for secret in told if secret in everything] == []
    assert tags[0] & tags[1] == {ANAS}
    assert wishes[0].tag().encode() in everything


def test_nobody_without_the_ledgers_secret_can_guess_a_body_from_its_tag(ledger: Ledger):
    other = Ledger(ledger.store, wish_key=bytes(32), random_bytes=seeded(), clock=noon)
    ledger.append([fact(person())], ledger.read(key=wish()))

    with pytest.raises(KeyReused):
        other.read(key=wish())


# Many at once.


def test_of_threads_with_the_same_wish_one_records_it_and_all_have_its_outcome(ledger: Ledger):
    start = threading.Barrier(8)

    def append(number: int) -> Appended:
        reading = ledger.read([about(PersonRegistered)], wish())
        start.wait(PATIENCE)
        return ledger.append([fact(person(ANA)), fact(person(BEN))], reading)

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(append, range(8)))

    assert [one.positions for one in outcomes] == 8 * [[1, 2]]
    assert sorted(one.again for one in outcomes) == [False] + 7 * [True]
    assert events(ledger) == [person(ANA), person(BEN)]


def test_of_processes_with_the_same_wishes_one_records_each_and_all_have_its_outcome(shared_url: str):
    wishes, processes = 25, 4
    context = forking()
    with context.Manager() as manager, ProcessPoolExecutor(processes, mp_context=context) as pool:
        start = manager.Barrier(processes)
        racing = [pool.submit(race, shared_url, wishes, start) for _ in range(processes)]
        outcomes = [one.result(PATIENCE) for one in racing]

    for told in zip(*outcomes, strict=True):
        assert len({positions for positions, _ in told}) == 1
        assert sorted(again for _, again in told) == [False] + (processes - 1) * [True]
    assert sorted(at for positions, _ in outcomes[0] for at in positions) == list(range(1, 2 * wishes + 1))
    with open_store(shared_url) as store:
        assert store.head().position == 2 * wishes


def race(url: str, wishes: int, start: threading.Barrier) -> list[tuple[tuple[int, ...], bool]]:
    """Wish one thing after another; tells where each was recorded, and whether before."""
    with open_store(url) as store:
        ledger = ledger_on(store)
        start.wait(PATIENCE)
        outcomes = []
        for number in range(wishes):
            request = f"R-2026-{number:04}"
            reading = ledger.read([about(RequestSubmitted, tags=[f"request:{request}"])], wish(key=f"k-{number}"))
            appended = ledger.append([fact(submitted(request)), fact(data_set())], reading)
            outcomes.append((tuple(appended.positions), appended.again))
        return outcomes


# Reading.


def test_facts_are_read_between_two_positions(ledger: Ledger):
    ledger.append([fact(person(ANA)), fact(data_set()), fact(person(BEN)), fact(submitted())])

    def positions(*boundaries: Boundary, **between: int) -> list[int]:
        return [one.position for one in ledger.facts(boundaries, **between)]

    assert positions() == [1, 2, 3, 4]
    assert positions(after=1) == [2, 3, 4]
    assert positions(until=3) == [1, 2, 3]
    assert positions(after=1, until=3) == [2, 3]
    assert positions(after=3, until=3) == positions(after=4) == positions(after=9) == []
    assert positions(about(PersonRegistered), after=1, until=9) == [3]


def test_what_only_a_newer_program_knows_is_passed_over_by_type_and_named_otherwise(ledger: Ledger):
    ledger.append([fact(person(ANA))])
    ledger.store.append([DCBEvent("person.teleported.v1", b"{}", [ANAS])])
    ledger.append([fact(person(ANA))])

    assert [one.position for one in ledger.facts([about(PersonRegistered, tags=[ANAS])])] == [1, 3]
    for read in (lambda: list(ledger.facts()), lambda: ledger.read([about(tags=[ANAS])])):
        with pytest.raises(UnknownEvent) as refusal:
            read()
        assert refusal.value.wire_type == "person.teleported.v1"


def test_whoever_follows_gets_what_is_there_and_what_comes(ledger: Ledger):
    ledger.append([fact(person(ANA)), fact(data_set()), fact(person(BEN))])
    seen: Queue[Entry | None] = Queue()
    with ledger.follow([about(PersonRegistered)], after=1) as following:
        reader = threading.Thread(target=hand_over, args=(following.next_entry, seen))
        reader.start()
        first = seen.get(timeout=PATIENCE)
        ledger.append([fact(data_set()), fact(person(ANA))])
        second = seen.get(timeout=PATIENCE)
        following.stop()
        last = seen.get(timeout=PATIENCE)
        reader.join(PATIENCE)

    assert [first, second, last] == [ledger.store.entry(3), ledger.store.entry(5), None]
    assert not reader.is_alive()


def test_whoever_follows_gets_what_another_ledger_records(shared_url: str):
    seen: Queue[Entry | None] = Queue()
    with open_store(shared_url) as here, open_store(shared_url) as there, ledger_on(here).follow() as following:
        reader = threading.Thread(target=hand_over, args=(following.next_entry, seen))
        reader.start()
        appended = [ledger_on(there).append([fact(person())]).entries[0] for _ in range(3)]
        found = [seen.get(timeout=PATIENCE) for _ in range(3)]
        following.stop()
        reader.join(PATIENCE)

    assert found == appended


def hand_over(next_entry: Callable[[], Entry], seen: "Queue[Entry | None]") -> None:
    """Hand over entry after entry, and at the end None."""
    while True:
        try:
            seen.put(next_entry())
        except StopIteration:
            seen.put(None)
            return


def wish(principal: str = OFFICE, key: str = "k-1", body: bytes = b"{}") -> IdempotencyKey:
    return IdempotencyKey(principal, key, body)


def append_all(ledger: Ledger, written: Sequence[Event]) -> None:
    for event in written:
        ledger.append([fact(event)])


def events(ledger: Ledger) -> list[Event]:
    return [one.event for one in ledger.facts()]


def lies_within(event: Event, boundaries: Sequence[Boundary]) -> bool:
    return any(
        (not one.kinds.events or type(event) in one.kinds.events) and set(one.tags) <= event.tags()
        for one in boundaries
    )
