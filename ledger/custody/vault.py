"""The vault: sealed values by their commitments, as boxes that the key store's keys open.

It is a file, or the schema `custody` of a PostgreSQL database that nodes share.

A document's row holds what is known of it (media type, size, SHA-256) and the address of the file with its content. The
row is there before the file is, so no file is ever without a row, and whoever removes the row knows which file to
remove. The box is bound to commitment and address; what else a row says is compared with the key store.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeGuard

import msgspec

from ledger.custody.cipher import VALUE, NotGenuine, decrypt, encrypt, field_key
from ledger.custody.erasable import ErasableDatabase, erasable_at
from ledger.custody.keystore import Keys
from ledger.custody.label import Label, chosen, labels_in, read_label
from ledger.custody.layouts import SEALED, VAULT
from ledger.errors import AlreadyThere, Missing, NotALedger, Tampered
from ledger.files import named_os_errors
from ledger.sqlite import LOCK_SECONDS
from ledger.storage.tables import ErasableTables, Row, Statements

ADDRESS_BYTES = 32
_ROW = "SELECT commitment, subject, purpose, created_at, document, box FROM sealed WHERE commitment = ?"


class Sealed(msgspec.Struct, frozen=True):
    """A row of the vault; `document` is the address of a document's file, and None for a value."""

    label: Label
    document: bytes | None
    box: bytes


def seal(keys: Keys, plain: bytes, nonce: bytes, document: bytes | None = None) -> Sealed:
    """The row that keeps `plain`."""
    key = field_key(keys.subject_key, keys.salt, VALUE)
    return Sealed(keys.label, document, encrypt(key, nonce, plain, keys.label.commitment + (document or b"")))


def unseal(commitment: str, row: Row | None, keys: Keys) -> tuple[bytes, bytes | None]:
    """What was sealed in a row for this commitment, and the address of its document.

    Raises `Missing` without a row, and `Tampered` when row and keys do not belong together or the box does not open.
    """
    if row is None:
        raise Missing(commitment, "nothing is sealed for it")
    try:
        sealed = _read(row)
    except ValueError as error:
        raise Tampered(commitment, f"its row in the vault is damaged: {error}") from error
    if sealed.label != keys.label:
        raise Tampered(commitment, "key store and vault differ on whose it is, what for or since when")
    key = field_key(keys.subject_key, keys.salt, VALUE)
    try:
        plain = decrypt(key, sealed.box, keys.label.commitment + (sealed.document or b""))
    except NotGenuine as error:
        raise Tampered(commitment, "its box in the vault was altered, or comes from elsewhere") from error
    return plain, sealed.document


