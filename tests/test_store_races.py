"""Writers and readers at the same time: processes, threads, forks, and some that stop or die at the wrong moment.

With CAMPAIGN=1 the writers write as much as the project promises to bear, and say what was the longest wait.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from functools import partial
from itertools import chain
from multiprocessing.pool import AsyncResult, ThreadPool
from pathlib import Path
from subprocess import Popen
from time import monotonic

import pytest

from ledger.errors import Busy, Unreachable
from ledger.sqlite import LOCK_SECONDS
from ledger.storage import Store, open_store, utc_now
from ledger.storage.postgres.connections import connect
from ledger.storage.turn import Turn
from tests.stores import CAMPAIGN, PATIENCE, POSTGRES, assert_holds, event, path_of, url_of
from tests.writers import (
    Attempt,
    LockWatch,
    append_each,
    append_in_halves,
    append_together,
    at_once,
    come_and_go,
    contend,
    contend_for,
    create_and_append,
    elsewhere,
    fork_while_holding,
    fork_while_in_use,
    leave_in_a_fork,
    program,
    read_while_written,
    write_on_both_sides_of_a_fork,
)

pytest_plugins = ["tests.figures"]

WRITERS = 8
APPENDS = 500 if CAMPAIGN else 60
# Seconds. Who waits for longer is told that the log is busy; how far from that they are, only a campaign asks.
STARVING = 10.0 if CAMPAIGN else LOCK_SECONDS


def assert_accounted_for(store: Store, attempts: Sequence[Attempt]) -> None:
    """The log holds what was acknowledged and nothing else, and each outcome was the right one."""
    entries = list(store.scan())
    acknowledged = sorted(
        (position, leaf, mark)
        for attempt in attempts
        for (position, leaf), mark in zip(attempt.acknowledged, attempt.marks, strict=attempt.newer is None)
    )
    assert [(entry.position, entry.leaf, entry.payload) for entry in entries] == acknowledged
    assert [position for position, _, _ in acknowledged] == list(range(1, len(entries) + 1))
    places: dict[str, list[int]] = {attempt.account: [] for attempt in attempts}
    for entry in entries:
        places[entry.header.tags[0]].append(entry.position)
    for attempt in attempts:
        newer = next((place for place in places[attempt.account] if place > attempt.after), None)
        if attempt.newer is None:
            positions = [position for position, _ in attempt.acknowledged]
            assert positions == list(range(positions[0], positions[0] + len(attempt.marks)))
            assert newer == positions[0]
        else:
            assert (attempt.newer, attempt.acknowledged) == (newer, ())
    assert_holds(store)


@pytest.mark.campaign
def test_eight_processes_that_write_at_once_lose_and_double_nothing(shared_url, tell):
    begun = monotonic()
    made = at_once([partial(contend_for, shared_url, writer, APPENDS) for writer in range(WRITERS)])
    seconds = monotonic() - begun

    attempts = list(chain.from_iterable(made))
    refused = sum(attempt.newer is not None for attempt in attempts)
    waits = sorted(attempt.waited for attempt in attempts)
    tell("appends, conflicts, seconds", (len(attempts) - refused, refused, round(seconds, 1)))
    tell("wait for the lock: median, 99 of 100", [round(waits[len(waits) * n // 1000], 4) for n in (500, 990)])
    tell("worst wait for the lock", round(waits[-1], 4))
    assert refused > 0
    assert waits[-1] < STARVING
    with open_store(shared_url) as store:
        assert_accounted_for(store, attempts)


@pytest.mark.campaign
@pytest.mark.parametrize("kind", ["file", "memory", POSTGRES])
def test_threads_that_share_a_store_lose_and_double_nothing(kind, request, quick_switches):
    watch = LockWatch()
    with open_store(url_of(kind, request), watch) as store, ThreadPool(WRITERS) as threads:
        made = threads.starmap_async(
            contend, [(store, watch, writer, APPENDS // 2) for writer in range(WRITERS)], chunksize=1
        ).get(PATIENCE)

        assert_accounted_for(store, list(chain.from_iterable(made)))


@pytest.fixture
def quick_switches() -> Iterator[None]:
    """Threads take turns far more often than they usually do."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(usual)


def test_who_reads_while_others_write_always_sees_one_state_of_the_log(shared_url):
    events = [event("t", "all", "odd" if n % 2 else "even", data=b"%d" % n) for n in range(70)]
    write, read = partial(append_in_halves, shared_url, events), partial(read_while_written, shared_url, 140)

    *written, once, again = at_once([write, write, read, read])

    assert sorted(chain.from_iterable(written)) == list(range(1, 141))
    assert min(len(once), len(again)) > 0


