"""Keeping the views: brought up to the head of the log before they answer, and made anew when they can't be trusted.

They have a file of their own, so that catching up never takes the log's lock. Whoever asks takes a turn at it first:
several that want to catch up do it one after the other, and find that there is nothing left to do. A file that is
missing, damaged, of another version or of another log is thrown away, and so is one from before the machine last
started: it is written without waiting for the disk, so nobody knows what of it arrived there.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

from ledger.chain.entry import NO_LEAF
from ledger.errors import Damaged, NotALedger
from ledger.events import FactCorrected
from ledger.files import named_os_errors
from ledger.log import Boundary, Ledger, about
from ledger.sqlite import named_errors
from ledger.storage.connections import Transaction
from ledger.storage.opening import check_unchanged, connect
from ledger.storage.port import Head
from ledger.storage.turn import Turn
from projections.acts import of_office
from projections.collecting import uncollected
from projections.standing import Standing
from projections.views.comparing import different_tables
from projections.views.tables import APPLICATION_ID, INDEXES, REACH, REACHED, TABLES, VERSION
from projections.views.taking import OF_REQUESTS, READER, Views

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


class _Outdated(Exception):
    """Something new changes what follows from earlier facts: the views have to start over."""


class Upkeep:
    """The views in a file, of a ledger. `progress` is told of entries as they are taken in."""

    def __init__(self, path: Path, ledger: Ledger, progress: Progress = lambda taken: None) -> None:
        self._path, self._ledger, self._progress = path, ledger, progress

    def ask(self, question: Question[Rows]) -> Answer[Rows]:
        """The answer for the log as it is now, or as somebody has seen it since."""
        try:
            return self._answer(question)
        except (Damaged, NotALedger):
            with self.turn():
                self._throw_away()
            return self._answer(question)

    def rebuild(self) -> int:
        """Take in the whole log anew; the position that the views hold for then. Until then they are as they were."""
        with named_errors(self._path), self.turn(), closing(self._made()) as connection:
            position, _, _ = connection.execute(REACHED).fetchone()
            return int(position)

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
                    create_indexes(fresh)
                    yield from different_tables(kept, fresh)
                    check_unchanged(kept)

    def _answer(self, question: Question[Rows]) -> Answer[Rows]:
        with named_errors(self._path), self._caught_up() as connection:
            # One moment of the tables, whatever others take in meanwhile.
            connection.execute("BEGIN")
            position, _, _ = connection.execute(REACHED).fetchone()
            return Answer(position, question(connection))

    @contextmanager
    def _caught_up(self) -> Iterator[sqlite3.Connection]:
        """The file with the tables, which is made anew when there is none that can be built upon."""
        with ExitStack() as stack:
            with self.turn():
                connection = None
                if self._path.exists():
                    connection = stack.enter_context(closing(connect(self._path, SETTINGS)))
                if connection is None or not _is_ours(connection) or not self.catch_up(connection):
                    connection = stack.enter_context(closing(self._made()))
            yield connection

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Nobody else changes the file in this block."""
        with closing(Turn(self._path.with_name(self._path.name + "-turn"), PATIENCE)) as turn, turn:
            yield

    def catch_up(self, connection: sqlite3.Connection) -> bool:
        """Have tables hold for the log as it is now, in one's turn; whether they could be built upon."""
        head = self._ledger.store.head()
        reached = self._reached(connection, head)
        if reached is None:
            return False
        if reached < head.position:
            try:
                with Transaction(connection):
                    self._take(connection, reached, head)
            except _Outdated:
                return False
        return True

    def _made(self) -> sqlite3.Connection:
        """A new file for the log as it is, which comes to its place when everything is in it."""
        part = self._path.with_name(self._path.name + "-new")
        part.unlink(missing_ok=True)
        _make_file(part)
        try:
            with closing(connect(part, (*SETTINGS, "journal_mode = OFF"))) as connection:
                connection.execute("BEGIN")
                create_tables(connection)
                self._take(connection, 0, self._ledger.store.head())
                create_indexes(connection)
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {VERSION}")
                connection.execute("COMMIT")
                connection.execute("PRAGMA journal_mode = WAL")
            self._throw_away()
            part.rename(self._path)
        finally:
            part.unlink(missing_ok=True)
        return connect(self._path, SETTINGS)

    def _throw_away(self) -> None:
        for end in ("", "-wal", "-shm"):
            self._path.with_name(self._path.name + end).unlink(missing_ok=True)

    def _reached(self, connection: sqlite3.Connection, head: Head) -> int | None:
        """Up to where the tables say what the log does; None where they say something else."""
        position, leaf, boot = connection.execute(REACHED).fetchone()
        if position > head.position or boot != _boot():
            return None
        return position if leaf == self._leaf(position, head) else None

    def _leaf(self, position: int, head: Head) -> bytes:
        if position in (0, head.position):
            return head.leaf if position else NO_LEAF
        return self._ledger.store.subtree(0, position - 1)

    def _take(self, connection: sqlite3.Connection, after: int, head: Head) -> None:
        """Take in what lies between two positions. Raises `_Outdated`."""
        ledger, until = self._ledger, head.position
        office = Standing(ledger.facts([of_office()], until=until)).office
        views = Views(connection, after, lambda request: ledger.facts([of_request(request)], until=until), office)
        with uncollected():
            for page in ledger.store.pages(after, until):
                views.take(READER.read(page))
                self._progress(len(page))
            if views.outdated:
                raise _Outdated
            views.write(until, head.leaf, _boot())


def of_request(request: str) -> Boundary:
    """What the views take in of a request."""
    return about(*OF_REQUESTS, FactCorrected, tags=[f"request:{request}"])


def _is_ours(connection: sqlite3.Connection) -> bool:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return (application, version) == (APPLICATION_ID, VERSION)


def _make_file(path: Path) -> None:
    with named_os_errors(path):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))


def create_tables(connection: sqlite3.Connection) -> None:
    """Make the tables of the views, empty."""
    for statement in TABLES:
        connection.execute(statement.strip())
    connection.execute(REACH, (0, NO_LEAF, _boot()))


def create_indexes(connection: sqlite3.Connection) -> None:
    """Make their indexes, which takes less time when the rows are there."""
    for statement in INDEXES:
        connection.execute(statement)


@cache
def _boot() -> str:
    """What tells one start of this machine from another, where the system says it."""
    with suppress(OSError):
        return BOOT.read_text().strip()
    return ""
