"""Connections to a SQLite file with a write-ahead log; where nothing can be written, to read it as it lies.

What SQLite locks with lies beside the file. On a read-only medium it cannot be made, nor on a full disk; but where
nobody has left any, everything is in the file itself.
"""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

from ledger.errors import LedgerError, StoreFull, Unreachable
from ledger.sqlite import LOCK_SECONDS, NO_ROOM, UNFINISHED

_CANNOT_LOCK = {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY}

Connection = TypeVar("Connection", bound=sqlite3.Connection)


class State(NamedTuple):
    """What is another when a file was written."""

    file: int
    size: int
    written_at: int


class AsItLies(sqlite3.Connection):
    """To a file that is read without a lock, and cannot be written: `refused` says why.

    What was read counts if nobody has written the file meanwhile, as somebody may where one machine can only read what
    another writes.
    """

    path: Path
    before: State | None
    refused: LedgerError


def connect(path: Path, settings: Sequence[str]) -> sqlite3.Connection:
    """A new connection to an existing file, with these settings, that leaves transactions to its user.

    It is one `AsItLies` where there can be no other. Raises `Unreachable` or `StoreFull` where that would leave out
    what was written last.
    """
    try:
        return _connected(path, "mode=rw", settings, sqlite3.Connection)
    except sqlite3.OperationalError as error:
        refused, before = _refused(path, error), _state(path)
        found = _connected(path, "immutable=1", settings, AsItLies)
        found.path, found.before, found.refused = path, before, refused
        written_ahead = _state(path.with_name(f"{path.name}-wal"))
        if written_ahead is not None and written_ahead.size:
            found.close()
            raise refused if isinstance(refused, StoreFull) else Unreachable(path, UNFINISHED) from error
        return found


def check_unchanged(connection: sqlite3.Connection) -> None:
    """Raise `Unreachable` for a connection without a lock to a file that was written since it was opened."""
    if isinstance(connection, AsItLies) and _state(connection.path) != connection.before:
        raise Unreachable(connection.path, "was written while it was read from where it cannot be locked: call again")


def _refused(path: Path, error: sqlite3.OperationalError) -> LedgerError:
    """Why nothing can be written beside a file. Raises the error again when it is about something else."""
    if error.sqlite_errorcode in NO_ROOM:
        return StoreFull(path, str(error))
    if error.sqlite_errorcode & 0xFF in _CANNOT_LOCK:
        return Unreachable(path, "cannot be written where it is")
    raise error


def _connected(path: Path, how: str, settings: Sequence[str], kind: type[Connection]) -> Connection:
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?{how}",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        timeout=LOCK_SECONDS,
        factory=kind,
    )
    try:
        for setting in settings:
            connection.execute(f"PRAGMA {setting}")
    except BaseException:
        connection.close()
        raise
    return connection


def _state(path: Path) -> State | None:
    """The state of a file; None for one that is not there."""
    try:
        found = path.stat()
    except OSError:
        return None
    return State(found.st_ino, found.st_size, found.st_mtime_ns)
