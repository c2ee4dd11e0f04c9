"""The lock store: every checkpoint that a log has signed, kept apart from the log so that both must agree.

    checkpoints (size, note)       one row for each size, so no log signs two roots for one
    cosignatures (size, witness, line)       who else has signed the checkpoint of that size, by its verifier key

A row is only ever added behind the last one, on condition that the last one is the one that the signer knows. All that
sign for a log share one lock store: a file, or the schema `lock_store` of a PostgreSQL database. It is part of no
backup: put back from a copy, it would let the log forget what it has signed. What was added is on disk before anybody
is shown it (`synchronous=FULL`), for which SQLite waits once: it stands in the write-ahead log beside the file, so who
moves the one moves the other, or closes all that use it first.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import NamedTuple, Self

from ledger.drafts import draft_for, moved_to
from ledger.errors import AlreadyThere, Damaged, Malformed, Unreachable
from ledger.files import named_os_errors, new_file
from ledger.sqlite import Schema
from ledger.storage import has_password, is_postgres, shared_tables, without_password
from ledger.storage.connections import FileConnections
from ledger.storage.tables import FileTables, Row, Statements, Tables

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
# A rollback journal would wait for the disk three times for each checkpoint. A write-ahead log that is soon begun anew
# is written over: to wait for that takes the disk half as long as to wait for a file that grows. For each checkpoint
# one page is written, so small pages are enough.
SETTINGS = (
    "page_size = 1024",
    "journal_mode = WAL",
    "wal_autocheckpoint = 128",
    "synchronous = FULL",
    "trusted_schema = OFF",
)

LAST = "SELECT size, note FROM checkpoints ORDER BY size DESC LIMIT 1"
AT = "SELECT size, note FROM checkpoints WHERE size = ?"
FIRST = "SELECT size, note FROM checkpoints ORDER BY size LIMIT ?"
AFTER = "SELECT size, note FROM checkpoints WHERE size > ? ORDER BY size LIMIT ?"
ADD = "INSERT INTO checkpoints (size, note) VALUES (?, ?)"
ADD_FIRST = "INSERT INTO checkpoints (size, note) SELECT ?, ? WHERE NOT EXISTS (SELECT 1 FROM checkpoints)"
ADD_AFTER = f"""
    INSERT INTO checkpoints (size, note)
    SELECT ?, ? FROM ({LAST}) AS last WHERE last.size = ? AND last.note = ?
