"""The last facts of a log, in memory and found by their tags and types: most of what is asked is about them."""

from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from threading import Lock
from typing import NamedTuple

from ledger.chain.entry import Entry
from ledger.codec import Codec, Known
from ledger.errors import LedgerError, Malformed
from ledger.events import Event
from ledger.storage import Store
from ledger.storage.port import PAGE

# So many facts are in memory at least, and twice as many at most, if as many were recorded or recalled.
KEPT = 16_384
# A decision asks for facts of some six sets of types, and what is known of a request or a person for some more.
INDICES_KEPT = 32
# Under this, no tag, are all facts.
ANY_TAG = ""


class Moment(NamedTuple):
    """When a log was so long, and its last entry had this leaf hash."""

    position: int
    leaf: bytes


class Stretch:
    """All facts behind a position up to another; it only grows, and others may read it meanwhile."""

    def __init__(self, after: int) -> None:
        self.after, self.last = after, after
        self._facts: list[Known[Event]] = []
        self._types: list[str] = []
        self._tags: list[tuple[str, ...]] = []
        # Where facts of some types stand, by tag: of so many sets of types as were asked for of late.
        self._indices: dict[frozenset[str], dict[str, list[int]]] = {}
        self._indexing = Lock()

    def add(self, fact: Known[Event], type_: str, tags: tuple[str, ...]) -> None:
        """Know the fact behind the last one, too."""
        with self._indexing:
            self._facts.append(fact)
            self._types.append(type_)
            self._tags.append(tags)
            for types, index in self._indices.items():
                if not types or type_ in types:
                    _enter(index, fact.position, tags)
            self.last = fact.position

    def __len__(self) -> int:
        return len(self._facts)

    def within(self, tags: tuple[str, ...], types: frozenset[str], after: int, until: int) -> list[Known[Event]]:
        """Those of these types, or of any for none, with all of these tags, between two positions, in order."""
        index = self._indices.get(types)
        if index is None:
            index = self._indexed(types)
        found = _rarest(index, tags)
        if not found:
            return []
        # Others may add to it meanwhile.
        end = bisect_right(found, until)
        found = found[bisect_right(found, after, 0, end) : end]
        begin = self.after + 1
        if len(tags) > 1:
            found = [position for position in found if {*tags}.issubset(self._tags[position - begin])]
        return [self._facts[position - begin] for position in found]

    def _indexed(self, types: frozenset[str]) -> dict[str, list[int]]:
        index: dict[str, list[int]] = {}
        with self._indexing:
            for position, (type_, tags) in enumerate(zip(self._types, self._tags, strict=True), self.after + 1):
                if not types or type_ in types:
                    _enter(index, position, tags)
            # Who reads these at the same time holds on to them.
            kept = {**self._indices, types: index}
            while len(kept) > INDICES_KEPT:
                del kept[next(iter(kept))]
            self._indices = kept
        return index


def _enter(index: dict[str, list[int]], position: int, tags: tuple[str, ...]) -> None:
    for tag in (ANY_TAG, *tags):
        index.setdefault(tag, []).append(position)


def _rarest(index: dict[str, list[int]], tags: tuple[str, ...]) -> list[int]:
    """What stands under one of these tags, the rarest."""
    if len(tags) > 1:
        return min((index.get(tag, []) for tag in tags), key=len)
    return index.get(tags[0] if tags else ANY_TAG, [])


class Memory:
    """The last facts of a store; threads may share it.

    What is in it is one history: each entry holds the leaf hash of the one before, and the last is that of the log.
    """

    def __init__(self, codec: Codec) -> None:
        self._codec, self._growing = codec, Lock()
        # What this process has recorded, in any order, and nobody has asked about since.
        self._recorded: deque[tuple[Entry, Event]] = deque(maxlen=PAGE)
        self._moment: Moment | None = None
        self._stretches = _begun(0)

    def recorded(self, written: Sequence[tuple[Entry, Event]]) -> None:
        """Take in what was recorded just now, which need not be read again then."""
        self._recorded.extend(written)

    def up_to(self, store: Store, now: Moment, stood: Callable[[Moment], bool]) -> tuple[Stretch, Stretch]:
        """All facts behind where the first of these begins, up to now at least; `stood` tells whether a moment did."""
        with self._growing:
            then = self._moment
            if then is None or now.position > then.position + KEPT:
                self._begin(now)
            elif then.position < now.position:
                self._go_on(store, then, now)
            elif then != now and not stood(then):
                self._begin(now)
            return self._stretches

    def recall(self, store: Store, now: Moment) -> None:
        """Have the last facts in memory that others recorded, or this process before it was started."""
        with self._growing:
            before = Moment(max(now.position - KEPT, 0), b"")
            self._stretches = _begun(before.position)
            self._go_on(store, before, now)

    def _begin(self, now: Moment) -> None:
        self._moment, self._stretches = now, _begun(now.position)

    def _go_on(self, store: Store, then: Moment, now: Moment) -> None:
        try:
            moment = self._followed(store, then, now)
        except LedgerError:
            # Whoever wants that entry will hear why it cannot be read.
            moment = None
        if moment:
            self._moment = moment
        else:
            self._begin(now)

    def _followed(self, store: Store, then: Moment, now: Moment) -> Moment | None:
        """The moment to which the entries lead, now or later; None where they do not lead to what is so now."""
        moment = then
        for entry, event in self._entries(store, then.position, now.position):
            moment = self._add(entry, event, moment)
            if moment.position == now.position and moment != now:
                return None
        return moment if moment.position >= now.position else None

    def _entries(self, store: Store, after: int, until: int) -> Iterator[tuple[Entry, Event | None]]:
        """The entries behind a position, at least up to another: as they were recorded, and else as they are stored."""
        while self._recorded:
            entry, event = self._recorded.popleft()
            if entry.header.position == after + 1:
                after += 1
                yield entry, event
        if after < until:
            for entry in store.scan(None, after, until):
                yield entry, None

    def _add(self, entry: Entry, event: Event | None, then: Moment) -> Moment:
        """Know this entry, too; gives the moment when it was the last."""
        header = entry.header
        older, newer = self._stretches
        if (header.position - 1, header.prev) != (then.position, then.leaf.hex()):
            older, newer = _begun(header.position - 1)
        try:
            fact = Known(event, header.position) if event else self._codec.known(entry)
            newer.add(fact, header.type, header.tags)
        except Malformed:
            # As above; what stands behind it can be known.
            older, newer = _begun(header.position)
        if newer.last - newer.after == KEPT:
            older, newer = newer, Stretch(newer.last)
        self._stretches = older, newer
        return Moment(header.position, entry.leaf)


def _begun(after: int) -> tuple[Stretch, Stretch]:
    return Stretch(after), Stretch(after)
