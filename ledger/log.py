"""The ledger: facts appended under a boundary, and read back.

A decision reads the facts that it depends on, decides, and appends on condition that no newer fact of that kind exists:

    reading = ledger.read([about(PersonRegistered, tags=["person:p-..."])], key=IdempotencyKey(...))
    ...
    ledger.append([fact], reading)          # raises Conflict when the reading is out of date
"""

from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from hmac import digest

import msgspec
from eventsourcing.dcb.api import DCBAppendCondition, DCBEvent, DCBQuery, DCBQueryItem

from ledger.boundary import Boundary
from ledger.chain.entry import Entry, check_name
from ledger.codec import SALT_BYTES, Codec, Fact, Recorded
from ledger.errors import Conflict, KeyReused
from ledger.events import Event
from ledger.memory import Moment
from ledger.readings import Facts, Readings, united
from ledger.storage import Store, utc_now
from ledger.storage.port import Clock, Subscription


class IdempotencyKey(msgspec.Struct, frozen=True):
    """A caller's promise: the same key from the same principal means the same wish, whose bytes are `body`.

    Raises `Malformed` unless principal and key are 1 to 255 bytes without control characters.
    """

    principal: str
    key: str
    body: bytes

    def __post_init__(self) -> None:
        # A line end in one of them could make another pair look like this one.
        check_name("principal", self.principal)
        check_name("idempotency key", self.key)

    def tag(self) -> str:
        """The tag by which the outcome is found again: SHA-256 over principal and key."""
        return "idempotency:" + sha256(f"{self.principal}\n{self.key}".encode()).hexdigest()


class Reading(msgspec.Struct, frozen=True):
    """What was read for a decision, up to which position, and the earlier outcome of the same wish if there is one.

    `looks` are the facts that each look found, in order; `leaf` is the leaf hash of the entry at that position.
    """

    looks: tuple[Facts, ...]
    position: int
    query: DCBQuery
    key: IdempotencyKey | None
    outcome: tuple[Entry, ...] = ()
    leaf: bytes = b""

    @property
    def facts(self) -> Facts:
        """All facts that were read, each once and in order."""
        return united(*self.looks)


class Appended(msgspec.Struct, frozen=True):
    """The entries of an append; `again` says that the same wish had them recorded before."""

    entries: tuple[Entry, ...]
    again: bool = False

    @property
    def positions(self) -> list[int]:
        """Where the facts stand."""
        return [entry.position for entry in self.entries]