class Vault:
    """One vault; threads and processes may share it."""

    def __init__(self, database: ErasableTables) -> None:
        self._database = database

    @classmethod
    def create(cls, place: Path | str, lock_seconds: float = LOCK_SECONDS) -> "Vault":
        """Make a vault in a file, or at a URL, where there is to be nothing in it. Raises `AlreadyThere`."""
        if isinstance(place, Path):
            return cls(ErasableDatabase.create(place, VAULT, lock_seconds))
        vault = cls.open(place)
        if vault.labels(b"", 1):
            vault.close()
            raise AlreadyThere(vault.path, "has a vault in it already")
        return vault

    @classmethod
    def open(cls, place: Path | str, lock_seconds: float = LOCK_SECONDS) -> "Vault":
        """Open the vault in a file or at a URL.

        Raises `NotALedger` where none is: not to be able to read it would be another matter.
        """
        if isinstance(place, Path):
            with named_os_errors(place):
                if not place.is_file():
                    raise NotALedger(place, "is no vault: there is no such file")
        return cls(erasable_at(place, VAULT, lock_seconds))

    @property
    def path(self) -> Path | str:
        """Where it is, as it is shown to people."""
        return self._database.path

    def keep(self, rows: Sequence[Sealed], unless_erased: Callable[[], None]) -> None:
        """Keep these rows, unless `unless_erased` raises.

        It is asked while nobody else can write here. An erasure destroys the keys first and then comes here: so either
        it finds these rows, or they are never written.
        """
        with self._database.writing() as connection:
            unless_erased()
            connection.executemany(
                "INSERT INTO sealed VALUES (?, ?, ?, ?, ?, ?)",
                [(*msgspec.structs.astuple(row.label), row.document, row.box) for row in rows],
            )

    @contextmanager
    def still_keeping(self, label: Label) -> Iterator[None]:
        """Nobody removes this row while the block runs. Raises `Missing` when somebody has."""
        with self._database.writing() as connection:
            if connection.execute(_ROW, (label.commitment,)).fetchone() is None:
                raise Missing(label.commitment.hex(), "it was erased while it was being sealed")
            yield

    def rows(self, commitments: Sequence[bytes]) -> list[Row | None]:
        """What is kept for each of these commitments; None where nothing is."""
        return self._database.first_of_each(_ROW, [(commitment,) for commitment in commitments])

    def forget(
        self, subject: str, members: Collection[str] | None, discard: Callable[[bytes], None]
    ) -> tuple[int, int]:
        """Remove the rows of these members of a subject, or all; returns how many, and how many were documents.

        `discard` is given the address of each document before its row goes.
        """
        with self._database.writing() as connection:
            rows = connection.execute("SELECT commitment, purpose FROM sealed WHERE subject = ?", (subject,)).fetchall()
            return _forget(connection, chosen(rows, members), discard)

    def forget_these(self, commitments: Sequence[bytes], discard: Callable[[bytes], None]) -> tuple[int, int]:
        """As `forget`, for the rows of these commitments."""
        with self._database.writing() as connection:
            return _forget(connection, commitments, discard)

    @contextmanager
    def copied(self, to: Path) -> Iterator[None]:
        """A copy of the file at `to`; nothing is kept or forgotten here before the block ends."""
        with self._database.writing():
            self._database.copy(to)
            yield

    @contextmanager
    def still(self) -> Iterator[set[bytes]]:
        """The addresses of all documents, and nothing is kept or forgotten here before the block ends."""
        with self._database.writing():
            yield self.documents()

    def check_file(self) -> None:
        """Raise `Damaged` unless the file holds together."""
        self._database.check()

    def purge(self) -> None:
        """Leave no trace of what was forgotten in the file. Raises `Busy` while somebody reads."""
        self._database.purge()

    def labels(self, after: bytes, limit: int) -> list[Label]:
        """The next labels in the order of their commitments. Raises `Damaged` for a row that nobody wrote so."""
        return labels_in(self._database, SEALED.table, after, limit)

    def documents(self) -> set[bytes]:
        """The addresses of all documents."""
        with self._database.reading() as connection:
            rows = connection.execute("SELECT document FROM sealed WHERE document IS NOT NULL")
            return {address for (address,) in rows if _is_address(address)}

    def close(self) -> None:
        """Close the file."""
        self._database.close()


def _read(row: Row) -> Sealed:
    *columns, document, box = row
    label = read_label(*columns)
    if isinstance(box, bytes) and (document is None or _is_address(document)):
        return Sealed(label, document, box)
    raise ValueError("a column holds another kind of value")


def _forget(connection: Statements, commitments: Sequence[object], discard: Callable[[bytes], None]) -> tuple[int, int]:
    doomed = [(commitment,) for commitment in commitments]
    addresses = [
        address
        for one in doomed
        for (address,) in connection.execute("SELECT document FROM sealed WHERE commitment = ?", one)
        if _is_address(address)
    ]
    for address in addresses:
        discard(address)
    removed = connection.executemany("DELETE FROM sealed WHERE commitment = ?", doomed).rowcount
    return max(removed, 0), len(addresses)


def _is_address(column: object) -> TypeGuard[bytes]:
    return isinstance(column, bytes) and len(column) == ADDRESS_BYTES
