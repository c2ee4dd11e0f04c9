"""Connections to a SQLite database, lent out to one thread at a time.

Lending and giving back is on the path of every append, so it is done by small classes; a generator with a decorator
would cost several microseconds each time.
"""

import os
import sqlite3
import threading
from collections import deque
from collections.abc import Sequence
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Protocol
from weakref import WeakSet

from ledger.errors import Unreachable
from ledger.sqlite import LOCK_SECONDS, named_error
from ledger.storage.opening import AsItLies, connect


class Connections(Protocol):
    """Where connections come from, and SQLite's errors under the ledger's names."""

    def borrowed(self) -> AbstractContextManager[sqlite3.Connection]:
        """A connection for as long as the context lasts."""

    def close(self) -> None:
        """Close what nobody is using."""


class OneConnection:
    """One connection, used by one thread at a time."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection, self._lock = connection, threading.RLock()

    def borrowed(self) -> AbstractContextManager[sqlite3.Connection]:
        """The connection, once no other thread uses it."""
        return _Borrowed(self)

    def close(self) -> None:
        """Close it."""
        self._connection.close()

    def take(self) -> sqlite3.Connection:
        """Wait for it."""
        self._lock.acquire()
        return self._connection

    def give_back(self, connection: sqlite3.Connection) -> None:
        """Let others have it."""
        del connection
        self._lock.release()

    def named(self, error: BaseException) -> BaseException:
        """An error under the ledger's name."""
        return named_error(error, "memory", LOCK_SECONDS)


class FileConnections:
    """As many connections to a file as are used at the same time; none of them lives through a fork.

    While a connection is open, SQLite keeps in the process which locks it holds on the file. A forked process would
    believe that it holds them too; its parent would delete the write-ahead log under it, and with it what it wrote.
    """

    _everywhere: ClassVar[WeakSet["FileConnections"]] = WeakSet()
    _inherited: ClassVar[dict[Path, list[sqlite3.Connection]]] = {}

    def __init__(self, path: Path, settings: Sequence[str]) -> None:
        self._path, self._settings = path, settings
        self._idle: deque[sqlite3.Connection] = deque()
        self._used: set[sqlite3.Connection] = set()
        self._everywhere.add(self)

    def borrowed(self) -> AbstractContextManager[sqlite3.Connection]:
        """A connection that nobody else uses meanwhile."""
        return _Borrowed(self)

    def close(self) -> None:
        """Close what nobody is using."""
        with suppress(IndexError):
            while True:
                self._idle.pop().close()

    def take(self) -> sqlite3.Connection:
        """An idle connection, or a new one."""
        if self._inherited and self._path in self._inherited:
            raise Unreachable(self._path, "was in use when this process was forked: use it in a process that was not")
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = connect(self._path, self._settings)
        else:
            if isinstance(connection, AsItLies) and not connection.is_current():
                connection.close()
                connection = connect(self._path, self._settings)
        self._used.add(connection)
        return connection

    def give_back(self, connection: sqlite3.Connection) -> None:
        """Let others have it, unless something went wrong in the middle of a transaction.

        Raises `Unreachable` where what was read by it does not count.
        """
        self._used.discard(connection)
        if connection.in_transaction:
            connection.close()
        else:
            self._idle.append(connection)
        if isinstance(connection, AsItLies):
            connection.check_unchanged()

    def named(self, error: BaseException) -> BaseException:
        """An error under the ledger's name."""
        return named_error(error, self._path, LOCK_SECONDS)

    @classmethod
    def before_fork(cls) -> None:
        """Close what nobody is using."""
        for connections in list(cls._everywhere):
            connections.close()

    @classmethod
    def after_fork(cls) -> None:
        """Refuse the files that other threads of the parent were using."""
        for connections in list(cls._everywhere):
            connections.disown()

    def disown(self) -> None:
        """Keep what is open from being used or closed here."""
        if self._used or self._idle:
            self._inherited.setdefault(self._path, []).extend([*self._used, *self._idle])
            self._idle.clear()


os.register_at_fork(before=FileConnections.before_fork, after_in_child=FileConnections.after_fork)


class Transaction:
    """All or nothing: takes SQLite's own write lock at the beginning, so that it cannot fail for want of it later."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        if isinstance(self._connection, AsItLies):
            raise self._connection.refused
        self._connection.execute("BEGIN IMMEDIATE")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            try:
                self._connection.execute("COMMIT")
            except BaseException:
                self._roll_back()
                raise
        else:
            self._roll_back()

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")


class _Borrowed:
    def __init__(self, lender: OneConnection | FileConnections) -> None:
        self._lender = lender

    def __enter__(self) -> sqlite3.Connection:
        try:
            self._connection = self._lender.take()
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise self._lender.named(error) from error
        return self._connection

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lender.give_back(self._connection)
        if error is not None and isinstance(error, sqlite3.Error | UnicodeDecodeError):
            named = self._lender.named(error)
            if named is not error:
                raise named from error
