"""The store on SQLite: one file for a machine, or memory.

    entries (position, tree, entry)     `tree` is the entry's leaf and the hashes of the subtrees that it completes
    tags (tag, type, position)          one row for each tag of an entry, and one with an empty tag for its type

The row of an entry is all there is of it: the tree needs no table of its own, and reading a completed subtree is reading
the row of the entry that completed it. `tags` is an index over what the entries say of themselves; its key is the
whole row, so it has no second copy that could differ.

Writers take turns on a file lock, then `BEGIN IMMEDIATE`; `synchronous=FULL` makes the commit wait for the disk. A
page of a read is one statement, and no transaction outlives it.
"""

import os
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol, Self
from urllib.parse import quote

import msgspec
from eventsourcing.dcb.api import DCBAppendCondition, DCBEvent, DCBQuery, DCBQueryItem
from eventsourcing.persistence import ProgrammingError

from ledger.chain.entry import Entry, make_entry, read_entry
from ledger.chain.merkle import HASH_BYTES, completed_by
from ledger.errors import Conflict, Damaged, NewerSchema, NotALedger
from ledger.sqlite import LOCK_SECONDS, named_errors
from ledger.storage.port import EMPTY_HEAD, PAGE, Clock, Head, Store, recording_time
from ledger.storage.turn import Turn

APPLICATION_ID = 0x4455414C  # "DUAL"
SCHEMA_VERSION = 1
SCHEMA = {
    "entries": """
        CREATE TABLE entries (
            position INTEGER PRIMARY KEY,
            tree BLOB NOT NULL,
            entry BLOB NOT NULL
        ) STRICT
    """,
    "tags": """
        CREATE TABLE tags (
            tag TEXT NOT NULL,
            type TEXT NOT NULL,
            position INTEGER NOT NULL,
            PRIMARY KEY (tag, type, position)
        ) STRICT, WITHOUT ROWID
    """,
    "entries_only_grow": """
        CREATE TRIGGER entries_only_grow BEFORE INSERT ON entries
        WHEN NEW.position IS NOT (SELECT COALESCE(MAX(position), 0) + 1 FROM entries)
        BEGIN SELECT RAISE(ABORT, 'an entry is only ever added after the last one'); END
    """,
    "entries_never_change": """
        CREATE TRIGGER entries_never_change BEFORE UPDATE ON entries
        BEGIN SELECT RAISE(ABORT, 'an entry never changes'); END
    """,
    "entries_never_go": """
        CREATE TRIGGER entries_never_go BEFORE DELETE ON entries
        BEGIN SELECT RAISE(ABORT, 'an entry never goes'); END
    """,
    "tags_never_change": """
        CREATE TRIGGER tags_never_change BEFORE UPDATE ON tags
        BEGIN SELECT RAISE(ABORT, 'a tag never changes'); END
    """,
    "tags_never_go": """
        CREATE TRIGGER tags_never_go BEFORE DELETE ON tags
        BEGIN SELECT RAISE(ABORT, 'a tag never goes'); END
    """,
}

ANY_TAG = ""  # every entry has this in the index, so that a query without tags is a query for it

LAST_ENTRY = "SELECT position, substr(tree, 1, 32), entry FROM entries ORDER BY position DESC LIMIT 1"
SUBTREE = "SELECT substr(tree, ?2 + 1, 32) FROM entries WHERE position = ?1"
ADD_ENTRY = "INSERT INTO entries (position, tree, entry) VALUES (?, ?, ?)"
ADD_TAG = "INSERT INTO tags (tag, type, position) VALUES (?, ?, ?)"
ENTRIES = "SELECT position, entry FROM entries WHERE position > ? AND position <= ? ORDER BY position LIMIT ?"
ROWS = "SELECT position, tree, entry FROM entries WHERE position > ? AND position <= ? ORDER BY position LIMIT ?"

