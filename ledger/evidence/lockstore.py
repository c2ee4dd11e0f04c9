"""The lock store: every checkpoint that a log has signed, kept apart from the log so that both must agree.

    checkpoints (size, note)       one row for each size, so no log signs two roots for one
    cosignatures (size, witness, line)       who else has signed the checkpoint of that size, by its verifier key

A row is only ever added behind the last one, on condition that the last one is the one that the signer knows. All that
sign for a log share one lock store. It is part of no backup: put back from a copy, it would let the log forget what it
has signed. What was added is on disk before anybody is shown it (`synchronous=FULL`), for which SQLite waits once: it
stands in the write-ahead log beside the file, so who moves the one moves the other, or closes all that use it first.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple, Self

from ledger.custody.files import new_file, sync_folder
from ledger.errors import Damaged, Malformed, Unreachable
from ledger.sqlite import Schema
from ledger.storage.connections import FileConnections, Transaction

SCHEMA = Schema(
    "a lock store",
    0x44554163,  # "DUAc"
    1,
    (
        """CREATE TABLE checkpoints (
        size INTEGER PRIMARY KEY,
        note BLOB NOT NULL
    ) STRICT""",
        """CREATE TRIGGER checkpoints_only_grow BEFORE INSERT ON checkpoints
    WHEN NEW.size <= (SELECT COALESCE(MAX(size), 0) FROM checkpoints)
    BEGIN SELECT RAISE(ABORT, 'a checkpoint is only ever added after the last one'); END""",
        """CREATE TRIGGER checkpoints_never_change BEFORE UPDATE ON checkpoints
    BEGIN SELECT RAISE(ABORT, 'a checkpoint never changes'); END""",
        """CREATE TRIGGER checkpoints_never_go BEFORE DELETE ON checkpoints
    BEGIN SELECT RAISE(ABORT, 'a checkpoint never goes'); END""",
        """CREATE TABLE cosignatures (
        size INTEGER NOT NULL,
        witness TEXT NOT NULL,
        line BLOB NOT NULL,
        PRIMARY KEY (witness, size)
    ) STRICT""",
        """CREATE TRIGGER cosignatures_have_checkpoints BEFORE INSERT ON cosignatures
    WHEN NOT EXISTS (SELECT 1 FROM checkpoints WHERE size = NEW.size)
    BEGIN SELECT RAISE(ABORT, 'a cosignature stands beside a checkpoint'); END""",
        """CREATE TRIGGER cosignatures_never_change BEFORE UPDATE ON cosignatures
    BEGIN SELECT RAISE(ABORT, 'a cosignature never changes'); END""",
        """CREATE TRIGGER cosignatures_never_go BEFORE DELETE ON cosignatures
    BEGIN SELECT RAISE(ABORT, 'a cosignature never goes'); END""",
    ),
)
# A rollback journal would wait for the disk three times for each checkpoint.
SETTINGS = ("journal_mode = WAL", "synchronous = FULL", "trusted_schema = OFF")

LAST = "SELECT size, note FROM checkpoints ORDER BY size DESC LIMIT 1"
AT = "SELECT size, note FROM checkpoints WHERE size = ?"
AFTER = "SELECT size, note FROM checkpoints WHERE size > ? ORDER BY size LIMIT ?"
ADD = "INSERT INTO checkpoints (size, note) VALUES (?, ?)"
COSIGN = "INSERT INTO cosignatures (size, witness, line) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
COSIGNED = "SELECT size, witness, line FROM cosignatures WHERE witness = ? ORDER BY size DESC LIMIT 1"
COSIGNATURES = "SELECT size, witness, line FROM cosignatures WHERE witness = ? AND size > ? ORDER BY size LIMIT ?"
# Each witness is found by one step in the key, however many cosignatures it has given.
_WITNESSES = """
    WITH RECURSIVE witnesses (witness) AS (
        SELECT MIN(witness) FROM cosignatures
        UNION ALL
        SELECT (SELECT MIN(witness) FROM cosignatures AS other WHERE other.witness > witnesses.witness)
        FROM witnesses WHERE witnesses.witness IS NOT NULL
    )
"""
OVER = f"""{_WITNESSES}
    SELECT size, cosignatures.witness, line FROM witnesses
    JOIN cosignatures ON cosignatures.witness = witnesses.witness AND size = ?
    ORDER BY cosignatures.witness
"""
LAST_SIZES = f"""{_WITNESSES}
    SELECT (SELECT MAX(size) FROM cosignatures WHERE cosignatures.witness = witnesses.witness) FROM witnesses
    WHERE witness IS NOT NULL
"""
WITNESSES = "SELECT DISTINCT witness FROM cosignatures ORDER BY witness"
PAGE = 500

_SQLITE = "sqlite:///"


class Stored(NamedTuple):
    """A checkpoint as the lock store has it: the size it is kept under, and the signed note."""

    size: int
    note: bytes


NOTHING = Stored(0, b"")


class Cosignature(NamedTuple):
    """A witness's line for the checkpoint over so many entries, and the verifier key that it is checked with."""

    size: int
    witness: str
    line: bytes


