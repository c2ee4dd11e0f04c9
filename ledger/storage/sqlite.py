"""The store on SQLite: one file for a machine, or memory.

    entries (position, tree, entry)     `tree` is the entry's leaf and the hashes of the subtrees that it completes
    tags (tag, type, position, earlier) for each tag, and for an empty one that all have, which entries have it

The row of an entry is all there is of it: the tree needs no table of its own, and reading a completed subtree is
reading the row of the entry that completed it. `tags` is an index over what the entries say of themselves, kept by
`tag_index`; its key is the whole row, so nothing can take a row's place.

Writers take turns on a file lock, then `BEGIN IMMEDIATE`; `synchronous=FULL` makes the commit wait for the disk. What
is read up to some position never changes, so the statements of a page need no transaction around them.
"""

import os
import sqlite3
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing, nullcontext
from functools import partial
from pathlib import Path
from stat import S_ISREG
from typing import Self

from eventsourcing.dcb.api import DCBAppendCondition, DCBEvent, DCBQuery
from eventsourcing.persistence import ProgrammingError

from ledger.chain.entry import Entry
from ledger.chain.merkle import HASH_BYTES
from ledger.errors import Damaged, NewerSchema, NotALedger, Unreachable
from ledger.sqlite import LOCK_SECONDS, named_errors
from ledger.storage.checking import index_strays, strays
from ledger.storage.connections import Connections, FileConnections, OneConnection, Transaction
from ledger.storage.grouping import Grouping
from ledger.storage.growing import EMPTY_TIP, NOTHING_KNOWN, Ground, Outcome, Tip, Wish, grown
from ledger.storage.index_checking import INDEXED_TAGS, LISTED_BUT_NEWER, leads
from ledger.storage.opening import connect
from ledger.storage.port import EMPTY_HEAD, ROWS, Clock, Head, Store, recording_time
from ledger.storage.recent import Recent
from ledger.storage.tag_index import TagIndex, entry_in, indexed_up_to
from ledger.storage.turn import Turn

APPLICATION_ID = 0x4455414C  # "DUAL"
SCHEMA_VERSION = 2
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
            earlier TEXT NOT NULL,
            PRIMARY KEY (tag, type, position, earlier)
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

LAST_LEAF = "SELECT position, substr(tree, 1, 32) FROM entries ORDER BY position DESC LIMIT 1"
LAST_ENTRY = "SELECT position, substr(tree, 1, 32), entry FROM entries ORDER BY position DESC LIMIT 1"
LENGTH = "SELECT COALESCE(MAX(position), 0) FROM entries"
SUBTREE = "SELECT substr(tree, ?2 + 1, 32) FROM entries WHERE position = ?1"
ADD_ENTRY = "INSERT INTO entries (position, tree, entry) VALUES (?, ?, ?)"
PAGE_OF_ROWS = (
    "SELECT position, tree, entry FROM entries WHERE position > ? AND position <= ? ORDER BY position LIMIT ?"
)

SETTINGS = ("synchronous = FULL", "wal_autocheckpoint = 1000", "cache_size = -16384", "trusted_schema = OFF")


def create_schema(path: Path) -> None:
    """Make the tables in the file at `path`, under the writers' lock; leaves them alone where they are already."""
    _make_file(path)
    with closing(Turn(_turn_path(path), LOCK_SECONDS)) as turn, turn, named_errors(path):
        with closing(connect(path, SETTINGS)) as connection:
            _make_tables(connection, path)
            connection.execute("PRAGMA journal_mode = WAL")
        _sync_folder(path.parent)


