"""The key store: a key for each subject, a salt for each commitment, the ledger's own secrets; all of them wrapped.

It is a file, or the schema `keys` of a PostgreSQL database that nodes share.

The key-encryption key lies in a file of its own. Without it the key store opens nothing, and neither does a backup that
has the one without the other. Every row is bound to its place when it is wrapped, so a row that was altered, exchanged
or copied elsewhere does not open.

A subject's key lives as long as one of its salts. Destroying removes rows; `purge` then leaves no trace of them. The
ledger's own secrets are made with the key store and never again: one that is not there was removed.
"""

import os
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import ExitStack, nullcontext
from pathlib import Path

import msgspec

from ledger.chain.entry import check_name
from ledger.custody.cipher import KEY_BYTES, NotGenuine, Wrapping
from ledger.custody.erasable import ErasableDatabase, erasable_at
from ledger.custody.keyfile import coming, new_key_encryption_key, put_in_force, read_key_encryption_key
from ledger.custody.label import COMMITMENT_BYTES, Label, chosen, labels_in, read_label
from ledger.custody.layouts import KEY_STORE, SALTS, SECRETS, SUBJECT_KEYS
from ledger.custody.rows import ErasableRows
from ledger.drafts import OR_CUT_OFF
from ledger.errors import AlreadyThere, Damaged, Missing, NotALedger, Tampered
from ledger.sqlite import LOCK_SECONDS
from ledger.storage.tables import ErasableTables, Row, Statements

_OPENED_BY = (b"dua-ledger/v1 opened by",)
_SUBJECT_KEY = b"dua-ledger/v1 subject key"
_SALT = b"dua-ledger/v1 salt"
_SECRET = b"dua-ledger/v1 secret"


class Salt(msgspec.Struct, frozen=True):
    """The salt of a commitment; `mark` is what its subject is found by, if it is by this value."""

    label: Label
    value: bytes
    mark: bytes | None = None

    def __repr__(self) -> str:
        return f"Salt({self.label!r})"


class Keys(msgspec.Struct, frozen=True):
    """What opens one sealed value."""

    label: Label
    salt: bytes
    subject_key: bytes

    def __repr__(self) -> str:
        return f"Keys({self.label!r})"


