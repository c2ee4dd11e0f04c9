"""Keeping the views: brought up to the head of the log before they answer, and made anew when they can't be trusted.

They have a file of their own, so that catching up never takes the log's lock. Whoever asks takes a turn at it first:
several that want to catch up do it one after the other, and find that there is nothing left to do. A file that is
missing, damaged, of another version or of another log is thrown away, and so is one from before the machine last
started: it is written without waiting for the disk, so nobody knows what of it arrived there.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

from ledger.chain.entry import NO_LEAF
from ledger.errors import Damaged, NotALedger
from ledger.log import Ledger
from ledger.sqlite import named_errors
from ledger.storage.connections import Transaction
from ledger.storage.opening import AsItLies, connect
from ledger.storage.port import Head
from ledger.storage.turn import Turn
from projections.acts import of_office
from projections.collecting import uncollected
from projections.pieces import Log, Progress, take_in
from projections.standing import Standing
from projections.views.comparing import different_tables
from projections.views.database import SETTINGS, create_indexes, create_tables, new_database, this_boot
from projections.views.tables import APPLICATION_ID, REACHED, VERSION
from projections.views.taking import READER, Views, facts_of

# A log of millions of entries takes minutes to take in, and others may wait for that.
PATIENCE = 600.0

Rows = TypeVar("Rows")
Question = Callable[[sqlite3.Connection], Rows]


class Answer(NamedTuple, Generic[Rows]):
    """What the views say, and the position of the log for which they say it."""

    position: int
    rows: Rows


class _Outdated(Exception):
    """Something new changes what follows from earlier facts: the views have to start over."""


class Sharing(NamedTuple):
    """How many processes do the work, the caller's among them, and the URL by which the others open the log."""

    processes: int
    url: str


ALONE = Sharing(1, "")


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

    def rebuild(self, sharing: Sharing = ALONE) -> int:
        """Take in the whole log anew; the position that the views hold for then. Until then they are as they were.

        Raises `WorkLost` when one of the processes that share in it is killed.
        """
        with named_errors(self._path), self.turn(), closing(self._made(sharing)) as connection:
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
                    if isinstance(kept, AsItLies):
                        kept.check_unchanged()

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

    def _made(self, sharing: Sharing = ALONE) -> sqlite3.Connection:
        """A new file for the log as it is, which comes to its place when everything is in it."""
        self._clear_parts()
        try:
            with closing(new_database(self._part)) as connection:
                self._take(connection, 0, self._ledger.store.head(), sharing)
                create_indexes(connection)
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {VERSION}")
                connection.execute("COMMIT")
                connection.execute("PRAGMA journal_mode = WAL")
            self._throw_away()
            self._part.rename(self._path)
        finally:
            self._clear_parts()
        return connect(self._path, SETTINGS)

    @property
    def _part(self) -> Path:
        """The file that is being made; those in which other processes make pieces of it have longer names."""
        return self._path.with_name(self._path.name + "-new")

    def _clear_parts(self) -> None:
        for left in self._path.parent.iterdir():
            if left.name.startswith(self._part.name):
                left.unlink(missing_ok=True)

    def _throw_away(self) -> None:
        for end in ("", "-wal", "-shm"):
            self._path.with_name(self._path.name + end).unlink(missing_ok=True)

    def _reached(self, connection: sqlite3.Connection, head: Head) -> int | None:
        """Up to where the tables say what the log does; None where they say something else."""
        position, leaf, boot = connection.execute(REACHED).fetchone()
        if position > head.position or boot != this_boot():
            return None
        return position if leaf == self._leaf(position, head) else None

    def _leaf(self, position: int, head: Head) -> bytes:
        if position in (0, head.position):
            return head.leaf if position else NO_LEAF
        return self._ledger.store.subtree(0, position - 1)

    def _take(self, connection: sqlite3.Connection, after: int, head: Head, sharing: Sharing = ALONE) -> None:
        """Take in what lies between two positions; the whole log can be shared out. Raises `_Outdated`."""
        ledger, until = self._ledger, head.position
        office = Standing(ledger.facts([of_office()], until=until)).office
        views = Views(connection, after, facts_of(ledger, until), office)
        with uncollected():
            if sharing.processes > 1:
                log = Log(sharing.url, until, office)
                take_in(views, ledger.store, log, sharing.processes, self._part, self._progress)
            else:
                for page in ledger.store.pages(after, until):
                    views.take(READER.read(page))
                    self._progress(len(page))
            if views.outdated:
                raise _Outdated
            views.write(until, head.leaf, this_boot())


def _is_ours(connection: sqlite3.Connection) -> bool:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return (application, version) == (APPLICATION_ID, VERSION)