# A query is handed in as JSON: [[tag, type, [further tags]], ...], each served by one range of the index.
MATCHES = """
    SELECT DISTINCT t.position
    FROM json_each(?1) AS wanted
    CROSS JOIN tags AS t
        ON t.tag = json_extract(wanted.value, '$[0]')
        AND t.type = json_extract(wanted.value, '$[1]')
        AND t.position > ?2
        AND t.position <= ?3
    WHERE NOT EXISTS (
        SELECT 1 FROM json_each(wanted.value, '$[2]') AS further
        WHERE NOT EXISTS (
            SELECT 1 FROM tags AS other
            WHERE other.tag = further.value AND other.type = t.type AND other.position = t.position
        )
    )
    ORDER BY t.position
    LIMIT ?4
"""
MATCHING_ENTRIES = f"""
    SELECT e.position, e.entry FROM ({MATCHES}) AS found
    CROSS JOIN entries AS e ON e.position = found.position
    ORDER BY found.position
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
COUNT_UP_TO = """
    SELECT COUNT(*) FROM (
        SELECT 1 FROM json_each(?2) AS wanted
        CROSS JOIN tags AS t ON t.tag = ?1 AND t.type = wanted.value
        LIMIT ?3
    )
"""
# The rows of the index in the order of entries; SQLite sorts them in files of its own when they are many.
INDEXED_TAGS = """
    SELECT position, CAST(type AS BLOB), CAST(json_group_array(tag) AS BLOB) FROM tags
    WHERE position > ? AND position <= ?
    GROUP BY position, type
"""
MISPLACED = """
    SELECT position, 'entries' FROM entries WHERE position < 1
    UNION ALL
    SELECT DISTINCT position, 'tags' FROM tags
    WHERE position < 1 OR position > (SELECT COALESCE(MAX(position), 0) FROM entries)
"""

SETTINGS = ("synchronous = FULL", "wal_autocheckpoint = 4096", "cache_size = -16384", "trusted_schema = OFF")


def create_schema(path: Path) -> None:
    """Make the tables in the file at `path`, under the writers' lock; leaves them alone where they are already."""
    with Turn(_turn_path(path), LOCK_SECONDS).taken(), named_errors(path):
        path.touch(mode=0o600)
        connection = _connect(path)
        try:
            _make_tables(connection, path)
            connection.execute("PRAGMA journal_mode = WAL")
        finally:
            connection.close()
        _sync_folder(path.parent)


