"""Policy: nobody in the study group is suspended."""

import pytest

from tests.facts import ANA, BEN, REQUEST
from tests.office import given, refused
from tests.office_acts import approve, approved
from tests.office_facts import OTHER_REQUEST, STRANGER, lifted, request, suspended
from tests.office_requests import complete


@pytest.mark.parametrize("where", [None, REQUEST], ids=["in all", "in this one"])
@pytest.mark.parametrize("who", [ANA, BEN])
def test_somebody_in_the_study_group_who_is_suspended_holds_the_approval(who, where):
    suspension = suspended(who, where)
    given(complete(), suspension).when(approve()).then(refused("nobody-suspended", about=[who], shown_by=[suspension]))


def test_somebody_who_is_suspended_in_this_request_and_in_all_is_held_by_both():
    both = [suspended(ANA), suspended(ANA, REQUEST)]
    given(complete(), both).when(approve()).then(refused("nobody-suspended", about=[ANA], shown_by=both))


def test_a_suspension_in_another_request_holds_nothing_here():
    given(complete(), request(OTHER_REQUEST), suspended(ANA, OTHER_REQUEST)).when(approve()).then(approved())


@pytest.mark.parametrize("where", [None, REQUEST], ids=["in all", "in this one"])
def test_a_suspension_that_was_lifted_holds_nothing(where):
    given(complete(), suspended(ANA, where), lifted(ANA, where)).when(approve()).then(approved())


@pytest.mark.parametrize(("where", "other"), [(None, REQUEST), (REQUEST, None)], ids=["in all", "in this one"])
def test_a_suspension_is_not_lifted_with_another(where, other):
    suspension = suspended(ANA, where)
    given(complete(), suspension, lifted(ANA, other)).when(approve()).then(
        refused("nobody-suspended", about=[ANA], shown_by=[suspension])
    )


def test_somebody_who_is_suspended_again_after_it_was_lifted_holds_the_approval():
    given(complete(), suspended(ANA), lifted(ANA), suspended(ANA)).when(approve()).then(
        refused("nobody-suspended", about=[ANA])
    )


def test_a_suspended_person_who_would_have_no_access_holds_nothing():
    given(complete(request=request(personnel=(ANA, BEN, STRANGER))), suspended(STRANGER)).when(approve()).then(
        approved()
    )
