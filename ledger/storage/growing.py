"""How a log goes on: what may stand behind its last entry, and which subtrees that completes."""

from collections.abc import Sequence

from ledger.chain.entry import Entry
from ledger.chain.merkle import Subtree, completed_by
from ledger.errors import Damaged
from ledger.storage.port import Head


def continued(
    head: Head, left: list[bytes], entries: Sequence[Entry], read_subtree: Subtree
) -> tuple[list[bytes], Head]:
    """What is kept of the tree with each of these entries, written by somebody else, and the head that they make.

    `left` has the subtrees that wait for their right halves, by level, and is brought up to date. Raises `Damaged` for
    an entry that does not continue the log.
    """

    def subtree(level: int, index: int) -> bytes:
        return left[level] or read_subtree(level, index)

    trees = []
    for entry in entries:
        header = entry.header
        if (header.position, header.prev) != (head.position + 1, head.leaf.hex()):
            raise Damaged("log", f"entry {header.position} does not continue a log of {head.position:,} entries")
        if header.recorded_at < (head.recorded_at or ""):
            raise Damaged("log", f"entry {header.position} says that it was recorded before the entry before")
        completed = completed_by(header.position, entry.leaf, subtree)
        left[len(completed) - 1] = completed[-1]
        trees.append(b"".join(completed))
        head = Head(header.position, completed[0], header.recorded_at)
    return trees, head
