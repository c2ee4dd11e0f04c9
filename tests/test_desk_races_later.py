"""Races over what comes after a release, from several processes: one answer to a query, one fate for what is held.

Whatever the order turns out to be, the log is the judge, as in the races at the desk. That of an agreement which is
renewed as it expires is in `tests.test_ticking`, those of attestations and closing in `tests.test_endings_races`.
"""

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
from tests.races import assert_held_after, assert_one_was_faster

pytestmark = pytest.mark.campaign

BY_THE_ALTERNATE = {"principal": "staff:alternate"}
RELEASED: list[Event] = [*ready(), *OUT]
HELD: list[Event] = [*RELEASED, declared()]
ASKED: list[Event] = [*RELEASED, person(EVA), asked(by=EVA)]
TO_BE_CLOSED: list[Event] = [*HELD, *OVER, *destroyed()]


def test_of_two_answers_to_a_query_one_is_given(shared_url: str):
    answers = [answer("refused"), answer("office verifies", answer=commitment(), **BY_THE_ALTERNATE)]

    assert_one_was_faster(shared_url, *answers, facts=ASKED, others=["open-query"])


def test_whoever_wants_no_answer_any_more_gets_none(shared_url: str):
    assert_held_after(shared_url, answer("refused"), query_withdrawn(), "open-query", facts=ASKED)


@pytest.mark.parametrize(
    ("act", "facts", "report", "held_by"),
    [
        (let_in(BEN), HELD, legal_hold(request=REQUEST), "no-hold"),
        (close(), TO_BE_CLOSED, incident(REQUEST), "no-open-incident"),
    ],
    ids=["a hold", "an incident"],
)
def test_what_stands_in_the_way_holds_whatever_comes_after_it(shared_url: str, act, facts, report, held_by):
    assert_held_after(shared_url, act, report, held_by, facts=facts)


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
    assert_held_after(shared_url, let_appear(), report, held_by, facts=UNDER_REVIEW)


def test_what_is_published_is_passed_once(shared_url: str):
    facts = [*RELEASED, person(EVA), notified(), reviewed(EVA)]
    wishes: list[Event | Act] = [let_appear(), let_appear(**BY_THE_ALTERNATE)]

    assert_one_was_faster(shared_url, *wishes, facts=facts, others=["publication-in-turn"])
