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

import io
import os
import re
import selectors
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import IO, Any, NamedTuple

import gnupg

from ledger.errors import (
    ByAnotherKey,
    ByExpiredKey,
    ByRevokedKey,
    GnuPGFailed,
    Malformed,
    NoEncryptionSubkey,
    NotAKey,
    NotAPackage,
    NotASignature,
    OverAnotherText,
    ProgramMissing,
    SecretKey,
    SignedInFuture,
    StoreFull,
    TooLarge,
    WrongRecipients,
)
from ledger.openpgp.facts import EncryptionSubkey, KeyFacts, PackageFacts, PackedFile, Revocation, SignatureFacts
from ledger.openpgp.listing import Listing, shown, time_of
from ledger.openpgp.package import (
    CHUNK_BYTES,
    Progress,
    Tar,
    check_names,
    draft_of,
    named_os_errors,
    opened,
    undisturbed,
)
from ledger.openpgp.packets import Message, check_detached, creation_of_only_key

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

MAX_KEY_BYTES = 1024 * 1024
MAX_SIGNATURE_BYTES = 64 * 1024
MAX_ARMORED_BYTES = 1024 * 1024


def gpg_version() -> str:
    """The program that says all this, in words. Raises `ProgramMissing`."""
    with _gnupg(_ANY_TIME) as gpg:
        return ", ".join(gpg.run("saying its version", ["--version"]).output.decode("ascii", "replace").split("\n")[:2])


def examine_key(key: bytes, at: datetime) -> KeyFacts:
    """What is in the file of a public key, armored or not, at a time; text around the armor is passed over.

    At a time before it was made, a key is shown as it was then, and nothing in it is usable. Raises `NotAKey`,
    `SeveralKeys`, `SecretKey`, and `TooLarge` above 1 MiB.
    """
    with _gnupg(at) as gpg:
        return gpg.take(key).facts(at)


def verify_signature(text: bytes, signature: bytes, key: bytes, at: datetime) -> SignatureFacts:
    """Who signed exactly this text; the signature is detached, armored or not, and alone in its file.

    That its key expired afterwards, or was revoked because it was no longer needed, takes nothing from a signature.
    Raises the errors below `SignatureRefused`, `TooLarge` above 64 KiB, and the errors of `examine_key`.
    """
    with _gnupg(at) as gpg:
        signer = gpg.take(key)
        facts = _signature_facts(gpg.check(text, signature, signer), signer, at)
    if facts.text_mode and _UNSEEN.search(text):
        raise OverAnotherText(facts.signing_key[-16:])
    return facts


def seal_nonce(nonce: str, key: bytes, at: datetime) -> bytes:
    """A small armored message with nothing but this nonce, for the key's encryption subkey alone.

    Raises `NoEncryptionSubkey`, `WrongRecipients`, and the errors of `examine_key`.
    """
    sealed = bytearray()
    with _gnupg(at) as gpg:
        subkey = _subkey_of(gpg.take(key), at)
        gpg.encrypt(subkey, _ARMORED, [nonce.encode()], sealed.extend)
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
    with _gnupg(at) as gpg:
        subkey = _subkey_of(gpg.take(key), at)
        with draft_of(target) as draft, closing(tar.chunks()) as chunks:
            gpg.encrypt(subkey, _BINARY, chunks, draft.write)
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
    with opened(path) as message, _gnupg(_ANY_TIME) as gpg:
        start = message.read(MAX_ARMORED_BYTES)
        armored = len(start) < MAX_ARMORED_BYTES and not start[:1] > b"\x7f"
        return gpg.recipients(path, gpg.unarmored_message(path, start) if armored else message)


# How long gpg may neither take nor give anything. A compressed packet of a few kilobytes can keep it busy for hours.
_PATIENCE_SECONDS = 60.0
_ANY_TIME = datetime(2026, 1, 1, tzinfo=UTC)
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

