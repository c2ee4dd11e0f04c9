"""Opening a home, whole or a part of it alone."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from ledger.custody import LOOKUP_KEY, Custody
from ledger.custody.keystore import KeyStore
from ledger.errors import Damaged, NotALedger, Unreachable
from ledger.evidence.lockstore import LockStore
from ledger.evidence.notary import Notary
from ledger.files import named_os_errors
from ledger.home.closed import check_closed
from ledger.home.entering import inside
from ledger.home.keyfiles import read_log_keys
from ledger.home.layout import LOG, PUBLISHED, STORE, lock_store_url, places, store_url
from ledger.log import Ledger
from ledger.storage import Store, is_postgres, open_store, utc_now
from ledger.storage.port import Clock

WISH_KEY = "wishes"
SECRETS = (WISH_KEY, LOOKUP_KEY)
_AS_WHO_ACTS = os.access in os.supports_effective_ids


class Home(NamedTuple):
    """An open ledger home."""

    path: Path
    ledger: Ledger
    custody: Custody
    notary: Notary

    @property
    def url(self) -> str:
        """Where its store is, for other processes."""
        return store_url(self.path)

    @property
    def is_writable(self) -> bool:
        """Whether anything can be recorded: not in files on a read-only medium, nor by whom their folder refuses."""
        return is_postgres(self.url) or os.access(self.path, os.W_OK, effective_ids=_AS_WHO_ACTS)

    def check_writable(self) -> None:
        """Raise `Unreachable` where nothing can be recorded."""
        if not self.is_writable:
            raise Unreachable(self.path, "can only be read here, and nothing can be recorded in it")


@contextmanager
def open_home(path: Path, clock: Clock = utc_now) -> Iterator[Home]:
    """The ledger home at `path`, whose log continues what was signed; what is not signed yet is signed, if it can be.

    Raises `NotALedger` when it is none or was left for another, `Unreachable` when nobody may look, when others may
    write to it, or when it is just being left, and `NotContinued` for a log that is shorter than what was signed, or
    another.
    """
    _check_is_home(path)
    check_closed(path)
    with (
        inside(path),
        open_log(path, clock) as store,
        open_custody(path, clock) as custody,
        open_notary(path) as notary,
    ):
        notary.take_up()
        ledger = Ledger(store, wish_key=custody.secret(WISH_KEY), random_bytes=secrets.token_bytes, clock=clock)
        yield Home(path, ledger, custody, notary)


def open_log(path: Path, clock: Clock = utc_now) -> Store:
    """The store of a home, alone. Raises as `open_home` does, and not for a home that was left."""
    _check_is_home(path)
    return open_store(store_url(path), clock)


def _check_is_home(path: Path) -> None:
    with named_os_errors(path):
        if not (path / LOG).is_file() and not (path / STORE).is_file():
            raise NotALedger(path, "is no ledger home: `dua-ledger init` makes one")


def open_notary(path: Path, lock_store: str | None = None) -> Notary:
    """The notary of a home, alone, reading the log on a connection of its own. Raises as `open_home` does."""
    lock = open_lock_store(path, lock_store)
    try:
        return Notary(open_log(path), lock, lambda: read_log_keys(path), path / PUBLISHED)
    except BaseException:
        lock.close()
        raise


def check_continued(path: Path) -> None:
    """Raise `NotContinued` for a log that the lock store contradicts. One that cannot be read contradicts nothing."""
    with suppress(Unreachable, NotALedger, Damaged):
        check_signed(path)


def check_signed(path: Path) -> None:
    """Raise `NotContinued` for a log that the lock store contradicts, and as `open_notary` when that cannot be read."""
    with open_notary(path) as notary:
        notary.check()


def open_lock_store(path: Path, url: str | None = None) -> LockStore:
    """The lock store of a home, alone, where it was made or at `url`. Raises `Unreachable` when it is not there."""
    return LockStore(url or lock_store_url(path))


def open_custody(path: Path, clock: Clock = utc_now) -> Custody:
    """The custody of a home, alone.

    Raises `Unreachable` without the keys, which may be kept elsewhere, and `NotALedger` when there are keys and nothing
    that they open.
    """
    return Custody.open(places(path), clock)


def open_key_store(path: Path) -> KeyStore:
    """The key store of a home, alone. Raises as `open_custody` does."""
    at = places(path)
    return KeyStore.open(at.keys, at.key_encryption_key)
