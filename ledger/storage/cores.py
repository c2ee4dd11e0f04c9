"""One core for the threads of a process that wait for each other.

Only one of them runs Python at any moment. Where each is woken on a core of its own, that core has to come out of its
sleep first, and nobody goes on meanwhile; on one core the next goes on as soon as the last one waits. So who is waited
for stays on a core for a while, and who waits is taken there; once woken, they may go on wherever they could before.
Where the system does not let threads choose, nothing happens.
"""

import os
from collections.abc import Collection
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from time import monotonic

# After so long who is waited for may move on, so that nobody is held on a core that others need.
SECONDS = 1.0

_OF_THIS_THREAD = Path("/proc/thread-self/stat")
# Where the number of its core stands, behind its name, which is in brackets and may hold anything.
_CORE = 36


class Core:
    """A core on which one thread stays; others come to it while they wait."""

    def __init__(self) -> None:
        self.number: int | None = None
        self._free = _may_run_on()
        self._until = 0.0

    def stay(self) -> None:
        """Stay on the core where this thread runs now; after some time move on once, and stay again."""
        now = monotonic()
        if len(self._free) < 2 or now < self._until:
            return
        if self.number is None:
            self.number, self._until = _runs_on(), now + SECONDS
            _run_on([] if self.number is None else [self.number])
        else:
            self.number = None
            _run_on(self._free)

    def near(self) -> AbstractContextManager[None]:
        """This thread comes to the core for as long as it waits in this block, if it may run there."""
        return _Near(self.number)


class _Near:
    # On the path of every append that is shared: a generator would take three times as long.
    def __init__(self, number: int | None) -> None:
        self._number = number
        self._free: Collection[int] = ()

    def __enter__(self) -> None:
        if self._number is None:
            return
        free = _may_run_on()
        if len(free) > 1 and self._number in free:
            self._free = free
            _run_on([self._number])

    def __exit__(self, *exception: object) -> None:
        if self._free:
            _run_on(self._free)


def _may_run_on() -> Collection[int]:
    """The cores on which this thread may run; none where there is no choice."""
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else ()


def _runs_on() -> int | None:
    """The core on which this thread runs; None where that cannot be told."""
    try:
        return int(_OF_THIS_THREAD.read_text().rpartition(")")[2].split()[_CORE])
    except (OSError, ValueError, IndexError):
        return None


def _run_on(cores: Collection[int]) -> None:
    """Have this thread run on these cores only; as before, where that may not be."""
    with suppress(OSError):
        os.sched_setaffinity(0, cores)
