"""`make bench-scale`: what a ledger costs as it grows, at each power of ten up to 10,000,000 entries.

    python tests/bench/scale.py [--size N]

At each of them append, decision, holders and proof are taken in turns with the same in a log of 10,000 entries, so that
what else the machine does is the same for both. Prints a table, and writes it to tests/bench/scale.json and, as a
chart, to tests/bench/scale.svg.
"""

import argparse
import json
import os
import platform
import random
import sqlite3
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from multiprocessing import get_context
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any, NamedTuple, TypeVar

sys.path.insert(0, str(Path(__file__).parents[2]))

from api.desk import Desk
from ledger.chain.merkle import inclusion_path
from ledger.evidence.verify import verify_log
from ledger.storage import create_store, open_store
from ledger.storage.sqlite import SETTINGS
from projections.upkeep import Upkeep
from projections.views import answers
from tests.bench import decision, views
from tests.bench.chart import Panel, chart
from tests.bench.measure import Ratio, in_turns
from tests.bench.workload import Office
from tests.facts import ledger_on, noon
from tests.office import HOUSE, written

SMALLEST, LARGEST = 10_000, 10_000_000
ROUNDS, CALLS, HOLDERS = 10, 4, 20
DAY = date(2026, 11, 21)
TABLE, CHART = Path(__file__).with_name("scale.json"), Path(__file__).with_name("scale.svg")

Result = TypeVar("Result")


class Apart(NamedTuple):
    """What something took in a process of its own: seconds, and at most so many MB of memory in one process."""

    seconds: float
    megabytes: float


class Step(NamedTuple):
    """What a log of so many entries costs; ratios are to one of 10,000."""

    size: int
    operations: dict[str, Ratio]
    verify: Apart
    rebuild: Apart
    log_bytes: int
    view_bytes: int
    megabytes: float
    load: float

    def told(self) -> Iterator[str]:
        """The step, line by line."""
        yield f"{self.size:,} entries (load of the machine {self.load:.1f})"
        for name, ratio in self.operations.items():
            yield (
                f"    {name:10} {ratio.ours.median * 1e6:10,.0f} µs, {1 / ratio.ratio:.2f} times that at {SMALLEST:,}"
                f" (quartiles {1 / ratio.high:.2f} to {1 / ratio.low:.2f}; processor {ratio.ours.cpu_share:.0%})"
            )
        for name, apart in (("verify", self.verify), ("rebuild", self.rebuild)):
            rate = self.size / apart.seconds
            yield f"    {name:10} {apart.seconds:10,.1f} s, {rate:,.0f} entries a second, {apart.megabytes:,.0f} MB"
        log, view = self.log_bytes / self.size, self.view_bytes / self.size
        yield f"    on disk    {log:,.0f} bytes an entry in the log, {view:,.0f} in the views"
        yield f"    memory     {self.megabytes:,.0f} MB at most, of the process that does all but verify and rebuild"

    def figures(self) -> dict[str, Any]:
        """The same for a file."""
        operations = {
            name: {
                "microseconds": round(ratio.ours.median * 1e6, 1),
                "times_the_smallest": round(1 / ratio.ratio, 3),
                "quartiles": [round(1 / ratio.high, 3), round(1 / ratio.low, 3)],
            }
            for name, ratio in self.operations.items()
        }
        apart = {"verify": self.verify._asdict(), "rebuild": self.rebuild._asdict()}
        return {**self._asdict(), "operations": operations, **apart}


