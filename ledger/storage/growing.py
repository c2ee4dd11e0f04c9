"""How a log goes on: what may stand behind its last entry, and which subtrees that completes."""

from collections.abc import Callable, Sequence

import msgspec
from eventsourcing.dcb.api import DCBAppendCondition, DCBEvent, DCBQuery

from ledger.chain.entry import MAX_POSITION, Entry, write_entry
from ledger.chain.merkle import HASH_BYTES, Subtree, completed_by, completed_by_all, leaf_hash
from ledger.errors import Conflict, Damaged, LedgerError
from ledger.storage.port import EMPTY_HEAD, Head
from ledger.storage.recent import Recent

Outcome = list[Entry] | BaseException


class Tip(msgspec.Struct, frozen=True):
    """The end of the log: its last entry, and what the next entries complete subtrees with.

    `left` has, by level, the hash of the last subtree that waits for its right half; nothing where it has to be read.
    Whoever finds the same leaf at the same position at the end of the log need not read any of it again.
    """

    head: Head
    left: Sequence[bytes]


# From so many leaves on their subtrees are made level by level.
MANY = 16
NOTHING_KNOWN = (b"",) * MAX_POSITION.bit_length()
EMPTY_TIP = Tip(EMPTY_HEAD, NOTHING_KNOWN)


class Wish:
    """Events that somebody wants appended together, under a condition of their own.

    `refusal` is why they cannot be, whatever becomes of the wishes that are written in the same transaction.
    """

    __slots__ = ("condition", "events", "refusal")

    def __init__(self, events: Sequence[DCBEvent], condition: DCBAppendCondition | None) -> None:
        self.events, self.condition = events, condition
        self.refusal: LedgerError | None = None


class Growth(msgspec.Struct, frozen=True):
    """What is to be added behind a head, the tip that it makes, and for each wish its entries or why it has none."""

    behind: Head
    entries: list[Entry]
    trees: list[bytes]
    tip: Tip
    outcomes: list[Outcome]


class Ground(msgspec.Struct, frozen=True):
    """What is asked of the log up to its tip: the first entry after a position that matches, and a subtree's hash.

    `recent` has what of it need not be asked.
    """

    recent: Recent
    first_match: Callable[[DCBQuery, int], Entry | None]
    subtree: Subtree


def grown(tip: Tip, wishes: Sequence[Wish], recorded_at: str, ground: Ground) -> Growth:
    """These wishes as entries behind the tip, one after the other; each is held to what the earlier ones add."""
    head, left = tip.head, tip.left
    # To make a list by its full name would take as long as a hash.
    entries: list[Entry] = []
    trees: list[bytes] = []
    outcomes: list[Outcome] = []
    ground.recent.go_on_from(head)
    for wish in wishes:
        wish.refusal = None
        try:
            if wish.condition is not None:
                _check(wish.condition, tip.head.position, head.position, ground)
            added, completed, left = _continuation(head, left, wish.events, recorded_at, ground.subtree)
        except LedgerError as error:
            outcomes.append(error)
            if not isinstance(error, Conflict) or error.position <= tip.head.position:
                wish.refusal = error
            continue
        head = Head(head.position + len(added), completed[-1][:HASH_BYTES], recorded_at)
        entries += added
        trees += completed
        outcomes.append(added)
        ground.recent.add(added, head)
    return Growth(tip.head, entries, trees, Tip(head, left), outcomes)


def _check(condition: DCBAppendCondition, written: int, end: int, ground: Ground) -> None:
    """Raise `Conflict` when an entry matches that the condition does not know, be it written or only added."""
    after, query = condition.after or 0, condition.fail_if_events_match
    found = None
    if after < written and not ground.recent.reaches(after):
        found = ground.first_match(query, after)
        after = written
    if found is None and after < end:
        found = ground.recent.first_match(query, after)
    if found is not None:
        raise Conflict(found.position, condition.after)


def _continuation(
    head: Head, left: Sequence[bytes], events: Sequence[DCBEvent], recorded_at: str, read_subtree: Subtree
) -> tuple[list[Entry], list[bytes], list[bytes]]:
    """These events as entries behind a head, what is kept of the tree with each, and the subtrees that then wait."""
    leaf, entries, leaves = head.leaf, [], []
    for position, event in enumerate(events, head.position + 1):
        entry = write_entry(position, leaf, recorded_at, event.tags, event.type, event.data)
        leaf = leaf_hash(entry.raw)
        entries.append(entry)
        leaves.append(leaf)
    return entries, *_completed(head.position, left, leaves, read_subtree)


def continued(tip: Tip, entries: Sequence[Entry], read_subtree: Subtree) -> tuple[list[bytes], Tip]:
    """What is kept of the tree with each of these entries, written by somebody else, and the tip that they make.

    Raises `Damaged` for an entry that does not continue the log.
    """
    head, leaves = tip.head, []
    for entry in entries:
        header = entry.header
        if (header.position, header.prev) != (head.position + 1, head.leaf.hex()):
            raise Damaged("log", f"entry {header.position} does not continue a log of {head.position:,} entries")
        if header.recorded_at < (head.recorded_at or ""):
            raise Damaged("log", f"entry {header.position} says that it was recorded before the entry before")
        head = Head(header.position, entry.leaf, header.recorded_at)
        leaves.append(head.leaf)
    trees, left = _completed(tip.head.position, tip.left, leaves, read_subtree)
    return trees, Tip(head, left)


def _completed(
    size: int, left: Sequence[bytes], leaves: Sequence[bytes], read_subtree: Subtree
) -> tuple[list[bytes], list[bytes]]:
    """What each of these leaves behind the first `size` completes, joined, and the subtrees that then wait."""
    waiting = [*left]

    def subtree(level: int, index: int) -> bytes:
        return waiting[level] or read_subtree(level, index)

    if len(leaves) >= MANY:
        grown_to = size + len(leaves)
        # Of those that wait, only these get their right halves now.
        joined = [
            level for level in range(size.bit_length()) if size >> level & 1 and grown_to >> level > size >> level
        ]
        trees, peaks = completed_by_all(size, {level: subtree(level, (size >> level) - 1) for level in joined}, leaves)
        for level, peak in peaks.items():
            waiting[level] = peak
        return trees, waiting
    trees = []
    for position, leaf in enumerate(leaves, size + 1):
        hashes = completed_by(position, leaf, subtree)
        waiting[len(hashes) - 1] = hashes[-1]
        trees.append(b"".join(hashes))
    return trees, waiting
