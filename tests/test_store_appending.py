"""What every store promises of an append: all of a batch is kept as it was given, or nothing.

With CAMPAIGN=1 the conditions that hypothesis makes up are many more.
"""

import pytest
from eventsourcing.dcb.api import DCBAppendCondition
from eventsourcing.persistence import IntegrityError, ProgrammingError
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import Conflict
from tests.store_facts import TYPES, UNUSUAL, any_query, event_of, filled, many, places, varied_events
from tests.stores import CAMPAIGN, assert_holds, event, matching, nothing_written, query, stored, tagged

__all__ = ["filled"]


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