class SQLiteStore(Store):
    """A store in one SQLite file, or in memory."""

    def __init__(
        self,
        name: Path | str,
        connections: Connections,
        turn: Turn | None,
        clock: Clock,
    ) -> None:
        super().__init__()
        self._name, self._connections, self._turn, self._clock = name, connections, turn, clock
        self._index = TagIndex()
        self._tip = EMPTY_TIP
        # So long the log was when somebody looked last.
        self._reached = 0
        self._recent = Recent()
        self._grouping = Grouping(name, self._write, LOCK_SECONDS)

    @classmethod
    def in_file(cls, path: Path, clock: Clock) -> Self:
        """The store in the file at `path`. Raises `NotALedger` or `NewerSchema` when it holds another thing."""
        _check_file(path)
        connections = FileConnections(path, SETTINGS)
        try:
            with connections.borrowed() as connection:
                _check_schema(connection, path)
        except BaseException:
            connections.close()
            raise
        return cls(path, connections, Turn(_turn_path(path), LOCK_SECONDS), clock)

    @classmethod
    def in_memory(cls, clock: Clock) -> Self:
        """A new store in memory, which goes with the object."""
        connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        _make_tables(connection, "memory")
        return cls("memory", OneConnection(connection), None, clock)

    def close(self) -> None:
        """Close the files that are not in use, once everything is written that was asked for."""
        self._grouping.close()
        self._connections.close()
        if self._turn is not None:
            self._turn.close()

    def head(self) -> Head:
        """As the port says."""
        with self._connections.borrowed() as connection:
            head = self._tip_in(connection).head
        self._reached = head.position
        return head

    def length(self) -> int:
        """As the port says."""
        with self._connections.borrowed() as connection:
            return _length(connection)

    def append_entries(self, events: Sequence[DCBEvent], condition: DCBAppendCondition | None = None) -> list[Entry]:
        """As the port says."""
        if not events:
            raise ProgrammingError("there is nothing to append")
        return self._grouping.append(Wish(events, condition))

    def page(self, query: DCBQuery, after: int, until: int, limit: int) -> list[Entry]:
        """As the port says."""
        with self._connections.borrowed() as connection:
            # How far the index reaches follows from the length of the log, not from what was asked for.
            if until > self._reached:
                until = min(until, _length(connection))
            return self._index.matching(connection, query, after, until, limit)

    def subtree(self, level: int, index: int) -> bytes:
        """As the port says."""
        with self._connections.borrowed() as connection:
            return _subtree(connection, level, index)

    def pages(self, after: int, until: int) -> Iterator[list[tuple[int, bytes, bytes]]]:
        """As the port says."""
        while True:
            with self._connections.borrowed() as connection:
                page = connection.execute(PAGE_OF_ROWS, (after, until, ROWS)).fetchall()
            right = _well_kept(page, after)
            if right:
                yield page[:right]
            if right < len(page):
                position = page[right][0]
                raise Damaged(self._name, f"the row of entry {position} is not as SQLite writes it")
            if len(page) < ROWS:
                return
            after = page[-1][0]

    def indexed_tags(self, after: int, until: int) -> Generator[tuple[int, bytes, bytes]]:
        """As the port says. One long read: what is written meanwhile stays in the write-ahead log until it is done."""
        with self._connections.borrowed() as connection:
            yield from connection.execute(INDEXED_TAGS, (after, until))

    def leads(self, type_: str, wanted: Mapping[str, Sequence[int]], after: int, until: int) -> bool:
        """As the port says."""
        with self._connections.borrowed() as connection:
            return leads(connection, type_, wanted, after, until)

    def index_size(self, head: int) -> int:
        """As the port says."""
        with self._connections.borrowed() as connection:
            (count,) = connection.execute(LISTED_BUT_NEWER, (indexed_up_to(head),)).fetchone()
        return int(count)

    def strays(self) -> list[tuple[int | None, str]]:
        """As the port says."""
        with self._connections.borrowed() as connection:
            return strays(connection, _declare)

    def index_strays(self) -> list[tuple[int | None, str]]:
        """As the port says."""
        with self._connections.borrowed() as connection:
            return index_strays(connection)

    def indexed_up_to(self, head: int) -> int:
        """As the port says."""
        return indexed_up_to(head)

    def _tip_in(self, connection: sqlite3.Connection) -> Tip:
        """The end of the log: as remembered, if the last entry is still the same."""
        tip = self._tip
        if connection.execute(LAST_LEAF).fetchone() != tip.head[:2]:
            tip = Tip(_head(connection), NOTHING_KNOWN)
        return tip

    def _write(self, wishes: Sequence[Wish]) -> list[Outcome]:
        """Append what these wishes say, in one transaction."""
        with self._turn or nullcontext(), self._connections.borrowed() as connection:
            with Transaction(connection):
                tip = self._tip_in(connection)
                growth = grown(tip, wishes, recording_time(self._clock(), tip.head), self._ground(connection, tip.head))
                if growth.entries:
                    rows = zip(growth.entries, growth.trees, strict=True)
                    connection.executemany(
                        ADD_ENTRY, [(entry.header.position, tree, entry.raw) for entry, tree in rows]
                    )
                    self._index.add_rows(connection, growth.entries)
            if growth.entries:
                self._tip = growth.tip
                self._index.remember(growth.entries)
        self.wake()
        return growth.outcomes

    def _ground(self, connection: sqlite3.Connection, head: Head) -> Ground:
        def first_match(query: DCBQuery, after: int) -> Entry | None:
            return next(iter(self._index.matching(connection, query, after, head.position, 1)), None)

        return Ground(self._recent, first_match, partial(_subtree, connection))


