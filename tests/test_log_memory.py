"""The last facts of a log in memory: nothing of them is read from the disk, and nothing else is found than there is."""

import sqlite3
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import count
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from eventsourcing.dcb.api import DCBEvent, DCBQuery
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger import memory as under_test
from ledger.boundary import Boundary, about
from ledger.chain.entry import Entry
from ledger.codec import Known
from ledger.errors import Damaged, UnknownEvent
from ledger.events import DataSetRegistered, Event, PersonRegistered, PersonSuspended, TrainingVerified
from ledger.log import Ledger
from ledger.memory import Stretch
from ledger.storage import Store, create_store, open_store
from ledger.storage.tag_index import STEP
from tests.facts import ANA, BEN, Clock, commitment, data_set, fact, ledger_on, person

OF_ANA = about(PersonRegistered, PersonSuspended, tags=[f"person:{ANA}"])
OF_BEN = about(tags=[f"person:{BEN}"])
VERIFIED = about(TrainingVerified, tags=[f"person:{ANA}"])
ALL = about()
EVENTS = st.sampled_from(
    [
        person(ANA),
        person(BEN, phone=commitment()),
        PersonSuspended(person=ANA, request=None),
        PersonSuspended(person=BEN, request="R-2026-0001"),
        data_set(),
    ]
)
BOTH = about(PersonSuspended, tags=["request:R-2026-0001", f"person:{BEN}"])
LOOKS = st.lists(
    st.sampled_from([OF_ANA, OF_BEN, BOTH, about(DataSetRegistered), about(PersonRegistered, PersonSuspended), ALL]),
    min_size=1,
    max_size=4,
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("told"), st.lists(EVENTS, min_size=1, max_size=9)),
        st.tuples(st.just("told by another"), st.lists(EVENTS, min_size=1, max_size=9)),
        st.tuples(st.just("looked"), LOOKS),
        st.tuples(st.just("recalled"), st.none()),
    ),
    max_size=25,
)


