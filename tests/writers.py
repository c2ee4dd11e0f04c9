"""Writers in processes of their own, and what they remember of it.

Run as a program, with a command and a store's URL, they can be stopped, traced and killed:

    acknowledge URL SEED [COUNT]   make the store, append batches, and print each once it is acknowledged
    stop URL                       append one entry, and stop as by SIGSTOP while holding the writers' lock
    append URL                     append one entry
"""

import os
import random
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime
from functools import partial
from itertools import count, islice
from multiprocessing import get_context
from multiprocessing.context import ForkServerContext
from multiprocessing.pool import ThreadPool
from multiprocessing.synchronize import Barrier
from pathlib import Path
from socket import socket, socketpair
from subprocess import PIPE, Popen
from time import monotonic
from typing import NamedTuple, NoReturn, TypeVar

from eventsourcing.dcb.api import DCBAppendCondition, DCBEvent

from ledger.errors import Conflict, LedgerError
from ledger.storage import Store, create_store, open_store, utc_now
from ledger.storage.turn import Turn
from tests.stores import PATIENCE, event, tagged

TOP = Path(__file__).parents[1]
ACCOUNTS = [f"account:{number}" for number in range(1, 13)]

Outcome = TypeVar("Outcome")
_gates: list[Barrier] = []


def forking() -> ForkServerContext:
    """Processes that share nothing with this one, from a server that has read their modules once for all of them."""
    context = get_context("forkserver")
    context.set_forkserver_preload(["tests.writers", "tests.clerks"])
    return context


def at_once(calls: Sequence[Callable[[], Outcome]]) -> list[Outcome]:
    """What these calls give, each made in a new process; `meet` lets them begin together."""
    context = forking()
    gate = context.Barrier(len(calls))
    with ProcessPoolExecutor(len(calls), mp_context=context, initializer=_meet_at, initargs=(gate,)) as pool:
        return [one.result() for one in [pool.submit(call) for call in calls]]


def _meet_at(gate: Barrier) -> None:
    _gates.append(gate)


def meet() -> None:
    """Wait until all processes have come so far."""
    _gates[-1].wait(PATIENCE)


def elsewhere(call: Callable[..., Outcome], *arguments: object) -> Outcome:
    """What `call` gives in a new process that has no other thread."""
    with ProcessPoolExecutor(1, mp_context=forking()) as pool:
        return pool.submit(call, *arguments).result(PATIENCE)


def program(command: str, *arguments: object, before: Sequence[str] = ()) -> "Popen[str]":
    """One of the commands above, running."""
    words = [*before, sys.executable, "-m", "tests.writers", command, *map(str, arguments)]
    return Popen(words, cwd=TOP, stdout=PIPE, text=True)


class Attempt(NamedTuple):
    """An append as its writer remembers it: what it wished, what was acknowledged or why not, how long it waited."""

    account: str
    after: int
    marks: list[bytes]
    acknowledged: Sequence[tuple[int, bytes]] = ()
    newer: int | None = None
    waited: float = 0.0


class LockWatch(threading.local):
    """A clock that remembers for each thread when it was asked: under the lock."""

    asked = 0.0

    def __call__(self) -> datetime:
        self.asked = monotonic()
        return utc_now()


def contend_for(url: str, writer: int, appends: int) -> list[Attempt]:
    """Contend from a process of its own, beginning together with the others."""
    watch = LockWatch()
    with open_store(url, watch) as store:
        store.head()
        meet()
        return contend(store, watch, writer, appends)


def contend(store: Store, watch: LockWatch, writer: int, appends: int) -> list[Attempt]:
    """So many appends under conditions, tried until they are acknowledged; some rest on what was read a while ago."""
    chance = random.Random(writer)
    known, made = 0, []
    for number in range(appends):
        account = chance.choice(ACCOUNTS)
        marks = [b"%d/%d/%d" % (writer, number, part) for part in range(chance.choice([1, 1, 1, 2, 5]))]
        if chance.random() < 0.8:
            known = store.head().position
        made.append(_attempt(store, watch, writer, Attempt(account, known, marks)))
        while made[-1].newer is not None:
            known = store.head().position
            made.append(_attempt(store, watch, writer, Attempt(account, known, marks)))
    return made


