"""Group commit: what several threads want appended at the same time shares one transaction and one sync.

Who comes while nobody writes does so at once, in its own thread. Who comes meanwhile waits, and a thread that is there
for it writes everything that waits together. Those who were just answered often come back: so it lets them, for a part
of the time that the last group took, before it writes the next.
"""

import os
from collections.abc import Callable, Sequence
from copy import copy
from pathlib import Path
from threading import Condition, Lock, Thread, current_thread
from time import monotonic
from types import TracebackType
from typing import ClassVar
from weakref import WeakSet

from ledger.chain.entry import Entry
from ledger.errors import Busy, LedgerError
from ledger.storage.cores import Core
from ledger.storage.growing import Outcome, Wish
from ledger.turns import waiting

# A group has so many events at most, unless a single wish has more: others wait while it is written.
MOST_EVENTS = 1024
# For how much of the time that a group took the next one is gathered, and for how long at most.
GATHERED = 0.5
GATHERING_SECONDS = 0.01
# How long the thread stays when there is nothing to do.
LINGERING_SECONDS = 1.0

Write = Callable[[Sequence[Wish]], list[Outcome]]


class _Caller:
    """Somebody who waits for what becomes of a wish."""

    __slots__ = ("answered", "outcome", "wish")

    def __init__(self, wish: Wish) -> None:
        self.wish = wish
        self.outcome: Outcome = []
        self.answered = Lock()
        self.answered.acquire()

    def answer(self, outcome: Outcome) -> None:
        self.outcome = outcome
        self.answered.release()


class _Raised:
    """Keeps what is raised within it, whatever it is, for those in whose threads it is raised again."""

    error: BaseException = AssertionError()

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        self.error = error or self.error
        return True


class Grouping:
    """Wishes of any number of threads, in groups. `write` does one: all of it, or none of it when it raises.

    `name` is what is written, and nobody waits for longer than so many seconds until writing begins.
    """

    _everywhere: ClassVar[WeakSet["Grouping"]] = WeakSet()

    def __init__(self, name: Path | str, write: Write, seconds: float) -> None:
        self._name, self._write, self._seconds = name, write, seconds
        self.start()
        self._everywhere.add(self)

    def start(self) -> None:
        """Begin with nobody waiting."""
        self._waiting: list[_Caller] = []
        self._is_writing = self._is_closing = False
        # How many have to wait before the writer is woken that gathers them; 0 when it does not.
        self._gathered = 0
        self._writer: Thread | None = None
        self._core = Core()
        self._lock = Lock()
        self._changed, self._at_rest = Condition(self._lock), Condition(self._lock)

    def append(self, wish: Wish) -> list[Entry]:
        """The entries of a wish, once they are on disk. Raises why there are none; `Busy` when it takes too long."""
        writes, caller = False, None
        try:
            with self._lock:
                if self._is_writing or self._waiting:
                    caller = self._joined(wish)
                else:
                    writes = self._is_writing = True
            outcome = self._write((wish,))[0] if caller is None else self._outcome(caller)
        finally:
            if writes:
                with self._lock:
                    self._rest()
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    def close(self) -> None:
        """Let everything that waits be written, and the thread end."""
        with self._lock:
            self._is_closing = True
            self._at_rest.wait_for(lambda: not self._is_writing and not self._waiting, self._seconds)
            writer, self._writer = self._writer, None
            self._changed.notify_all()
        if writer is not None and not self._is_writing:
            writer.join()

    # By who waits.

    def _joined(self, wish: Wish) -> _Caller:
        if self._writer is None:
            writer = Thread(target=self._serve, name="writer", daemon=True)
            writer.start()
            self._writer = writer
        caller = _Caller(wish)
        self._waiting.append(caller)
        if len(self._waiting) == self._gathered:
            self._changed.notify()
        return caller

    def _outcome(self, caller: _Caller) -> Outcome:
        try:
            with waiting(), self._core.near():
                if not caller.answered.acquire(timeout=self._seconds):
                    if self._withdrawn(caller):
                        raise Busy(self._name, self._seconds)
                    caller.answered.acquire()
        except BaseException:
            self._withdrawn(caller)
            raise
        return caller.outcome

    def _withdrawn(self, caller: _Caller) -> bool:
        """Whether a wish could be taken back; it cannot once it is being written."""
        with self._lock:
            if caller not in self._waiting:
                return False
            self._waiting.remove(caller)
            self._at_rest.notify_all()
            return True

    # By who writes.

    def _rest(self) -> None:
        self._is_writing = False
        if self._waiting:
            self._changed.notify()
        elif self._is_closing:
            self._at_rest.notify_all()

    def _serve(self) -> None:
        core = self._core = Core()
        while group := self._next_group():
            core.stay()
            begun = monotonic()
            for caller, outcome in zip(group, self._outcomes([caller.wish for caller in group]), strict=True):
                caller.answer(outcome)
            with self._lock:
                self._gather(len(group), min((monotonic() - begun) * GATHERED, GATHERING_SECONDS))
                self._rest()

    def _gather(self, count: int, seconds: float) -> None:
        """Wait until so many wait as have just been answered."""
        if count > 1 and len(self._waiting) < count:
            self._gathered = count
            self._changed.wait_for(lambda: len(self._waiting) >= count, seconds)
            self._gathered = 0

    def _next_group(self) -> list[_Caller]:
        """Those whose wishes are written next; nobody when the thread may end."""
        with self._lock:
            while self._is_writing or not self._waiting:
                woken = self._changed.wait(LINGERING_SECONDS)
                is_needed = self._writer is current_thread()
                if not self._waiting and not (woken and is_needed):
                    self._writer = None if is_needed else self._writer
                    return []
            self._is_writing = True
            count = events = 0
            while (
                count < len(self._waiting) and (events := events + len(self._waiting[count].wish.events)) <= MOST_EVENTS
            ):
                count += 1
            group, self._waiting = self._waiting[: count or 1], self._waiting[count or 1 :]
            return group

    def _outcomes(self, wishes: list[Wish]) -> list[Outcome]:
        raised = _Raised()
        with raised:
            return self._write(wishes)
        if isinstance(raised.error, LedgerError):
            return [wish.refusal or _again(raised.error) for wish in wishes]
        if len(wishes) == 1:
            return [raised.error]
        # What nobody foresaw is raised to whom it concerns, and to nobody else.
        return [outcome for wish in wishes for outcome in self._outcomes([wish])]

    @classmethod
    def after_fork(cls) -> None:
        """Begin anew in a forked process: those who waited, and who wrote, are its parent's."""
        for grouping in list(cls._everywhere):
            grouping.start()


os.register_at_fork(after_in_child=Grouping.after_fork)


def _again(error: LedgerError) -> LedgerError:
    """The same error for one of those to whom it is raised."""
    own = copy(error)
    own.__cause__ = error
    return own
