"""What every store promises, whichever engine keeps it: one contract, run on each of them.

With CAMPAIGN=1 the queries, conditions and clocks that hypothesis makes up are many more.
"""

import json
import random
import sqlite3
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from itertools import accumulate, islice, pairwise
from multiprocessing.pool import ThreadPool
from typing import NamedTuple

import pytest
from eventsourcing.dcb.api import DCBAppendCondition, DCBEvent, DCBQuery, DCBQueryItem
from eventsourcing.dcb.popo import InMemoryDCBRecorder
from eventsourcing.persistence import IntegrityError, ProgrammingError
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ledger.chain.entry import parse_entry
from ledger.chain.merkle import (
    completed_by,
    consistency_path,
    inclusion_path,
    root_hash,
    root_of,
    verify_consistency,
    verify_inclusion,
)
from ledger.errors import ClockBehind, Conflict, Damaged, Malformed
from ledger.storage import Store, open_store
from ledger.storage.port import EMPTY_HEAD, PAGE
from ledger.storage.tag_index import STEP
from tests.conftest import POSTGRES, url_of
from tests.stores import (
    CAMPAIGN,
    NOON,
    PATIENCE,
    HandSetClock,
    assert_holds,
    contents,
    event,
    item,
    matching,
    nothing_written,
    path_of,
    query,
    stored,
    tagged,
)
from tests.writers import append_each, forking

# One store serves all examples: they only read it, or take it as it has grown.
many = settings(
    max_examples=3000 if CAMPAIGN else 60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


# Names as they may occur, and what is to be found under them.

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

names = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=63)


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


# Reading.


@pytest.mark.campaign
@many
@given(wanted=any_query, after=places, limit=st.none() | st.sampled_from([0, 1, 2, 7, PAGE, PAGE + 1, SIZE, 2**40]))
def test_reading_finds_exactly_what_matches(filled, wanted, after, limit):
    expected = matching(filled.events, wanted, after or 0)[:limit]

    reading = filled.store.read(wanted, after=after, limit=limit)

    assert list(reading) == expected
    assert reading.head == (SIZE if limit is None else expected[-1].position if expected else None)


@pytest.mark.campaign
@many
@given(wanted=any_query, after=places, until=places)
def test_scanning_finds_what_matches_between_two_positions(filled, wanted, after, until):
    end = SIZE if until is None else until
    expected = [found for found in matching(filled.events, wanted, after or 0) if found.position <= end]

    found = list(filled.store.scan(wanted, after or 0, until))

    assert [stored(event_of(entry), entry.position) for entry in found] == expected


@pytest.mark.parametrize("length", [PAGE - 1, PAGE, PAGE + 1, 2 * PAGE, 2 * PAGE + 1])
def test_nothing_is_lost_or_doubled_where_one_page_ends_and_the_next_begins(length, store):
    events = [event("even.v1" if n % 2 else "odd.v1", "all", data=b"%d" % n) for n in range(length)]
    store.append(events)

    for wanted in (query(), tagged("all"), query(item("even.v1"), item("odd.v1")), query(item("even.v1"))):
        assert list(store.read(wanted)) == matching(events, wanted)


@pytest.mark.campaign
@many
@given(data=st.data(), batches=st.lists(st.lists(st.tuples(names, st.sets(names, max_size=6))), max_size=5))
def test_a_store_reads_as_the_library_s_own_recorder_does(store, data, batches):
    start = store.head().position
    recorder = InMemoryDCBRecorder()
    for batch in filter(None, batches):
        events = [event(type_, *sorted(tags, key=str.encode)) for type_, tags in batch]
        recorder.append(events)
        store.append(events)
    used = [(type_, tags) for batch in batches for type_, tags in batch]
    types = sorted({"unknown", *(type_ for type_, _ in used)})
    tags = sorted({"unknown", *(tag for _, tags in used for tag in tags)})
    wanted = data.draw(queries_for(types, tags))
    after = data.draw(st.integers(0, len(used) + 1))
    limit = data.draw(st.none() | st.integers(0, 5))

    theirs = recorder.read(wanted, after=after, limit=limit)
    ours = store.read(wanted, after=start + after, limit=limit)

    assert [(found.event, found.position) for found in ours] == [
        (found.event, start + found.position) for found in theirs
    ]
    if used:
        assert ours.head == (start + theirs.head if theirs.head else None)