def _attempt(store: Store, watch: LockWatch, writer: int, wish: Attempt) -> Attempt:
    events = [event("money.moved.v1", wish.account, f"writer:{writer}", data=mark) for mark in wish.marks]
    begun = monotonic()
    try:
        entries = store.append_entries(events, DCBAppendCondition(tagged(wish.account), wish.after))
    except Conflict as conflict:
        return wish._replace(newer=conflict.position, waited=monotonic() - begun)
    acknowledged = [(entry.position, entry.leaf) for entry in entries]
    return wish._replace(acknowledged=acknowledged, waited=watch.asked - begun)


def append_each(url: str, events: Iterable[DCBEvent]) -> list[int]:
    """Append these events one by one."""
    with open_store(url) as store:
        return [store.append([event]) for event in events]


def append_together(url: str, events: Iterable[DCBEvent]) -> list[int]:
    """Append these events one by one, beginning together with the others."""
    with open_store(url) as store:
        store.head()
        meet()
        return [store.append([event]) for event in events]


def append_in_halves(url: str, events: Sequence[DCBEvent]) -> list[int]:
    """Append these events one by one, the second half once those who read have seen the log without it."""
    half = len(events) // 2
    with open_store(url) as store:
        meet()
        positions = [store.append([event]) for event in events[:half]]
        meet()
        return positions + [store.append([event]) for event in events[half:]]


def come_and_go(url: str, times: int) -> list[int]:
    """Open the store for each append anew, so that now and then the last to leave tidies up."""
    meet()
    return [append_each(url, [event()])[0] for _ in range(times)]


def create_and_append(url: str) -> list[int]:
    """Make the store, whoever else does, and append to it."""
    meet()
    create_store(url)
    return append_each(url, [event()])


def read_while_written(url: str, size: int) -> list[int]:
    """Read the log until it has this size, each time as one state of it; gives the sizes that it had.

    The first time it is read beside those who append in halves, and the other half waits for that.
    """
    sizes: list[int] = []
    with open_store(url) as store:
        meet()
        while (head := store.head()).position < size:
            entries = list(store.scan(until=head.position))
            leaves = [bytes(32), *(entry.leaf for entry in entries)]
            assert [entry.position for entry in entries] == list(range(1, head.position + 1))
            assert [entry.header.prev for entry in entries] == [leaf.hex() for leaf in leaves[:-1]]
            assert leaves[-1] == head.leaf
            found = list(store.scan(tagged("odd", "all"), until=head.position))
            assert found == [entry for entry in entries if "odd" in entry.header.tags]
            sizes.append(head.position)
            if len(sizes) == 1:
                meet()
    return sizes


def write_on_both_sides_of_a_fork(url: str) -> list[int]:
    """Append by turns with a forked child, which has the last word when this process has closed its store."""
    mine, childs = socketpair()
    with open_store(url) as store:
        positions = [store.append([event("parent.v1")])]
        child = os.fork()
        if child == 0:
            exit_with(partial(write_behind_a_fork, store, childs))
        for _ in range(2):
            mine.recv(1)
            positions.append(store.append([event("parent.v1")]))
            mine.send(b".")
        mine.recv(1)
    mine.send(b".")
    assert os.waitpid(child, 0) == (child, 0)
    return positions


def write_behind_a_fork(store: Store, parent: socket) -> None:
    positions = [store.append([event("child.v1")])]
    for _ in range(3):
        positions.append(store.append([event("child.v1")]))
        parent.send(b".")
        parent.recv(1)
    positions.append(store.append([event("child.v1")]))
    assert positions == [2, 3, 5, 7, 8]
    assert [entry.position for entry in store.scan()] == list(range(1, 9))


