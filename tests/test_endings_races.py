"""Races over what is held, from several processes: nothing is destroyed under a hold, twice, or closed over.

Whatever the order turns out to be, the log is the judge, as in the races at the desk.
"""

import msgspec
import pytest

from ledger.events import DestructionAccepted, HoldingWrittenOff, RequestClosed
from projections.standing import Standing, open_holdings
from tests.clerks import of_round
from tests.endings import (
    OUT,
    OVER,
    accept,
    attested,
    close,
    copied,
    declared,
    departed,
    destroyed,
    legal_hold,
    write_off,
)
from tests.facts import BEN, REQUEST
from tests.office_acts import let_in
from tests.office_requests import ready
from tests.outside import asked
from tests.test_desk_races import (
    ROUNDS,
    assert_every_answer_was_right,
    assert_everything_is_there,
    raced,
    rules_against,
)

pytestmark = pytest.mark.campaign

BY_THE_ALTERNATE = {"principal": "staff:alternate"}
HELD = [*ready(), *OUT, declared()]
ATTESTED = [*HELD, attested()]
TO_BE_CLOSED = [*HELD, *OVER, *destroyed()]


def test_nothing_is_destroyed_after_a_hold_was_placed_on_it(shared_url: str):
    came, log = raced(shared_url, accept(), legal_hold(request=REQUEST), facts=ATTESTED)

    assert_every_answer_was_right(log)
    assert_everything_is_there(came, log)
    for acceptance, hold in came:
        assert acceptance.position is not None
        assert hold.position is not None
        assert rules_against(acceptance, log) == (["no-hold"] if hold.position < acceptance.position else [])


def test_of_two_who_accept_an_attestation_one_does(shared_url: str):
    came, log = raced(shared_url, accept(), accept(**BY_THE_ALTERNATE), facts=ATTESTED)

    assert_every_answer_was_right(log)
    assert_everything_is_there(came, log)
    for both in came:
        assert sorted(rules_against(one, log) for one in both) == [[], ["attestation-sound", "held-still"]]
    begun = len(log) - 2 * ROUNDS
    assert sum(isinstance(fact.event, DestructionAccepted) for fact in log[begun:]) == ROUNDS


def test_what_is_held_is_written_off_once(shared_url: str):
    twice = msgspec.structs.replace(write_off(), reason=64 * "1")
    came, log = raced(shared_url, write_off(), twice, facts=HELD)

    assert_every_answer_was_right(log)
    assert_everything_is_there(came, log)
    for both in came:
        assert sorted(rules_against(one, log) for one in both) == [[], ["held-still"]]
    assert sum(isinstance(fact.event, HoldingWrittenOff) for fact in log) == ROUNDS


def test_what_is_held_is_either_destroyed_or_written_off(shared_url: str):
    came, log = raced(shared_url, accept(), write_off(), facts=ATTESTED)

    assert_every_answer_was_right(log)
    assert_everything_is_there(came, log)
    for both in came:
        assert sorted(rules_against(one, log) for one in both) == [[], ["held-still"]]


def test_a_request_is_not_closed_over_a_copy_that_was_reported_before(shared_url: str):
    came, log = raced(shared_url, close(), copied(BEN), facts=TO_BE_CLOSED)

    assert_every_answer_was_right(log)
    assert_everything_is_there(came, log)
    for number, (closing, copy) in enumerate(came):
        assert closing.position is not None
        assert copy.position is not None
        before = copy.position < closing.position
        assert rules_against(closing, log) == (["no-open-holding"] if before else [])
        standing = Standing(log[: closing.position])
        held = open_holdings(standing.request(of_round(close(), number).request))
        assert bool(held) == before
        assert isinstance(log[closing.position - 1].event, RequestClosed) != before


def test_whoever_leaves_is_let_in_before_or_not_at_all(shared_url: str):
    came, log = raced(shared_url, let_in(BEN), departed(BEN), facts=ready())

    assert_everything_is_there(came, log)
    for entrance, leaving in came:
        assert leaving.position is not None
        assert entrance.position is not None
        assert entrance.refused == (leaving.position < entrance.position)


def test_a_request_is_not_closed_over_a_query_that_came_in_before(shared_url: str):
    came, log = raced(shared_url, close(), asked(by=BEN), facts=TO_BE_CLOSED)

    assert_every_answer_was_right(log)
    assert_everything_is_there(came, log)
    for closing, query in came:
        assert closing.position is not None
        assert query.position is not None
        assert rules_against(closing, log) == (["no-open-query"] if query.position < closing.position else [])
