"""Appending to the store on PostgreSQL.

An append takes one round trip where the log still ends as this process last saw it: what is up to there never changes,
so the condition is checked and the rows are made before anybody is held up, and the server adds them only behind that
very entry (`ledger.append`). Where others came first, it is done once more, under the lock from the beginning.

When the connection ends while the answer to a COMMIT is awaited, nobody knows what became of it. Then the lock is taken
again, on whichever server has become the one to write to: the entries are there, or are written now, and what may still
be under way of the first try finds that the log has gone on, and is refused. That they are there is not enough: after a
crash, or where its waiting was ended, a server shows what no standby has yet. So something more is committed, which is
only done when all before it is with the standby. When that cannot be found out in time, `OutcomeUnknown` says so.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from time import monotonic, sleep

import psycopg
from eventsourcing.dcb.api import DCBQuery
from psycopg.pq import TransactionStatus

from ledger.chain.entry import Entry
from ledger.errors import Damaged, OutcomeUnknown, Unavailable
from ledger.storage.growing import (
    EMPTY_TIP,
    NOTHING_KNOWN,
    Ground,
    Growth,
    Outcome,
    Tip,
    Wish,
    continued,
    grown,
)
from ledger.storage.port import Clock, Head, recording_time
from ledger.storage.postgres.connections import Connection, Connections, is_lost
from ledger.storage.postgres.growth import MANY, add, copy, is_there
from ledger.storage.postgres.queries import entry_in, hash_in, matching, subtree
from ledger.storage.postgres.schema import TURN
from ledger.storage.recent import Recent

# How long an outcome is looked for, when the connection was lost: a standby takes some seconds to be promoted.
RESOLVE_SECONDS = 20.0
PAUSE_SECONDS = 0.1

HEAD = """
    SELECT position, substr(tree, 1, 32),
        CASE WHEN position = %b AND substr(tree, 1, 32) = %b THEN NULL ELSE entry END
    FROM ledger.entries ORDER BY position DESC LIMIT 1
