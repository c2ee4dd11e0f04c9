"""The port that every store fulfils: the `eventsourcing` library's `DCBRecorder`, with entries, leaves and tree.

An adapter supplies what stands under "What an engine supplies"; paging, the library's reading and subscribing, and the
rule for the clock are the same for all. Positions have no gaps and an entry never changes, so whoever has read the head
first sees one state of the log in any number of later reads up to it.
"""

import threading
from abc import abstractmethod
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import chain, islice
from typing import NamedTuple, Self, TypeVar

from eventsourcing.dcb.api import (
    DCBAppendCondition,
    DCBEvent,
    DCBQuery,
    DCBReadResponse,
    DCBRecorder,
    DCBSequencedEvent,
    DCBSubscription,
)

from ledger.chain.entry import MAX_POSITION, NO_LEAF, Entry, format_time, parse_time
from ledger.chain.merkle import Subtree
from ledger.errors import ClockBehind, LedgerError

T = TypeVar("T")
Clock = Callable[[], datetime]

CLOCK_TOLERANCE = timedelta(minutes=5)
PAGE = 500
ROWS = 128
POLL_SECONDS = 0.025


class Head(NamedTuple):
    """The last entry of a log: position 0 and no time when there is none."""

    position: int
    leaf: bytes
    recorded_at: str | None


EMPTY_HEAD = Head(0, NO_LEAF, None)


class Store(DCBRecorder):
    """A log of entries that only grows."""

    def __init__(self) -> None:
        self._grown = threading.Condition()
        self._listening = 0

    # What an engine supplies.

    @abstractmethod
    def head(self) -> Head:
        """The last entry. Raises `Damaged` when it cannot be read."""

    @abstractmethod
    def length(self) -> int:
        """The position of the last entry, whatever is in it; 0 when there is none."""

    @abstractmethod
    def append_entries(self, events: Sequence[DCBEvent], condition: DCBAppendCondition | None = None) -> list[Entry]:
        """Append these events together, and give their entries once they are durably on disk.

        Raises `Conflict` when an entry after `condition.after` matches its query, `Malformed` when an event breaks the
        format, `ClockBehind`, `Busy` or `StoreFull`; nothing is written then.
        """

    @abstractmethod
    def page(self, query: DCBQuery, after: int, until: int, limit: int) -> list[Entry]:
        """The first `limit` entries that match, in order, of positions after `after` up to `until`."""

    @abstractmethod
    def subtree(self, level: int, index: int) -> bytes:
        """The hash of a completed subtree, as `ledger.chain.merkle` asks for it."""

    def of_subtrees(self, make: Callable[[Subtree], T]) -> T:
        """What is made of completed subtrees, which are asked for all at once where each question takes its time.

        `make` may be called twice: first only to find out for which it asks, whatever they are.
        """
        return make(self.subtree)

    @abstractmethod
    def pages(self, after: int, until: int) -> Iterator[Sequence[tuple[int, bytes, bytes]]]:
        """Position, tree and bytes of the entries after `after` up to `until`, in order, as they are kept.

        Each page but the last has ROWS of them. `tree` holds the leaf and the hashes of the other subtrees that the
        entry completes, from the lowest up.
        """

    @abstractmethod
    def indexed_tags(self, after: int, until: int) -> Generator[tuple[int, bytes, bytes]]:
        """The tag index read back, in the order of entries: position, type, and a JSON list of tags.

        The empty tag, which every entry has, comes first. Who does not read to the end closes it.
        """

    @abstractmethod
    def indexed_up_to(self, head: int) -> int:
        """Up to which position the tag index must hold the entries when the log is so long."""

    @abstractmethod
    def leads(self, type_: str, wanted: Mapping[str, Sequence[int]], after: int, until: int) -> bool:
        """Whether each of these tags leads to just these positions of entries of a type, after one up to another.

        The empty tag is that of all entries. Both are positions up to which the index reaches in a log of that length.
        """

    @abstractmethod
    def index_size(self, head: int) -> int:
        """How many positions the tag index lists, for all tags, but for those that no log of this length needs.

        What came when the log was longer is not counted.
        """

    @abstractmethod
    def strays(self) -> list[tuple[int | None, str]]:
        """What no entry explains: missing guards, tables made otherwise, entries where none can be."""

    @abstractmethod
    def index_strays(self) -> list[tuple[int | None, str]]:
        """The same of the tag index: rows in a wrong order, or for positions that do not exist."""

    @abstractmethod
    def close(self) -> None:
        """Give back files and connections."""

    # What is the same for all.

    def ensure_kept(self) -> None:
        """Raise `OutcomeUnknown` unless all that can be read is kept wherever it has to be before it counts.

        Where that is one place, it always is.
        """

    def unchecked(self) -> Sequence[str]:
        """What reading the whole log, and asking for `strays`, does not check here; for people."""
        return ()

    def check_writable(self) -> None:
        """Raise `Unavailable` where only a copy answers, so that nothing could be appended now."""

    def waits(self) -> bool:
        """Whether what is appended now would wait for a place where it has to be kept too, and that is away."""
        return False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def rows(self, after: int, until: int) -> Iterator[tuple[int, bytes, bytes]]:
        """The same one by one."""
        return chain.from_iterable(self.pages(after, until))

    def scan(self, query: DCBQuery | None = None, after: int = 0, until: int | None = None) -> Iterator[Entry]:
        """All entries that match, in order, read page by page: no transaction stays open between two of them."""
        query = query or DCBQuery()
        end = self.head().position if until is None else until
        while after < end:
            page = self.page(query, after, end, PAGE)
            yield from page
            if len(page) < PAGE:
                return
            after = page[-1].position

    def entry(self, position: int) -> Entry | None:
        """The entry at this position, or None when the log does not reach so far."""
        if not 1 <= position <= MAX_POSITION:
            return None
        return next(iter(self.page(DCBQuery(), position - 1, position, 1)), None)

    def append(self, events: Sequence[DCBEvent], condition: DCBAppendCondition | None = None) -> int:
        """As `append_entries`; the position of the last."""
        return self.append_entries(events, condition)[-1].position

    def read(
        self, query: DCBQuery | None = None, *, after: int | None = None, limit: int | None = None
    ) -> DCBReadResponse:
        """The library's reading: `head` is the log's head, or with `limit` the last position that was read."""
        head = self.head().position
        found = self.scan(query, after or 0, head)
        if limit is None:
            return _Response(found, head or None)
        limited = list(islice(found, limit))
        return _Response(iter(limited), limited[-1].position if limited else None)

    def subscribe(self, query: DCBQuery | None = None, *, after: int | None = None) -> "Subscription":
        """All matching entries after `after`, then new ones as they come, from whichever process."""
        return Subscription(self, query, after)

    def wait_beyond(self, position: int, unless: Callable[[], bool]) -> None:
        """Wait until the log is longer than `position`, or `unless` holds. `wake` makes it look again at once."""
        try:
            with self._grown:
                # Counted before it looks: who appends after that look wakes it.
                self._listening += 1
                try:
                    while not unless() and self.head().position <= position:
                        self._grown.wait(self.pause())
                finally:
                    self._listening -= 1
        except RuntimeError as error:
            # Interrupted while it took its lock back, `threading` complains of giving back what it does not hold.
            if isinstance(error.__context__, KeyboardInterrupt):
                raise error.__context__ from None
            raise

    def pause(self) -> float:
        """After how many seconds whoever waits looks again unwoken."""
        return POLL_SECONDS

    def wake(self) -> None:
        """Let everybody who waits look again."""
        if self._listening:
            with self._grown:
                self._grown.notify_all()


