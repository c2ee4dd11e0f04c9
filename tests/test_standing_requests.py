"""The standing of a request: how far it has come, and what it says."""

from itertools import pairwise

import pytest
from hypothesis import given as anyhow
from hypothesis import settings
from hypothesis import strategies as st

from ledger.events import Event
from projections.standing import Known, State
from projections.standing.state import moved
from tests.endings import closed
from tests.facts import ANA, BEN, REQUEST
from tests.office import standing
from tests.office_acts import approved, authorised, declined, handed_over
from tests.office_facts import (
    IRB,
    MOU,
    TODAY,
    affiliation,
    board_ended,
    failed,
    in_force,
    irb,
    law,
    received,
    reliance,
    reliance_requested,
    request,
    returned,
    withdrawn,
)

EVENTS: dict[str, Event] = {
    "submitted": request(),
    "returned": returned(),
    "withdrawn": withdrawn(),
    "law": law(),
    "approved": approved().event,
    "declined": declined().event,
    "executed": in_force(MOU),
    "authorised": authorised().event,
    "handed over": handed_over().event,
    "failed": failed(),
    "received": received(),
    "closed": closed().event,
    "other": affiliation(ANA, "home"),
}
TO: dict[State, dict[str, State]] = {
    state: {
        "submitted": State.RESUBMITTED if state in (State.RETURNED, State.RESUBMITTED) else State.SUBMITTED,
        "returned": State.RETURNED,
        "withdrawn": State.WITHDRAWN,
        "law": State.LAW_DETERMINED if state in (State.SUBMITTED, State.RESUBMITTED) else state,
        "approved": State.APPROVED,
        "declined": State.DECLINED,
        "executed": State.EXECUTED if state is State.APPROVED else state,
        "authorised": State.AUTHORISED,
        "handed over": State.RELEASED,
        "failed": State.EXECUTED if state is State.AUTHORISED else state,
        "received": State.RECEIVED if state is State.RELEASED else state,
        "closed": State.CLOSED,
        "other": state,
    }
    for state in State
}


@pytest.mark.parametrize("name", EVENTS)
@pytest.mark.parametrize("state", State)
def test_a_request_moves_from_each_state_by_each_event_as_the_table_says(state, name):
    assert moved(state, EVENTS[name]) is TO[state][name]


@settings(max_examples=100, deadline=None)
@anyhow(names=st.lists(st.sampled_from(sorted(EVENTS)), max_size=12))
def test_a_request_has_come_as_far_as_its_events_moved_it_and_knows_since_when(names):
    facts = [EVENTS[name] for name in names]
    states = [State.UNKNOWN]
    for fact in facts:
        states.append(moved(states[-1], fact))
    changes = [position for position, (before, after) in enumerate(pairwise(states), 1) if before is not after]

    found = standing(*facts).request(REQUEST)

    assert (found.state, found.since) == (states[-1], changes[-1] if changes else 0)


def test_a_request_says_what_it_said_last():
    again = request(study_group=(BEN,))
    found = standing(request(), returned(), again).request(REQUEST)

    assert (found.submitted, found.study_group) == (Known(again, 3), (BEN,))


def test_the_study_group_has_everybody_once_in_order():
    assert standing(request(study_group=(BEN, ANA, BEN))).request(REQUEST).study_group == (BEN, ANA)


def test_what_is_said_of_a_determination_that_is_not_known_is_passed_over():
    found = standing(request(), reliance_requested(), reliance(), board_ended(IRB, TODAY), irb()).request(REQUEST)

    assert [(one.requested, one.reliance, one.ended, one.facts) for one in found.determinations.values()] == [
        (None, None, None, (5,))
    ]


def test_a_determination_knows_the_facts_that_made_it_so():
    ended = board_ended(IRB, TODAY)
    again = reliance_requested(on=None)
    facts = (irb(), reliance_requested(), again, reliance(), ended)
    found = standing(*facts).request(REQUEST).determinations[IRB]

    assert (found.known, found.requested) == (Known(irb(), 1), Known(reliance_requested(), 2))
    assert (found.reliance, found.ended) == (Known(reliance(), 4), Known(ended, 5))
    assert found.facts == (1, 2, 4, 5)
