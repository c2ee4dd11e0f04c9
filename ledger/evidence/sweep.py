"""One sweep over a range of the log: every row is compared with the one that the ledger would have written there.

After given entries, with given times, payloads and index, there is just one block of rows that it would have written. A
block that is equal to it is right and needs no parsing; one that is not is taken apart, row by row, to say why. So what
is checked stands in here twice: once for all rows of a block together, and once in words.
"""

import json
from binascii import hexlify
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from itertools import islice, pairwise
from operator import add
from typing import Protocol

from ledger.chain.entry import MAX_ENTRY_BYTES, NO_LEAF, Header, parse_entry, parse_time
from ledger.chain.merkle import HASH_BYTES, leaf_hash, leaf_hashes, node_hash, nodes_above
from ledger.errors import Damaged, Malformed
from ledger.evidence.report import Finding, altered
from ledger.storage import Store

CHUNK_LEVEL = 12
CHUNK = 1 << CHUNK_LEVEL
BLOCK_LEVEL = 7
BLOCK = 1 << BLOCK_LEVEL

Progress = Callable[[int], None]
Row = tuple[int, bytes, bytes]
IndexRow = tuple[int, bytes, bytes]


class Check(Protocol):
    """Something further to look at in every entry. It may put off its answers, at the latest until `finish`."""

    def entry(self, position: int, type_: str, payload: bytes) -> Iterable[Finding]:
        """Take in an entry."""

    def finish(self) -> Iterable[Finding]:
        """Answer for all entries that are not yet answered for."""


_HEADER = b'{"position":%d,"prev":"%b","recorded_at":"%b","tags":%b,"type":"%b"}\n'
_BEFORE_TIME = len('{"position":,"prev":"","recorded_at":"') + 2 * HASH_BYTES
_TIME_LENGTH = len("2026-11-21T17:00:00.000000Z")
# In a header so short no name is too long, and there are not too many.
_SHORT = 400
_UNTAGGED = {b'[""]': b"[]"}
_PLAIN = bytes(letter for letter in range(0x20, 0x7F) if letter != ord("\\"))


