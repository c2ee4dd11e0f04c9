"""Turns: of the threads of a process that work at the same time, one goes on, and the others wait until it waits.

Only one of them runs Python at any moment anyway. Left to themselves they hand the interpreter's lock to and fro, at
every statement of SQLite, and each time a processor is woken for it: four calls of a service that think at once take
twice the time that they take one after the other. So a thread that has the turn does what is asked for, one work after
the other, and no other is woken for it; it passes the turn on while it waits for a disk, a server, gpg or a client.
Nothing rests on it: where a turn takes long, others go on without one.
"""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Lock, local

# For so long a turn is waited for.
SECONDS = 0.05

Work = Callable[[], None]


class _OfThread(local):
    """Whose turn a thread has."""

    turns: "Turns | None" = None


_HERE = _OfThread()


class Turns:
    """Threads, no more than so many, of which one at a time has the turn, which is waited for so many seconds."""

    def __init__(self, threads: int, seconds: float = SECONDS) -> None:
        self.seconds = seconds
        self._pool = ThreadPoolExecutor(threads, "turns")
        # Everything below is under this lock.
        self._lock = Lock()
        self._is_taken = False
        self._asked: deque[Work] = deque()
        self._coming_back: deque[Lock] = deque()

    def ask(self, work: Work) -> bool:
        """Have a work done, which raises nothing; gives whether that is begun at once."""
        with self._lock:
            self._asked.append(work)
            begins = not self._is_taken
            if begins:
                self._pass_on()
        return begins

    def insist(self, work: Work) -> None:
        """Have a work done without a turn, unless it has begun."""
        with self._lock:
            if work not in self._asked:
                return
            self._asked.remove(work)
        self._pool.submit(work)

    def give_up(self) -> None:
        """Let others have the turn of this thread."""
        with self._lock:
            _HERE.turns = None
            self._pass_on()

    def take_back(self) -> None:
        """Have the turn again, before any new work is begun, unless that takes long."""
        mine = None
        with self._lock:
            if self._is_taken:
                mine = Lock()
                mine.acquire()
                self._coming_back.append(mine)
            self._is_taken = True
        if mine is None or mine.acquire(timeout=self.seconds) or self._was_given(mine):
            _HERE.turns = self

    def _was_given(self, mine: Lock) -> bool:
        """Whether the turn came at the last moment; if not, it is not waited for any more."""
        with self._lock:
            if mine in self._coming_back:
                self._coming_back.remove(mine)
                return False
            return True

    def _pass_on(self) -> None:
        """Give the turn to whoever needs it first, if anybody does."""
        self._is_taken = bool(self._coming_back or self._asked)
        if self._coming_back:
            self._coming_back.popleft().release()
        elif self._asked:
            self._pool.submit(self._serve)

    def _serve(self) -> None:
        """Do what is asked for as long as this thread has the turn."""
        _HERE.turns = self
        while work := self._next():
            work()

    def _next(self) -> Work | None:
        with self._lock:
            if _HERE.turns is not self:
                return None
            if self._asked and not self._coming_back:
                return self._asked.popleft()
            _HERE.turns = None
            self._pass_on()
            return None


@contextmanager
def waiting() -> Iterator[None]:
    """No turn of this thread for as long as it waits; nothing for a thread that has none."""
    turns = _HERE.turns
    if turns is not None:
        turns.give_up()
    try:
        yield
    finally:
        if turns is not None:
            turns.take_back()
