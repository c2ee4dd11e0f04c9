"""Documents: what holds their content, encrypted, at the address of its own SHA-256.

    address = SHA-256(box), the file is documents/<first two hex digits>/<the other 62>, or a row of `custody.documents`
    box     = as in `ledger.custody.cipher`, with the commitment as associated data

A file appears under its name whole or not at all, and never takes another's place.
"""

import errno
import os
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from hashlib import sha256
from hmac import compare_digest
from pathlib import Path
from typing import Protocol

import msgspec

from ledger.custody.cipher import DOCUMENT, NONCE_BYTES, TAG_BYTES, NotGenuine, decrypt, encrypt, field_key
from ledger.custody.keystore import Keys
from ledger.errors import AlreadyThere, Malformed, Missing, Tampered, TooLarge
from ledger.files import named_os_errors, new_file, new_folder, read_regular, sync_folder
from ledger.storage import shared_tables

MAX_DOCUMENT_BYTES = 25 * 1024 * 1024

_CHUNK_BYTES = 256 * 1024
_MAX_BOX_BYTES = NONCE_BYTES + MAX_DOCUMENT_BYTES + TAG_BYTES
# What opening says of a symbolic link, a file in the folder's place, a socket, and any other thing.
_ANOTHER_THING = {errno.ELOOP, errno.ENOTDIR, errno.ENXIO, errno.EINVAL}
# RFC 6838 section 4.2: a type and a subtype, each of at most 127 such characters.
_NAME = r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}"
_MEDIA_TYPE = re.compile(f"{_NAME}/{_NAME}")
_ADDRESS = re.compile(r"[0-9a-f]{64}")


class Readable(Protocol):
    """Anything that bytes can be read from, a few at a time."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes, and none at the end."""


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the vault keeps of a document: its media type, size in bytes, and SHA-256 in hex."""

    media_type: str
    sha256: str
    size: int


def read_whole(stream: Readable) -> bytes:
    """All bytes of a stream. Raises `TooLarge` as soon as they are more than a document may have."""
    content = bytearray()
    while chunk := stream.read(_CHUNK_BYTES):
        content += chunk
        if len(content) > MAX_DOCUMENT_BYTES:
            raise TooLarge("document", len(content), MAX_DOCUMENT_BYTES)
    return bytes(content)


def record_of(content: bytes, media_type: str) -> Record:
    """What is to be kept of a document. Raises `Malformed` unless `media_type` is `type/subtype`, nothing more."""
    if not _MEDIA_TYPE.fullmatch(media_type):
        raise Malformed("media type", media_type, "is not type/subtype (RFC 6838)")
    return Record(media_type, sha256(content).hexdigest(), len(content))


def box_document(keys: Keys, content: bytes, nonce: bytes) -> tuple[bytes, bytes]:
    """Address and box of a document."""
    box = encrypt(field_key(keys.subject_key, keys.salt, DOCUMENT), nonce, content, keys.label.commitment)
    return sha256(box).digest(), box


def open_document(commitment: str, keys: Keys, record: Record, address: bytes, box: bytes) -> bytes:
    """The content of a document. Raises `Tampered` unless address, key, size and SHA-256 all agree with it."""
    if not compare_digest(sha256(box).digest(), address):
        raise Tampered(commitment, "its document is not the one that its address names")
    try:
        content = decrypt(field_key(keys.subject_key, keys.salt, DOCUMENT), box, keys.label.commitment)
    except NotGenuine as error:
        raise Tampered(commitment, "its document was encrypted for another commitment") from error
    if len(content) != record.size:
        raise Tampered(commitment, f"its document has {len(content):,} bytes, where {record.size:,} are recorded")
    if not compare_digest(sha256(content).hexdigest().encode(), record.sha256.encode()):
        raise Tampered(commitment, "its document does not have the SHA-256 that is recorded")
    return content


class Documents(Protocol):
    """Where the boxes are."""

    def write(self, address: bytes, box: bytes) -> None:
        """Put a box at its address; it is on disk when this returns. Raises `StoreFull`, `Unreachable`."""

    def read(self, commitment: str, address: bytes) -> bytes:
        """The box at an address. Raises `Missing` when there is none, and `Tampered` for what can be no box."""

    def remove(self, address: bytes) -> None:
        """Leave nothing at an address, nor of a write to it that was cut off; repeat it as often as you like."""

    def addresses(self) -> set[bytes]:
        """Where there are boxes."""

    def others_than(self, addresses: Callable[[], set[bytes]]) -> Sequence[Path | str]:
        """Whatever is there, and stays, and belongs to none of the addresses, which are asked for afterwards."""

    def close(self) -> None:
        """Close what is open."""


class DocumentTable(Documents):
    """The rows of documents in a PostgreSQL database that nodes share."""

    def __init__(self, url: str) -> None:
        self._tables = shared_tables(url, "documents")

    def write(self, address: bytes, box: bytes) -> None:
        """As the port says."""
        with self._tables.writing() as statements:
            statements.execute("INSERT INTO documents (address, box) VALUES (?, ?)", (address, box))

    def read(self, commitment: str, address: bytes) -> bytes:
        """As the port says."""
        query = """
            SELECT octet_length(box), CASE WHEN octet_length(box) <= ? THEN box END FROM documents WHERE address = ?
        """
        with self._tables.reading() as statements:
            row = statements.execute(query, (_MAX_BOX_BYTES, address)).fetchone()
        if row is None:
            raise Missing(commitment, "its document is not there")
        if row[1] is None:
            raise Tampered(commitment, f"its document has {row[0]:,} bytes, more than a document may have")
        return bytes(row[1])

    def remove(self, address: bytes) -> None:
        """As the port says; the space is the database's to use again, and what was in it opens with no key."""
        with self._tables.writing() as statements:
            statements.execute("DELETE FROM documents WHERE address = ?", (address,))

    def others_than(self, addresses: Callable[[], set[bytes]]) -> list[str]:
        """As the port says."""
        found = self.addresses()
        # What is gone by now was being erased.
        return sorted(f"document {address.hex()}" for address in (found - addresses()) & self.addresses())

    def addresses(self) -> set[bytes]:
        """As the port says."""
        with self._tables.reading() as statements:
            return {address for (address,) in statements.execute("SELECT address FROM documents")}

    def close(self) -> None:
        """As the port says."""
        self._tables.close()