class KeyStore:
    """One key store; threads and processes may share it."""

    def __init__(self, database: ErasableTables, wrapping: Wrapping) -> None:
        self._database = database
        self._wrapping = wrapping

    @classmethod
    def create(
        cls,
        place: Path | str,
        key_encryption_key: Path,
        secrets: Iterable[str] = (),
        lock_seconds: float = LOCK_SECONDS,
    ) -> "KeyStore":
        """Make a key store in a file, or at a URL, its key-encryption key, and secrets with these names.

        Raises `AlreadyThere` when one of them is, and `Malformed` for a secret whose name is none.
        """
        names = sorted(set(secrets))
        for name in names:
            check_name("secret", name)
        with ExitStack() as undo:
            wrapping = new_key_encryption_key(key_encryption_key)
            undo.callback(key_encryption_key.unlink)
            if isinstance(place, Path):
                ErasableDatabase.create(place, KEY_STORE, lock_seconds).close()
                undo.callback(place.unlink)
            database = erasable_at(place, KEY_STORE, lock_seconds)
            undo.callback(database.close)
            with database.writing() as connection:
                if connection.execute("SELECT wrapped FROM opened_by").fetchone() is not None:
                    raise AlreadyThere(database.path, f"has a key store in it already{OR_CUT_OFF}")
                connection.execute("INSERT INTO opened_by VALUES (?)", _opener(wrapping))
                connection.executemany(
                    "INSERT INTO secrets (name, wrapped) VALUES (?, ?)",
                    [(name, wrapping.wrap(os.urandom(KEY_BYTES), (_SECRET, name.encode()))) for name in names],
                )
            undo.pop_all()
        return cls(database, wrapping)

    @classmethod
    def open(cls, place: Path | str, key_encryption_key: Path, lock_seconds: float = LOCK_SECONDS) -> "KeyStore":
        """Open the key store in a file or at a URL.

        Raises `Unreachable` for a key-encryption key that others than its owner may read, and `NotALedger` when it is
        not the one that this key store was made with.
        """
        wrapping = read_key_encryption_key(key_encryption_key)
        with ExitStack() as undo:
            database = erasable_at(place, KEY_STORE, lock_seconds)
            undo.callback(database.close)
            if not _opens(wrapping, database):
                # Somebody was cut off who had wrapped everything anew.
                following = coming(key_encryption_key)
                if not following.is_file() or not _opens(read_key_encryption_key(following), database):
                    raise NotALedger(key_encryption_key, f"is not the key-encryption key of {database.path}")
                put_in_force(key_encryption_key)
                wrapping = read_key_encryption_key(key_encryption_key)
            undo.pop_all()
        return cls(database, wrapping)

    def keep(self, subject: str, salts: Sequence[Salt]) -> bytes:
        """Keep these salts of a subject; returns the subject's key, made now if it has none."""
        return self.keep_each([subject], salts)[subject]

    def keep_each(self, subjects: Collection[str], salts: Sequence[Salt]) -> dict[str, bytes]:
        """Keep these salts of these subjects together; returns the key of each, made now if it has none."""
        with self._database.writing() as connection:
            self._check_in_force(connection)
            keys = {subject: self._subject_key(connection, subject) for subject in subjects}
            connection.executemany(
                "INSERT INTO salts (commitment, subject, purpose, created_at, mark, wrapped) VALUES (?, ?, ?, ?, ?, ?)",
                [(*msgspec.structs.astuple(salt.label), salt.mark, self._wrap_salt(salt)) for salt in salts],
            )
        return keys

    def rows(self, commitments: Sequence[bytes]) -> list[Row | None]:
        """What is kept for each of these commitments, still wrapped; None where nothing is."""
        query = """
            SELECT commitment, salts.subject, purpose, created_at, mark, salts.wrapped, subject_keys.wrapped
            FROM salts LEFT JOIN subject_keys ON subject_keys.subject = salts.subject
            WHERE commitment = ?
        """
        return self._database.first_of_each(query, [(commitment,) for commitment in commitments])

    def unwrap(self, commitment: str, row: Row | None) -> Keys:
        """The keys in a row for this commitment. Raises `Missing` or `Tampered`."""
        if row is None:
            raise Missing(commitment, "its salt is not in the key store")
        *columns, mark, wrapped_salt, wrapped_key = row
        if wrapped_key is None:
            raise Missing(commitment, "the key of its subject is not in the key store")
        try:
            label = read_label(*columns)
            salt = self._wrapping.unwrap(_blob(wrapped_salt), _bound_to(label, None if mark is None else _blob(mark)))
        except (NotGenuine, ValueError) as error:
            raise self._altered(commitment, "its salt was altered in the key store, or comes from elsewhere") from error
        try:
            key = self._wrapping.unwrap(_blob(wrapped_key), (_SUBJECT_KEY, label.subject.encode()))
        except (NotGenuine, ValueError) as error:
            raise self._altered(commitment, "the key of its subject was altered, or comes from elsewhere") from error
        return Keys(label, salt, key)

    def has_all(self, commitments: Sequence[bytes]) -> bool:
        """Whether every one of these commitments has its salt."""
        return None not in self.rows(commitments)

    def marked(self, mark: bytes) -> list[bytes]:
        """The commitments whose salts have this mark, the oldest first. What they are for is to be checked."""
        query = "SELECT commitment FROM salts WHERE mark = ? ORDER BY created_at, commitment"
        with self._database.reading() as connection:
            commitments = [commitment for (commitment,) in connection.execute(query, (mark,))]
        if any(not isinstance(one, bytes) or len(one) != COMMITMENT_BYTES for one in commitments):
            raise Damaged(self._database.path, "marks: leads to what is no commitment")
        return commitments

    def secret(self, name: str) -> bytes:
        """The ledger's own secret with this name, 32 bytes. Raises `Tampered` when there is none."""
        with self._database.reading() as connection:
            row = connection.execute("SELECT wrapped FROM secrets WHERE name = ?", (name,)).fetchone()
        if row is None:
            raise Tampered(name, "this secret is not in the key store, which was made with it")
        try:
            return self._wrapping.unwrap(_blob(row[0]), (_SECRET, name.encode()))
        except (NotGenuine, ValueError) as error:
            raise self._altered(name, "this secret was altered in the key store, or comes from elsewhere") from error

    def destroy(self, subject: str, members: Collection[str] | None) -> tuple[int, int]:
        """Remove the salts of these members of a subject, or all; returns how many, and how many keys with them."""
        with self._database.writing() as connection:
            rows = connection.execute("SELECT commitment, purpose FROM salts WHERE subject = ?", (subject,)).fetchall()
            return _destroy(connection, chosen(rows, members))

    def destroy_these(self, commitments: Sequence[bytes]) -> tuple[int, int]:
        """As `destroy`, for the salts of these commitments."""
        with self._database.writing() as connection:
            return _destroy(connection, commitments)

    def discard(self) -> None:
        """Take back that it was made, while no salt is in it: for who could not make all that goes with it."""
        with self._database.writing() as connection:
            if connection.execute("SELECT commitment FROM salts LIMIT 1").fetchone() is None:
                connection.execute("DELETE FROM opened_by")
                connection.execute("DELETE FROM secrets")
        self._database.close()
        if isinstance(self._database.path, Path):
            self._database.path.unlink()

    def copy(self, to: Path) -> None:
        """Make a copy of the file at `to`, which opens nothing without the key-encryption key."""
        self._database.copy(to)

    def check_file(self) -> None:
        """Raise `Damaged` unless the file holds together, so that its index leads to all that it should."""
        self._database.check()

    def purge(self) -> None:
        """Leave no trace of what was destroyed in the file. Raises `Busy` while somebody reads."""
        self._database.purge()

    def labels(self, after: bytes, limit: int) -> list[Label]:
        """The next labels in the order of their commitments. Raises `Damaged` for a row that nobody wrote so."""
        return labels_in(self._database, SALTS.table, after, limit)

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def rewrap(self, wrapping: Wrapping) -> int:
        """Wrap everything under another key, all or nothing; gives how many keys, salts and secrets that were.

        Raises `Tampered` for what does not open.
        """
        count = 0
        with self._database.writing() as connection:
            self._check_in_force(connection)
            for table, bound_to in WRAPPED.items():
                for page in table.pages(lambda: nullcontext(connection)):
                    table.remove(connection, [row[0] for row in page])
                    table.add(connection, [self._rewrapped(row, bound_to(row), wrapping) for row in page])
                    count += len(page)
            connection.execute("DELETE FROM opened_by")
            connection.execute("INSERT INTO opened_by VALUES (?)", _opener(wrapping))
        self._wrapping = wrapping
        return count

    def _rewrapped(self, row: Row, bound_to: Sequence[bytes], wrapping: Wrapping) -> Row:
        *others, wrapped = row
        try:
            return *others, wrapping.wrap(self._wrapping.unwrap(_blob(wrapped), bound_to), bound_to)
        except (NotGenuine, ValueError) as error:
            what = row[0].hex() if isinstance(row[0], bytes) else str(row[0])
            raise Tampered(what, "what the key store has for it was altered, or comes from elsewhere") from error

    def _altered(self, what: str, why: str) -> Tampered:
        """That something does not open. Raises `NotALedger` where all of it was wrapped under another key meanwhile."""
        with self._database.reading() as connection:
            self._check_in_force(connection)
        return Tampered(what, why)

    def _check_in_force(self, connection: Statements) -> None:
        """Raise `NotALedger` when others have wrapped everything under another key since this was opened."""
        if not _is_in_force(self._wrapping, connection):
            raise NotALedger(self._database.path, "has another key-encryption key by now than when it was opened")

    def _wrap_salt(self, salt: Salt) -> bytes:
        return self._wrapping.wrap(salt.value, _bound_to(salt.label, salt.mark))

    def _subject_key(self, connection: Statements, subject: str) -> bytes:
        bound_to = (_SUBJECT_KEY, subject.encode())
        row = connection.execute("SELECT wrapped FROM subject_keys WHERE subject = ?", (subject,)).fetchone()
        if row is None:
            key = os.urandom(KEY_BYTES)
            wrapped = self._wrapping.wrap(key, bound_to)
            connection.execute("INSERT INTO subject_keys (subject, wrapped) VALUES (?, ?)", (subject, wrapped))
            return key
        try:
            return self._wrapping.unwrap(_blob(row[0]), bound_to)
        except (NotGenuine, ValueError) as error:
            raise Tampered(subject, "the key of this subject was altered, or comes from elsewhere") from error