class Sweep:
    """Reads the rows of a range with their part of the tag index, and collects what is wrong with them."""

    def __init__(self, store: Store, size: int, checks: Sequence[Check], progress: Progress) -> None:
        self._store, self._checks, self._progress = store, checks, progress
        self._findings: list[Finding] = []
        self._index = _TagIndex((), self._altered)
        self._indexed = store.indexed_up_to(size)
        self._expected = 0
        self._left = [b""] * (CHUNK_LEVEL + 1)
        # Of the row before, as headers write them; None when it could not be read.
        self._leaf: bytes | None = None
        self._recorded_at = b""

    def over(self, after: int, until: int) -> list[Finding]:
        """What there is to say of the rows after `after`, where a chunk ends, up to `until`."""
        self._expected = after + 1
        try:
            self._begin_after(after)
            with closing(self._store.indexed_tags(after, until)) as indexed:
                self._index = _TagIndex(indexed, self._altered)
                for block in _blocks(self._store.pages(after, until)):
                    self._block(block)
                    self._progress(len(block))
                if self._expected <= until:
                    self._missing(self._expected, until)
                self._index.finish()
        except Damaged as error:
            self._altered(min(self._expected, until), f"what comes from here on cannot be read: {error}")
        for check in self._checks:
            self._findings += check.finish()
        return self._findings

    def _begin_after(self, position: int) -> None:
        """Take the row before the range as it is: the range that it belongs to is where it is checked."""
        if position == 0:
            self._leaf = hexlify(NO_LEAF)
        for _, tree, raw in self._store.rows(position - 1, position):
            self._leaf = hexlify(tree[:HASH_BYTES])
            try:
                self._recorded_at = parse_entry(raw).header.recorded_at.encode()
            except Malformed:
                self._leaf = None

    def _block(self, rows: Sequence[Row]) -> None:
        if self._is_as_written(rows):
            self._expected += BLOCK
            return
        for position, tree, raw in rows:
            if position != self._expected:
                self._missing(self._expected, position - 1)
            self._expected = position
            self._row(position, tree, raw)
            self._expected += 1

    # A block as a whole.

    def _is_as_written(self, rows: Sequence[Row]) -> bool:
        """Whether these are the very rows that the ledger would have written, and well formed beyond doubt.

        If so, the next ones are compared with them; if not, all is as if nobody had asked.
        """
        leaf, indexed = self._leaf, self._indexed_beside(rows)
        if leaf is None or indexed is None:
            return False
        positions, trees, raws = zip(*rows, strict=True)
        places, types, tags = zip(*indexed, strict=True)
        if not positions == places == (*range(self._expected, self._expected + BLOCK),):
            return False
        leaves = leaf_hashes(raws)
        expected = self._trees(positions[-1], leaves)
        # What the last one completes above a chunk is compared when all chunks are known.
        if len(trees[-1]) != _completes(positions[-1]) * HASH_BYTES:
            return False
        if [*trees[:-1], trees[-1][: len(expected[-1])]] != expected:
            return False
        digits = len(str(positions[0]))
        if digits < len(str(positions[-1])):
            return False  # so seldom that it may be taken apart
        before = _BEFORE_TIME + digits
        times = [raw[before : before + _TIME_LENGTH] for raw in raws]
        chain = [leaf, *map(hexlify, leaves)]
        headers = _headers(positions, chain, times, tags, types)
        if not all(map(bytes.startswith, raws, headers)):
            return False
        if not (self._go_on(times) and _are_well_formed(raws, headers, types, tags)):
            return False
        self._leaf, self._recorded_at = chain[-1], times[-1]
        self._index.pass_over(BLOCK)
        if self._checks:
            for position, type_, raw, header in zip(positions, types, raws, headers, strict=True):
                self._ask(position, type_.decode(), raw[len(header) :])
        return True

    def _indexed_beside(self, rows: Sequence[Row]) -> list[IndexRow] | None:
        """The index that comes next, one row of it for each of these, if they may be a whole block in its place."""
        first = self._expected
        if len(rows) < BLOCK or first % BLOCK != 1 or first + BLOCK - 1 > self._indexed:
            return None
        indexed = self._index.coming(BLOCK)
        return indexed if len(indexed) == BLOCK else None

    def _trees(self, last: int, leaves: list[bytes]) -> list[bytes]:
        """The hashes of the subtrees that each entry completes, of a block with these leaves up to position `last`."""
        trees, nodes, width = leaves[:], leaves, 1
        for _ in range(BLOCK_LEVEL):
            nodes = nodes_above(nodes)
            width *= 2
            trees[width - 1 :: width] = map(add, trees[width - 1 :: width], nodes)
        trees[-1] = trees[-1][:-HASH_BYTES] + self._completed(last, BLOCK_LEVEL, nodes[0])
        return trees

    def _go_on(self, times: list[bytes]) -> bool:
        """Whether these are times that do not run back."""
        return [self._recorded_at, *times] == sorted([self._recorded_at, *times]) and all(
            map(_is_time, {*times} - {self._recorded_at})
        )

    # Row by row.

    def _row(self, position: int, tree: bytes, raw: bytes) -> None:
        """Say what is wrong with a row, and keep what the next one is compared with."""
        leaf = leaf_hash(raw)
        if tree != self._completed(position, 0, leaf):
            self._explain_tree(position, tree, leaf)
            leaf = tree[:HASH_BYTES]
        header = self._explain_header(position, raw)
        if header is not None:
            self._leaf = hexlify(leaf)
            self._ask(position, header.type, raw.partition(b"\n")[2])

    def _completed(self, position: int, level: int, node: bytes) -> bytes:
        """The hashes of the subtrees that this entry completes, from that of `level` up to those of a chunk."""
        left, tree = self._left, node
        while not position >> level & 1 and level < CHUNK_LEVEL:
            node = node_hash(left[level], node)
            tree += node
            level += 1
        left[level] = node
        return tree

    def _explain_tree(self, position: int, tree: bytes, leaf: bytes) -> None:
        """Say which of the hashes kept are wrong, and go on from those that are kept."""
        completes = _completes(position)
        kept = [tree[start : start + HASH_BYTES] for start in range(0, len(tree), HASH_BYTES)]
        if len(tree) != completes * HASH_BYTES:
            self._altered(position, f"{len(tree)} bytes of hashes are kept, not {completes * HASH_BYTES}")
        if kept[:1] != [leaf]:
            self._altered(position, "its bytes are not those that were hashed")
        for level, (below, node) in enumerate(pairwise(kept[: CHUNK_LEVEL + 1])):
            if node_hash(self._left[level], below) != node:
                self._altered(position, f"the hash kept for the subtree of level {level + 1} is not that of its halves")
        top = min(completes - 1, CHUNK_LEVEL)
        if top < len(kept):
            self._left[top] = kept[top]

    def _explain_header(self, position: int, raw: bytes) -> Header | None:
        """Say what is wrong with a header by itself, after the row before, and against the index."""
        before, self._leaf = self._leaf, None
        kept = self._index.at(position)
        try:
            header = parse_entry(raw).header
        except Malformed as error:
            self._altered(position, str(error))
            return None
        if header.position != position:
            self._altered(position, f"it says of itself that it is entry {header.position}")
        if before is not None and header.prev.encode() != before:
            self._altered(position, "its prev is not the leaf of the entry before")
        if header.recorded_at.encode() < self._recorded_at:
            self._altered(position, "it says that it was recorded before the entry before")
        self._recorded_at = header.recorded_at.encode()
        # What the index need not hold yet, it may hold by now: the log grows while it is read.
        if position > self._indexed and not kept:
            return header
        said = {(header.type, tag) for tag in ("", *header.tags)}
        for wire_type, tag in sorted(said - kept):
            self._altered(position, f"the tag index does not have {tag!r} with type {wire_type!r}")
        for wire_type, tag in sorted(kept - said):
            self._altered(position, f"the tag index has {tag!r} with type {wire_type!r}, and the entry does not")
        return header

    def _ask(self, position: int, type_: str, payload: bytes) -> None:
        for check in self._checks:
            self._findings += check.entry(position, type_, payload)

    def _missing(self, first: int, last: int) -> None:
        self._leaf = None
        self._altered(first, "is missing" if first == last else f"is missing, and so are all up to entry {last}")

    def _altered(self, position: int, what: str) -> None:
        self._findings.append(altered(position, what))


