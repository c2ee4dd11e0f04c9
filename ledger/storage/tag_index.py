"""The index of tags in SQLite: which entries carry a tag, or have a type.

The rows of one entry lie far apart in the index, and each would cost an append a page of the write-ahead log. So rows
are added for STEP entries at once, by the append that completes them; of the entries behind the last whole step, the
tail, the headers themselves are looked through. How far the index reaches thus follows from the log's length alone.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import msgspec
from eventsourcing.dcb.api import DCBQuery, DCBQueryItem

from ledger.chain.entry import MAX_TAGS, Entry, check_name, read_entry
from ledger.errors import Damaged, Malformed

STEP = 64
NAMES_KEPT = 1024
ANY_TAG = ""  # every entry has this in the index, so that a query without tags is a query for it

ADD_TAG = "INSERT INTO tags (tag, type, position) VALUES (?, ?, ?)"
ENTRIES = "SELECT position, entry FROM entries WHERE position > ? AND position <= ? ORDER BY position LIMIT ?"

# Tags and types are handed in as JSON lists, and further tags too, or NULL when there are none: every pair of a tag and
# a type is one range of the index. To find many alike by one statement takes a third of handing in each by itself.
MATCHING_ENTRIES = """
    SELECT e.position, e.entry FROM (
        SELECT DISTINCT t.position
        FROM json_each(?1) AS tag
        CROSS JOIN json_each(?2) AS type
        CROSS JOIN tags AS t
            ON t.tag = tag.value
            AND t.type = type.value
            AND t.position > ?4
            AND t.position <= ?5
        WHERE ?3 IS NULL OR NOT EXISTS (
            SELECT 1 FROM json_each(?3) AS further
            WHERE NOT EXISTS (
                SELECT 1 FROM tags AS other
                WHERE other.tag = further.value AND other.type = t.type AND other.position = t.position
            )
        )
        ORDER BY t.position
        LIMIT ?6
    ) AS found
    CROSS JOIN entries AS e ON e.position = found.position
"""
TYPES_OF_TAG = """
    WITH RECURSIVE types (type) AS (
        SELECT MIN(type) FROM tags WHERE tag = ?1
        UNION ALL
        SELECT (SELECT MIN(t.type) FROM tags AS t WHERE t.tag = ?1 AND t.type > types.type)
        FROM types WHERE types.type IS NOT NULL
    )
    SELECT type FROM types WHERE type IS NOT NULL
"""
COUNTED = "(SELECT COUNT(*) FROM (SELECT 1 FROM tags WHERE tag = ? LIMIT ?))"
# The rows of the index in the order of entries; SQLite sorts them in files of its own when they are many.
INDEXED_TAGS = """
    SELECT position, CAST(COALESCE(type, '') AS BLOB), CAST(json_group_array(tag) AS BLOB) FROM tags
    WHERE position > ? AND position <= ?
    GROUP BY position, type
"""


def indexed_up_to(position: int) -> int:
    """How far the index reaches in a log of this length."""
    return position - position % STEP


def index_rows(entries: Sequence[Entry]) -> list[tuple[str, str, int]]:
    """The rows of these entries, in the order of the index."""
    headers = [entry.header for entry in entries]
    return sorted([(tag, header.type, header.position) for header in headers for tag in (ANY_TAG, *header.tags)])


class TagIndex:
    """Answers queries, and remembers the headers of the tail."""

    def __init__(self) -> None:
        self._tail: list[Entry] = []

    def add_rows(self, connection: sqlite3.Connection, added: Sequence[Entry]) -> None:
        """Index what makes up whole steps, now that these entries were added."""
        before = added[0].position - 1
        first, last = indexed_up_to(before), indexed_up_to(before + len(added))
        if last > first:
            tail = self._tail_up_to(connection, before)
            connection.executemany(ADD_TAG, index_rows([*tail, *added][: last - first]))

    def remember(self, added: Sequence[Entry]) -> None:
        """Know these entries, which are in the log from now on, without reading them again."""
        tail, first, last = self._tail, added[0].header.position, added[-1].header.position
        if tail and tail[-1].header.position == first - 1:
            added, first = [*tail, *added], tail[0].header.position
        start = indexed_up_to(last) + 1 - first
        if start >= 0:
            self._tail = [*added[start:]]

    def matching(
        self, connection: sqlite3.Connection, query: DCBQuery, after: int, until: int, limit: int
    ) -> list[Entry]:
        """The first `limit` entries that match, in order, after one position up to another."""
        if not query.items or any(not item.types and not item.tags for item in query.items):
            return _entries(connection, after, until, limit)
        indexed = indexed_up_to(until)
        found: list[Entry] = []
        if after < indexed:
            rows = _matching_rows(connection, query, after, indexed, limit)
            found = [entry_in(*row) for row in sorted(rows.items())[:limit]]
        behind = self._tail_up_to(connection, until)[max(after - indexed, 0) :]
        return [*found, *_Wanted(query).among(behind)][:limit]

    def _tail_up_to(self, connection: sqlite3.Connection, until: int) -> list[Entry]:
        """The entries behind the last whole step; those that were read before are not read again."""
        first = indexed_up_to(until)
        tail = self._tail
        if not tail or tail[0].position != first + 1:
            tail = []
        if first + len(tail) < until:
            tail = self._tail = [*tail, *_entries(connection, first + len(tail), until, STEP)]
        return tail[: until - first]


class _Wanted:
    """A query's items, by the tags and types that an entry would have."""

    def __init__(self, query: DCBQuery) -> None:
        self._types = {type_ for item in query.items if not item.tags for type_ in item.types}
        self._by_tag: dict[str, list[DCBQueryItem]] = {}
        for item in query.items:
            if item.tags:
                self._by_tag.setdefault(item.tags[0], []).append(item)

    def among(self, entries: Sequence[Entry]) -> Iterator[Entry]:
        """Those that some item matches."""
        for entry in entries:
            type_, tags = entry.header.type, entry.header.tags
            if type_ in self._types or (not self._by_tag.keys().isdisjoint(tags) and self._tagged(type_, tags)):
                yield entry

    def _tagged(self, type_: str, tags: Sequence[str]) -> bool:
        return any(self._has(tag, type_, tags) for tag in tags if tag in self._by_tag)

    def _has(self, first_tag: str, type_: str, tags: Sequence[str]) -> bool:
        return any(
            (not item.types or type_ in item.types) and all(tag in tags for tag in item.tags)
            for item in self._by_tag[first_tag]
        )


