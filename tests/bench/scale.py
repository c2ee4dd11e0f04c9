"""`make bench-scale`: what a ledger costs as it grows, at each power of ten up to 10,000,000 entries.

    python tests/bench/scale.py [--size N] [--engine PostgreSQL]

At each of them append, decision, holders and proof are taken in turns with the same in a log of 10,000 entries, so that
what else the machine does is the same for both. Prints a table as it goes, and puts it into tests/bench/scale.json,
beside that of the other engine, and both into a chart, tests/bench/scale.svg.
"""

import argparse
import json
import os
import platform
import random
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
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
from ledger.storage import open_store
from projections.upkeep import Upkeep
from projections.views import answers
from tests.bench import decision, views
from tests.bench.chart import BYTES, SECONDS, TIMES, Panel, chart
from tests.bench.engines import Engine, SQLite, server
from tests.bench.measure import Ratio, in_turns
from tests.bench.workload import Office
from tests.facts import ledger_on, noon
from tests.office import HOUSE, written

ENGINES = ("SQLite", "PostgreSQL")
SMALLEST, LARGEST = 10_000, 10_000_000
ROUNDS, CALLS, HOLDERS, RECENT = 10, 4, 20, 1000
DAY = date(2026, 11, 21)
TABLE, CHART = Path(__file__).with_name("scale.json"), Path(__file__).with_name("scale.svg")

Result = TypeVar("Result")


class Apart(NamedTuple):
    """What something took in processes of its own: seconds, those of processors, and MB of memory in one of them."""

    seconds: float
    processor: float
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
            rate = self.size / apart.processor
            yield (
                f"    {name:10} {apart.seconds:10,.1f} s, of processors {apart.processor:,.1f} s ({rate:,.0f} entries "
                f"a second), {apart.megabytes:,.0f} MB"
            )
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
    """A ledger that grows, and what is asked of it: about what was recorded lately, unless it says otherwise."""

    def __init__(self, url: str, views: Path) -> None:
        self.url, self.views = url, views
        self.store = open_store(url, noon)
        self.ledger = ledger_on(self.store, noon)
        self.upkeep, self.desk = Upkeep(views, self.ledger), Desk(self.ledger, noon)
        self._office, self._chance = Office(), random.Random(1)
        self._requests = 0
        once, self._each = decision.parted()
        written(once, self.ledger)

    def grow(self, size: int) -> None:
        """Append until there are so many entries, what the operations need last: requests, and holders."""
        last = ROUNDS * CALLS * len(self._each) + HOLDERS // 2 * len(views.LIFE)
        views.fill(self.store, self._office, size - last)
        first, self._requests = self._requests, self._requests + ROUNDS * CALLS
        for number in range(first, self._requests):
            written([decision.of(number, fact) for fact in self._each], self.ledger)
        self._data_set = f"D-held-{size}"
        for number in range(HOLDERS // 2):
            self.store.append_entries(views.life(1_000_000 * len(str(size)) + number, self._data_set))
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
        """That an entry, one of the last thousand, is in the log."""
        self._prove_one_of(RECENT)

    def prove_any(self) -> None:
        """That an entry, one of all there are, is in the log."""
        self._prove_one_of(self.store.length())

    def _prove_one_of(self, last: int) -> None:
        size = self.store.length()
        inclusion_path(size - 1 - self._chance.randrange(last), size, self.store.subtree)


@contextmanager
def engine(name: str, folder: Path) -> Iterator[Engine]:
    """The engine of this name."""
    if name == ENGINES[0]:
        yield SQLite(folder)
        return
    with server() as found:
        yield found


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
    begun, busy = perf_counter(), _busy()
    task(*arguments)
    seconds, processor = perf_counter() - begun, _busy() - busy
    most = max(getrusage(who).ru_maxrss for who in (RUSAGE_SELF, RUSAGE_CHILDREN))
    return Apart(round(seconds, 3), round(processor, 3), round(most / 1024, 1))


def _busy() -> float:
    """For how many seconds this process and those that it has waited for kept a processor busy."""
    used = [getrusage(who) for who in (RUSAGE_SELF, RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def step(large: Log, small: Log, size: int, at: Engine) -> Step:
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
        "proof of any": in_turns(large.prove_any, small.prove_any, 4 * ROUNDS, 25),
    }
    return Step(
        size,
        operations,
        apart(verify, large.url, len(os.sched_getaffinity(0))),
        rebuilt,
        at.size(large.url),
        large.views.stat().st_size,
        getrusage(RUSAGE_SELF).ru_maxrss / 1024,
        round(os.getloadavg()[0], 1),
    )


def report(name: str, measured: Mapping[str, Any]) -> None:
    """Write the figures of an engine beside those of the other, and the chart of both."""
    figures = json.loads(TABLE.read_text(encoding="utf-8")) if TABLE.exists() else {}
    figures[name] = measured
    TABLE.write_text(json.dumps(figures, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    drawn = zip(*(panels(engine, figures[engine]["steps"]) for engine in ENGINES if engine in figures), strict=True)
    CHART.write_text(chart([*drawn]), encoding="utf-8")


def panels(name: str, steps: Sequence[Mapping[str, Any]]) -> Iterator[Panel]:
    """What is drawn of an engine."""

    def line(*where: str, unit: float = 1.0) -> list[tuple[int, float]]:
        points = []
        for one in steps:
            value: Any = one
            for key in where:
                value = value[key]
            points.append((one["size"], value * unit))
        return points

    operations = {what: line("operations", what, "times_the_smallest") for what in steps[0]["operations"]}
    whole = {what: line(what, "processor") for what in ("verify", "rebuild")}
    needs = {
        "log": line("log_bytes"),
        "views": line("view_bytes"),
        "memory to verify": line("verify", "megabytes", unit=2**20),
        "memory to rebuild": line("rebuild", "megabytes", unit=2**20),
        "memory otherwise": line("megabytes", unit=2**20),
    }
    yield Panel(f"{name}: one operation, in times of that at {SMALLEST:,}", operations, TIMES)
    yield Panel(f"{name}: all of it, in processor time", whole, SECONDS)
    yield Panel(f"{name}: what it needs", needs, BYTES)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=LARGEST, help="how far the log grows: a power of ten")
    parser.add_argument("--engine", choices=ENGINES, default=ENGINES[0])
    asked = parser.parse_args()
    with TemporaryDirectory(prefix="dua-bench-", dir=os.environ.get("DUA_BENCH_DIR")) as name:
        folder = Path(name)
        with engine(asked.engine, folder) as at, at.ledger("large") as large_url, at.ledger("small") as small_url:
            large, small = Log(large_url, folder / "large-views.db"), Log(small_url, folder / "small-views.db")
            machine = {
                "machine": f"{platform.machine()}, {platform.system()} {platform.release()}",
                "cores": f"{len(os.sched_getaffinity(0))} of {os.cpu_count()}",
                "python": platform.python_version(),
                **at.made_of,
            }
            steps: list[Step] = []
            while not steps or steps[-1].size < asked.size:
                steps.append(step(large, small, SMALLEST * 10 ** len(steps), at))
                print("\n".join(steps[-1].told()), flush=True)
                report(asked.engine, {**machine, "steps": [one.figures() for one in steps]})
            large.store.close()
            small.store.close()


if __name__ == "__main__":
    main()
