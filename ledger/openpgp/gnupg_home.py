"""What a GnuPG of its own, in an empty home that is thrown away afterwards, is asked about keys and messages."""

import io
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import mkdtemp
from typing import IO

import gnupg

from ledger.errors import TooLarge
from ledger.files import named_os_errors
from ledger.openpgp.draft import undisturbed
from ledger.openpgp.errors import (
    ByAnotherKey,
    GnuPGFailed,
    NotAKey,
    NotAPackage,
    NotASignature,
    OverAnotherText,
    SecretKey,
    WrongRecipients,
)
from ledger.openpgp.facts import EncryptionSubkey
from ledger.openpgp.listing import Listing
from ledger.openpgp.packets import Message, check_detached, creation_of_only_key
from ledger.openpgp.program import Program, Said

MAX_KEY_BYTES = 1024 * 1024
MAX_SIGNATURE_BYTES = 64 * 1024
MAX_ARMORED_BYTES = 1024 * 1024

# Uncompressed: that is five times faster, and data that need it come compressed.
_ENCRYPTING = ["--no-encrypt-to", "--no-throw-keyids", "--compress-algo", "none", "--cipher-algo", "AES256"]
BINARY, ARMORED = ["--no-armor"], ["--armor", "--no-comments", "--no-emit-version"]

_AES256 = "9"
_PRIVATE_ARMOR = re.compile(rb"-----BEGIN [A-Z0-9 ]*PRIVATE KEY")
# gpg 2.2 takes no such key, and some builds of gpg 2.4 do.
_NOBODYS = "it has no user id that its owner has signed"


class GnuPG(Program):
    """One GnuPG, which knows the keys that it has taken."""

    def take(self, key: bytes) -> Listing:
        """The one public key in a file, which this GnuPG knows from then on."""
        if len(key) > MAX_KEY_BYTES:
            raise TooLarge("key", len(key), MAX_KEY_BYTES)
        if _PRIVATE_ARMOR.search(key):
            raise SecretKey
        packets, why = self._unarmored("key", key)
        created = creation_of_only_key(packets, why)
        # gpg takes no key from the future.
        self.seconds = max(self.seconds, created)
        said = self.run("reading a key", ["--import"], [packets])
        imported = said.told_to(gnupg.ImportResult(self.gpg))
        if imported.no_user_id:
            raise NotAKey(_NOBODYS)
        if imported.count != 1 or imported.imported != 1 or len(imported.fingerprints) != 1:
            raise NotAKey(said.message)
        listing = self._listing(imported.fingerprints[0])
        if not listing.user_ids:
            raise NotAKey(_NOBODYS)
        return listing

    def _listing(self, fingerprint: str) -> Listing:
        said = self.run("listing a key", ["--no-sig-cache", "--check-sigs"])
        if said.code != 0:
            # gpg 2.4 takes offence at dates that contradict each other, and 2.2 passes over what it can't use.
            raise NotAKey(said.message)
        listing = Listing([line.decode("latin-1").split(":") for line in said.output.split(b"\n")])
        if [part.fingerprint for part in listing.parts if part.row[0] == "pub"] != [fingerprint]:
            raise GnuPGFailed("listing a key", said.message)
        return listing

    def check(self, text: bytes, signature: bytes, signer: Listing) -> Said:
        """What gpg says of a detached signature, if it is one and a key that is known has made it over this text."""
        if len(signature) > MAX_SIGNATURE_BYTES:
            raise TooLarge("signature", len(signature), MAX_SIGNATURE_BYTES)
        packets, why = self._unarmored("signature", signature)
        check_detached(packets, why)
        said = self.run("checking a signature", ["--verify", str(self.keep("signature", packets)), "-"], [text])
        if bad := said.arguments("BADSIG"):
            raise OverAnotherText(bad[0])
        if said.arguments("NO_PUBKEY") and (error := said.arguments("ERRSIG")):
            # The fingerprint at the end is younger than the key id at the start, and not in every signature.
            raise ByAnotherKey(error[6] if error[6:] not in ([], ["-"]) else error[0], signer.primary.fingerprint)
        if not said.arguments("GOODSIG", "EXPSIG", "EXPKEYSIG", "REVKEYSIG") or not said.arguments("VALIDSIG"):
            raise NotASignature(said.message)
        return said

    def encrypt(
        self, subkey: EncryptionSubkey, form: list[str], feed: Iterable[bytes], sink: Callable[[bytes], object]
    ) -> None:
        """Encrypt for one subkey: with the exclamation mark gpg takes it and no other of the key."""
        arguments = [*_ENCRYPTING, *form, "--recipient", f"{subkey.fingerprint}!", "--encrypt"]
        said = self.run("encrypting", arguments, feed, sink)
        result = said.told_to(gnupg.Crypt(self.gpg))
        if said.code != 0 or not result.ok or result.status != "encryption ok":
            raise GnuPGFailed("encrypting", result.status_detail or said.message or f"ended with code {said.code}")
        if (said.arguments("BEGIN_ENCRYPTION") or ["", ""])[1] != _AES256:
            raise GnuPGFailed("encrypting", "took another cipher than AES256")

    def check_recipients(self, subkey: EncryptionSubkey, what: Path | str, message: IO[bytes]) -> tuple[str, ...]:
        """Whom a message is encrypted for, if it is this subkey and no other."""
        found = self.recipients(what, message)
        if found != (subkey.key_id,):
            raise WrongRecipients((subkey.key_id,), found)
        return found

    def recipients(self, what: Path | str, message: IO[bytes]) -> tuple[str, ...]:
        """Whom a message is encrypted for, if it is one for keys alone."""
        session_keys = Message(what, message).session_keys()
        said = self.run("listing", ["--no-keyring", "--list-only", "--list-packets"], session_keys)
        found = tuple(rest.split()[0] for keyword, rest in said.statuses if keyword == "ENC_TO")
        if said.code != 0 or len(found) != len(session_keys):
            raise NotAPackage(what, said.message)
        return found

    def unarmored_message(self, what: Path | str, message: bytes) -> IO[bytes]:
        """The same, not armored."""
        content, why = self._unarmored("message", message)
        if not content:
            raise NotAPackage(what, why)
        return io.BytesIO(content)

    def _unarmored(self, what: str, content: bytes) -> tuple[bytes, str]:
        said = self.run(f"reading a {what}", ["--dearmor"], [content])
        return said.output if said.code == 0 else b"", said.message


@contextmanager
def gnupg_at(at: datetime) -> Iterator[GnuPG]:
    """A GnuPG with an empty home, which is gone afterwards."""
    home = None
    try:
        with undisturbed(), named_os_errors("a temporary folder"):
            home = mkdtemp(prefix="dua-gpg-")  # with mode 0700
        yield GnuPG(Path(home), at)
    finally:
        with undisturbed():
            if home:
                shutil.rmtree(home)
