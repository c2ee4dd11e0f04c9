"""Who waits for a group to be written is taken to the writer's core, and may run anywhere again afterwards."""

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Event, Semaphore, Thread

import pytest

from ledger.errors import Busy
from ledger.storage import cores
from ledger.storage.cores import Core
from ledger.storage.grouping import Grouping
from ledger.storage.growing import Outcome, Wish
from tests.stores import PATIENCE, event
from tests.test_grouping import until

FREE = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()

pytestmark = pytest.mark.skipif(len(FREE) < 2, reason="there is no core to choose")


class Writing:
    """A grouping whose groups are written one by one, each when it is let."""

    def __init__(self, seconds: float = PATIENCE) -> None:
        self.let, self.groups = Semaphore(0), 0
        self.grouping = Grouping("a log", self._write, seconds)

    def _write(self, wishes: Sequence[Wish]) -> list[Outcome]:
        self.groups += 1
        assert self.let.acquire(timeout=PATIENCE)
        return [[] for _ in wishes]

    def begin(self) -> "list[Caller]":
        """Somebody writes for themselves, somebody is written for, and so the writer's core is known."""
        alone = Caller(self.grouping)
        until(lambda: self.groups == 1)
        first = Caller(self.grouping)
        until(lambda: len(self.grouping._waiting) == 1)
        self.let.release()
        until(lambda: self.groups == 2)
        return [alone, first]

    def waits(self, *bound_to: int) -> "Caller":
        """Somebody who waits behind the group that is written."""
        caller = Caller(self.grouping, *bound_to)
        until(lambda: len(self.grouping._waiting) == 1)
        return caller

    @property
    def core(self) -> set[int]:
        """The writer's core, if it has one."""
        number = self.grouping._core.number
        return set() if number is None else {number}

    @property
    def writer(self) -> set[int]:
        """Where the writer may run."""
        writer = self.grouping._writer
        assert writer is not None
        assert writer.native_id is not None
        return os.sched_getaffinity(writer.native_id)


class Caller:
    """A thread that appends, first bound to some cores if any are given."""

    def __init__(self, grouping: Grouping, *bound_to: int) -> None:
        self._grouping, self._bound_to, self._ready = grouping, bound_to, Event()
        self.after: set[int] = set()
        self.thread = Thread(target=self._append, daemon=True)
        self.thread.start()
        assert self._ready.wait(PATIENCE)

    def _append(self) -> None:
        if self._bound_to:
            os.sched_setaffinity(0, self._bound_to)
        self._ready.set()
        with suppress(Busy):
            self._grouping.append(Wish([event("t")], None))
        self.after = os.sched_getaffinity(0)

    @property
    def cores(self) -> set[int]:
        """Where it may run while it waits."""
        assert self.thread.native_id is not None
        return os.sched_getaffinity(self.thread.native_id)

    def freed(self) -> set[int]:
        """Where it may run once it is answered."""
        self.thread.join(PATIENCE)
        return self.after


@pytest.fixture
def writing() -> Iterator[Writing]:
    begun = Writing()
    yield begun
    begun.let.release(100)
    begun.grouping.close()


def test_who_waits_is_taken_to_the_core_of_who_writes_and_may_leave_it_again(writing):
    before = writing.begin()

    caller = writing.waits()

    assert writing.core
    assert writing.writer == writing.core
    until(lambda: caller.cores == writing.core)
    writing.let.release(3)
    assert [one.freed() for one in (*before, caller)] == [FREE, FREE, FREE]


def test_who_may_not_run_there_stays_where_they_are(writing):
    writing.begin()
    elsewhere = FREE - writing.core

    caller = writing.waits(*elsewhere)

    assert caller.cores == elsewhere
    writing.let.release(3)
    assert caller.freed() == elsewhere


def test_who_gives_up_may_leave_it_too():
    writing = Writing(seconds=0.2)
    writing.begin()

    caller = writing.waits()

    assert caller.freed() == FREE
    writing.let.release(100)
    writing.grouping.close()


def test_who_writes_moves_on_after_a_while(monkeypatch):
    monkeypatch.setattr(cores, "SECONDS", 0)
    core, seen = Core(), []

    def write() -> None:
        for _ in range(4):
            core.stay()
            seen.append((core.number in os.sched_getaffinity(0), len(os.sched_getaffinity(0))))

    thread = Thread(target=write)
    thread.start()
    thread.join(PATIENCE)

    assert seen == [(True, 1), (False, len(FREE)), (True, 1), (False, len(FREE))]


def test_who_writes_stays_for_a_while(writing):
    writing.begin()
    core = writing.core
    for _ in range(3):
        writing.waits()
        writing.let.release()
        until(lambda: not writing.grouping._waiting)

        assert writing.core == core


@pytest.mark.parametrize("stat", ["", "12 (writer) S", "12 (a) b) " + "x " * 40])
def test_where_no_core_is_told_all_stay_free(stat, tmp_path, monkeypatch):
    told = tmp_path / "stat"
    told.write_text(stat)
    monkeypatch.setattr(cores, "_OF_THIS_THREAD", told)

    assert stays_free()


def test_where_there_is_no_proc_all_stay_free(monkeypatch):
    monkeypatch.setattr(cores, "_OF_THIS_THREAD", Path("/nowhere/stat"))

    assert stays_free()


def test_where_threads_cannot_choose_nothing_happens(monkeypatch):
    for name in ("sched_getaffinity", "sched_setaffinity"):
        monkeypatch.delattr(os, name)

    core = Core()
    core.stay()
    with core.near():
        assert core.number is None


def test_a_core_that_was_taken_away_holds_nobody_up(monkeypatch):
    def refused(pid: int, mask: object) -> None:
        raise OSError(22, "Invalid argument")

    monkeypatch.setattr(os, "sched_setaffinity", refused)

    assert stays_free()


def stays_free() -> bool:
    core = Core()
    core.stay()
    with core.near():
        return os.sched_getaffinity(0) == FREE


def test_it_is_told_on_which_core_a_thread_runs():
    seen = []

    def run() -> None:
        for core in sorted(FREE):
            os.sched_setaffinity(0, [core])
            seen.append(cores._runs_on())

    thread = Thread(target=run)
    thread.start()
    thread.join(PATIENCE)

    assert seen == sorted(FREE)
