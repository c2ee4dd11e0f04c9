"""What was read of a log, boundary by boundary: nothing of it is read again, as long as the log goes on from there."""

from collections.abc import Sequence
from functools import lru_cache
from operator import is_
from threading import Lock
from typing import NamedTuple, TypeVar

import msgspec
from eventsourcing.dcb.api import DCBQuery, DCBQueryItem

from ledger.boundary import Boundary, Kinds
from ledger.chain.entry import Entry
from ledger.codec import Codec, Known
from ledger.events import Event
from ledger.memory import ANY_TAG, Memory, Moment
from ledger.storage import Store
from ledger.storage.tail import matches

# Of so many boundaries what lies within them is kept, and of so many looks at several of them what that is together.
BOUNDARIES_KEPT = 2048
LOOKS_KEPT = 512

K = TypeVar("K")

Facts = tuple[Known[Event], ...]


class Same:
    """Facts that are equal to no others but themselves: a key for what was made of them."""

    __slots__ = ("parts",)

    def __init__(self, *parts: Facts) -> None:
        self.parts = parts

    def __hash__(self) -> int:
        return hash((*map(id, self.parts),))

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Same) and len(self.parts) == len(other.parts) and all(map(is_, self.parts, other.parts))
        )


class _Read(msgspec.Struct, frozen=True, gc=False):
    """The facts within a boundary, or within several, and when that was all."""

    facts: Facts
    moment: Moment


class _Types(NamedTuple):
    """The types under which some kinds of facts stand, as queries and as memory want them."""

    listed: list[str]
    all: frozenset[str]


NOTHING_READ = _Read((), Moment(0, b""))


