"""The same wish again, with the same key: it has the outcome that it had."""

from typing import Any

import pytest

from api.desk import Desk, Outcome
from api.errors import NotEntitled
from ledger.errors import KeyReused, Malformed
from tests.desk_office import Office, key, office, prepared
from tests.facts import ANA, ledger_on, nothing_written, person
from tests.office import BY_THE_DIRECTOR, HOUSE
from tests.office_acts import approve, decline
from tests.office_facts import couhes, lifted, request, returned, role, role_ended, suspended
from tests.office_requests import complete

__all__ = ["office", "prepared"]


# The same wish again.


def test_the_same_act_with_the_same_key_has_the_outcome_that_it_had(prepared: Office):
    first = prepared.desk.act(approve(), HOUSE, key())
    with nothing_written(prepared.store):
        again = prepared.desk.act(approve(), HOUSE, key())

    assert again == Outcome(first.entries, (), again=True)


def test_the_same_refusal_comes_again_also_when_it_would_be_done_now(office: Office):
    office.holds(*complete(couhes=None))
    first = office.desk.act(approve(), HOUSE, key())
    office.desk.report(couhes(), BY_THE_DIRECTOR)
    with nothing_written(office.store):
        again = office.desk.act(approve(), HOUSE, key())

    assert first.refused
    assert again == Outcome(first.entries, first.objections, again=True)
    assert not office.desk.act(approve(), HOUSE, key("k-2")).refused


def test_what_was_done_comes_again_also_for_somebody_who_may_not_wish_it_any_more(prepared: Office):
    first = prepared.desk.act(approve(), HOUSE, key())
    prepared.desk.report(role_ended(), BY_THE_DIRECTOR)

    assert prepared.desk.act(approve(), HOUSE, key()) == Outcome(first.entries, (), again=True)
    with pytest.raises(NotEntitled):
        prepared.desk.act(approve(), HOUSE, key("k-2"))


def test_a_wish_that_was_not_let_in_has_no_outcome_to_come_again(office: Office):
    office.holds(*complete(role=None))
    with pytest.raises(NotEntitled):
        office.desk.act(approve(), HOUSE, key())
    office.holds(role())

    assert office.desk.act(approve(), HOUSE, key()).again is False


def test_the_same_reports_with_the_same_key_have_the_outcome_that_they_had(prepared: Office):
    reports = [(returned(), BY_THE_DIRECTOR), (request(), BY_THE_DIRECTOR)]
    first = prepared.desk.report_together(reports, key())
    with nothing_written(prepared.store):
        again = prepared.desk.report_together(reports, key())

    assert (len(first.entries), again) == (2, Outcome(first.entries, again=True))


def test_what_became_known_with_a_key_is_not_known_already_when_it_comes_again(office: Office):
    first = office.desk.report(person(ANA), BY_THE_DIRECTOR, key())

    assert office.desk.report(person(ANA), BY_THE_DIRECTOR, key()) == Outcome(first.entries, again=True)
    with pytest.raises(Malformed):
        office.desk.report(person(ANA), BY_THE_DIRECTOR, key("k-2"))


@pytest.mark.parametrize("again", [b"decline", b""])
def test_the_same_key_for_another_wish_is_an_error(prepared: Office, again):
    prepared.desk.act(approve(), HOUSE, key())
    for wish in (
        lambda: prepared.desk.act(decline(), HOUSE, key(body=again)),
        lambda: prepared.desk.report(suspended(ANA), BY_THE_DIRECTOR, key(body=again)),
    ):
        with nothing_written(prepared.store), pytest.raises(KeyReused):
            wish()


def test_the_same_key_of_another_principal_is_another_key(prepared: Office):
    prepared.desk.report(suspended(ANA), BY_THE_DIRECTOR, key())

    assert prepared.desk.report(lifted(ANA), BY_THE_DIRECTOR, key(principal="staff:other")).again is False


# Others are faster.


def test_the_same_wish_that_was_faster_in_another_process_is_the_outcome(prepared: Office):
    rival: dict[str, Any] = {}

    def first(size: int) -> bytes:
        if not rival:
            rival["outcome"] = "running"
            rival["outcome"] = prepared.desk.act(approve(), HOUSE, key())
        return bytes(size)

    second = Desk(ledger_on(prepared.store, prepared.clock, random_bytes=first), prepared.clock)

    assert second.act(approve(), HOUSE, key()) == Outcome(rival["outcome"].entries, (), again=True)
