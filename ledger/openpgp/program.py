"""The program gpg, run with a home of its own and its clock stopped."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from signal import SIGINT
from typing import Any, NamedTuple

import gnupg

from ledger.errors import Malformed, ProgramMissing, StoreFull
from ledger.files import named_os_errors
from ledger.openpgp import conversation
from ledger.openpgp.draft import undisturbed
from ledger.openpgp.errors import GnuPGFailed
from ledger.openpgp.listing import shown
from ledger.turns import waiting

_OLDEST = (2, 2)
_INSTALL = (
    "install GnuPG 2.2 or newer: `apt-get install gnupg` (Debian, Ubuntu), `dnf install gnupg2` (Fedora), "
    "`brew install gnupg` (macOS)"
)
_OPTIONS = [
    "--no-options",
    "--no-autostart",  # no agent, and none that outlives us: nothing here needs a secret key
    "--disable-dirmngr",
    "--no-auto-key-retrieve",
    "--no-auto-key-locate",
    "--no-auto-check-trustdb",
    # Whose key it is gets settled by a second channel and recorded; an empty home has no web of trust to ask.
    "--trust-model",
    "always",
]

_TELLS_OF_NO_ROOM = (": No space left on device", ": Disk quota exceeded")
_TELLS_OF_TROUBLE = (": Input/output error", ": Permission denied", ": Read-only file system", " daemon running")
_SAYS_NOTHING = (" ", "Total number", "WARNING: running with faked", "keybox", "no gpg-agent")
_MAX_MESSAGE = 300


class Said(NamedTuple):
    """What gpg said: its status lines as keyword and rest, its output, and its last message to people."""

    code: int
    statuses: list[tuple[str, str]]
    output: bytes
    message: str

    def told_to(self, result: Any) -> Any:
        """One of python-gnupg's results, which has heard every status line."""
        for keyword, rest in self.statuses:
            result.handle_status(keyword, rest)
        return result

    def arguments(self, *keywords: str) -> list[str] | None:
        """What follows the first status line with one of these keywords."""
        return next((rest.split() for keyword, rest in self.statuses if keyword in keywords), None)


class Program:
    """gpg in a home, at a time. Raises `ProgramMissing`."""

    def __init__(self, home: Path, at: datetime) -> None:
        self._home, self.seconds = home, _seconds(at)
        self._environment = _environment(home)
        self.gpg = _wrapped(_program())

    def keep(self, name: str, content: bytes) -> Path:
        """A file in the home."""
        path = self._home / name
        with named_os_errors(path):
            path.write_bytes(content)
        return path

    def run(
        self,
        task: str,
        arguments: Sequence[str],
        feed: Iterable[bytes] = (),
        sink: Callable[[bytes], object] | None = None,
    ) -> Said:
        """Run gpg on what `feed` gives; output goes to `sink`, or into the answer. However this ends, gpg has ended.

        Raises `GnuPGFailed` when something ended it, and `StoreFull` when it had no room.
        """
        output, messages, status = bytearray(), self.keep("messages", b""), self.keep("status", b"")
        ours = ["--homedir", str(self._home), "--status-file", str(status), "--faked-system-time", f"{self.seconds}!"]
        command, process = self.gpg.make_args([*ours, *arguments], False), None
        try:
            # What is held back here is held back from gpg too, as long as it runs; Ctrl-C does not reach it anyway.
            with undisturbed({SIGINT}):
                process = self._started(task, command, messages)
            with waiting():
                conversation.converse(task, process, feed, sink or output.extend)
                code = process.wait(conversation.PATIENCE_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise GnuPGFailed(task, "does not end") from error
        finally:
            with undisturbed():
                conversation.end(process)
        told = _lines(messages)
        if full := [line for line in told if line.endswith(_TELLS_OF_NO_ROOM)]:
            raise StoreFull(self._home, full[0])
        if trouble := [line for line in told if line.endswith(_TELLS_OF_TROUBLE)]:
            raise GnuPGFailed(task, trouble[0])
        if code < 0:
            raise GnuPGFailed(task, f"was ended by signal {-code}")
        return Said(code, _statuses(status), bytes(output), told[-1] if told else f"gpg ended with code {code}")

    def _started(self, task: str, command: list[str], messages: Path) -> "subprocess.Popen[bytes]":
        try:
            with messages.open("wb") as stderr:
                # A session of its own, so that Ctrl-C reaches us alone, and it is we who end gpg.
                return subprocess.Popen(
                    command,
                    bufsize=0,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=stderr,
                    env=self._environment,
                    start_new_session=True,
                )
        except OSError as error:
            raise GnuPGFailed(task, error.strerror or str(error)) from error


def _environment(home: Path) -> dict[str, str]:
    """All of its caller's environment that gpg gets, so that nothing else can change what it does or says."""
    return {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(home), "LC_ALL": "C"}


def _program() -> str:
    program = shutil.which("gpg")
    if program is None:
        raise ProgramMissing("gpg", _INSTALL)
    return program


@cache
def _wrapped(program: str) -> Any:
    """python-gnupg with what all calls share. Raises `ProgramMissing` for a program that is too old."""
    try:
        with undisturbed():
            gpg = gnupg.GPG(gpgbinary=program, options=_OPTIONS, env=_environment(Path("/")))
    except (OSError, ValueError) as error:
        raise GnuPGFailed("starting", str(error)) from error
    if gpg.version is None or gpg.version < _OLDEST:
        raise ProgramMissing("gpg", _INSTALL)
    return gpg


def _statuses(path: Path) -> list[tuple[str, str]]:
    """Keyword and rest of each status line. Lines end with LF and nothing else, whatever a user id in them contains."""
    lines = path.read_bytes().split(b"\n")
    told = [line.removeprefix(b"[GNUPG:] ").decode("latin-1") for line in lines if line.startswith(b"[GNUPG:] ")]
    return [(keyword, rest) for keyword, _, rest in (line.partition(" ") for line in told)]


def _lines(messages: Path) -> list[str]:
    """What gpg told people, to be shown in an error."""
    lines = messages.read_bytes().split(b"\n")
    told = [shown(line.removeprefix(b"gpg: ")) for line in lines if line.startswith(b"gpg: ")]
    return [line[:_MAX_MESSAGE] for line in told if not line.startswith(_SAYS_NOTHING)]


def _seconds(at: datetime) -> int:
    """A time as OpenPGP and gpg count it. Raises `Malformed` for one without a zone, or that is out of their reach."""
    if at.utcoffset() is None:
        raise Malformed("time", at.isoformat(), "has no time zone")
    seconds = int(at.timestamp())
    if not 0 < seconds < 2**32:
        raise Malformed("time", at.isoformat(), "is outside the years 1970 to 2105, all that OpenPGP can write")
    return seconds
