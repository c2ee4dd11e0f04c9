"""How requests are folded for the views: in memory that doesn't grow with the log, and as if it did."""

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ledger.codec import Fact
from ledger.errors import Damaged
from ledger.events import DataSetVersionAdded, Event, RequestSubmitted
from ledger.log import Ledger
from ledger.storage import open_store
from projections.asof import AsOf, Moment
from projections.views import requests
from projections.views.requests import Requests
from projections.views.taking import READER
from tests.facts import REQUEST, fact, ledger_on, noon, submitted, version_added
from tests.office_requests import complete
from tests.view_facts import RELEASED, corrected, everything, renamed, said_by

LIFE = [*complete(), *RELEASED]
NUMBERS = [f"R-2026-{number:04d}" for number in range(1, 6)]


def life(number: str) -> list[Event]:
    """The life of a request with this number, with agreements, keys and releases of its own."""
    names = {REQUEST: number} | {one: f"{one}-{number}" for one in ("A-1", "K-1", "L-1")}
    return [renamed(event, names) for event in LIFE]


LIVES = [life(number) for number in NUMBERS]
# One after the other; in turns, so that each is met again when many others were met since; and one that comes again.
ORDERS = {
    "one after the other": [event for one in LIVES for event in one],
    "in turns": [event for row in zip_longest(*LIVES) for event in row if event is not None],
    "again at the end": [*(event for one in LIVES for event in one[:12]), *LIVES[0][12:]],
}


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    with open_store("sqlite://", noon) as store:
        yield ledger_on(store)


def told(ledger: Ledger, events: Sequence[Event]) -> list[Fact]:
    """Have these events recorded."""
    facts = [fact(event) for event in events]
    ledger.append(facts)
    return facts


def from_nothing(ledger: Ledger) -> Any:
    return AsOf(ledger, Moment()).ask(everything).rows


@pytest.mark.parametrize("kept", [1, 2, 3])
@pytest.mark.parametrize("order", ORDERS)
def test_however_few_requests_are_kept_at_a_time_they_add_up_to_the_same(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, order: str, kept: int
):
    told(ledger, [*ORDERS[order], corrected(1, ORDERS[order][0])])
    expected = from_nothing(ledger)
    monkeypatch.setattr(requests, "KEPT", kept)
    assert from_nothing(ledger) == expected


def test_what_was_written_and_is_corrected_then_is_folded_again(ledger: Ledger, monkeypatch: pytest.MonkeyPatch):
    events = ORDERS["one after the other"]
    receipt = len(LIFE)
    told(ledger, [*events, corrected(receipt, events[receipt - 1])])
    expected = from_nothing(ledger)
    assert {row[1] for row in expected["requests"]} == {"released", "received"}
    monkeypatch.setattr(requests, "KEPT", 1)
    assert from_nothing(ledger) == expected


def test_no_more_requests_are_kept_than_that(ledger: Ledger, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(requests, "KEPT", 2)
    kept = []
    fold = Requests.fold

    def folded(self: Requests, *facts: Any) -> None:
        fold(self, *facts)
        kept.append(len(self._met) + len(self._met_before))

    monkeypatch.setattr(Requests, "fold", folded)
    told(ledger, ORDERS["one after the other"])
    from_nothing(ledger)
    assert max(kept) == 4


def test_views_that_catch_up_with_many_requests_at_once_say_what_views_made_from_nothing_say(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(requests, "KEPT", 2)
    events = ORDERS["in turns"]
    told(ledger, events[:60])
    said_by(tmp_path / "views.db", ledger)
    told(ledger, events[60:])
    assert said_by(tmp_path / "views.db", ledger) == (from_nothing(ledger), len(events))


def test_what_is_read_of_an_event_at_first_is_as_the_event_says_and_the_rest_can_be_read_later(ledger: Ledger):
    facts = told(ledger, [submitted(), version_added(), *complete()])
    brief = [one for one in READER.read(ledger.store.rows(0, len(facts))) if one.payload is not None]

    assert {one.kind for one in brief} == {RequestSubmitted, DataSetVersionAdded}
    for read in brief:
        event = facts[read.position - 1].event
        assert read.event == event
        assert as_read_back(read.said).items() <= as_read_back(event).items()


def as_read_back(said: msgspec.Struct) -> dict[str, Any]:
    return msgspec.json.decode(msgspec.json.encode(said), type=dict[str, Any])


def test_an_event_of_which_only_the_rest_cannot_be_read_is_named_when_that_is_asked_for(ledger: Ledger):
    told(ledger, [submitted()])
    ((position, tree, raw),) = ledger.store.rows(0, 1)
    broken = raw.replace(b'"personnel":[]', b'"personnel":7')
    (read,) = READER.read([(position, tree, broken)])
    with pytest.raises(Damaged, match="position 1"):
        _ = read.event
