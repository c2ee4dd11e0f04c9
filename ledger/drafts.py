"""Drafts: a folder beside what is being made, which whoever comes next clears away when its maker was killed."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ledger.errors import AlreadyThere, Busy
from ledger.files import named_os_errors, new_folder, sync_folder

ENDING = ".draft"
# In a database, where the next to come can't tell it from what is in use: it opens nothing any more, and holds nothing.
OR_CUT_OFF = "; if only by an init that was cut off, drop the database and prepare it anew"


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
    with draft_for(path) as draft:
        yield draft


@contextmanager
def made_whole(path: Path) -> Iterator[Path]:
    """A new folder that takes its place at `path` when the block ends well, and is gone with all in it when not.

    Folders above it are made. Raises as `draft_beside` does; an empty folder at `path` is nothing.
    """
    # What a link names is made where the link points to.
    path = Path(os.path.realpath(path))
    with named_os_errors(path):
        if not _is_free(path):
            raise AlreadyThere(path)
        made = [folder for folder in path.parents if not folder.exists()]
        path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with draft_for(path) as draft:
            # Who holds the draft would be in the way of whoever works in what is made.
            inner = draft / path.name
            new_folder(inner)
            yield inner
            moved_to(path, inner)
    except BaseException:
        for folder in made:
            with suppress(OSError):
                folder.rmdir()
        raise


def left_behind(folder: Path) -> list[Path]:
    """The drafts in a folder whose makers were killed and left something in them, as far as one may look."""
    with suppress(OSError):
        return [draft for draft in sorted(folder.glob(f".*{ENDING}")) if _is_left(draft)]
    return []


@contextmanager
def draft_for(path: Path) -> Iterator[Path]:
    """The draft of what is or is to be at `path`, empty, for one process at a time; it is gone when the block ends."""
    draft = draft_of(path)
    with named_os_errors(path):
        with suppress(FileExistsError):
            draft.mkdir(mode=0o700)
        descriptor = os.open(draft, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        _take(descriptor, draft)
        try:
            _empty(draft)
            yield draft
        finally:
            # What was moved from there may have been followed by the draft of another process.
            if _is_at(descriptor, draft):
                shutil.rmtree(draft, ignore_errors=True)
    finally:
        os.close(descriptor)


def _take(descriptor: int, draft: Path) -> None:
    """Have the draft for this process. Raises `Busy` while another has it, or when it was just moved."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise Busy(draft, 0) from error
    if not _is_at(descriptor, draft):
        raise Busy(draft, 0)


def _is_at(descriptor: int, path: Path) -> bool:
    """Whether an open folder is the one at `path`."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat(follow_symlinks=False))
    except FileNotFoundError:
        return False


def _is_free(path: Path) -> bool:
    """Whether nothing is at `path`, or an empty folder. Raises `OSError` where nothing can be."""
    try:
        path.stat()
    except FileNotFoundError:
        return True
    return path.is_dir() and not any(path.iterdir())


def _is_left(draft: Path) -> bool:
    if draft.is_symlink() or not draft.is_dir() or not any(draft.iterdir()):
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
