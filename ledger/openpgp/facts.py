"""What is told of keys, signatures and packages."""

from datetime import datetime

from msgspec import Struct


class Revocation(Struct, frozen=True):
    """When its owner says to have revoked a key, and why (RFC 4880 section 5.2.3.23).

    `spares_past`: the key was no longer needed, so what it signed before stands. Of a key that was compromised, or
    revoked for no reason given, nothing stands: whoever has it can date a signature back.
    """

    at: datetime
    reason: str
    spares_past: bool


class EncryptionSubkey(Struct, frozen=True, kw_only=True):
    """A subkey that its owner made to be encrypted for; `usable` at the time that was asked about."""

    fingerprint: str
    key_id: str
    algorithm: str
    created: datetime
    expires: datetime | None
    revoked: Revocation | None
    usable: bool


class KeyFacts(Struct, frozen=True, kw_only=True):
    """What a public key says of itself, with its own signature.

    User ids are what the owner wrote, in a form that can be shown as it is: a backslash, control and formatting
    characters (such as those that turn the direction of writing) and bytes that are no UTF-8 appear as escapes.
    `withdrawn` are those that the owner has revoked, or that had lapsed at the time that was asked about.
    """

    fingerprint: str
    algorithm: str
    created: datetime
    expires: datetime | None
    revoked: Revocation | None
    user_ids: tuple[str, ...]
    withdrawn: tuple[str, ...]
    encryption_subkeys: tuple[EncryptionSubkey, ...]

    @property
    def encrypts_for(self) -> EncryptionSubkey | None:
        """The subkey that a package would be encrypted for: the newest that is usable."""
        usable = [subkey for subkey in self.encryption_subkeys if subkey.usable]
        return max(usable, key=lambda subkey: subkey.created, default=None)


class SignatureFacts(Struct, frozen=True, kw_only=True):
    """Who signed, when (as the signer's clock had it), and how.

    `key` is the primary key's fingerprint, `signing_key` that of the key or subkey which signed. A signature in
    `text_mode` (RFC 4880 section 5.2.1, type 0x01) covers the text, but not the way in which its lines end.
    """

    key: str
    signing_key: str
    signed_at: datetime
    expires: datetime | None
    digest: str
    text_mode: bool


class PackedFile(Struct, frozen=True):
    """A file in a package, with its SHA-256 in hex."""

    name: str
    size: int
    sha256: str


class PackageFacts(Struct, frozen=True, kw_only=True):
    """What is in a package, its size and SHA-256 before and after encryption, and who can open it.

    `recipients` are the key ids that were read back from the encrypted file, `subkey` the fingerprint that was meant.
    """

    files: tuple[PackedFile, ...]
    plain_size: int
    plain_sha256: str
    cipher_size: int
    cipher_sha256: str
    subkey: str
    recipients: tuple[str, ...]
