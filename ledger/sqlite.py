"""SQLite's errors under the ledger's names, for every file of ours that SQLite keeps."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from ledger.errors import Busy, Damaged, LedgerError, NewerSchema, NotALedger, StoreFull, Unreachable

LOCK_SECONDS = 30.0
DECLARED = "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY name"

# Where the application id stands in a file (sqlite.org/fileformat.html, 1.3).
_SQLITE_3 = b"SQLite format 3\0"
_MARK = slice(68, 72)
NO_ROOM = {
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR_WRITE,
    sqlite3.SQLITE_IOERR_SHMSIZE,
    sqlite3.SQLITE_IOERR_SHMMAP,
    sqlite3.SQLITE_IOERR_TRUNCATE,
}
_UNFINISHED = {
    sqlite3.SQLITE_READONLY_ROLLBACK,
    sqlite3.SQLITE_READONLY_RECOVERY,
    sqlite3.SQLITE_READONLY_CANTINIT,
}
UNFINISHED = (
    "somebody was writing when it was left so, or is now: what lies beside it can be taken in only where it can be "
    "written; copy the whole folder to such a place"
)


class Schema(NamedTuple):
    """What a small database consists of, and how it is known to be one of ours; `what` says what it is."""

    what: str
    application_id: int
    version: int
    statements: tuple[str, ...]

    def declare(self, connection: sqlite3.Connection) -> None:
        """Make the tables, and mark the file."""
        for statement in self.statements:
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {self.application_id}")
        connection.execute(f"PRAGMA user_version = {self.version}")

    def marks(self, path: Path) -> bool:
        """Whether there is a file that is marked as such a database; unlike by opening it, nothing in it changes."""
        with suppress(FileNotFoundError), path.open("rb") as file:
            header = file.read(_MARK.stop)
            return header.startswith(_SQLITE_3) and header[_MARK] == self.application_id.to_bytes(4)
        return False

    def check(self, connection: sqlite3.Connection, path: Path) -> None:
        """Raise `NotALedger`, `NewerSchema` or `Damaged` unless this is such a database, table for table."""
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if application != self.application_id:
            raise NotALedger(path, f"is not {self.what}")
        if version > self.version:
            raise NewerSchema(path, version, self.version)
        with closing(sqlite3.connect(":memory:", isolation_level=None)) as fresh:
            self.declare(fresh)
            if connection.execute(DECLARED).fetchall() != fresh.execute(DECLARED).fetchall():
                raise Damaged(path, f"its tables are not those of {self.what.removeprefix('the state of ')}")


@contextmanager
def named_errors(path: Path | str, lock_seconds: float = LOCK_SECONDS) -> Iterator[None]:
    """Raise what SQLite says of the file at `path` under the ledger's names; `lock_seconds` is how long it waited."""
    try:
        yield
    except (sqlite3.Error, UnicodeDecodeError) as error:
        named = named_error(error, path, lock_seconds)
        if named is error:
            raise
        raise named from error


def named_error(error: BaseException, path: Path | str, lock_seconds: float) -> BaseException:
    """The ledger's error for what SQLite, or Python reading it, says of the file at `path`; else the error itself."""
    if isinstance(error, UnicodeDecodeError):
        # Python cannot read what SQLite says when it quotes a broken file.
        return Damaged(path, "holds text that is not UTF-8")
    return (_named(error, path, lock_seconds) if isinstance(error, sqlite3.Error) else None) or error


def _named(error: sqlite3.Error, path: Path | str, lock_seconds: float) -> LedgerError | None:
    code = getattr(error, "sqlite_errorcode", 0)
    if code in NO_ROOM:
        return StoreFull(path, str(error))
    if code in _UNFINISHED:
        return Unreachable(path, UNFINISHED)
    match code & 0xFF:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return Busy(path, lock_seconds)
        case sqlite3.SQLITE_NOTADB:
            return NotALedger(path, "is not a SQLite database")
        case sqlite3.SQLITE_CORRUPT:
            return Damaged(path, str(error))
        case sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_READONLY | sqlite3.SQLITE_IOERR | sqlite3.SQLITE_PERM:
            return Unreachable(path, str(error))
        # Our statements are fixed: what SQLite finds wrong with one of them is wrong in the file.
        case sqlite3.SQLITE_ERROR | sqlite3.SQLITE_CONSTRAINT | sqlite3.SQLITE_TOOBIG | sqlite3.SQLITE_FORMAT:
            return Damaged(path, str(error))
    if str(error).startswith("Could not decode to UTF-8"):
        return Damaged(path, "holds text that is not UTF-8")
    return None
