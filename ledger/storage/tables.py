"""Small tables that stand beside a log: one port, for a file of SQLite's and for a schema on PostgreSQL.

Statements are the same for both: `?` stands for a value, and tables have no schema's name before theirs. Text comes
back as bytes, since a file that was altered can hold some that is not UTF-8; whoever reads it decodes it.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Protocol

from ledger.sqlite import Schema
from ledger.storage.connections import FileConnections, Transaction

Row = tuple[Any, ...]


class Rows(Protocol):
    """What became of a statement."""

    @property
    def rowcount(self) -> int:
        """How many rows it changed."""

    def fetchone(self) -> Row | None:
        """The next row, or None when there is none."""

    def fetchall(self) -> list[Row]:
        """All rows that are left."""

    def __iter__(self) -> Iterator[Row]: ...


class Statements(Protocol):
    """What statements are run on."""

    def execute(self, statement: str, values: Sequence[object] = (), /) -> Rows:
        """Run a statement once."""

    def executemany(self, statement: str, values: Iterable[Sequence[object]], /) -> Rows:
        """Run a statement that gives no rows, once for each of these values."""


class Tables(Protocol):
    """Tables that threads and processes share."""

    @property
    def path(self) -> Path | str:
        """Where they are, as it is shown to people: never with a password."""

    def reading(self) -> AbstractContextManager[Statements]:
        """For statements that change nothing. Writers may have to wait for the end of it: read in ranges."""

    def writing(self) -> AbstractContextManager[Statements]:
        """A transaction that is on disk when the block ends, and never happened when it raises; one at a time."""

    def check(self) -> None:
        """Raise `Damaged` unless tables and indexes are as they were made, whole, in order, and agree."""

    def close(self) -> None:
        """Close the connections that are not in use."""


class ErasableTables(Tables, Protocol):
    """Tables in which what was deleted cannot be found again."""

    def first_of_each(self, query: str, values: Sequence[Sequence[object]]) -> list[Row | None]:
        """The first row that a query gives for each of these values."""

    def copy(self, to: Path) -> None:
        """Make a copy at `to`, as it is at one moment.

        Raises `AlreadyThere`, `StoreFull`, and `Unreachable` where that is for the database's own means to do.
        """

    def purge(self) -> None:
        """Leave no trace of what was deleted in the tables. Raises `Busy` while somebody reads."""


class FileTables(Tables):
    """Tables in a file of SQLite's with a write-ahead log: whoever reads waits for nobody."""

    def __init__(self, path: Path, schema: Schema, settings: Sequence[str]) -> None:
        """Open the file. Raises `NotALedger`, `NewerSchema` or `Damaged` unless it has this schema."""
        self._path, self._schema = path, schema
        self._connections = FileConnections(path, settings)
        try:
            self.check()
        except BaseException:
            self.close()
            raise

    @property
    def path(self) -> Path:
        """As the port says."""
        return self._path

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """As the port says."""
        with self._connections.borrowed() as connection:
            connection.text_factory = bytes
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """As the port says."""
        with self.reading() as connection, Transaction(connection):
            yield connection

    def check(self) -> None:
        """As the port says, as far as the schema tells."""
        with self._connections.borrowed() as connection:
            connection.text_factory = str
            self._schema.check(connection, self._path)

    def close(self) -> None:
        """As the port says."""
        self._connections.close()
