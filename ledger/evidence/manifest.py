"""The manifest of a bundle: what it is about, what is in it, and what was opened, with the salts.

In `manifest.json`, positions are those of entries; salts and commitments are in lower-case hex.
"""

from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

import msgspec

from ledger.chain.entry import Entry
from ledger.codec import Codec
from ledger.custody import DOCUMENTS, purpose_of
from ledger.errors import UnknownEvent
from ledger.events import AgreementSigned, Event
from ledger.events.ids import Digest, Sealed


class Opened(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something that an entry commits to, with what it takes to check that it is this one."""

    position: int
    member: str
    commitment: Sealed
    purpose: str
    salt: Digest


class OpenedText(Opened, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A text, or a detail of somebody."""

    value: str


class OpenedDocument(Opened, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A document, which lies in a file of its own; what is committed to is its SHA-256."""

    sha256: Digest
    media_type: str
    file: str


class NotKept(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was to be opened, and custody no longer has: erased, if the log says so."""

    position: int
    member: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is in a bundle.

    `about` is a tag, or `entries:<first>-<last>`; `entries` are about it, and rest on those in `basis`; also on those
    in `left_out`, which are somebody else's.
    """

    format: Literal["dua-ledger-bundle/v1"] = "dua-ledger-bundle/v1"
    origin: str
    size: int
    about: str
    entries: tuple[int, ...]
    basis: tuple[int, ...]
    left_out: tuple[int, ...]
    texts: tuple[OpenedText, ...]
    documents: tuple[OpenedDocument, ...]
    not_kept: tuple[NotKept, ...]


class Signature(NamedTuple):
    """An OpenPGP signature over the text of an agreement, by the names of files."""

    position: int
    text: str
    signature: str
    key: str


class Commitment(NamedTuple):
    """A commitment that an entry makes: for which member of its event, or which of its documents."""

    position: int
    member: str
    value: str
    purpose: str


def write_manifest(manifest: Manifest) -> bytes:
    """The manifest as JSON that people can read, too."""
    return msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n"


read_manifest = msgspec.json.Decoder(Manifest).decode


def commitments_of(entry: Entry, event: Event, documents: Iterable[str]) -> Iterator[Commitment]:
    """The commitments that an entry makes, those of texts first. `event` is in the version in which it was written."""
    for member, value in event.sealed().items():
        yield Commitment(entry.position, member, value, purpose_of(event.wire_name, member))
    filed = {value: member for member in event.__struct_fields__ if isinstance(value := getattr(event, member), str)}
    for number, value in enumerate(documents, 1):
        member = filed.get(value, f"document-{number}").replace("_", "-")
        yield Commitment(entry.position, member, value, purpose_of(event.wire_name, DOCUMENTS))


def signatures_in(entries: Iterable[Entry], documents: Iterable[OpenedDocument]) -> Iterator[Signature]:
    """The OpenPGP signatures that can be checked with these documents. Raises `DoesNotFit`."""
    codec = Codec()
    files = {document.commitment: document.file for document in documents}
    for entry in entries:
        try:
            event = codec.decode(entry).event
        except UnknownEvent:
            continue
        if isinstance(event, AgreementSigned) and event.evidence == "openpgp" and event.key:
            text, signature, key = (files.get(part) for part in (event.text, event.document, event.key))
            if text and signature and key:
                yield Signature(entry.position, text, signature, key)
