"""Audit bundles: entries with their proofs, and what of custody goes with them, in one archive that stands by itself.

    HOWTO.txt               how to check all of this with sha256sum, openssl, python3 and gpg
    SHA256SUMS              of every other file but its signature
    SHA256SUMS.sig          the Ed25519 signature of the log's key over SHA256SUMS, 64 bytes
    checkpoint              one signed checkpoint, with the cosignatures that witnesses had given for it
    documents/<position>-<member>.<kind>
    entries/<position>      an entry, byte for byte
    history.html or .txt    what the entries say, in words
    log-key.pem             the log's key, for openssl
    manifest.json           what this is about, and what was opened, with the salts
    proofs/<position>.tlog-proof    the entry's receipt, for that checkpoint
    vkey                    the log's verifier key
    witnesses               the verifier keys of those who cosigned the checkpoint, one a line; only if somebody did

A bundle holds the first entry of the log, which names its key, the entries that it is about, and those that they rest
on. What of custody may be opened follows from whose it is: nothing else is read into a bundle.
"""

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from hashlib import sha256
from typing import Any, Literal, NamedTuple

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ledger.chain.checkpoint import SignedCheckpoint
from ledger.chain.entry import Entry
from ledger.chain.merkle import inclusion_path
from ledger.chain.note import COSIGNATURE, ED25519, VerifierKey
from ledger.chain.receipt import Receipt
from ledger.codec import Codec
from ledger.custody import DOCUMENTS, Custody, member_of
from ledger.custody import Opened as Revealed
from ledger.errors import Damaged, Missing, Tampered, UnknownEvent, WrongKey
from ledger.evidence.archive import write_archive
from ledger.evidence.howto import how_to, places_of
from ledger.evidence.logkeys import log_keys
from ledger.evidence.manifest import (
    Commitment,
    Manifest,
    NotKept,
    OpenedDocument,
    OpenedText,
    commitments_of,
    signatures_in,
    write_manifest,
)
from ledger.storage import Store

HOWTO, SUMS, SUMS_SIGNATURE = "HOWTO.txt", "SHA256SUMS", "SHA256SUMS.sig"
CHECKPOINT, VKEY, PEM, MANIFEST = "checkpoint", "vkey", "log-key.pem", "manifest.json"
WITNESSES = "witnesses"
HISTORIES = ("history.html", "history.txt")
ENTRIES, PROOFS, PROOF = "entries/", "proofs/", ".tlog-proof"

# A nonce is what a contact has to read back; whoever reads it here could do it for them.
NEVER_OPENED = ("nonce",)
_ENDINGS = {
    "application/pdf": "pdf",
    "application/pgp-keys": "asc",
    "application/pgp-signature": "asc",
    "image/jpeg": "jpg",
    "image/png": "png",
    "text/plain": "txt",
}
_PERSONAL = ("person:", "organisation:")

Kind = Literal["details", "texts", "documents"]


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """What a bundle is to be about: a tag, or `entries:<first>-<last>`.

    `entries` are all that are about it; `basis` those that they rest on; `left_out` are positions that they rest on,
    too, which stay out. What is kept of `subjects`, tags as custody has them, may be opened, and nothing else.
    """

    about: str
    entries: tuple[int, ...]
    basis: tuple[int, ...] = ()
    left_out: tuple[int, ...] = ()
    subjects: frozenset[str] = frozenset()


class Page(NamedTuple):
    """What the entries say, for people to read: one of `HISTORIES`."""

    name: str
    text: str


def make_bundle(
    store: Store,
    signed: SignedCheckpoint,
    custody: Custody,
    keys: Sequence[Ed25519PrivateKey],
    selection: Selection,
    opening: Collection[Kind],
    history: Page,
) -> bytes:
    """The bundle for a selection, with so much of custody opened, whose entries all stand below a signed checkpoint.

    Whoever cosigned that is among its signers. Raises `Tampered` when custody does not hold what an entry commits to,
    and what `write_archive` raises.
    """
    # Of the keys that signed, the one that has done so longest: entry 1 names it, or the entry from which it is good.
    own = {key.public for key in signed.signers if key.type == ED25519}
    by = next(one for one in log_keys(store, signed.size) if one.public in own)
    vkey = VerifierKey(by.name, by.type, by.public)
    basis = tuple(sorted({1, by.first, *selection.basis} - set(selection.entries)))
    entries = [_entry(store, position) for position in sorted({*selection.entries, *basis})]
    opened = _Opening(custody, selection.subjects, opening)
    for entry in entries:
        opened.take(entry)
    manifest = _manifest(signed, selection, basis, opened)
    signatures = list(signatures_in(entries, manifest.documents))
    witnesses = [key for key in signed.signers if key.type == COSIGNATURE]
    members = {
        HOWTO: how_to(manifest, signatures, places_of(signed.raw, witnesses)).encode(),
        CHECKPOINT: signed.raw,
        VKEY: f"{vkey}\n".encode(),
        PEM: pem_of(vkey),
        MANIFEST: write_manifest(manifest),
        history.name: history.text.encode(),
        **{f"{ENTRIES}{entry.position}": entry.raw for entry in entries},
        **{f"{PROOFS}{entry.position}{PROOF}": _proof(store, signed, entry) for entry in entries},
        **opened.files,
    }
    if witnesses:
        members[WITNESSES] = lines_of(witnesses)
    sums = sums_of(members)
    return write_archive({**members, SUMS: sums, SUMS_SIGNATURE: _private(vkey, keys).sign(sums)})