def test_processes_that_come_and_go_find_the_store_each_time(shared_url):
    positions = at_once([partial(come_and_go, shared_url, 15)] * 6)

    assert sorted(chain.from_iterable(positions)) == list(range(1, 91))
    with open_store(shared_url) as store:
        assert_holds(store)


def test_any_number_of_processes_may_make_the_store_at_once(tmp_path):
    url = f"sqlite:///{tmp_path}/new.db"

    positions = at_once([partial(create_and_append, url)] * WRITERS)

    assert sorted(chain.from_iterable(positions)) == list(range(1, WRITERS + 1))
    with open_store(url) as store:
        assert_holds(store)


def test_without_the_files_that_they_queue_on_writers_are_no_less_safe(file_url):
    queue = turn_file(file_url)
    with ThreadPool(1) as aside:
        written = aside.apply_async(at_once, [[partial(append_together, file_url, [event()] * 50)] * 4])
        while not written.ready():
            queue.unlink(missing_ok=True)
            turnstile_of(queue).unlink(missing_ok=True)

    assert sorted(chain.from_iterable(written.get())) == list(range(1, 201))
    with open_store(file_url) as store:
        assert_holds(store)


# The queue for the lock.


def turn_file(url: str) -> Path:
    path = path_of(url)
    return path.with_name(path.name + "-turn")


def turnstile_of(turn: Path) -> Path:
    return turn.with_name(turn.name + "stile")


def in_queue(path: Path) -> list[int]:
    """The processes that wait for the lock on this file, as the kernel says."""
    inode = f":{path.stat().st_ino}"
    locks = [line.split() for line in Path("/proc/locks").read_text(encoding="ascii").splitlines()]
    return [int(words[5]) for words in locks if words[1] == "->" and words[6].endswith(inode)]


def wait_until(condition: Callable[[], object]) -> None:
    deadline = monotonic() + PATIENCE
    while not condition():
        assert monotonic() < deadline, "it never came to that"


kernel_shows_locks = pytest.mark.skipif(not Path("/proc/locks").exists(), reason="needs /proc/locks, which Linux has")


@contextmanager
def stopped_writer(url: str) -> Iterator["Popen[str]"]:
    """A writer that stopped while it held the lock, in the middle of its transaction."""
    with program("stop", url) as writer:
        _, status = os.waitpid(writer.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status)
        try:
            yield writer
        finally:
            writer.kill()


def test_behind_a_writer_that_hangs_others_are_told_so_in_time_and_may_read(file_url, monkeypatch):
    append_each(file_url, [event()])
    monkeypatch.setattr("ledger.storage.sqlite.LOCK_SECONDS", 0.2)
    with stopped_writer(file_url), open_store(file_url) as store:
        with pytest.raises(Busy) as refused:
            store.append([event()])
        with pytest.raises(Busy):
            store.append([event()])

        assert vars(refused.value) == {"path": turn_file(file_url), "seconds": 0.2}
        assert [entry.header.type for entry in store.scan()] == ["thing.happened.v1"]


@kernel_shows_locks
def test_when_a_writer_that_hung_goes_on_so_does_the_queue_behind_it(file_url):
    with stopped_writer(file_url) as writer, open_store(file_url) as store, ThreadPool(2) as aside:
        waiting = aside.map_async(lambda name: store.append([event(name)]), ["a.v1", "b.v1"], chunksize=1)
        wait_until(lambda: os.getpid() in in_queue(turn_file(file_url)))

        writer.send_signal(signal.SIGCONT)

        assert sorted(waiting.get(PATIENCE)) == [2, 3]
        assert writer.wait(PATIENCE) == 0
        assert next(store.scan()).header.type == "stopped.v1"
        assert_holds(store)


def test_a_writer_that_dies_holding_the_lock_leaves_nothing_behind(file_url):
    with stopped_writer(file_url) as writer:
        writer.kill()
        writer.wait(PATIENCE)

        assert append_each(file_url, [event()] * 3) == [1, 2, 3]
    with open_store(file_url) as store:
        assert_holds(store)


@kernel_shows_locks
def test_a_writer_that_dies_in_the_queue_does_not_hold_it_up(file_url):
    queue = turn_file(file_url)
    with ThreadPool(1) as aside:
        with Turn(queue, PATIENCE):
            with program("append", file_url) as dying:
                wait_until(lambda: dying.pid in in_queue(queue))
                waiting = aside.apply_async(append_each, [file_url, [event()]])
                wait_until(lambda: os.getpid() in in_queue(turnstile_of(queue)))
                dying.kill()
            wait_until(lambda: in_queue(queue) == [os.getpid()])
            assert not waiting.ready()

        assert waiting.get(PATIENCE) == [1]


def test_who_gave_up_waiting_does_not_take_the_lock_later(tmp_path):
    queue = tmp_path / "turn"
    with Turn(queue, 1):
        for _ in range(3):
            with pytest.raises(Busy), Turn(queue, 0.01):
                pass

    for _ in range(3):
        with Turn(queue, PATIENCE):
            pass


