"""Where a home has what it consists of: in its folder, or where a file in its folder says."""

import os
from pathlib import Path

from ledger.custody import Places
from ledger.custody.files import named_os_errors, new_file
from ledger.evidence.lockstore import check_url, path_in
from ledger.storage import is_postgres

LOG = "log.db"
STORE = "store"
VIEWS = "views.db"
KEYS = "keys"
LOCK_STORE = "lock-store"
LOCK = "lock"
LOCKED = "checkpoints.db"
PUBLISHED = "checkpoint"


def store_url(path: Path) -> str:
    """The URL of a home's store."""
    elsewhere = path / STORE
    with named_os_errors(elsewhere):
        if elsewhere.is_file():
            return os.fsdecode(elsewhere.read_bytes()).removesuffix("\n")
    return f"sqlite:///{path / LOG}"


def lock_store_url(path: Path) -> str:
    """The URL of a home's lock store."""
    elsewhere = path / KEYS / LOCK_STORE
    with named_os_errors(elsewhere):
        if elsewhere.is_file():
            return os.fsdecode(elsewhere.read_bytes()).removesuffix("\n")
    return f"sqlite:///{path / LOCK / LOCKED}"


def name_lock_store(path: Path, url: str) -> None:
    """Have a home know that its lock store is elsewhere. Raises `Malformed`, `AlreadyThere`."""
    check_url(url)
    # Relative to where it is named, which the home is not.
    found = url if is_postgres(url) else f"sqlite:///{path_in(url)}"
    new_file(path / KEYS / LOCK_STORE, os.fsencode(f"{found}\n"))


def places(path: Path) -> Places:
    """Where a home's custody is."""
    keys = path / KEYS
    return Places(keys / "keys.db", keys / "key-encryption-key", path / "custody.db", path / "documents")
