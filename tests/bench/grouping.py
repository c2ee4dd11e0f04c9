"""What callers gain who append at the same time: 32 threads of one process against one, on both engines.

    python tests/bench/grouping.py

Each append is of one event, under a condition, and is on disk when it returns.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from itertools import chain
from multiprocessing.pool import ThreadPool
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from threading import Barrier
from time import perf_counter, process_time
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[2]))

from eventsourcing.dcb.api import DCBAppendCondition, DCBEvent, DCBQuery, DCBQueryItem

from ledger.storage import Store, create_store, utc_now
from ledger.storage.growing import Wish
from ledger.storage.postgres import PostgresStore
from ledger.storage.sqlite import SQLiteStore
from tests import postgres
from tests.bench.measure import Figure, compared, in_turns
from tests.bench.workload import Office

CALLERS, ROUNDS = 32, 7
# So many appends of each caller in a round; one alone makes as many as a few of them.
EACH, ALONE = 25, 200
LONE_ROUNDS, LONE = 40, 25


class Round(NamedTuple):
    """Appends a second, how long one of them took for most callers, and the share of the time a processor was busy."""

    rate: float
    slow: float
    busy: float


class Callers:
    """Callers of one store, each with events of its own."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._offices = [Office(seed) for seed in range(CALLERS)]

    def round(self, threads: ThreadPool, callers: int, appends: int) -> Round:
        """Append so many events by each of so many callers at the same time."""
        work = [office.events(appends) for office in self._offices[:callers]]
        gate = Barrier(callers + 1)
        made = threads.starmap_async(self._append, [(gate, events) for events in work], chunksize=1)
        gate.wait()
        begun, used = perf_counter(), process_time()
        walls = sorted(chain.from_iterable(made.get()))
        took = perf_counter() - begun
        return Round(callers * appends / took, walls[len(walls) * 99 // 100], (process_time() - used) / took)

    def _append(self, gate: Barrier, events: Sequence[DCBEvent]) -> list[float]:
        last = self._store.head().position
        gate.wait()
        return [*self._timed(events, last)]

    def _timed(self, events: Sequence[DCBEvent], last: int) -> Iterator[float]:
        for event in events:
            # The callers' events are about the same people now and then, but of another kind.
            query = DCBQuery([DCBQueryItem(["request.closed.v1"], [tag]) for tag in event.tags])
            begun = perf_counter()
            last = self._store.append([event], DCBAppendCondition(query, last))
            yield perf_counter() - begun


def together(store: Store, what: str, promised: str) -> Figure:
    """Appends a second by 32 callers, against those by one, in turns."""
    callers = Callers(store)
    with ThreadPool(CALLERS) as threads:
        callers.round(threads, CALLERS, EACH)
        pairs = [(callers.round(threads, 1, ALONE), callers.round(threads, CALLERS, EACH)) for _ in range(ROUNDS)]
    low, _, high = quantiles([many.rate / one.rate for one, many in pairs], n=4)
    one, many = ([median(of) for of in zip(*rounds, strict=True)] for rounds in zip(*pairs, strict=True))
    detail = (
        f"{many[0]:,.0f} appends a second by {CALLERS} (99 of 100 within {many[1] * 1e3:.1f} ms, processor "
        f"{many[2]:.0%}), {one[0]:,.0f} by one ({one[1] * 1e3:.1f} ms, {one[2]:.0%}); quartiles {low:.2f} to {high:.2f}"
    )
    return Figure(
        f"{what}: appends by {CALLERS} callers / by one",
        median(many.rate / one.rate for one, many in pairs),
        promised,
        detail,
    )


def alone(store: SQLiteStore | PostgresStore, what: str) -> Figure:
    """An append by somebody who is alone, in turns with one that could not have been shared with others."""
    events = iter(Office().events(2 * LONE_ROUNDS * LONE))

    def wish() -> Wish:
        event = next(events)
        query = DCBQuery([DCBQueryItem(["request.closed.v1"], [tag]) for tag in event.tags])
        return Wish([event], DCBAppendCondition(query, 0))

    ratio = in_turns(lambda: store._grouping.append(wish()), lambda: store._write([wish()]), LONE_ROUNDS, LONE)
    return Figure(f"{what}: append by one caller / not shared", ratio.ratio, ">= 0.95", compared(ratio, "not shared"))


def on_sqlite(folder: Path) -> Iterator[Figure]:
    """The figures on SQLite."""
    url = f"sqlite:///{folder / 'callers.db'}"
    create_store(url)
    with SQLiteStore.in_file(folder / "callers.db", utc_now) as store:
        yield together(store, "SQLite", ">= 2.5")
        yield alone(store, "SQLite")


def on_postgres(server: postgres.Server) -> Iterator[Figure]:
    """The figures on a PostgreSQL server."""
    with server.ledger() as url, PostgresStore.at(url, utc_now) as store:
        yield together(store, "PostgreSQL", ">= 4")
        yield alone(store, "PostgreSQL")


def figures() -> Iterator[Figure]:
    """The figures of each engine that is there."""
    with TemporaryDirectory(prefix="dua-bench-", dir=os.environ.get("DUA_BENCH_DIR")) as name:
        yield from on_sqlite(Path(name))
    if postgres.program("initdb") is not None:
        with postgres.server("shared_buffers=256MB") as server:
            yield from on_postgres(server)


if __name__ == "__main__":
    for figure in figures():
        print(figure.told())