@kernel_shows_locks
def test_who_waits_is_next_however_soon_somebody_comes_back(shared_url):
    with open_store(shared_url) as patient, ThreadPool(1) as aside:
        waiting: list[AsyncResult[int]] = []

        def clock() -> datetime:
            """It is asked under the lock."""
            if len(waiting) == patient.length() // 3:
                waiting.append(aside.apply_async(patient.append, [[event("waits")]]))
                wait_until(lambda: waits_for(shared_url))
            return utc_now()

        with open_store(shared_url, clock) as store:
            for turn in range(20):
                assert [store.append([event()]), store.append([event("back")])] == [3 * turn + 1, 3 * turn + 3]
                assert waiting[turn].get(PATIENCE) == 3 * turn + 2


def waits_for(url: str) -> bool:
    """Whether somebody waits for the lock of a store."""
    if url.startswith("sqlite"):
        return bool(in_queue(turn_file(url)))
    connection = connect(url)
    try:
        found = connection.execute("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted").fetchall()
    finally:
        connection.close()
    return bool(found)


@kernel_shows_locks
def test_who_comes_back_at_once_finds_the_next_one_before_it(tmp_path):
    queue, came = tmp_path / "turn", []

    def wait() -> None:
        with Turn(queue, PATIENCE):
            came.append("next")

    with ThreadPool(1) as aside, closing(Turn(queue, PATIENCE)) as mine:
        for _ in range(50):
            with mine:
                waiting = aside.apply_async(wait)
                wait_until(lambda: in_queue(queue))
            with mine:
                came.append("back")
            waiting.get(PATIENCE)

    assert came == 50 * ["next", "back"]


class BrokenOff(Exception):
    pass


@pytest.fixture
def alarm_breaks_off() -> Iterator[None]:
    def break_off(*_: object) -> None:
        raise BrokenOff

    usual = signal.signal(signal.SIGALRM, break_off)
    yield
    signal.signal(signal.SIGALRM, usual)


def ring_when_somebody_waits_for(queue: Path) -> None:
    wait_until(lambda: in_queue(queue))
    os.kill(os.getpid(), signal.SIGALRM)


@kernel_shows_locks
def test_a_wait_that_is_broken_off_gives_its_place_back(tmp_path, alarm_breaks_off):
    queue = tmp_path / "turn"
    with ThreadPool(1) as aside, Turn(queue, 1):
        alarm = aside.apply_async(ring_when_somebody_waits_for, [queue])
        with pytest.raises(BrokenOff), Turn(queue, PATIENCE):
            pass
        alarm.get(PATIENCE)

    with Turn(queue, PATIENCE):
        pass


@kernel_shows_locks
def test_a_wait_that_is_broken_off_as_it_begins_gives_its_place_back(tmp_path, monkeypatch):
    queue, start = tmp_path / "turn", threading.Thread.start

    def start_and_break_off(thread: threading.Thread) -> None:
        start(thread)
        wait_until(lambda: in_queue(queue))
        raise BrokenOff

    with Turn(queue, 1), monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", start_and_break_off)
        with pytest.raises(BrokenOff), Turn(queue, PATIENCE):
            pass

    with Turn(queue, PATIENCE):
        pass


def test_a_queue_that_cannot_be_joined_is_named(tmp_path):
    with pytest.raises(Unreachable) as refused, Turn(tmp_path / "missing" / "turn", 1):
        pass

    assert vars(refused.value) == {
        "path": turnstile_of(tmp_path / "missing" / "turn"),
        "why": "No such file or directory",
    }


# Forks.


def test_what_a_forked_process_writes_is_kept_whatever_its_parent_does(shared_url):
    assert elsewhere(write_on_both_sides_of_a_fork, shared_url) == [1, 4, 6]

    with open_store(shared_url) as store:
        parent, child = "parent.v1", "child.v1"
        assert [entry.header.type for entry in store.scan()] == [
            *(parent, child, child, parent, child, parent, child, child)
        ]
        assert_holds(store)


def test_a_process_forked_in_the_middle_of_a_read_may_not_touch_the_file(file_url):
    refusal = (
        f"Unreachable: {path_of(file_url)}: was in use when this process was forked: use it in a process that was not"
    )

    assert elsewhere(fork_while_in_use, file_url) == [refusal, refusal]


def test_a_process_forked_under_the_lock_does_not_keep_it(tmp_path):
    elsewhere(fork_while_holding, tmp_path / "turn")


def test_a_process_forked_under_the_lock_does_not_give_it_away(tmp_path):
    refusal = f"Busy: {tmp_path}/turn: still held by another process after 0.1 seconds"

    assert elsewhere(leave_in_a_fork, tmp_path / "turn") == refusal
