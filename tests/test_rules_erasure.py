"""Who may be forgotten, and what records of disclosures and agreements in force need."""

import pytest

from ledger.events import Event
from ledger.events.people import Detail
from tests.amending_facts import debarment_lifted, debarred
from tests.facts import ANA, BEN, EVA, person
from tests.office import given, malformed, refused
from tests.office_acts import authorised, erase, given_up, handed_over
from tests.office_facts import (
    DUA,
    HEAD,
    LONG_AGO,
    MOU,
    RELEASE,
    STRANGER,
    TODAY,
    TOMORROW,
    YESTERDAY,
    failed,
    in_force,
    terminated,
    use_agreement,
)
from tests.office_requests import complete, ready
from tests.past_facts import past_release

OUT: list[Event] = [authorised().event, handed_over().event]
OVER: list[Event] = [terminated(MOU), terminated(DUA)]


@pytest.mark.parametrize("who", [ANA, BEN, HEAD, STRANGER])
def test_before_there_is_an_agreement_anybody_may_be_forgotten(who):
    given(complete()).when(erase(who=who)).then(given_up(who=who))


@pytest.mark.parametrize("detail", ["address", "email", "phone", "department"])
def test_where_to_reach_somebody_can_go_before_the_name(detail: Detail):
    given(ready(), OUT).when(erase(detail)).then(given_up(detail))


@pytest.mark.parametrize("detail", ["name", "institution"])
def test_name_and_institution_stay_in_an_agreement_that_is_not_over(detail: Detail):
    given(ready()).when(erase(detail)).then(
        refused("erasable", f"an end of agreement {DUA}", about=[BEN], shown_by=[use_agreement(), in_force(DUA)])
    )


def test_an_agreement_that_was_issued_is_not_over_before_it_is_executed():
    given(ready(dua_executed=None)).when(erase()).then(
        refused("erasable", f"an end of agreement {DUA}", about=[BEN], shown_by=[use_agreement()])
    )


def test_an_agreement_that_ended_yesterday_needs_no_name_any_more():
    given(ready(dua_executed=in_force(DUA, LONG_AGO, YESTERDAY))).when(erase()).then(given_up())


def test_an_agreement_that_ends_today_needs_the_name_today():
    last_day = in_force(DUA, LONG_AGO, TODAY)
    given(ready(dua_executed=last_day)).when(erase()).then(
        refused("erasable", f"an end of agreement {DUA}", about=[BEN], shown_by=[use_agreement(), last_day])
    )


def test_a_termination_ends_the_need_on_its_day_and_not_before():
    given(ready(), terminated(DUA, TODAY)).when(erase()).then(given_up())
    given(ready(), terminated(DUA, TOMORROW)).when(erase()).then(
        refused("erasable", f"an end of agreement {DUA}", about=[BEN])
    )


def test_whoever_data_were_disclosed_to_stays_in_the_record_of_it_when_all_is_over():
    given(ready(), OUT, OVER).when(erase()).then(
        refused("erasable", f"an end of the record of disclosure {RELEASE}", about=[BEN], shown_by=OUT)
    )


def test_a_release_that_came_to_nothing_disclosed_nothing():
    given(ready(), authorised().event, failed(), OVER).when(erase()).then(given_up())


def test_who_is_named_in_no_agreement_and_no_release_may_be_forgotten():
    given(ready(), person(EVA), OUT).when(erase(who=EVA)).then(given_up(who=EVA))


def test_who_signed_an_agreement_stays_while_it_is_not_over():
    given(ready()).when(erase(who=HEAD)).then(refused("erasable", f"an end of agreement {DUA}", about=[HEAD]))
    given(ready(), OVER).when(erase(who=HEAD)).then(given_up(who=HEAD))


def test_somebody_whom_nobody_knows_cannot_be_erased():
    given(complete()).when(erase(who="p-" + 32 * "0")).then(malformed("person", "p-" + 32 * "0"))


@pytest.mark.parametrize("detail", ["name", "institution"])
def test_name_and_institution_stay_in_what_a_register_of_the_past_says(detail: Detail):
    given(complete(), past_release(person=STRANGER)).when(erase(detail, who=STRANGER)).then(
        refused(
            "erasable",
            "an end of the record of disclosure releases-2020",
            about=[STRANGER],
            shown_by=[past_release(person=STRANGER)],
        )
    )


def test_what_a_register_says_of_somebody_else_or_was_taken_back_keeps_nobody():
    given(complete(), past_release(person=ANA)).when(erase(who=STRANGER)).then(given_up(who=STRANGER))
    given(complete(), past_release(person=STRANGER)).when(erase("email", who=STRANGER)).then(
        given_up("email", who=STRANGER)
    )


@pytest.mark.parametrize("details", [(), ("name",), ("institution",), ("phone", "email")])
def test_who_is_debarred_stays_known_until_that_is_over(details: tuple[Detail, ...]):
    ban, over = debarred(STRANGER, TODAY), debarred(STRANGER, YESTERDAY)

    given(complete(), ban).when(erase(*details, who=STRANGER)).then(
        refused("erasable", "an end of the debarment", about=[STRANGER], shown_by=[ban])
    )
    given(complete(), over).when(erase(*details, who=STRANGER)).then(given_up(*details, who=STRANGER))
    given(complete(), ban, debarment_lifted(STRANGER)).when(erase(*details, who=STRANGER)).then(
        given_up(*details, who=STRANGER)
    )


@pytest.mark.parametrize("detail", ["address", "phone", "department"])
def test_what_nobody_is_known_by_can_go_while_they_are_debarred(detail: Detail):
    given(complete(), debarred(STRANGER)).when(erase(detail, who=STRANGER)).then(given_up(detail, who=STRANGER))
