"""Work in processes of its own, beside the one that asks for it."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context, parent_process, resource_tracker
from signal import SIG_BLOCK, SIG_DFL, SIG_SETMASK, SIG_UNBLOCK, SIGINT, pthread_sigmask, signal
from threading import Thread
from types import TracebackType
from typing import TYPE_CHECKING, ParamSpec, Self, TypeVar

from ledger.errors import WorkLost

if TYPE_CHECKING:
    from multiprocessing.sharedctypes import Synchronized

Told = ParamSpec("Told")
Found = TypeVar("Found")

# In a process apart: where it tells how far it is.
_told: "list[Synchronized[int]]" = []


def worth(size: int, processes: int, each: int) -> int:
    """How many of so many processes are worth beginning for work of this size, when each has to do at least so much."""
    return max(1, min(processes, size // each))


def tell(more: int) -> None:
    """Say in a process apart that so much more is done."""
    (told,) = _told
    with told.get_lock():
        told.value += more


class Apart:
    """So many processes, which end at an interruption without a word: the one that began them will say so.

    They begin with the first work, and are there until the context ends, which waits for what they do. If one of them
    is killed meanwhile, that raises `WorkLost`; if the one that began them is, they end too.
    """

    def __init__(self, processes: int) -> None:
        # New processes, because a fork would take over the caller's connections and threads.
        context = get_context("spawn")
        self._told = context.Value("q")
        self._pool = ProcessPoolExecutor(processes, context, _begin, (self._told,))

    def __enter__(self) -> Self:
        self._pool.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.__exit__(kind, error, trace)
        if isinstance(error, BrokenProcessPool):
            raise WorkLost from error

    def begin(self, work: Callable[Told, Found], *told: Told.args, **more: Told.kwargs) -> "Future[Found]":
        """Have work done by one of them; it and what it is told must be something that pickle can hand over."""
        with _interruptions_put_off():
            return self._pool.submit(work, *told, **more)

    def told(self) -> int:
        """How much more is done, as they told, than when this was asked last."""
        lock = self._told.get_lock()
        # One that is killed while it tells never gives it back.
        if not lock.acquire(block=False):
            return 0
        try:
            more: int = self._told.value
            self._told.value = 0
            return more
        finally:
            lock.release()


@contextmanager
def _interruptions_put_off() -> Iterator[None]:
    """Whoever interrupts is heard when the block ends, and by a process that begins in it when it is ready."""
    # What multiprocessing starts first of all would let interruptions through again.
    resource_tracker.ensure_running()
    before = pthread_sigmask(SIG_BLOCK, {SIGINT})
    try:
        yield
    finally:
        pthread_sigmask(SIG_SETMASK, before)


def _begin(told: "Synchronized[int]") -> None:
    """End this process at an interruption, or when nobody is there to hear of its work, without a word."""
    signal(SIGINT, SIG_DFL)
    pthread_sigmask(SIG_UNBLOCK, {SIGINT})
    Thread(target=_end_with_who_began_it, daemon=True).start()
    _told.append(told)


def _end_with_who_began_it() -> None:
    if parent := parent_process():
        parent.join()
        os._exit(1)
