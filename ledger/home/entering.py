"""Who is in a home: any number who work there, or one who moves out of it with all that is in it.

Both hold a lock on its folder, which goes with the process that holds it, however that ends. A home that was left has a
file in it which says where the office is now.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

from ledger.errors import NotALedger, Unreachable
from ledger.files import named_os_errors, new_file, sync_folder
from ledger.home.layout import MOVED
from ledger.storage import others_at, without_password

# A connection that was closed just now may be counted for a moment.
SECONDS = 5.0
PAUSE = 0.05


@contextmanager
def inside(path: Path) -> Iterator[None]:
    """Be one of those who work in a home. Raises `NotALedger` for one that was left, `Unreachable` while it is."""
    with _locked(path, fcntl.LOCK_SH, "is not to be used at this moment: it is moved, or its keys are wrapped anew"):
        check_not_left(path)
        yield


@contextmanager
def alone_in(path: Path) -> Iterator[None]:
    """Be the only one in a home. Raises `Unreachable` while anybody works there."""
    with _locked(path, fcntl.LOCK_EX, "is in use: stop its service first, and whatever else works in it"):
        yield


def check_not_left(path: Path) -> None:
    """Raise `NotALedger` for a home whose office is elsewhere now."""
    to = left_for(path)
    if to is not None:
        raise NotALedger(path, f"was left for {to}, where the office is now, or `dua-ledger move-house` takes it")


def left_for(path: Path) -> str | None:
    """Where the office is that was in a home; None while it is there."""
    file = path / MOVED
    with named_os_errors(file):
        return os.fsdecode(file.read_bytes()).removesuffix("\n") if file.is_file() else None


def leave(path: Path, to: Path) -> None:
    """Have a home know, on disk when this returns, that its office is elsewhere now."""
    (path / MOVED).unlink(missing_ok=True)
    new_file(path / MOVED, os.fsencode(f"{to}\n"))
    sync_folder(path)


def check_unused(url: str) -> None:
    """Raise `Unreachable` while anybody uses the PostgreSQL database at a URL, from whichever machine."""
    until = monotonic() + SECONDS
    while others := others_at(url):
        if monotonic() > until:
            why = f"is in use by {others} other connections: stop the service in every home of the office first"
            raise Unreachable(without_password(url), why)
        sleep(PAUSE)


@contextmanager
def _locked(path: Path, how: int, otherwise: str) -> Iterator[None]:
    with named_os_errors(path):
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(descriptor, how | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Unreachable(path, otherwise) from error
        yield
    finally:
        os.close(descriptor)