"""
COSIGN = "INSERT INTO cosignatures (size, witness, line) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
COSIGNED = "SELECT size, witness, line FROM cosignatures WHERE witness = ? ORDER BY size DESC LIMIT 1"
FIRST_COSIGNATURES = "SELECT size, witness, line FROM cosignatures WHERE witness = ? ORDER BY size LIMIT ?"
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
PART = "lock_store"

_SQLITE = "sqlite:///"
_ANOTHER_KIND = "a row holds another kind of value than was written"


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
        self._tables: Tables = shared_tables(url, PART) if is_postgres(url) else _file_at(path_in(url))
        self.path = self._tables.path

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections that are not in use."""
        self._tables.close()

    def last(self) -> Stored:
        """The last checkpoint that was signed; `NOTHING` when there is none."""
        with self._tables.reading() as statements:
            return self._one(statements, LAST) or NOTHING

    def at(self, size: int) -> Stored | None:
        """The checkpoint over so many entries, if one was signed."""
        with self._tables.reading() as statements:
            return self._one(statements, AT, size)

    def has_between(self, first: int, beyond: int) -> bool:
        """Whether a checkpoint was signed over at least `first` entries, and fewer than `beyond`."""
        with self._tables.reading() as statements:
            found = statements.execute(AFTER, (first - 1, 1)).fetchone()
        return found is not None and found[0] < beyond

    def first_from(self, size: int) -> Stored | None:
        """The checkpoint over the fewest entries that is over at least so many, if one was signed."""
        with self._tables.reading() as statements:
            return self._one(statements, AFTER, size - 1, 1)

    def all(self) -> Iterator[Stored]:
        """Every checkpoint in the order of sizes, be they such as nobody signs, read page by page."""
        after: int | None = None
        while True:
            query, values = (FIRST, (PAGE,)) if after is None else (AFTER, (after, PAGE))
            with self._tables.reading() as statements:
                page = [self._stored(row) for row in statements.execute(query, values)]
            for stored in page:
                if after is not None and stored.size <= after:
                    raise Damaged(self.path, "its rows are not in order")
                after = stored.size
                yield stored
            if len(page) < PAGE:
                return

    def add(self, stored: Stored, after: Stored) -> bool:
        """Keep a checkpoint, on disk when this returns; False, and nothing kept, when `after` is not the last one."""
        if after == NOTHING:
            return self._at_once(ADD_FIRST, stored) == 1
        return self._at_once(ADD_AFTER, (*stored, *after)) == 1

    @contextmanager
    def held(self) -> Iterator[Stored]:
        """The last checkpoint, and no other is added before the block ends."""
        with self._tables.writing() as statements:
            yield self._one(statements, LAST) or NOTHING

    def take_in(self, other: "LockStore") -> None:
        """Keep all that another lock store of the same log does, which begins with what is here.

        Raises `AlreadyThere` where it does not.
        """
        last = self.last()
        if (last if last == NOTHING else other.at(last.size)) != last:
            raise AlreadyThere(self.path, "has the lock store of another log in it, or of a longer one")
        more = (stored for stored in other.all() if stored.size > last.size)
        self._add_each(ADD, more)
        for witness in other.witnesses():
            self._add_each(COSIGN, other.cosignatures(witness))

    def _add_each(self, statement: str, rows: Iterator[Stored] | Iterator[Cosignature]) -> None:
        while some := [*islice(rows, PAGE)]:
            with self._tables.writing() as statements:
                statements.executemany(statement, [tuple(row) for row in some])

    def add_cosignature(self, cosignature: Cosignature) -> None:
        """Keep a cosignature, on disk when this returns; where the witness has one for that size, that one stays."""
        with self._tables.writing() as statements:
            statements.execute(COSIGN, tuple(cosignature))

    def cosigned(self, witness: str) -> Cosignature | None:
        """The cosignature by this witness that is over most entries."""
        with self._tables.reading() as statements:
            row = statements.execute(COSIGNED, (witness,)).fetchone()
        return None if row is None else self._cosignature(row)

    def cosignatures(self, witness: str) -> Iterator[Cosignature]:
        """Every cosignature by this witness in the order of sizes, be they such as nobody signs, read page by page."""
        query: str = FIRST_COSIGNATURES
        values: tuple[str | int, ...] = (witness, PAGE)
        while True:
            with self._tables.reading() as statements:
                page = [self._cosignature(row) for row in statements.execute(query, values)]
            yield from page
            if len(page) < PAGE:
                return
            query, values = COSIGNATURES, (witness, page[-1].size, PAGE)

    def cosignatures_over(self, size: int) -> list[Cosignature]:
        """The cosignatures of the checkpoint over so many entries."""
        with self._tables.reading() as statements:
            return [self._cosignature(row) for row in statements.execute(OVER, (size,))]

    def cosigned_sizes(self) -> list[int]:
        """For each witness, over how many entries its last cosignature is."""
        with self._tables.reading() as statements:
            return [size for (size,) in statements.execute(LAST_SIZES)]

    def witnesses(self) -> list[str]:
        """The verifier keys of all whose cosignatures are kept."""
        with self._tables.reading() as statements:
            return [self._text(witness) for (witness,) in statements.execute(WITNESSES)]

    def _at_once(self, statement: str, values: Sequence[object]) -> int:
        """How many rows one statement adds, which are on disk when this returns."""
        if isinstance(self._tables, _LockFile):
            return self._tables.at_once(statement, values)
        with self._tables.writing() as statements:
            return statements.execute(statement, values).rowcount

    def _cosignature(self, row: Row) -> Cosignature:
        size, witness, line = row
        if not isinstance(size, int) or not isinstance(line, bytes):
            raise Damaged(self.path, _ANOTHER_KIND)
        return Cosignature(size, self._text(witness), line)

    def _text(self, column: object) -> str:
        if not isinstance(column, bytes):
            raise Damaged(self.path, _ANOTHER_KIND)
        try:
            return column.decode()
        except UnicodeDecodeError as error:
            raise Damaged(self.path, "holds text that is not UTF-8") from error

    def _one(self, statements: Statements, query: str, *values: object) -> Stored | None:
        row = statements.execute(query, values).fetchone()
        return None if row is None else self._stored(row)

    def _stored(self, row: Row) -> Stored:
        size, note = row
        if not isinstance(size, int) or not isinstance(note, bytes):
            raise Damaged(self.path, _ANOTHER_KIND)
        return Stored(size, note)


