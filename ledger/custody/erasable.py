"""A SQLite file in which nothing that was deleted can be found again.

It keeps a rollback journal, which is gone with the commit, and never a write-ahead log, which holds old pages for as
long as somebody reads. `synchronous=EXTRA` waits for the journal's removal too, so that a power cut does not bring it
back. `temp_store=MEMORY` keeps copies of rows out of temporary files. `secure_delete` overwrites what is deleted; yet a
page that is split or merged may keep a copy of a row in its free space (24 of 17,000 deleted rows were still there in a
trial with SQLite 3.40), so `purge` builds the file anew.
"""

import os
import sqlite3
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from ledger.errors import Busy, Damaged, NewerSchema, NotALedger, Unreachable
from ledger.files import new_file, sync_folder
from ledger.sqlite import named_errors
from ledger.storage import shared_tables
from ledger.storage.tables import ErasableTables, Row


@dataclass(frozen=True)
class Layout:
    """What one kind of these files holds, and how it is told from others."""

    what: str
    application_id: int
    version: int
    tables: tuple[str, ...]  # and their indexes, as statements that make them
    part: str  # what the same tables are called on PostgreSQL


class ErasableDatabase(ErasableTables):
    """One such file, for any number of threads; each transaction has a connection to itself."""

    def __init__(self, path: Path, layout: Layout, lock_seconds: float) -> None:
        """Open the file. Raises `NotALedger`, `NewerSchema` or `Damaged` unless it has this layout."""
        self._path = path
        self._lock_seconds = lock_seconds
        self._process = os.getpid()
        self._idle: deque[sqlite3.Connection] = deque()
        self._writers = Lock()
        with self._lease() as connection:
            _check(connection, path, layout)

    @classmethod
    def create(cls, path: Path, layout: Layout, lock_seconds: float) -> "ErasableDatabase":
        """Make the file, with mode 0600 (SQLite gives its journal the same), and open it. Raises `AlreadyThere`."""
        new_file(path, b"")
        try:
            with named_errors(path), closing(_connect(path, lock_seconds)) as connection:
                connection.execute("BEGIN IMMEDIATE")
                _lay_out(connection, layout)
                connection.execute("COMMIT")
            sync_folder(path.parent)
        except BaseException:
            path.unlink()
            raise
        return cls(path, layout, lock_seconds)

    @property
    def path(self) -> Path:
        """As the port says."""
        return self._path

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """One state of the file for the statements inside. A long one holds up writers: read in ranges."""
        with self._lease() as connection:
            connection.execute("BEGIN")
            yield connection
            connection.execute("COMMIT")

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that is on disk when the block ends, and never happened when it raises."""
        with self._lease() as connection, self._alone():
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """While no other thread writes: whoever waits for SQLite's own lock is overtaken by all who come later."""
        writers = self._writers
        if not writers.acquire(timeout=self._lock_seconds):
            raise Busy(self._path, self._lock_seconds)
        try:
            yield
        finally:
            writers.release()

    def first_of_each(self, query: str, values: Sequence[Sequence[object]]) -> list[Row | None]:
        """As the port says, from one state of the file."""
        with self.reading() as connection:
            return [connection.execute(query, one).fetchone() for one in values]

    def check(self) -> None:
        """Raise `Damaged` unless tables and indexes are whole, in order, and agree."""
        with self.reading() as connection:
            (found,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
        if found != b"ok":
            raise Damaged(self.path, found.decode(errors="replace"))

    def copy(self, to: Path) -> None:
        """Make a copy of the file, as it is at one moment, with mode 0600. Raises `AlreadyThere`, `StoreFull`."""
        new_file(to, b"")
        with self._lease() as connection, named_errors(to), closing(sqlite3.connect(to)) as copy:
            connection.backup(copy)

    def purge(self) -> None:
        """Build the file anew from the rows that are left. Raises `Busy` while somebody reads."""
        with self._lease() as connection:
            connection.execute("VACUUM")

    def close(self) -> None:
        """Close the connections that are not in use."""
        while self._idle:
            self._idle.pop().close()

    @contextmanager
    def _lease(self) -> Iterator[sqlite3.Connection]:
        if os.getpid() != self._process:
            # A connection does not survive a fork (sqlite.org/howtocorrupt.html, 2.6), and who held the lock did not.
            self._process, self._idle, self._writers = os.getpid(), deque(), Lock()
        with named_errors(self._path, self._lock_seconds):
            try:
                connection = self._idle.pop()
            except IndexError:
                connection = _connect(self._path, self._lock_seconds)
            try:
                yield connection
            except BaseException:
                # This rolls back what is open, and what comes next starts clean.
                connection.close()
                raise
            self._idle.append(connection)


def erasable_at(place: Path | str, layout: Layout, lock_seconds: float) -> ErasableTables:
    """The tables in a file, or at the URL of a PostgreSQL database, whose server says how long it waits for a lock."""
    if isinstance(place, str):
        return shared_tables(place, layout.part)
    return ErasableDatabase(place, layout, lock_seconds)


def _connect(path: Path, lock_seconds: float) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw",
        uri=True,
        timeout=lock_seconds,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        # A file that was altered can hold text that is not UTF-8; whoever reads a column decodes it.
        connection.text_factory = bytes
        if connection.execute("PRAGMA journal_mode=DELETE").fetchone() != (b"delete",):
            raise Unreachable(path, "cannot be given a rollback journal")
        for setting in ("synchronous=EXTRA", "secure_delete=ON", "temp_store=MEMORY", "trusted_schema=OFF"):
            connection.execute(f"PRAGMA {setting}")
    except BaseException:
        connection.close()
        raise
    return connection


def _lay_out(connection: sqlite3.Connection, layout: Layout) -> None:
    for table in layout.tables:
        connection.execute(table)
    connection.execute(f"PRAGMA application_id = {layout.application_id}")
    connection.execute(f"PRAGMA user_version = {layout.version}")


def _check(connection: sqlite3.Connection, path: Path, layout: Layout) -> None:
    application_id = connection.execute("PRAGMA application_id").fetchone()[0]
    if application_id != layout.application_id:
        raise NotALedger(path, f"is not {layout.what}")
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > layout.version:
        raise NewerSchema(path, version, layout.version)
    if version != layout.version:
        raise NotALedger(path, f"has schema version {version}, which no program ever wrote")
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as fresh:
        fresh.text_factory = bytes
        _lay_out(fresh, layout)
        if _tables(connection) != _tables(fresh):
            raise Damaged(path, f"its tables are not those of {layout.what}")


def _tables(connection: sqlite3.Connection) -> list[tuple[object, ...]]:
    return connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY name").fetchall()
