"""Custody: seals values and keeps documents for commitments, opens and checks them, and erases them for good.

Writing goes key store, vault, document file, each durable before the next begins; a crash in between leaves something
that no event commits to, which `sweep` removes. Erasing goes keys and salts, document files, rows of the vault, then
both databases are built anew. The rows that say what there is to do go last, so a call that was cut off or raised is
completed by calling again.
"""

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
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
    member_of,
    parse_commitment,
    purpose_of,
    text_bytes,
    verify_commitment,
)
from ledger.custody.documents import (
    Documents,
    Readable,
    Record,
    box_document,
    open_document,
    read_whole,
    record_of,
)
from ledger.custody.kept import DOCUMENTS, Claim, Document, Erasure, Kept, Opened, kept_as
from ledger.custody.keystore import Keys, KeyStore, Salt
from ledger.custody.label import Label
from ledger.custody.lookup import LOOKUP_KEY, Findable, kind_found_by, mark
from ledger.custody.places import Places, made_documents, opened_documents
from ledger.custody.vault import Sealed, Vault, seal, unseal
from ledger.errors import CustodyError, Malformed, Missing, Tampered, TooLarge
from ledger.sqlite import LOCK_SECONDS
from ledger.storage.tables import Row

MAX_TEXT_BYTES = 64 * 1024

# How many rows are read in one transaction: writers wait that long at most.
_RANGE = 256