@pytest.mark.parametrize("wanted", [None, query(), query(item()), tagged("a"), query(item("t"))])
def test_an_empty_store_has_nothing_to_read(wanted, store):
    reading = store.read(wanted)

    assert (list(reading), reading.head, store.head(), store.entry(1)) == ([], None, EMPTY_HEAD, None)


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_a_name_that_no_entry_can_have_is_not_found(name, filled):
    assert list(filled.store.read(tagged(name))) == []
    assert list(filled.store.read(tagged("busy", name))) == []
    assert list(filled.store.read(query(item(name)))) == []
    assert list(filled.store.read(query(item(name, tags=["busy"]), item(tags=["rare:first"])), after=0)) == matching(
        filled.events, tagged("rare:first")
    )


def test_an_entry_is_found_by_all_of_its_tags_and_by_no_more_than_it_may_have(store):
    all_tags = [f"tag:{number}" for number in range(64)]
    store.append([event("t", *all_tags), *[event("t", "tag:63")] * 127])

    assert [entry.position for entry in store.scan(tagged(*all_tags, *all_tags))] == [1]
    assert list(store.scan(tagged(*all_tags, "tag:64"))) == []
    assert list(store.scan(tagged(*(f"tag:{number}" for number in range(5000))))) == []


def test_an_entry_is_found_by_its_position_and_by_no_other_number(filled):
    assert [event_of(filled.store.entry(n + 1)) for n in range(SIZE)] == [stored(e, 0).event for e in filled.events]
    assert [filled.store.entry(n) for n in (0, -1, SIZE + 1, SIZE + 64, 2**53, 2**63, 2**70, -(2**70))] == [None] * 8


def event_of(entry):
    return DCBEvent(entry.header.type, entry.payload, list(entry.header.tags))


# Appending.


def test_what_is_appended_is_given_back_as_it_is_kept(store):
    events = varied_events()[:200]

    entries = [entry for start in range(0, 200, 40) for entry in store.append_entries(events[start : start + 40])]

    assert [stored(event_of(entry), entry.position) for entry in entries] == matching(events, query())
    assert list(store.scan()) == entries
    assert [raw for _, _, raw in store.rows(0, 200)] == [entry.raw for entry in entries]


def test_appending_gives_the_position_of_the_last(store):
    assert [store.append([event()] * size) for size in (1, 1, 3, 64, 200, 1)] == [1, 2, 5, 69, 269, 270]


def test_nothing_is_no_batch(store):
    with nothing_written(store), pytest.raises(ProgrammingError):
        store.append([])


def test_an_entry_may_have_every_tag_that_fits(store):
    most = [f"{n:02}" + "x" * 253 for n in range(64)]
    events = [event("t", *most), event("t", *most[:63]), event("t", *reversed(most))]

    store.append(events)

    assert list(store.read(tagged(*most))) == matching(events, tagged(*most))
    assert_holds(store)


@pytest.mark.campaign
@settings(many, max_examples=800 if CAMPAIGN else 60)
@given(
    wanted=any_query, after=places, size=st.sampled_from([1, 1, 2, 3, 64, 70]), chance=st.randoms(use_true_random=False)
)
def test_a_condition_fails_exactly_when_something_newer_matches(filled, wanted, after, size, chance):
    store, events = filled
    before = store.head()
    newer = matching(events, wanted, after or 0)
    batch = [event(chance.choice(TYPES), *chance.sample([*UNUSUAL, "few"], 2), data=b"new") for _ in range(size)]

    if newer:
        with pytest.raises(IntegrityError) as refused:
            store.append(batch, DCBAppendCondition(wanted, after))
        assert refused.type is Conflict
        assert vars(refused.value) == {"position": newer[0].position, "after": after}
        assert store.head() == before
    else:
        events += batch
        assert store.append(batch, DCBAppendCondition(wanted, after)) == store.head().position == len(events)


def test_a_batch_that_meets_a_conflict_leaves_nothing(store):
    store.append([event("t", "a"), event("t", "b"), event("t", "a")])

    with nothing_written(store), pytest.raises(Conflict) as refused:
        store.append([event("t", "c")] * 70, DCBAppendCondition(tagged("a"), 1))

    assert (refused.value.position, refused.value.after) == (3, 1)
    assert str(refused.value) == "entry 3 is newer than 1, up to which the decision had read"


def test_a_batch_is_no_conflict_with_itself(store):
    assert store.append([event("t", "a")] * 3, DCBAppendCondition(tagged("a"))) == 3
    assert store.append([event("t", "a")] * 3, DCBAppendCondition(tagged("a"), 3)) == 6


