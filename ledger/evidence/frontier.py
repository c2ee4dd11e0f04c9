"""A log up to one size, as far as it takes to compute what is signed next from the bytes behind it."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import NamedTuple, Self

from ledger.chain.checkpoint import SignedCheckpoint
from ledger.chain.entry import NO_LEAF, Entry, Header, parse_entry
from ledger.chain.merkle import HASH_BYTES, completed_by_all, inclusion_path, leaf_hash, node_hash, verify_inclusion
from ledger.errors import Damaged, Malformed, NotContinued, ProofFailed
from ledger.evidence.logkeys import CHANGES
from ledger.storage import Store

# So many entries are held in memory at once.
PIECE = 1024

Row = tuple[int, bytes, bytes]


class Frontier(NamedTuple):
    """A log up to one size: its last leaf and when that was recorded, and the completed subtrees that make up its root.

    `peaks` has each of those with its level, from the highest down; `keys_changed` is whether one of the entries that
    were read for it says which keys sign.
    """

    size: int = 0
    leaf: bytes = NO_LEAF
    recorded_at: str = ""
    peaks: tuple[tuple[int, bytes], ...] = ()
    keys_changed: bool = False

    def root(self) -> bytes:
        """The root of the tree over them, of which there is at least one."""
        (_, found), *larger = reversed(self.peaks)
        for _, peak in larger:
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
                found = cls(size, leaf, last.header.recorded_at, tuple(_peaks(size, store)))
                if found.root() != signed.root:
                    raise ProofFailed(f"the subtrees kept do not make up the root of size {size}")
            except (Malformed, ProofFailed, Damaged) as error:
                raise NotContinued(f"it is not the log whose {size:,} entries were signed: {error}") from error
            return found
        raise NotContinued(f"{size:,} entries were signed, and it has {store.length():,}")

    def after(self, rows: Iterable[Row], written: Sequence[Entry] = ()) -> Self:
        """The frontier behind these rows, each of which must be what the log writes there. Raises `NotContinued`.

        Of bytes that are those of an entry that was just `written` here, the form need not be looked at again.
        """
        found, known = self._replace(keys_changed=False), {entry.position: entry for entry in written}
        remaining = iter(rows)
        while piece := list(islice(remaining, PIECE)):
            found = found.behind(piece, known)
        return found

    def behind(self, piece: Sequence[Row], written: Mapping[int, Entry]) -> Self:
        """As `after`, for rows that are held in memory; `written` are those entries by their positions."""
        headers = [_header_of(position, raw, written.get(position)) for position, _, raw in piece]
        leaves = [leaf_hash(raw) for _, _, raw in piece]
        completed, peaks = completed_by_all(self.size, dict(self.peaks), leaves)
        size, before, recorded_at = self.size, self.leaf, self.recorded_at
        for (position, tree, _), header, leaf, expected in zip(piece, headers, leaves, completed, strict=True):
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
        changed = self.keys_changed or any(header.type in CHANGES for header in headers)
        return type(self)(size, before, recorded_at, tuple(sorted(peaks.items(), reverse=True)), changed)


def _peaks(size: int, store: Store) -> Iterable[tuple[int, bytes]]:
    for level in reversed(range(size.bit_length())):
        if size >> level & 1:
            yield level, store.subtree(level, (size >> level) - 1)


def _header_of(position: int, raw: bytes, written: Entry | None) -> Header:
    if written is not None and written.raw == raw:
        return written.header
    try:
        return parse_entry(raw).header
    except Malformed as error:
        raise NotContinued(f"entry {position} cannot be read: {error}") from error
