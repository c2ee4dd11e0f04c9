"""An act that was judged before is judged anew by what is new: a fact, a day, the time at which a key expires."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.events import Event
from ledger.log import IdempotencyKey, Ledger
from ledger.storage import create_store, open_store
from projections.acts import Act
from projections.judgement import judge_now
from tests.facts import ANA, BEN, NOON, Clock, ledger_on
from tests.office import HOUSE, last_moment_of, written
from tests.office_acts import authorise, let_in
from tests.office_facts import DIRECTOR, TODAY, certified, correction, key_filed, key_revoked, lifted, suspended
from tests.office_requests import ready


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    """An empty ledger."""
    with open_store("sqlite://", Clock()) as store:
        yield ledger_on(store)


def held_against(ledger: Ledger, act: Act, at: datetime = NOON) -> list[str]:
    """The rules that object."""
    return [one.rule for one in judge_now(ledger, act, at).objections]


def test_a_key_that_was_good_an_hour_ago_has_expired_since(ledger: Ledger):
    written(ready(key=key_filed(expires=NOON)), ledger)

    assert held_against(ledger, authorise(), NOON - timedelta(hours=1)) == []
    assert held_against(ledger, authorise(), NOON) == ["key-usable"]
    assert held_against(ledger, authorise(), NOON - timedelta(hours=1)) == []


def test_training_that_was_good_yesterday_is_over_today(ledger: Ledger):
    written(ready(ben_certified=certified(BEN, expires=TODAY)), ledger)
    last = last_moment_of(TODAY)

    assert held_against(ledger, authorise(), last) == []
    assert held_against(ledger, authorise(), last + timedelta(microseconds=1)) == ["citi-training"]
    assert held_against(ledger, authorise(), last) == []


def test_what_was_told_since_is_judged_too(ledger: Ledger):
    written(ready(), ledger)
    first = judge_now(ledger, authorise(), NOON).reading
    written([suspended(BEN)], ledger)

    assert held_against(ledger, authorise()) == ["nobody-suspended"]
    assert judge_now(ledger, authorise(), NOON).reading.position == first.position + 1


def test_what_was_told_since_of_others_is_read_by_nobody_and_judged_to_the_new_end(ledger: Ledger):
    written(ready(), ledger)
    first = judge_now(ledger, authorise(), NOON)
    written([suspended(DIRECTOR)], ledger)
    second = judge_now(ledger, authorise(), NOON)

    assert second.standing is first.standing
    assert second.reading.facts is first.reading.facts
    assert second.reading.position == first.reading.position + 1
    assert second.reading.leaf == ledger.store.head().leaf


def test_the_outcome_of_the_same_wish_is_found_however_often_it_was_judged(ledger: Ledger):
    written(ready(), ledger)
    key = IdempotencyKey("staff:1", "k-1", b"{}")
    first = judge_now(ledger, authorise(), NOON, key).reading
    told = ledger.append([HOUSE.fact(suspended(DIRECTOR))], first)

    assert judge_now(ledger, authorise(), NOON, key).reading.outcome == told.entries
    assert judge_now(ledger, authorise(), NOON).reading.outcome == first.outcome == ()


def test_what_was_judged_of_another_history_is_not_believed(tmp_path: Path):
    """As when the file is replaced by an older copy, and goes on differently from there."""
    urls = [f"sqlite:///{tmp_path}/{name}.db" for name in ("one", "other")]
    for url in urls:
        create_store(url)
    with open_store(urls[0], Clock()) as one, open_store(urls[1], Clock()) as other:
        ledger = written([*ready(), suspended(BEN)], ledger_on(one))
        assert held_against(ledger, authorise()) == ["nobody-suspended"]
        written([*ready(), suspended(DIRECTOR)], ledger_on(other))
        ledger.store = other

        assert held_against(ledger, authorise()) == []


FACTS = [
    *([suspended(BEN)], [lifted(BEN)], [suspended(DIRECTOR)], [key_revoked()], [certified(BEN, expires=TODAY)]),
    *([suspended(DIRECTOR) for _ in range(300)], [correction(1, suspended(DIRECTOR))]),
]
TIMES = [NOON, NOON - timedelta(hours=1), NOON + timedelta(days=1)]
ACTS = [authorise(), authorise(release="L-2"), let_in(ANA), let_in(BEN)]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(FACTS) | st.tuples(st.sampled_from(ACTS), st.sampled_from(TIMES)), max_size=12))
def test_whoever_judged_before_judges_as_somebody_who_never_did(steps: list[list[Event] | tuple[Act, datetime]]):
    with open_store("sqlite://", Clock()) as store:
        ledger = written(ready(key=key_filed(expires=NOON)), ledger_on(store))
        for step in steps:
            if isinstance(step, list):
                written(step, ledger)
                continue
            known, anew = judge_now(ledger, *step), judge_now(ledger_on(store), *step)
            assert (known.reading, known.objections) == (anew.reading, anew.objections)
