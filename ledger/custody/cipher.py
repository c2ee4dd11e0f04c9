"""How keys are wrapped, and how values and documents are encrypted: bytes in, bytes out.

    wrapped key = AES-SIV-CMAC-512 under the key-encryption key, with what the key is for as associated data (RFC 5297)
    field key   = HKDF-SHA256(ikm = the subject's key, salt = the field's salt, info)                       (RFC 5869)
    box         = nonce (12 bytes) || AES-256-GCM(field key, nonce, plain, associated data)        (NIST SP 800-38D)

The associated data of a wrapped key bind it to its place: a salt shown to an auditor cannot be passed off as somebody's
key. Whoever destroys either the subject's key or the field's salt has made the field unreadable.
"""

from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16
KEY_ENCRYPTION_KEY_BYTES = 64

VALUE = b"dua-ledger/v1 sealed"
DOCUMENT = b"dua-ledger/v1 document"


class NotGenuine(Exception):
    """What was to be decrypted was altered, moved, or encrypted under another key."""


class Wrapping:
    """A key-encryption key at work."""

    def __init__(self, key_encryption_key: bytes) -> None:
        self._siv = AESSIV(key_encryption_key)

    def wrap(self, key: bytes, bound_to: Sequence[bytes]) -> bytes:
        """`key` under the key-encryption key, bound to these associated data."""
        return self._siv.encrypt(key, list(bound_to))

    def unwrap(self, wrapped: bytes, bound_to: Sequence[bytes]) -> bytes:
        """The key in `wrapped`. Raises `NotGenuine` unless it was wrapped so, for the same."""
        try:
            return self._siv.decrypt(wrapped, list(bound_to))
        except InvalidTag as error:
            raise NotGenuine from error


def field_key(subject_key: bytes, salt: bytes, info: bytes) -> bytes:
    """The key that encrypts one field of a subject, for one use."""
    return HKDF(SHA256(), KEY_BYTES, salt, info).derive(subject_key)


def encrypt(key: bytes, nonce: bytes, plain: bytes, bound_to: bytes) -> bytes:
    """The box that holds `plain`."""
    return nonce + AESGCM(key).encrypt(nonce, plain, bound_to)


def decrypt(key: bytes, box: bytes, bound_to: bytes) -> bytes:
    """What is in the box. Raises `NotGenuine` unless it was encrypted so, for the same."""
    if len(box) < NONCE_BYTES + TAG_BYTES:
        raise NotGenuine
    try:
        return AESGCM(key).decrypt(box[:NONCE_BYTES], box[NONCE_BYTES:], bound_to)
    except InvalidTag as error:
        raise NotGenuine from error
