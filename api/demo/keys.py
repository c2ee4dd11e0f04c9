"""The people in the story who have OpenPGP keys, each with a GnuPG home of their own, as on their own machines."""

import shutil
import subprocess
from pathlib import Path

from ledger.errors import ProgramMissing


class Owner:
    """Somebody with a new key, made on the spot by the real gpg."""

    def __init__(self, home: Path, user_id: str) -> None:
        home.mkdir(mode=0o700)
        self._home = home
        self._gpg("--quick-gen-key", user_id, "ed25519", "cert,sign", "never")
        rows = self._gpg("--with-colons", "--list-keys").decode().splitlines()
        self.fingerprint = next(row.split(":")[9] for row in rows if row.startswith("fpr"))
        self._gpg("--quick-add-key", self.fingerprint, "cv25519", "encrypt", "never")

    def public(self, target: Path) -> Path:
        """The public key, in a file."""
        target.write_bytes(self._gpg("--armor", "--export", self.fingerprint))
        return target

    def sign(self, text: Path, target: Path) -> Path:
        """A detached signature over a file, in another."""
        target.write_bytes(self._gpg("--armor", "--output", "-", "--detach-sign", str(text)))
        return target

    def decrypt(self, message: Path) -> bytes:
        """What is in a message for this key."""
        return self._gpg("--decrypt", str(message))

    def close(self) -> None:
        """End the agent that holds the secret key."""
        subprocess.run(["gpgconf", "--homedir", str(self._home), "--kill", "gpg-agent"], check=False)

    def _gpg(self, *arguments: str) -> bytes:
        ours = ["--homedir", str(self._home), "--batch", "--quiet", "--no-tty", "--pinentry-mode", "loopback"]
        done = subprocess.run([_program(), *ours, "--passphrase", "", *arguments], capture_output=True, check=True)
        return done.stdout


def _program() -> str:
    found = shutil.which("gpg")
    if found is None:
        raise ProgramMissing("gpg", "install GnuPG: apt-get install gnupg, dnf install gnupg2, brew install gnupg")
    return found
