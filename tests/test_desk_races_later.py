"""Races over what comes after a release, from several processes: one answer to a query, one fate for what is held.

Whatever the order turns out to be, the log is the judge, as in the races at the desk. That of an agreement which is
renewed as it expires is in `tests.test_ticking`, those of attestations and closing in `tests.test_endings_races`.
"""

from collections.abc import Sequence

import pytest

from ledger.events import Event
from projections.acts import Act
from tests.endings import (
    OUT,
    OVER,
    close,
    declared,
    destroyed,
    incident,
    legal_hold,
)
from tests.facts import BEN, EVA, REQUEST, commitment, person
from tests.office_acts import let_in
from tests.office_requests import ready
from tests.outside import answer, asked, changes_asked, let_appear, notified, query_withdrawn, reviewed
from tests.test_desk_races import (
    assert_every_answer_was_right,
    assert_everything_is_there,
    raced,
    rules_against,
)

pytestmark = pytest.mark.campaign

BY_THE_ALTERNATE = {"principal": "staff:alternate"}
RELEASED: list[Event] = [*ready(), *OUT]
HELD: list[Event] = [*RELEASED, declared()]
ASKED: list[Event] = [*RELEASED, person(EVA), asked(by=EVA)]
TO_BE_CLOSED: list[Event] = [*HELD, *OVER, *destroyed()]


def assert_one_was_faster(wishes: Sequence[Event | Act], facts: Sequence[Event], url: str, second: list[str]) -> None:
    """In each round one act is done, and these rules hold the other."""
    came, log = raced(url, *wishes, facts=facts)

    assert_every_answer_was_right(log)
    assert_everything_is_there(came, log)
    for both in came:
        assert sorted(rules_against(one, log) for one in both) == [[], second]


def assert_held_after(act: Act, report: Event, facts: Sequence[Event], url: str, held_by: str) -> None:
    """In each round the report is recorded, and the act is done before it or not at all."""
    came, log = raced(url, act, report, facts=facts)

    assert_every_answer_was_right(log)
    assert_everything_is_there(came, log)
    for done, happened in came:
        assert happened.position is not None
        assert done.position is not None
        assert rules_against(done, log) == ([held_by] if happened.position < done.position else [])


def test_of_two_answers_to_a_query_one_is_given(shared_url: str):
    answers = [answer("refused"), answer("office verifies", answer=commitment(), **BY_THE_ALTERNATE)]

    assert_one_was_faster(answers, ASKED, shared_url, ["open-query"])


def test_whoever_wants_no_answer_any_more_gets_none(shared_url: str):
    assert_held_after(answer("refused"), query_withdrawn(), ASKED, shared_url, "open-query")


@pytest.mark.parametrize(
    ("act", "facts", "report", "held_by"),
    [
        (let_in(BEN), HELD, legal_hold(request=REQUEST), "no-hold"),
        (close(), TO_BE_CLOSED, incident(REQUEST), "no-open-incident"),
    ],
    ids=["a hold", "an incident"],
)
def test_what_stands_in_the_way_holds_whatever_comes_after_it(shared_url: str, act, facts, report, held_by):
    assert_held_after(act, report, facts, shared_url, held_by)


UNDER_REVIEW: list[Event] = [*RELEASED, notified(), reviewed()]


@pytest.mark.parametrize(
    ("report", "held_by"),
    [
        (reviewed(smallest_cell=3), "smallest-cell"),
        (changes_asked(), "publication-in-turn"),
    ],
    ids=["a small cell", "changes asked for"],
)
def test_nothing_is_passed_after_what_speaks_against_it(shared_url: str, report, held_by):
    assert_held_after(let_appear(), report, UNDER_REVIEW, shared_url, held_by)


def test_what_is_published_is_passed_once(shared_url: str):
    facts = [*RELEASED, person(EVA), notified(), reviewed(EVA)]
    wishes: list[Event | Act] = [let_appear(), let_appear(**BY_THE_ALTERNATE)]

    assert_one_was_faster(wishes, facts, shared_url, ["publication-in-turn"])
