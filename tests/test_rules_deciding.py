"""Deciding on a request (C1): while it is before the office, by somebody who may and plays no part in it."""

from datetime import timedelta

import pytest

from tests.facts import ANA, BEN, REQUEST, commitment, person
from tests.office import first_moment_of, given, last_moment_of, malformed, not_entitled, refused
from tests.office_acts import approve, approved, decline, declined
from tests.office_facts import (
    DIRECTOR,
    FAR_OFF,
    OTHER_REQUEST,
    STRANGER,
    THE_DIRECTOR,
    TODAY,
    TOMORROW,
    WITH_ALL_DETAILS,
    YESTERDAY,
    affiliation,
    couhes,
    head_approval,
    law,
    request,
    returned,
    role,
    role_ended,
    withdrawn,
)
from tests.office_requests import complete

APPROVAL, DENIAL = approve(), decline()


# C1: the request is before the office.


@pytest.mark.parametrize("again", [APPROVAL, DENIAL], ids=lambda act: act.name)
@pytest.mark.parametrize("state", ["approved", "declined", "returned", "withdrawn"])
def test_a_request_that_is_not_before_the_office_is_not_decided(state, again):
    moved = {
        "approved": approved().event,
        "declined": declined().event,
        "returned": returned(),
        "withdrawn": withdrawn(),
    }
    given(complete(), moved[state]).when(again).then(
        refused("open-request", f"an open request: it is {state}", about=[REQUEST], shown_by=[moved[state]])
    )


def test_a_request_that_came_in_again_is_before_the_office():
    given(complete(law=None), returned(), request(funded=True, funding=commitment(8)), law()).when(approve()).then(
        approved()
    )


@pytest.mark.parametrize(
    "moved", [returned(), withdrawn(), approved().event, declined().event], ids=lambda e: e.wire_name
)
def test_what_the_law_says_does_not_bring_a_request_back_before_the_office(moved):
    given(complete(), moved, law()).when(approve()).then(refused("open-request", about=[REQUEST], shown_by=[moved]))


def test_another_request_that_is_withdrawn_is_another_matter():
    given(complete(), request(OTHER_REQUEST), withdrawn(OTHER_REQUEST)).when(approve()).then(approved())


# Who may decide.


@pytest.mark.parametrize("held", ["director", "acting director", "alternate", "staff"])
@pytest.mark.parametrize("act", [APPROVAL, DENIAL], ids=lambda act: act.name)
def test_these_roles_decide(held, act):
    given(complete(role=role(role=held))).when(act).then(approved() if act is APPROVAL else declined())


@pytest.mark.parametrize("held", ["auditor", "compliance", "admin"])
@pytest.mark.parametrize("act", [APPROVAL, DENIAL], ids=lambda act: act.name)
def test_these_roles_do_not(held, act):
    given(complete(role=role(role=held))).when(act).then(not_entitled(THE_DIRECTOR))


def test_somebody_without_any_role_decides_nothing():
    given(complete()).when(approve(principal="staff:stranger")).then(not_entitled("staff:stranger"))


def test_a_role_begins_and_ends_at_midnight_at_the_office():
    facts = complete(role=role(starts=TODAY, ends=TOMORROW))
    given(facts).when(approve(), at=last_moment_of(YESTERDAY)).then(not_entitled(THE_DIRECTOR))
    given(facts).when(approve(), at=first_moment_of(TODAY)).then(approved())
    given(facts).when(approve(), at=last_moment_of(TOMORROW)).then(approved())
    given(facts).when(approve(), at=first_moment_of(TOMORROW + timedelta(days=1))).then(not_entitled(THE_DIRECTOR))


def test_a_role_that_was_ended_is_held_no_longer():
    given(complete(), role_ended()).when(approve()).then(not_entitled(THE_DIRECTOR))


def test_a_role_that_was_granted_again_is_held():
    given(complete(), role_ended(), role()).when(approve()).then(approved())


def test_another_role_that_was_ended_changes_nothing():
    given(complete(), role(role="staff"), role_ended(ended="staff")).when(approve()).then(approved())


def test_a_role_granted_for_a_later_term_too_is_held_in_both():
    given(complete(role=role(ends=TODAY)), role(starts=FAR_OFF)).when(approve()).then(approved())


def test_the_role_of_somebody_else_is_their_own():
    given(complete(role=role(principal="staff:other"))).when(approve()).then(not_entitled(THE_DIRECTOR))


def test_an_act_on_a_request_that_the_ledger_does_not_know_is_not_let_in():
    given(complete()).when(approve(request=OTHER_REQUEST)).then(malformed("request", OTHER_REQUEST))


def test_who_may_not_decide_does_not_learn_which_requests_there_are():
    given(complete()).when(approve(principal="staff:stranger", request=OTHER_REQUEST)).then(
        not_entitled("staff:stranger")
    )


# Policy: separate duties.


@pytest.mark.parametrize(
    "part",
    [
        {"researcher": DIRECTOR},
        {"personnel": (ANA, BEN, DIRECTOR)},
        {"sponsor": DIRECTOR},
        {"head_approval": head_approval(DIRECTOR)},
    ],
    ids=lambda part: next(iter(part)),
)
@pytest.mark.parametrize("act", [APPROVAL, DENIAL], ids=lambda act: act.name)
def test_who_plays_a_part_in_a_request_does_not_decide_on_it(part, act):
    facts = complete(the_director=person(DIRECTOR, **WITH_ALL_DETAILS), request=request(**part))
    given(facts).when(act).then(
        refused("separate-duties", "somebody else to decide", about=[DIRECTOR], shown_by=[role(), request(**part)])
    )


def test_who_is_in_the_study_group_does_not_decide_on_it():
    group = request(personnel=(ANA, BEN, DIRECTOR), study_group=(ANA, BEN, DIRECTOR))
    directors = [affiliation(DIRECTOR, "home"), couhes(determination="E-2", covers=(DIRECTOR,))]
    given(complete(request=group), directors).when(approve()).then(refused("separate-duties", about=[DIRECTOR]))


def test_an_alternate_decides_instead():
    alternate = role(principal="staff:alternate", person=STRANGER, role="alternate")
    facts = [*complete(request=request(personnel=(ANA, BEN, DIRECTOR))), alternate]
    given(facts).when(approve()).then(refused("separate-duties", about=[DIRECTOR]))
    given(facts).when(approve(principal="staff:alternate")).then(approved())


def test_who_decides_is_the_same_person_under_every_role():
    """Also when the role that named them is over, and the one that they hold names nobody."""
    facts = complete(request=request(personnel=(ANA, BEN, DIRECTOR)))
    given(facts, role(role="staff", person=None), role_ended()).when(approve()).then(
        refused("separate-duties", about=[DIRECTOR])
    )


def test_who_decides_is_the_person_whom_the_last_grant_names():
    facts = complete(request=request(personnel=(ANA, BEN, DIRECTOR)))
    given(facts, role(role="staff", person=STRANGER)).when(approve()).then(approved())


def test_a_part_in_an_earlier_form_of_the_request_is_over_when_it_comes_in_again_without():
    facts = complete(request=request(personnel=(ANA, BEN, DIRECTOR)), law=None)
    given(facts, returned(), request(), law()).when(approve()).then(approved())


def test_a_part_in_another_request_is_another_matter():
    other = request(OTHER_REQUEST, personnel=(ANA, BEN, DIRECTOR))
    given(complete(), other).when(approve()).then(approved())
