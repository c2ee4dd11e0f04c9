"""Files that only their owner may read, written so that they survive a power cut."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ledger.errors import AlreadyThere, StoreFull, Unreachable

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


def new_file(path: Path, content: bytes) -> None:
    """Write a new file with mode 0600, and wait until it is on disk; its folder's entry may not be there yet.

    The mode is given at creation, so there is no moment at which others can open it. What could not be written whole
    is removed. Raises `AlreadyThere`, `StoreFull`, `Unreachable`.
    """
    with named_os_errors(path):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(descriptor)
        except BaseException:
            path.unlink()
            raise


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
