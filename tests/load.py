"""Many writers and followers in several processes, who go on whatever happens to the server, and remember all of it."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing.pool import ThreadPool
from threading import Barrier
from time import monotonic
from typing import NamedTuple

from eventsourcing.dcb.api import DCBAppendCondition

from ledger.errors import Conflict, OutcomeUnknown, Unavailable
from ledger.storage import Store, open_store
from tests.stores import CAMPAIGN, assert_holds, event, tagged
from tests.writers import forking

PROCESSES = 4
THREADS = 4
LONGEST = 900.0 if CAMPAIGN else 120.0  # seconds until the load gives up


class Acknowledged(NamedTuple):
    """An append that was acknowledged: where, with which leaf, and what it said."""

    position: int
    leaf: bytes
    mark: bytes


class Load(NamedTuple):
    """What was acknowledged to all writers, what each follower was given, and how often nobody knew."""

    acknowledged: list[Acknowledged]
    followed: list[list[tuple[int, bytes]]]
    unknown: int
    refused: int


class Written(NamedTuple):
    acknowledged: list[Acknowledged]
    unknown: int
    refused: int


def write(url: str, process: int, appends: int) -> Written:
    """Have several threads append so many entries each, under conditions, through one store."""
    with opened(url) as store, ThreadPool(THREADS) as threads:
        gate = Barrier(THREADS)
        made = threads.starmap(_write, [(store, gate, f"{process}.{n}", appends) for n in range(THREADS)], chunksize=1)
    return Written(
        [one for written in made for one in written.acknowledged],
        sum(written.unknown for written in made),
        sum(written.refused for written in made),
    )


def opened(url: str) -> Store:
    """The store, once the server is there."""
    deadline = monotonic() + LONGEST
    while True:
        try:
            return open_store(url)
        except Unavailable:
            assert monotonic() < deadline, "the server never came"


def _write(store: Store, gate: Barrier, name: str, appends: int) -> Written:
    """Append one after the other; who is told that nobody knows looks whether it is there."""
    gate.wait()
    acknowledged: list[Acknowledged] = []
    unknown = refused = 0
    tag, deadline = f"writer:{name}", monotonic() + LONGEST
    while len(acknowledged) < appends:
        assert monotonic() < deadline, "the load never came to its end"
        last = acknowledged[-1].position if acknowledged else 0
        mark = b"%b/%d" % (name.encode(), len(acknowledged))
        try:
            # Nobody else writes with this tag: what is in its way can only be an append that nobody answered for.
            found = list(store.scan(tagged(tag), last))
            if not found:
                condition = DCBAppendCondition(tagged(tag), last)
                found = store.append_entries([event("load.carried.v1", tag, "all", data=mark)], condition)
        except OutcomeUnknown:
            unknown += 1
        except (Unavailable, Conflict):
            refused += 1
        else:
            (entry,) = found
            assert entry.payload == mark
            acknowledged.append(Acknowledged(entry.position, entry.leaf, mark))
    return Written(acknowledged, unknown, refused)


def follow(url: str, count: int) -> list[tuple[int, bytes]]:
    """The first so many entries as a follower is given them, who follows anew from there when the server is gone."""
    seen: list[tuple[int, bytes]] = []
    deadline = monotonic() + LONGEST
    while len(seen) < count:
        assert monotonic() < deadline, "the load never came to its end"
        try:
            with open_store(url) as store, store.subscribe(after=len(seen)) as subscription:
                while len(seen) < count:
                    entry = subscription.next_entry()
                    seen.append((entry.position, entry.leaf))
        except Unavailable:
            continue
    return seen


@contextmanager
def load(url: str, appends: int) -> Iterator[Callable[[], Load]]:
    """Keep a server busy with 16 writers in 4 processes and 2 followers; what is given waits for its end."""
    total = appends * PROCESSES * THREADS
    with ProcessPoolExecutor(PROCESSES + 2, forking()) as pool:
        following = [pool.submit(follow, url, total) for _ in range(2)]
        writing = [pool.submit(write, url, process, appends) for process in range(PROCESSES)]

        def end() -> Load:
            return _outcome(writing, following)

        try:
            yield end
        except BaseException:
            # Nobody waits for them any more.
            for process in pool._processes.values():
                process.kill()
            raise


def _outcome(writing: Sequence[Future[Written]], following: Sequence[Future[list[tuple[int, bytes]]]]) -> Load:
    written = [one.result() for one in writing]
    return Load(
        [one for each in written for one in each.acknowledged],
        [one.result() for one in following],
        sum(one.unknown for one in written),
        sum(one.refused for one in written),
    )


def assert_carried(store: Store, carried: Load) -> None:
    """Everything acknowledged is there, once, and nothing else; no follower missed anything; an auditor agrees."""
    entries = [(entry.position, entry.leaf, entry.payload) for entry in store.scan()]
    assert entries == sorted(carried.acknowledged)
    assert [position for position, _, _ in entries] == list(range(1, len(entries) + 1))
    for followed in carried.followed:
        assert followed == [(position, leaf) for position, leaf, _ in entries]
    assert_holds(store)
