"""Signed notes: a text, and lines by which anybody can check who signed it (C2SP signed-note, tlog-cosignature).

    note   = text LF line...                 the text ends in LF, so an empty line stands before the signatures
    line   = "— " name " " base64(key ID || signature) LF                             the dash is U+2014
    vkey   = <name>+<8 hex key ID>+<base64(type || public key)>
    key ID = first 4 bytes of SHA-256(name || 0x0A || type || public key)

An Ed25519 key (type 0x01) signs the text. A cosignature (type 0x04) begins with eight bytes, the seconds since 1970 in
big-endian, and then signs `cosignature/v1 LF time <seconds> LF <text>`. Parsing is strict: what would not be written
exactly so is refused.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import NamedTuple

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ledger.errors import Malformed, SignatureFailed, TooLarge, UnknownKey

ED25519 = b"\x01"
COSIGNATURE = b"\x04"
ED25519_BYTES = 32
SIGNATURE_BYTES = 64
MAX_NOTE_BYTES = 65_536
MAX_SIGNATURES = 100

_KEY_ID_BYTES = 4
_TIME_BYTES = 8
_CONTROL = re.compile(rb"[\x00-\x09\x0b-\x1f]")
_VKEY = re.compile(r"(?P<name>[^+]+)\+(?P<key_id>[0-9a-f]{8})\+(?P<key>[A-Za-z0-9+/=]+)")
_DASH = "— "


class Signature(msgspec.Struct, frozen=True):
    """One line below a note: who signed, as the line says, and the signature."""

    name: str
    key_id: bytes
    value: bytes

    def line(self) -> bytes:
        """The line as it stands in the note."""
        return b"%b %b\n" % (f"{_DASH}{self.name}".encode(), b64encode(self.key_id + self.value))


class Note(msgspec.Struct, frozen=True):
    """A text with its signatures, of which none is checked yet."""

    text: bytes
    signatures: tuple[Signature, ...]


class VerifierKey(msgspec.Struct, frozen=True):
    """A key that signatures are checked with; its text is the vkey."""

    name: str
    type: bytes
    public: bytes

    def __post_init__(self) -> None:
        check_key_name(self.name)
        if self.type not in {ED25519, COSIGNATURE}:
            raise Malformed("key type", self.type, "is neither Ed25519 (1) nor an Ed25519 cosignature (4)")
        if len(self.public) != ED25519_BYTES:
            raise Malformed("public key with a length of", len(self.public), f"has to have {ED25519_BYTES} bytes")

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{b64encode(self.type + self.public).decode()}"

    @property
    def key_id(self) -> bytes:
        """The four bytes that stand before its signatures."""
        return key_id(self.name, self.type + self.public)

    def check(self, text: bytes, signature: bytes) -> None:
        """Raise `SignatureFailed` unless this key made the signature over the text."""
        signed = text
        if self.type == COSIGNATURE:
            if len(signature) != _TIME_BYTES + SIGNATURE_BYTES:
                raise SignatureFailed(self.name, self.key_id)
            signed = _cosigned(text, int.from_bytes(signature[:_TIME_BYTES]))
            signature = signature[_TIME_BYTES:]
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, signed)
        except (InvalidSignature, ValueError) as error:
            raise SignatureFailed(self.name, self.key_id) from error


class OpenedNote(msgspec.Struct, frozen=True):
    """A text, and the known keys that have signed it."""

    text: bytes
    signers: tuple[VerifierKey, ...]


def verifier_key(name: str, public_key: bytes) -> str:
    """The vkey of a signer with this name and raw Ed25519 public key. Raises `Malformed` when one of them is none."""
    return str(VerifierKey(name, ED25519, public_key))


def parse_vkey(text: str) -> VerifierKey:
    """The key in this vkey. Raises `Malformed` unless exactly this would be written for it."""
    found = _VKEY.fullmatch(text)
    if found is None:
        raise Malformed("verifier key", text, "is not <name>+<8 hex digits>+<base64>")
    key = strict_base64("verifier key", found["key"])
    parsed = VerifierKey(found["name"], key[:1], key[1:])
    if str(parsed) != text:
        raise Malformed("verifier key", text, "its key ID is not that of its name and key")
    return parsed


def key_id(name: str, key: bytes) -> bytes:
    """The four bytes that stand before a signature; `key` is type and public key."""
    return sha256(name.encode() + b"\n" + key).digest()[:_KEY_ID_BYTES]


def check_key_name(name: str) -> None:
    """Raise `Malformed` unless a key may have this name: not empty, no white space, no plus sign, printable."""
    if not name:
        raise Malformed("key name", name, "is empty")
    # Of all that is white space, only the common one is printable.
    if not name.isprintable() or " " in name or "+" in name:
        raise Malformed("key name", name, "has white space, a plus sign or something unprintable")


class Signer(NamedTuple):
    """An Ed25519 key that signs texts, and the key that its signatures are checked with."""

    key: VerifierKey
    key_id: bytes
    private: Ed25519PrivateKey

    @classmethod
    def of(cls, name: str, private: Ed25519PrivateKey) -> "Signer":
        """A private key under a name."""
        key = VerifierKey(name, ED25519, private.public_key().public_bytes_raw())
        return cls(key, key.key_id, private)

    def sign(self, text: bytes) -> Signature:
        """Its signature over a text."""
        return Signature(self.key.name, self.key_id, self.private.sign(text))


def sign_text(text: bytes, name: str, key: Ed25519PrivateKey) -> Signature:
    """The signature of an Ed25519 key over a text."""
    return Signer.of(name, key).sign(text)


def cosign_text(text: bytes, name: str, key: Ed25519PrivateKey, seconds: int) -> Signature:
    """The cosignature over a text that an Ed25519 key makes at a time, in seconds since 1970."""
    signer = VerifierKey(name, COSIGNATURE, key.public_key().public_bytes_raw())
    value = seconds.to_bytes(_TIME_BYTES) + key.sign(_cosigned(text, seconds))
    return Signature(name, signer.key_id, value)


def cosigned_in(signature: Signature) -> datetime | None:
    """When a cosignature was made, as it says itself; None for a time that no calendar has."""
    try:
        return datetime.fromtimestamp(int.from_bytes(signature.value[:_TIME_BYTES]), UTC)
    except (OverflowError, ValueError, OSError):
        return None


def _cosigned(text: bytes, seconds: int) -> bytes:
    return b"cosignature/v1\ntime %d\n%b" % (seconds, text)


def write_note(text: bytes, signatures: Sequence[Signature]) -> bytes:
    """The note with this text and these signatures. Raises `Malformed` for what `parse_note` would refuse."""
    raw = text + b"\n" + b"".join(signature.line() for signature in signatures)
    if parse_note(raw) != Note(text, tuple(signatures)):
        raise Malformed("note", raw, "its text cannot stand in a note")
    return raw


def parse_note(raw: bytes) -> Note:
    """The note in these bytes, its signatures unchecked. Raises `Malformed` unless it would be written exactly so."""
    if len(raw) > MAX_NOTE_BYTES:
        raise TooLarge("note", len(raw), MAX_NOTE_BYTES)
    if _CONTROL.search(raw):
        raise Malformed("note", raw, "has a control character")
    before, gap, lines = raw.rpartition(b"\n\n")
    if not gap or not lines.endswith(b"\n"):
        raise Malformed("note", raw, "is not a text, an empty line, and lines with signatures")
    signatures = tuple(map(_parse_line, lines[:-1].split(b"\n")))
    if len(signatures) > MAX_SIGNATURES:
        raise TooLarge("signatures", len(signatures), MAX_SIGNATURES)
    text = before + b"\n"
    _decoded("text of a note", text)
    return Note(text, signatures)


def open_note(raw: bytes, keys: Iterable[VerifierKey]) -> OpenedNote:
    """The text, signed by at least one of these keys; signatures by keys that are not among them are passed over.

    Raises `SignatureFailed` when one of these keys is named and did not sign it, `UnknownKey` when none is named.
    """
    known = {(key.name, key.key_id): key for key in keys}
    note = parse_note(raw)
    signers: dict[VerifierKey, None] = {}
    for signature in note.signatures:
        key = known.get((signature.name, signature.key_id))
        if key is not None:
            key.check(note.text, signature.value)
            signers[key] = None
    if not signers:
        raise UnknownKey(tuple(f"{one.name}+{one.key_id.hex()}" for one in note.signatures))
    return OpenedNote(note.text, tuple(signers))


def _parse_line(line: bytes) -> Signature:
    text = _decoded("signature line", line)
    name, _, encoded = text.removeprefix(_DASH).partition(" ")
    check_key_name(name)
    value = strict_base64("signature", encoded)
    if len(value) <= _KEY_ID_BYTES:
        raise Malformed("signature", encoded, "is too short for a key ID and a signature")
    signature = Signature(name, value[:_KEY_ID_BYTES], value[_KEY_ID_BYTES:])
    if signature.line() != line + b"\n":
        raise Malformed("signature line", line, "does not begin with an em dash and a space")
    return signature


def _decoded(what: str, raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise Malformed(what, raw, "is not UTF-8") from error


def strict_base64(what: str, encoded: str) -> bytes:
    """The bytes in this base64. Raises `Malformed` unless exactly this would be written for them."""
    try:
        decoded = b64decode(encoded, validate=True)
    except ValueError as error:
        raise Malformed(what, encoded, "is not base64") from error
    if b64encode(decoded).decode() != encoded:
        raise Malformed(what, encoded, "is not canonical base64")
    return decoded
