"""What appending to a log on PostgreSQL costs, beside the library's own recorder and a bare COPY on the same server."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

import psycopg
from eventsourcing.dcb.api import DCBAppendCondition, DCBQuery, DCBQueryItem, DCBRecorder
from eventsourcing.dcb.postgres_tt import PostgresDCBRecorderTT

from ledger.storage import open_store
from ledger.storage.postgres.growth import COPY_ENTRIES, COPY_TAGS, tag_rows
from tests import postgres
from tests.bench.engines import PostgreSQL
from tests.bench.measure import Figure, compared, in_turns, microseconds
from tests.bench.workload import Office

BATCH, BATCHES = 5000, 6


def figures(at: PostgreSQL) -> Iterator[Figure]:
    """What only this engine is asked."""
    yield conditional_append(at)
    yield bulk_append(at.server)


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


def conditional_append(at: PostgreSQL) -> Figure:
    """A durable append under a condition, chained, treed and tagged, against the library's of the same bytes."""
    with at.ledger("appends") as url, open_store(url) as store, at.datastore() as datastore:
        recorder = PostgresDCBRecorderTT(datastore)
        recorder.create_table()
        ratio = in_turns(Caller(store).append, Caller(recorder).append, rounds=40, calls=50)
    return Figure("conditional append / library's", ratio.ratio, ">= 1.0", compared(ratio, "library"))


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
    return Figure(f"batch of {BATCH:,} / bare COPY of the same rows", ratio.ratio, ">= 0.5", detail)


def copy_rows(connection: psycopg.Connection[Any], statement: str, types: list[str], rows: Sequence[Any]) -> None:
    """Hand rows over by COPY."""
    with connection.cursor() as cursor, cursor.copy(statement.encode()) as copy:
        copy.set_types(types)
        for row in rows:
            copy.write_row(row)
