"""A log up to one size, as far as it takes to compute what is signed next from the bytes behind it."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple, Self

from ledger.chain.checkpoint import SignedCheckpoint
from ledger.chain.entry import NO_LEAF, Entry, Header, parse_entry, parse_time
from ledger.chain.merkle import HASH_BYTES, completed_by_all, inclusion_path, leaf_hashes, node_hash, verify_inclusion
from ledger.errors import Damaged, Malformed, NotContinued, ProofFailed
from ledger.evidence.headers import Read, headers_of
from ledger.evidence.logkeys import CHANGES
from ledger.storage import Store

Row = tuple[int, bytes, bytes]


class Frontier(NamedTuple):
    """A log up to one size: its last leaf and when that was recorded, and the completed subtrees that make up its root.

    `peaks` has those from the largest to the smallest; `keys_changed` is the last entry of those that were read for it
    that says which keys sign, 0 if none does.
    """

    size: int = 0
    leaf: bytes = NO_LEAF
    recorded_at: str = ""
    peaks: tuple[bytes, ...] = ()
    keys_changed: int = 0

    def root(self) -> bytes:
        """The root of the tree over them, of which there is at least one."""
        *larger, found = self.peaks
        for peak in reversed(larger):
            found = node_hash(peak, found)
        return found

    @classmethod
    def of(cls, signed: SignedCheckpoint, store: Store) -> Self:
        """The frontier that a checkpoint signs, from a log that leads to its root. Raises `NotContinued`."""
        size = signed.size
        for _, tree, raw in store.rows(size - 1, size):
            try:
                last = parse_entry(raw)
                leaf = last.leaf
                if tree[:HASH_BYTES] != leaf:
                    # What is appended next would name it.
                    raise ProofFailed(f"the leaf kept for entry {size} is not that of its bytes")
                verify_inclusion(size - 1, size, leaf, inclusion_path(size - 1, size, store.subtree), signed.root)
                found = cls(size, leaf, last.header.recorded_at, _peaks(size, store))
                if found.root() != signed.root:
                    raise ProofFailed(f"the subtrees kept do not make up the root of size {size}")
            except (Malformed, ProofFailed, Damaged) as error:
                raise NotContinued(f"it is not the log whose {size:,} entries were signed: {error}") from error
            return found
        raise NotContinued(f"{size:,} entries were signed, and it has {store.length():,}")

    def after(self, pages: Iterable[Sequence[Row]], written: Sequence[Entry] = ()) -> Self:
        """The frontier behind these pages of rows, each of which must be what the log writes there.

        Of bytes that are those of an entry that was just `written` here, the form need not be looked at again. Raises
        `NotContinued`.
        """
        found, known = self, {entry.raw: entry.header for entry in written}
        for page in pages:
            found = found.behind(page, known)
        return found

    def behind(self, page: Sequence[Row], written: Mapping[bytes, Header]) -> Self:
        """As `after`, for one page; `written` has the headers of those entries by all their bytes."""
        leaves = leaf_hashes(raw for _, _, raw in page)
        completed, peaks = _completed_by(self.size, self.peaks, leaves)
        size, before, recorded_at, _, keys_changed = self
        headers = _headers_of(page, written)
        for (position, tree, _), header, leaf, expected in zip(page, headers, leaves, completed, strict=True):
            size += 1
            if not position == header.position == size:
                raise NotContinued(f"entry {size} is missing")
            if header.prev != before.hex():
                raise NotContinued(f"entry {size} does not name the leaf of the entry before")
            if header.recorded_at < recorded_at:
                raise NotContinued(f"entry {size} says that it was recorded before the entry before")
            if tree != expected:
                raise NotContinued(f"the hashes kept for entry {size} are not those of its bytes")
            before, recorded_at = leaf, header.recorded_at
            if header.type in CHANGES:
                keys_changed = size
        return type(self)(size, before, recorded_at, tuple(peaks), keys_changed)


def _completed_by(size: int, peaks: Sequence[bytes], leaves: Sequence[bytes]) -> tuple[list[bytes], Iterable[bytes]]:
    """As `completed_by_all`, of peaks in their order.

    For a leaf that is alone, to climb from it takes less time.
    """
    if len(leaves) > 1:
        completed, by_level = completed_by_all(size, dict(zip(_levels(size), peaks, strict=True)), leaves)
        return completed, [by_level[level] for level in _levels(size + len(leaves))]
    (node,), left = leaves, [*peaks]
    hashes = node
    while size & 1:
        node = node_hash(left.pop(), node)
        hashes, size = hashes + node, size >> 1
    return [hashes], [*left, node]


def _levels(size: int) -> list[int]:
    """The levels of the completed subtrees that make up a tree of this size, the largest first."""
    return [level for level in reversed(range(size.bit_length())) if size >> level & 1]


def _peaks(size: int, store: Store) -> tuple[bytes, ...]:
    return tuple(store.subtree(level, (size >> level) - 1) for level in _levels(size))


def _headers_of(page: Sequence[Row], written: Mapping[bytes, Header]) -> Sequence[Header | Read]:
    """The headers of these entries, each of which is as `parse_entry` demands. Raises `NotContinued`."""
    together = None if written else headers_of([raw for _, _, raw in page])
    if together is not None:
        with suppress(Malformed):
            for recorded_at in {header.recorded_at for header in together}:
                parse_time(recorded_at)
            return together
    return [written.get(raw) or _header_of(position, raw) for position, _, raw in page]


def _header_of(position: int, raw: bytes) -> Header:
    try:
        return parse_entry(raw).header
    except Malformed as error:
        raise NotContinued(f"entry {position} cannot be read: {error}") from error