class Log:
    """A ledger that grows, and what is asked of it: all about what was recorded lately."""

    def __init__(self, folder: Path, name: str) -> None:
        self.path, self.views = folder / f"{name}.db", folder / f"{name}-views.db"
        self.url = f"sqlite:///{self.path}"
        create_store(self.url)
        self.store = open_store(self.url, noon)
        self.ledger = ledger_on(self.store, noon)
        self.upkeep, self.desk = Upkeep(self.views, self.ledger), Desk(self.ledger, noon)
        self._office, self._chance = Office(), random.Random(1)
        self._requests = 0
        once, self._each = decision.parted()
        written(once, self.ledger)

    def grow(self, size: int) -> None:
        """Append until there are so many entries, and what is needed for the operations: requests, and holders."""
        views.fill(self.store, self._office, size)
        first, self._requests = self._requests, self._requests + ROUNDS * CALLS
        for number in range(first, self._requests):
            written([decision.of(number, fact) for fact in self._each], self.ledger)
        self._data_set = f"D-held-{size}"
        for number in range(HOLDERS // 2):
            self.store.append_entries(views.life(100 * size + number, self._data_set))
        self._acts = iter([decision.wish(number) for number in range(first, self._requests)])

    def append(self) -> None:
        """One event, durably."""
        self.store.append_entries(self._office.events(1))

    def decide(self) -> None:
        """Authorise a release to ten, of a request at which nobody has looked before."""
        assert not self.desk.act(next(self._acts), HOUSE).refused

    def holders(self) -> None:
        """Who holds a data set that twenty hold."""
        rows = self.upkeep.ask(lambda connection: answers.holders(connection, self._data_set, "identified", DAY)).rows
        assert len(rows) == HOLDERS, len(rows)

    def prove(self) -> None:
        """That an entry, one of all there are, is in the log."""
        size = self.store.length()
        inclusion_path(self._chance.randrange(size), size, self.store.subtree)


def rebuild(log: str, path: str) -> None:
    """Make the views anew."""
    with open_store(log) as store:
        Upkeep(Path(path), ledger_on(store)).rebuild()


def verify(log: str, processes: int) -> None:
    """Verify the whole log."""
    with open_store(log) as store:
        report = verify_log(store, url=log, processes=processes)
        assert not report.findings, report.findings[:3]


def apart(task: Callable[..., None], *arguments: object) -> Apart:
    """What a task takes in a process of its own."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(_measured, task, *arguments).result()


def _measured(task: Callable[..., None], *arguments: object) -> Apart:
    begun = perf_counter()
    task(*arguments)
    seconds = perf_counter() - begun
    return Apart(round(seconds, 3), max(getrusage(who).ru_maxrss for who in (RUSAGE_SELF, RUSAGE_CHILDREN)) / 1024)


def step(large: Log, small: Log, size: int) -> Step:
    """Let one log grow, and measure it beside the other."""
    print(f"Growing to {size:,} entries", file=sys.stderr)
    large.grow(size)
    small.grow(SMALLEST)
    rebuilt = apart(rebuild, large.url, str(large.views))
    operations = {
        "append": in_turns(large.append, small.append, 4 * ROUNDS, 25),
        "decision": in_turns(large.decide, small.decide, ROUNDS, CALLS),
        "holders": in_turns(large.holders, small.holders, 4 * ROUNDS, 5),
        "proof": in_turns(large.prove, small.prove, 4 * ROUNDS, 25),
    }
    return Step(
        large.store.length(),
        operations,
        apart(verify, large.url, os.cpu_count() or 1),
        rebuilt,
        large.path.stat().st_size,
        large.views.stat().st_size,
        getrusage(RUSAGE_SELF).ru_maxrss / 1024,
        round(os.getloadavg()[0], 1),
    )


def report(steps: list[Step]) -> None:
    """Write the figures and their chart."""
    machine = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "settings": list(SETTINGS),
        "steps": [one.figures() for one in steps],
    }
    TABLE.write_text(json.dumps(machine, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    operations = {name: [(one.size, one.operations[name].ours.median) for one in steps] for name in steps[0].operations}
    whole = {
        "verify": [(one.size, one.verify.seconds) for one in steps],
        "rebuild": [(one.size, one.rebuild.seconds) for one in steps],
    }
    panels = [Panel("What one operation takes", operations), Panel("What going through all of it takes", whole)]
    CHART.write_text(chart(panels), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=LARGEST, help="how far the log grows: a power of ten")
    size = parser.parse_args().size
    with TemporaryDirectory(prefix="dua-bench-", dir=os.environ.get("DUA_BENCH_DIR")) as name:
        large, small = Log(Path(name), "large"), Log(Path(name), "small")
        steps: list[Step] = []
        while not steps or steps[-1].size < size:
            steps.append(step(large, small, SMALLEST * 10 ** len(steps)))
            print("\n".join(steps[-1].told()), flush=True)
            report(steps)


if __name__ == "__main__":
    main()
