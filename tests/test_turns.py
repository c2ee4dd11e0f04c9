"""Turns of threads: one thinks at a time, who waits lets the others, and nobody depends on it."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from threading import Barrier, Event

import pytest

from api.desk import Desk
from ledger.chain.entry import Entry
from ledger.storage import open_store
from ledger.turns import Turns, thinking
from tests.facts import NOON, data_set, ledger_on, noon
from tests.office import HOUSE
from tests.stores import PATIENCE

LONG = PATIENCE


@pytest.fixture
def two() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(2)


def test_one_thread_thinks_at_a_time(two: ThreadPoolExecutor):
    turns, inside, most = Turns(LONG), 0, 0

    def think() -> None:
        nonlocal inside, most
        for _ in range(200):
            with turns.thinking():
                inside += 1
                most = max(most, inside)
                # Left to themselves, threads change places here.
                Path("/").stat()
                inside -= 1

    for future in [two.submit(think), two.submit(think)]:
        future.result(PATIENCE)

    assert most == 1


def test_who_waits_lets_another_think_and_has_a_turn_again_afterwards(two: ThreadPoolExecutor):
    turns, thought = Turns(LONG), Event()

    def wait() -> bool:
        with turns.thinking():
            with turns.waiting():
                assert thought.wait(PATIENCE)
            return has_a_turn(turns, two)

    def think() -> None:
        with turns.thinking():
            thought.set()

    waits = two.submit(wait)
    two.submit(think).result(PATIENCE)

    assert waits.result(PATIENCE)


def has_a_turn(turns: Turns, others: ThreadPoolExecutor) -> bool:
    """Whether this thread has one: then no other gets it."""
    return not others.submit(turns._lock.acquire, blocking=False).result(PATIENCE)


def test_a_turn_that_takes_long_keeps_nobody_waiting(two: ThreadPoolExecutor):
    turns, both = Turns(0.001), Barrier(2)

    def think() -> bool:
        with turns.thinking() as has_one:
            both.wait(PATIENCE)
            return has_one

    assert sorted(future.result(PATIENCE) for future in [two.submit(think), two.submit(think)]) == [False, True]


@pytest.mark.parametrize("within", ["thinking", "waiting"])
def test_what_goes_wrong_gives_the_turn_back(within: str, two: ThreadPoolExecutor):
    turns = Turns(LONG)
    doing: Callable[[], object] = {"thinking": lambda: 1 // 0, "waiting": lambda: wait_and_fail(turns)}[within]

    with pytest.raises(ZeroDivisionError), turns.thinking():
        doing()

    assert not has_a_turn(turns, two)


def wait_and_fail(turns: Turns) -> None:
    with turns.waiting():
        raise ZeroDivisionError


def test_who_has_no_turn_has_nothing_to_give_up(two: ThreadPoolExecutor):
    turns = Turns(LONG)

    with turns.waiting():
        pass

    assert not has_a_turn(turns, two)


def test_the_desk_gives_up_its_turn_while_it_records_and_signs(two: ThreadPoolExecutor):
    others: list[bool] = []

    def another_thinks() -> bool:
        with thinking() as has_one:
            return has_one

    def recorded() -> datetime:
        others.append(two.submit(another_thinks).result(PATIENCE))
        return NOON

    def signed(entries: Sequence[Entry]) -> tuple[str, ...]:
        recorded()
        return ()

    with open_store("sqlite://", noon) as store:
        desk = Desk(ledger_on(store, recorded), noon, signed)
        with thinking():
            desk.report(data_set(), HOUSE)

    assert others == [True, True]
