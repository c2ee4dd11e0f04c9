"""Databases that are to hold the views: how they are opened, and made."""

import os
import sqlite3
from contextlib import suppress
from functools import cache
from pathlib import Path

from ledger.chain.entry import NO_LEAF
from ledger.files import named_os_errors
from ledger.storage.opening import connect
from projections.views.tables import INDEXES, REACH, TABLES

SETTINGS = ("synchronous = OFF", "cache_size = -65536", "temp_store = MEMORY", "trusted_schema = OFF")
BOOT = Path("/proc/sys/kernel/random/boot_id")


def new_database(path: Path) -> sqlite3.Connection:
    """A new file with the tables, empty, for its owner only, in a transaction that cannot be undone."""
    with named_os_errors(path):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    connection = connect(path, (*SETTINGS, "journal_mode = OFF"))
    try:
        connection.execute("BEGIN")
        create_tables(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def create_tables(connection: sqlite3.Connection) -> None:
    """Make the tables of the views, empty."""
    for statement in TABLES:
        connection.execute(statement.strip())
    connection.execute(REACH, (0, NO_LEAF, this_boot()))


def create_indexes(connection: sqlite3.Connection) -> None:
    """Make their indexes, which takes less time when the rows are there."""
    for statement in INDEXES:
        connection.execute(statement)


@cache
def this_boot() -> str:
    """What tells one start of this machine from another, where the system says it."""
    with suppress(OSError):
        return BOOT.read_text().strip()
    return ""
