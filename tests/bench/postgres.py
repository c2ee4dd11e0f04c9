"""What a log on PostgreSQL costs, beside the library's own recorder and a bare COPY on the same server.

The server is made for it, on a disk that it waits for: fsync and synchronous_commit are on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any, NamedTuple

import psycopg
from eventsourcing.dcb.api import DCBAppendCondition, DCBQuery, DCBQueryItem, DCBRecorder
from eventsourcing.dcb.postgres_tt import PostgresDCBRecorderTT
from eventsourcing.postgres import PostgresDatastore

from ledger.storage import open_store
from ledger.storage.postgres.growth import COPY_ENTRIES, COPY_TAGS, tag_rows
from tests import postgres
from tests.bench.measure import Figure, compared, in_turns, microseconds
from tests.bench.workload import Office

BATCH, BATCHES = 5000, 6
SETTINGS = "SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'synchronous_commit', 'full_page_writes')"


class Measured(NamedTuple):
    """Figures, and what the server was that they were taken on."""

    figures: list[Figure]
    server: dict[str, str]


def measured() -> Measured:
    """The figures, on a server of their own; none where PostgreSQL is not installed."""
    if postgres.program("initdb") is None:
        return Measured([], {})
    with postgres.server("shared_buffers=256MB") as server:
        return Measured([conditional_append(server), bulk_append(server)], settings_of(server))


def settings_of(server: postgres.Server) -> dict[str, Any]:
    """What a server is, and what it waits for."""
    with closing(psycopg.connect(server.url("postgres"))) as connection:
        settings: dict[str, Any] = dict(connection.execute(SETTINGS).fetchall())
        return settings | {"version": str(connection.info.server_version)}


class Caller:
    """Appends one event after the other, each on condition that nothing newer of its kind is about the same thing."""

    def __init__(self, recorder: DCBRecorder) -> None:
        self._recorder, self._events = recorder, iter(Office().events(6000))
        self._last = recorder.append([next(self._events)])

    def append(self) -> None:
        """Append the next event."""
        event = next(self._events)
        condition = DCBAppendCondition(DCBQuery([DCBQueryItem([event.type], [tag]) for tag in event.tags]), self._last)
        self._last = self._recorder.append([event], condition)


def conditional_append(server: postgres.Server) -> Figure:
    """A durable append under a condition, chained, treed and tagged, against the library's of the same bytes."""
    with server.ledger() as url, open_store(url) as store, library(server) as recorder:
        ratio = in_turns(Caller(store).append, Caller(recorder).append, rounds=40, calls=50)
    detail = compared(ratio, "library")
    return Figure("PostgreSQL: conditional append / library's", ratio.ratio, ">= 1.0", detail)


@contextmanager
def library(server: postgres.Server) -> Iterator[DCBRecorder]:
    """The library's own recorder, in a database of its own."""
    name = server.new_database()
    datastore = PostgresDatastore(
        dbname=name, host=str(server.folder), port=str(server.port), user=postgres.ADMIN, password=""
    )
    with datastore:
        recorder = PostgresDCBRecorderTT(datastore)
        recorder.create_table()
        yield recorder
    server.drop(name)


def bulk_append(server: postgres.Server) -> Figure:
    """Large batches, against a bare COPY of the same rows into tables of the same kind."""
    with (
        server.ledger() as ours,
        server.ledger() as other,
        server.ledger() as prepared,
        open_store(ours) as store,
        open_store(prepared) as source,
        closing(psycopg.connect(other)) as bare,
    ):
        office, twin = Office(), Office()
        batches = iter([office.events(BATCH) for _ in range(BATCHES)])
        rows = []
        for start in range(0, BATCH * BATCHES, BATCH):
            entries = source.append_entries(twin.events(BATCH))
            rows.append(([*source.rows(start, start + BATCH)], tag_rows(entries)))
        waiting = iter(rows)

        def copy() -> None:
            entry_rows, index_rows = next(waiting)
            copy_rows(bare, COPY_ENTRIES, ["int8", "bytea", "bytea"], entry_rows)
            copy_rows(bare, COPY_TAGS, ["text", "text", "int8"], index_rows)
            bare.commit()

        ratio = in_turns(lambda: store.append_entries(next(batches)), copy, rounds=BATCHES)
    each = microseconds(ratio.ours.median / BATCH)
    detail = f"{each} an event; {compared(ratio, 'bare COPY')}"
    return Figure(f"PostgreSQL: batch of {BATCH:,} / bare COPY of the same rows", ratio.ratio, ">= 0.5", detail)


def copy_rows(connection: psycopg.Connection[Any], statement: str, types: list[str], rows: Sequence[Any]) -> None:
    """Hand rows over by COPY."""
    with connection.cursor() as cursor, cursor.copy(statement.encode()) as copy:
        copy.set_types(types)
        for row in rows:
            copy.write_row(row)


if __name__ == "__main__":
    for figure in measured().figures:
        print(figure.told())
