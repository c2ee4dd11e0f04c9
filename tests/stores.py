"""What the tests of the store share: events and queries in few words, an oracle, and all that a store holds."""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from eventsourcing.dcb.api import DCBEvent, DCBQuery, DCBQueryItem, DCBSequencedEvent

from ledger.evidence.report import Verdict
from ledger.evidence.verify import verify_log
from ledger.storage import Store
from ledger.storage.port import Head

CAMPAIGN = os.environ.get("CAMPAIGN") == "1"
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
PATIENCE = 180.0  # seconds until a test takes something for stuck, on a machine that has much else to do
# Watches a program, and holds it up at no other calls than those asked for; but this way it can send no signal.
WATCHING = ["strace", "-f", "--seccomp-bpf"]

# Kinds of stores that a test runs over: PostgreSQL too, or, where that takes longer than it is worth, in a campaign.
POSTGRES = pytest.param("postgres", marks=pytest.mark.needs("initdb"))
LATER = [pytest.param("postgres", marks=[pytest.mark.needs("initdb"), pytest.mark.campaign])] if CAMPAIGN else []


def url_of(kind: str, request: pytest.FixtureRequest) -> str:
    """Where an empty store of this kind is."""
    if kind == "memory":
        return "sqlite://"
    found: str = request.getfixturevalue("service_url" if kind == "postgres" else "file_url")
    return found


def event(type_: str = "thing.happened.v1", *tags: str, data: bytes = b"{}") -> DCBEvent:
    return DCBEvent(type_, data, list(tags))


def item(*types: str, tags: Iterable[str] = ()) -> DCBQueryItem:
    return DCBQueryItem(list(types), list(tags))


def query(*items: DCBQueryItem) -> DCBQuery:
    return DCBQuery(list(items))


def tagged(*tags: str) -> DCBQuery:
    return query(item(tags=tags))


def matches(event: DCBEvent, wanted: DCBQuery) -> bool:
    """Whether an event matches, in the words of the library's `DCBRecorder.read`."""
    return not wanted.items or any(
        (event.type in one.types or not one.types) and set(one.tags) <= set(event.tags) for one in wanted.items
    )


def matching(events: Sequence[DCBEvent], wanted: DCBQuery, after: int = 0) -> list[DCBSequencedEvent]:
    """What a store must find among these events, which it holds from position 1 on."""
    return [
        stored(event, position)
        for position, event in enumerate(events, 1)
        if position > after and matches(event, wanted)
    ]


def stored(event: DCBEvent, position: int) -> DCBSequencedEvent:
    """The event as a store gives it back: its tags are sorted by their bytes."""
    return DCBSequencedEvent(DCBEvent(event.type, event.data, sorted(event.tags, key=str.encode)), position)


class Contents(NamedTuple):
    """All that a store holds."""

    head: Head
    rows: list[tuple[int, bytes, bytes]]
    indexed: list[tuple[int, bytes, bytes]]


def contents(store: Store) -> Contents:
    head = store.head()
    beyond = head.position + 10_000
    return Contents(head, list(store.rows(0, beyond)), list(store.indexed_tags(0, beyond)))


def assert_holds(store: Store) -> None:
    """An auditor finds nothing wrong."""
    report = verify_log(store)

    assert (report.findings, report.verdict, report.size) == ((), Verdict.HOLDS, store.head().position)


@contextmanager
def nothing_written(store: Store) -> Iterator[None]:
    """What is done in here leaves the store as it was."""
    before = contents(store)
    yield
    assert contents(store) == before
    assert_holds(store)


class HandSetClock:
    """A clock that says what it is told to say."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def turn(self, by: timedelta) -> None:
        self.now += by


def path_of(url: str) -> Path:
    """Where the file is that a store's URL names."""
    return Path(url.removeprefix("sqlite:///"))
