"""What an append adds: entries behind the end of the log, with the subtrees that they complete and their tags.

Entry, tags and tree go in together, by one call of `ledger.append`, or by COPY where they are many.
"""

from collections.abc import Iterable

from ledger.chain.entry import Entry
from ledger.storage.growing import Growth
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


def tag_rows(entries: Iterable[Entry]) -> list[tuple[str, str, int]]:
    """The rows of these entries in the tag index."""
    headers = [entry.header for entry in entries]
    return [(tag, header.type, header.position) for header in headers for tag in (ANY_TAG, *header.tags)]


def add(connection: Connection, growth: Growth) -> bool:
    """Add the rows, if the log ends where they begin."""
    tags, types, positions = map(list, zip(*tag_rows(growth.entries), strict=True))
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
            for row in tag_rows(growth.entries):
                copy.write_row(row)
        cursor.execute(TELL)


def is_there(connection: Connection, growth: Growth) -> bool:
    """Whether these very entries are in the log; they have something in them that nobody else would write."""
    first = growth.entries[0]
    with connection.cursor(binary=True) as cursor:
        return cursor.execute(RAW_AT, (first.position,)).fetchone() == (first.raw,)