# Uncompressed: that is five times faster, and data that need it come compressed.
_ENCRYPTING = ["--no-encrypt-to", "--no-throw-keyids", "--compress-algo", "none", "--cipher-algo", "AES256"]
_BINARY, _ARMORED = ["--no-armor"], ["--armor", "--no-comments", "--no-emit-version"]

_AES256 = "9"
# RFC 4880 sections 9.4 and 5.2.1
_DIGESTS = {"1": "MD5", "2": "SHA1", "3": "RIPEMD160", "8": "SHA256", "9": "SHA384", "10": "SHA512", "11": "SHA224"}
_TEXT = "01"
_DOCUMENTS = {"00", _TEXT}
# In text mode gpg doesn't see nulls or further carriage returns where a line ends, so they could come and go unnoticed.
_UNSEEN = re.compile(rb"\0|\r(?!\n)")
_PRIVATE_ARMOR = re.compile(rb"-----BEGIN [A-Z0-9 ]*PRIVATE KEY")

_TELLS_OF_NO_ROOM = (": No space left on device", ": Disk quota exceeded")
_TELLS_OF_TROUBLE = (": Input/output error", ": Permission denied", ": Read-only file system", " daemon running")
_SAYS_NOTHING = (" ", "Total number", "WARNING: running with faked", "keybox", "no gpg-agent")
_MAX_MESSAGE = 300
# gpg 2.2 takes no such key, and some builds of gpg 2.4 do.
_NOBODYS = "it has no user id that its owner has signed"


class _Said(NamedTuple):
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