class LockStore:
    """The lock store at a URL; threads and processes may share it."""

    def __init__(self, url: str) -> None:
        """Open it. Raises `Unreachable` when there is none, `NotALedger`, `NewerSchema` or `Damaged`."""
        self.path = path_in(url)
        if not self.path.is_file():
            raise Unreachable(self.path, "the lock store has to be here, and is not: without it nobody may write")
        self._connections = FileConnections(self.path, SETTINGS)
        try:
            with self._connections.borrowed() as connection:
                SCHEMA.check(connection, self.path)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections that are not in use."""
        self._connections.close()

    def last(self) -> Stored:
        """The last checkpoint that was signed; `NOTHING` when there is none."""
        with self._connections.borrowed() as connection:
            return self._one(connection, LAST) or NOTHING

    def at(self, size: int) -> Stored | None:
        """The checkpoint over so many entries, if one was signed."""
        with self._connections.borrowed() as connection:
            return self._one(connection, AT, size)

    def has_between(self, first: int, beyond: int) -> bool:
        """Whether a checkpoint was signed over at least `first` entries, and fewer than `beyond`."""
        with self._connections.borrowed() as connection:
            found = connection.execute(AFTER, (first - 1, 1)).fetchone()
        return found is not None and found[0] < beyond

    def all(self) -> Iterator[Stored]:
        """Every checkpoint in the order of sizes, read page by page."""
        after = 0
        while True:
            with self._connections.borrowed() as connection:
                page = [self._stored(row) for row in connection.execute(AFTER, (after, PAGE))]
            for stored in page:
                if stored.size <= after:
                    raise Damaged(self.path, "its rows are not in order")
                after = stored.size
                yield stored
            if len(page) < PAGE:
                return

    def add(self, stored: Stored, after: Stored) -> bool:
        """Keep a checkpoint, on disk when this returns; False, and nothing kept, when `after` is not the last one."""
        with self._connections.borrowed() as connection, Transaction(connection):
            if (self._one(connection, LAST) or NOTHING) != after:
                return False
            connection.execute(ADD, stored)
            return True

    @contextmanager
    def held(self) -> Iterator[Stored]:
        """The last checkpoint, and no other is added before the block ends."""
        with self._connections.borrowed() as connection, Transaction(connection):
            yield self._one(connection, LAST) or NOTHING

    def add_cosignature(self, cosignature: Cosignature) -> None:
        """Keep a cosignature, on disk when this returns; where the witness has one for that size, that one stays."""
        with self._connections.borrowed() as connection, Transaction(connection):
            connection.execute(COSIGN, cosignature)

    def cosigned(self, witness: str) -> Cosignature | None:
        """The cosignature by this witness that is over most entries."""
        with self._connections.borrowed() as connection:
            row = connection.execute(COSIGNED, (witness,)).fetchone()
        return None if row is None else self._cosignature(row)

    def cosignatures(self, witness: str) -> Iterator[Cosignature]:
        """Every cosignature by this witness in the order of sizes, read page by page."""
        after = 0
        while True:
            with self._connections.borrowed() as connection:
                page = [self._cosignature(row) for row in connection.execute(COSIGNATURES, (witness, after, PAGE))]
            yield from page
            if len(page) < PAGE:
                return
            after = page[-1].size

    def cosignatures_over(self, size: int) -> list[Cosignature]:
        """The cosignatures of the checkpoint over so many entries."""
        with self._connections.borrowed() as connection:
            return [self._cosignature(row) for row in connection.execute(OVER, (size,))]

    def cosigned_sizes(self) -> list[int]:
        """For each witness, over how many entries its last cosignature is."""
        with self._connections.borrowed() as connection:
            return [size for (size,) in connection.execute(LAST_SIZES)]

    def witnesses(self) -> list[str]:
        """The verifier keys of all whose cosignatures are kept."""
        with self._connections.borrowed() as connection:
            return [str(witness) for (witness,) in connection.execute(WITNESSES)]

    def _cosignature(self, row: tuple[object, ...]) -> Cosignature:
        size, witness, line = row
        if not isinstance(size, int) or not isinstance(witness, str) or not isinstance(line, bytes):
            raise Damaged(self.path, "a row is not as SQLite writes it")
        return Cosignature(size, witness, line)

    def _one(self, connection: sqlite3.Connection, query: str, *values: object) -> Stored | None:
        row = connection.execute(query, values).fetchone()
        return None if row is None else self._stored(row)

    def _stored(self, row: tuple[object, ...]) -> Stored:
        size, note = row
        if not isinstance(size, int) or not isinstance(note, bytes):
            raise Damaged(self.path, "a row is not as SQLite writes it")
        return Stored(size, note)


def create_lock_store(url: str) -> None:
    """Make an empty lock store at this URL, with mode 0600. Raises `AlreadyThere`, `Malformed`, `Unreachable`."""
    path = path_in(url)
    new_file(path, b"")
    try:
        with (
            closing(FileConnections(path, SETTINGS)) as connections,
            connections.borrowed() as connection,
            Transaction(connection),
        ):
            SCHEMA.declare(connection)
        sync_folder(path.parent)
    except BaseException:
        remove_lock_store(url)
        raise


def remove_lock_store(url: str) -> None:
    """Remove a lock store that nothing was signed into, with what SQLite keeps beside it."""
    path = path_in(url)
    path.unlink()
    for beside in ("-wal", "-shm"):
        path.with_name(path.name + beside).unlink(missing_ok=True)


def path_in(url: str) -> Path:
    """The file that a lock store's URL names: `sqlite:////absolute/path` or `sqlite:///relative/path`."""
    if not url.startswith(_SQLITE) or len(url) == len(_SQLITE) or "\0" in url:
        raise Malformed("lock store", url, "is not sqlite:///path")
    return Path(url.removeprefix(_SQLITE)).absolute()
