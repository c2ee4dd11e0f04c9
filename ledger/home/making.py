"""Making a home: whole or not at all."""

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from eventsourcing.dcb.api import DCBQuery, DCBQueryItem

from ledger.chain.note import check_key_name, open_note, parse_vkey, verifier_key
from ledger.codec import Fact
from ledger.custody import Custody
from ledger.drafts import OR_CUT_OFF, made_whole
from ledger.errors import AlreadyThere, Conflict, LedgerError, Malformed
from ledger.events import LedgerOpened
from ledger.evidence.lockstore import NOTHING, LockStore, create_lock_store, remove_lock_store
from ledger.files import new_folder, sync_folder
from ledger.home.keyfiles import keep_log_key
from ledger.home.layout import (
    KEYS,
    LOCK,
    STORE,
    check_shared,
    lock_store_url,
    name_lock_store,
    name_shared,
    places,
    store_url,
)
from ledger.home.opening import SECRETS, open_home, open_key_store
from ledger.log import Ledger, Reading
from ledger.storage import create_store, open_store, utc_now, without_password
from ledger.storage.port import Clock

_ORIGIN = re.compile(r"(?!.*://)[!-~]{1,150}")


def create_home(
    path: Path,
    origin: str,
    *,
    actor: str,
    via: str,
    clock: Clock = utc_now,
    lock_store: str | None = None,
    store: str | None = None,
    key_store: str | None = None,
) -> str:
    """Make a ledger home with its first entry, signed, whole or not at all; gives the log's verifier key.

    With `lock_store` the lock store is made there, not in the home. With `store` log and custody are in the PostgreSQL
    database at this URL, which holds an empty ledger, and so are key store and lock store, unless others are given; the
    first entry is written last of all, and stays when it is the signing that fails. Raises `AlreadyThere` when
    something is at `path` (an empty folder is nothing) or there, `Malformed` for an unusable origin or URL,
    `Unreachable` or `StoreFull` when there can be no folder at `path`.
    """
    check_origin(origin)
    key = Ed25519PrivateKey.generate()
    vkey = verifier_key(origin, key.public_key().public_bytes_raw())
    opened = Fact(event=LedgerOpened(origin=origin, log_key=vkey), actor=actor, via=via)
    if store is not None:
        check_shared("store", store)
        _check_empty(store)
        lock_store = lock_store or store
    elif key_store is not None:
        raise Malformed("key store", without_password(key_store), "can be there only with a store that nodes share")
    with _lock_store_at(lock_store, vkey), made_whole(path) as draft, ExitStack() as undo:
        new_folder(draft / KEYS)
        if store is not None:
            name_shared(draft, store, key_store or store)
        _furnish(draft, key, clock, lock_store, undo)
        with open_home(draft, clock) as home:
            _open_log_with(home.ledger, opened)
            home.notary.checkpoint()
        undo.pop_all()
    return vkey


def _check_empty(url: str) -> None:
    """Raise unless the database at this URL holds an empty ledger."""
    with open_store(url) as store:
        if store.length():
            raise AlreadyThere(without_password(url), f"has a ledger in it already{OR_CUT_OFF}")


def _open_log_with(ledger: Ledger, opened: Fact) -> None:
    """Record the first entry, unless somebody else has."""
    nothing = Reading((), 0, DCBQuery([DCBQueryItem()]), None)
    try:
        ledger.append([opened], nothing)
    except Conflict as error:
        raise AlreadyThere("the database", "has a ledger in it already") from error


def check_origin(origin: str) -> None:
    """Raise `Malformed` for what no log can be called."""
    check_key_name(origin)
    if not _ORIGIN.fullmatch(origin):
        why = "is not a URL without scheme of at most 150 ASCII letters, such as ir.example.edu/dua-ledger"
        raise Malformed("origin", origin, why)


@contextmanager
def _lock_store_at(url: str | None, vkey: str) -> Iterator[None]:
    """A lock store outside the home, if there is to be one, which is removed when the block does not end well."""
    if url is None:
        yield
        return
    create_lock_store(url)
    try:
        yield
    except BaseException:
        if not _is_taken(url, vkey):
            remove_lock_store(url)
        raise


def _is_taken(url: str, vkey: str) -> bool:
    """Whether another log has signed into a lock store, which was empty when both were being made."""
    with suppress(LedgerError), LockStore(url) as lock:
        last = lock.last()
        if last != NOTHING:
            open_note(last.note, [parse_vkey(vkey)])
        return False
    return True


def _furnish(folder: Path, log_key: Ed25519PrivateKey, clock: Clock, lock_store: str | None, undo: ExitStack) -> None:
    """Make what a home has; what is not in its folder goes, with `undo`, where it is not to stay."""
    keep_log_key(folder, log_key)
    Custody.create(places(folder), clock, secrets=SECRETS).close()
    undo.callback(_discard_keys, folder)
    if not (folder / STORE).is_file():
        create_store(store_url(folder))
    if lock_store is None:
        new_folder(folder / LOCK)
        create_lock_store(lock_store_url(folder))
    else:
        name_lock_store(folder, lock_store)
    sync_folder(folder / KEYS)


def _discard_keys(folder: Path) -> None:
    # Why there is no home is what people have to be told.
    with suppress(LedgerError):
        open_key_store(folder).discard()
