"""The files of a packet: read without leaving its folder, and known by their first bytes.

A file is opened step by step from the folder, and no step may be a link; so nothing outside can be read, whatever
happens to the folder meanwhile.
"""

import codecs
import errno
import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from hashlib import sha256
from pathlib import Path, PurePosixPath

import msgspec

from ledger.custody import MAX_DOCUMENT_BYTES
from ledger.errors import Malformed

_SIGNATURES = {b"%PDF-": "application/pdf", b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}
_SUFFIXES = {".pdf": "application/pdf", ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg"}
_TEXT = "text/plain"
_FIRST_BYTES = 4096
_KEY = "application/pgp-keys"
_PUBLIC = b"-----BEGIN PGP PUBLIC KEY BLOCK-----"
_PRIVATE = b"-----BEGIN PGP PRIVATE KEY BLOCK-----"


class Unusable(Exception):
    """A file that cannot be a part of the packet."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(why)


class NotThere(Unusable):
    """A file that is not in the folder."""


class Document(msgspec.Struct, frozen=True):
    """A file of a packet as it was when it was checked."""

    folder: Path
    name: str
    media_type: str
    size: int
    sha256: str

    def content(self) -> bytes:
        """Its bytes. Raises `Malformed` when they are no longer what was checked."""
        try:
            content = read_inside(self.folder, self.name, MAX_DOCUMENT_BYTES)
        except Unusable as error:
            raise Malformed("document", self.name, error.why) from error
        if sha256(content).hexdigest() != self.sha256:
            raise Malformed("document", self.name, "changed after the packet had been checked")
        return content


def examine(folder: Path, name: str) -> Document:
    """The document of this name in a packet. Raises `Unusable`."""
    content = read_inside(folder, name, MAX_DOCUMENT_BYTES)
    if not content:
        raise Unusable("is empty")
    return _document(folder, name, content, media_type_of(content, name))


def examine_key(folder: Path, name: str) -> Document:
    """The public OpenPGP key of this name in a packet, in ASCII armor. Raises `Unusable`."""
    content = read_inside(folder, name, MAX_DOCUMENT_BYTES)
    if _PRIVATE in content:
        raise Unusable(
            "holds a private key, which nobody else may ever have: revoke it, and send the public key of another"
        )
    if not content.lstrip().startswith(_PUBLIC):
        raise Unusable("does not begin as a public key in ASCII armor does (gpg --armor --export)")
    return _document(folder, name, content, _KEY)


def read_inside(folder: Path, name: str, limit: int) -> bytes:
    """The bytes of a regular file in a folder, or below it. Raises `Unusable`."""
    with _named_errors(), ExitStack() as opened:
        file = _open_step_by_step(folder, _steps(name), opened)
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise Unusable("is not a regular file")
        with os.fdopen(file, "rb", closefd=False) as stream:
            content = stream.read(limit + 1)
    if len(content) > limit:
        raise Unusable(f"has more than the {limit:,} bytes allowed")
    return content


def _open_step_by_step(folder: Path, steps: list[str], opened: ExitStack) -> int:
    here = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    opened.callback(os.close, here)
    for step in steps:
        # Opening a pipe would wait for its writer without O_NONBLOCK.
        here = os.open(step, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=here)
        opened.callback(os.close, here)
    return here


def _document(folder: Path, name: str, content: bytes, media_type: str) -> Document:
    return Document(folder, name, media_type, len(content), sha256(content).hexdigest())


def _steps(name: str) -> list[str]:
    if "\\" in name:
        raise Unusable("has a backslash: folders and files are separated by /")
    steps = name.split("/")
    if not steps[0] or ".." in steps:
        raise Unusable("lies outside the packet's folder")
    return [step for step in steps if step not in ("", ".")]


@contextmanager
def _named_errors() -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotThere("is not in the packet's folder") from error
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise Unusable("is a symbolic link, or behind one") from error
        if error.errno == errno.ENXIO:
            raise Unusable("is not a regular file") from error
        raise Unusable(f"cannot be read: {error.strerror}") from error


def media_type_of(content: bytes, name: str) -> str:
    """What kind of document begins so. Raises `Unusable` for a kind that is not kept, or other than its name says."""
    found = next((kind for signature, kind in _SIGNATURES.items() if content.startswith(signature)), None)
    if found is None and _is_text(content[:_FIRST_BYTES]):
        found = _TEXT
    if found is None:
        raise Unusable("is neither PDF nor PNG, JPEG or text: its first bytes say so, whatever its name")
    suffix = PurePosixPath(name).suffix.lower()
    if _SUFFIXES.get(suffix, found) != found:
        raise Unusable(f"is named {suffix}, and begins as {found} does")
    return found


def _is_text(beginning: bytes) -> bool:
    try:
        # What was cut within a letter is no mistake.
        text = codecs.getincrementaldecoder("utf-8-sig")().decode(beginning)
    except UnicodeDecodeError:
        return False
    return not any((letter < " " and letter not in "\t\n\r\f") or letter == "\x7f" for letter in text)
