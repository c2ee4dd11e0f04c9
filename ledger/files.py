"""Files and folders, for their owner alone if nothing else is said: made new, read whole, brought to disk."""

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ledger.errors import AlreadyThere, StoreFull, Unreachable

_CHUNK_BYTES = 256 * 1024
_OWNERS = 0o600
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


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


def new_file(path: Path, content: bytes, mode: int = _OWNERS) -> None:
    """Write a new file with this mode, as far as the umask leaves it, and wait until it is on disk.

    Its folder's entry may not be there yet. What could not be written whole is removed. Raises as `new_for_its_owner`.
    """
    with _new(path, mode) as file:
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        except BaseException:
            path.unlink()
            raise


@contextmanager
def new_for_its_owner(path: Path) -> Iterator[IO[bytes]]:
    """A new file to write to, with mode 0600. It need not be on disk when the block ends.

    The mode is given at creation, so there is no moment at which others can open it. Raises `AlreadyThere`,
    `StoreFull`, `Unreachable`.
    """
    with _new(path, _OWNERS) as file:
        yield file


@contextmanager
def _new(path: Path, mode: int) -> Iterator[IO[bytes]]:
    with named_os_errors(path):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
        with os.fdopen(descriptor, "wb") as file:
            yield file


def check_free(path: Path) -> None:
    """Raise `AlreadyThere` when something is where a file is to be, `Unreachable` when none can be there."""
    with named_os_errors(path):
        path.parent.stat()
        if path.is_symlink() or path.exists():
            raise AlreadyThere(path)
        if not os.access(path.parent, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))


def copied_to(target: Path, content: Iterable[bytes]) -> None:
    """Write a new file, chunk by chunk. Raises as `new_for_its_owner` does."""
    with new_for_its_owner(target) as file:
        for chunk in content:
            file.write(chunk)


def chunks_of(file: IO[bytes]) -> Iterator[bytes]:
    """All that is left in a file, piece by piece."""
    while chunk := file.read(_CHUNK_BYTES):
        yield chunk


def open_regular(path: Path, flags: int = 0) -> IO[bytes]:
    """A regular file, open to be read. Raises `OSError`, with EINVAL for another kind."""
    # Opening a pipe would wait for its writer without O_NONBLOCK.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | flags)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return os.fdopen(descriptor, "rb")
    os.close(descriptor)
    raise OSError(errno.EINVAL, "is no regular file", str(path))


def read_regular(path: Path, limit: int, flags: int = 0) -> tuple[bytes, int]:
    """At most `limit` bytes of a regular file, with its mode. Raises as `open_regular` does."""
    with open_regular(path, flags) as file:
        return file.read(limit), stat.S_IMODE(os.fstat(file.fileno()).st_mode)


def check_used_by_owner(path: Path, mode: int) -> None:
    """Raise `Unreachable` for a file with a mode by which others than its owner may use it."""
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise Unreachable(path, f"others than its owner may use it (mode {mode:04o}): chmod 600 {path}")


def check_written_by_owner(path: Path, mode: int) -> None:
    """Raise `Unreachable` for a file or folder with a mode by which others than its owner may write to it.

    Where nothing can be written, as on a read-only medium, a mode says nothing.
    """
    if mode & (stat.S_IWGRP | stat.S_IWOTH) and os.access(path, os.W_OK):
        raise Unreachable(path, f"others than its owner may write to it (mode {mode:04o}): chmod go-w {path}")


def new_folder(path: Path) -> None:
    """Make a folder with mode 0700. Raises `AlreadyThere`, `StoreFull`, `Unreachable`."""
    with named_os_errors(path):
        path.mkdir(mode=0o700)


def sync_folder(path: Path) -> None:
    """Wait until the names in a folder are on disk: a file is durable only when its name is (fsync(2))."""
    with named_os_errors(path):
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def sync_tree(folder: Path) -> None:
    """Wait until all that is in a folder, and below it, is on disk."""
    with named_os_errors(folder):
        for place, _, names in os.walk(folder):
            for name in names:
                descriptor = os.open(Path(place) / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
                try:
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)
            sync_folder(Path(place))
