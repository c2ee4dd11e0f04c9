"""Drafts: a folder beside what is being made, which whoever comes next clears away when its maker was killed."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ledger.custody.files import named_os_errors, new_folder, sync_folder
from ledger.errors import AlreadyThere, Busy

ENDING = ".draft"


def draft_of(path: Path) -> Path:
    """Where the draft of what is to be at `path` lies."""
    return path.with_name(f".{path.name}{ENDING}")


@contextmanager
def draft_beside(path: Path) -> Iterator[Path]:
    """A new folder beside `path` for one process at a time, which is gone when the block ends, unless it was moved.

    Raises `Busy` while another process has it, `AlreadyThere` when something is at `path`, `Unreachable`, `StoreFull`.
    """
    if path.exists() or path.is_symlink():
        raise AlreadyThere(path)
    draft = draft_of(path)
    with suppress(AlreadyThere):
        new_folder(draft)
    with named_os_errors(draft):
        descriptor = os.open(draft, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Busy(draft, 0) from error
        try:
            _empty(draft)
            yield draft
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    finally:
        os.close(descriptor)


def left_behind(folder: Path) -> list[Path]:
    """The drafts in a folder whose makers were killed, as far as one may look."""
    with suppress(OSError):
        return [draft for draft in sorted(folder.glob(f".*{ENDING}")) if _is_left(draft)]
    return []


def _is_left(draft: Path) -> bool:
    if draft.is_symlink() or not draft.is_dir():
        return False
    descriptor = os.open(draft, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def moved_to(path: Path, draft: Path) -> None:
    """Give what was made its name, on disk when this returns. Nothing that is there is replaced but an empty folder."""
    with named_os_errors(path):
        if draft.is_dir():
            draft.rename(path)
        else:
            os.link(draft, path)
    sync_folder(path.parent)


def _empty(folder: Path) -> None:
    """Remove what somebody left there who was killed."""
    with named_os_errors(folder):
        for left in folder.iterdir():
            if left.is_dir() and not left.is_symlink():
                shutil.rmtree(left)
            else:
                left.unlink()
