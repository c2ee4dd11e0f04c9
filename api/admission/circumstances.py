"""What may stand beside an event, and which dates and names something that is told may have."""

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from ledger.chain.entry import format_time
from ledger.errors import Malformed
from ledger.events import (
    AgreementTerminated,
)
from ledger.events.ids import PersonId, PrincipalId

FIRST_DAY = datetime(1970, 1, 1, tzinfo=UTC)


def admit_circumstances(actor: str, on_behalf_of: str | None, occurred_at: datetime | None, now: datetime) -> None:
    """Raise `Malformed` for a name in place of an id, which would stand in the log for ever, and for a time ahead."""
    _check_id("actor", actor, PrincipalId, "such as staff:17")
    if on_behalf_of is not None:
        _check_id("person on whose behalf", on_behalf_of, PersonId, "of a person: p- and 32 letters")
    format_time(now)
    if occurred_at is None:
        return
    format_time(occurred_at)
    if occurred_at > now:
        raise Malformed("time", occurred_at.isoformat(), "is still to come, and nothing has happened then")
    if occurred_at < FIRST_DAY:
        raise Malformed("time", occurred_at.isoformat(), "is before 1970")


def _check_id(what: str, value: str, kind: Any, such_as: str) -> None:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise Malformed(what, value, f"is not an id {such_as}") from error


def check_time_zone(name: str) -> None:
    """Raise `Malformed` for a time zone that this machine does not know."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Malformed("time zone", name, "is none that this machine knows") from error


def check_dates(event: Any, today: date) -> None:
    """What has happened has not happened tomorrow; that an agreement will end can be told before."""
    for member, day in own_days(event):
        if day > today:
            raise Malformed(member, str(day), f"is still to come; it is {today} at the office")
    check_order(event)


def own_days(event: Any) -> list[tuple[str, date]]:
    """The days on which an event says that something happened; that of an agreement's end may be to come."""
    if isinstance(event, AgreementTerminated):
        return []
    told = [(member, getattr(event, member, None)) for member in ("on", "completed", "found_on", "notice_on", "since")]
    return [(member, day) for member, day in told if day is not None]


def check_order(told: Any) -> None:
    """Nothing that is told or wished ends before it begins."""
    begins = next((day for name in ("on", "completed", "starts") if (day := getattr(told, name, None))), None)
    for member in ("expires", "ends"):
        day = getattr(told, member, None)
        if isinstance(begins, date) and type(day) is date and day < begins:
            raise Malformed(member, str(day), f"is before it begins, on {begins}")
