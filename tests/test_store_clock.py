"""The time at which every store records: what the clock says, and never earlier than before.

With CAMPAIGN=1 the clocks that hypothesis makes up are many more.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ledger.errors import ClockBehind, Malformed
from ledger.storage import Store, open_store
from tests.store_facts import many
from tests.stores import NOON, POSTGRES, HandSetClock, assert_holds, event, nothing_written, url_of


@pytest.fixture(params=["file", "memory", POSTGRES])
def clocked(request: pytest.FixtureRequest) -> Iterator[tuple[Store, HandSetClock]]:
    """An empty store of each kind, and the clock that it goes by."""
    clock = HandSetClock()
    with open_store(url_of(request.param, request), clock) as opened:
        yield opened, clock


def recorded(store: Store) -> list[datetime]:
    return [entry.recorded_at for entry in store.scan()]


def test_an_entry_is_recorded_at_what_the_clock_says(clocked):
    store, clock = clocked
    times = [NOON, NOON + timedelta(microseconds=1), NOON + timedelta(days=400, microseconds=999_999)]
    for clock.now in times:
        store.append([event()])

    assert recorded(store) == times
    assert store.head().recorded_at == "2027-12-26T12:00:00.999999Z"


def test_a_batch_is_recorded_at_one_time(clocked):
    store, _ = clocked
    store.append([event()] * 70)

    assert recorded(store) == [NOON] * 70


def test_a_clock_in_another_zone_tells_the_same_time(clocked):
    store, clock = clocked
    store.append([event()])
    clock.now = NOON.astimezone(timezone(timedelta(hours=-9, minutes=-30))) + timedelta(seconds=1)
    store.append([event()])

    assert [entry.header.recorded_at for entry in store.scan()] == [
        "2026-11-21T12:00:00.000000Z",
        "2026-11-21T12:00:01.000000Z",
    ]


FIVE_MINUTES = timedelta(minutes=5)
MICROSECOND = timedelta(microseconds=1)


@pytest.mark.parametrize(
    "back", [timedelta(), MICROSECOND, timedelta(seconds=1), FIVE_MINUTES - MICROSECOND, FIVE_MINUTES]
)
def test_a_clock_that_jumps_back_up_to_five_minutes_is_held_at_the_head_s_time(back, clocked):
    store, clock = clocked
    store.append([event()])
    clock.turn(-back)
    store.append([event()])

    assert recorded(store) == [NOON, NOON]
    assert_holds(store)


@pytest.mark.parametrize(
    "back", [FIVE_MINUTES + MICROSECOND, timedelta(hours=1), NOON - datetime.min.replace(tzinfo=UTC)]
)
def test_a_clock_that_jumps_back_further_refuses_to_write(back, clocked):
    store, clock = clocked
    store.append([event()])
    clock.turn(-back)

    with nothing_written(store), pytest.raises(ClockBehind) as refused:
        store.append([event(), event()])

    assert (refused.value.now, refused.value.head) == (
        clock.now.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z",
        "2026-11-21T12:00:00.000000Z",
    )


def test_held_time_is_measured_from_the_head_and_does_not_creep(clocked):
    store, clock = clocked
    store.append([event()])
    for _ in range(5):
        clock.turn(-timedelta(minutes=1))
        store.append([event()])
    clock.turn(-MICROSECOND)

    with nothing_written(store), pytest.raises(ClockBehind):
        store.append([event()])
    assert recorded(store) == [NOON] * 6


def test_writing_goes_on_once_the_clock_is_right_again(clocked):
    store, clock = clocked
    store.append([event()])
    clock.turn(timedelta(hours=-1))
    with pytest.raises(ClockBehind):
        store.append([event()])
    clock.turn(timedelta(hours=2))
    store.append([event()])

    assert recorded(store) == [NOON, NOON + timedelta(hours=1)]


def test_a_clock_that_jumps_ahead_is_believed_and_going_back_is_then_refused(clocked):
    store, clock = clocked
    store.append([event()])
    clock.turn(timedelta(days=365))
    store.append([event()])
    clock.now = NOON

    with nothing_written(store), pytest.raises(ClockBehind):
        store.append([event()])
    assert recorded(store) == [NOON, NOON + timedelta(days=365)]


@pytest.mark.parametrize("now", [NOON.replace(tzinfo=None), datetime.max.replace(tzinfo=timezone(timedelta(hours=-1)))])
def test_a_clock_that_tells_no_time_in_utc_writes_nothing(now, clocked):
    store, clock = clocked
    clock.now = now
    with nothing_written(store), pytest.raises(Malformed):
        store.append([event()])


@pytest.mark.campaign
@many
@given(steps=st.lists(st.timedeltas(timedelta(minutes=-6), timedelta(minutes=6)), min_size=1, max_size=8))
@example(steps=[-FIVE_MINUTES, -MICROSECOND, MICROSECOND, FIVE_MINUTES + MICROSECOND])
def test_time_in_the_log_never_runs_back(clocked, steps):
    store, clock = clocked
    times = recorded(store)
    for step in steps:
        clock.turn(step)
        if times and times[-1] - clock.now > FIVE_MINUTES:
            with pytest.raises(ClockBehind):
                store.append([event()])
        else:
            times.append(max([clock.now, *times[-1:]]))
            store.append([event()])

    assert recorded(store) == times
