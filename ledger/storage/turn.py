"""Whose turn it is to write: an advisory lock on a file, in the order of asking.

SQLite's own waiting sleeps longer and longer and lets latecomers overtake; the kernel's queue for a file lock does not.
The lock goes with the process that holds it, however that ends.
"""

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ledger.errors import Busy, Unreachable


class Turn:
    """A lock shared by all threads and processes that name the same file."""

    def __init__(self, path: Path, seconds: float) -> None:
        self._path, self._seconds = path, seconds
        self._threads = threading.Lock()

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Hold the lock. Raises `Busy` when it does not come free within the time given."""
        if not self._threads.acquire(timeout=self._seconds):
            raise Busy(self._path, self._seconds)
        try:
            held = self._lock()
            try:
                yield
            finally:
                _give_back(held)
        finally:
            self._threads.release()

    def _lock(self) -> int:
        try:
            mine = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise Unreachable(self._path, error.strerror or str(error)) from error
        try:
            fcntl.flock(mine, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not _Queued(mine).reached(self._seconds):
                raise Busy(self._path, self._seconds) from None
        return mine


def _give_back(descriptor: int) -> None:
    # Closing alone leaves the lock with a process that was forked meanwhile.
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    os.close(descriptor)


class _Queued:
    """A place in the kernel's queue, kept by a thread because `flock` itself knows no time limit."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lock = threading.Lock()
        self._locked = threading.Event()
        self._given_up = False
        threading.Thread(target=self._wait, name="turn", daemon=True).start()

    def reached(self, seconds: float) -> bool:
        """Whether the turn came within this time. When it did not, or the wait is broken off, the place is given up."""
        came = False
        try:
            came = self._locked.wait(seconds)
        finally:
            if not came:
                self._give_up()
        return came

    def _give_up(self) -> None:
        with self._lock:
            self._given_up = True
            if self._locked.is_set():
                _give_back(self._descriptor)

    def _wait(self) -> None:
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        with self._lock:
            if self._given_up:
                _give_back(self._descriptor)
            else:
                self._locked.set()
