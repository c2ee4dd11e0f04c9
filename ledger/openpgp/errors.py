"""What can go wrong with OpenPGP, as one small tree.

LedgerError
├── Unavailable
│   └── GnuPGFailed              gpg ended, or fell silent, before it had done what it was asked to do
└── OpenPGPError
    ├── KeyRefused
    │   ├── NotAKey              no public key that GnuPG can read
    │   ├── SeveralKeys          more than one, so that nobody could say which is meant
    │   ├── SecretKey            a key that nobody but its owner may have
    │   └── NoEncryptionSubkey   nothing in it that can be encrypted for at that time
    ├── SignatureRefused
    │   ├── NotASignature        nothing that GnuPG can read and check as one
    │   ├── NotDetached          a message with its text inside
    │   ├── SeveralSignatures    more than one in a file
    │   ├── OverAnotherText      the text or the signature is not what was signed
    │   ├── ByAnotherKey         another key made it
    │   ├── ByExpiredKey         made when its key had expired
    │   ├── ByRevokedKey         made when its key was revoked, or by one of which nothing can be trusted any more
    │   └── SignedInFuture       made later than it is examined
    └── PackageRefused
        ├── UnsafeName           a file's name that could do harm, or clash, where the package is opened
        ├── SourceChanged        a file was altered while it was packed
        ├── NotAPackage          no message that is encrypted for keys, and for nothing but keys
        └── WrongRecipients      encrypted for others than asked for
"""

from pathlib import Path

from ledger.errors import OpenPGPError, Unavailable


class GnuPGFailed(Unavailable):
    """gpg ended, or fell silent, before it had done what it was asked to do."""

    def __init__(self, task: str, why: str) -> None:
        self.task, self.why = task, why
        super().__init__(f"gpg {task}: {why}")


class KeyRefused(OpenPGPError):
    """What was handed in as somebody's public key cannot be used as that."""


class NotAKey(KeyRefused):
    """No public key that GnuPG can read."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(f"this is no OpenPGP public key: {why}")


class SeveralKeys(KeyRefused):
    """More than one key, so that nobody could say which is meant."""

    def __init__(self, count: int) -> None:
        self.count = count
        super().__init__(
            f"this holds {count} keys: file the one that is meant, alone (`gpg --armor --export <fingerprint>`)"
        )


class SecretKey(KeyRefused):
    """A key that nobody but its owner may have."""

    def __init__(self) -> None:
        super().__init__(
            "this holds a SECRET key, and was not read. Delete it here and wherever it came from or through. Ask its "
            "owner never to send it to anybody, to make a new key, as this one is no longer secret, and to send what "
            "`gpg --armor --export <fingerprint>` gives"
        )


class NoEncryptionSubkey(KeyRefused):
    """A key with nothing in it that can be encrypted for at that time."""

    def __init__(self, fingerprint: str, at: str, why: str) -> None:
        self.fingerprint, self.at, self.why = fingerprint, at, why
        super().__init__(f"key {fingerprint} cannot be encrypted for at {at}: {why}")


class SignatureRefused(OpenPGPError):
    """What was handed in as somebody's signature over a text is not that."""


class NotASignature(SignatureRefused):
    """Nothing that GnuPG can read and check as a signature."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(f"this is no OpenPGP signature that can be checked: {why}")


class NotDetached(SignatureRefused):
    """A message with its text inside, of which nobody would see whether it is the text that was asked for."""

    def __init__(self) -> None:
        super().__init__(
            "this is a signed message, not a signature in a file of its own: `gpg --armor --detach-sign` makes one"
        )


class SeveralSignatures(SignatureRefused):
    """More than one signature in a file; each is filed alone, with the key that made it."""

    def __init__(self, count: int) -> None:
        self.count = count
        super().__init__(f"this holds {count} signatures: file each alone, with the key that made it")


class OverAnotherText(SignatureRefused):
    """A signature that was made over another text, or was altered since; the two cannot be told apart."""

    def __init__(self, key_id: str) -> None:
        self.key_id = key_id
        super().__init__(f"this signature by key {key_id} is not over exactly this text, or one of the two was altered")


class ByAnotherKey(SignatureRefused):
    """A signature that another key made than the one that was handed in with it."""

    def __init__(self, signer: str, key: str) -> None:
        self.signer, self.key = signer, key
        super().__init__(f"this signature was made by key {signer}, which is not in key {key}")


class ByExpiredKey(SignatureRefused):
    """A signature that was made when its key had expired."""

    def __init__(self, key: str, signed_at: str, expired: str) -> None:
        self.key, self.signed_at, self.expired = key, signed_at, expired
        super().__init__(f"key {key} made this signature at {signed_at}, after it had expired at {expired}")


class ByRevokedKey(SignatureRefused):
    """A signature that was made when its key was revoked, or by a key of which nothing can be trusted any more."""

    def __init__(self, key: str, signed_at: str, revoked: str, reason: str) -> None:
        self.key, self.signed_at, self.revoked, self.reason = key, signed_at, revoked, reason
        super().__init__(f"key {key}, which says that it signed at {signed_at}, was revoked at {revoked} ({reason})")


class SignedInFuture(SignatureRefused):
    """A signature that says it was made later than it is examined."""

    def __init__(self, signed_at: str, at: str) -> None:
        self.signed_at, self.at = signed_at, at
        super().__init__(f"this signature says that it was made at {signed_at}, which is after {at}")


class PackageRefused(OpenPGPError):
    """A package that cannot be made, or is not what it has to be; nothing of it is left."""


class UnsafeName(PackageRefused):
    """A file's name that could do harm, or clash with another, where the package is opened."""

    def __init__(self, name: str, why: str) -> None:
        self.name, self.why = name, why
        super().__init__(f"a file in a package may not be named {name!a}: {why}")


class SourceChanged(PackageRefused):
    """A file that was altered while it was packed."""

    def __init__(self, path: Path | str, why: str) -> None:
        self.path, self.why = path, why
        super().__init__(f"{path}: {why}")


class NotAPackage(PackageRefused):
    """No message that is encrypted for keys, and for nothing but keys."""

    def __init__(self, path: Path | str, why: str) -> None:
        self.path, self.why = path, why
        super().__init__(f"{path} is no OpenPGP message for keys alone: {why}")


class WrongRecipients(PackageRefused):
    """A message that is encrypted for others than asked for."""

    def __init__(self, expected: tuple[str, ...], found: tuple[str, ...]) -> None:
        self.expected, self.found = expected, found
        super().__init__(f"encrypted for {', '.join(found) or 'nobody'}, where {', '.join(expected)} was asked for")
