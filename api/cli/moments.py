"""The options by which a question is about another time than now."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import click

Command = TypeVar("Command", bound=Callable[..., Any])

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT = re.compile(_DAY.pattern + r"T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})")


class Time(click.ParamType[date]):
    """A day, or an RFC 3339 instant."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date | datetime:
        """The day or the instant that was typed."""
        if isinstance(value, date):
            return value
        try:
            if _DAY.fullmatch(value):
                return date.fromisoformat(value)
            if _INSTANT.fullmatch(value.upper()):
                return datetime.fromisoformat(value.upper()).astimezone(UTC)
        except (ValueError, OverflowError):
            pass
        return self.fail(
            f"{value!r} is no day such as 2026-11-21, and no instant such as 2026-11-21T17:00:00Z", param, ctx
        )


def about_a_time(command: Command) -> Command:
    """The two clocks: what was so at a time, and what the ledger knew at a time."""
    known_at = click.option(
        "--known-at", type=Time(), metavar="TIME", help="Only what was recorded by then; a day counts to its end."
    )
    as_of = click.option(
        "--as-of", type=Time(), metavar="TIME", help="What was so then, as is known today; a day counts to its end."
    )
    return as_of(known_at(command))


def instant(when: date | datetime | None, time_zone: str) -> datetime | None:
    """The last moment that is meant: of a day, its end at the office."""
    if when is None or isinstance(when, datetime):
        return when
    return datetime.combine(when, time.max, ZoneInfo(time_zone))
