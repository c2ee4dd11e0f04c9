"""Whether a home is closed to others: who may write to its folders puts another file or key in the place of one."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from stat import S_IMODE

from ledger.errors import Unreachable
from ledger.evidence.lockstore import path_in
from ledger.files import check_used_by_owner, check_written_by_owner
from ledger.home.layout import DOCUMENTS, KEYS, KEYS_FILE, LOCK, LOG, VAULT, VIEWS, lock_store_url
from ledger.storage import is_postgres


def check_closed(path: Path) -> None:
    """Raise `Unreachable` for a home to which others than its owner may write, or whose keys they may use."""
    for error in open_to_others(path):
        raise error


def open_to_others(path: Path) -> Iterator[Unreachable]:
    """What of a home is open to others than its owner, and how to close it."""
    for one, check in _parts(path):
        try:
            # What cannot be looked at is named by whoever needs it.
            with suppress(OSError):
                check(one, S_IMODE(one.stat().st_mode))
        except Unreachable as error:
            yield error


def _parts(path: Path) -> Iterator[tuple[Path, Callable[[Path, int], None]]]:
    for name in ("", KEYS, LOCK, DOCUMENTS, LOG, VAULT, VIEWS):
        yield path / name, check_written_by_owner
    lock_store = lock_store_url(path)
    if not is_postgres(lock_store):
        yield path_in(lock_store), check_written_by_owner
    yield path / KEYS / KEYS_FILE, check_used_by_owner
