"""The standing of people: details, suspensions, and trainings."""

from datetime import date, timedelta

import pytest
from hypothesis import given as anyhow
from hypothesis import settings
from hypothesis import strategies as st

from ledger.events import PersonDetailsChanged, TrainingCertified
from projections.standing import Known
from projections.standing.person import end_of, months_after
from tests.facts import ANA, BEN, REQUEST, commitment, erased, person
from tests.office import standing
from tests.office_facts import FAR_OFF, LONG_AGO, OTHER_REQUEST, TODAY, TOMORROW, YESTERDAY, lifted, suspended


def test_details_are_known_since_they_were_last_told():
    told = standing(
        person(ANA, address=commitment()), PersonDetailsChanged(person=ANA, name=commitment(2), phone=commitment())
    ).person(ANA)

    assert (told.registered, told.details) == (1, {"address": 1, "name": 2, "phone": 2})


def test_erasing_takes_the_details_that_it_names_and_all_if_it_names_none():
    ana = person(ANA, address=commitment(), phone=commitment())

    assert standing(ana, erased(ANA, details=("phone",))).person(ANA).details == {"address": 1, "name": 1}
    assert standing(ana, erased(ANA)).person(ANA).details == {}
    assert standing(ana, erased(ANA)).person(ANA).registered == 1
    assert standing(ana, erased(BEN)).person(ANA).details == {"address": 1, "name": 1, "phone": 1}


def test_suspensions_are_told_apart_by_where_they_hold():
    facts = [suspended(ANA), suspended(ANA, REQUEST), suspended(ANA, OTHER_REQUEST)]

    assert standing(*facts).person(ANA).suspensions_in(REQUEST) == [1, 2]
    assert standing(*facts, lifted(ANA)).person(ANA).suspensions_in(REQUEST) == [2]
    assert standing(*facts, lifted(ANA, REQUEST)).person(ANA).suspensions_in(REQUEST) == [1]
    assert standing(*facts, lifted(ANA), lifted(ANA, REQUEST)).person(ANA).suspensions_in(REQUEST) == []
    assert standing(*facts).person(BEN).suspensions_in(REQUEST) == []


def trained(completed: date, expires: date | None = None) -> TrainingCertified:
    return TrainingCertified(person=ANA, completed=completed, expires=expires, document=commitment())


@pytest.mark.parametrize(
    ("training", "day", "covers"),
    [
        (trained(TODAY), TODAY, True),
        (trained(TOMORROW), TODAY, False),
        (trained(date(2023, 11, 21)), TODAY, True),
        (trained(date(2023, 11, 20)), TODAY, False),
        (trained(LONG_AGO, expires=TODAY), TODAY, True),
        (trained(LONG_AGO, expires=YESTERDAY), TODAY, False),
        (trained(date(2020, 1, 1), expires=FAR_OFF), TODAY, True),
    ],
    ids=["today", "not yet", "last day", "a day late", "printed", "printed, a day late", "printed beyond policy"],
)
def test_training_covers_from_its_completion_to_its_printed_end_or_as_long_as_policy_says(training, day, covers):
    found = standing(training).person(ANA).training_on(day, valid_months=36)

    assert found == (Known(training, 1) if covers else None)


def test_of_several_trainings_the_one_that_lasts_longest_counts():
    short, longest, over = trained(LONG_AGO, TOMORROW), trained(LONG_AGO, FAR_OFF), trained(LONG_AGO, YESTERDAY)

    assert standing(short, longest, over).person(ANA).training_on(TODAY, 36) == Known(longest, 2)
    assert standing().person(ANA).training_on(TODAY, 36) is None


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (date(2026, 1, 31), 0, date(2026, 1, 31)),
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2027, 12, 31), 2, date(2028, 2, 29)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2024, 2, 29), 48, date(2028, 2, 29)),
        (date(2026, 3, 31), 1, date(2026, 4, 30)),
        (date(2026, 12, 15), 1, date(2027, 1, 15)),
        (date(2026, 11, 21), 36, date(2029, 11, 21)),
        (date(9999, 11, 30), 1, date(9999, 12, 30)),
        (date(9999, 12, 31), 1, date.max),
        (date(2026, 1, 1), 100_000, date.max),
    ],
)
def test_so_many_months_later_is_the_same_day_or_the_last_of_a_shorter_month(day, months, later):
    assert months_after(day, months) == later


@settings(max_examples=300, deadline=None)
@anyhow(day=st.dates(max_value=date(9000, 1, 1)), months=st.integers(0, 1200))
def test_months_later_is_in_that_month_and_never_before(day, months):
    later = months_after(day, months)

    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == months
    assert later.day == day.day or (later + timedelta(days=1)).day == 1


def test_the_end_of_a_training_is_what_the_certificate_says_if_it_says_any():
    assert end_of(Known(trained(LONG_AGO, TODAY), 1), 36) == TODAY
    assert end_of(Known(trained(LONG_AGO), 1), 1) == date(2026, 2, 15)
