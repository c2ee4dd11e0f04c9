"""Where entries are kept: one port, one file for each database engine.

Nothing in here knows what an entry means. Entries, their tags and their tree change in one transaction or not at all.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from ledger.errors import Malformed, ProgramMissing
from ledger.storage.port import Clock, Store
from ledger.storage.tables import ErasableTables

__all__ = [
    "Store",
    "create_store",
    "has_password",
    "is_postgres",
    "open_store",
    "others_at",
    "rights_at",
    "shared_tables",
    "sqlite_path",
    "utc_now",
    "without_password",
]

_SQLITE = "sqlite://"
# Where a server listens, unless a URL says it before the name of the database.
_WHERE = ("host", "hostaddr", "port")


def utc_now() -> datetime:
    """The machine's clock, in UTC."""
    return datetime.now(UTC)


def open_store(url: str, clock: Clock = utc_now) -> Store:
    """The store at `url`: `sqlite:///relative/path`, `sqlite:////absolute/path`, or `sqlite://` for one in memory.

    Or `postgresql://user@host:port/database`, with everything that libpq knows to say in a URL. A store in memory is
    new and belongs to the object returned. Raises `NotALedger` when there is none at the URL or it is something else,
    `NewerSchema` when a newer program made it, `Malformed` for a URL of another kind, and `ProgramMissing` when the
    driver for PostgreSQL is not installed.
    """
    if is_postgres(url):
        with _driver():
            from ledger.storage.postgres import PostgresStore
        return PostgresStore.at(url, clock)
    from ledger.storage.sqlite import SQLiteStore

    path = sqlite_path(url)
    return SQLiteStore.in_memory(clock) if path is None else SQLiteStore.in_file(path, clock)


def create_store(url: str) -> None:
    """Make the tables at `url`. Under a lock, and changes nothing where they are already: any number may call it.

    On PostgreSQL the roles that own and use them are made with them, and who calls has to be allowed to do that.
    """
    if is_postgres(url):
        with _driver():
            from ledger.storage.postgres import make_ledger
        make_ledger(url)
        return
    from ledger.storage.sqlite import create_schema

    path = sqlite_path(url)
    if path is not None:
        create_schema(path)


def shared_tables(url: str, part: str) -> ErasableTables:
    """What stands beside the log in the PostgreSQL database at `url`: `keys`, `custody`, `documents` or `lock_store`.

    Raises as `open_store` does.
    """
    with _driver():
        from ledger.storage.postgres import SharedTables
        from ledger.storage.postgres.parts import BY_NAME
    return SharedTables(url, BY_NAME[part])


def others_at(url: str) -> int:
    """How many other connections there are to the PostgreSQL database at `url` by programs of the ledger.

    Those of roles that one may not look at are not counted. Raises as `open_store` does.
    """
    with _driver():
        from ledger.storage.postgres import others_at
    return others_at(url)


def rights_at(url: str) -> list[str]:
    """How who may do what in the PostgreSQL database at `url` differs from what `create_store` gives there.

    Raises as `open_store` does.
    """
    with _driver():
        from ledger.storage.postgres import rights_at
    return rights_at(url)


def is_postgres(url: str) -> bool:
    """Whether this is the URL of a PostgreSQL database."""
    return url.startswith(("postgresql://", "postgres://"))


def has_password(url: str) -> bool:
    """Whether a URL has a password in it."""
    parts = urlsplit(url)
    return parts.password is not None or "password" in parse_qs(parts.query)


def without_password(url: str) -> str:
    """A URL as it may be shown: without a password, and with those parameters alone that say where it is."""
    address, _, parameters = url.partition("?")
    scheme, _, rest = address.partition("://")
    name, at, where = rest.rpartition("@")
    shown = "&".join(one for one in parameters.split("&") if one.partition("=")[0] in _WHERE)
    return f"{scheme}://{name.partition(':')[0]}{at}{where}{'?' if shown else ''}{shown}"


@contextmanager
def _driver() -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        raise ProgramMissing("psycopg", "pip install 'dua-ledger[postgres]'") from error


def sqlite_path(url: str) -> Path | None:
    """The file that a URL names; None for a store in memory. Raises `Malformed`."""
    if url == _SQLITE:
        return None
    if not url.startswith(_SQLITE + "/") or len(url) == len(_SQLITE) + 1:
        raise Malformed("store URL", url, "is neither sqlite:// nor sqlite:///path nor postgresql://...")
    # Absolute, because a store opens its file again and again, and the working folder may change.
    path = Path(url.removeprefix(_SQLITE + "/")).absolute()
    try:
        name = os.fsencode(path)
    except UnicodeEncodeError as error:
        raise Malformed("store URL", url, "has a character that no path can hold") from error
    if b"\0" in name:
        raise Malformed("store URL", url, "has a character that no path can hold")
    return path
