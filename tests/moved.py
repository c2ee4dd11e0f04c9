"""A home that is kept in a PostgreSQL database, and is copied together with it, which is quicker than to move again."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from ledger.home.layout import CUSTODY, KEY_STORE, KEYS, LOCK_STORE, STORE
from ledger.home.moving import Elsewhere, move_home
from tests.postgres import MADE, Server

NAMING_IT = (STORE, CUSTODY, f"{KEYS}/{KEY_STORE}", f"{KEYS}/{LOCK_STORE}")


class Moved(NamedTuple):
    """A home and the database that it is kept in, which nobody is connected to."""

    home: Path
    server: Server
    database: str

    @contextmanager
    def copied(self, to: Path) -> Iterator[None]:
        """Meanwhile a copy of the home is at `to`, and kept in a copy of the database."""
        name = self.server.new_database(self.database)
        shutil.copytree(self.home, to)
        for file in NAMING_IT:
            url = (to / file).read_text(encoding="ascii")
            (to / file).write_text(url.replace(f"/{self.database}?", f"/{name}?"), encoding="ascii")
        try:
            yield
        finally:
            self.server.drop(name)


def moved(home: Path, folder: Path, server: Server) -> Moved:
    """A copy of a home in files that the service has moved into a database; it and what it left are in a folder."""
    database = server.new_database(MADE)
    old = Path(shutil.copytree(home, folder / "old"))
    where = Elsewhere(server.url(database, server.service()))
    move_home(old, folder / "moved", where, check=lambda home: None, progress=lambda count, entries: entries)
    return Moved(folder / "moved", server, database)
