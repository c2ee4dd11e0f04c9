"""When a report may be said to have happened: not before what it follows from, nor before its own date."""

from datetime import date, datetime, timedelta
from typing import Any

import msgspec
import pytest

from ledger.codec import Precision
from ledger.errors import Malformed
from ledger.events import Event
from tests.desk_office import Office, office, prepared
from tests.facts import ANA, NOON, nothing_written
from tests.office import HOUSE
from tests.office_facts import (
    COUHES,
    LONG_AGO,
    MOU,
    TODAY,
    YESTERDAY,
    board_ended,
    certified,
    key_confirmed,
    memorandum,
    request,
    returned,
    signed,
    terminated,
    trial_failed,
    trial_passed,
    trial_sent,
    verified,
    withdrawn,
)
from tests.office_requests import complete, ready

__all__ = ["office", "prepared"]

INSTANT = timedelta(microseconds=1)
# The first moment of the day of NOON at the office, in New York.
MIDNIGHT = NOON.replace(hour=5)


def told(office: Office, event: Event, at: datetime, precision: Precision = "instant") -> Any:
    return office.desk.report(event, msgspec.structs.replace(HOUSE, occurred_at=at, precision=precision))


def turned_away(office: Office, event: Event, at: datetime, precision: Precision = "instant") -> Malformed:
    with nothing_written(office.store), pytest.raises(Malformed) as refusal:
        told(office, event, at, precision)
    return refusal.value


FOLLOWING = [
    withdrawn(),
    returned(),
    signed(memorandum(), "home signatory", ANA, on=YESTERDAY),
    terminated(MOU),
    key_confirmed(),
    trial_sent(),
    trial_passed(),
    trial_failed(),
]


@pytest.mark.parametrize("event", FOLLOWING, ids=lambda event: event.wire_name)
def test_what_follows_from_something_does_not_come_before_it(office: Office, event: Event):
    facts = complete() if event in FOLLOWING[:2] else ready()
    office.holds(*facts)
    office.clock.go(timedelta(hours=1))

    refusal = turned_away(office, event, NOON - INSTANT)
    assert (refusal.what, refusal.value) == ("occurred_at", (NOON - INSTANT).isoformat())
    assert refusal.why.startswith("is before what it follows from: ")
    assert refusal.why.endswith(", 2026-11-21T12:00:00.000000Z")
    assert told(office, event, NOON).entries


def test_it_follows_from_when_that_happened_and_not_from_when_it_was_recorded(office: Office):
    *before, last = complete()[: complete().index(request()) + 1]
    office.holds(*before)
    told(office, last, NOON - timedelta(days=3))

    turned_away(office, withdrawn(), NOON - timedelta(days=3) - INSTANT)
    assert told(office, withdrawn(), NOON - timedelta(days=2)).entries


def test_a_request_that_came_in_again_went_back_before(prepared: Office):
    prepared.desk.report(returned(), HOUSE)
    prepared.clock.go(timedelta(hours=1))

    turned_away(prepared, request(), NOON - INSTANT)
    assert told(prepared, request(), NOON).entries


@pytest.mark.parametrize(
    ("at", "precision"), [(MIDNIGHT, "day"), (datetime(2026, 11, 1, 4, tzinfo=NOON.tzinfo), "month")]
)
def test_some_time_in_the_day_or_month_is_not_before_that_day_or_month(
    prepared: Office, at: datetime, precision: Precision
):
    turned_away(prepared, withdrawn(), at - INSTANT, precision)
    assert told(prepared, withdrawn(), at, precision).entries


@pytest.mark.parametrize("event", [board_ended(COUHES, LONG_AGO), verified(ANA)], ids=lambda event: event.wire_name)
def test_what_others_do_may_come_before_the_office_hears_of_it(office: Office, event: Event):
    office.holds(*ready())
    assert told(office, event, NOON - timedelta(days=30)).entries


def certified_on(day: date) -> Event:
    return certified(ANA, completed=day)


def test_what_has_a_date_of_its_own_does_not_come_before_that_day_at_the_office(prepared: Office):
    refusal = turned_away(prepared, certified_on(TODAY), MIDNIGHT - INSTANT)
    assert str(refusal) == "completed '2026-11-21': is after it happened: occurred_at says 2026-11-20"
    assert told(prepared, certified_on(TODAY), MIDNIGHT).entries


def test_a_day_of_a_month_is_in_it_or_before(prepared: Office):
    october = datetime(2026, 10, 1, 4, tzinfo=NOON.tzinfo)
    turned_away(prepared, certified_on(date(2026, 11, 1)), october, "month")
    assert told(prepared, certified_on(date(2026, 10, 31)), october, "month").entries


def test_that_an_agreement_will_end_is_told_before(office: Office):
    office.holds(*ready())
    assert told(office, terminated(MOU, on=TODAY + timedelta(days=9)), NOON).entries
