"""What a ledger read before: it is read again only as far as it is newer, and never believed of another history."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event as Signal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.boundary import Boundary, about
from ledger.chain.entry import Entry
from ledger.codec import Known
from ledger.events import DataSetRegistered, Event, PersonRegistered, PersonSuspended
from ledger.log import Ledger, Reading
from ledger.readings import BOUNDARIES_KEPT
from ledger.storage import Store, create_store, open_store
from tests.facts import ANA, BEN, Clock, commitment, data_set, fact, ledger_on, person

OF_ANA = [about(PersonRegistered, PersonSuspended, tags=[f"person:{ANA}"])]
OF_BEN = about(PersonRegistered, PersonSuspended, tags=[f"person:{BEN}"])
OF_ALL = [about(PersonRegistered, PersonSuspended), about(DataSetRegistered)]


@pytest.fixture
def memory() -> Iterator[Store]:
    with open_store("sqlite://", Clock()) as store:
        yield store


def suspended(who: str) -> PersonSuspended:
    return PersonSuspended(person=who, request=None)


def told(ledger: Ledger, *events: Event) -> None:
    ledger.append([fact(event) for event in events])


def read(ledger: Ledger, boundaries: list[Boundary]) -> list[tuple[int, Event]]:
    return [(one.position, one.event) for one in ledger.read(boundaries).facts]


def test_what_is_newer_is_read_beside_what_was_read_before(memory: Store):
    ledger = ledger_on(memory)
    told(ledger, person(ANA), person(BEN))
    assert read(ledger, OF_ANA) == [(1, person(ANA))]
    told(ledger_on(memory), suspended(BEN), suspended(ANA))

    assert read(ledger, OF_ANA) == [(1, person(ANA)), (4, suspended(ANA))]
    assert read(ledger, OF_ANA) == [(1, person(ANA)), (4, suspended(ANA))]


def test_an_empty_ledger_is_read_again_when_something_was_told(memory: Store):
    ledger = ledger_on(memory)
    assert read(ledger, OF_ANA) == []
    told(ledger, person(ANA))

    assert read(ledger, OF_ANA) == [(1, person(ANA))]


def test_a_wider_reading_is_of_its_own_moment_also_when_more_was_read_since(memory: Store):
    ledger = ledger_on(memory)
    told(ledger, person(ANA))
    early = ledger.read([about(DataSetRegistered)])
    told(ledger, suspended(ANA))
    assert len(read(ledger, OF_ANA)) == 2

    assert [one.event for one in ledger.widen(early, OF_ANA).facts] == [person(ANA)]
    assert [one.event for one in ledger.widen(early, [OF_BEN, *OF_ANA]).facts] == [person(ANA)]
    assert len(read(ledger, OF_ANA)) == 2


def test_who_looks_at_an_earlier_moment_makes_nobody_read_again(memory: Store):
    """As callers do who decide at the same time, while the log grows under them."""
    ledger = ledger_on(memory)
    told(ledger, person(ANA))
    early = ledger.read([about(DataSetRegistered)])
    told(ledger, person(BEN))
    found = ledger.read(OF_ANA).facts

    assert [one.event for one in ledger.widen(early, OF_ANA).facts] == [person(ANA)]
    assert ledger.read(OF_ANA).facts is found


def test_a_reading_is_made_again_as_long_as_nothing_new_lies_within_it(memory: Store):
    ledger = ledger_on(memory)
    assert ledger.again(ledger.read(OF_ANA)) is None
    told(ledger, person(ANA))
    first = ledger.read(OF_ANA)
    told(ledger, person(BEN), suspended(BEN))
    second = ledger.again(first)

    assert ledger.again(first) == second == ledger.read(OF_ANA)
    assert second is not None
    assert second.facts is first.facts
    told(ledger, suspended(ANA))
    assert ledger.again(first) is ledger.again(second) is None


@pytest.mark.parametrize("after", [0, 1, 2, 3])
def test_what_was_read_of_another_history_is_not_believed(tmp_path: Path, after: int):
    """As when the file is replaced by an older copy, and goes on differently from there."""
    urls = [f"sqlite:///{tmp_path}/{name}.db" for name in ("one", "other")]
    for url in urls:
        create_store(url)
    with open_store(urls[0], Clock()) as one, open_store(urls[1], Clock()) as other:
        ledger = ledger_on(one)
        told(ledger, person(ANA), suspended(ANA))
        assert len(read(ledger, OF_ANA)) == 2
        first = ledger.read([about(DataSetRegistered)])
        told(ledger_on(other), person(ANA), *[data_set(f"D-{number}") for number in range(after)])
        ledger.store = other

        assert ledger.again(first) is None
        assert read(ledger, OF_ANA) == [(1, person(ANA))]


def test_only_so_many_readings_are_kept(memory: Store):
    ledger = ledger_on(memory)
    told(ledger, person(ANA))
    for number in range(2 * BOUNDARIES_KEPT):
        ledger.read([about(PersonRegistered, tags=[f"person:{number}"])])

    assert len(ledger._readings._within) == BOUNDARIES_KEPT
    assert read(ledger, OF_ANA) == [(1, person(ANA))]


def test_what_several_looks_have_in_common_is_read_once(memory: Store, monkeypatch: pytest.MonkeyPatch):
    ledger = ledger_on(memory)
    told(ledger, person(ANA), person(BEN), suspended(BEN), data_set())
    first = ledger.read([OF_ALL[1], *OF_ANA])
    decoded: list[int] = []
    known = ledger.codec.known

    def noted(entry: Entry) -> Known[Event]:
        decoded.append(entry.position)
        return known(entry)

    monkeypatch.setattr(ledger.codec, "known", noted)
    second = ledger.read([*OF_ANA, OF_BEN, OF_ALL[1]])

    assert [one.position for one in second.facts] == [1, 2, 3, 4]
    assert decoded == [2, 3]
    assert [one for one in second.facts if one.position in (1, 4)] == list(first.facts)


def test_looks_in_which_the_same_is_known_give_the_very_same_facts(memory: Store):
    """So what somebody made of them is found again, whichever boundaries without facts stand beside."""
    ledger = ledger_on(memory)
    told(ledger, person(ANA), data_set())
    facts = ledger.read([OF_ALL[1], *OF_ANA]).facts

    assert ledger.read([OF_ALL[1], *OF_ANA, OF_BEN]).facts is facts


def test_who_looks_while_the_log_grows_finds_all_up_to_the_moment_and_no_more(tmp_path: Path):
    url = f"sqlite:///{tmp_path}/log.db"
    create_store(url)
    kinds: list[list[Event]] = [[person(ANA)], [suspended(BEN), suspended(ANA)], [data_set()]]
    looks = [[*OF_ANA], [OF_BEN, *OF_ANA], [OF_ALL[1], OF_BEN], OF_ALL]
    with open_store(url, Clock()) as store, ThreadPoolExecutor(len(looks) + 1) as pool:
        ledger, growing = ledger_on(store), Signal()

        def look(boundaries: list[Boundary]) -> list[Reading]:
            found = []
            while not growing.is_set():
                found.append(ledger.read(boundaries))
                found.append(ledger.widen(found[-1], looks[len(found) % len(looks)]))
            return found

        looking = [pool.submit(look, boundaries) for boundaries in looks]
        for number in range(300):
            told(ledger_on(store), *kinds[number % len(kinds)])
        growing.set()
        found = [reading for one in looking for reading in one.result()]
        for reading in {(len(one.query.items), one.position): one for one in found}.values():
            everything = store.scan(reading.query, until=reading.position)
            assert [one.position for one in reading.facts] == [entry.position for entry in everything]
    assert len({one.position for one in found}) > 1


EVENTS = st.sampled_from([person(ANA), person(BEN, phone=commitment()), suspended(ANA), suspended(BEN), data_set()])


LOOKS = st.lists(st.sampled_from([*OF_ANA, OF_BEN, *OF_ALL, about(tags=[f"person:{BEN}"]), about()]), max_size=4)


@settings(max_examples=60, deadline=None)
@given(steps=st.lists(st.lists(EVENTS, max_size=80) | st.tuples(LOOKS, LOOKS), max_size=12))
def test_a_ledger_that_has_read_before_reads_the_same_as_one_that_has_not(steps):
    with open_store("sqlite://", Clock()) as store:
        ledger = ledger_on(store)
        early: list[Reading] = []
        for step in steps:
            if isinstance(step, tuple):
                first, second = step
                reading, fresh = ledger.read(first), ledger_on(store).read(first)
                assert reading.facts == fresh.facts
                assert ledger.widen(reading, second).facts == ledger_on(store).widen(fresh, second).facts
                for one in early:
                    assert ledger.widen(one, second).facts == ledger_on(store).widen(one, second).facts
                early.append(reading)
            elif step:
                told(ledger, *step)