def _make_file(path: Path) -> None:
    """Make an empty file for its owner only. Raises `NotALedger` when something else is there."""
    try:
        # Never opened when it is there: closing it again would drop this process's locks on the database.
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        _check_file(path)
    except OSError as error:
        raise Unreachable(path, error.strerror or str(error)) from error


def _check_file(path: Path) -> None:
    try:
        kind = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotALedger(path, "is not there") from error
    except OSError as error:
        raise Unreachable(path, error.strerror or str(error)) from error
    if not S_ISREG(kind):
        raise NotALedger(path, "is not a file")


def _make_tables(connection: sqlite3.Connection, path: Path | str) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        if connection.execute("PRAGMA user_version").fetchone() == (0,):
            if connection.execute("SELECT 1 FROM sqlite_schema").fetchone():
                raise NotALedger(path, "is a database of something else")
            _declare(connection)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        _check_schema(connection, path)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _declare(connection: sqlite3.Connection) -> None:
    for statement in SCHEMA.values():
        connection.execute(statement.strip())


def _check_schema(connection: sqlite3.Connection, path: Path | str) -> None:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION_ID:
        raise NotALedger(path, "is not a ledger's database")
    if version > SCHEMA_VERSION:
        raise NewerSchema(path, version, SCHEMA_VERSION)
    if version < SCHEMA_VERSION:
        raise NotALedger(path, f"is of schema {version}, from before the first release")


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
    return Head(position, _hash_in("the leaf of the last entry", leaf), entry_in(position, raw).header.recorded_at)


def _well_kept(page: Sequence[tuple[int, bytes, bytes]], after: int) -> int:
    """How many of these rows, from the first on, are of the right types and in their order behind a position.

    Whoever writes the file without SQLite can put rows in any order, and text in place of bytes.
    """
    before = after
    for count, (position, tree, raw) in enumerate(page):
        if not before < position or type(tree) is not bytes or type(raw) is not bytes:
            return count
        before = position
    return len(page)


def _length(connection: sqlite3.Connection) -> int:
    (position,) = connection.execute(LENGTH).fetchone()
    return int(position)


def _subtree(connection: sqlite3.Connection, level: int, index: int) -> bytes:
    row = connection.execute(SUBTREE, ((index + 1) << level, HASH_BYTES * level)).fetchone()
    return _hash_in(f"subtree {index} of level {level}", row and row[0])


def _hash_in(what: str, column: object) -> bytes:
    if not isinstance(column, bytes) or len(column) != HASH_BYTES:
        raise Damaged("tree", f"no hash is kept for {what}")
    return column
