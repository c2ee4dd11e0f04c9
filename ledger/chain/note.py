"""Verifier keys: the one line by which anybody can check what a log has signed (C2SP signed-note).

vkey   = <name>+<8 hex key ID>+<base64(type || public key)>
key ID = first 4 bytes of SHA-256(name || 0x0A || type || public key)
"""

from base64 import b64encode
from hashlib import sha256

from ledger.errors import Malformed

ED25519 = b"\x01"
ED25519_BYTES = 32


def verifier_key(name: str, public_key: bytes) -> str:
    """The vkey of a signer with this name and raw Ed25519 public key. Raises `Malformed` when one of them is none."""
    check_key_name(name)
    if len(public_key) != ED25519_BYTES:
        raise Malformed("public key with a length of", len(public_key), f"has to have {ED25519_BYTES} bytes")
    key = ED25519 + public_key
    return f"{name}+{key_id(name, key).hex()}+{b64encode(key).decode()}"


def key_id(name: str, key: bytes) -> bytes:
    """The four bytes that stand before a signature; `key` is type and public key."""
    return sha256(name.encode() + b"\n" + key).digest()[:4]


def check_key_name(name: str) -> None:
    """Raise `Malformed` unless a key may have this name: not empty, no white space, no plus sign, printable."""
    if not name:
        raise Malformed("key name", name, "is empty")
    if any(letter.isspace() or letter == "+" or not letter.isprintable() for letter in name):
        raise Malformed("key name", name, "has white space, a plus sign or something unprintable")
