"""Where a home has what it consists of: in its folder, or where a file in its folder says."""

import os
from pathlib import Path

from ledger.custody import Places
from ledger.errors import Malformed
from ledger.evidence.lockstore import check_url, path_in
from ledger.files import named_os_errors, new_file
from ledger.storage import has_password, is_postgres, without_password

LOG = "log.db"
VAULT = "custody.db"
DOCUMENTS = "documents"
STORE = "store"
CUSTODY = "custody"
VIEWS = "views.db"
KEYS = "keys"
KEYS_FILE = "keys.db"
KEY_STORE = "key-store"
KEY_ENCRYPTION_KEY = "key-encryption-key"
LOCK_STORE = "lock-store"
LOCK = "lock"
LOCKED = "checkpoints.db"
PUBLISHED = "checkpoint"
OUTGOING = "outgoing"
MOVED = "moved"


def store_url(path: Path) -> str:
    """The URL of a home's store."""
    return named_in(path / STORE) or f"sqlite:///{path / LOG}"


def lock_store_url(path: Path) -> str:
    """The URL of a home's lock store."""
    return named_in(path / KEYS / LOCK_STORE) or f"sqlite:///{path / LOCK / LOCKED}"


def places(path: Path) -> Places:
    """Where a home's custody is."""
    keys, shared = path / KEYS, named_in(path / CUSTODY)
    return Places(
        named_in(keys / KEY_STORE) or keys / KEYS_FILE,
        keys / KEY_ENCRYPTION_KEY,
        shared or path / VAULT,
        shared or path / DOCUMENTS,
    )


def not_as_files(name: Path) -> bool:
    """Whether what has this name in a home belongs to a part that may be in files or elsewhere, or to the views."""
    folder, base = name.parent, name.name
    if folder == Path(KEYS):
        return base in (KEY_STORE, LOCK_STORE) or base.startswith(KEYS_FILE)
    # Beside a database lie what SQLite needs for it, and our own locks.
    return folder == Path() and (
        base in (STORE, CUSTODY, DOCUMENTS, LOCK, MOVED) or base.startswith((LOG, VAULT, VIEWS))
    )


def named_in(file: Path) -> str | None:
    """The URL that a file names; None where there is no such file."""
    with named_os_errors(file):
        return os.fsdecode(file.read_bytes()).removesuffix("\n") if file.is_file() else None


def name_lock_store(path: Path, url: str) -> None:
    """Have a home know that its lock store is elsewhere. Raises `Malformed`, `AlreadyThere`."""
    check_url(url)
    # Relative to where it is named, which the home is not.
    found = url if is_postgres(url) else f"sqlite:///{path_in(url)}"
    new_file(path / KEYS / LOCK_STORE, os.fsencode(f"{found}\n"))


def name_shared(path: Path, store: str, key_store: str) -> None:
    """Have a home know that log and custody are in one PostgreSQL database, and its keys there or in another."""
    for file, what, url in (
        (path / STORE, "store", store),
        (path / CUSTODY, "store", store),
        (path / KEYS / KEY_STORE, "key store", key_store),
    ):
        check_shared(what, url)
        new_file(file, os.fsencode(f"{url}\n"))


def check_shared(what: str, url: str) -> None:
    """Raise `Malformed` for what is no URL of a PostgreSQL database, or none that may be written down."""
    if not is_postgres(url):
        raise Malformed(what, url, "is not postgresql://...: without one it is in the home, on SQLite")
    if has_password(url):
        raise Malformed(what, without_password(url), "has a password in it, which belongs in libpq's password file")