class SQLiteStore(Store):
    """A store in one SQLite file, or in memory."""

    def __init__(
        self,
        name: Path | str,
        connections: "_Connections",
        turn: Callable[[], AbstractContextManager[None]],
        clock: Clock,
    ) -> None:
        super().__init__()
        self._name, self._connections, self._turn, self._clock = name, connections, turn, clock

    @classmethod
    def in_file(cls, path: Path, clock: Clock) -> Self:
        """The store in the file at `path`. Raises `NotALedger` or `NewerSchema` when it holds another thing."""
        connections = _FileConnections(path)
        try:
            with connections.borrowed() as connection:
                _check_schema(connection, path)
        except BaseException:
            connections.close()
            raise
        return cls(path, connections, Turn(_turn_path(path), LOCK_SECONDS).taken, clock)

    @classmethod
    def in_memory(cls, clock: Clock) -> Self:
        """A new store in memory, which goes with the object."""
        connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        _make_tables(connection, "memory")
        return cls("memory", _OneConnection(connection), nullcontext, clock)

    def close(self) -> None:
        """Close the connections that are not in use."""
        self._connections.close()

    def head(self) -> Head:
        """As the port says."""
        with self._connections.borrowed() as connection:
            return _head(connection)

    def append_entries(self, events: Sequence[DCBEvent], condition: DCBAppendCondition | None = None) -> list[Entry]:
        """As the port says."""
        if not events:
            raise ProgrammingError("there is nothing to append")
        with self._writing() as connection:
            head = _head(connection)
            if condition is not None:
                _check_condition(connection, condition, head)
            entries = _insert(connection, head, events, recording_time(self._clock(), head))
        self.wake()
        return entries

    def page(self, query: DCBQuery, after: int, until: int, limit: int) -> list[Entry]:
        """As the port says."""
        with self._connections.borrowed() as connection:
            return [self._entry_in(row) for row in _rows_matching(connection, query, after, until, limit)]

    def subtree(self, level: int, index: int) -> bytes:
        """As the port says."""
        with self._connections.borrowed() as connection:
            return _subtree(connection, level, index)

    def rows(self, after: int, until: int) -> Iterator[tuple[int, bytes, bytes]]:
        """As the port says."""
        while True:
            with self._connections.borrowed() as connection:
                page = connection.execute(ROWS, (after, until, PAGE)).fetchall()
            yield from page
            if len(page) < PAGE:
                return
            after = page[-1][0]

    def indexed_tags(self, after: int, until: int) -> Iterator[tuple[int, bytes, bytes]]:
        """As the port says. One long read: what is written meanwhile stays in the write-ahead log until it is done."""
        with self._connections.borrowed() as connection:
            yield from connection.execute(INDEXED_TAGS, (after, until))

    def strays(self) -> list[tuple[int | None, str]]:
        """As the port says."""
        with self._connections.borrowed() as connection:
            found = dict(connection.execute("SELECT name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'"))
            misplaced = connection.execute(MISPLACED).fetchall()
        expected = {name: sql.strip() for name, sql in SCHEMA.items()}
        return [
            *((None, f"{name} is missing from the database") for name in sorted(expected.keys() - found.keys())),
            *((None, f"{name} is no part of a ledger's database") for name in sorted(found.keys() - expected.keys())),
            *(
                (None, f"{name} was declared otherwise")
                for name, sql in expected.items()
                if found.get(name, sql) != sql
            ),
            *((position, f"there is no such entry, but it stands in {table}") for position, table in misplaced),
        ]

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._turn(), self._connections.borrowed() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def _entry_in(self, row: tuple[int, bytes]) -> Entry:
        position, raw = row
        entry = read_entry(raw)
        if entry.position != position:
            raise Damaged(self._name, f"entry {entry.position} stands at position {position}")
        return entry


class _Connections(Protocol):
    def borrowed(self) -> AbstractContextManager[sqlite3.Connection]: ...

    def close(self) -> None: ...


class _OneConnection:
    """One connection, used by one thread at a time."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection, self._lock = connection, threading.RLock()

    @contextmanager
    def borrowed(self) -> Iterator[sqlite3.Connection]:
        with self._lock, named_errors("memory"):
            yield self._connection

    def close(self) -> None:
        self._connection.close()


class _FileConnections:
    """As many connections to a file as are used at the same time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._idle: deque[sqlite3.Connection] = deque()
        self._process = os.getpid()
        self._other_processes: list[deque[sqlite3.Connection]] = []

    @contextmanager
    def borrowed(self) -> Iterator[sqlite3.Connection]:
        if self._process != os.getpid():
            # Behind a fork, a connection may be neither used nor closed.
            self._other_processes.append(self._idle)
            self._idle, self._process = deque(), os.getpid()
        with named_errors(self._path):
            connection = self._idle.pop() if self._idle else _connect(self._path)
            try:
                yield connection
            finally:
                if connection.in_transaction:
                    connection.close()
                else:
                    self._idle.append(connection)

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"file:{quote(str(path))}?mode=rw",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        timeout=LOCK_SECONDS,
    )
    for setting in SETTINGS:
        connection.execute(f"PRAGMA {setting}")
    return connection


def _make_tables(connection: sqlite3.Connection, path: Path | str) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        if connection.execute("PRAGMA user_version").fetchone() == (0,):
            if connection.execute("SELECT 1 FROM sqlite_schema").fetchone():
                raise NotALedger(path, "is a database of something else")
            for statement in SCHEMA.values():
                connection.execute(statement.strip())
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        _check_schema(connection, path)
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _check_schema(connection: sqlite3.Connection, path: Path | str) -> None:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION_ID:
        raise NotALedger(path, "is not a ledger's database")
    if version > SCHEMA_VERSION:
        raise NewerSchema(path, version, SCHEMA_VERSION)