"""
TAKE_TURN = f"SELECT pg_advisory_xact_lock({TURN})"
BEGIN_IN_TURN = f"BEGIN; {TAKE_TURN}"
# Writes nothing but to the write-ahead log, and so whoever commits it waits as for anything that is written.
MARK = "SELECT pg_logical_emit_message(true, 'dua-ledger', '')"


class Appending:
    """The end of the log as this process last saw it, and what is added there."""

    def __init__(self, connections: Connections, clock: Clock) -> None:
        self.connections, self.clock = connections, clock
        self.name = connections.server.shown
        self.tip = EMPTY_TIP
        self.recent = Recent()
        # Whether somebody else wrote since this process last did: then it takes its turn first.
        self.crowded = False

    def append(self, wishes: Sequence[Wish]) -> list[Outcome]:
        """Append what these wishes say, in one transaction; gives what became of each. One thread at a time does this.

        Raises `OutcomeUnknown`, and what else is the matter with the log or the way to it.
        """
        return _Append(self, wishes).done()

    def append_written(self, entries: Sequence[Entry]) -> None:
        """Add these entries behind the last one, as they are. Raises `Damaged` unless they continue the log."""
        with self.connections.borrowed() as connection, connection.transaction():
            connection.execute(TAKE_TURN)
            tip = self.tip_in(connection)
            trees, new_tip = continued(tip, entries, partial(subtree, connection))
            copy(connection, Growth(tip.head, [*entries], trees, new_tip, []))
        self.tip = new_tip

    def ensure_kept(self) -> None:
        """Raise `OutcomeUnknown` unless all that can be read here is with the standbys that have to have it."""
        with self.connections.borrowed() as connection:
            try:
                connection.execute(MARK)
            except psycopg.Error as error:
                raise OutcomeUnknown(self.name, str(error).strip()) from error
            self.check_kept(connection)

    def check_kept(self, connection: Connection) -> None:
        """Raise `OutcomeUnknown` when the server warned that what it committed is not yet where it has to be."""
        if connection.warned:
            raise OutcomeUnknown(self.name, connection.warned)

    def head(self) -> Head:
        """The last entry."""
        self.tip = self.connections.ask(self.tip_in)
        return self.tip.head

    def tip_in(self, connection: Connection) -> Tip:
        """The end of the log: as remembered, if the last entry is still the same."""
        tip = self.tip
        with connection.cursor(binary=True) as cursor:
            row = cursor.execute(HEAD, tip.head[:2], prepare=True).fetchone()
        if row is None:
            return EMPTY_TIP
        position, leaf, raw = row
        if raw is None:
            return tip
        leaf = hash_in("the leaf of the last entry", leaf)
        return Tip(Head(position, leaf, entry_in(position, raw).header.recorded_at), NOTHING_KNOWN)


class _Append:
    """One append, from the first try until its outcome is known."""

    def __init__(self, line: Appending, wishes: Sequence[Wish]) -> None:
        self._line, self._wishes = line, wishes
        self._connections = line.connections
        # What was sent to be committed, without an answer.
        self._in_doubt: list[Growth] = []

    def done(self) -> list[Outcome]:
        """What became of each wish, once all that were granted are on disk."""
        return self._at_once() or self._in_turn()

    def _at_once(self) -> list[Outcome] | None:
        """Append in one round trip; None when it has to be done in turn."""
        line, tip = self._line, self._line.tip
        if line.crowded or tip is EMPTY_TIP or sum(len(wish.events) for wish in self._wishes) >= MANY:
            return None
        try:
            with self._connections.borrowed() as connection:
                growth = self._growth(connection, tip)
                if not growth.entries:
                    return growth.outcomes
                with self._in_doubt_if_lost(connection, growth):
                    if add(connection, growth):
                        return self._settled(growth)
            line.crowded = True
        except psycopg.Error as error:
            if not is_lost(error):
                raise
        return None

    def _in_turn(self) -> list[Outcome]:
        """Append under the lock; begun anew, as long as there is time, when the connection ends."""
        until = monotonic() + RESOLVE_SECONDS
        retried = False
        while True:
            try:
                with self._connections.borrowed() as connection:
                    return self._under_lock(connection)
            except (psycopg.Error, Unavailable) as error:
                if isinstance(error, OutcomeUnknown) or not (self._in_doubt or (is_lost(error) and not retried)):
                    raise
                if monotonic() > until:
                    raise OutcomeUnknown(self._line.name, str(error).strip()) from error
            self._connections.close()
            retried = True
            if self._in_doubt:
                sleep(PAUSE_SECONDS)

    def _under_lock(self, connection: Connection) -> list[Outcome]:
        line = self._line
        connection.execute(BEGIN_IN_TURN)
        try:
            for growth in self._in_doubt:
                if is_there(connection, growth):
                    connection.execute(f"{MARK}; COMMIT")
                    line.check_kept(connection)
                    return self._settled(growth)
            tip = line.tip_in(connection)
            line.crowded = tip is not line.tip
            growth = self._growth(connection, tip)
            if not growth.entries:
                return growth.outcomes
            if len(growth.entries) >= MANY:
                copy(connection, growth)
            elif not add(connection, growth):
                raise Damaged(line.name, "the log grew under the writers' lock")
            with self._in_doubt_if_lost(connection, growth):
                connection.execute("COMMIT")
            return self._settled(growth)
        finally:
            if connection.info.transaction_status in (TransactionStatus.INTRANS, TransactionStatus.INERROR):
                connection.execute("ROLLBACK")

    @contextmanager
    def _in_doubt_if_lost(self, connection: Connection, growth: Growth) -> Iterator[None]:
        """Remember what was sent to be committed when there is no answer, or only a warning with it."""
        try:
            yield
        except psycopg.Error as error:
            if is_lost(error):
                self._in_doubt.append(growth)
            raise
        # Committed here, and not where it has to be before it counts: so PostgreSQL says when it is hurried.
        self._line.check_kept(connection)

    def _growth(self, connection: Connection, tip: Tip) -> Growth:
        """What is to be added behind this tip."""

        def first_match(query: DCBQuery, after: int) -> Entry | None:
            return next(iter(matching(connection, query, after, tip.head.position, 1)), None)

        recorded_at = recording_time(self._line.clock(), tip.head)
        ground = Ground(self._line.recent, first_match, partial(subtree, connection))
        return grown(tip, self._wishes, recorded_at, ground)

    def _settled(self, growth: Growth) -> list[Outcome]:
        self._line.tip = growth.tip
        return growth.outcomes
