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
from tests.races import (
    ROUNDS,
    assert_held_after,
    assert_one_was_faster,
    raced,
)

pytestmark = pytest.mark.campaign

BY_THE_ALTERNATE = {"principal": "staff:alternate"}
HELD = [*ready(), *OUT, declared()]
ATTESTED = [*HELD, attested()]
TO_BE_CLOSED = [*HELD, *OVER, *destroyed()]


def test_nothing_is_destroyed_after_a_hold_was_placed_on_it(shared_url: str):
    assert_held_after(shared_url, accept(), legal_hold(request=REQUEST), "no-hold", facts=ATTESTED)


def test_of_two_who_accept_an_attestation_one_does(shared_url: str):
    acts = [accept(), accept(**BY_THE_ALTERNATE)]
    log = assert_one_was_faster(shared_url, *acts, facts=ATTESTED, others=["attestation-sound", "held-still"])

    begun = len(log) - 2 * ROUNDS
    assert sum(isinstance(fact.event, DestructionAccepted) for fact in log[begun:]) == ROUNDS


def test_what_is_held_is_written_off_once(shared_url: str):
    twice = msgspec.structs.replace(write_off(), reason=64 * "1")
    log = assert_one_was_faster(shared_url, write_off(), twice, facts=HELD, others=["held-still"])

    assert sum(isinstance(fact.event, HoldingWrittenOff) for fact in log) == ROUNDS


def test_what_is_held_is_either_destroyed_or_written_off(shared_url: str):
    assert_one_was_faster(shared_url, accept(), write_off(), facts=ATTESTED, others=["held-still"])


def test_a_request_is_not_closed_over_a_copy_that_was_reported_before(shared_url: str):
    came, log = assert_held_after(shared_url, close(), copied(BEN), "no-open-holding", facts=TO_BE_CLOSED)

    for number, (closing, copy) in enumerate(came):
        assert closing.position is not None
        assert copy.position is not None
        before = copy.position < closing.position
        standing = Standing(log[: closing.position])
        held = open_holdings(standing.request(of_round(close(), number).request))
        assert bool(held) == before
        assert isinstance(log[closing.position - 1].event, RequestClosed) != before


def test_whoever_leaves_is_let_in_before_or_not_at_all(shared_url: str):
    came, _ = raced(shared_url, let_in(BEN), departed(BEN), facts=ready())

    for entrance, leaving in came:
        assert leaving.position is not None
        assert entrance.position is not None
        assert entrance.refused == (leaving.position < entrance.position)


def test_a_request_is_not_closed_over_a_query_that_came_in_before(shared_url: str):
    assert_held_after(shared_url, close(), asked(by=BEN), "no-open-query", facts=TO_BE_CLOSED)