def recording_time(now: datetime, head: Head) -> str:
    """When the next entry is recorded: now, but never before the head.

    Raises `ClockBehind` when `now` is more than five minutes before the head.
    """
    text = format_time(now)
    if head.recorded_at is None or text >= head.recorded_at:
        return text
    if parse_time(head.recorded_at) - now > CLOCK_TOLERANCE:
        raise ClockBehind(text, head.recorded_at)
    return head.recorded_at


class _Response(DCBReadResponse):
    def __init__(self, entries: Iterator[Entry], head: int | None) -> None:
        self._entries, self._head = entries, head

    @property
    def head(self) -> int | None:
        return self._head

    def __next__(self) -> DCBSequencedEvent:
        return sequenced(next(self._entries))


def sequenced(entry: Entry) -> DCBSequencedEvent:
    """An entry as the library sees it."""
    header = entry.header
    return DCBSequencedEvent(DCBEvent(header.type, entry.payload, list(header.tags)), header.position)


class Subscription(DCBSubscription[Store]):
    """Matching entries, waiting for new ones at the end of the log. `stop` ends the waiting, from any thread."""

    def __init__(self, store: Store, query: DCBQuery | None = None, after: int | None = None) -> None:
        super().__init__(store, query, after)
        self._read: Iterator[Entry] = iter(())
        # Up to where it is read, and the last that was given.
        self._read_to = self._given = after or 0

    def __next__(self) -> DCBSequencedEvent:
        return sequenced(self.next_entry())

    def next_entry(self) -> Entry:
        """The next matching entry; raises `StopIteration` once stopped.

        Where it raises what reading the log raises, who asks again goes on behind the entry that they were given last.
        """
        while not self._has_been_stopped:
            entry = self._next_read()
            if entry is not None:
                self._last_position = self._given = entry.position
                return entry
            self._recorder.wait_beyond(self._read_to, unless=lambda: self._has_been_stopped)
            head = self._recorder.head().position
            self._read = self._recorder.scan(self._query, self._read_to, head)
            self._read_to = head
        raise StopIteration

    def _next_read(self) -> Entry | None:
        try:
            return next(self._read, None)
        except LedgerError:
            self._read, self._read_to = iter(()), self._given
            raise

    def stop(self) -> None:
        """End the subscription; a waiting reader gets `StopIteration`."""
        super().stop()
        self._recorder.wake()
