"""One sweep over a range of the log: every row is compared with the one that the ledger would have written there.

After given entries, with given times, payloads and names, there is just one block of rows that it would have written. A
block that is equal to it is right; one that is not is taken apart, row by row, to say why. So what is checked stands in
here twice: once for all rows of a block together, and once in words.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from operator import add
from typing import NamedTuple, Protocol

from ledger.chain.entry import NO_LEAF, Header, parse_entry, parse_time
from ledger.chain.merkle import HASH_BYTES, leaf_hash, leaf_hashes, node_hash, nodes_above
from ledger.errors import Damaged, Malformed
from ledger.evidence.headers import headers_of
from ledger.evidence.indexed import Asked
from ledger.evidence.report import Finding, altered
from ledger.storage import Store

CHUNK_LEVEL = 12
CHUNK = 1 << CHUNK_LEVEL
BLOCK_LEVEL = 7
BLOCK = 1 << BLOCK_LEVEL

Progress = Callable[[int], None]
Row = tuple[int, bytes, bytes]


class Check(Protocol):
    """Something further to look at in every entry. It may put off its answers, at the latest until `finish`."""

    def entry(self, position: int, type_: str, payload: bytes) -> Iterable[Finding]:
        """Take in an entry."""

    def finish(self) -> Iterable[Finding]:
        """Answer for all entries that are not yet answered for."""


class Swept(NamedTuple):
    """What is wrong with the rows of a range, and how many positions the index lists for them, as `Asked` says it."""

    findings: Sequence[Finding]
    indexed: int | None


class Sweep:
    """Reads the rows of a range, asks the tag index about them, and collects what is wrong."""

    def __init__(self, store: Store, size: int, checks: Sequence[Check], progress: Progress) -> None:
        self._store, self._checks, self._progress = store, checks, progress
        self._findings: list[Finding] = []
        self._indexed = Asked(store, size, CHUNK)
        self._expected = 0
        self._left = [b""] * (CHUNK_LEVEL + 1)
        # Of the row before, as headers have them; None when it could not be read.
        self._leaf: str | None = None
        self._recorded_at = ""

    def over(self, after: int, until: int) -> Swept:
        """What there is to say of the rows after `after`, where a chunk ends, up to `until`."""
        self._expected = after + 1
        try:
            self._begin_after(after)
            for block in _blocks(self._store.pages(after, until)):
                self._block(block)
                self._progress(len(block))
            if self._expected <= until:
                self._missing(self._expected, until)
        except Damaged as error:
            self._altered(min(self._expected, until), f"what comes from here on cannot be read: {error}")
        for check in self._checks:
            self._findings += check.finish()
        return Swept(self._findings, self._indexed.listed())

    def _begin_after(self, position: int) -> None:
        """Take the row before the range as it is: the range that it belongs to is where it is checked."""
        if position == 0:
            self._leaf = NO_LEAF.hex()
        for _, tree, raw in self._store.rows(position - 1, position):
            self._leaf = tree[:HASH_BYTES].hex()
            try:
                self._recorded_at = parse_entry(raw).header.recorded_at
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
        if self._leaf is None or len(rows) < BLOCK or self._expected % BLOCK != 1:
            return False
        positions, trees, raws = zip(*rows, strict=True)
        if positions != (*range(self._expected, self._expected + BLOCK),):
            return False
        leaves = leaf_hashes(raws)
        expected = self._trees(positions[-1], leaves)
        # What the last one completes above a chunk is compared when all chunks are known.
        if len(trees[-1]) != _completes(positions[-1]) * HASH_BYTES:
            return False
        if [*trees[:-1], trees[-1][: len(expected[-1])]] != expected:
            return False
        headers = headers_of(raws)
        if headers is None:
            return False
        chain = [self._leaf, *map(bytes.hex, leaves)]
        times = [header.recorded_at for header in headers]
        if [header.position for header in headers] != [*positions] or [header.prev for header in headers] != chain[:-1]:
            return False
        if not self._go_on(times):
            return False
        self._leaf, self._recorded_at = chain[-1], times[-1]
        self._indexed.take(positions, headers)
        if self._checks:
            for position, raw, header in zip(positions, raws, headers, strict=True):
                self._ask(position, header.type, raw.partition(b"\n")[2])
        return True

    def _trees(self, last: int, leaves: list[bytes]) -> list[bytes]:
        """The hashes of the subtrees that each entry completes, of a block with these leaves up to position `last`."""
        trees, nodes, width = leaves[:], leaves, 1
        for _ in range(BLOCK_LEVEL):
            nodes = nodes_above(nodes)
            width *= 2
            trees[width - 1 :: width] = map(add, trees[width - 1 :: width], nodes)
        trees[-1] = trees[-1][:-HASH_BYTES] + self._completed(last, BLOCK_LEVEL, nodes[0])
        return trees

    def _go_on(self, times: list[str]) -> bool:
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
            self._leaf = leaf.hex()
            self._indexed.take((position,), (header,))
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
        """Say what is wrong with a header by itself and after the row before."""
        before, self._leaf = self._leaf, None
        try:
            header = parse_entry(raw).header
        except Malformed as error:
            self._altered(position, str(error))
            return None
        if header.position != position:
            self._altered(position, f"it says of itself that it is entry {header.position}")
        if before is not None and header.prev != before:
            self._altered(position, "its prev is not the leaf of the entry before")
        if header.recorded_at < self._recorded_at:
            self._altered(position, "it says that it was recorded before the entry before")
        self._recorded_at = header.recorded_at
        return header

    def _ask(self, position: int, type_: str, payload: bytes) -> None:
        for check in self._checks:
            self._findings += check.entry(position, type_, payload)

    def _missing(self, first: int, last: int) -> None:
        self._leaf = None
        self._altered(first, "is missing" if first == last else f"is missing, and so are all up to entry {last}")

    def _altered(self, position: int, what: str) -> None:
        self._findings.append(altered(position, what))


def _blocks(pages: Iterable[Sequence[Row]]) -> Iterator[Sequence[Row]]:
    """The rows of pages in whole blocks, and a rest of each page."""
    return (page[start : start + BLOCK] for page in pages for start in range(0, len(page), BLOCK))


def _completes(position: int) -> int:
    """How many subtrees an entry completes, its leaf among them."""
    return (position & -position).bit_length()


def _is_time(text: str) -> bool:
    try:
        parse_time(text)
    except Malformed:
        return False
    return True