def _entries(connection: sqlite3.Connection, after: int, until: int, limit: int) -> list[Entry]:
    return [entry_in(*row) for row in connection.execute(ENTRIES, (after, until, limit)).fetchall()]


def entry_in(position: int, raw: object) -> Entry:
    """The entry in a row. Raises `Damaged` for a row that nobody wrote so."""
    if not isinstance(raw, bytes):
        raise Damaged("log", f"what stands at position {position} is not bytes")
    try:
        entry = read_entry(raw)
    except Malformed as error:
        raise Damaged("log", f"the entry at position {position} cannot be read: {error}") from error
    if entry.position != position:
        raise Damaged("log", f"entry {entry.position} stands at position {position}")
    return entry


class _Ranges(NamedTuple):
    """Ranges of the index: for each of some tags those of these types, of entries that have all the further tags."""

    types: tuple[str, ...]
    further: tuple[str, ...]


def _matching_rows(
    connection: sqlite3.Connection, query: DCBQuery, after: int, until: int, limit: int
) -> dict[int, bytes]:
    """The bytes of at least the first `limit` entries that match by the index, after one position up to another.

    What these statements read does not change between them: nothing is added to the index up to where it reaches.
    """
    tags: dict[_Ranges, list[str]] = {}
    for item in query.items:
        for tag, ranges in _index_ranges(connection, item):
            tags.setdefault(ranges, []).append(tag)
    rows: dict[int, bytes] = {}
    for (types, further), alike in tags.items():
        wanted = (_json(alike), _json([*filter(_is_name, types)]), _json(further) if further else None)
        rows.update(connection.execute(MATCHING_ENTRIES, (*wanted, after, until, limit)))
    return rows


def _index_ranges(connection: sqlite3.Connection, item: DCBQueryItem) -> Iterator[tuple[str, _Ranges]]:
    """The ranges of the index that hold what matches: of the item's tags, the one that stands on the fewest entries."""
    # The empty tag means something else in here, and not every other impossible name passes through JSON.
    tags = [*dict.fromkeys(item.tags)] or [ANY_TAG]
    if len(tags) > MAX_TAGS or not all(map(_is_name, item.tags)):
        return
    rarest = _rarest(connection, tags) if len(tags) > 1 else tags[0]
    types = item.types or _types_of(connection, rarest)
    yield rarest, _Ranges(tuple(types), tuple(tag for tag in tags if tag != rarest))


@lru_cache(NAMES_KEPT)
def _is_name(name: str) -> bool:
    try:
        check_name("name", name)
    except Malformed:
        return False
    return True


def _types_of(connection: sqlite3.Connection, tag: str) -> list[str]:
    return [type_ for (type_,) in connection.execute(TYPES_OF_TAG, (tag,))]


def _rarest(connection: sqlite3.Connection, tags: Sequence[str]) -> str:
    """The tag that stands on the fewest entries, found at the cost of counting so many."""
    # A column for each tag: reading them from JSON would cost more than counting.
    statement = f"SELECT {', '.join([COUNTED] * len(tags))}"
    enough = 8
    while True:
        (counts,) = connection.execute(statement, [value for tag in tags for value in (tag, enough)])
        count, tag = min(zip(counts, tags, strict=True))
        if count < enough:
            return tag
        enough *= 8


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
