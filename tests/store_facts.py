"""What a store is filled with: names as they may occur, varied events under them, and queries of every form."""

import random
from collections.abc import Sequence
from itertools import islice
from typing import NamedTuple

import pytest
from eventsourcing.dcb.api import DCBEvent, DCBQuery, DCBQueryItem
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from ledger.storage import Store
from ledger.storage.port import PAGE
from tests.stores import CAMPAIGN, event

# One store serves all examples: they only read it, or take it as it has grown.
many = settings(
    max_examples=3000 if CAMPAIGN else 60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)

UNUSUAL = [
    "ünï-cødé:Ω",
    "日本:請求",
    "e\u0301",  # not the same as its composed form, which is there too
    "\u00e9",
    "🙂",
    "\U0010ffff",
    "\uffff",
    "\u2028",
    "\ufeff",
    "it's",
    'say "so"',
    "back\\slash",
    "\\u0041",
    '["a","b"]',
    '{"a":null}',
    "null",
    "true",
    "0",
    "1.0",
    "100%",
    "%s",
    "under_score",
    "*",
    "a?b",
    ";DROP TABLE entries;--",
    "$[0]",
    " ",
    " lead",
    "trail ",
    "UPPER",
    "upper",
    "x" * 255,
    "x" * 254,
    "é" * 127,
]
IMPOSSIBLE = ["", "\x00", "busy\x00", "\x00busy", "busy\n", "\x7f", "\x85", "\ud800", "busy\udfff", "x" * 256]
BY_FREQUENCY = {"busy": 1.0, "often": 0.5, "some": 0.1, "few": 0.01}
RARE = ["rare:first", "rare:middle", "rare:last"]
TYPES = ["thing.happened.v1", "thing.happened.v2", "thing.ended.v1", "busy", 'type "\\%é🙂', "t" * 255]
SIZE = 2 * PAGE + 331  # more than two pages, and no round number of anything


def varied_events() -> list[DCBEvent]:
    """Events with busy tags and rare ones, some with many, some with none."""
    chance = random.Random(2026)
    events = []
    for position in range(1, SIZE + 1):
        tags = [tag for tag, frequency in BY_FREQUENCY.items() if chance.random() < frequency]
        tags += chance.sample(UNUSUAL, chance.choice([0, 0, 1, 2, 5]))
        tags += [tag for tag, place in zip(RARE, (1, SIZE // 2, SIZE), strict=True) if place == position]
        events.append(event(chance.choice(TYPES), *(tags if chance.random() < 0.95 else []), data=b"%d" % position))
    return events


class Filled(NamedTuple):
    store: Store
    events: list[DCBEvent]


@pytest.fixture
def filled(store: Store) -> Filled:
    """A store that holds varied events, appended in batches of all sizes."""
    events = varied_events()
    chance = random.Random(1)
    rest = iter(events)
    while batch := list(islice(rest, chance.choice([1, 2, 3, 63, 64, 65, 130]))):
        store.append(batch)
    return Filled(store, events)


def queries_for(types: Sequence[str], tags: Sequence[str]) -> st.SearchStrategy[DCBQuery]:
    """Queries of every form: no item, empty items, types, tags, both, repeated ones, several items."""
    items = st.builds(
        DCBQueryItem, st.lists(st.sampled_from(types), max_size=3), st.lists(st.sampled_from(tags), max_size=3)
    )
    return st.builds(DCBQuery, st.lists(items, max_size=4))


any_query = queries_for(
    [*TYPES, "unknown.v1", *IMPOSSIBLE], [*BY_FREQUENCY, *BY_FREQUENCY, *RARE, *UNUSUAL, "unknown", *IMPOSSIBLE]
)
places = st.none() | st.integers(0, SIZE + 2) | st.sampled_from([0, 1, SIZE - 1, SIZE, SIZE + 1, 64, 1280, 2**63])


def event_of(entry):
    return DCBEvent(entry.header.type, entry.payload, list(entry.header.tags))
