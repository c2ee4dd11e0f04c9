"""A tar file whose bytes follow from its members, written and read as a stream.

    <member>...        in the order in which they were added, each with mode 0600 and without times and owners
    SHA256SUMS         of all members before it, in this order, as `sha256sum --check` reads it
    1,024 zero bytes

A header says nothing but name and size, and is read only if it is written so; with the sums no bit can change without
being noticed.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from tarfile import GNU_FORMAT, HeaderError, TarInfo
from typing import IO, NamedTuple

from ledger.backup.errors import BackupAltered, NotABackup
from ledger.files import named_os_errors

SUMS = "SHA256SUMS"
CHUNK_BYTES = 256 * 1024

_BLOCK = 512
_END = bytes(2 * _BLOCK)
_MAX_SUMS_BYTES = 2**30


class Member(NamedTuple):
    """A file in an archive; whoever does not read its content has it skipped."""

    name: str
    size: int
    content: Iterator[bytes]


class ArchiveWriter:
    """Adds members to a file that was opened for writing, one after the other."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._sums: list[bytes] = []

    def add(self, name: str, content: bytes) -> None:
        """Add a member with this content."""
        self.stream(name, len(content), [content])

    def stream(self, name: str, size: int, chunks: Iterable[bytes]) -> None:
        """Add a member of so many bytes, which come in chunks. Raises `BackupAltered` when they are not so many."""
        digest = self._write(name, size, chunks)
        self._sums.append(_sum(digest, name))

    def finish(self) -> None:
        """Add the sums, and the end."""
        sums = b"".join(self._sums)
        self._write(SUMS, len(sums), [sums])
        self._file.write(_END)

    def _write(self, name: str, size: int, chunks: Iterable[bytes]) -> str:
        self._file.write(_header(name, size))
        digest, written = sha256(), 0
        for chunk in chunks:
            digest.update(chunk)
            written += self._file.write(chunk)
        if written != size:
            raise BackupAltered(name, f"had {size:,} bytes, and {written:,} when it was copied")
        self._file.write(bytes(-size % _BLOCK))
        return digest.hexdigest()


def read_members(path: Path, file: IO[bytes]) -> Iterator[Member]:
    """The members of an archive, each to be read before the next; that all is as written is known at the end.

    Raises `NotABackup` for what does not begin as one, and `BackupAltered`.
    """
    sums: list[bytes] = []
    while True:
        name, size = _read_header(path, file, first=not sums)
        if name == SUMS:
            _check_end(path, file, size, b"".join(sums))
            return
        digest = sha256()
        content = _content(path, file, size, digest.update)
        yield Member(name, size, content)
        for _ in content:
            pass
        sums.append(_sum(digest.hexdigest(), name))


@contextmanager
def new_for_its_owner(path: Path) -> Iterator[IO[bytes]]:
    """A new file to write to, with mode 0600. It need not be on disk when the block ends. Raises as `new_file` does."""
    with named_os_errors(path):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            yield file


def copied_to(target: Path, content: Iterable[bytes]) -> None:
    """Write a new file, chunk by chunk. Raises as `new_for_its_owner` does."""
    with new_for_its_owner(target) as file:
        for chunk in content:
            file.write(chunk)


def _sum(digest: str, name: str) -> bytes:
    return f"{digest}  {name}\n".encode()


def _header(name: str, size: int) -> bytes:
    described = TarInfo(name)
    described.size, described.mode = size, 0o600
    return described.tobuf(GNU_FORMAT)


def _read_header(path: Path, file: IO[bytes], *, first: bool) -> tuple[str, int]:
    raw = file.read(_BLOCK)
    try:
        found = TarInfo.frombuf(raw, "ascii", "strict")
        if _header(found.name, found.size) == raw:
            return found.name, found.size
    except (HeaderError, ValueError):
        pass
    if first:
        raise NotABackup(path, "is no backup of a ledger, or begins otherwise than it was written")
    raise BackupAltered(path, "was altered, or cut off: what stands between two files in it is not as it was written")


def _content(path: Path, file: IO[bytes], size: int, take: Callable[[bytes], object]) -> Iterator[bytes]:
    left = size
    while left:
        chunk = file.read(min(left, CHUNK_BYTES))
        if not chunk:
            raise BackupAltered(path, "was cut off")
        take(chunk)
        left -= len(chunk)
        yield chunk
    if any(file.read(-size % _BLOCK)):
        raise BackupAltered(path, "was altered behind the end of a file in it")


def _check_end(path: Path, file: IO[bytes], size: int, expected: bytes) -> None:
    if size != len(expected) or size > _MAX_SUMS_BYTES:
        raise BackupAltered(path, f"was altered: {SUMS} is not for the files in it")
    found = b"".join(_content(path, file, size, len))
    if found != expected:
        differing = [line.split()[1].decode() for line in expected.splitlines() if line not in found.splitlines()]
        raise BackupAltered(path, f"was altered: {SUMS} does not hold for {', '.join(differing[:3]) or 'its order'}")
    if file.read(len(_END) + 1) != _END:
        raise BackupAltered(path, "was altered, or cut off, at its end")