def fork_while_in_use(url: str) -> list[str]:
    """Fork in the middle of a long read; gives what the child got when it used the store, and opened another."""
    results, childs = socketpair()
    with open_store(url) as store:
        store.append([event()] * 300)
        reading = store.indexed_tags(0, 300)
        next(reading)
        child = os.fork()
        if child == 0:
            exit_with(
                lambda: childs.send("\n".join([error_of(store.head), error_of(lambda: open_store(url))]).encode())
            )
        assert os.waitpid(child, 0) == (child, 0)
        assert len(list(reading)) == store.indexed_up_to(300) - 1
        assert store.append([event()]) == 301
    return results.recv(1000).decode().split("\n")


def fork_while_holding(turn: Path) -> None:
    """Fork while holding the lock: it is given back although the child lives on."""
    mine, childs = socketpair()
    with Turn(turn, PATIENCE):
        child = os.fork()
        if child == 0:
            exit_with(lambda: childs.recv(1))
    with Turn(turn, PATIENCE):
        mine.send(b".")
    assert os.waitpid(child, 0) == (child, 0)


def leave_in_a_fork(path: Path) -> str:
    """Fork while holding the lock, and have the child leave it; gives what a third gets who wants the lock then."""
    turn = Turn(path, PATIENCE)
    with turn:
        child = os.fork()
        if child == 0:
            exit_with(lambda: turn.__exit__(None, None, None))
        assert os.waitpid(child, 0) == (child, 0)
        return error_of(Turn(path, 0.1).__enter__)


def exit_with(call: Callable[[], object]) -> NoReturn:
    """End a forked process, with 0 when the call succeeds."""
    status = 1
    try:
        call()
        status = 0
    finally:
        os._exit(status)


def error_of(call: Callable[[], object]) -> str:
    try:
        call()
    except LedgerError as error:
        return f"{type(error).__name__}: {error}"
    return "no error"


def batches(seed: int) -> Iterable[list[DCBEvent]]:
    """Batches of all sizes, small and large; each event says which batch it is part of, and how large that is."""
    chance = random.Random(seed)
    for number in count():
        size = chance.choice([1, 1, 2, 4, 70])
        padding = b"x" * chance.choice([0, 100, 60_000 // size])
        yield [event("t", f"batch:{seed}/{number}", data=b"%d %b" % (size, padding)) for _ in range(size)]


def acknowledge(url: str, seed: str, limit: str = "") -> None:
    create_store(url)
    with open_store(url) as store:
        for batch in islice(batches(int(seed)), int(limit) if limit else None):
            entries = store.append_entries(batch)
            os.write(1, (" ".join(f"{entry.position}:{entry.leaf.hex()}" for entry in entries) + "\n").encode())


def acknowledge_together(url: str, threads: str) -> None:
    """Append for ever by several threads, and say of each entry where it is once it is there."""
    with open_store(url) as store, ThreadPool(int(threads)) as pool:

        def append_on(thread: int) -> None:
            for number in count():
                (entry,) = store.append_entries([event("t", f"thread:{thread}", data=b"%d" % number)])
                os.write(1, f"{entry.position}:{entry.leaf.hex()}\n".encode())

        pool.map(append_on, range(int(threads)), chunksize=1)


def stop(url: str) -> None:
    def clock() -> datetime:
        signal.raise_signal(signal.SIGSTOP)
        return utc_now()

    with open_store(url, clock) as store:
        store.append([event("stopped.v1")])


def append(url: str) -> None:
    append_each(url, [event("appended.v1")])


if __name__ == "__main__":
    commands: dict[str, Callable[..., None]] = {
        "acknowledge": acknowledge,
        "acknowledge_together": acknowledge_together,
        "stop": stop,
        "append": append,
    }
    commands[sys.argv[1]](*sys.argv[2:])
