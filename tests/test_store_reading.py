"""What every store gives when it is read, whichever engine keeps it: exactly what matches, and once.

With CAMPAIGN=1 the queries that hypothesis makes up are many more.
"""

import pytest
from eventsourcing.dcb.popo import InMemoryDCBRecorder
from hypothesis import given
from hypothesis import strategies as st

from ledger.storage.port import EMPTY_HEAD, PAGE
from tests.entry_facts import names
from tests.store_facts import IMPOSSIBLE, SIZE, any_query, event_of, filled, many, places, queries_for
from tests.stores import event, item, matching, query, stored, tagged

__all__ = ["filled"]


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
