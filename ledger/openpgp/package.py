"""What is in a package: a tar of some files, made a piece at a time."""

import os
import re
import tarfile
from collections.abc import Callable, Generator, Iterator, Sequence
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import IO
from unicodedata import normalize

from ledger.files import named_os_errors, open_regular
from ledger.openpgp.errors import PackageRefused, SourceChanged, UnsafeName
from ledger.openpgp.facts import PackedFile

CHUNK_BYTES = 64 * 1024

Progress = Callable[[int], None]

_MAX_NAME_BYTES = 200
_UNSAFE = re.compile(r'[/\\:*?"<>|]')
_DEVICE = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)


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


def opened(path: Path) -> IO[bytes]:
    """A regular file, open to be read. Raises `Unreachable`."""
    with named_os_errors(path):
        return open_regular(path)
