"""Making a log of entries that is the very same as the one they come from.

Position, time, tags, type and payload are all that an entry hangs on, beside the leaf of the one before.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import groupby, islice

from eventsourcing.dcb.api import DCBEvent

from ledger.chain.entry import Entry
from ledger.storage import create_store, open_store

BATCH = 256


class _TimeOf:
    """A clock that says what it was told last."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now


def refill(url: str, entries: Iterable[Entry]) -> Iterator[tuple[Entry, Entry]]:
    """Append to the store at a URL, made if need be, what these entries say; gives each with what stands there now."""
    create_store(url)
    clock = _TimeOf()
    with open_store(url, clock) as store:
        for at, together in groupby(entries, key=lambda entry: entry.recorded_at):
            clock.now = at
            while some := list(islice(together, BATCH)):
                events = [DCBEvent(one.header.type, one.payload, list(one.header.tags)) for one in some]
                yield from zip(some, store.append_entries(events), strict=True)
