"""Two servers as POSTGRESQL.md has them made, promoted and brought back: its own statements, taken from its text."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import dropwhile, takewhile
from pathlib import Path
from time import monotonic
from typing import NamedTuple

from ledger.errors import LedgerError
from ledger.storage import create_store, open_store
from tests import postgres
from tests.postgres import API, Server
from tests.stores import PATIENCE

MANUAL = (Path(__file__).parents[1] / "ledger/storage/postgres/POSTGRESQL.md").read_text(encoding="utf-8")
OFFICE = "office"


def statements_after(words: str) -> list[str]:
    """What the manual says to execute in the next block behind these words."""
    lines = dropwhile(lambda line: line[:4] != "    ", MANUAL.partition(words)[2].splitlines())
    found = [line.strip().removesuffix(";") for line in takewhile(str.strip, lines)]
    assert found
    assert all(re.match("ALTER SYSTEM |SELECT ", one) for one in found), found
    return found


WAIT_FOR_THE_STANDBY = statements_after("On the primary:")
PROMOTE = statements_after("**Promoting.**")


class Pair(NamedTuple):
    """A primary, and a standby that has everything before it counts; both have the database `office`.

    Its URLs are those by which the service reaches it.
    """

    primary: Server
    standby: Server

    @property
    def url(self) -> str:
        """The database on whichever of them takes writes."""
        one, other = self
        hosts, ports = f"host={one.folder},{other.folder}", f"port={one.port},{other.port}"
        return f"postgresql://{API}@/{OFFICE}?{hosts}&{ports}&target_session_attrs=read-write"

    @property
    def standby_url(self) -> str:
        """The database on the standby alone."""
        return self.standby.url(OFFICE, API)

    def promote(self) -> None:
        """Let the standby take over, as the manual says."""
        self.standby.execute(*PROMOTE)

    def bring_back(self) -> None:
        """Have the old primary follow the new one, and that one wait for it, as the manual says."""
        shutil.rmtree(self.primary.data)
        self.primary.make_standby_of(self.standby)
        self.primary.start()
        self.standby.wait_until("SELECT count(*) = 1 FROM pg_stat_replication WHERE state = 'streaming'")
        self.standby.execute(*WAIT_FOR_THE_STANDBY)

    def wait_for_standby(self, position: int) -> None:
        """Wait until the standby answers with so many entries."""
        wait_for(self.standby, position)


def wait_for(server: Server, position: int) -> None:
    """Wait until the office's log has so many entries on a server."""
    until = monotonic() + PATIENCE
    while True:
        with suppress(LedgerError), open_store(server.url(OFFICE, API)) as node:
            if node.length() >= position:
                return
        assert monotonic() < until


@contextmanager
def pair() -> Iterator[Pair]:
    """Two servers, with an empty ledger."""
    with postgres.new_folder() as one, postgres.new_folder() as other:
        made = Pair(Server(one), Server(other, port=5433))
        made.primary.make()
        made.primary.start()
        try:
            made.primary.execute(*WAIT_FOR_THE_STANDBY)
            made.standby.make_standby_of(made.primary)
            made.standby.start()
            made.primary.execute(f"CREATE DATABASE {OFFICE} ENCODING 'UTF8' TEMPLATE template0")
            create_store(made.primary.url(OFFICE))
            made.primary.service()
            # What is on its disk is not yet what it answers with.
            made.wait_for_standby(0)
            yield made
        finally:
            made.primary.stop()
            made.standby.stop()
