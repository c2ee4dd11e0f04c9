"""How times are taken: in turns with what they are compared to, as medians, with what the processor had to do."""

import gc
import os
import statistics
import time
from collections.abc import Callable
from typing import NamedTuple


class Times(NamedTuple):
    """Seconds that calls took, and the share of it that the processor was busy for this process."""

    median: float
    mean: float
    worst: float
    cpu_share: float


class Ratio(NamedTuple):
    """How much faster (above 1) ours is than the other: the median over the rounds, with quartiles."""

    ours: Times
    other: Times
    ratio: float
    low: float
    high: float

    @property
    def throughput(self) -> float:
        """The ratio of all calls' time, with whatever each engine puts off to some of them."""
        return self.other.mean / self.ours.mean


class Figure(NamedTuple):
    """One line of the table: what was compared, how much faster ours is, what was promised, what bounds it."""

    what: str
    ratio: float
    promised: str
    detail: str

    def told(self) -> str:
        """The figure in two lines."""
        return f"{self.ratio:6.2f}  (promised {self.promised:>9})  {self.what}\n        {self.detail}"


def cores() -> int:
    """On how many cores this process may run."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def microseconds(seconds: float) -> str:
    """A time as the table gives it."""
    return f"{seconds * 1e6:,.0f} µs"


def compared(ratio: Ratio, other: str) -> str:
    """What a ratio comes of."""
    return (
        f"ours {microseconds(ratio.ours.median)} (mean {microseconds(ratio.ours.mean)}, "
        f"processor {ratio.ours.cpu_share:.0%}), {other} {microseconds(ratio.other.median)} "
        f"(mean {microseconds(ratio.other.mean)}, processor {ratio.other.cpu_share:.0%}); "
        f"ratio of medians {ratio.ratio:.2f}, quartiles {ratio.low:.2f} to {ratio.high:.2f}"
    )


def in_turns(ours: Callable[[], object], other: Callable[[], object], rounds: int, calls: int = 1) -> Ratio:
    """Call the two in turns, `calls` times each in a round; ratios are those of the rounds' medians."""
    mine, theirs = _Taken(ours), _Taken(other)
    ratios = []
    gc.collect()
    gc.disable()
    try:
        for _ in range(rounds):
            a, b = mine.round(calls), theirs.round(calls)
            ratios.append(b / a)
    finally:
        gc.enable()
    low, _, high = statistics.quantiles(ratios, n=4) if rounds > 1 else (ratios[0],) * 3
    return Ratio(mine.times(), theirs.times(), statistics.median(ratios), low, high)


class _Taken:
    def __init__(self, call: Callable[[], object]) -> None:
        self._call = call
        self._walls: list[float] = []
        self._cpu = 0.0

    def round(self, calls: int) -> float:
        """The median of so many calls."""
        started = time.process_time()
        walls = []
        for _ in range(calls):
            begun = time.perf_counter()
            self._call()
            walls.append(time.perf_counter() - begun)
        self._cpu += time.process_time() - started
        self._walls += walls
        return statistics.median(walls)

    def times(self) -> Times:
        return Times(
            statistics.median(self._walls), statistics.mean(self._walls), max(self._walls), self._cpu / sum(self._walls)
        )