def test_a_condition_that_had_read_beyond_the_head_holds(store):
    store.append([event("t", "a")])

    assert store.append([event("t", "a")], DCBAppendCondition(tagged("a"), 2**63)) == 2


# Chain and tree.


@pytest.fixture(params=["one by one", "all at once", "in batches"])
def grown(request: pytest.FixtureRequest, store: Store) -> Store:
    """A store of 300 entries, grown in one of three ways."""
    sizes = {"one by one": [1] * 300, "all at once": [300], "in batches": [1, 2, 4, 7, 50, 64, 65, 100, 3, 4]}
    for size in sizes[request.param]:
        store.append([event("t", "busy", f"tag:{n % 5}", data=b"%d" % n) for n in range(size)])
    return store


def test_each_entry_names_the_leaf_of_the_one_before(grown):
    entries = [parse_entry(raw) for _, _, raw in grown.rows(0, 300)]

    assert [entry.position for entry in entries] == list(range(1, 301))
    assert [entry.header.prev for entry in entries] == ["0" * 64, *(entry.leaf.hex() for entry in entries[:-1])]
    assert grown.head() == (300, entries[-1].leaf, entries[-1].header.recorded_at)


def test_each_row_keeps_the_subtrees_that_its_entry_completes(grown):
    rows = list(grown.rows(0, 300))
    leaves = [parse_entry(raw).leaf for _, _, raw in rows]

    def subtree(level, index):
        return root_hash(leaves[index << level : (index + 1) << level])

    assert [(position, tree) for position, tree, _ in rows] == [
        (position, b"".join(completed_by(position, leaf, subtree))) for position, leaf in enumerate(leaves, 1)
    ]
    for level in range(9):
        for index in range(300 >> level):
            assert grown.subtree(level, index) == subtree(level, index)


def test_stores_that_write_in_turns_each_go_on_where_the_other_ended(shared_url):
    """Also across the steps in which the index grows, and when one of them has been away for long."""
    drawn = random.Random(11)
    with open_store(shared_url) as one, open_store(shared_url) as other:
        for number in range(150):
            writer = drawn.choice([one, one, one, other])
            writer.append([event("t", f"tag:{number % 7}")] * drawn.choice([1, 1, 1, 2, 70]))
            with pytest.raises(IntegrityError):
                writer.append([event()] * 3, DCBAppendCondition(tagged(f"tag:{number % 7}")))
            assert one.head() == other.head()

        assert_holds(one)
        assert contents(one) == contents(other)


def test_the_root_of_each_size_is_the_root_of_so_many_leaves(grown):
    leaves = [entry.leaf for entry in grown.scan()]

    assert [root_of(size, grown.subtree) for size in range(301)] == [root_hash(leaves[:size]) for size in range(301)]


def test_proofs_made_from_the_store_hold(grown):
    leaves = [entry.leaf for entry in grown.scan()]
    root = root_of(300, grown.subtree)

    for index in range(300):
        verify_inclusion(index, 300, leaves[index], inclusion_path(index, 300, grown.subtree), root)
    for size in range(1, 301):
        old_root = root_of(size, grown.subtree)
        verify_consistency(size, 300, consistency_path(size, 300, grown.subtree), old_root, root)


@pytest.mark.parametrize(("level", "index"), [(0, 300), (0, -1), (1, 150), (8, 1), (9, 0), (60, 0)])
def test_a_subtree_that_is_not_complete_has_no_hash(level, index, grown):
    with pytest.raises(Damaged):
        grown.subtree(level, index)


def test_rows_are_given_between_two_positions(filled):
    rows = list(filled.store.rows(0, SIZE))

    assert [position for position, _, _ in rows] == list(range(1, SIZE + 1))
    for after, until in [(0, 0), (0, 1), (1, 1), (5, 4), (PAGE - 1, 2 * PAGE + 1), (PAGE, 2 * PAGE), (SIZE, SIZE + 9)]:
        assert list(filled.store.rows(after, until)) == rows[after:until]


def test_the_index_holds_each_entry_s_type_and_tags_as_far_as_it_must_reach(filled):
    reach = filled.store.indexed_up_to(SIZE)
    expected = [
        (position, one.type, ["", *sorted(one.tags, key=str.encode)])
        for position, one in enumerate(filled.events[:reach], 1)
    ]

    def indexed(after, until):
        return [
            (position, type_.decode(), json.loads(tags))
            for position, type_, tags in filled.store.indexed_tags(after, until)
        ]

    assert 0 <= reach <= SIZE
    assert indexed(0, SIZE) == expected
    for after, until in [(0, 0), (0, 1), (1, 1), (PAGE, 2 * PAGE), (reach - 1, reach), (SIZE, SIZE + 9)]:
        assert indexed(after, until) == expected[after:until]