T = TypeVar("T")


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

    def __init__(self, keys: KeyStore, vault: Vault, documents: Documents, clock: Callable[[], datetime]) -> None:
        self._keys = keys
        self._vault = vault
        self._documents = documents
        self._clock = clock

    @classmethod
    def create(
        cls,
        places: Places,
        clock: Callable[[], datetime],
        lock_seconds: float = LOCK_SECONDS,
        secrets: Collection[str] = (),
    ) -> "Custody":
        """Make custody's files in folders that exist, all of them or none, with secrets of these names.

        Raises `AlreadyThere`, and `Malformed` for a name that is none.
        """
        with ExitStack() as undo:
            keys = KeyStore.create(places.keys, places.key_encryption_key, {LOOKUP_KEY, *secrets}, lock_seconds)
            undo.callback(places.key_encryption_key.unlink)
            undo.callback(keys.discard)
            vault = Vault.create(places.vault, lock_seconds)
            if isinstance(places.vault, Path):
                undo.callback(places.vault.unlink)
            undo.callback(vault.close)
            documents = made_documents(places.documents)
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
            documents = opened_documents(places.documents)
            undo.pop_all()
        return cls(keys, vault, documents, clock)

    def close(self) -> None:
        """Close the files."""
        self._keys.close()
        self._vault.close()
        self._documents.close()

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
        return self.seal_each(wire_name, {subject: values})[subject]

    def seal_each(self, wire_name: str, values: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
        """As `seal`, for several subjects together, which takes no longer than for one; by subject."""
        plain: dict[tuple[str, str], bytes] = {}
        for subject, texts in values.items():
            check_name("subject", subject)
            plain |= {(subject, member): _checked(wire_name, member, text) for member, text in texts.items()}
        commitments: dict[str, dict[str, str]] = {subject: {} for subject in values}
        if not plain:
            return commitments
        fresh = [
            self._fresh(subject, purpose_of(wire_name, member), values[subject][member]) for subject, member in plain
        ]
        keys = self._keys.keep_each({subject for subject, _ in plain}, fresh)
        rows = [
            seal(Keys(salt.label, salt.value, keys[salt.label.subject]), text, os.urandom(NONCE_BYTES))
            for salt, text in zip(fresh, plain.values(), strict=True)
        ]
        self._keep(rows)
        for (subject, member), salt in zip(plain, fresh, strict=True):
            commitments[subject][member] = salt.label.commitment.hex()
        return commitments

    def keep_document(self, subject: str, wire_name: str, stream: Readable, media_type: str) -> str:
        """Keep a document of a subject, of at most 25 MiB; returns the commitment to its SHA-256.

        Raises `Malformed` for names that are none or no media type, and `TooLarge`.
        """
        check_name("subject", subject)
        purpose = purpose_of(wire_name, DOCUMENTS)
        record_of(b"", media_type)
        content = read_whole(stream)
        record = record_of(content, media_type)
        salt = self._fresh(subject, purpose, record.sha256)
        keys = Keys(salt.label, salt.value, self._keys.keep(subject, [salt]))
        address, box = box_document(keys, content, os.urandom(NONCE_BYTES))
        self._keep([seal(keys, msgspec.json.encode(record), os.urandom(NONCE_BYTES), address)])
        with self._vault.still_keeping(salt.label):
            self._documents.write(address, box)
        return salt.label.commitment.hex()

    def find(self, kind: Findable, text: str) -> list[Kept]:
        """What is kept of whoever has, or had, this address or name, the oldest first.

        A person is found by every e-mail address that they gave and that was not erased, an organisation by its name.
        Case, width of blanks and composition of letters make no difference. It may have been sealed for a wish that
        came to nothing: whether an event commits to it is for the caller to say. Raises `Tampered` when the text that
        is kept is another, and `Malformed` for text that UTF-8 cannot hold.
        """
        wanted = mark(self._lookup_key, kind, text)
        commitments = [commitment.hex() for commitment in self._keys.marked(wanted)]
        found = []
        for commitment, rows in zip(commitments, self._look_up(commitments), strict=True):
            try:
                one = self._found(commitment, *rows)
            except Missing:
                # It is being sealed or erased at this moment, or that was cut off.
                continue
            label = one.keys.label
            if self._mark_of(label.subject, label.purpose, one.value) != wanted:
                raise Tampered(commitment, "is found by what is not kept for it")
            found.append(kept_as(label))
        return found

    def unseal(self, commitment: str) -> str:
        """The text that was sealed for a commitment. Raises `Missing`, `Tampered`, or `Malformed` for a document."""
        found = self._kept_for(commitment)
        if isinstance(found.content, Record):
            raise Malformed("commitment", commitment, "stands for a document, not for a text")
        return found.content

    def reveal(self, commitment: str) -> Opened:
        """All that somebody needs to check this one commitment, and no other. Raises `Missing`, `Tampered`."""
        found = self._kept_for(commitment)
        return Opened(found.keys.label.subject, found.keys.label.purpose, found.value, found.keys.salt)

    def read_document(self, commitment: str) -> Document:
        """The document that was kept for a commitment. Raises `Missing`, `Tampered`, or `Malformed` for a text."""
        found = self._kept_for(commitment)
        if not isinstance(found.content, Record):
            raise Malformed("commitment", commitment, "stands for a text, not for a document")
        record = found.content
        return Document(self._content(commitment, found), record.media_type, record.size, record.sha256)

    def check(self, claim: Claim) -> None:
        """Check that what is kept for a commitment is what is claimed; documents are read.

        Raises `Missing` or `Tampered` otherwise.
        """
        for outcome in self.check_many([claim]):
            if outcome is not None:
                raise outcome

    def check_many(self, claims: Iterable[Claim]) -> Iterator[CustodyError | None]:
        """For each claim, in this order: None when `check` holds, else what it would raise."""
        remaining = iter(claims)
        while some := list(islice(remaining, _RANGE)):
            looked_up = self._look_up([claim.commitment for claim in some])
            for claim, rows in zip(some, looked_up, strict=True):
                try:
                    self._check(claim, *rows)
                except CustodyError as error:
                    yield error
                else:
                    yield None

    def erase(self, subject: str, members: Collection[str] | None = None) -> Erasure:
        """Destroy what is kept of a subject: these members of every event, or everything and its key.

        When it returns, no file of custody holds a byte of it; on PostgreSQL, no table of the key store holds what
        opens it. When it raises (`Busy` while somebody reads, `StoreFull` for want of room to build a database anew),
        some may be left: call again, as often as needed.
        """
        check_name("subject", subject)
        salts, keys = self._keys.destroy(subject, members)
        values, documents = self._vault.forget(subject, members, self._documents.remove)
        self._purge()
        return Erasure(salts, keys, values - documents, documents)

    def keeps_any(self, commitments: Sequence[str]) -> bool:
        """Whether there is still something for one of these commitments, whether in both stores or in one of them."""
        return any(row is not None for rows in self._look_up(commitments) for row in rows)

    def commitments(self) -> Iterator[Kept]:
        """All that is kept, in the order of the commitments, whether in both stores or in one of them."""
        seen = b""
        by_commitment = attrgetter("commitment")
        for label in merge(_labels(self._keys.labels), _labels(self._vault.labels), key=by_commitment):
            if label.commitment != seen:
                seen = label.commitment
                yield kept_as(label)

    def given_up(self, committed: Callable[[str], bool], older_than: datetime) -> Iterator[Kept]:
        """Whatever was sealed before `older_than` and is not `committed`: for a wish that came to nothing, or a crash.

        Choose a time at which nothing is left that somebody has sealed and is about to commit to.
        """
        return (kept for kept in self.commitments() if kept.created_at < older_than and not committed(kept.commitment))

    def sweep(self, committed: Callable[[str], bool], older_than: datetime) -> Erasure:
        """Erase whatever is `given_up`."""
        doomed = (bytes.fromhex(kept.commitment) for kept in self.given_up(committed, older_than))
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

    def strays(self) -> Sequence[Path | str]:
        """Whatever lies among the documents and belongs to none of them."""
        return self._documents.others_than(self._vault.documents)

    def check_files(self) -> None:
        """Check that both databases hold together: a broken index would find nobody. Raises `Damaged`."""
        self._keys.check_file()
        self._vault.check_file()

    def secret(self, name: str) -> bytes:
        """The ledger's own secret with this name, 32 bytes. Raises `Tampered` when it is altered or not there."""
        return self._keys.secret(name)

    @cached_property
    def _lookup_key(self) -> bytes:
        return self._keys.secret(LOOKUP_KEY)

    def _mark_of(self, subject: str, purpose: str, value: str) -> bytes | None:
        kind = kind_found_by(subject, member_of(purpose))
        return None if kind is None else mark(self._lookup_key, kind, value)

    def _fresh(self, subject: str, purpose: str, value: str) -> Salt:
        """A new salt for a value, with the label of the commitment that it gives."""
        salt = os.urandom(SALT_BYTES)
        now = self._clock()
        if now.utcoffset() is None:
            raise Malformed("time", now.isoformat(), "has no time zone")
        # Rounded up, so that nothing looks older than it is when it comes to sweeping.
        label = Label(bytes.fromhex(commit(salt, purpose, value)), subject, purpose, ceil(now.timestamp()))
        return Salt(label, salt, self._mark_of(subject, purpose, value))

    def _keep(self, rows: Sequence[Sealed]) -> None:
        commitments = [row.label.commitment for row in rows]

        def unless_erased() -> None:
            if not self._keys.has_all(commitments):
                raise Missing(commitments[0].hex(), "it was erased while it was being sealed")

        self._vault.keep(rows, unless_erased)

    def _look_up(self, commitments: Sequence[str]) -> Iterator[tuple[Row | None, Row | None]]:
        wanted = [parse_commitment(commitment) for commitment in commitments]
        return zip(self._vault.rows(wanted), self._keys.rows(wanted), strict=True)

    def _kept_for(self, commitment: str) -> _Found:
        (rows,) = self._look_up([commitment])
        return self._found(commitment, *rows)

    def _found(self, commitment: str, row: Row | None, key_row: Row | None) -> _Found:
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

    def _check(self, claim: Claim, row: Row | None, key_row: Row | None) -> None:
        commitment, purpose, subject = claim
        found = self._found(commitment, row, key_row)
        label = found.keys.label
        if label.purpose != purpose:
            raise Tampered(commitment, f"was made for {label.purpose}, not for {purpose}")
        if subject is not None and label.subject != subject:
            raise Tampered(commitment, f"is kept as one of {label.subject}, not of {subject}")
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