class _TagIndex:
    """The tag index, read beside the entries in their order."""

    def __init__(self, rows: Iterable[IndexRow], report: Callable[[int, str], None]) -> None:
        self._rows, self._report = iter(rows), report
        self._ahead: list[IndexRow] = []

    def coming(self, count: int) -> list[IndexRow]:
        """The next so many rows, or those that there are; they stay the next ones."""
        self._ahead += islice(self._rows, max(count - len(self._ahead), 0))
        return self._ahead[:count]

    def pass_over(self, count: int) -> None:
        """Leave so many rows that `coming` gave behind."""
        del self._ahead[:count]

    def at(self, position: int) -> set[tuple[str, str]]:
        """What the index holds for a position, as (type, tag). What it holds for those before is reported."""
        for place, wire_type, tag in self._read_to(position - 1):
            self._report(place, f"the tag index has {tag!r} with type {wire_type!r}, and no entry does")
        return {(wire_type, tag) for _, wire_type, tag in self._read_to(position)}

    def finish(self) -> None:
        """Report what no entry explained."""
        while rest := self.coming(1):
            self.at(rest[0][0] + 1)

    def _read_to(self, position: int) -> Iterator[tuple[int, str, str]]:
        while (row := self.coming(1)) and row[0][0] <= position:
            self.pass_over(1)
            yield from sorted(_pairs(*row[0]))


def _blocks(pages: Iterable[Sequence[Row]]) -> Iterator[Sequence[Row]]:
    """The rows of pages in whole blocks, and a rest of each page."""
    return (page[start : start + BLOCK] for page in pages for start in range(0, len(page), BLOCK))


def _completes(position: int) -> int:
    """How many subtrees an entry completes, its leaf among them."""
    return (position & -position).bit_length()


def _headers(
    positions: Sequence[int],
    chain: Sequence[bytes],
    times: Sequence[bytes],
    tags: Sequence[bytes],
    types: Sequence[bytes],
) -> list[bytes]:
    """The headers of a block with these members; `tags` are as the index lists them."""
    # The empty tag stands for the type there, and in no header; this is not left to a function for the time it takes.
    listed = [b"[" + one[4:] if one[:4] == b'["",' else _UNTAGGED.get(one, b"") for one in tags]
    return [_HEADER % one for one in zip(positions, chain[:-1], times, listed, types, strict=True)]


def _are_well_formed(
    raws: Sequence[bytes], headers: Sequence[bytes], types: Sequence[bytes], tags: Sequence[bytes]
) -> bool:
    """Whether entries are well formed that have these headers, which are made of these types and tags."""
    if max(map(len, raws)) > MAX_ENTRY_BYTES:
        return False
    # The index escapes tags as JSON does, and the type not at all.
    names = b"".join({*types})
    if b'"' in names or b"\\" in names or b"" in types:
        return False
    if b"".join([names, *tags]).translate(None, _PLAIN):
        return all(map(_can_be_parsed, raws))
    return max(map(len, headers)) <= _SHORT or all(
        _can_be_parsed(raw) for raw, header in zip(raws, headers, strict=True) if len(header) > _SHORT
    )


def _can_be_parsed(raw: bytes) -> bool:
    try:
        parse_entry(raw)
    except Malformed:
        return False
    return True


def _pairs(position: int, type_: bytes, tags: bytes) -> set[tuple[int, str, str]]:
    """Rows of the index, as (position, type, tag)."""
    # What is no UTF-8 must not look like anything that is.
    wire_type = type_.decode(errors="surrogateescape")
    return {(position, wire_type, tag) for tag in json.loads(tags.decode(errors="surrogateescape"))}


def _is_time(text: bytes) -> bool:
    try:
        parse_time(text.decode())
    except Malformed:
        return False
    return True