class Watched:
    """A store that knows which entries it was asked for."""

    def __init__(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        self.read: list[int] = []
        self._page = store.page
        monkeypatch.setattr(store, "page", self.page)

    def page(self, query: DCBQuery, after: int, until: int, limit: int) -> list[Entry]:
        entries = self._page(query, after, until, limit)
        self.read += [entry.position for entry in entries]
        return entries


@pytest.fixture
def url(tmp_path: Path) -> str:
    made = f"sqlite:///{tmp_path}/log.db"
    create_store(made)
    return made


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with open_store(url, Clock()) as opened:
        yield opened


def told(ledger: Ledger, *events: Event) -> None:
    ledger.append([fact(event) for event in events])


def looked(ledger: Ledger, *boundaries: Boundary) -> list[tuple[int, Event]]:
    return [(one.position, one.event) for one in ledger.read(boundaries).facts]


def altered(url: str, statement: str, values: Sequence[object]) -> None:
    """Write into the file as somebody does who goes around the program."""
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        assert connection.execute(statement, values).rowcount == 1
        connection.commit()


def test_what_this_process_recorded_is_not_read_again(store: Store, monkeypatch: pytest.MonkeyPatch):
    ledger = ledger_on(store)
    told(ledger, data_set())
    assert looked(ledger, VERIFIED) == []
    told(ledger, person(ANA), person(BEN))
    told(ledger, PersonSuspended(person=ANA, request=None))
    watched = Watched(store, monkeypatch)

    assert looked(ledger, OF_ANA) == [(2, person(ANA)), (4, PersonSuspended(person=ANA, request=None))]
    assert looked(ledger, OF_BEN) == [(3, person(BEN))]
    assert watched.read == []


def test_what_is_recalled_is_read_once_for_all(store: Store, monkeypatch: pytest.MonkeyPatch):
    told(ledger_on(store), person(ANA), person(BEN), data_set())
    ledger, watched = ledger_on(store), Watched(store, monkeypatch)
    ledger.recall()

    assert watched.read == [1, 2, 3]
    assert looked(ledger, OF_BEN, about(DataSetRegistered)) == [(2, person(BEN)), (3, data_set())]
    assert looked(ledger, OF_ANA) == [(1, person(ANA))]
    assert watched.read == [1, 2, 3]


def test_of_what_others_recorded_only_the_new_is_read(store: Store, monkeypatch: pytest.MonkeyPatch):
    ledger, other = ledger_on(store), ledger_on(store)
    told(other, person(ANA))
    ledger.recall()
    told(other, person(BEN), data_set())
    watched = Watched(store, monkeypatch)

    assert looked(ledger, OF_BEN) == [(2, person(BEN))]
    assert looked(ledger, OF_ANA) == [(1, person(ANA))]
    assert watched.read == [2, 3]


def test_only_so_many_facts_are_in_memory(store: Store, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(under_test, "KEPT", 8)
    ledger = ledger_on(store)
    memory = ledger._readings._memory
    for number in range(40):
        told(ledger, data_set(f"D-{number}"))
        looked(ledger, about(DataSetRegistered, tags=[f"dataset:D-{number}"]))
        older, newer = memory._stretches
        assert older.last == newer.after
        assert newer.last == number + 1
        assert newer.last - older.after <= 16
        assert newer.last - older.after >= 8 or number <= 8


def test_only_so_many_sets_of_types_are_indexed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(under_test, "INDICES_KEPT", 2)
    stretch = Stretch(0)
    recorded = "abcacb"
    for position, type_ in enumerate(recorded, 1):
        stretch.add(Known(data_set(), position), type_, ("dataset:D-1",))
        for types in map(frozenset, ("a", "b", "c", "ab", "")):
            found = [one.position for one in stretch.within((), types, 0, position)]
            assert found == [at for at in range(1, position + 1) if not types or recorded[at - 1] in types]
            assert len(stretch._indices) <= 2


def test_an_index_that_is_made_while_others_add_misses_nothing(monkeypatch: pytest.MonkeyPatch):
    # Each is made anew each time, and others may go on at every step.
    monkeypatch.setattr(under_test, "INDICES_KEPT", 1)
    stretch, size = Stretch(0), 10_000
    kinds = [frozenset({"a", f"b{number}"}) for number in range(20)]

    def add() -> None:
        for position in range(1, size + 1):
            stretch.add(Known(data_set(), position), "a", ("dataset:D-1",))

    usual, adding = sys.getswitchinterval(), Thread(target=add)
    sys.setswitchinterval(1e-6)
    try:
        adding.start()
        while adding.is_alive():
            for types in kinds:
                stretch.within((), types, 0, size)
                until = stretch.last
                assert len(stretch.within(("dataset:D-1",), types, 0, until)) == until
    finally:
        adding.join()
        sys.setswitchinterval(usual)


@settings(max_examples=150, deadline=None)
@given(steps=STEPS, kept=st.sampled_from([1, 3, 8, 1000]), indices=st.sampled_from([1, 2, 100]))
def test_memory_gives_what_the_store_holds_whatever_is_forgotten_and_whoever_records(
    steps: list[tuple[str, Any]], kept: int, indices: int
):
    with pytest.MonkeyPatch.context() as patch, open_store("sqlite://", Clock()) as store:
        patch.setattr(under_test, "KEPT", kept)
        patch.setattr(under_test, "INDICES_KEPT", indices)
        ledger, other = ledger_on(store), ledger_on(store)
        early = ledger.read([ALL])
        for what, of in steps:
            if what == "told":
                told(ledger, *of)
            elif what == "told by another":
                told(other, *of)
            elif what == "recalled":
                ledger.recall()
            else:
                assert looked(ledger, *of) == looked(ledger_on(store), *of)
                assert ledger.widen(early, of).facts == ledger_on(store).widen(early, of).facts
                early = ledger.read([ALL])


def test_what_cannot_be_read_stands_in_the_way_only_of_who_wants_it(store: Store):
    """As of a later program that records what this one does not know."""
    ledger = ledger_on(store)
    told(ledger, person(ANA))
    store.append_entries([DCBEvent("person.sang.v1", b"{}", [f"person:{BEN}"])])
    told(ledger_on(store), person(BEN), data_set())

    for recalls in (False, True):
        ledger = ledger_on(store)
        if recalls:
            ledger.recall()
            assert ledger._readings._memory._stretches[0].after == 2
        assert looked(ledger, OF_ANA) == [(1, person(ANA))]
        assert looked(ledger, about(PersonRegistered)) == [(1, person(ANA)), (3, person(BEN))]
        with pytest.raises(UnknownEvent, match=r"person\.sang\.v1"):
            ledger.read([OF_BEN])


def test_a_damaged_entry_stands_in_the_way_only_of_who_wants_it(url: str):
    with open_store(url, Clock()) as store:
        told(ledger_on(store), person(ANA), person(BEN), *[data_set(f"D-{number}") for number in range(STEP)])
    altered(url, "UPDATE entries SET entry = ? WHERE position = 2", [b"nonsense"])
    with open_store(url, Clock()) as store:
        ledger = ledger_on(store)
        ledger.recall()

        assert looked(ledger, OF_ANA) == [(1, person(ANA))]
        with pytest.raises(Damaged):
            ledger.read([OF_BEN])


@pytest.mark.parametrize("position", [1, 2, 3])
def test_an_entry_of_another_history_is_not_remembered_with_the_rest(url: str, position: int):
    """Memory goes along the chain: what an altered entry says is not held for what the next one follows."""
    events = [person(ANA), person(BEN), data_set()]
    with open_store(url, Clock()) as store:
        told(ledger_on(store), *events)
        raw = next(entry.raw for entry in store.scan() if entry.position == position)
    altered(url, "UPDATE entries SET entry = ? WHERE position = ?", [raw.replace(b'"via":"', b'"via":"x'), position])
    with open_store(url, Clock()) as store:
        ledger = ledger_on(store)
        ledger.recall()

        assert ledger._readings._memory._stretches[0].after == position
        assert [event for _, event in looked(ledger, ALL)] == events


def test_what_was_recorded_is_forgotten_when_another_history_goes_on_in_its_place(tmp_path: Path):
    urls = [f"sqlite:///{tmp_path}/{name}.db" for name in ("one", "other")]
    for url in urls:
        create_store(url)
    with open_store(urls[0], Clock()) as one, open_store(urls[1], Clock()) as other:
        ledger = ledger_on(one)
        ledger.recall()
        told(ledger, person(ANA), person(BEN))
        told(ledger_on(other), data_set(), person(ANA), data_set("D-2"))
        ledger.store = other

        assert looked(ledger, ALL) == [(1, data_set()), (2, person(ANA)), (3, data_set("D-2"))]
        assert looked(ledger, OF_ANA, OF_BEN) == [(2, person(ANA))]


def test_a_query_up_to_any_position_finds_what_stands_before_it(store: Store):
    """Also within a step of the index whose tail is elsewhere, and by a tag that is on everything."""
    numbers = count()
    ledger = ledger_on(store)
    for _ in range(3):
        told(ledger, *[event for _ in range(STEP // 2) for event in (data_set(f"D-{next(numbers)}"), person(ANA))])
    told(ledger, person(BEN))
    for boundary in (about(DataSetRegistered), OF_ANA, about(PersonRegistered)):
        query = ledger.query([boundary])
        all_ = [entry.position for entry in store.scan(query)]
        for until in (1, 2, STEP - 1, STEP, STEP + 1, STEP + 77, 2 * STEP - 1, 2 * STEP, 3 * STEP, 3 * STEP + 1):
            found = [entry.position for entry in store.scan(query, until=until)]
            assert found == [position for position in all_ if position <= until]