def _manifest(signed: SignedCheckpoint, selection: Selection, basis: tuple[int, ...], opened: "_Opening") -> Manifest:
    return Manifest(
        origin=signed.checkpoint.origin,
        size=signed.size,
        about=selection.about,
        entries=selection.entries,
        basis=basis,
        left_out=selection.left_out,
        texts=tuple(opened.texts),
        documents=tuple(opened.documents),
        not_kept=tuple(opened.not_kept),
    )


def _private(key: VerifierKey, keys: Sequence[Ed25519PrivateKey]) -> Ed25519PrivateKey:
    for private in keys:
        if private.public_key().public_bytes_raw() == key.public:
            return private
    raise WrongKey(f"one of {len(keys)}", str(key))


def sums_of(members: Mapping[str, bytes]) -> bytes:
    """The SHA-256 of each of these, as sha256sum writes and checks them. No checkpoint can look like that."""
    return b"".join(f"{sha256(members[name]).hexdigest()}  {name}\n".encode() for name in sorted(members))


def lines_of(witnesses: Sequence[VerifierKey]) -> bytes:
    """The verifier keys of witnesses, as a bundle lists them."""
    return "".join(f"{key}\n" for key in witnesses).encode()


def pem_of(key: VerifierKey) -> bytes:
    """A key as openssl reads it (RFC 8410)."""
    public = Ed25519PublicKey.from_public_bytes(key.public)
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _entry(store: Store, position: int) -> Entry:
    found = store.entry(position)
    if found is None:
        raise Damaged("the log", f"entry {position} is missing")
    return found


def _proof(store: Store, signed: SignedCheckpoint, entry: Entry) -> bytes:
    index = entry.position - 1
    path = store.of_subtrees(partial(inclusion_path, index, signed.size))
    return Receipt(index, tuple(path), signed.raw).write()


class _Opening:
    """What custody has of these subjects for what entries commit to, as far as it is to be opened."""

    def __init__(self, custody: Custody, subjects: frozenset[str], opening: Collection[Kind]) -> None:
        self._custody, self._subjects, self._opening = custody, subjects, opening
        self._codec = Codec()
        self.texts: list[OpenedText] = []
        self.documents: list[OpenedDocument] = []
        self.not_kept: list[NotKept] = []
        self.files: dict[str, bytes] = {}

    def take(self, entry: Entry) -> None:
        """Open what this entry commits to."""
        try:
            payload = self._codec.payload(entry)
            event = self._codec.event(entry.header.type, payload.event)
        except UnknownEvent:
            return
        whose = event.subject() if event.sealed_for else None
        for commitment in commitments_of(entry, event, payload.documents):
            if self._wanted(commitment, whose):
                try:
                    self._open(commitment, whose)
                except Missing:
                    self.not_kept.append(NotKept(position=entry.position, member=commitment.member))

    def _wanted(self, commitment: Commitment, whose: str | None) -> bool:
        """Whether to open it, as far as the event says whose it is: only one with sealed members does."""
        if whose is not None and whose not in self._subjects:
            return False
        if member_of(commitment.purpose) == DOCUMENTS:
            return "documents" in self._opening
        kind: Kind = "details" if whose is not None and whose.startswith(_PERSONAL) else "texts"
        return kind in self._opening and commitment.member not in NEVER_OPENED

    def _open(self, commitment: Commitment, whose: str | None) -> None:
        found = self._custody.reveal(commitment.value)
        if found.purpose != commitment.purpose or whose not in {None, found.subject}:
            why = f"is kept as {found.purpose} of {found.subject}, and was not made for that"
            raise Tampered(commitment.value, why)
        if found.subject not in self._subjects:
            return
        if member_of(commitment.purpose) == DOCUMENTS:
            self._add_document(commitment, found)
        else:
            self.texts.append(OpenedText(**_told(commitment, found), value=found.value))

    def _add_document(self, commitment: Commitment, found: Revealed) -> None:
        document = self._custody.read_document(commitment.value)
        ending = _ENDINGS.get(document.media_type, "bin")
        file = f"documents/{commitment.position}-{commitment.member}.{ending}"
        self.files[file] = document.content
        self.documents.append(
            OpenedDocument(
                **_told(commitment, found), sha256=document.sha256, media_type=document.media_type, file=file
            )
        )


def _told(commitment: Commitment, found: Revealed) -> dict[str, Any]:
    return {
        "position": commitment.position,
        "member": commitment.member,
        "commitment": commitment.value,
        "purpose": found.purpose,
        "salt": found.salt.hex(),
    }