def test_an_auditor_finds_nothing_wrong_at_any_length(store):
    for _ in range(140):
        store.append([event("t", "a", "b")])
        assert_holds(store)


# Following.


def following(store: Store, wanted: DCBQuery | None, after: int | None, count: int):
    """The first so many that a new subscription gives, without waiting for ever."""
    with store.subscribe(wanted, after=after) as subscription, ThreadPool(1) as aside:
        return aside.apply_async(lambda: list(islice(subscription, count))).get(PATIENCE)


@pytest.mark.parametrize(
    "wanted",
    [None, query(), tagged("few"), tagged("often", "some"), query(item("busy"), item(tags=["rare:last"]))],
    ids=repr,
)
@pytest.mark.parametrize("after", [None, 0, 1, 64, PAGE, SIZE - 1])
def test_a_subscription_begins_with_what_is_there(wanted, after, filled):
    expected = matching(filled.events, wanted or query(), after or 0)

    assert following(filled.store, wanted, after, len(expected)) == expected


def test_a_subscription_goes_on_with_what_comes(store):
    events = [event("t", "odd" if n % 2 else "even", data=b"%d" % n) for n in range(150)]
    with store.subscribe(tagged("odd")) as subscription, ThreadPool(1) as aside:
        received = aside.apply_async(lambda: list(islice(subscription, 75)))
        for sizes in pairwise(accumulate([0, 1, 1, 3, 60, 20, 65])):
            store.append(events[slice(*sizes)])

        assert received.get(PATIENCE) == matching(events, tagged("odd"))


def test_a_subscription_waits_when_it_has_given_everything(store):
    store.append([event("t", "a")])
    with store.subscribe(tagged("a")) as subscription, ThreadPool(1) as aside:
        assert next(subscription) == stored(event("t", "a"), 1)
        waiting = aside.apply_async(next, [subscription])
        store.append([event("t", "b")] * 3)
        assert not waiting.ready()

        store.append([event("t", "a", data=b"new")])

        assert waiting.get(PATIENCE) == stored(event("t", "a", data=b"new"), 5)


def test_a_subscription_may_begin_where_the_log_has_not_come_to(store):
    with store.subscribe(after=3) as subscription, ThreadPool(1) as aside:
        waiting = aside.apply_async(next, [subscription])
        store.append([event(data=b"%d" % n) for n in range(5)])

        assert waiting.get(PATIENCE) == stored(event(data=b"3"), 4)


def test_each_subscriber_gets_everything_that_it_asked_for(store):
    events = [event("t", f"tag:{n % 3}", data=b"%d" % n) for n in range(200)]
    wanted = [query(), tagged("tag:0"), tagged("tag:1"), tagged("tag:2"), query(item("t"))]
    with ThreadPool(len(wanted)) as aside:
        received = [
            aside.apply_async(lambda one: list(islice(store.subscribe(one), len(matching(events, one)))), [one])
            for one in wanted
        ]
        for start in range(0, 200, 7):
            store.append(events[start : start + 7])

        assert [one.get(PATIENCE) for one in received] == [matching(events, one) for one in wanted]


def test_stopping_from_another_thread_ends_the_waiting(store):
    store.append([event()])
    with store.subscribe() as subscription, ThreadPool(1) as aside:
        assert next(subscription).position == 1
        received = aside.apply_async(lambda: list(subscription))

        subscription.stop()

        assert received.get(PATIENCE) == []


def test_a_subscription_that_was_stopped_gives_nothing_more(filled):
    with filled.store.subscribe() as subscription:
        assert next(subscription).position == 1

    assert list(subscription) == []


def test_a_subscription_hears_of_another_process(shared_url):
    events = [event("t", "a" if n % 2 else "b", data=b"%d" % n) for n in range(150)]
    with (
        open_store(shared_url) as store,
        ThreadPool(1) as aside,
        ProcessPoolExecutor(1, mp_context=forking()) as elsewhere,
    ):
        received = aside.apply_async(lambda: list(islice(store.subscribe(tagged("a")), 75)))
        elsewhere.submit(append_each, shared_url, events).result(PATIENCE)

        assert received.get(PATIENCE) == matching(events, tagged("a"))


