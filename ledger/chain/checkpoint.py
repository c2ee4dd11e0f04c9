"""Checkpoints: what a log says of itself at one size, signed (C2SP tlog-checkpoint).

    text = origin LF size LF base64(root) LF

The size is decimal without leading zeros, and no further line follows. The name of the log's key is its origin. A
witness adds its cosignature as one more line of the note.

A log may change its key. Each is good for checkpoints of some sizes; where they are not all, they stand behind its
vkey: `<vkey>@<first>-<last>`, or `<vkey>@<first>-` for one that signs still.
"""

import re
from base64 import b64encode
from collections.abc import Iterable, Sequence
from typing import Self

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.chain.entry import MAX_POSITION
from ledger.chain.merkle import HASH_BYTES
from ledger.chain.note import (
    COSIGNATURE,
    ED25519,
    Signer,
    VerifierKey,
    check_key_name,
    cosign_text,
    open_note,
    parse_note,
    parse_vkey,
    sign_text,
    strict_base64,
    write_note,
)
from ledger.errors import Malformed, UnknownKey

_SIZES = re.compile(r"(?P<vkey>.+)@(?P<first>[1-9][0-9]{0,15})-(?P<last>[1-9][0-9]{0,15})?")
_TEXT = re.compile(rb"(?P<origin>[^\n]+)\n(?P<size>0|[1-9][0-9]{0,15})\n(?P<root>[A-Za-z0-9+/=]+)\n")


class LogKey(VerifierKey, frozen=True):
    """A key of a log, and the sizes at which it signs: from `first` up to `last`."""

    first: int = 1
    last: int = MAX_POSITION

    def __str__(self) -> str:
        if (self.first, self.last) == (1, MAX_POSITION):
            return super().__str__()
        return f"{super().__str__()}@{self.first}-{'' if self.last == MAX_POSITION else self.last}"

    @classmethod
    def of(cls, key: VerifierKey, first: int, last: int = MAX_POSITION) -> Self:
        """A key, good for these sizes."""
        return cls(key.name, key.type, key.public, first, last)

    def is_good_for(self, size: int) -> bool:
        """Whether it signs at this size."""
        return self.first <= size <= self.last


class Checkpoint(msgspec.Struct, frozen=True):
    """The root over a log's first `size` entries."""

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        check_key_name(self.origin)
        if not 0 <= self.size <= MAX_POSITION:
            raise Malformed("size", self.size, "is not between 0 and 2**53 - 1")
        if len(self.root) != HASH_BYTES:
            raise Malformed("root with a length of", len(self.root), f"has to have {HASH_BYTES} bytes")

    def text(self) -> bytes:
        """The text that is signed."""
        return b"%b\n%d\n%b\n" % (self.origin.encode(), self.size, b64encode(self.root))


class SignedCheckpoint(msgspec.Struct, frozen=True):
    """A checkpoint as it was signed, and the known keys that signed it, the log's own among them."""

    raw: bytes
    checkpoint: Checkpoint
    signers: tuple[VerifierKey, ...]

    @property
    def size(self) -> int:
        """The number of entries that it is over."""
        return self.checkpoint.size

    @property
    def root(self) -> bytes:
        """The root of the tree over them."""
        return self.checkpoint.root


def parse_checkpoint(text: bytes) -> Checkpoint:
    """The checkpoint in the text of a note. Raises `Malformed` unless exactly this would be written for it."""
    found = _TEXT.fullmatch(text)
    if found is None:
        raise Malformed("checkpoint", text, "is not three lines: origin, size, root")
    try:
        origin = found["origin"].decode()
    except UnicodeDecodeError as error:
        raise Malformed("origin", found["origin"], "is not UTF-8") from error
    return Checkpoint(origin, int(found["size"]), strict_base64("root", found["root"].decode()))


def parse_log_key(text: str) -> VerifierKey:
    """The key in this vkey, with the sizes that it is good for if they stand behind it. Raises `Malformed`."""
    found = _SIZES.fullmatch(text)
    if found is None:
        return parse_vkey(text)
    key = LogKey.of(parse_vkey(found["vkey"]), int(found["first"]), int(found["last"] or MAX_POSITION))
    if str(key) != text or key.first > key.last:
        raise Malformed("verifier key", text, "does not say for which sizes it is good, such as @1-400 or @401-")
    return key


def parse_witness_key(text: str) -> VerifierKey:
    """The key of a witness in this vkey. Raises `Malformed`, also for that of a log."""
    key = parse_vkey(text)
    if key.type != COSIGNATURE:
        raise Malformed("verifier key", text, "is that of a log, not of a witness")
    return key


def sign_checkpoint(checkpoint: Checkpoint, keys: Sequence[Ed25519PrivateKey]) -> bytes:
    """The checkpoint as a note that the log signs with each of these keys."""
    text = checkpoint.text()
    return write_note(text, [sign_text(text, checkpoint.origin, key) for key in keys])


def note_signed_by(checkpoint: Checkpoint, signers: Sequence[Signer]) -> bytes:
    """The checkpoint as a note with a line by each of these signers."""
    text = checkpoint.text()
    # What `write_note` would look at cannot be wrong here: neither the text of a checkpoint nor such a line.
    return b"".join([text, b"\n", *[signer.sign(text).line() for signer in signers]])


def cosign_checkpoint(raw: bytes, name: str, key: Ed25519PrivateKey, seconds: int) -> bytes:
    """The signed checkpoint with the cosignature that a witness of this name makes at a time, added as last line.

    Raises `Malformed` for what is no checkpoint. Whether the log signed it is not looked at.
    """
    note = parse_note(raw)
    parse_checkpoint(note.text)
    return write_note(note.text, [*note.signatures, cosign_text(note.text, name, key, seconds)])


def open_checkpoint(raw: bytes, keys: Iterable[VerifierKey]) -> SignedCheckpoint:
    """The checkpoint in these bytes, signed by a key of its log that is among these and good for its size.

    Raises `Malformed`; `SignatureFailed` when a key that is known did not sign it; `UnknownKey` when no known key of
    the log did, or none that was good for so many entries, whoever else has.
    """
    opened = open_note(raw, keys)
    checkpoint = parse_checkpoint(opened.text)
    of_log = [key for key in opened.signers if key.type == ED25519 and key.name == checkpoint.origin]
    if not any(not isinstance(key, LogKey) or key.is_good_for(checkpoint.size) for key in of_log):
        size = checkpoint.size if of_log else None
        raise UnknownKey(tuple(f"{key.name}+{key.key_id.hex()}" for key in opened.signers), size)
    return SignedCheckpoint(raw, checkpoint, opened.signers)
