"""The time of an entry: written in UTC with six digits, and the same instant when it is read."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.chain.entry import format_time, parse_time
from ledger.errors import Malformed
from tests.entry_facts import entry_of, refusal, times
from tests.stores import NOON

HOURS_AWAY = timezone(timedelta(hours=5, minutes=45))


@pytest.mark.parametrize(
    ("at", "text"),
    [
        pytest.param(datetime(2026, 11, 21, 17, 0, tzinfo=UTC), "2026-11-21T17:00:00.000000Z", id="no-fraction"),
        pytest.param(datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC), "2026-01-02T03:04:05.000006Z", id="one-microsecond"),
        pytest.param(
            datetime(2026, 1, 2, 3, 4, 5, 999_999, tzinfo=UTC), "2026-01-02T03:04:05.999999Z", id="not-rounded"
        ),
        pytest.param(datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00:00:00.000000Z", id="the-first"),
        pytest.param(datetime(987, 6, 5, tzinfo=UTC), "0987-06-05T00:00:00.000000Z", id="year-of-three-digits"),
        pytest.param(
            datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC), "9999-12-31T23:59:59.999999Z", id="the-last"
        ),
        pytest.param(datetime(2024, 2, 29, tzinfo=UTC), "2024-02-29T00:00:00.000000Z", id="leap-day"),
        pytest.param(datetime(2027, 1, 1, 5, 44, tzinfo=HOURS_AWAY), "2026-12-31T23:59:00.000000Z", id="year-before"),
        pytest.param(
            datetime(2026, 11, 21, 12, tzinfo=timezone(timedelta(microseconds=1))),
            "2026-11-21T11:59:59.999999Z",
            id="offset-of-a-microsecond",
        ),
        pytest.param(
            datetime(2026, 7, 1, 12, tzinfo=ZoneInfo("America/New_York")), "2026-07-01T16:00:00.000000Z", id="summer"
        ),
    ],
)
def test_a_time_is_written_in_utc_with_six_digits(at: datetime, text: str):
    assert format_time(at) == text
    assert parse_time(text) == at
    assert entry_of(recorded_at=at).header.recorded_at == text


def test_a_parsed_time_is_in_utc():
    assert parse_time("2026-11-21T12:00:00.000000Z").tzinfo is UTC


def test_the_two_passes_of_a_repeated_hour_stay_apart():
    """They compare equal and have one hash, whatever is remembered by it."""
    first = datetime(2026, 11, 1, 1, 30, tzinfo=ZoneInfo("America/New_York"))
    second = first.replace(fold=1)

    assert first == second
    assert [format_time(at) for at in (first, second, first)] == [
        "2026-11-01T05:30:00.000000Z",
        "2026-11-01T06:30:00.000000Z",
        "2026-11-01T05:30:00.000000Z",
    ]


def test_a_time_without_a_zone_is_refused():
    at = NOON.replace(tzinfo=None)
    expected = Malformed, "time", "2026-11-21T12:00:00", "has no time zone"

    assert refusal(lambda: format_time(at)) == refusal(lambda: entry_of(recorded_at=at)) == expected


@pytest.mark.parametrize(
    ("at", "shown"),
    [
        (datetime(1, 1, 1, tzinfo=HOURS_AWAY), "0001-01-01T00:00:00+05:45"),
        (datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-1))), "9999-12-31T23:00:00-01:00"),
    ],
    ids=["before-the-first", "after-the-last"],
)
def test_a_time_that_utc_cannot_hold_is_refused(at: datetime, shown: str):
    expected = Malformed, "time", shown, "is outside the years 1 to 9999 in UTC"

    assert refusal(lambda: format_time(at)) == refusal(lambda: entry_of(recorded_at=at)) == expected


zones = st.timedeltas(timedelta(hours=-23, minutes=-59), timedelta(hours=23, minutes=59)).map(timezone) | st.timezones()


@given(st.datetimes(NOON.replace(year=1, tzinfo=None), NOON.replace(year=9999, tzinfo=None), timezones=zones))
def test_every_time_comes_back_as_the_same_instant(at: datetime):
    text = format_time(at)

    assert parse_time(text) - at.astimezone(UTC) == timedelta(0)
    assert format_time(parse_time(text)) == text


@given(times, times)
def test_texts_sort_as_their_times_do(one: datetime, other: datetime):
    assert (format_time(one) < format_time(other)) == (one < other)
