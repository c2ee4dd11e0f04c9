"""What an append adds: entries behind the end of the log, with the subtrees that they complete and their tags.

Entry, tags and tree go in together, by one call of `ledger.append`, or by COPY where they are many.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from eventsourcing.dcb.api import DCBEvent

from ledger.chain.entry import MAX_POSITION, Entry, write_entry
from ledger.chain.merkle import completed_by, leaf_hash
from ledger.storage.port import EMPTY_HEAD, Head
from ledger.storage.postgres.connections import Connection
from ledger.storage.postgres.queries import ANY_TAG
from ledger.storage.postgres.schema import CHANNEL

# So many at once are handed over by COPY.
MANY = 128

RAW_AT = "SELECT entry FROM ledger.entries WHERE position = %b"
APPEND = "SELECT ledger.append(%b, %b, %b::bytea[], %b::bytea[], %b::text[], %b::text[], %b::bigint[])"
COPY_ENTRIES = "COPY ledger.entries (position, tree, entry) FROM STDIN (FORMAT binary)"
COPY_TAGS = "COPY ledger.tags (tag, type, position) FROM STDIN (FORMAT binary)"
TELL = f"SELECT pg_notify('{CHANNEL}', '')"


class Tip(NamedTuple):
    """The end of the log, and by level the last subtree that waits for its right half, where that is known."""

    head: Head
    left: Sequence[bytes]


NOTHING_KNOWN = (b"",) * MAX_POSITION.bit_length()
EMPTY_TIP = Tip(EMPTY_HEAD, NOTHING_KNOWN)


class Growth(NamedTuple):
    """What is to be added behind a tip, and the tip that it makes."""

    behind: Head
    entries: list[Entry]
    trees: list[bytes]
    tip: Tip

    def tag_rows(self) -> list[tuple[str, str, int]]:
        """The rows of the tag index."""
        headers = [entry.header for entry in self.entries]
        return [(tag, header.type, header.position) for header in headers for tag in (ANY_TAG, *header.tags)]


def grown(tip: Tip, events: Sequence[DCBEvent], recorded_at: str, read_subtree: Callable[[int, int], bytes]) -> Growth:
    """These events as entries behind the tip; `read_subtree` gives what the tip does not know."""
    leaf, left = tip.head.leaf, [*tip.left]

    def subtree(level: int, index: int) -> bytes:
        return left[level] or read_subtree(level, index)

    entries, trees = [], []
    for position, event in enumerate(events, tip.head.position + 1):
        entry = write_entry(position, leaf, recorded_at, event.tags, event.type, event.data)
        completed = completed_by(position, leaf_hash(entry.raw), subtree)
        leaf, left[len(completed) - 1] = completed[0], completed[-1]
        entries.append(entry)
        trees.append(b"".join(completed))
    head = Head(tip.head.position + len(entries), leaf, recorded_at)
    return Growth(tip.head, entries, trees, Tip(head, left))


def add(connection: Connection, growth: Growth) -> bool:
    """Add the rows, if the log ends where they begin."""
    tags, types, positions = map(list, zip(*growth.tag_rows(), strict=True))
    raws = [entry.raw for entry in growth.entries]
    head = growth.behind
    values = (head.position, head.leaf, growth.trees, raws, tags, types, positions)
    row = connection.execute(APPEND, values, prepare=True).fetchone()
    return row == (True,)


def copy(connection: Connection, growth: Growth) -> None:
    """Add many rows, under the lock."""
    with connection.cursor() as cursor:
        with cursor.copy(COPY_ENTRIES) as copy:
            copy.set_types(["int8", "bytea", "bytea"])
            for entry, tree in zip(growth.entries, growth.trees, strict=True):
                copy.write_row((entry.position, tree, entry.raw))
        with cursor.copy(COPY_TAGS) as copy:
            copy.set_types(["text", "text", "int8"])
            for row in growth.tag_rows():
                copy.write_row(row)
        cursor.execute(TELL)


def is_there(connection: Connection, growth: Growth) -> bool:
    """Whether these very entries are in the log; they have something in them that nobody else would write."""
    first = growth.entries[0]
    with connection.cursor(binary=True) as cursor:
        return cursor.execute(RAW_AT, (first.position,)).fetchone() == (first.raw,)