# The clock.


@pytest.fixture(params=["file", "memory", POSTGRES])
def clocked(request: pytest.FixtureRequest) -> Iterator[tuple[Store, HandSetClock]]:
    """An empty store of each kind, and the clock that it goes by."""
    clock = HandSetClock()
    with open_store(url_of(request.param, request), clock) as opened:
        yield opened, clock


def recorded(store: Store) -> list[datetime]:
    return [entry.recorded_at for entry in store.scan()]


def test_an_entry_is_recorded_at_what_the_clock_says(clocked):
    store, clock = clocked
    times = [NOON, NOON + timedelta(microseconds=1), NOON + timedelta(days=400, microseconds=999_999)]
    for clock.now in times:
        store.append([event()])

    assert recorded(store) == times
    assert store.head().recorded_at == "2027-12-26T12:00:00.999999Z"


def test_a_batch_is_recorded_at_one_time(clocked):
    store, _ = clocked
    store.append([event()] * 70)

    assert recorded(store) == [NOON] * 70


def test_a_clock_in_another_zone_tells_the_same_time(clocked):
    store, clock = clocked
    store.append([event()])
    clock.now = NOON.astimezone(timezone(timedelta(hours=-9, minutes=-30))) + timedelta(seconds=1)
    store.append([event()])

    assert [entry.header.recorded_at for entry in store.scan()] == [
        "2026-11-21T12:00:00.000000Z",
        "2026-11-21T12:00:01.000000Z",
    ]


FIVE_MINUTES = timedelta(minutes=5)
MICROSECOND = timedelta(microseconds=1)


@pytest.mark.parametrize(
    "back", [timedelta(), MICROSECOND, timedelta(seconds=1), FIVE_MINUTES - MICROSECOND, FIVE_MINUTES]
)
def test_a_clock_that_jumps_back_up_to_five_minutes_is_held_at_the_head_s_time(back, clocked):
    store, clock = clocked
    store.append([event()])
    clock.turn(-back)
    store.append([event()])

    assert recorded(store) == [NOON, NOON]
    assert_holds(store)


@pytest.mark.parametrize(
    "back", [FIVE_MINUTES + MICROSECOND, timedelta(hours=1), NOON - datetime.min.replace(tzinfo=UTC)]
)
def test_a_clock_that_jumps_back_further_refuses_to_write(back, clocked):
    store, clock = clocked
    store.append([event()])
    clock.turn(-back)

    with nothing_written(store), pytest.raises(ClockBehind) as refused:
        store.append([event(), event()])

    assert (refused.value.now, refused.value.head) == (
        clock.now.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z",
        "2026-11-21T12:00:00.000000Z",
    )


def test_held_time_is_measured_from_the_head_and_does_not_creep(clocked):
    store, clock = clocked
    store.append([event()])
    for _ in range(5):
        clock.turn(-timedelta(minutes=1))
        store.append([event()])
    clock.turn(-MICROSECOND)

    with nothing_written(store), pytest.raises(ClockBehind):
        store.append([event()])
    assert recorded(store) == [NOON] * 6


def test_writing_goes_on_once_the_clock_is_right_again(clocked):
    store, clock = clocked
    store.append([event()])
    clock.turn(timedelta(hours=-1))
    with pytest.raises(ClockBehind):
        store.append([event()])
    clock.turn(timedelta(hours=2))
    store.append([event()])

    assert recorded(store) == [NOON, NOON + timedelta(hours=1)]


def test_a_clock_that_jumps_ahead_is_believed_and_going_back_is_then_refused(clocked):
    store, clock = clocked
    store.append([event()])
    clock.turn(timedelta(days=365))
    store.append([event()])
    clock.now = NOON

    with nothing_written(store), pytest.raises(ClockBehind):
        store.append([event()])
    assert recorded(store) == [NOON, NOON + timedelta(days=365)]


@pytest.mark.parametrize("now", [NOON.replace(tzinfo=None), datetime.max.replace(tzinfo=timezone(timedelta(hours=-1)))])
def test_a_clock_that_tells_no_time_in_utc_writes_nothing(now, clocked):
    store, clock = clocked
    clock.now = now
    with nothing_written(store), pytest.raises(Malformed):
        store.append([event()])


