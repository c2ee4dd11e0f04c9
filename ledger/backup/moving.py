"""Moving house: all of an office taken from one home to another, whose parts are in files or in PostgreSQL.

    log                         byte for byte; the other store makes its tree and index anew, and its root must be equal
    key store, custody          row by row, still wrapped and encrypted; so what was erased stays so
    lock store                  every checkpoint and cosignature
    whatever else is there      as files: keys, witnesses, earlier logs, settings, packages that wait

What lies elsewhere than the home and its log, as a lock store on another disk, stays there unless it is told otherwise.
The new home gets its name when all is there and holds, just after the old one was told that it was left. Until then
nothing has changed: who was cut off calls again, and builds upon what a database holds by then.
"""

from collections.abc import Callable, Iterator
from itertools import chain, zip_longest
from pathlib import Path
from typing import NamedTuple

from ledger.backup.archive import copied_to
from ledger.chain.entry import Entry
from ledger.custody.copying import copy_custody
from ledger.drafts import draft_beside, moved_to
from ledger.errors import AlreadyThere, Damaged, Malformed, Unreachable
from ledger.evidence.lockstore import LockStore, create_lock_store, path_in
from ledger.evidence.stream import chunks_of
from ledger.files import named_os_errors, new_folder, sync_tree
from ledger.home import KEYS, LOCK, lock_store_url, name_lock_store, open_custody, open_lock_store, places, store_url
from ledger.home.entering import alone_in, check_unused, leave, left_for
from ledger.home.layout import KEY_STORE, LOCK_STORE, STORE, name_shared, named_in, not_as_files
from ledger.storage import is_postgres, open_store, without_password
from ledger.storage.moving import Moved, copy_log

Progress = Callable[[int, Iterator[Entry]], Iterator[Entry]]


class Elsewhere(NamedTuple):
    """The URLs of what is not to be in the new home's folder; None for what goes where the log goes."""

    store: str | None = None
    key_store: str | None = None
    lock_store: str | None = None


class Arrived(NamedTuple):
    """What is in the new home: the log, so many commitments that something is kept for, and so many checkpoints."""

    log: Moved
    kept: int
    checkpoints: int


def move_home(path: Path, to: Path, where: Elsewhere, check: Callable[[Path], None], progress: Progress) -> Arrived:
    """Make a home at `to` of all that belongs to that at `path`, and leave the old one: it records nothing any more.

    `check` is given the new home before it has its name, and raises unless all in it holds. Raises `Unreachable` while
    anybody works in the old one, `AlreadyThere`, `Damaged` where not all arrived, and what opening the two raises.
    """
    with alone_in(path), draft_beside(to) as draft:
        _check_may_leave(path, to)
        arrived = _furnish(path, draft, where, progress)
        check(draft)
        sync_tree(draft)
        _check_nothing_came(path, arrived)
        leave(path, to)
        moved_to(to, draft)
        return arrived


def _check_may_leave(path: Path, to: Path) -> None:
    """Raise unless a home is where its office is, or was just being left for this very place, and nobody uses it."""
    if left_for(path) not in (None, str(to)):
        raise AlreadyThere(left_for(path) or to, f"is where the office is that was in {path}")
    if is_postgres(store_url(path)):
        check_unused(store_url(path))


def _check_nothing_came(path: Path, arrived: Arrived) -> None:
    """Raise where something was recorded while the rest was on its way, as from another machine."""
    with open_store(store_url(path)) as store:
        if store.length() != arrived.log.size:
            raise Unreachable(path, "was written to meanwhile: stop the service in every home, and move again")


def _furnish(path: Path, draft: Path, where: Elsewhere, progress: Progress) -> Arrived:
    """Have a new folder, and what its URLs name, hold what a home does."""
    new_folder(draft / KEYS)
    _copy_files(path, draft, not_as_files)
    _name_places(path, draft, where)
    log = copy_log(store_url(path), store_url(draft), progress)
    copy_custody(places(path), places(draft), is_begun=log.copied < log.size)
    return Arrived(log, _compared_custody(path, draft), _copied_lock_store(path, draft))


def _copy_files(source: Path, target: Path, passed_over: Callable[[Path], bool], below: Path = Path()) -> None:
    with named_os_errors(source):
        for one in sorted((source / below).iterdir()):
            name = below / one.name
            if passed_over(name):
                continue
            if one.is_dir():
                if not (target / name).is_dir():
                    new_folder(target / name)
                _copy_files(source, target, passed_over, name)
            elif one.is_file():
                with one.open("rb") as file:
                    copied_to(target / name, chunks_of(file))


def _name_places(path: Path, draft: Path, where: Elsewhere) -> None:
    """Write into a new home where its parts are that are not in its folder."""
    store = where.store
    lock_store = where.lock_store or _elsewhere(path, path / KEYS / LOCK_STORE) or store
    if store is not None:
        name_shared(draft, store, where.key_store or _elsewhere(path, path / KEYS / KEY_STORE) or store)
    elif where.key_store is not None:
        what = without_password(where.key_store)
        raise Malformed("key store", what, "can be there only with a store that nodes share")
    if lock_store is None:
        new_folder(draft / LOCK)
    else:
        name_lock_store(draft, lock_store)


def _elsewhere(path: Path, file: Path) -> str | None:
    """The URL in a file of a home; None for that of its log, with which it moves."""
    url = named_in(file)
    return None if url == named_in(path / STORE) else url


def _compared_custody(path: Path, draft: Path) -> int:
    """How many commitments something is kept for. Raises `Damaged` unless they are the same in both homes."""
    count = 0
    with open_custody(path) as one, open_custody(draft) as other:
        for ours, theirs in zip_longest(one.commitments(), other.commitments()):
            if ours != theirs:
                kept = ours or theirs
                raise Damaged(draft, f"what is kept for {kept and kept.commitment} is not the same in both homes")
            count += 1
    return count


def _copied_lock_store(path: Path, draft: Path) -> int:
    """Copy the lock store, unless it stays; gives how many checkpoints there are. Raises `Damaged`, `AlreadyThere`."""
    url = lock_store_url(draft)
    if url != lock_store_url(path):
        if not is_postgres(url) and not path_in(url).exists():
            create_lock_store(url)
        with open_lock_store(path) as one, open_lock_store(draft) as other:
            other.take_in(one)
            if any(ours != theirs for ours, theirs in zip_longest(_signed(one), _signed(other))):
                raise Damaged(draft, "what was signed is not the same in both homes")
    with open_lock_store(draft) as other:
        return sum(1 for _ in other.all())


def _signed(lock: LockStore) -> Iterator[object]:
    """All that is in a lock store."""
    return chain(lock.all(), *(lock.cosignatures(witness) for witness in lock.witnesses()))