class _LockFile(FileTables):
    """A lock store in a file."""

    def at_once(self, statement: str, values: Sequence[object]) -> int:
        """How many rows one statement adds: SQLite makes it a transaction, in less time than if that is asked for."""
        with self._connections.borrowed() as connection:
            return connection.execute(statement, values).rowcount


def _file_at(path: Path) -> _LockFile:
    if not path.is_file():
        raise Unreachable(path, "the lock store has to be here, and is not: without it nobody may write")
    return _LockFile(path, SCHEMA, SETTINGS)


def create_lock_store(url: str) -> None:
    """Make an empty lock store at this URL, a file with mode 0600. Raises `AlreadyThere`, `Malformed`, `Unreachable`.

    One that is there is taken when nothing was signed into it: on PostgreSQL `dua-ledger migrate` has made it, and a
    file is left so by whoever was killed before there was a log.
    """
    check_url(url)
    if is_postgres(url):
        _check_empty(url)
        return
    path = path_in(url)
    with draft_for(path) as folder, named_os_errors(path):
        if SCHEMA.marks(path):
            _check_empty(url)
            return
        draft = folder / path.name
        new_file(draft, b"")
        with closing(FileConnections(draft, SETTINGS)) as connections, connections.borrowed() as connection:
            connection.execute("BEGIN IMMEDIATE")
            SCHEMA.declare(connection)
            connection.execute("COMMIT")
        moved_to(path, draft)


def _check_empty(url: str) -> None:
    """Raise `AlreadyThere` where something was signed."""
    with LockStore(url) as lock:
        size = lock.last().size
        if size:
            why = f"is the lock store of a log that has signed {size} of its entries, and belongs to that log"
            killed = "" if is_postgres(url) else ". Only if `init` was killed before there was a home, remove it"
            raise AlreadyThere(lock.path, f"{why}{killed}")


def remove_lock_store(url: str) -> None:
    """Remove a lock store that nobody needs, with what SQLite keeps beside it; an empty schema stays."""
    if is_postgres(url):
        return
    path = path_in(url)
    path.unlink()
    for beside in ("-wal", "-shm"):
        path.with_name(path.name + beside).unlink(missing_ok=True)


def check_url(url: str) -> None:
    """Raise `Malformed` for what is no URL of a lock store, or none that may be written down."""
    if not is_postgres(url):
        path_in(url)
    elif has_password(url):
        raise Malformed("lock store", without_password(url), "has a password in it: use libpq's password file")


def path_in(url: str) -> Path:
    """The file that a lock store's URL names: `sqlite:////absolute/path` or `sqlite:///relative/path`."""
    if not url.startswith(_SQLITE) or len(url) == len(_SQLITE) or "\0" in url:
        raise Malformed("lock store", url, "is neither sqlite:///path nor postgresql://...")
    return Path(url.removeprefix(_SQLITE)).absolute()
