"""Whether a home is closed to others: who may write to its folders puts another file or key in the place of one."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from ledger.errors import Unreachable
from ledger.evidence.lockstore import path_in
from ledger.files import named_os_errors
from ledger.home.layout import DOCUMENTS, KEYS, KEYS_FILE, LOCK, LOG, VAULT, VIEWS, lock_store_url
from ledger.storage import is_postgres

_WRITTEN_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH
_USED_BY_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def check_closed(path: Path) -> None:
    """Raise `Unreachable` for a home to which others than its owner may write, or whose keys they may read."""
    for error in open_to_others(path):
        raise error


def open_to_others(path: Path) -> Iterator[Unreachable]:
    """What of a home is open to others than its owner, and how to close it."""
    for one in (path, *(path / name for name in (KEYS, LOCK, DOCUMENTS, LOG, VAULT, VIEWS)), *_lock_file(path)):
        yield from _looked_at(one, _WRITTEN_BY_OTHERS, "write to", "go-w")
    yield from _looked_at(path / KEYS / KEYS_FILE, _USED_BY_OTHERS, "use", "go-rwx")


def _lock_file(path: Path) -> Iterator[Path]:
    url = lock_store_url(path)
    if not is_postgres(url):
        yield path_in(url)


def _looked_at(one: Path, wrong: int, what: str, right: str) -> Iterator[Unreachable]:
    with named_os_errors(one):
        mode = stat.S_IMODE(one.stat().st_mode) if one.exists() else 0
    # Where nothing can be written, as on a read-only medium, a mode says nothing.
    if mode & wrong and os.access(one, os.W_OK):
        yield Unreachable(one, f"others than its owner may {what} it (mode {mode:04o}): chmod {right} {one}")