class DocumentFolder(Documents):
    """The folder with the files."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def create(cls, path: Path) -> "DocumentFolder":
        """Make the folder, with mode 0700. Raises `AlreadyThere`."""
        new_folder(path)
        sync_folder(path.parent)
        return cls(path)

    def write(self, address: bytes, box: bytes) -> None:
        """Put a box at its address; it is on disk when this returns. Raises `StoreFull`, `Unreachable`."""
        file, part = self._places(address)
        with suppress(AlreadyThere):
            new_folder(file.parent)
        new_file(part, box)
        with named_os_errors(file):
            try:
                # A link, unlike a rename, never takes the place of what is there.
                os.link(part, file)
            finally:
                part.unlink()
        sync_folder(file.parent)
        sync_folder(self.path)

    def read(self, commitment: str, address: bytes) -> bytes:
        """The box at an address. Raises `Missing` when there is none, and `Tampered` for what can be no box."""
        file, _ = self._places(address)
        with named_os_errors(file):
            try:
                box, _ = read_regular(file, _MAX_BOX_BYTES + 1, os.O_NOFOLLOW)
            except FileNotFoundError as error:
                raise Missing(commitment, "the file of its document is not there") from error
            except OSError as error:
                if error.errno in _ANOTHER_THING:
                    raise Tampered(commitment, "another thing stands where its document was") from error
                raise
        if len(box) > _MAX_BOX_BYTES:
            raise Tampered(commitment, "the file of its document is longer than a document may be")
        return box

    def remove(self, address: bytes) -> None:
        """Leave nothing at an address, nor of a write to it that was cut off; repeat it as often as you like."""
        file, part = self._places(address)
        if not file.parent.is_dir():
            return
        with named_os_errors(file):
            part.unlink(missing_ok=True)
            file.unlink(missing_ok=True)
        sync_folder(file.parent)

    def addresses(self) -> set[bytes]:
        """As the port says."""
        names = (f"{file.parent.name}{file.name}" for folder in self.path.iterdir() for file in _files_in(folder))
        return {bytes.fromhex(name) for name in names if _ADDRESS.fullmatch(name)}

    def others_than(self, addresses: Callable[[], set[bytes]]) -> list[Path]:
        """As the port says."""
        found = [file for folder in self.path.iterdir() for file in _files_in(folder)]
        known = {place for address in addresses() for place in self._places(address)}
        # What is gone by now was being erased.
        return sorted(file for file in found if file not in known and (file.exists() or file.is_symlink()))

    def close(self) -> None:
        """As the port says: nothing is open."""

    def file(self, address: bytes) -> Path:
        """Where the box at an address lies."""
        return self._places(address)[0]

    def _places(self, address: bytes) -> tuple[Path, Path]:
        name = address.hex()
        file = self.path / name[:2] / name[2:]
        return file, file.with_suffix(".part")


def _files_in(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() and not folder.is_symlink() else [folder]
