"""The store on PostgreSQL: what it reads; `appending` has what it writes."""

import json
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from functools import partial
from typing import Self, TypeVar

import msgspec
import psycopg
from eventsourcing.dcb.api import DCBAppendCondition, DCBEvent, DCBQuery
from eventsourcing.persistence import ProgrammingError
from psycopg.types.string import ByteaBinaryLoader

from ledger.chain.entry import MAX_POSITION, Entry
from ledger.chain.merkle import HASH_BYTES, Subtree
from ledger.errors import Unreachable
from ledger.storage.grouping import Grouping
from ledger.storage.growing import Outcome, Wish
from ledger.storage.port import PAGE, ROWS, Clock, Head, Store
from ledger.storage.postgres import schema
from ledger.storage.postgres.appending import Appending
from ledger.storage.postgres.connections import (
    LOCK_SECONDS,
    Connection,
    Connections,
    Server,
    named_errors,
    server_at,
)
from ledger.storage.postgres.indexes import UNCHECKED, can_check
from ledger.storage.postgres.listening import Listener
from ledger.storage.postgres.queries import matching, subtree, subtrees

T = TypeVar("T")

LENGTH = "SELECT coalesce(max(position), 0) FROM ledger.entries"
PAGE_OF_ROWS = """
    SELECT position, tree, entry FROM ledger.entries WHERE position > %b AND position <= %b ORDER BY position LIMIT %b
"""
INDEXED_TAGS = """
    SELECT position, type, array_agg(tag ORDER BY tag) FROM ledger.tags
    WHERE position > %s AND position <= %s
    GROUP BY position, type ORDER BY position, type
"""
WAITS = "SELECT ledger.waits()"
READ_ONLY = "SELECT current_setting('transaction_read_only')::boolean"
# For each of these tags its positions, and nothing where it leads nowhere. What the index finds is read from the table,
# too, because `ctid` stands in no index: either of them may have been altered alone.
LEADS = """
    SELECT array(
        SELECT t.position FROM ledger.tags t
        WHERE t.tag = wanted.tag AND t.type = %(type)b AND t.position > %(after)b AND t.position <= %(until)b
        AND t.ctid >= '(0,0)' AND t.tag || '' = wanted.tag AND t.type || '' = %(type)b
        ORDER BY t.position
    )
    FROM unnest(%(tags)b::text[]) WITH ORDINALITY AS wanted (tag, number) ORDER BY wanted.number
"""
ROWS_BUT_NEWER = """
    SELECT count(*) FROM ledger.tags
    WHERE position NOT BETWEEN %s + 1 AND (SELECT coalesce(max(position), 0) FROM ledger.entries)
"""
# It reads all of the table anyway, for as long as that takes.
LONG_READ = """
    SET LOCAL enable_seqscan = on; SET LOCAL enable_indexonlyscan = off
"""