class Ledger:
    """Facts in a store, by a clock and a source of random bytes that are handed in.

    `wish_key` is a secret of the ledger: wishes are compared by a hash that nobody can guess without it.
    """

    def __init__(
        self,
        store: Store,
        *,
        wish_key: bytes,
        random_bytes: Callable[[int], bytes],
        clock: Clock = utc_now,
        codec: Codec | None = None,
    ) -> None:
        self.store = store
        self.codec = codec or Codec()
        self._readings = Readings(self.codec)
        self._wish_key, self._random_bytes, self._clock = wish_key, random_bytes, clock

    def recall(self) -> None:
        """Have the last facts in memory, so that whoever asks for them first need not wait for the disk."""
        self._readings.recall(self.store, Moment(*self.store.head()[:2]))

    def read(self, boundaries: Sequence[Boundary] = (), key: IdempotencyKey | None = None) -> Reading:
        """The facts within these boundaries (none, if there are none), and what came of the same wish before.

        Raises `KeyReused` when the key was used for another body.
        """
        head = self.store.head()
        facts = self._readings.facts(self.store, boundaries, Moment(*head[:2]))
        reading = Reading((facts,), head.position, self.query(boundaries), None, leaf=head.leaf)
        return reading if key is None else self.keyed(reading, key)

    def keyed(self, reading: Reading, key: IdempotencyKey) -> Reading:
        """The same reading, of one and the same moment, for a wish with a key. Raises `KeyReused`."""
        same_wish = DCBQueryItem(tags=[key.tag()])
        outcome = self._outcome(key, tuple(self.store.scan(DCBQuery([same_wish]), until=reading.position)))
        query = DCBQuery([*reading.query.items, same_wish])
        return msgspec.structs.replace(reading, query=query, key=key, outcome=outcome)

    def again(self, reading: Reading) -> Reading | None:
        """A reading without a key as it is now, with the very same facts; None where there is anything new to read."""
        head = self.store.head()
        then, now = Moment(reading.position, reading.leaf), Moment(*head[:2])
        if not 0 < then.position <= now.position or not self._readings.stood(self.store, then, now):
            return None
        if self.store.page(reading.query, then.position, now.position, 1):
            return None
        return msgspec.structs.replace(reading, position=head.position, leaf=head.leaf)

    def widen(self, reading: Reading, boundaries: Sequence[Boundary]) -> Reading:
        """The same reading, of one and the same moment, with the facts within further boundaries."""
        if not boundaries:
            return reading
        query = self.query(boundaries)
        more = self._readings.facts(self.store, boundaries, Moment(reading.position, reading.leaf))
        query = DCBQuery([*reading.query.items, *query.items])
        return msgspec.structs.replace(reading, looks=(*reading.looks, more), query=query)

    def watch(self, reading: Reading, boundaries: Sequence[Boundary]) -> Reading:
        """The same reading, out of date also when something new lies within boundaries that aren't read."""
        query = DCBQuery([*reading.query.items, *self.query(boundaries).items])
        return msgspec.structs.replace(reading, query=query)

    def append(self, facts: Sequence[Fact], reading: Reading | None = None) -> Appended:
        """Record these facts together, provided that nothing newer lies within the reading's boundaries.

        The same wish, told by the reading's idempotency key, has the outcome that it had. Raises `Conflict`,
        `KeyReused`, and what `Store.append_entries` raises; nothing is recorded then.
        """
        if reading is None:
            return Appended(self._appended(facts, None, None))
        if reading.outcome:
            return Appended(reading.outcome, again=True)
        condition = DCBAppendCondition(reading.query, reading.position) if reading.query.items else None
        try:
            return Appended(self._appended(facts, reading.key, condition))
        except Conflict:
            outcome = self.read(key=reading.key).outcome
            if not outcome:
                raise
            return Appended(outcome, again=True)

    def _appended(
        self, facts: Sequence[Fact], key: IdempotencyKey | None, condition: DCBAppendCondition | None
    ) -> tuple[Entry, ...]:
        written = self._written(facts, key)
        entries = tuple(self.store.append_entries([event for event, _ in written], condition))
        self._readings.recorded([(entry, event) for entry, (_, event) in zip(entries, written, strict=True)])
        return entries

    def facts(
        self, boundaries: Sequence[Boundary] = (), after: int = 0, until: int | None = None
    ) -> Iterator[Recorded]:
        """The facts within these boundaries (all of them, if there are none), in order, between two positions."""
        return map(self.codec.decode, self.store.scan(self.query(boundaries), after, until))

    def follow(self, boundaries: Sequence[Boundary] = (), after: int = 0) -> Subscription:
        """The entries within these boundaries, then new ones as they come, from whichever process."""
        return self.store.subscribe(self.query(boundaries), after=after)

    def query(self, boundaries: Sequence[Boundary]) -> DCBQuery:
        """These boundaries as a store knows them. Raises `UnknownEvent` for an event that is not declared."""
        return self._readings.query(tuple(boundaries))

    def _written(self, facts: Sequence[Fact], key: IdempotencyKey | None) -> list[tuple[DCBEvent, Event]]:
        """Each fact as it goes to the store, and its event as it will be read from there."""
        now = self._clock()
        marks = {key.tag(), self._wish_tag(key)} if key else set()
        written = []
        for fact in facts:
            payload, event = self.codec.written(fact, self._random_bytes(SALT_BYTES), now)
            tags = sorted(fact.event.tags() | marks)
            written.append((DCBEvent(fact.event.wire_type(), payload, tags), event))
        return written

    def _outcome(self, key: IdempotencyKey, earlier: tuple[Entry, ...]) -> tuple[Entry, ...]:
        if earlier and self._wish_tag(key) not in earlier[0].header.tags:
            raise KeyReused(key.key, earlier[0].position)
        if earlier:
            # Who is told that it was recorded before may have asked again because nobody knew whether it was.
            self.store.ensure_kept()
        return earlier

    def _wish_tag(self, key: IdempotencyKey) -> str:
        # With the key's tag, so that the log does not show that two wishes had equal bodies.
        return "wish:" + digest(self._wish_key, f"{key.tag()}\n".encode() + key.body, "sha256").hex()
