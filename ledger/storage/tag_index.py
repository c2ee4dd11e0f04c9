"""The index of tags in SQLite: which entries carry a tag, or have a type.

The rows of one entry lie far apart in the index, and each would cost an append a page of the write-ahead log. So rows
are added for STEP entries at once, by the append that completes them; the entries behind the last whole step, the tail,
are looked through themselves. How far the index reaches thus follows from the log's length alone. The entries of a step
that have the same tag and type share a row: it stands at the last of them and lists the earlier ones.

Of a tag that stands on few entries all rows are read, whatever their types: looking for each type would take longer. Of
a busy tag each type is looked for by itself. What is busy stays busy, so a store finds that out once.
"""

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from functools import lru_cache
from threading import Lock
from typing import NamedTuple

import msgspec
from eventsourcing.dcb.api import DCBQuery, DCBQueryItem

from ledger.chain.entry import MAX_TAGS, Entry, check_name, read_entry
from ledger.errors import Damaged, Malformed
from ledger.storage.tail import Tail, matches

STEP = 256
NAMES_KEPT = 1024
BUSY = 128
STRETCH = 4096
ANY_TAG = ""  # every entry has this in the index, so that a query without tags is a query for it

ADD_TAG = "INSERT INTO tags (tag, type, position, earlier) VALUES (?, ?, ?, ?)"
ENTRIES = "SELECT position, entry FROM entries WHERE position > ? AND position <= ? ORDER BY position LIMIT ?"


def list_of(row: str) -> str:
    """SQL for what a row of the index lists: positions between commas, or one alone, as a number."""
    return f"CASE {row}.earlier WHEN '' THEN {row}.position ELSE {row}.earlier || ',' || {row}.position END"


