"""Custody: seals values and keeps documents for commitments, opens and checks them, and erases them for good.

Writing goes key store, vault, document file, each durable before the next begins; a crash in between leaves something
that no event commits to, which `sweep` removes. Erasing goes keys and salts, document files, rows of the vault, then
both databases are built anew. The rows that say what there is to do go last, so a call that was cut off or raised is
completed by calling again.
"""

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from heapq import merge
from itertools import islice
from math import ceil
from operator import attrgetter
from pathlib import Path
from types import TracebackType
from typing import TypeVar

import msgspec

from ledger.chain.entry import check_name
from ledger.custody.cipher import NONCE_BYTES
from ledger.custody.commitment import (
    SALT_BYTES,
    commit,
    parse_commitment,
    purpose_of,
    text_bytes,
    verify_commitment,
)
from ledger.custody.documents import (
    DocumentFolder,
    Readable,
    Record,
    box_document,
    open_document,
    read_whole,
    record_of,
)
from ledger.custody.keystore import Keys, KeyStore
from ledger.custody.keystore import Row as KeyRow
from ledger.custody.label import Label
from ledger.custody.vault import Row as VaultRow
from ledger.custody.vault import Sealed, Vault, seal, unseal
from ledger.errors import CustodyError, Malformed, Missing, NotALedger, Tampered, TooLarge
from ledger.sqlite import LOCK_SECONDS

MAX_TEXT_BYTES = 64 * 1024
DOCUMENTS = "documents"

# How many rows are read in one transaction: writers wait that long at most.
_RANGE = 256

T = TypeVar("T")


@dataclass(frozen=True)
class Places:
    """Where custody keeps its files; the keys may lie on another disk, and out of the others' backup."""

    keys: Path
    key_encryption_key: Path
    vault: Path
    documents: Path

    @classmethod
    def inside(cls, folder: Path) -> "Places":
        """All of them in one folder, under their usual names."""
        return cls(folder / "keys.db", folder / "key-encryption-key", folder / "custody.db", folder / "documents")


@dataclass(frozen=True)
class Opened:
    """A commitment, opened: `commit(salt, purpose, value)` gives it again. A document's value is its SHA-256."""

    subject: str
    purpose: str
    value: str = field(repr=False)
    salt: bytes = field(repr=False)


@dataclass(frozen=True)
class Document:
    """A document with what was recorded of it."""

    content: bytes = field(repr=False)
    media_type: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Erasure:
    """What one call destroyed; `keys` counts subjects of whom nothing is left."""

    salts: int = 0
    keys: int = 0
    values: int = 0
    documents: int = 0


@dataclass(frozen=True)
class Kept:
    """That something is kept for a commitment, in the key store, the vault, or both."""

    commitment: str
    subject: str
    purpose: str
    created_at: datetime


@dataclass(frozen=True)
class _Found:
    keys: Keys
    content: str | Record
    document: bytes | None

    @property
    def value(self) -> str:
        return self.content.sha256 if isinstance(self.content, Record) else self.content


