"""What is asked of the tables on PostgreSQL. The answer up to some position is always the same."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

import msgspec
from eventsourcing.dcb.api import DCBQuery, DCBQueryItem

from ledger.chain.entry import MAX_POSITION, MAX_TAGS, Entry, check_name, read_entry
from ledger.chain.merkle import HASH_BYTES
from ledger.errors import Damaged, Malformed
from ledger.storage.postgres.connections import Connection

ANY_TAG = ""  # every entry has this in the index, so that a query without tags is a query for it
NAMES_KEPT = 1024

ENTRIES = """
    SELECT position, entry FROM ledger.entries WHERE position > %b AND position <= %b ORDER BY position LIMIT %b
"""
# Each item is a tag, the types that are wanted (or null), and what else has to stand on the same entry: so each pair of
# a tag and a type is one range of the index.
MATCHING = """
    SELECT e.position, e.entry FROM (
        SELECT DISTINCT one.position
        FROM json_to_recordset(%t::json) AS item (tag text, types text[], further text[])
        CROSS JOIN LATERAL (
            SELECT unnest(item.types) AS type
            UNION ALL
            SELECT known.type FROM (
                WITH RECURSIVE types (type) AS (
                    SELECT (SELECT min(t.type) FROM ledger.tags t WHERE t.tag = item.tag AND item.types IS NULL)
                    UNION ALL
                    SELECT (SELECT min(t.type) FROM ledger.tags t WHERE t.tag = item.tag AND t.type > types.type)
                    FROM types WHERE types.type IS NOT NULL
                )
                SELECT types.type FROM types WHERE types.type IS NOT NULL
            ) AS known
        ) AS wanted
        CROSS JOIN LATERAL (
            SELECT t.position FROM ledger.tags t
            WHERE t.tag = item.tag AND t.type = wanted.type AND t.position > %b AND t.position <= %b
                AND NOT EXISTS (
                    SELECT 1 FROM unnest(item.further) AS further (tag)
                    WHERE NOT EXISTS (
                        SELECT 1 FROM ledger.tags other
                        WHERE other.tag = further.tag AND other.type = t.type AND other.position = t.position
                    )
                )
            ORDER BY t.position
            LIMIT %b
        ) AS one
        ORDER BY one.position
        LIMIT %b
    ) AS found
    JOIN ledger.entries e ON e.position = found.position
    ORDER BY e.position
"""
COUNTED = "(SELECT count(*) FROM (SELECT FROM ledger.tags WHERE tag = %b LIMIT %b) AS counted)"


SUBTREE = "SELECT substr(tree, %b::int + 1, 32) FROM ledger.entries WHERE position = %b"

SUBTREES = """
    SELECT wanted.level, wanted.place, substr(tree, 32 * wanted.level + 1, 32)
    FROM unnest(%b::int[], %b::bigint[]) AS wanted (level, place) JOIN ledger.entries ON position = wanted.place
"""


class Wanted(msgspec.Struct, frozen=True):
    """A query's item as it is asked: entries with `tag`, of these types (all, if None), with all `further` tags."""

    tag: str
    types: tuple[str, ...] | None
    further: tuple[str, ...]


def matching(connection: Connection, query: DCBQuery, after: int, until: int, limit: int) -> list[Entry]:
    """The first `limit` entries that match, in order, after one position up to another."""
    after, until, limit = (max(min(number, MAX_POSITION), 0) for number in (after, until, limit))
    if after >= until:
        return []
    if not query.items or any(not item.types and not item.tags for item in query.items):
        return _entries(connection, ENTRIES, (after, until, limit))
    items = [*_wanted(connection, query.items)]
    if not items:
        return []
    asked = msgspec.json.encode(items).decode()
    return _entries(connection, MATCHING, (asked, after, until, limit, limit))


def _entries(connection: Connection, query: str, values: Sequence[object]) -> list[Entry]:
    with connection.cursor(binary=True) as cursor:
        return [entry_in(*row) for row in cursor.execute(query, values, prepare=True)]


def entry_in(position: int, raw: bytes) -> Entry:
    """The entry in a row. Raises `Damaged` for a row that nobody wrote so."""
    try:
        entry = read_entry(raw)
    except Malformed as error:
        raise Damaged("log", f"the entry at position {position} cannot be read: {error}") from error
    if entry.position != position:
        raise Damaged("log", f"entry {entry.position} stands at position {position}")
    return entry


def _wanted(connection: Connection, items: Iterable[DCBQueryItem]) -> Iterable[Wanted]:
    for item in items:
        tags = [*dict.fromkeys(item.tags)] or [ANY_TAG]
        # The empty tag means something else in here, and no other impossible name can be asked for.
        if len(tags) > MAX_TAGS or not all(map(_is_name, item.tags)):
            continue
        types = tuple(filter(_is_name, item.types))
        if item.types and not types:
            continue
        rarest = _rarest(connection, tags) if len(tags) > 1 else tags[0]
        yield Wanted(rarest, types or None, tuple(tag for tag in tags if tag != rarest))


@lru_cache(NAMES_KEPT)
def _is_name(name: str) -> bool:
    try:
        check_name("name", name)
    except Malformed:
        return False
    return True


def _rarest(connection: Connection, tags: Sequence[str]) -> str:
    """The tag that stands on the fewest entries, found at the cost of counting so many."""
    statement = f"SELECT {', '.join([COUNTED] * len(tags))}"
    enough = 8
    while True:
        counts: Any = connection.execute(statement, [value for tag in tags for value in (tag, enough)]).fetchone()
        count, tag = min(zip(counts, tags, strict=True))
        if count < enough:
            return tag
        enough *= 8


def subtree(connection: Connection, level: int, index: int) -> bytes:
    """The hash of a completed subtree."""
    place = (index + 1) << level
    row = None
    if 0 < place <= MAX_POSITION:
        with connection.cursor(binary=True) as cursor:
            row = cursor.execute(SUBTREE, (HASH_BYTES * level, place), prepare=True).fetchone()
    return hash_in(f"subtree {index} of level {level}", row and row[0])


def subtrees(connection: Connection, places: Sequence[tuple[int, int]]) -> dict[tuple[int, int], bytes]:
    """The hashes of completed subtrees, by level and index."""
    ends = {(level, (index + 1) << level): (level, index) for level, index in places}
    within = [end for end in ends if 0 < end[1] <= MAX_POSITION]
    levels, positions = [level for level, _ in within], [position for _, position in within]
    with connection.cursor(binary=True) as cursor:
        rows = cursor.execute(SUBTREES, (levels, positions), prepare=True).fetchall()
    found = {(level, position): column for level, position, column in rows}
    return {
        (level, index): hash_in(f"subtree {index} of level {level}", found.get(end))
        for end, (level, index) in ends.items()
    }


def hash_in(what: str, column: object) -> bytes:
    """What a column holds, if that is a hash. Raises `Damaged`."""
    if not isinstance(column, bytes) or len(column) != HASH_BYTES:
        raise Damaged("tree", f"no hash is kept for {what}")
    return column