# The end of the step before the one that a row `t` belongs to.
STEP_BEFORE = f"(t.position - 1) / {STEP} * {STEP}"
# Lists are handed in as JSON: to find many alike by one statement takes a third of handing in each by itself.
ROWS_OF_TAGS = f"""
    SELECT t.tag, t.type, {list_of("t")}
    FROM json_each(?1) AS tag
    CROSS JOIN tags AS t ON t.tag = tag.value
    LIMIT ?2
"""
ENTRIES_AT = """
    SELECT e.position, e.entry
    FROM json_each(?1) AS wanted
    CROSS JOIN entries AS e ON e.position = wanted.value
"""
# Every pair of a tag and a type is one range of the index. With each row comes what those of the same step and type
# list for each further tag, or NULL where there is none.
MATCHING_ROWS = f"""
    SELECT {list_of("t")}, (
        SELECT json_group_array((
            SELECT group_concat({list_of("other")}) FROM tags AS other
            WHERE other.tag = further.value AND other.type = t.type
                AND other.position > {STEP_BEFORE} AND other.position <= {STEP_BEFORE} + {STEP}
        ))
        FROM json_each(?3) AS further
    )
    FROM json_each(?1) AS tag
    CROSS JOIN json_each(?2) AS type
    CROSS JOIN tags AS t
        ON t.tag = tag.value
        AND t.type = type.value
        AND t.position > ?4
        AND t.position <= ?5
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
# How many positions a row lists.
LISTED = "CASE WHEN earlier > '' THEN 2 + length(earlier) - length(replace(earlier, ',', '')) ELSE 1 END"
COUNTED = f"(SELECT TOTAL(listed) FROM (SELECT {LISTED} AS listed FROM tags WHERE tag = ? LIMIT ?))"


# A tag, a type, the last position of a step where they stand, and a list of the earlier ones.
Row = tuple[str, str, int, str]
# A tag, a type, and positions.
Listed = tuple[str, str, list[int]]
_decode = msgspec.json.Decoder(list[int]).decode
_beside = msgspec.json.Decoder(list[str | None]).decode


def indexed_up_to(position: int) -> int:
    """How far the index reaches in a log of this length."""
    return position - position % STEP


def index_rows(entries: Sequence[Entry]) -> list[Row]:
    """The rows of these entries, in the order of the index."""
    listed: defaultdict[tuple[str, int], defaultdict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for entry in entries:
        header = entry.header
        position = header.position
        tags = listed[header.type, (position - 1) // STEP]
        tags[ANY_TAG].append(position)
        for tag in header.tags:
            tags[tag].append(position)
    return sorted(
        [
            (tag, type_, positions.pop(), ",".join(map(str, positions)) if positions else "")
            for (type_, _), tags in listed.items()
            for tag, positions in tags.items()
        ]
    )


def _positions(listed: object) -> list[int]:
    """What a row lists. Raises `Damaged` for what nobody wrote so."""
    if type(listed) is int:
        return [listed]
    try:
        return _decode(f"[{listed}]")
    except msgspec.DecodeError as error:
        raise Damaged("log", f"the tag index lists {listed!r}, which are no positions") from error


class TagIndex:
    """Answers queries; it remembers the tail, and which tags are busy."""

    def __init__(self) -> None:
        self._tail = Tail(0)
        self._growing = Lock()
        self._busy = {ANY_TAG}

    def add_rows(self, connection: sqlite3.Connection, added: Sequence[Entry]) -> None:
        """Index what makes up whole steps, now that these entries were added."""
        before = added[0].position - 1
        first, last = indexed_up_to(before), indexed_up_to(before + len(added))
        if last > first:
            tail = self._tail_up_to(connection, before).entries[: before - first]
            connection.executemany(ADD_TAG, index_rows([*tail, *added][: last - first]))

    def remember(self, added: Sequence[Entry]) -> None:
        """Know these entries, which are in the log from now on, without reading them again."""
        first, last = added[0].header.position, added[-1].header.position
        start = indexed_up_to(last)
        with self._growing:
            if self._tail.after != start and start >= first - 1:
                self._tail = Tail(start)
            if self._tail.after == start and first - 1 <= self._tail.last < last:
                self._tail.extend(added[self._tail.last + 1 - first :])

    def matching(
        self, connection: sqlite3.Connection, query: DCBQuery, after: int, until: int, limit: int
    ) -> list[Entry]:
        """The first `limit` entries that match, in order, after one position up to another."""
        if not query.items or any(not item.types and not item.tags for item in query.items):
            return _entries(connection, after, until, limit)
        # What has a tail behind it is in the index, up to wherever somebody asks.
        indexed = until if until <= self._tail.after else indexed_up_to(until)
        found = self._indexed(connection, query, after, indexed, limit) if after < indexed else []
        if len(found) < limit and until > indexed:
            found += self._tail_up_to(connection, until).matching(query, max(after, indexed), until)
        return found[:limit]

    def _tail_up_to(self, connection: sqlite3.Connection, until: int) -> Tail:
        """The entries behind the last whole step, at least up to a position, of which none is read twice."""
        after = indexed_up_to(until)
        with self._growing:
            tail = self._tail
            if tail.after != after:
                tail = Tail(after)
            if tail.last < until:
                tail.extend(_entries(connection, tail.last, until, STEP))
            # Who looks at an earlier state of the log does not make others forget the present one.
            if tail.after >= self._tail.after:
                self._tail = tail
        return tail

    def _indexed(
        self, connection: sqlite3.Connection, query: DCBQuery, after: int, until: int, limit: int
    ) -> list[Entry]:
        """The same by the index, which reaches so far.

        What these statements read does not change between them: nothing is added to the index up to there.
        """
        led = self._by_lead(connection, query)
        listed = self._listed_for_quiet(connection, [*led])
        if listed is None:
            return self._indexed(connection, query, after, until, limit)
        found = _fetched(connection, led, listed, after, until, limit)
        busy = {lead: items for lead, items in led.items() if lead in self._busy}
        if busy:
            found |= _of_busy(connection, busy, after, until, limit)
        return [found[position] for position in sorted(found)[:limit]]

    def _by_lead(self, connection: sqlite3.Connection, query: DCBQuery) -> dict[str, list[DCBQueryItem]]:
        """The items that can match anything, by the tag that they are looked for by: the rarest of each."""
        led: dict[str, list[DCBQueryItem]] = {}
        for item in query.items:
            # The empty tag means something else in here, and not every other impossible name passes through JSON.
            if all(map(_is_name, item.tags)) and len({*item.tags}) <= MAX_TAGS:
                tags = [*dict.fromkeys(item.tags)] or [ANY_TAG]
                led.setdefault(self._lead(connection, tags), []).append(item)
        return led

    def _lead(self, connection: sqlite3.Connection, tags: Sequence[str]) -> str:
        quiet = [tag for tag in tags if tag not in self._busy] or tags
        return quiet[0] if len(quiet) == 1 else _rarest(connection, quiet)

    def _listed_for_quiet(self, connection: sqlite3.Connection, tags: Sequence[str]) -> list[Listed] | None:
        """All that is listed for the tags that are not known to be busy; None when one was just found to be."""
        quiet = [tag for tag in tags if tag not in self._busy]
        if not quiet:
            return []
        # If there are more rows than this, one of the tags has more than BUSY.
        rows = connection.execute(ROWS_OF_TAGS, (_json(quiet), BUSY * len(quiet) + 1)).fetchall()
        found = [(tag, type_, _positions(listed)) for tag, type_, listed in rows]
        if sum([len(positions) for _, _, positions in found]) > BUSY:
            counts = Counter(tag for tag, _, positions in found for _ in positions)
            self._busy |= {tag for tag, count in counts.items() if count > BUSY}
        return found if self._busy.isdisjoint(quiet) else None


def _fetched(
    connection: sqlite3.Connection,
    led: dict[str, list[DCBQueryItem]],
    listed: Sequence[Listed],
    after: int,
    until: int,
    limit: int,
) -> dict[int, Entry]:
    """The first `limit` entries, by position, that match by what is listed for the tags that lead to them."""
    types = {tag: some for tag, items in led.items() if (some := _types_of_all(items))}
    positions = sorted(
        {
            position
            for tag, type_, some in listed
            if tag not in types or type_ in types[tag]
            for position in some
            if after < position <= until
        }
    )
    narrowed = any(len(item.tags) > 1 for items in led.values() for item in items)
    found: dict[int, Entry] = {}
    while positions and len(found) < limit:
        wanted, positions = positions[: limit - len(found)], positions[limit - len(found) :]
        entries = [entry_in(*row) for row in connection.execute(ENTRIES_AT, (_json(wanted),))]
        if narrowed:
            entries = [
                entry
                for items in led.values()
                for item in items
                for entry in entries
                if matches(item.types, item.tags, entry)
            ]
        found |= {entry.header.position: entry for entry in entries}
    return found


def _types_of_all(items: Sequence[DCBQueryItem]) -> frozenset[str] | None:
    """The types that some of these items match; None when one of them matches any."""
    if any(not item.types for item in items):
        return None
    return frozenset(type_ for item in items for type_ in item.types)


class _Ranges(NamedTuple):
    """Ranges of the index: for each of some tags those of these types, of entries that have all the further tags."""

    types: tuple[str, ...]
    further: tuple[str, ...]


def _of_busy(
    connection: sqlite3.Connection, led: dict[str, list[DCBQueryItem]], after: int, until: int, limit: int
) -> dict[int, Entry]:
    """At least the first `limit` entries, by position, that match items with these leads."""
    alike: dict[_Ranges, list[str]] = {}
    for lead, items in led.items():
        for item in items:
            types = item.types or _types_of(connection, lead)
            further = tuple(tag for tag in dict.fromkeys(item.tags) if tag != lead)
            alike.setdefault(_Ranges(tuple(filter(_is_name, types)), further), []).append(lead)
    wanted = [(_json(leads), _json(ranges.types), _json(ranges.further)) for ranges, leads in alike.items()]
    found: set[int] = set()
    # A row stands where its step has its last.
    for first, last in _stretches(after, indexed_up_to(until + STEP - 1)):
        for ranges_of in wanted:
            for listed, beside in connection.execute(MATCHING_ROWS, (*ranges_of, first, last)):
                positions = {*_positions(listed)}.intersection(*map(_positions_beside, _beside(beside)))
                found.update(position for position in positions if first < position <= until)
        if len(found) >= limit:
            break
    rows = connection.execute(ENTRIES_AT, (_json(sorted(found)[:limit]),))
    return {position: entry_in(position, raw) for position, raw in rows}


def _positions_beside(listed: str | None) -> list[int]:
    return [] if listed is None else _positions(listed)


def _stretches(after: int, until: int) -> Iterator[tuple[int, int]]:
    """Longer and longer stretches up to ends of steps: all that matches in one is put in order at once."""
    length = STRETCH
    while after < until:
        end = min(indexed_up_to(after) + length, until)
        yield after, end
        after, length = end, 8 * length


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
    if entry.header.position != position:
        raise Damaged("log", f"entry {entry.position} stands at position {position}")
    return entry


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
