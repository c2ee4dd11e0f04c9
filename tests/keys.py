"""People with OpenPGP keys, made on the spot by the real gpg, and what they do with them.

Every key lives in one home for a session, with times that are given: nothing here asks the clock.
"""

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

MADE = datetime(2026, 1, 1, 12, tzinfo=UTC)
NO_REASON, COMPROMISED, SUPERSEDED, RETIRED = "0", "1", "2", "3"


@dataclass(frozen=True)
class Owner:
    """Somebody with a key."""

    ring: "Keyring"
    fingerprint: str

    def public(self, *options: str) -> bytes:
        return self.ring.gpg(*options, "--armor", "--export", self.fingerprint)

    def binary(self) -> bytes:
        return self.ring.gpg("--export", self.fingerprint)

    def secret(self) -> bytes:
        return self.ring.gpg("--armor", "--export-secret-keys", self.fingerprint)

    def sign(self, text: bytes, at: datetime, *options: str, how: str = "--detach-sign", using: str = "") -> bytes:
        usual = ["--armor", "--digest-algo", "SHA256", "--local-user", using or self.fingerprint]
        return self.ring.gpg(*usual, *options, how, at=at, stdin=text)

    def decrypt(self, message: bytes) -> bytes:
        return self.ring.gpg("--decrypt", stdin=message)

    def add_subkey(self, algorithm: str, usage: str, at: datetime = MADE, until: datetime | None = None) -> str:
        """Its fingerprint."""
        self.ring.gpg("--quick-add-key", self.fingerprint, algorithm, usage, _term(at, until), at=at)
        return self.subkeys()[-1]

    def subkeys(self) -> list[str]:
        """Their fingerprints, oldest first."""
        rows = self.ring.gpg("--with-colons", "--list-keys", self.fingerprint).split(b"\n")
        return [row.split(b":")[9].decode() for row in rows if row.startswith(b"fpr")][1:]

    def add_user_id(self, user_id: str, at: datetime = MADE) -> None:
        self.ring.gpg("--quick-add-uid", self.fingerprint, user_id, at=at)

    def withdraw_user_id(self, user_id: str, at: datetime) -> None:
        self.ring.gpg("--quick-revoke-uid", self.fingerprint, user_id, at=at)

    def expire(self, at: datetime, until: datetime) -> None:
        """Say at one time until when the key may be used."""
        self.ring.gpg("--quick-set-expire", self.fingerprint, _term(at, until), at=at)

    def revoke(self, at: datetime, reason: str = NO_REASON) -> None:
        certificate = self.ring.gpg(
            "--gen-revoke", self.fingerprint, at=at, answers=["y", reason, "", "y"], armor_follows=True
        )
        self.ring.gpg("--import", stdin=certificate, at=at)

    def revoke_subkey(self, number: int, at: datetime, reason: str = NO_REASON) -> None:
        answers = [f"key {number}", "revkey", "y", reason, "", "y", "save"]
        self.ring.gpg("--edit-key", self.fingerprint, at=at, answers=answers)


@dataclass
class Keyring:
    """A gpg home with the secret keys of everybody in a test."""

    home: Path
    _kept: dict[str, Owner] = field(default_factory=dict)

    def kept(self, name: str) -> Owner:
        """Somebody with an ordinary key, the same for a whole session, which nobody changes."""
        if name not in self._kept:
            self._kept[name] = self.owner(f"{name} <{name.lower()}@mit.edu>")
        return self._kept[name]

    def owner(
        self,
        *user_ids: str,
        algorithm: str = "ed25519",
        encryption: str = "cv25519",
        at: datetime = MADE,
        until: datetime | None = None,
    ) -> Owner:
        """Somebody with a new key; without an encryption subkey when its algorithm is empty."""
        first, *others = user_ids or ("Somebody <somebody@example.edu>",)
        options = ["--allow-freeform-uid", "--quick-gen-key", first, algorithm, "cert,sign", _term(at, until)]
        created = self.gpg("--status-fd", "1", *options, at=at).decode().split("KEY_CREATED")[1]
        owner = Owner(self, created.split()[1])
        for user_id in others:
            owner.add_user_id(user_id, at)
        if encryption:
            owner.add_subkey(encryption, "encrypt", at, until)
        return owner

    def gpg(
        self,
        *arguments: str,
        at: datetime | None = None,
        stdin: bytes = b"",
        answers: Sequence[str] = (),
        armor_follows: bool = False,
    ) -> bytes:
        """What gpg puts out. With `answers` it asks, as it asks a person."""
        ours = ["--homedir", str(self.home), "--pinentry-mode", "loopback", "--passphrase", "", "--no-tty", "--yes"]
        # Whatever the language of whoever runs the tests is.
        ours += ["--utf8-strings", "--display-charset", "utf-8"]
        ours += ["--command-fd", "0"] if answers else ["--batch"]
        ours += ["--faked-system-time", f"{int(at.timestamp())}!"] if at else []
        said = "".join(f"{answer}\n" for answer in answers).encode() or stdin
        done = subprocess.run(["gpg", *ours, *arguments], input=said, capture_output=True, check=False)
        assert done.returncode == 0, (arguments, done.stderr.decode(errors="replace"))
        return done.stdout[done.stdout.index(b"-----BEGIN") :] if armor_follows else done.stdout


def _term(at: datetime, until: datetime | None) -> str:
    return "never" if until is None else f"seconds={int((until - at) / timedelta(seconds=1))}"


@contextmanager
def keyring() -> Iterator[Keyring]:
    """An empty keyring; its agent ends with it."""
    # Not below pytest's folders: a gpg-agent's socket may have a path of about 100 characters.
    with TemporaryDirectory(prefix="keys-", dir="/tmp") as home:
        try:
            yield Keyring(Path(home))
        finally:
            subprocess.run(["gpgconf", "--homedir", home, "--kill", "gpg-agent"], check=True)
