"""Homes that commands are tried on, and what is in them."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from eventsourcing.dcb.api import DCBEvent

from ledger.chain.entry import Entry
from ledger.events import Event, RoleGranted
from ledger.home import create_home, open_home, open_log
from ledger.storage.port import Clock
from tests.facts import ANA, BEN, data_set, fact, person, submitted, version_added

DIRECTOR = "staff:7"

ORIGIN = "ir.example.edu/dua-ledger"
# Before the real clock, by which the commands write.
LONG_AGO = datetime(2020, 2, 1, 12, tzinfo=UTC)
SIX = [data_set(), version_added(), person(ANA), person(BEN), submitted(study_group=(ANA, BEN))]


def long_ago() -> datetime:
    return LONG_AGO


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with six entries."""
    create_home(tmp_path / "home", ORIGIN, actor="staff:1", via="command line", clock=long_ago)
    append(tmp_path / "home", *SIX)
    return tmp_path / "home"


def append(path: Path, *events: Event, clock: Clock = long_ago) -> None:
    with open_home(path, clock) as home:
        home.ledger.append([fact(event) for event in events])


def append_raw(path: Path, wire_type: str, payload: bytes, *tags: str) -> None:
    """Append what no event of ours is."""
    with open_log(path, long_ago) as store:
        store.append([DCBEvent(wire_type, payload, list(tags))])


def entries_of(path: Path) -> list[Entry]:
    with open_log(path) as store:
        return list(store.scan())


def with_details(folder: Path, clock: Callable[[], datetime] = long_ago) -> Path:
    """A home that knows three details of Ana."""
    details = {"name": "Ana Ejemplo", "email": "ana@example.edu", "phone": "+1 617 253 1000"}
    create_home(folder / "home", ORIGIN, actor="staff:1", via="command line", clock=clock)
    with open_home(folder / "home", clock) as home:
        sealed = home.custody.seal(f"person:{ANA}", "person.registered", details)
        home.ledger.append([fact(person(ANA, **sealed))])
    return folder / "home"


def with_a_director(folder: Path, clock: Callable[[], datetime] = long_ago) -> Path:
    """The same, where somebody may erase."""
    path = with_details(folder, clock)
    with open_home(path, clock) as home:
        director = RoleGranted(principal=DIRECTOR, person=None, role="director", starts=date(2020, 1, 1), ends=None)
        home.ledger.append([fact(director)])
    return path


def facts_of(home: Path) -> list[dict[str, Any]]:
    """The payloads of all entries."""
    return [json.loads(entry.payload) for entry in entries_of(home)]