class _GnuPG:
    """One GnuPG in a home of its own, with its clock stopped."""

    def __init__(self, home: Path, at: datetime) -> None:
        self._home, self._seconds = home, _seconds(at)
        self._environment = _environment(home)
        self._gpg = _wrapped(_program())

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
    ) -> _Said:
        """Run gpg on what `feed` gives; output goes to `sink`, or into the answer. However this ends, gpg has ended.

        Raises `GnuPGFailed` when something ended it, and `StoreFull` when it had no room.
        """
        output, messages, status = bytearray(), self.keep("messages", b""), self.keep("status", b"")
        ours = ["--homedir", str(self._home), "--status-file", str(status), "--faked-system-time", f"{self._seconds}!"]
        command, process = self._gpg.make_args([*ours, *arguments], False), None
        try:
            with undisturbed():
                process = self._started(task, command, messages)
            _converse(task, process, feed, sink or output.extend)
            code = process.wait(_PATIENCE_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise GnuPGFailed(task, "does not end") from error
        finally:
            with undisturbed():
                _end(process)
        told = _lines(messages)
        if full := [line for line in told if line.endswith(_TELLS_OF_NO_ROOM)]:
            raise StoreFull(self._home, full[0])
        if trouble := [line for line in told if line.endswith(_TELLS_OF_TROUBLE)]:
            raise GnuPGFailed(task, trouble[0])
        if code < 0:
            raise GnuPGFailed(task, f"was ended by signal {-code}")
        return _Said(code, _statuses(status), bytes(output), told[-1] if told else f"gpg ended with code {code}")

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

    def take(self, key: bytes) -> Listing:
        """The one public key in a file, which this GnuPG knows from then on."""
        if len(key) > MAX_KEY_BYTES:
            raise TooLarge("key", len(key), MAX_KEY_BYTES)
        if _PRIVATE_ARMOR.search(key):
            raise SecretKey
        packets, why = self._unarmored("key", key)
        created = creation_of_only_key(packets, why)
        # gpg takes no key from the future.
        self._seconds = max(self._seconds, created)
        said = self.run("reading a key", ["--import"], [packets])
        imported = said.told_to(gnupg.ImportResult(self._gpg))
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

    def check(self, text: bytes, signature: bytes, signer: Listing) -> _Said:
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
        result = said.told_to(gnupg.Crypt(self._gpg))
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
def _gnupg(at: datetime) -> Iterator[_GnuPG]:
    """A GnuPG with an empty home, which is gone afterwards."""
    home = None
    try:
        with undisturbed(), named_os_errors("a temporary folder"):
            home = mkdtemp(prefix="dua-gpg-")  # with mode 0700
        yield _GnuPG(Path(home), at)
    finally:
        with undisturbed():
            if home:
                shutil.rmtree(home)


def _end(process: "subprocess.Popen[bytes] | None") -> None:
    """Nothing is left of a process afterwards."""
    if process is None:
        return
    process.kill()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
    process.wait()


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


class _Input:
    """What gpg is fed, and how far it has got."""

    def __init__(self, feed: Iterable[bytes]) -> None:
        self._chunks, self._rest = iter(feed), memoryview(b"")

    def give(self, descriptor: int) -> bool:
        """Hand over as much as is taken at once; False when there is no more, or nobody who takes it."""
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return False
            self._rest = memoryview(chunk)
        try:
            self._rest = self._rest[os.write(descriptor, self._rest) :]
        except BrokenPipeError:
            # gpg ends early when it has seen enough, or too much: what it says tells which.
            return False
        return True


def _converse(
    task: str,
    process: "subprocess.Popen[bytes]",
    feed: Iterable[bytes],
    sink: Callable[[bytes], object],
) -> None:
    """Give a process its input and take its output as either side is ready: in one thread, so nothing can lock up."""
    stdin, stdout, given = process.stdin, process.stdout, _Input(feed)
    if stdin is None or stdout is None:
        raise ValueError("the process has no pipes")
    os.set_blocking(stdin.fileno(), False)
    with selectors.DefaultSelector() as ready:
        ready.register(stdin, selectors.EVENT_WRITE)
        ready.register(stdout, selectors.EVENT_READ)
        while ready.get_map():
            events = ready.select(_PATIENCE_SECONDS)
            if not events:
                raise GnuPGFailed(task, f"has neither taken nor given anything for {_PATIENCE_SECONDS:g} seconds")
            for event, _ in events:
                if event.fileobj is stdin:
                    if not given.give(event.fd):
                        ready.unregister(stdin)
                        stdin.close()
                elif chunk := os.read(event.fd, CHUNK_BYTES):
                    sink(chunk)
                else:
                    ready.unregister(stdout)


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


def _signature_facts(said: _Said, signer: Listing, at: datetime) -> SignatureFacts:
    """What gpg says of a signature that it has found good, if its key could make it then."""
    signing_key, _, signed, expires, _, _, _, digest, kind, key = (said.arguments("VALIDSIG") or [])[:10]
    signed_at = time_of(signed)
    if signed_at > at:
        raise SignedInFuture(signed_at.isoformat(), at.isoformat())
    if kind not in _DOCUMENTS:
        raise NotASignature(f"it is of type 0x{kind}, which signs something else than a document")
    parts = [part for part in signer.parts if part.fingerprint in (signing_key, key)]
    if said.arguments("REVKEYSIG") and not any(part.revocations for part in parts):
        raise GnuPGFailed("checking a signature", "calls its key revoked, and shows no revocation")
    for part in parts:
        revoked, expired = part.revoked, part.expires
        if revoked and not (revoked.spares_past and signed_at < revoked.at):
            raise ByRevokedKey(part.fingerprint, signed_at.isoformat(), revoked.at.isoformat(), revoked.reason)
        if expired and signed_at >= expired:
            raise ByExpiredKey(part.fingerprint, signed_at.isoformat(), expired.isoformat())
    return SignatureFacts(
        key=key,
        signing_key=signing_key,
        signed_at=signed_at,
        expires=None if expires == "0" else time_of(expires),
        digest=_DIGESTS.get(digest, f"digest {digest}"),
        text_mode=kind == _TEXT,
    )


def _seconds(at: datetime) -> int:
    """A time as OpenPGP and gpg count it. Raises `Malformed` for one without a zone, or that is out of their reach."""
    if at.utcoffset() is None:
        raise Malformed("time", at.isoformat(), "has no time zone")
    seconds = int(at.timestamp())
    if not 0 < seconds < 2**32:
        raise Malformed("time", at.isoformat(), "is outside the years 1970 to 2105, all that OpenPGP can write")
    return seconds
