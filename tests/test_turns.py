"""Turns of threads: one goes on at a time, who waits lets the others, and nobody depends on it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from threading import Event, Lock, get_ident

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

import ledger.turns
from api.desk import Desk
from api.http.callers import Callers
from ledger.chain.entry import Entry
from ledger.evidence.notary import Notary
from ledger.home import open_home, open_lock_store, open_log, read_log_key
from ledger.storage import open_store
from ledger.turns import IN_A_ROW, PASSED, Pause, Turns, held, waiting
from tests.facts import NOON, data_set, ledger_on, noon
from tests.office import HOUSE
from tests.signing import append, new_home
from tests.stores import PATIENCE

LONG = PATIENCE


class Asked:
    """A work that is done in some turns; `result` waits for it."""

    def __init__(self, turns: Turns, work: Callable[[], object]) -> None:
        self._work, self.begun, self.done = work, Event(), Event()
        self._result: object = "it failed"
        turns.ask(self._do)

    def _do(self) -> None:
        self.begun.set()
        try:
            self._result = self._work()
        finally:
            self.done.set()

    def result(self) -> object:
        assert self.done.wait(PATIENCE)
        assert self._result != "it failed"
        return self._result


def others_go_on(turns: Turns, seconds: float = PATIENCE) -> bool:
    """Whether what is asked for now is done meanwhile."""
    done = Event()
    turns.ask(done.set)
    return done.wait(seconds)


def test_one_work_is_done_at_a_time_and_none_is_forgotten():
    turns, inside, most = Turns(8, LONG), 0, 0

    def work() -> None:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        # Left to themselves, threads change places here.
        Path("/").stat()
        inside -= 1

    for asked in [Asked(turns, work) for _ in range(500)]:
        asked.result()

    assert most == 1


def test_what_is_asked_for_meanwhile_is_done_by_the_same_thread():
    turns, go = Turns(8, LONG), Event()
    first = Asked(turns, lambda: go.wait(PATIENCE) and get_ident())
    others = [Asked(turns, get_ident) for _ in range(5)]
    go.set()

    assert {asked.result() for asked in others} == {first.result()}


def test_who_waits_lets_others_go_on_and_has_the_turn_again_before_what_is_new():
    turns, order = Turns(8, LONG), list[str]()
    is_waiting, go = Event(), Event()

    def waits() -> None:
        with waiting():
            is_waiting.set()
            assert go.wait(PATIENCE)
        order.append("came back")

    def goes_on() -> None:
        Asked(turns, lambda: order.append("new"))
        go.set()
        # Until the other one waits for its turn.
        while not turns._coming_back:
            Path("/").stat()
        order.append("went on")

    one = Asked(turns, waits)
    assert is_waiting.wait(PATIENCE)
    Asked(turns, goes_on).result()
    one.result()
    Asked(turns, lambda: None).result()

    assert order == ["went on", "came back", "new"]


def test_whoever_keeps_the_turn_for_long_loses_it_and_goes_on_without():
    turns, go = Turns(8, 0), Event()

    def keeps() -> bool:
        go.wait(PATIENCE)
        # There is nothing to give up any more, nor to come back to.
        with waiting():
            return turns.give_up()

    slow = Asked(turns, keeps)
    assert slow.begun.wait(PATIENCE)
    other = Asked(turns, go.set)
    assert turns.hurry()

    other.result()
    assert slow.result() is False
    Asked(turns, lambda: None).result()


def test_nobody_loses_the_turn_in_which_there_is_no_hurry():
    turns, go = Turns(8, LONG), Event()
    slow, other = Asked(turns, lambda: go.wait(PATIENCE)), Asked(turns, lambda: None)

    assert turns.hurry()
    assert not other.done.is_set()

    go.set()
    assert slow.result()
    other.result()
    assert not turns.hurry()


def test_who_comes_back_waits_for_no_longer_than_a_turn_lasts():
    turns, is_waiting, go, end = Turns(8, 0.001), Event(), Event(), Event()

    def waits() -> bool:
        with waiting():
            is_waiting.set()
            assert go.wait(PATIENCE)
        return turns.give_up()

    one = Asked(turns, waits)
    assert is_waiting.wait(PATIENCE)

    def keeps() -> bool:
        go.set()
        return end.wait(PATIENCE)

    other = Asked(turns, keeps)

    assert one.result() is False
    end.set()
    assert other.result()
    Asked(turns, lambda: None).result()


@pytest.mark.parametrize("within", ["work", "waiting"])
def test_what_goes_wrong_gives_the_turn_back(within: str):
    turns = Turns(8, LONG)

    def failing() -> None:
        raise ZeroDivisionError

    def failing_in_a_wait() -> None:
        with waiting():
            failing()

    turns.ask({"work": failing, "waiting": failing_in_a_wait}[within])

    Asked(turns, lambda: None).result()


def test_who_has_no_turn_has_nothing_to_give_up():
    turns = Turns(8, LONG)

    with waiting():
        pass

    Asked(turns, lambda: None).result()
    assert not turns.give_up()


def test_a_turn_is_kept_for_brief_waits_and_passed_on_for_those_that_prove_long():
    turns, brief, long = Turns(8, LONG), Pause(LONG), Pause(0)

    def passed_on(pause: Pause, seconds: float) -> object:
        def wait() -> bool:
            with pause.waiting():
                return others_go_on(turns, seconds)

        return Asked(turns, wait).result()

    assert [passed_on(pause, 0.001) for pause in (brief, *IN_A_ROW * [long])] == (1 + IN_A_ROW) * [False]
    assert all(passed_on(long, PATIENCE) for _ in range(PASSED))
    # Now and then that is found out again.
    assert not passed_on(long, 0.001)
    assert passed_on(long, PATIENCE)


def test_a_wait_that_is_brief_again_is_not_passed_on():
    pause = Pause(0)
    for _ in range(IN_A_ROW):
        with suppress(ZeroDivisionError), pause.waiting():
            raise ZeroDivisionError
    pause._brief = LONG

    for _ in range(PASSED + 1):
        with pause.waiting():
            assert pause._long == IN_A_ROW

    assert pause._long == 0


def test_the_desk_passes_the_turn_on_while_it_records_and_signs(monkeypatch):
    turns, others, seconds = Turns(8, LONG), list[bool](), 0.001
    monkeypatch.setattr(ledger.turns, "BRIEF_SECONDS", 0)

    def recorded() -> datetime:
        others.append(others_go_on(turns, seconds))
        return NOON

    def signed(entries: Sequence[Entry]) -> tuple[str, ...]:
        recorded()
        return ()

    with open_store("sqlite://", noon) as store:
        desk = Desk(ledger_on(store, recorded), noon, signed)
        for number in range(IN_A_ROW + 1):
            seconds = 0.001 if number < IN_A_ROW else PATIENCE
            new = msgspec.structs.replace(data_set(), dataset=f"D-{number}")
            Asked(turns, partial(desk.report, new, HOUSE)).result()

    assert others == [*2 * IN_A_ROW * [False], True, True]


def test_more_works_than_threads_each_of_which_waits_hold_nobody_up():
    turns, go = Turns(2, LONG), Event()

    def waits() -> bool:
        with waiting():
            return go.wait(PATIENCE)

    asked = [Asked(turns, waits) for _ in range(6)]
    assert all(one.begun.wait(PATIENCE) for one in asked[:2])
    go.set()

    # None of them waits for a turn that no thread is free to take: that would take as long as a turn lasts.
    assert all(one.result() for one in asked)


def test_whoever_finds_a_lock_taken_lets_who_holds_it_come_back_to_their_turn():
    turns, lock, is_held, go = Turns(8, LONG), Lock(), Event(), Event()

    def holds() -> bool:
        with held(lock), waiting():
            is_held.set()
            return go.wait(PATIENCE)

    def wants() -> bool:
        go.set()
        with held(lock):
            return True

    one = Asked(turns, holds)
    assert is_held.wait(PATIENCE)
    other = Asked(turns, wants)

    assert one.result()
    assert other.result()
    assert not lock.locked()


def of_callers(home: Path, wait: Callable[[], object]) -> Iterator[Callable[[], object]]:
    """Who looks a key up, and waits meanwhile."""

    def clock() -> datetime:
        wait()
        return NOON

    with open_home(home) as opened:
        callers = Callers(opened.ledger, clock)
        yield lambda: callers.caller("Bearer none") is None


def of_a_notary(home: Path, wait: Callable[[], object]) -> Iterator[Callable[[], object]]:
    """Who signs, and waits for the keys meanwhile."""

    def keys() -> list[Ed25519PrivateKey]:
        wait()
        return [read_log_key(home)]

    with Notary(open_log(home), open_lock_store(home), keys, home / "checkpoint") as notary:
        yield notary.sign


@pytest.mark.parametrize("kind", [of_callers, of_a_notary])
def test_who_looks_up_or_signs_while_another_waits_in_it_lets_that_one_go_on(
    tmp_path: Path, kind: Callable[[Path, Callable[[], object]], Iterator[Callable[[], object]]]
):
    turns, is_in, go = Turns(8, 2 * LONG), Event(), Event()

    def wait() -> None:
        with waiting():
            is_in.set()
            assert go.wait(PATIENCE)

    def goes_there_too() -> object:
        go.set()
        return work()

    home = new_home(tmp_path / "home")
    append(home, 1)
    with contextmanager(kind)(home, wait) as work:
        one = Asked(turns, work)
        assert is_in.wait(PATIENCE)
        other = Asked(turns, goes_there_too)

        assert one.result()
        assert other.result()


def test_a_work_waits_for_the_next_that_is_asked_for_where_no_thread_can_be_had(monkeypatch: pytest.MonkeyPatch):
    turns = Turns(8, LONG)

    def failing(_: Callable[[], None]) -> object:
        raise RuntimeError

    with monkeypatch.context() as without_threads:
        without_threads.setattr(turns._pool, "submit", failing)
        first = Asked(turns, lambda: True)
    second = Asked(turns, lambda: True)

    assert first.result()
    assert second.result()
