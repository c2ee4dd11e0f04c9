"""Races about agreements in force: amended, renewed and ended by several at once, as in `tests.test_desk_races`."""

import pytest

from tests.amending_facts import AMENDMENT, amendment, renew, signatures, strangers
from tests.clerks import of_round
from tests.office_acts import execute
from tests.office_facts import MOU, TODAY, terminated
from tests.office_requests import ready
from tests.test_desk_races import (
    assert_every_answer_was_right,
    assert_everything_is_there,
    raced,
    rules_against,
)

pytestmark = pytest.mark.campaign

SIGNED = [*ready(), *strangers(), amendment(), *signatures(amendment())]


def test_of_a_renewal_and_an_amendment_the_second_finds_what_the_first_has_done(shared_url: str):
    """Whichever comes first: what was renewed can be amended, and what was amended is renewed no more."""
    came, log = raced(shared_url, renew(), execute(AMENDMENT), facts=SIGNED)

    assert_every_answer_was_right(log)
    assert_everything_is_there(came, log)
    for renewal, amended in came:
        assert rules_against(amended, log) == []
        was_first = (renewal.position or 0) < (amended.position or 0)
        assert rules_against(renewal, log) == ([] if was_first else ["renewal-in-time"])


def test_what_is_terminated_meanwhile_is_not_renewed(shared_url: str):
    came, log = raced(shared_url, renew(), terminated(MOU, TODAY), facts=SIGNED)

    assert_every_answer_was_right(log)
    assert_everything_is_there(came, log)
    for number, (renewal, ended) in enumerate(came):
        assert log[(ended.position or 0) - 1].event == of_round(terminated(MOU, TODAY), number)
        was_first = (renewal.position or 0) < (ended.position or 0)
        assert rules_against(renewal, log) == ([] if was_first else ["renewal-in-time"])
