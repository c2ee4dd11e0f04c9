"""Turns: of the threads of a process that work at the same time, one goes on, and the others wait until it waits.

Only one of them runs Python at any moment anyway. Left to themselves they hand the interpreter's lock to and fro, at
every statement of SQLite, and each time a processor is woken for it: four calls of a service that think at once take
twice the time that they take one after the other. So a thread that has the turn does what is asked for, one work after
the other, and no other is woken for it. It passes the turn on while it waits for a disk, a server, gpg or a client.
Nothing rests on it: whoever keeps the turn for long loses it, and goes on without one.
"""

from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from threading import Lock, local
from time import monotonic
from typing import Protocol

# For so long a turn lasts when others wait for it, and is waited for by who comes back to it.
SECONDS = 0.05
# What takes less than this is over before another thread would be under way.
BRIEF_SECONDS = 0.001
# After so many waits in a row that were not, so many more are taken not to be; then that is found out again.
IN_A_ROW, PASSED = 2, 16

Work = Callable[[], None]


class Lockable(Protocol):
    """What one thread holds at a time."""

    def acquire(self, blocking: bool = ..., timeout: float = ...) -> bool:
        """Hold it; gives whether it is held."""

    def release(self) -> None:
        """Let others hold it."""


class _Turn:
    """The turn of one thread: a new one each time it is passed on. Who has to wait for it holds on to `comes`.

    It has not `begun` while it waits for a thread to be free.
    """

    __slots__ = ("begun", "comes")

    def __init__(self, *, begun: bool = True) -> None:
        self.begun, self.comes = begun, Lock()


class _OfThread(local):
    """What a thread has: the last turn that it was given, and of which turns that is one."""

    turns: "Turns | None" = None
    turn: _Turn | None = None


_HERE = _OfThread()


class Turns:
    """Threads, at most so many, of which one at a time has the turn, which lasts so many seconds if others want it."""

    def __init__(self, threads: int, seconds: float = SECONDS) -> None:
        self.seconds = seconds
        self._pool = ThreadPoolExecutor(threads, "turns")
        # Everything below is under this lock.
        self._lock = Lock()
        # Whose turn it is, and since when it, or the work that is done in it.
        self._turn: _Turn | None = None
        self._since = 0.0
        self._asked: deque[Work] = deque()
        self._coming_back: deque[_Turn] = deque()
        # Whether a thread was called for that is not there yet.
        self._is_called = False

    def ask(self, work: Work) -> None:
        """Have a work done by a thread that has the turn."""
        with self._lock:
            self._asked.append(work)
            if self._turn is None:
                self._pass_on()

    def hurry(self) -> bool:
        """Take the turn from who has had it for long, if anything else is to be done; gives whether there is."""
        with self._lock:
            if self._asked and monotonic() - self._since >= self.seconds:
                self._pass_on()
            return bool(self._asked)

    def give_up(self) -> bool:
        """Let others have the turn of this thread; gives whether it had one."""
        with self._lock:
            if self._turn is None or self._turn is not _HERE.turn:
                return False
            self._pass_on()
            return True

    def take_back(self) -> None:
        """Have the turn again, before any new work is begun, unless that takes long."""
        turn = _Turn()
        with self._lock:
            # What nobody can begin, because all threads wait, is left to whoever is the first to come back.
            if self._turn is None or not self._turn.begun:
                self._begin(turn)
            else:
                turn.comes.acquire()
                self._coming_back.append(turn)
        _HERE.turn = turn
        if turn.comes.acquire(timeout=self.seconds):
            return
        with self._lock:
            # It may come at the last moment.
            if turn in self._coming_back:
                self._coming_back.remove(turn)

    def _begin(self, turn: _Turn | None) -> None:
        self._turn, self._since = turn, monotonic()

    def _pass_on(self) -> None:
        """Give the turn to whoever needs it first, if anybody does."""
        if self._coming_back:
            turn = self._coming_back.popleft()
            self._begin(turn)
            turn.comes.release()
        elif self._asked:
            self._begin(_Turn(begun=False))
            self._call()
        else:
            self._begin(None)

    def _call(self) -> None:
        """Have a thread come that takes the turn which has not begun."""
        if not self._is_called:
            try:
                self._pool.submit(self._serve)
            except RuntimeError:
                # There is no thread to be had; whoever asks next tries again.
                self._begin(None)
            else:
                self._is_called = True

    def _serve(self) -> None:
        """Do what is asked for as long as this thread has the turn, if nobody else has begun it by now."""
        with self._lock:
            self._is_called = False
            turn = self._turn
            if turn is None or turn.begun:
                return
            turn.begun = True
        _HERE.turns, _HERE.turn = self, turn
        try:
            while work := self._next():
                work()
        finally:
            self.give_up()

    def _next(self) -> Work | None:
        """What this thread does next; None when it has no turn, or somebody comes back to theirs."""
        with self._lock:
            if self._turn is not _HERE.turn or self._coming_back or not self._asked:
                return None
            self._begin(self._turn)
            return self._asked.popleft()


def acquired(lock: Lockable, seconds: float = -1) -> bool:
    """Whether a lock could be had within so many seconds, or, if none are given, sooner or later.

    Others may hold it while they wait: who finds it taken lets them have the turn.
    """
    if lock.acquire(blocking=False):
        return True
    with waiting():
        return lock.acquire(timeout=seconds)


class _Held:
    # On the path of every append, as what waits: a generator with a decorator would take three times as long.
    def __init__(self, lock: Lockable) -> None:
        self._lock = lock

    def __enter__(self) -> None:
        acquired(self._lock)

    def __exit__(self, *exception: object) -> None:
        self._lock.release()


def held(lock: Lockable) -> AbstractContextManager[None]:
    """A lock, held once `acquired`."""
    return _Held(lock)


class _Waiting:
    def __init__(self, turns: Turns | None) -> None:
        self._turns = turns

    def __enter__(self) -> None:
        if self._turns is not None and not self._turns.give_up():
            self._turns = None

    def __exit__(self, *exception: object) -> None:
        if self._turns is not None:
            self._turns.take_back()


def waiting() -> AbstractContextManager[None]:
    """No turn of this thread for as long as it waits; nothing for a thread that has none."""
    return _Waiting(_HERE.turns)


class Pause:
    """Waits of one kind, such as for a disk: a thread keeps its turn for them as long as they turn out to be brief."""

    def __init__(self, brief: float | None = None) -> None:
        self._brief = BRIEF_SECONDS if brief is None else brief
        # How many in a row were long, and for how many the turn was passed on since that was found out.
        self._long = self._passed = 0

    def waiting(self) -> AbstractContextManager[None]:
        """As `waiting`, unless this is expected to be brief."""
        if self._long >= IN_A_ROW and self._passed < PASSED:
            self._passed += 1
            return waiting()
        self._passed = 0
        return _Kept(self)

    def took(self, seconds: float) -> None:
        """Take note of how long one of them was."""
        self._long = 0 if seconds < self._brief else self._long + 1


class _Kept:
    def __init__(self, pause: Pause) -> None:
        self._pause = pause

    def __enter__(self) -> None:
        self._begun = monotonic()

    def __exit__(self, *exception: object) -> None:
        self._pause.took(monotonic() - self._begun)
