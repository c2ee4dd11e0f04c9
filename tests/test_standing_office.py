"""The standing of the office: its days, its policy and its roles."""

from datetime import UTC, date, datetime, timedelta
from typing import get_args

import pytest

from ledger.events import PolicyPublished
from ledger.events.governance import Role
from projections.standing import Known
from tests.facts import NOON
from tests.office import first_moment_of, last_moment_of, standing
from tests.office_facts import (
    DIRECTOR,
    OFFICE_ZONE,
    STRANGER,
    THE_DIRECTOR,
    TODAY,
    TOMORROW,
    YESTERDAY,
    role,
    role_ended,
)


def test_a_day_at_the_office_begins_and_ends_at_its_own_midnight():
    office = standing(PolicyPublished(time_zone=OFFICE_ZONE)).office

    assert office.day(first_moment_of(TODAY)) == TODAY == office.day(last_moment_of(TODAY))
    assert office.day(first_moment_of(TODAY) - timedelta(microseconds=1)) == YESTERDAY
    assert office.day(last_moment_of(TODAY) + timedelta(microseconds=1)) == TOMORROW


@pytest.mark.parametrize("day", [date(2026, 3, 8), date(2026, 11, 1)], ids=["23 hours", "25 hours"])
def test_every_hour_of_a_day_on_which_clocks_change_is_of_that_day(day):
    office = standing(PolicyPublished(time_zone=OFFICE_ZONE)).office
    first, last = first_moment_of(day), last_moment_of(day)
    hours = [first + timedelta(hours=hour) for hour in range(-1, 26)]

    assert [office.day(at) == day for at in hours] == [first <= at <= last for at in hours]


def test_a_day_is_the_same_in_whichever_zone_the_time_is_told():
    office = standing().office
    at = first_moment_of(TODAY)

    assert {office.day(at.astimezone(zone)) for zone in (UTC, None)} == {TODAY}


def test_the_last_policy_is_in_force():
    first, last = PolicyPublished(smallest_cell=7), PolicyPublished(smallest_cell=9)

    assert standing(first, last).office.policy == Known(last, 2)


def test_roles_are_held_in_all_terms_for_which_they_were_granted():
    office = standing(
        role(ends=YESTERDAY), role(role="staff", starts=TODAY, ends=TODAY), role(role="alternate", starts=TOMORROW)
    ).office

    def held(at: datetime) -> set[Role]:
        return office.roles(THE_DIRECTOR, at)

    assert held(last_moment_of(YESTERDAY)) == {"director"}
    assert held(first_moment_of(TODAY)) == held(last_moment_of(TODAY)) == {"staff"}
    assert held(first_moment_of(TOMORROW)) == {"alternate"}
    assert office.roles("staff:other", NOON) == set()


def test_ending_a_role_ends_all_terms_of_it_and_no_other_role():
    office = standing(role(), role(starts=TODAY), role(role="staff"), role_ended()).office

    assert office.roles(THE_DIRECTOR, NOON) == {"staff"}


def test_ending_a_role_that_nobody_holds_changes_nothing():
    assert standing(role_ended(), role()).office.roles(THE_DIRECTOR, NOON) == {"director"}


def test_every_role_can_be_held():
    office = standing(*(role(role=one) for one in get_args(Role))).office

    assert office.roles(THE_DIRECTOR, NOON) == set(get_args(Role))


def test_a_principal_is_the_person_whom_the_last_grant_names_whatever_became_of_it():
    office = standing(role(), role(role="staff", person=STRANGER), role(role="alternate", person=None)).office
    later = standing(role(), role_ended()).office

    assert office.person(THE_DIRECTOR) == Known(STRANGER, 2)
    assert later.person(THE_DIRECTOR) == Known(DIRECTOR, 1)
    assert office.person("staff:other") is None