class PostgresStore(Store):
    """A store in a PostgreSQL database; threads and processes on many machines may share it."""

    def __init__(self, server: Server, clock: Clock) -> None:
        super().__init__()
        self._name = server.shown
        self._connections = Connections(server)
        self._appending = Appending(self._connections, clock)
        self._grouping = Grouping(server.shown, self._write, LOCK_SECONDS)
        self._listener = Listener(server, self.wake)

    @classmethod
    def at(cls, url: str, clock: Clock) -> Self:
        """The store at this URL. Raises `NotALedger` or `NewerSchema` when something else is there."""
        server = server_at(url)
        store = cls(server, clock)
        try:
            with named_errors(server.shown):
                store._connections.ask(lambda connection: schema.check_schema(connection, server))
        except BaseException:
            store.close()
            raise
        return store

    def close(self) -> None:
        """Close the connections that are not in use, once everything is written that was asked for."""
        self._grouping.close()
        self._listener.close()
        self._connections.close()

    # Reading.

    def head(self) -> Head:
        """As the port says."""
        with named_errors(self._name):
            return self._appending.head()

    def length(self) -> int:
        """As the port says."""
        with named_errors(self._name):
            return self._connections.ask(_length)

    def page(self, query: DCBQuery, after: int, until: int, limit: int) -> list[Entry]:
        """As the port says."""
        with named_errors(self._name):
            return self._connections.ask(lambda connection: matching(connection, query, after, until, limit))

    def subtree(self, level: int, index: int) -> bytes:
        """As the port says."""
        with named_errors(self._name):
            return self._connections.ask(lambda connection: subtree(connection, level, index))

    def of_subtrees(self, make: Callable[[Subtree], T]) -> T:
        """As the port says, by one question to the server."""
        places: list[tuple[int, int]] = []

        def take_note(level: int, index: int) -> bytes:
            places.append((level, index))
            return bytes(HASH_BYTES)

        make(take_note)
        with named_errors(self._name):
            hashes = self._connections.ask(lambda connection: subtrees(connection, places))
        return make(lambda level, index: hashes[level, index])

    def pages(self, after: int, until: int) -> Iterator[list[tuple[int, bytes, bytes]]]:
        """As the port says."""
        until = min(until, MAX_POSITION)
        while True:
            with named_errors(self._name):
                page = self._connections.ask(partial(_rows, after=after, until=until))
            if page:
                after = page[-1][0]
                yield page
            if len(page) < ROWS:
                return

    def indexed_tags(self, after: int, until: int) -> Generator[tuple[int, bytes, bytes]]:
        """As the port says. One long read of one state of the table."""
        with named_errors(self._name), self._connections.readable() as connection, connection.unhurried():
            connection.execute(LONG_READ)
            with connection.cursor("indexed_tags", binary=True) as cursor:
                cursor.adapters.register_loader("text", ByteaBinaryLoader)
                cursor.itersize = 10 * PAGE
                cursor.execute(INDEXED_TAGS, (after, min(until, MAX_POSITION)))
                for position, type_, tags in cursor:
                    yield position, type_, _listed(tags)

    def indexed_up_to(self, head: int) -> int:
        """As the port says."""
        return head

    def leads(self, type_: str, wanted: Mapping[str, Sequence[int]], after: int, until: int) -> bool:
        """As the port says."""
        with named_errors(self._name):
            found = self._connections.ask(partial(_led, type_=type_, tags=[*wanted], after=after, until=until))
        return found == [*wanted.values()]

    def index_size(self, head: int) -> int:
        """As the port says."""
        with named_errors(self._name), self._connections.readable() as connection, connection.unhurried():
            connection.execute(LONG_READ)
            row = connection.execute(ROWS_BUT_NEWER, (head,)).fetchone()
        return int(row[0]) if row else 0

    def index_strays(self) -> list[tuple[int | None, str]]:
        """As the port says."""
        with named_errors(self._name), self._connections.readable() as connection, connection.unhurried():
            connection.execute(LONG_READ)
            return schema.index_strays(connection)

    def strays(self) -> list[tuple[int | None, str]]:
        """As the port says."""
        with named_errors(self._name):
            return self._connections.ask(schema.strays)

    def unchecked(self) -> Sequence[str]:
        """As the port says."""
        with named_errors(self._name):
            return () if self._connections.ask(can_check) else (UNCHECKED,)

    def check_writable(self) -> None:
        """As the port says: of the servers at its URL there is none, at the moment, but what follows another."""
        with named_errors(self._name):
            if self._connections.ask(_is_read_only):
                raise Unreachable(self._name, "is a standby, which can be read but not written")

    def waits(self) -> bool:
        """As the port says, where the server tells it."""
        with named_errors(self._name):
            return self._connections.ask(_waits)

    def wait_beyond(self, position: int, unless: Callable[[], bool]) -> None:
        """As the port says; woken by the server, where it can be listened to."""
        self._listener.listen()
        super().wait_beyond(position, unless)

    def pause(self) -> float:
        """As the port says."""
        return self._listener.pause()

    # Appending.

    def ensure_kept(self) -> None:
        """As the port says."""
        with named_errors(self._name):
            self._appending.ensure_kept()

    def append_entries(self, events: Sequence[DCBEvent], condition: DCBAppendCondition | None = None) -> list[Entry]:
        """As the port says; also raises `OutcomeUnknown`."""
        if not events:
            raise ProgrammingError("there is nothing to append")
        return self._grouping.append(Wish(events, condition))

    def append_written(self, entries: Sequence[Entry]) -> None:
        """Add these entries behind the last one, as they are. Raises `Damaged` unless they continue the log."""
        with named_errors(self._name):
            self._appending.append_written(entries)
        self.wake()

    def _write(self, wishes: Sequence[Wish]) -> list[Outcome]:
        with named_errors(self._name):
            outcomes = self._appending.append(wishes)
        self.wake()
        return outcomes


def _length(connection: Connection) -> int:
    row = connection.execute(LENGTH, prepare=True).fetchone()
    return int(row[0]) if row else 0


def _is_read_only(connection: Connection) -> bool:
    row = connection.execute(READ_ONLY).fetchone()
    return bool(row and row[0])


def _waits(connection: Connection) -> bool:
    try:
        row = connection.execute(WAITS).fetchone()
    except (psycopg.errors.UndefinedFunction, psycopg.errors.InsufficientPrivilege):
        # An older program prepared this database, or one only reads.
        return False
    return bool(row and row[0])


def _led(connection: Connection, type_: str, tags: list[str], after: int, until: int) -> list[list[int]]:
    with connection.cursor(binary=True) as cursor:
        asked = {"type": type_, "after": after, "until": min(until, MAX_POSITION), "tags": tags}
        cursor.execute(LEADS, asked, prepare=True)
        return [found for (found,) in cursor]


def _listed(tags: Sequence[bytes]) -> bytes:
    """A JSON list of tags; one that was altered in the server's files may be no UTF-8, and is there as it is."""
    try:
        return msgspec.json.encode([tag.decode() for tag in tags])
    except UnicodeDecodeError:
        texts = [tag.decode(errors="surrogateescape") for tag in tags]
        return json.dumps(texts, ensure_ascii=False, separators=(",", ":")).encode(errors="surrogateescape")


def _rows(connection: Connection, after: int, until: int) -> list[tuple[int, bytes, bytes]]:
    with connection.cursor(binary=True) as cursor:
        return [(*row,) for row in cursor.execute(PAGE_OF_ROWS, (after, until, ROWS), prepare=True)]
