"""Whether the tag index leads to every entry by its type and its tags, and holds nothing else.

It is asked what the queries of this program ask it. Where each tag of a chunk of entries leads to just those that have
it, and the index lists as many positions as all that, then it is right: so nothing need be brought into another order.
Where it is not, all of it is read in the order of entries, which takes longer, to say what is wrong.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import closing
from typing import Protocol

from ledger.chain.entry import parse_entry
from ledger.errors import Damaged, Malformed
from ledger.evidence.report import Finding, altered
from ledger.storage import Store

IndexRow = tuple[int, bytes, bytes]


class Said(Protocol):
    """What an entry says of itself."""

    @property
    def type(self) -> str:
        """Its wire name."""

    @property
    def tags(self) -> Collection[str]:
        """Its tags."""


class Asked:
    """Asks the index about the entries of a range, as many at a time as a chunk has."""

    def __init__(self, store: Store, size: int, chunk: int) -> None:
        self._store, self._chunk = store, chunk
        self._reach = store.indexed_up_to(size)
        self._after = self._until = 0
        # Where each tag must lead, by type.
        self._leads: defaultdict[str, defaultdict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        self._listed = 0
        self._is_right = True

    def take(self, positions: Sequence[int], entries: Iterable[Said]) -> None:
        """Take in entries that follow, all of one chunk, which stand at these positions."""
        if positions[-1] > self._reach or not self._is_right:
            return
        if positions[-1] > self._until:
            self._ask()
            self._after = (positions[0] - 1) // self._chunk * self._chunk
            self._until = min(self._after + self._chunk, self._reach)
        leads = self._leads
        for position, said in zip(positions, entries, strict=True):
            of_type = leads[said.type]
            of_type[""].append(position)
            for tag in said.tags:
                of_type[tag].append(position)

    def listed(self) -> int | None:
        """How many positions the index lists for what was taken in; None when it does not lead to just these."""
        self._ask()
        return self._listed if self._is_right else None

    def _ask(self) -> None:
        try:
            for type_, wanted in self._leads.items():
                self._is_right = self._is_right and self._store.leads(type_, wanted, self._after, self._until)
                self._listed += sum(map(len, wanted.values()))
        except Damaged:
            self._is_right = False
        self._leads.clear()


def wrongs(store: Store, size: int) -> Iterator[Finding]:
    """What is wrong with the index of a log of this size, found by reading all of it."""
    try:
        for place, what in store.index_strays():
            yield altered(place, what)
        with closing(store.indexed_tags(0, size)) as rows:
            yield from _compared(store, size, rows)
    except Damaged as error:
        yield altered(None, f"the tag index cannot be read: {error}")


def _compared(store: Store, size: int, rows: Iterator[IndexRow]) -> Iterator[Finding]:
    """Each entry's own words beside what the index holds of it."""
    reach = store.indexed_up_to(size)
    index = _InOrder(rows)
    for position, raw in _as_far_as_readable(store, size):
        for place, wire_type, tag in index.read_to(position - 1):
            yield altered(place, f"the tag index has {tag!r} with type {wire_type!r}, and no entry does")
        kept = {(wire_type, tag) for _, wire_type, tag in index.read_to(position)}
        # What the index need not hold yet, it may hold by now: the log grows while it is read.
        if position > reach and not kept:
            continue
        try:
            header = parse_entry(raw).header
        except Malformed:
            continue
        said = {(header.type, tag) for tag in ("", *header.tags)}
        for wire_type, tag in sorted(said - kept):
            yield altered(position, f"the tag index does not have {tag!r} with type {wire_type!r}")
        for wire_type, tag in sorted(kept - said):
            yield altered(position, f"the tag index has {tag!r} with type {wire_type!r}, and the entry does not")
    for place, wire_type, tag in index.read_to(size):
        yield altered(place, f"the tag index has {tag!r} with type {wire_type!r}, and no entry does")


class _InOrder:
    """The index in the order of entries, row by row."""

    def __init__(self, rows: Iterator[IndexRow]) -> None:
        self._rows = rows
        self._next = next(rows, None)

    def read_to(self, position: int) -> Iterator[tuple[int, str, str]]:
        """What it holds up to a position and was not read yet, as (position, type, tag)."""
        while self._next is not None and self._next[0] <= position:
            yield from _pairs(*self._next)
            self._next = next(self._rows, None)


def _pairs(position: int, type_: bytes, tags: bytes) -> list[tuple[int, str, str]]:
    # What is no UTF-8 must not look like anything that is.
    wire_type = type_.decode(errors="surrogateescape")
    return [(position, wire_type, tag) for tag in sorted({*json.loads(tags.decode(errors="surrogateescape"))})]


def _as_far_as_readable(store: Store, size: int) -> Iterator[tuple[int, bytes]]:
    """The entries. Where they cannot be read is reported by whoever verifies them."""
    try:
        for position, _, raw in store.rows(0, size):
            yield position, raw
    except Damaged:
        return
