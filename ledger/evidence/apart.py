"""Work in processes of its own, beside the one that asks for it."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context, resource_tracker
from signal import SIG_BLOCK, SIG_DFL, SIG_SETMASK, SIG_UNBLOCK, SIGINT, pthread_sigmask, signal
from types import TracebackType
from typing import ParamSpec, Self, TypeVar

Told = ParamSpec("Told")
Found = TypeVar("Found")


class Apart:
    """So many processes, which end at an interruption without a word: the one that began them will say so.

    They begin with the first work, and are there until the context ends, which waits for what they do.
    """

    def __init__(self, processes: int) -> None:
        # New processes, because a fork would take over the caller's connections and threads.
        self._pool = ProcessPoolExecutor(processes, get_context("spawn"), _end_when_interrupted)

    def __enter__(self) -> Self:
        self._pool.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.__exit__(kind, error, trace)

    def begin(self, work: Callable[Told, Found], *told: Told.args, **more: Told.kwargs) -> "Future[Found]":
        """Have work done by one of them; it and what it is told must be something that pickle can hand over."""
        with _interruptions_put_off():
            return self._pool.submit(work, *told, **more)


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


def _end_when_interrupted() -> None:
    """End this process at an interruption without a word."""
    signal(SIGINT, SIG_DFL)
    pthread_sigmask(SIG_UNBLOCK, {SIGINT})