class Custody:
    """What the log only commits to; threads and processes may share it. Times come from `clock`, in UTC or any zone."""

    def __init__(self, keys: KeyStore, vault: Vault, documents: DocumentFolder, clock: Callable[[], datetime]) -> None:
        self._keys = keys
        self._vault = vault
        self._documents = documents
        self._clock = clock

    @classmethod
    def create(cls, places: Places, clock: Callable[[], datetime], lock_seconds: float = LOCK_SECONDS) -> "Custody":
        """Make custody's files in folders that exist, all of them or none. Raises `AlreadyThere`."""
        with ExitStack() as undo:
            keys = KeyStore.create(places.keys, places.key_encryption_key, lock_seconds)
            undo.callback(places.key_encryption_key.unlink)
            undo.callback(places.keys.unlink)
            undo.callback(keys.close)
            vault = Vault.create(places.vault, lock_seconds)
            undo.callback(places.vault.unlink)
            undo.callback(vault.close)
            documents = DocumentFolder.create(places.documents)
            undo.pop_all()
        return cls(keys, vault, documents, clock)

    @classmethod
    def open(cls, places: Places, clock: Callable[[], datetime], lock_seconds: float = LOCK_SECONDS) -> "Custody":
        """Open what `create` made. Raises `Unreachable`, `NotALedger`, `NewerSchema` or `Damaged` for anything else."""
        with ExitStack() as undo:
            keys = KeyStore.open(places.keys, places.key_encryption_key, lock_seconds)
            undo.callback(keys.close)
            vault = Vault.open(places.vault, lock_seconds)
            undo.callback(vault.close)
            if not places.documents.is_dir():
                raise NotALedger(places.documents, "is no folder with documents")
            undo.pop_all()
        return cls(keys, vault, DocumentFolder(places.documents), clock)

    def close(self) -> None:
        """Close the files."""
        self._keys.close()
        self._vault.close()

    def __enter__(self) -> "Custody":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def seal(self, subject: str, wire_name: str, values: Mapping[str, str]) -> dict[str, str]:
        """Keep these texts of a subject, by the members of the event that commits to them; returns the commitments.

        Raises `Malformed` for names that are none and text that UTF-8 cannot hold, and `TooLarge` above 64 KiB.
        """
        check_name("subject", subject)
        plain = {member: _checked(wire_name, member, text) for member, text in values.items()}
        if not plain:
            return {}
        fresh = [self._fresh(subject, purpose_of(wire_name, member), values[member]) for member in plain]
        key = self._keys.keep(subject, fresh)
        rows = [
            seal(Keys(label, salt, key), text, os.urandom(NONCE_BYTES))
            for (label, salt), text in zip(fresh, plain.values(), strict=True)
        ]
        self._keep(rows)
        return {member: label.commitment.hex() for member, (label, _) in zip(plain, fresh, strict=True)}

    def keep_document(self, subject: str, wire_name: str, stream: Readable, media_type: str) -> str:
        """Keep a document of a subject, of at most 25 MiB; returns the commitment to its SHA-256.

        Raises `Malformed` for names that are none or no media type, and `TooLarge`.
        """
        check_name("subject", subject)
        purpose = purpose_of(wire_name, DOCUMENTS)
        record_of(b"", media_type)
        content = read_whole(stream)
        record = record_of(content, media_type)
        label, salt = self._fresh(subject, purpose, record.sha256)
        keys = Keys(label, salt, self._keys.keep(subject, [(label, salt)]))
        address, box = box_document(keys, content, os.urandom(NONCE_BYTES))
        self._keep([seal(keys, msgspec.json.encode(record), os.urandom(NONCE_BYTES), address)])
        with self._vault.still_keeping(label):
            self._documents.write(address, box)
        return label.commitment.hex()

    def unseal(self, commitment: str) -> str:
        """The text that was sealed for a commitment. Raises `Missing`, `Tampered`, or `Malformed` for a document."""
        found = self._find(commitment)
        if isinstance(found.content, Record):
            raise Malformed("commitment", commitment, "stands for a document, not for a text")
        return found.content

    def reveal(self, commitment: str) -> Opened:
        """All that somebody needs to check this one commitment, and no other. Raises `Missing`, `Tampered`."""
        found = self._find(commitment)
        return Opened(found.keys.label.subject, found.keys.label.purpose, found.value, found.keys.salt)

    def read_document(self, commitment: str) -> Document:
        """The document that was kept for a commitment. Raises `Missing`, `Tampered`, or `Malformed` for a text."""
        found = self._find(commitment)
        if not isinstance(found.content, Record):
            raise Malformed("commitment", commitment, "stands for a text, not for a document")
        record = found.content
        return Document(self._content(commitment, found), record.media_type, record.size, record.sha256)

    def check(self, commitment: str, purpose: str) -> None:
        """Check that what is kept for a commitment is what it commits to, for this purpose; documents are read.

        Raises `Missing` or `Tampered` otherwise.
        """
        for outcome in self.check_many([(commitment, purpose)]):
            if outcome is not None:
                raise outcome

    def check_many(self, claims: Iterable[tuple[str, str]]) -> Iterator[CustodyError | None]:
        """For each commitment and purpose, in this order: None when `check` holds, else what it would raise."""
        remaining = iter(claims)
        while some := list(islice(remaining, _RANGE)):
            looked_up = self._look_up([commitment for commitment, _ in some])
            for (commitment, purpose), rows in zip(some, looked_up, strict=True):
                try:
                    self._check(commitment, purpose, *rows)
                except CustodyError as error:
                    yield error
                else:
                    yield None

    def erase(self, subject: str, members: Collection[str] | None = None) -> Erasure:
        """Destroy what is kept of a subject: these members of every event, or everything and its key.

        When it returns, no file of custody holds a byte of it. When it raises (`Busy` while somebody reads, `StoreFull`
        for want of room to build a database anew), some may be left: call again, as often as needed.
        """
        check_name("subject", subject)
        salts, keys = self._keys.destroy(subject, members)
        values, documents = self._vault.forget(subject, members, self._documents.remove)
        self._purge()
        return Erasure(salts, keys, values - documents, documents)

    def commitments(self) -> Iterator[Kept]:
        """All that is kept, in the order of the commitments, whether in both stores or in one of them."""
        seen = b""
        by_commitment = attrgetter("commitment")
        for label in merge(_labels(self._keys.labels), _labels(self._vault.labels), key=by_commitment):
            if label.commitment != seen:
                seen = label.commitment
                yield _kept(label)

    def sweep(self, committed: Callable[[str], bool], older_than: datetime) -> Erasure:
        """Erase whatever was sealed before `older_than` and is not `committed`: a wish given up, a crash.

        Choose a time at which nothing is left that somebody has sealed and is about to commit to.
        """
        doomed = (
            bytes.fromhex(kept.commitment)
            for kept in self.commitments()
            if kept.created_at < older_than and not committed(kept.commitment)
        )
        total = Erasure()
        while some := list(islice(doomed, _RANGE)):
            salts, keys = self._keys.destroy_these(some)
            values, documents = self._vault.forget_these(some, self._documents.remove)
            total = Erasure(
                total.salts + salts,
                total.keys + keys,
                total.values + values - documents,
                total.documents + documents,
            )
        if total != Erasure():
            self._purge()
        return total

    def strays(self) -> list[Path]:
        """Whatever lies among the documents and belongs to none of them."""
        return self._documents.others_than(self._vault.documents)

    def secret(self, name: str) -> bytes:
        """The ledger's own secret with this name, 32 bytes, made when it is first asked for. Raises `Tampered`."""
        return self._keys.secret(name)

    def _fresh(self, subject: str, purpose: str, value: str) -> tuple[Label, bytes]:
        """A new salt for a value, with the label of the commitment that it gives."""
        salt = os.urandom(SALT_BYTES)
        now = self._clock()
        if now.utcoffset() is None:
            raise Malformed("time", now.isoformat(), "has no time zone")
        # Rounded up, so that nothing looks older than it is when it comes to sweeping.
        return Label(bytes.fromhex(commit(salt, purpose, value)), subject, purpose, ceil(now.timestamp())), salt

    def _keep(self, rows: Sequence[Sealed]) -> None:
        commitments = [row.label.commitment for row in rows]

        def unless_erased() -> None:
            if not self._keys.has_all(commitments):
                raise Missing(commitments[0].hex(), "it was erased while it was being sealed")

        self._vault.keep(rows, unless_erased)

    def _look_up(self, commitments: Sequence[str]) -> Iterator[tuple[VaultRow | None, KeyRow | None]]:
        wanted = [parse_commitment(commitment) for commitment in commitments]
        return zip(self._vault.rows(wanted), self._keys.rows(wanted), strict=True)

    def _find(self, commitment: str) -> _Found:
        (rows,) = self._look_up([commitment])
        return self._found(commitment, *rows)

    def _found(self, commitment: str, row: VaultRow | None, key_row: KeyRow | None) -> _Found:
        """What is kept for a commitment, once it has been shown to be what the commitment was made from."""
        keys = self._keys.unwrap(commitment, key_row)
        plain, document = unseal(commitment, row, keys)
        try:
            content = plain.decode() if document is None else msgspec.json.decode(plain, type=Record)
        except (ValueError, msgspec.DecodeError) as error:
            raise Tampered(commitment, "what is sealed for it is neither text nor the record of a document") from error
        found = _Found(keys, content, document)
        verify_commitment(commitment, keys.salt, keys.label.purpose, found.value)
        return found

    def _check(self, commitment: str, purpose: str, row: VaultRow | None, key_row: KeyRow | None) -> None:
        found = self._found(commitment, row, key_row)
        if found.keys.label.purpose != purpose:
            raise Tampered(commitment, f"was made for {found.keys.label.purpose}, not for {purpose}")
        if isinstance(found.content, Record):
            self._content(commitment, found)

    def _content(self, commitment: str, found: _Found) -> bytes:
        if found.document is None or not isinstance(found.content, Record):
            raise Malformed("commitment", commitment, "stands for a text, not for a document")
        box = self._documents.read(commitment, found.document)
        return open_document(commitment, found.keys, found.content, found.document, box)

    def _purge(self) -> None:
        self._keys.purge()
        self._vault.purge()


def _checked(wire_name: str, member: str, text: str) -> bytes:
    purpose = purpose_of(wire_name, member)
    if member == DOCUMENTS:
        raise Malformed("member", member, "is for documents only")
    plain = text_bytes(purpose, text)
    if len(plain) > MAX_TEXT_BYTES:
        raise TooLarge("text for", len(plain), MAX_TEXT_BYTES, purpose)
    return plain


def _labels(read: Callable[[bytes, int], list[Label]]) -> Iterator[Label]:
    """All labels of a store, a range at a time."""
    after = b""
    while some := read(after, _RANGE):
        yield from some
        after = some[-1].commitment


def _kept(label: Label) -> Kept:
    created_at = datetime.fromtimestamp(label.created_at, UTC)
    return Kept(label.commitment.hex(), label.subject, label.purpose, created_at)