def _label_in(row: Row) -> Label:
    commitment, subject, purpose, created_at, *_ = row
    return read_label(commitment, str(subject).encode(), str(purpose).encode(), created_at)


# Each table of wrapped keys, and what they are bound to.
WRAPPED: dict[ErasableRows, Callable[[Row], tuple[bytes, ...]]] = {
    SUBJECT_KEYS: lambda row: (_SUBJECT_KEY, str(row[0]).encode()),
    SALTS: lambda row: _bound_to(_label_in(row), None if row[4] is None else _blob(row[4])),
    SECRETS: lambda row: (_SECRET, str(row[0]).encode()),
}


def _bound_to(label: Label, mark: bytes | None) -> tuple[bytes, ...]:
    return (_SALT, *label.bound()) if mark is None else (_SALT, *label.bound(), mark)


def _opens(wrapping: Wrapping, database: ErasableTables) -> bool:
    with database.reading() as connection:
        return _is_in_force(wrapping, connection)


def _is_in_force(wrapping: Wrapping, connection: Statements) -> bool:
    return connection.execute("SELECT wrapped FROM opened_by").fetchall() == [_opener(wrapping)]


def _opener(wrapping: Wrapping) -> Row:
    """The row by which it is known under which key all others are wrapped; it is the same each time."""
    return (wrapping.wrap(bytes(KEY_BYTES), _OPENED_BY),)


def _destroy(connection: Statements, commitments: Sequence[object]) -> tuple[int, int]:
    """Remove salts, then the keys of subjects that have none left; returns how many of each."""
    doomed = [(commitment,) for commitment in commitments]
    salts = connection.executemany("DELETE FROM salts WHERE commitment = ?", doomed).rowcount
    keys = connection.execute("DELETE FROM subject_keys WHERE subject NOT IN (SELECT subject FROM salts)").rowcount
    return max(salts, 0), keys


def _blob(column: object) -> bytes:
    if not isinstance(column, bytes):
        raise ValueError("a column holds another kind of value")
    return column
