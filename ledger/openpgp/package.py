"""The file that a package is: a tar of some files, made a piece at a time, and the place where it appears."""

import errno
import os
import re
import signal
import stat
import tarfile
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from tempfile import mkstemp
from typing import IO
from unicodedata import normalize

from ledger.errors import (
    AlreadyThere,
    PackageRefused,
    SourceChanged,
    StoreFull,
    Unreachable,
    UnsafeName,
)
from ledger.openpgp.facts import PackedFile

CHUNK_BYTES = 64 * 1024

Progress = Callable[[int], None]

_MAX_NAME_BYTES = 200
_UNSAFE = re.compile(r'[/\\:*?"<>|]')
_DEVICE = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class Tar:
    """A tar of some files, made a piece at a time, with what it came to."""

    def __init__(self, files: Sequence[tuple[str, Path]], at: datetime, progress: Progress) -> None:
        self._files, self._seconds, self._progress = files, int(at.timestamp()), progress
        self.packed: list[PackedFile] = []
        self.size, self.digest = 0, sha256()

    def chunks(self) -> Generator[bytes, None, None]:
        """All of it, once. Raises `SourceChanged` rather than give what isn't a file as it was at one time."""
        for chunk in self._pieces():
            self.size += len(chunk)
            self.digest.update(chunk)
            yield chunk

    def _pieces(self) -> Iterator[bytes]:
        for name, path in self._files:
            with opened(path) as file:
                yield from self._file(name, path, file)
        # Two empty blocks end a tar, and more of them fill its last record.
        end = 2 * tarfile.BLOCKSIZE
        yield bytes(end + -(self.size + end) % tarfile.RECORDSIZE)

    def _file(self, name: str, path: Path, file: IO[bytes]) -> Iterator[bytes]:
        before, digest = os.fstat(file.fileno()), sha256()
        left = before.st_size
        yield self._header(name, left)
        while left:
            with named_os_errors(path):
                chunk = file.read(min(left, CHUNK_BYTES))
            if not chunk:
                raise SourceChanged(path, "became shorter while it was packed")
            digest.update(chunk)
            left -= len(chunk)
            yield chunk
            self._progress(len(chunk))
        after = os.fstat(file.fileno())
        if (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
            raise SourceChanged(path, "was written to while it was packed")
        yield bytes(-before.st_size % tarfile.BLOCKSIZE)
        self.packed.append(PackedFile(name, before.st_size, digest.hexdigest()))

    def _header(self, name: str, size: int) -> bytes:
        header = tarfile.TarInfo(name)
        header.size, header.mtime, header.mode = size, self._seconds, 0o600
        return header.tobuf(tarfile.PAX_FORMAT, "utf-8", "strict")


def check_names(names: Sequence[str]) -> None:
    """Raise `UnsafeName` unless these are plain names of different files, wherever the package is opened."""
    if not names:
        raise PackageRefused("a package without a file is none")
    seen: dict[str, str] = {}
    for name in names:
        if why := _harm_in(name):
            raise UnsafeName(name, why)
        # Windows and macOS don't tell upper from lower case, macOS not two ways to write an accent.
        same = normalize("NFC", normalize("NFC", name).casefold())
        if same in seen:
            raise UnsafeName(name, f"where case or accents don't count, {seen[same]!a} has the same name")
        seen[same] = name


def _harm_in(name: str) -> str:
    if not name.isprintable():
        return "it is not made of printable characters alone"
    if _UNSAFE.search(name):
        return "it has a character with a meaning of its own in some system"
    if name in ("", ".", "..") or name != name.strip(" .-~"):
        return "it is empty, or begins or ends with a space, dot, hyphen or tilde"
    if _DEVICE.fullmatch(name):
        return "it is the name of a device on Windows"
    return f"it is longer than {_MAX_NAME_BYTES} bytes" if len(name.encode()) > _MAX_NAME_BYTES else ""


class Draft:
    """The file that becomes the package, beside the place where it will be."""

    def __init__(self, descriptor: int, path: str) -> None:
        self.path, self._descriptor, self._open = Path(path), descriptor, True
        self.size, self.digest = 0, sha256()

    def write(self, chunk: bytes) -> None:
        """Write a chunk."""
        self.size += len(chunk)
        self.digest.update(chunk)
        rest = memoryview(chunk)
        with named_os_errors(self.path):
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]

    def put(self, target: Path) -> None:
        """Have it at its place too, durably."""
        os.fsync(self._descriptor)
        # A link, unlike a rename, never takes the place of what is there.
        os.link(self.path, target)
        try:
            _sync_folder(target.parent)
        except OSError:
            target.unlink()
            raise

    def remove(self) -> None:
        """Leave nothing of it at its first place, the first time that this is asked."""
        if self._open:
            os.close(self._descriptor)
            self._open = False
            self.path.unlink(missing_ok=True)


@contextmanager
def draft_of(target: Path) -> Iterator[Draft]:
    """A new file that takes its place when the block ends well, and is removed when it doesn't."""
    with named_os_errors(target):
        if os.path.lexists(target):
            raise AlreadyThere(target)
    draft = None
    try:
        with undisturbed(), named_os_errors(target):
            draft = Draft(*mkstemp(prefix=".dua-ledger-", suffix=".part", dir=target.parent))  # with mode 0600
        yield draft
        with undisturbed(), named_os_errors(target):
            draft.put(target)
            draft.remove()
    finally:
        with undisturbed():
            if draft is not None:
                draft.remove()


def _sync_folder(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def opened(path: Path) -> IO[bytes]:
    """A regular file, open to be read. Raises `Unreachable`."""
    with named_os_errors(path):
        # Opening a pipe would wait for its writer without O_NONBLOCK.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            return os.fdopen(descriptor, "rb", buffering=0)
        os.close(descriptor)
    raise Unreachable(path, "is no regular file")


@contextmanager
def named_os_errors(path: Path | str) -> Iterator[None]:
    """Raise what the operating system says of `path` under the ledger's names."""
    try:
        yield
    except FileExistsError as error:
        raise AlreadyThere(path) from error
    except OSError as error:
        why = error.strerror or str(error)
        raise (StoreFull if error.errno in _NO_ROOM else Unreachable)(path, why) from error


@contextmanager
def undisturbed() -> Iterator[None]:
    """Hold Ctrl-C back while something is made or removed, so that nothing is made and forgotten."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    try:
        # A signal that came just before is told of here, when it is held back already.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