def _turn_path(path: Path) -> Path:
    return path.with_name(path.name + "-turn")


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _head(connection: sqlite3.Connection) -> Head:
    row = connection.execute(LAST_ENTRY).fetchone()
    if row is None:
        return EMPTY_HEAD
    position, leaf, raw = row
    return Head(position, leaf, read_entry(raw).header.recorded_at)


def _subtree(connection: sqlite3.Connection, level: int, index: int) -> bytes:
    row = connection.execute(SUBTREE, ((index + 1) << level, HASH_BYTES * level)).fetchone()
    if row is None or len(row[0]) != HASH_BYTES:
        raise Damaged("tree", f"no hash is kept for subtree {index} of level {level}")
    found: bytes = row[0]
    return found


def _check_condition(connection: sqlite3.Connection, condition: DCBAppendCondition, head: Head) -> None:
    after = condition.after or 0
    if after >= head.position:
        return
    for position, _ in _rows_matching(connection, condition.fail_if_events_match, after, head.position, 1):
        raise Conflict(position, condition.after)


def _insert(connection: sqlite3.Connection, head: Head, events: Sequence[DCBEvent], at: datetime) -> list[Entry]:
    fresh: dict[tuple[int, int], bytes] = {}

    def subtree(level: int, index: int) -> bytes:
        return fresh.get((level, index)) or _subtree(connection, level, index)

    entries, entry_rows, tag_rows = [], [], []
    leaf = head.leaf
    for position, event in enumerate(events, head.position + 1):
        entry = make_entry(position, leaf, at, event.tags, event.type, event.data)
        leaf = entry.leaf
        completed = completed_by(position, leaf, subtree)
        for level, value in enumerate(completed):
            fresh[level, (position >> level) - 1] = value
        entries.append(entry)
        entry_rows.append((position, b"".join(completed), entry.raw))
        tag_rows += [(tag, event.type, position) for tag in (ANY_TAG, *entry.header.tags)]
    connection.executemany(ADD_ENTRY, entry_rows)
    connection.executemany(ADD_TAG, tag_rows)
    return entries


def _rows_matching(
    connection: sqlite3.Connection, query: DCBQuery, after: int, until: int, limit: int
) -> list[tuple[int, bytes]]:
    if any(not item.types and not item.tags for item in query.items) or not query.items:
        return connection.execute(ENTRIES, (after, until, limit)).fetchall()
    ranges = _json([wanted for item in query.items for wanted in _index_ranges(connection, item)])
    return connection.execute(MATCHING_ENTRIES, (ranges, after, until, limit)).fetchall()


def _index_ranges(connection: sqlite3.Connection, item: DCBQueryItem) -> list[list[Any]]:
    """The ranges of the index that hold what matches: of the item's tags, the one that stands on the fewest entries."""
    tags = item.tags or [ANY_TAG]
    if len(tags) == 1:
        rarest, further = tags[0], []
    else:
        rarest = _rarest(connection, tags, item.types)
        further = [tag for tag in tags if tag != rarest]
    return [[rarest, type_, further] for type_ in item.types or _types_of(connection, rarest)]


def _types_of(connection: sqlite3.Connection, tag: str) -> list[str]:
    return [type_ for (type_,) in connection.execute(TYPES_OF_TAG, (tag,))]


def _rarest(connection: sqlite3.Connection, tags: Sequence[str], types: Sequence[str]) -> str:
    """The tag with the fewest entries of these types, found at the cost of counting so many."""
    wanted = [(tag, _json(types or _types_of(connection, tag))) for tag in tags]
    enough = 64
    while True:
        counts = {tag: connection.execute(COUNT_UP_TO, (tag, types_, enough)).fetchone()[0] for tag, types_ in wanted}
        rarest = min(tags, key=counts.__getitem__)
        if counts[rarest] < enough:
            return rarest
        enough *= 8


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
