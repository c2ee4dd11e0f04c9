"""Whose turn it is to write: advisory locks on two files, shared by all threads and processes that name them.

SQLite's own waiting sleeps longer and longer and lets latecomers overtake. The kernel wakes who waits for a file lock
at once, but a process that has just given a lock back and wants it again would be faster than any that has to wake up.
So there is a turnstile before it: who is next waits inside, and whoever comes back finds it taken. Locks go with the
process that holds them, however it ends.
"""

import os
import threading
from contextlib import suppress
from fcntl import LOCK_EX, LOCK_NB, LOCK_UN, flock
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import ClassVar

from ledger.errors import Busy, Unreachable
from ledger.turns import acquired, waiting

AT_ONCE = LOCK_EX | LOCK_NB


class Turn:
    """`with turn:` holds the lock. Raises `Busy` when it does not come free within the time given."""

    def __init__(self, path: Path, seconds: float) -> None:
        self._path, self._seconds = path, seconds
        self._threads = threading.Lock()
        self._turnstile, self._lock = _FileLock(path.with_name(path.name + "stile")), _FileLock(path)

    def __enter__(self) -> None:
        if not acquired(self._threads, self._seconds):
            raise Busy(self._path, self._seconds)
        try:
            until = monotonic() + self._seconds
            self._turnstile.take(until)
            try:
                self._lock.take(until)
            finally:
                self._turnstile.give_back()
        except BaseException:
            self._threads.release()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.give_back()
        self._threads.release()

    def close(self) -> None:
        """Close the files, which nobody may be using."""
        self._turnstile.close()
        self._lock.close()


class _FileLock:
    """One lock file, kept open from one use to the next; a forked process opens its own."""

    # How often this process, or one that it comes from, was forked: to ask the system which process it is takes longer.
    _forks: ClassVar = 0

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None
        self._opened_after = 0

    def take(self, until: float) -> None:
        """Hold the lock. Raises `Busy` when that takes longer than until then."""
        mine = self._descriptor
        if mine is None or self._opened_after != _FileLock._forks:
            mine = self._open()
        try:
            flock(mine, AT_ONCE)
        except BlockingIOError:
            seconds = max(until - monotonic(), 0)
            # Should the wait be broken off, the descriptor is left to the thread that waits on.
            self._descriptor = None
            with waiting():
                reached = _Queued(mine).reached(seconds)
            if not reached:
                raise Busy(self._path, round(seconds, 1)) from None
            self._descriptor = mine

    def give_back(self) -> None:
        """Let others have it. In a process forked under the lock this does nothing: it is its parent's."""
        if self._descriptor is not None and self._opened_after == _FileLock._forks:
            # Closing alone would leave the lock with a process that was forked meanwhile.
            flock(self._descriptor, LOCK_UN)

    def close(self) -> None:
        """Close the file."""
        if self._descriptor is not None and self._opened_after == _FileLock._forks:
            with suppress(OSError):
                os.close(self._descriptor)
        self._descriptor = None

    def _open(self) -> int:
        try:
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise Unreachable(self._path, error.strerror or str(error)) from error
        self._opened_after = _FileLock._forks
        return self._descriptor

    @classmethod
    def after_fork(cls) -> None:
        """What is open is from now on another process's."""
        cls._forks += 1


os.register_at_fork(after_in_child=_FileLock.after_fork)


class _Queued:
    """A place in the kernel's queue, kept by a thread because `flock` itself knows no time limit."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lock = threading.Lock()
        self._locked = threading.Event()
        self._given_up = False

    def reached(self, seconds: float) -> bool:
        """Whether the turn came within this time. When it did not, or the wait is broken off, the place is given up."""
        came = False
        try:
            # The wait may be broken off while the thread starts: by then it may stand in the queue.
            threading.Thread(target=self._wait, name="turn", daemon=True).start()
            came = self._locked.wait(seconds)
        finally:
            if not came:
                self._give_up()
        return came

    def _give_up(self) -> None:
        with self._lock:
            self._given_up = True
            if self._locked.is_set():
                self._let_go()

    def _wait(self) -> None:
        flock(self._descriptor, LOCK_EX)
        with self._lock:
            if self._given_up:
                self._let_go()
            else:
                self._locked.set()

    def _let_go(self) -> None:
        flock(self._descriptor, LOCK_UN)
        os.close(self._descriptor)
