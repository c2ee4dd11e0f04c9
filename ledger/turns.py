"""Turns: of the threads of a process that think at the same time, one goes on, and the others wait until it waits.

Only one of them runs Python at any moment anyway. Left to themselves they hand the interpreter's lock to and fro, at
every statement of SQLite, and each time a processor is woken for it: four calls of a service that think at once take
twice the time that they take one after the other. Whoever wants a turn takes one, and gives it up while it waits for a
disk, a server, gpg or a client. Nothing rests on it: where a turn takes long, the others go on without one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock, local

# For so long a turn is waited for.
SECONDS = 0.05


class Turns:
    """The turns of some threads, each of which is waited for no longer than so many seconds."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self._lock, self._thread, self._seconds = Lock(), local(), seconds

    @contextmanager
    def thinking(self) -> Iterator[bool]:
        """A turn of this thread, unless the one that has it takes long; gives whether it has one."""
        self._take()
        try:
            yield self._thread.has_it
        finally:
            self._give_up()

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """No turn of this thread for as long as it waits; nothing for a thread that has none."""
        had_it = self._give_up()
        try:
            yield
        finally:
            if had_it:
                self._take()

    def _take(self) -> None:
        self._thread.has_it = self._lock.acquire(timeout=self._seconds)

    def _give_up(self) -> bool:
        had_it: bool = getattr(self._thread, "has_it", False)
        if had_it:
            self._thread.has_it = False
            self._lock.release()
        return had_it


# As there is one lock of the interpreter.
_OF_THIS_PROCESS = Turns()
thinking, waiting = _OF_THIS_PROCESS.thinking, _OF_THIS_PROCESS.waiting
