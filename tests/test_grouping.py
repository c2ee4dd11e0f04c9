"""Appends of several threads at the same time share a transaction, and each has an outcome of its own."""

import os
import random
import resource
import signal
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import chain
from multiprocessing.pool import AsyncResult, ThreadPool
from threading import Event, Thread, get_ident, main_thread
from time import monotonic
from typing import cast

import pytest
from eventsourcing.dcb.api import DCBAppendCondition, DCBEvent

from ledger.chain.entry import Entry
from ledger.errors import Busy, Conflict, LedgerError, OutcomeUnknown, StoreFull
from ledger.storage import Store, open_store
from ledger.storage.grouping import Grouping
from ledger.storage.growing import Outcome, Wish
from tests.stores import PATIENCE, POSTGRES, assert_holds, event, path_of, stored, tagged, url_of
from tests.test_store_crashes import acknowledged_in
from tests.writers import elsewhere, program

THREADS = 32


class Gate:
    """Holds up whoever writes first, until it is opened; those who come meanwhile are written together."""

    def __init__(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        self._grouping: Grouping = vars(store)["_grouping"]
        self._write = vars(self._grouping)["_write"]
        self._reached, self._open = Event(), Event()
        self.groups: list[int] = []
        monkeypatch.setattr(self._grouping, "_write", self.write)

    def write(self, wishes: Sequence[Wish]) -> list[Outcome]:
        self.groups.append(len(wishes))
        self._reached.set()
        assert self._open.wait(PATIENCE)
        outcomes: list[Outcome] = self._write(wishes)
        return outcomes

    def wait_for(self, count: int) -> None:
        """Wait until somebody writes, and so many others wait."""
        assert self._reached.wait(PATIENCE)
        until(lambda: len(vars(self._grouping)["_waiting"]) == count)

    def open(self) -> None:
        self._open.set()


def until(condition: Callable[[], bool]) -> None:
    deadline = monotonic() + PATIENCE
    while not condition():
        assert monotonic() < deadline, "it never came to that"


Append = tuple[list[DCBEvent], DCBAppendCondition | None]


def in_one_group(store: Store, appends: Sequence[Append], monkeypatch: pytest.MonkeyPatch) -> list[Entry | LedgerError]:
    """What becomes of these appends, one event each, which wait in this order while another is written."""
    gate = Gate(store, monkeypatch)
    with ThreadPool(len(appends) + 1) as threads:
        first = threads.apply_async(store.append, [[event("first.v1", "first")]])
        gate.wait_for(0)
        waiting: list[AsyncResult[list[Entry]]] = []
        for number, append in enumerate(appends, 1):
            waiting.append(threads.apply_async(store.append_entries, append))
            gate.wait_for(number)
        gate.open()
        first.get(PATIENCE)
        found = [outcome_of(one) for one in waiting]
    assert gate.groups == [1, len(appends)]
    return found


def outcome_of(waiting: "AsyncResult[list[Entry]]") -> Entry | LedgerError:
    try:
        return waiting.get(PATIENCE)[0]
    except LedgerError as error:
        return error


def shown(outcomes: Sequence[Entry | LedgerError]) -> list[int | str]:
    """The positions of entries, and the names of errors."""
    return [one.position if isinstance(one, Entry) else type(one).__name__ for one in outcomes]


def unless(tag: str, after: int) -> DCBAppendCondition:
    return DCBAppendCondition(tagged(tag), after)


def test_those_who_wait_are_written_together_in_their_order(store: Store, monkeypatch):
    outcomes = in_one_group(store, [([event("t", f"n:{n}")], unless(f"n:{n}", 0)) for n in range(5)], monkeypatch)

    assert shown(outcomes) == [2, 3, 4, 5, 6]
    assert [*store.scan()][1:] == outcomes
    assert_holds(store)


def test_who_conflicts_with_an_earlier_one_of_the_group_fails_alone(store: Store, monkeypatch):
    outcomes = in_one_group(
        store,
        [
            ([event("t", "a")], unless("a", 0)),
            ([event("t", "a")], unless("a", 0)),
            ([event("t", "b")], unless("b", 0)),
            ([event("t", "c")], unless("first", 0)),
            ([event("t", "a")], unless("a", 2)),
            ([event("t", "d")], unless("a", 2)),
        ],
        monkeypatch,
    )

    assert shown(outcomes) == [2, "Conflict", 3, "Conflict", 4, "Conflict"]
    conflicts = [(one.position, one.after) for one in outcomes if isinstance(one, Conflict)]
    assert conflicts == [(2, 0), (1, 0), (4, 2)]
    assert store.length() == 4
    assert_holds(store)


def test_a_condition_on_everything_fails_behind_any_other_of_the_group(store: Store, monkeypatch):
    everything = DCBAppendCondition(after=1)

    outcomes = in_one_group(store, [([event("t")], everything), ([event("t")], everything)], monkeypatch)

    assert shown(outcomes) == [2, "Conflict"]


def test_who_breaks_the_format_fails_alone_and_leaves_nothing_of_its_batch(store: Store, monkeypatch):
    outcomes = in_one_group(
        store,
        [
            ([event("t", "a")], None),
            ([event("t", "b"), event("", "b")], None),
            ([event("t", "b")], unless("b", 0)),
        ],
        monkeypatch,
    )

    assert shown(outcomes) == [2, "Malformed", 3]
    assert store.length() == 3
    assert_holds(store)


def test_what_nobody_foresaw_is_raised_to_whom_it_concerns(store: Store, monkeypatch):
    no_bytes = DCBEvent("t", cast("bytes", 7), [])
    gate = Gate(store, monkeypatch)
    with ThreadPool(3) as threads:
        first = threads.apply_async(store.append, [[event()]])
        gate.wait_for(0)
        good = threads.apply_async(store.append, [[event()]])
        gate.wait_for(1)
        bad = threads.apply_async(store.append, [[no_bytes]])
        gate.wait_for(2)
        gate.open()

        assert (first.get(PATIENCE), good.get(PATIENCE)) == (1, 2)
        with pytest.raises(TypeError):
            bad.get(PATIENCE)
    assert store.length() == 2
    assert_holds(store)


def test_an_error_of_the_store_is_everybody_s_but_who_would_have_failed_anyway(file_url, monkeypatch):
    outcomes = elsewhere(group_without_room, file_url)

    assert outcomes == ["StoreFull", "Malformed", "StoreFull", "Conflict", "StoreFull"]
    with open_store(file_url) as store:
        assert store.length() == 2
        assert store.append([event()]) == 3
        assert_holds(store)


def group_without_room(url: str) -> list[str | int]:
    """A group that finds no room on the disk, which was there for the one before."""
    with open_store(url) as store, pytest.MonkeyPatch.context() as monkeypatch:
        store.append([event("t", "a")])
        grouping = vars(store)["_grouping"]
        write = vars(grouping)["_write"]

        def with_room_for_one(wishes: Sequence[Wish]) -> list[Outcome]:
            if len(wishes) > 1:
                size = path_of(url).with_name("log.db-wal").stat().st_size
                resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
            try:
                outcomes: list[Outcome] = write(wishes)
                return outcomes
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

        monkeypatch.setattr(grouping, "_write", with_room_for_one)
        large = event("t", "b", data=b"x" * 5000)
        outcomes = in_one_group(
            store,
            [
                ([large], None),
                ([event("")], None),
                ([large], unless("c", 0)),
                ([large], unless("a", 0)),
                # It conflicts with what was not written.
                ([large], unless("b", 0)),
            ],
            monkeypatch,
        )
        assert all("disk I/O error" in str(one) for one in outcomes if isinstance(one, StoreFull))
        return shown(outcomes)


@pytest.mark.needs("initdb")
def test_when_an_outcome_is_unknown_all_of_the_group_are_told_so(service_url: str, monkeypatch):
    with open_store(service_url) as store:
        appending = vars(store)["_appending"]
        append = appending.append

        def cut_off(wishes: Sequence[Wish]) -> list[Outcome]:
            outcomes: list[Outcome] = append(wishes)
            if len(wishes) > 1:
                raise OutcomeUnknown("the server", "the connection ended")
            return outcomes

        monkeypatch.setattr(appending, "append", cut_off)
        outcomes = in_one_group(store, [([event("t", "a")], None), ([event("")], None), ([event()], None)], monkeypatch)

        assert shown(outcomes) == ["OutcomeUnknown", "Malformed", "OutcomeUnknown"]
        assert outcomes[0] is not outcomes[2]


@pytest.mark.parametrize("kind", ["file", POSTGRES])
def test_many_threads_lose_and_double_nothing(kind: str, request, monkeypatch):
    appends = 15
    with open_store(url_of(kind, request)) as store, ThreadPool(THREADS) as threads:
        gate = Gate(store, monkeypatch)
        making = threads.starmap_async(append_marked, [(store, n, appends) for n in range(THREADS)], chunksize=1)
        gate.wait_for(THREADS - 1)
        gate.open()
        made = making.get(PATIENCE)

        entries = [*store.scan()]
        assert sorted(chain.from_iterable(made)) == [(one.position, one.leaf, one.payload) for one in entries]
        assert [one.position for one in entries] == [*range(1, len(entries) + 1)]
        assert (gate.groups[0], gate.groups[1] >= THREADS - 1) == (1, True)
        assert_holds(store)


def append_marked(store: Store, thread: int, appends: int) -> list[tuple[int, bytes, bytes]]:
    """Append so many, each on condition that the thread's one before is its last."""
    chance, tag, last = random.Random(thread), f"thread:{thread}", 0
    made = []
    for number in range(appends):
        marks = [b"%d/%d/%d" % (thread, number, part) for part in range(chance.choice([1, 1, 1, 3]))]
        events = [event("t", tag, f"busy:{chance.randrange(3)}", data=mark) for mark in marks]
        if last:
            with pytest.raises(Conflict):
                store.append(events, unless(tag, last - 1))
        entries = store.append_entries(events, unless(tag, last))
        last = entries[-1].position
        made += [(one.position, one.leaf, one.payload) for one in entries]
    return made


def test_a_writer_killed_in_the_middle_of_a_group_has_written_what_it_acknowledged(shared_url):
    acknowledged: list[tuple[int, str]] = []
    for _ in range(3):
        with program("acknowledge_together", shared_url, 8) as writer:
            assert writer.stdout is not None
            said = "".join(writer.stdout.readline() for _ in range(40))
            writer.kill()
            said += writer.stdout.read()
        acknowledged += acknowledged_in(said)
        with open_store(shared_url) as store:
            assert len(acknowledged) >= 40
            assert {*acknowledged} <= {(entry.position, entry.leaf.hex()) for entry in store.scan()}
            assert_holds(store)


# Who does not wait to the end.


class Interrupted(Exception):
    pass


@pytest.fixture
def alarm() -> Iterator[Callable[[], None]]:
    """Breaks off what the main thread does."""

    def break_off(*_: object) -> None:
        raise Interrupted

    usual = signal.signal(signal.SIGALRM, break_off)
    ident = main_thread().ident
    assert ident is not None
    yield partial(signal.pthread_kill, ident, signal.SIGALRM)
    signal.signal(signal.SIGALRM, usual)


def test_who_is_interrupted_before_it_is_their_turn_has_written_nothing(store: Store, alarm, monkeypatch):
    gate = Gate(store, monkeypatch)
    with ThreadPool(3) as threads:
        first = threads.apply_async(store.append, [[event("first.v1")]])
        gate.wait_for(0)

        def interrupt() -> int:
            gate.wait_for(1)
            third = threads.apply_async(store.append, [[event("third.v1")]])
            gate.wait_for(2)
            alarm()
            gate.wait_for(1)
            gate.open()
            return third.get(PATIENCE)

        interrupting = threads.apply_async(interrupt)
        with pytest.raises(Interrupted):
            store.append([event("second.v1")])

        assert (first.get(PATIENCE), interrupting.get(PATIENCE)) == (1, 2)
    assert [entry.header.type for entry in store.scan()] == ["first.v1", "third.v1"]


def test_who_is_interrupted_while_it_is_written_has_written_it_once(store: Store, alarm, monkeypatch):
    gate = Gate(store, monkeypatch)
    written = Event()
    with ThreadPool(2) as threads:
        first = threads.apply_async(store.append, [[event("first.v1")]])
        gate.wait_for(0)

        def interrupt() -> None:
            gate.wait_for(1)
            write = gate.write

            def interrupted(wishes: Sequence[Wish]) -> list[Outcome]:
                if not written.is_set() and get_ident() != main_thread().ident:
                    alarm()
                assert written.wait(PATIENCE)
                return write(wishes)

            monkeypatch.setattr(vars(store)["_grouping"], "_write", interrupted)
            gate.open()

        interrupting = threads.apply_async(interrupt)
        with pytest.raises(Interrupted):
            store.append([event("second.v1")])
        written.set()
        interrupting.get(PATIENCE)
        first.get(PATIENCE)
    until(lambda: store.length() == 2)

    assert [entry.header.type for entry in store.scan()] == ["first.v1", "second.v1"]
    assert store.append([event("third.v1")]) == 3


def test_who_is_interrupted_while_writing_lets_the_others_go_on(store: Store, alarm, monkeypatch):
    grouping = vars(store)["_grouping"]
    write = vars(grouping)["_write"]
    with ThreadPool(1) as threads:
        second: list[AsyncResult[int]] = []

        def interrupted(wishes: Sequence[Wish]) -> list[Outcome]:
            if get_ident() == main_thread().ident:
                second.append(threads.apply_async(store.append, [[event("second.v1")]]))
                until(lambda: bool(vars(grouping)["_waiting"]))
                raise Interrupted
            outcomes: list[Outcome] = write(wishes)
            return outcomes

        monkeypatch.setattr(grouping, "_write", interrupted)
        with pytest.raises(Interrupted):
            store.append([event("first.v1")])

        assert second[0].get(PATIENCE) == 1
    assert store.length() == 1


def test_who_waits_for_too_long_is_told_so_and_has_written_nothing(store: Store, monkeypatch):
    monkeypatch.setattr(vars(store)["_grouping"], "_seconds", 0.05)
    gate = Gate(store, monkeypatch)
    with ThreadPool(1) as threads:
        first = threads.apply_async(store.append, [[event("first.v1")]])
        gate.wait_for(0)
        with pytest.raises(Busy):
            store.append([event("second.v1")])
        gate.open()

        assert first.get(PATIENCE) == 1
    assert store.append([event("third.v1")]) == 2


def test_closing_waits_until_all_is_written(shared_url: str, monkeypatch):
    store = open_store(shared_url)
    gate = Gate(store, monkeypatch)
    with ThreadPool(6) as threads:
        waiting = [threads.apply_async(store.append, [[event()]]) for _ in range(5)]
        gate.wait_for(4)
        closing = Thread(target=store.close)
        closing.start()
        gate.open()
        closing.join(PATIENCE)

        assert store.length() == 5
        assert sorted(one.get(PATIENCE) for one in waiting) == [1, 2, 3, 4, 5]
    assert store.append([event()]) == 6
    store.close()


def test_a_process_forked_while_others_wait_writes_by_itself(shared_url: str):
    assert elsewhere(fork_while_a_group_waits, shared_url) == 0


def fork_while_a_group_waits(url: str) -> int:
    """Fork while two threads wait for one that writes; gives how the child ended, who wrote for itself."""
    with open_store(url) as store, pytest.MonkeyPatch.context() as monkeypatch, ThreadPool(3) as threads:
        gate = Gate(store, monkeypatch)
        waiting = [threads.apply_async(store.append, [[event("parent.v1")]]) for _ in range(3)]
        gate.wait_for(2)
        child = os.fork()
        if child == 0:
            gate.open()
            os._exit(0 if store.append([event("child.v1")]) == 1 else 1)
        _, status = os.waitpid(child, 0)
        gate.open()
        assert sorted(one.get(PATIENCE) for one in waiting) == [2, 3, 4]
        assert next(iter(store.read())) == stored(event("child.v1"), 1)
        return status