class Readings:
    """The facts of a store within boundaries; threads may share it."""

    def __init__(self, codec: Codec) -> None:
        self._codec = codec
        self.query = lru_cache(LOOKS_KEPT)(self._query_for)
        self._looks: _Kept[tuple[Boundary, ...]] = _Kept(LOOKS_KEPT)
        self._within: _Kept[Boundary] = _Kept(BOUNDARIES_KEPT)
        self._memory = Memory(codec)
        self._types = lru_cache(LOOKS_KEPT)(self._types_of)
        # What was found to be so, now: a decision looks twice, mostly from where it looked twice before.
        self._stood: tuple[Moment, set[Moment]] = (Moment(0, b""), set())

    def facts(self, store: Store, boundaries: Sequence[Boundary], now: Moment) -> Facts:
        """The facts within any of these boundaries now, in order: the very same object as long as nothing is new.

        What was read before counts only if the log is still what it was then.
        """
        look = tuple(boundaries)
        if not look:
            return ()
        read = self._looks.get(look)
        if read is None or not self._is_all(store, look, read.moment, now):
            read = _Read(self._together(store, look, now), now)
        elif read.moment.position > now.position:
            # Somebody has read on since this moment: what they found later is kept for those who come.
            return _up_to(now.position, read.facts)
        self._looks.keep({look: _Read(read.facts, now)})
        return read.facts

    def _is_all(self, store: Store, look: tuple[Boundary, ...], then: Moment, now: Moment) -> bool:
        """Whether what was known then is all that is known now."""
        if not self.stood(store, then, now):
            return False
        return then.position >= now.position or not store.page(self.query(look), then.position, now.position, 1)

    def _together(self, store: Store, look: tuple[Boundary, ...], now: Moment) -> Facts:
        """The facts within these boundaries, of which some may be known from looks at others beside."""
        known, behind = dict[Boundary, _Read](), dict[Boundary, _Read]()
        for one in look:
            read = self._within.get(one)
            if read is None or not self.stood(store, read.moment, now):
                behind[one] = NOTHING_READ
            elif read.moment.position < now.position:
                behind[one] = read
            else:
                known[one] = read
        if behind:
            newer = self._newer(store, behind, now)
            # The very same facts where nothing is new: whoever made something of them knows them again.
            read_on = {
                one: _Read((*read.facts, *newer[one]) if one in newer else read.facts, now)
                for one, read in behind.items()
            }
            self._within.keep(read_on)
            known |= read_on
        return united(*[_up_to(now.position, read.facts) for read in known.values()])

    def stood(self, store: Store, then: Moment, now: Moment) -> bool:
        """Whether the log is what it was then, and maybe longer or not so long."""
        moment, found = self._stood
        if moment != now:
            found = set()
            self._stood = (now, found)
        if then not in found and _stands(store, then, now):
            found.add(then)
        return then in found

    def _query_for(self, boundaries: tuple[Boundary, ...]) -> DCBQuery:
        return DCBQuery([DCBQueryItem(self._types(one.kinds).listed, [*one.tags]) for one in boundaries])

    def _newer(self, store: Store, known: dict[Boundary, _Read], now: Moment) -> dict[Boundary, list[Known[Event]]]:
        """What lies within each of these up to now and was not known; nothing where that is nothing."""
        stretches = self._memory.up_to(store, now, lambda then: self.stood(store, then, now))
        begins = min(stretches[0].after, now.position)
        newer: dict[Boundary, list[Known[Event]]] = {}
        if begins:
            never = {one: read for one, read in known.items() if read is NOTHING_READ}
            earlier = {one: read for one, read in known.items() if 0 < read.moment.position < begins}
            for some in filter(None, (never, earlier)):
                newer |= self._scanned(store, some, begins)
        for stretch in filter(None, stretches):
            for one, read in known.items():
                after = read.moment.position
                if stretch.last > after and (
                    found := stretch.within(one.tags, self._types(one.kinds).all, after, now.position)
                ):
                    newer.setdefault(one, []).extend(found)
        return newer

    def _scanned(self, store: Store, known: dict[Boundary, _Read], until: int) -> dict[Boundary, list[Known[Event]]]:
        """The same as the store finds it."""
        query, after = self.query((*known,)), {one: read.moment.position for one, read in known.items()}
        newer: dict[Boundary, list[Known[Event]]] = {}
        led: dict[str, list[tuple[Boundary, DCBQueryItem]]] = {}
        for entry in store.scan(query, min(after.values()), until):
            if not led:
                for wanted in zip(known, query.items, strict=True):
                    tags = wanted[1].tags
                    led.setdefault(tags[0] if tags else ANY_TAG, []).append(wanted)
            fact = self._codec.known(entry)
            for tag in (ANY_TAG, *entry.header.tags):
                for boundary, item in led.get(tag, ()):
                    if fact.position > after[boundary] and matches(item.types, item.tags, entry):
                        newer.setdefault(boundary, []).append(fact)
        return newer

    def _types_of(self, kinds: Kinds) -> _Types:
        listed = self._codec.wire_types(*kinds.events)
        return _Types(listed, frozenset(listed))

    def recorded(self, written: Sequence[tuple[Entry, Event]]) -> None:
        """Take in what was recorded just now, which need not be read again then."""
        self._memory.recorded(written)

    def recall(self, store: Store, now: Moment) -> None:
        """Have the last facts of a store in memory."""
        self._memory.recall(store, now)


class _Kept(dict[K, _Read]):
    """What was read of late: so many, and those that were kept last."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most, self._keeping = most, Lock()

    def keep(self, read: dict[K, _Read]) -> None:
        """Keep these, too."""
        with self._keeping:
            for one in read:
                self.pop(one, None)
            self.update(read)
            while len(self) > self._most:
                del self[next(iter(self))]


def united(*parts: Facts) -> Facts:
    """All of these facts, each once and in order: the very same object for the very same parts."""
    some = [part for part in parts if part]
    return _united(Same(*some)) if len(some) > 1 else some[0] if some else ()


@lru_cache(LOOKS_KEPT)
def _united(parts: Same) -> Facts:
    facts = {fact.position: fact for part in parts.parts for fact in part}
    return tuple(map(facts.__getitem__, sorted(facts)))


def _up_to(position: int, facts: Facts) -> Facts:
    """Those of some facts that stand no further: the very same object where that is all of them."""
    if not facts or facts[-1].position <= position:
        return facts
    return tuple(fact for fact in facts if fact.position <= position)


def _stands(store: Store, then: Moment, now: Moment) -> bool:
    if then.position == now.position:
        return then.leaf == now.leaf
    if not then.position or (then.position > now.position and then.position > store.length()):
        return False
    return store.subtree(0, then.position - 1) == then.leaf
