"""The parts beside the log, as nodes share them: one writer at a time in each, and readers who wait for nobody.

Every statement that reads sees what was committed when it began, and no longer: so a table that is built anew is never
found empty by somebody who began to look before.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg.types.string import ByteaBinaryLoader

from ledger.errors import Damaged, Unreachable
from ledger.storage.postgres.connections import Connection, Connections, named_errors, server_at
from ledger.storage.postgres.indexes import wrong_indexes
from ledger.storage.postgres.parts import Part
from ledger.storage.tables import ErasableTables, Row, Statements

# Whoever writes has to wait for others anyway.
MOST = 8
# A document is written by another connection while one holds the vault.
IDLE = "30000"
COPIED = "is backed up by PostgreSQL's own means"


class SharedTables(ErasableTables):
    """The tables of one part in a PostgreSQL database."""

    def __init__(self, url: str, part: Part) -> None:
        """Open them. Raises `NotALedger`, `NewerSchema` or `Damaged` unless they are there as they were made."""
        self._part = part
        path = f"pg_catalog,{part.schema},pg_temp"
        self._server = server_at(url, search_path=path, idle_in_transaction_session_timeout=IDLE)
        self._connections = Connections(self._server, MOST)
        try:
            with self._reading() as connection:
                part.check(connection, self._server)
        except BaseException:
            self.close()
            raise

    @property
    def path(self) -> str:
        """As the port says."""
        return self._server.shown

    @contextmanager
    def reading(self) -> Iterator[Statements]:
        """As the port says; where no server can be written to, one that can be read answers."""
        with self._reading() as connection:
            yield _Statements(connection)

    @contextmanager
    def writing(self) -> Iterator[Statements]:
        """As the port says. Raises `Unreachable` too where it is on disk here, and not yet where it has to be."""
        with named_errors(self.path), self._connections.borrowed() as connection:
            with connection.transaction():
                connection.execute(f"SELECT pg_advisory_xact_lock({self._part.turn})")
                yield _Statements(connection)
            if connection.warned:
                raise Unreachable(self.path, connection.warned)

    def first_of_each(self, query: str, values: Sequence[Sequence[object]]) -> list[Row | None]:
        """As the port says, in one round trip."""
        if not values:
            return []
        with self._reading() as connection:
            cursor = _cursor(connection)
            cursor.executemany(_placed(query), values, returning=True)
            found = [cursor.fetchone()]
            while cursor.nextset():
                found.append(cursor.fetchone())
        return found

    def check(self) -> None:
        """As the port says; of indexes, where amcheck can be asked."""
        with self._reading() as connection:
            self._part.check(connection, self._server)
            wrong = wrong_indexes(connection, self._part.schema)
        if wrong:
            raise Damaged(self.path, "; ".join(wrong))

    def copy(self, to: Path) -> None:
        """Raises `Unreachable`."""
        raise Unreachable(self.path, f"{COPIED}; nothing was written to {to}")

    def purge(self) -> None:
        """As the port says, where the part has what opens nothing once it is gone: there, rows are removed for good."""
        if self._part.purges:
            with self.writing() as connection:
                connection.execute(f"SELECT {self._part.schema}.purge()")

    def close(self) -> None:
        """As the port says."""
        self._connections.close()

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with named_errors(self.path), self._connections.readable() as connection:
            yield connection


class _Statements:
    """Statements on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def execute(self, statement: str, values: Sequence[object] = (), /) -> psycopg.Cursor[Row]:
        """As the port says."""
        return _cursor(self._connection).execute(_placed(statement), values)

    def executemany(self, statement: str, values: Iterable[Sequence[object]], /) -> psycopg.Cursor[Row]:
        """As the port says."""
        cursor = _cursor(self._connection)
        cursor.executemany(_placed(statement), values)
        return cursor


def _cursor(connection: Connection) -> psycopg.Cursor[tuple[Any, ...]]:
    cursor = connection.cursor(binary=True)
    cursor.adapters.register_loader("text", ByteaBinaryLoader)
    return cursor


def _placed(statement: str) -> bytes:
    return statement.replace("%", "%%").replace("?", "%s").encode()
