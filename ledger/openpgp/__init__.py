"""What GnuPG finds in OpenPGP keys, signatures and packages: facts, which the rules judge.

Nothing depends on whose machine it is. Each question has a GnuPG of its own: an empty home that is thrown away
afterwards, no agent, no network, none of a user's options, a clock that stands still at the time that is asked about.
So what was found today is found again in ten years from the same bytes. (Options that an administrator has set for the
whole machine, in /etc/gnupg, can't be turned off: ours override them where it matters here.) Such a home holds public
keys and signatures, never a text, a nonce or a file that is to be encrypted: those go through pipes.

python-gnupg builds the command lines, and reads what importing and encrypting came to. It doesn't run gpg (but for the
version that it asks for), because as of 0.5.7

- it splits what gpg says at every line end that Unicode knows, and byte 0x85, half of the letter Å, is one in Latin-1,
  its default: a user id is cut off there, and can go on with a status line of its owner's choice;
- it undoes escapes in a user id twice, so that one can show what isn't in it;
- when reading fails midway, it closes gpg's input, and gpg completes a package that lacks the rest;
- when it is interrupted, gpg and the threads that feed it go on.
"""

import re
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from ledger.openpgp.draft import draft_of
from ledger.openpgp.errors import NoEncryptionSubkey, OverAnotherText
from ledger.openpgp.facts import EncryptionSubkey, KeyFacts, PackageFacts, PackedFile, Revocation, SignatureFacts
from ledger.openpgp.gnupg_home import ARMORED, BINARY, MAX_ARMORED_BYTES, MAX_KEY_BYTES, MAX_SIGNATURE_BYTES, gnupg_at
from ledger.openpgp.listing import Listing
from ledger.openpgp.package import Progress, Tar, check_names, opened
from ledger.openpgp.signature import signature_facts

__all__ = [
    "MAX_ARMORED_BYTES",
    "MAX_KEY_BYTES",
    "MAX_SIGNATURE_BYTES",
    "EncryptionSubkey",
    "KeyFacts",
    "PackageFacts",
    "PackedFile",
    "Progress",
    "Revocation",
    "SignatureFacts",
    "encrypt_package",
    "examine_key",
    "gpg_version",
    "recipients_of",
    "seal_nonce",
    "verify_signature",
]

_ANY_TIME = datetime(2026, 1, 1, tzinfo=UTC)
# In text mode gpg doesn't see nulls or further carriage returns where a line ends, so they could come and go unnoticed.
_UNSEEN = re.compile(rb"\0|\r(?!\n)")


def gpg_version() -> str:
    """The program that says all this, in words. Raises `ProgramMissing`."""
    with gnupg_at(_ANY_TIME) as gpg:
        return ", ".join(gpg.run("saying its version", ["--version"]).output.decode("ascii", "replace").split("\n")[:2])


def examine_key(key: bytes, at: datetime) -> KeyFacts:
    """What is in the file of a public key, armored or not, at a time; text around the armor is passed over.

    At a time before it was made, a key is shown as it was then, and nothing in it is usable. Raises `NotAKey`,
    `SeveralKeys`, `SecretKey`, and `TooLarge` above 1 MiB.
    """
    with gnupg_at(at) as gpg:
        return gpg.take(key).facts(at)


def verify_signature(text: bytes, signature: bytes, key: bytes, at: datetime) -> SignatureFacts:
    """Who signed exactly this text; the signature is detached, armored or not, and alone in its file.

    That its key expired afterwards, or was revoked because it was no longer needed, takes nothing from a signature.
    Raises the errors below `SignatureRefused`, `TooLarge` above 64 KiB, and the errors of `examine_key`.
    """
    with gnupg_at(at) as gpg:
        signer = gpg.take(key)
        facts = signature_facts(gpg.check(text, signature, signer), signer, at)
    if facts.text_mode and _UNSEEN.search(text):
        raise OverAnotherText(facts.signing_key[-16:])
    return facts


def seal_nonce(nonce: str, key: bytes, at: datetime) -> bytes:
    """A small armored message with nothing but this nonce, for the key's encryption subkey alone.

    Raises `NoEncryptionSubkey`, `WrongRecipients`, and the errors of `examine_key`.
    """
    sealed = bytearray()
    with gnupg_at(at) as gpg:
        subkey = _subkey_of(gpg.take(key), at)
        gpg.encrypt(subkey, ARMORED, [nonce.encode()], sealed.extend)
        what = "the sealed nonce"
        gpg.check_recipients(subkey, what, gpg.unarmored_message(what, bytes(sealed)))
    return bytes(sealed)


def encrypt_package(
    files: Sequence[tuple[str, Path]],
    key: bytes,
    target: Path,
    *,
    at: datetime,
    progress: Progress = lambda done: None,
) -> PackageFacts:
    """Make a package: a tar of these files (each its name in the tar, and where it is) for the encryption subkey alone.

    The plain bytes are nowhere but in memory, a few at a time. `target` appears whole and durable, and takes nothing's
    place; of a failure nothing is left. (Killed outright, a process may leave an encrypted `.dua-ledger-*.part`. The
    file system has to know hard links.)
    `progress` is told of bytes of the files that are packed. What the files' owner, mode and time were isn't told.

    Raises `UnsafeName`, `SourceChanged`, `AlreadyThere`, `StoreFull`, `Unreachable`, `NoEncryptionSubkey`,
    `WrongRecipients`, `GnuPGFailed`, and the errors of `examine_key`.
    """
    check_names([name for name, _ in files])
    for _, path in files:
        opened(path).close()
    tar = Tar(files, at, progress)
    with gnupg_at(at) as gpg:
        subkey = _subkey_of(gpg.take(key), at)
        with draft_of(target) as draft, closing(tar.chunks()) as chunks:
            gpg.encrypt(subkey, BINARY, chunks, draft.write)
            with opened(draft.path) as written:
                recipients = gpg.check_recipients(subkey, target, written)
    return PackageFacts(
        files=tuple(tar.packed),
        plain_size=tar.size,
        plain_sha256=tar.digest.hexdigest(),
        cipher_size=draft.size,
        cipher_sha256=draft.digest.hexdigest(),
        subkey=subkey.fingerprint,
        recipients=recipients,
    )


def recipients_of(path: Path) -> tuple[str, ...]:
    """The key ids that a message is encrypted for, in its order; sixteen zeros where one is hidden.

    Raises `NotAPackage` for a file with anything else in it: a password that opens it too, a second message. A short
    one may be armored.
    """
    with opened(path) as message, gnupg_at(_ANY_TIME) as gpg:
        start = message.read(MAX_ARMORED_BYTES)
        armored = len(start) < MAX_ARMORED_BYTES and not start[:1] > b"\x7f"
        return gpg.recipients(path, gpg.unarmored_message(path, start) if armored else message)


def _subkey_of(listing: Listing, at: datetime) -> EncryptionSubkey:
    """What is to be encrypted for."""
    facts = listing.facts(at)
    if facts.encrypts_for is None:
        raise NoEncryptionSubkey(facts.fingerprint, at.isoformat(), _why_not(listing, facts, at))
    return facts.encrypts_for


def _why_not(listing: Listing, facts: KeyFacts, at: datetime) -> str:
    if not listing.primary.holds(at):
        return "it was not made yet, has expired, or is revoked"
    return "all its encryption subkeys have expired or are revoked" if facts.encryption_subkeys else "it has none"