@pytest.mark.campaign
@many
@given(steps=st.lists(st.timedeltas(timedelta(minutes=-6), timedelta(minutes=6)), min_size=1, max_size=8))
@example(steps=[-FIVE_MINUTES, -MICROSECOND, MICROSECOND, FIVE_MINUTES + MICROSECOND])
def test_time_in_the_log_never_runs_back(clocked, steps):
    store, clock = clocked
    times = recorded(store)
    for step in steps:
        clock.turn(step)
        if times and times[-1] - clock.now > FIVE_MINUTES:
            with pytest.raises(ClockBehind):
                store.append([event()])
        else:
            times.append(max([clock.now, *times[-1:]]))
            store.append([event()])

    assert recorded(store) == times


# What SQLite itself refuses, to whoever opens the file.

GROWS = "only ever added after the last"
SPOILING = {
    "UPDATE entries SET entry = x'00' WHERE position = 2": "an entry never changes",
    "UPDATE entries SET tree = x'00'": "an entry never changes",
    "UPDATE entries SET position = position + 1 WHERE position = 70": "an entry never changes",
    "UPDATE OR REPLACE entries SET position = 1 WHERE position = 2": "an entry never changes",
    "UPDATE OR IGNORE entries SET entry = x'00'": "an entry never changes",
    "DELETE FROM entries": "an entry never goes",
    "DELETE FROM entries WHERE position = 70": "an entry never goes",
    "REPLACE INTO entries VALUES (300, x'00', x'00')": GROWS,
    "INSERT OR REPLACE INTO entries VALUES (2, x'00', x'00')": GROWS,
    "INSERT OR IGNORE INTO entries VALUES (2, x'00', x'00')": GROWS,
    "INSERT INTO entries VALUES (2, x'00', x'00') ON CONFLICT DO UPDATE SET entry = x'00'": GROWS,
    "INSERT INTO entries VALUES (302, x'00', x'00')": GROWS,
    "INSERT INTO entries VALUES (0, x'00', x'00')": GROWS,
    "INSERT INTO entries VALUES (-1, x'00', x'00')": GROWS,
    "INSERT INTO entries VALUES (NULL, x'00', x'00')": GROWS,
    "INSERT INTO entries (tree, entry) VALUES (x'00', x'00')": GROWS,
    "INSERT INTO entries VALUES (301, x'00', x'00'), (301, x'00', x'00')": GROWS,
    "UPDATE tags SET tag = 'b'": "a tag never changes",
    "UPDATE OR REPLACE tags SET position = 1": "a tag never changes",
    "UPDATE tags SET type = 'u' WHERE tag = ''": "a tag never changes",
    "DELETE FROM tags": "a tag never goes",
    "DELETE FROM tags WHERE tag = 'a' AND position = 3": "a tag never goes",
}


@pytest.mark.parametrize("recursive", ["OFF", "ON"], ids=["", "recursive triggers"])
@pytest.mark.parametrize("statement", SPOILING)
def test_the_database_itself_refuses(statement, recursive, file_url):
    with open_store(file_url) as store:
        store.append([event("t", "a")] * 300)
        with nothing_written(store), closing(sqlite3.connect(path_of(file_url), isolation_level=None)) as plain:
            plain.execute(f"PRAGMA recursive_triggers = {recursive}")
            with pytest.raises(sqlite3.IntegrityError, match=SPOILING[statement]):
                plain.execute(statement)


def test_what_somebody_put_in_the_way_of_an_append_is_named_and_nothing_is_written(file_url):
    with open_store(file_url) as store:
        store.append([event("t", "a")] * (STEP - 4))
        with closing(sqlite3.connect(path_of(file_url), isolation_level=None)) as plain:
            plain.execute("INSERT INTO tags VALUES ('a', 't', ?)", (STEP - 2,))
        before = contents(store)

        with pytest.raises(Damaged) as refused:
            store.append([event("t", "a")] * 10)

        why = "UNIQUE constraint failed: tags.tag, tags.type, tags.position"
        assert vars(refused.value) == {"path": path_of(file_url), "why": why}
        assert contents(store) == before


def test_replacing_a_row_of_the_index_by_itself_changes_nothing(file_url):
    with open_store(file_url) as store:
        store.append([event("t", "a")] * STEP)
        with nothing_written(store), closing(sqlite3.connect(path_of(file_url), isolation_level=None)) as plain:
            plain.execute("INSERT OR REPLACE INTO tags VALUES ('a', 't', 3)")
            plain.execute("INSERT OR IGNORE INTO tags VALUES ('a', 't', 3)")
