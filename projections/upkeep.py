"""Keeping the views: brought up to the head of the log before they answer, and made anew when they can't be trusted.

They have a file of their own, so that catching up never takes the log's lock. Whoever asks takes a turn at it first:
several that want to catch up do it one after the other, and find that there is nothing left to do. A file that is
missing, damaged, of another version or of another log is thrown away, and so is one from before the machine last
started: it is written without waiting for the disk, so nobody knows what of it arrived there.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

from ledger.custody.files import named_os_errors
from ledger.errors import Damaged, NotALedger
from ledger.events import FactCorrected
from ledger.log import Boundary, Ledger, about
from ledger.sqlite import named_errors
from ledger.storage.connections import Transaction, connect
from ledger.storage.port import Head
from ledger.storage.turn import Turn
from projections.acts import of_office
from projections.collecting import uncollected
from projections.standing import Standing
from projections.views.comparing import different_tables
from projections.views.reading import Reader
from projections.views.tables import APPLICATION_ID, FORGET, REACH, REACHED, SCHEMA, VERSION
from projections.views.taking import OF_REQUESTS, WANTED, Views

SETTINGS = ("synchronous = OFF", "cache_size = -65536", "temp_store = MEMORY", "trusted_schema = OFF")
# A log of millions of entries takes minutes to take in, and others may wait for that.
PATIENCE = 600.0
BOOT = Path("/proc/sys/kernel/random/boot_id")

Rows = TypeVar("Rows")
Question = Callable[[sqlite3.Connection], Rows]
Progress = Callable[[int], None]


class Answer(NamedTuple, Generic[Rows]):
    """What the views say, and the position of the log for which they say it."""

    position: int
    rows: Rows


class Upkeep:
    """The views in a file, of a ledger. `progress` is told of entries as they are taken in."""

    def __init__(self, path: Path, ledger: Ledger, progress: Progress = lambda taken: None) -> None:
        self._path, self._ledger, self._progress = path, ledger, progress

    def ask(self, question: Question[Rows]) -> Answer[Rows]:
        """The answer for the log as it is now, or as somebody has seen it since."""
        try:
            return self._answer(question)
        except (Damaged, NotALedger):
            with self._turn():
                self._throw_away()
            return self._answer(question)

    def rebuild(self) -> int:
        """Drop all views and take in the whole log; the position that they hold for then."""
        with self._turn():
            self._throw_away()
        return self._answer(lambda _: None).position

    def differences(self) -> Iterator[str]:
        """What in the file is not what the log gives for the position that it holds for.

        Nothing, where there is no file, or one that would be thrown away before it answers.
        """
        if not self._path.exists():
            return
        with named_errors(self._path), closing(connect(self._path, SETTINGS)) as kept:
            kept.execute("BEGIN")
            reached = self._reached(kept, self._ledger.store.head()) if _is_ours(kept) else 0
            if reached:
                _, leaf, _ = kept.execute(REACHED).fetchone()
                with closing(sqlite3.connect(":memory:", isolation_level=None)) as fresh:
                    create_tables(fresh)
                    with Transaction(fresh):
                        self._take(fresh, 0, Head(reached, leaf, None))
                    yield from different_tables(kept, fresh)

    def _answer(self, question: Question[Rows]) -> Answer[Rows]:
        with named_errors(self._path), self._caught_up() as connection:
            # One moment of the tables, whatever others take in meanwhile.
            connection.execute("BEGIN")
            position, _, _ = connection.execute(REACHED).fetchone()
            return Answer(position, question(connection))

    @contextmanager
    def _caught_up(self) -> Iterator[sqlite3.Connection]:
        with self._turn():
            connection = self._opened()
            try:
                self._catch_up(connection)
            except BaseException:
                connection.close()
                raise
        with closing(connection):
            yield connection

    @contextmanager
    def _turn(self) -> Iterator[None]:
        with closing(Turn(self._path.with_name(self._path.name + "-turn"), PATIENCE)) as turn, turn:
            yield

    def _opened(self) -> sqlite3.Connection:
        """The file with the tables, which is made when there is none of this version."""
        if self._path.exists():
            connection = connect(self._path, SETTINGS)
            if _is_ours(connection):
                return connection
            connection.close()
            self._throw_away()
        return _made(self._path)

    def _throw_away(self) -> None:
        for end in ("", "-wal", "-shm"):
            self._path.with_name(self._path.name + end).unlink(missing_ok=True)

    def _catch_up(self, connection: sqlite3.Connection) -> None:
        head = self._ledger.store.head()
        with Transaction(connection):
            reached = self._reached(connection, head)
            if reached == 0:
                _forget(connection)
            if reached < head.position and self._take(connection, reached, head).outdated:
                _forget(connection)
                self._take(connection, 0, head)

    def _reached(self, connection: sqlite3.Connection, head: Head) -> int:
        """Up to where what the tables say can be built upon."""
        position, leaf, boot = connection.execute(REACHED).fetchone()
        if position > head.position or boot != _boot():
            return 0
        entry = self._ledger.store.entry(position)
        return position if entry and entry.leaf == leaf else 0

    def _take(self, connection: sqlite3.Connection, after: int, head: Head) -> Views:
        """Take in what lies between two positions; nothing is written when the views have to start over."""
        ledger, until = self._ledger, head.position
        office = Standing(ledger.facts([of_office()], until=until)).office
        views = Views(connection, after, lambda request: ledger.facts([of_request(request)], until=until), office)
        reader = Reader(WANTED)
        with uncollected():
            for page in ledger.store.pages(after, until):
                for fact in reader.read(page):
                    views.take(fact)
                self._progress(len(page))
            if not views.outdated:
                views.write(until, head.leaf, _boot())
        return views


def of_request(request: str) -> Boundary:
    """What the views take in of a request."""
    return about(*OF_REQUESTS, FactCorrected, tags=[f"request:{request}"])


def _is_ours(connection: sqlite3.Connection) -> bool:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return (application, version) == (APPLICATION_ID, VERSION)


def _made(path: Path) -> sqlite3.Connection:
    with named_os_errors(path):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    connection = connect(path, SETTINGS)
    connection.execute("PRAGMA journal_mode = WAL")
    with Transaction(connection):
        create_tables(connection)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {VERSION}")
    return connection


def create_tables(connection: sqlite3.Connection) -> None:
    """Make the tables of the views, empty."""
    for statement in SCHEMA:
        connection.execute(statement.strip())
    connection.execute(REACH, (0, b"", ""))


def _forget(connection: sqlite3.Connection) -> None:
    for forget in FORGET:
        connection.execute(forget)


def _boot() -> str:
    """What tells one start of this machine from another, where the system says it."""
    with suppress(OSError):
        return BOOT.read_text().strip()
    return ""
