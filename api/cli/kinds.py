"""The kinds of value that commands take: what cannot be one is turned away before a ledger is opened."""

import re
import sys
from calendar import monthrange
from datetime import date, datetime, time, timedelta, tzinfo
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

import click
import msgspec

from api.ids import doi_in
from ledger.events import ids

_MONTH = re.compile(r"\d{4}-\d{2}", re.ASCII)
# Beyond these, what was meant is another year; and no zone leads out of what a date can be.
_YEARS = range(1900, 9999)


class Id(click.ParamType[Any]):
    """A text of one of the kinds that events are made of."""

    def __init__(self, name: str, kind: Any, looks: str) -> None:
        self.name, self._kind, self._looks = name, kind, looks

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The text itself."""
        try:
            return msgspec.convert(value, self._kind)
        except msgspec.ValidationError:
            self.fail(f"{value!a} is no {self.name}: {self._looks}.", param, ctx)


PRINCIPAL = Id("id of a principal", ids.PrincipalId, "it looks like staff:17, and is nobody's name")
REQUEST = Id("id of a request", ids.RequestId, "it looks like R-2026-0001")
DATA_SET = Id("id of a data set", ids.DataSetId, "it is D- and letters, digits, dots or dashes, such as D-6.002x-pc")
DETERMINATION = Id("id of a determination", ids.DeterminationId, "it is E- and what followed when it was recorded")
AGREEMENT = Id("id of an agreement", ids.AgreementId, "it looks like A-2026-0001-1")
RELEASE = Id("id of a release", ids.ReleaseId, "it looks like L-2026-0001-1")
QUERY = Id("id of a query", ids.QueryId, "it looks like Q-2026-0001")
PUBLICATION = Id("id of a publication", ids.PublicationId, "it looks like B-2026-0001-1")
INCIDENT = Id("id of an incident", ids.IncidentId, "it looks like I-2026-0001")
HOLD = Id("id of a legal hold", ids.HoldId, "it looks like H-2026-0001")
ATTESTATION = Id("id of an attestation", ids.AttestationId, "it looks like X-2026-0001-1")
CHANNEL = Id("channel", ids.Channel, "it is a word in small letters, such as sftp-drop")
DIGEST = Id("SHA-256", ids.Digest, "it is 64 digits or letters from a to f")
# What is not sealed stands in the log for ever.
NAME = Id("short text", ids.Name, "it has 1 to 255 letters, digits and signs of ASCII, and no space at its ends")


class DoiKind(Id):
    """A DOI, also with the address that browsers show before it."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The DOI as events have it."""
        return super().convert(doi_in(str(value)), param, ctx)


DOI = DoiKind("DOI", ids.Doi, "it looks like 10.1000/xyz123")


class OneOf(click.ParamType[Any]):
    """One of some words; where one has a space, a hyphen does as well."""

    name = "one of"

    def __init__(self, words: Any) -> None:
        self._words: dict[str, str] = {word.replace(" ", "-"): word for word in get_args(words)}

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """The words, as help shows them."""
        del param, ctx
        return f"[{'|'.join(self._words)}]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The word as events have it."""
        word = self._words.get(str(value), str(value))
        if word not in self._words.values():
            self.fail(f"{value!a} is none of {', '.join(self._words)}.", param, ctx)
        return word


class Day(click.ParamType[Any]):
    """A date, as YYYY-MM-DD."""

    name = "YYYY-MM-DD"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """The date."""
        found = _day(str(value))
        if found is None:
            self.fail(f"{value!a} is no date such as 2026-03-31.", param, ctx)
        return found


class DayOrNone(Day):
    """A date, or `none` where there is no end."""

    name = "YYYY-MM-DD|none"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The date, or the word."""
        return value if value == "none" else super().convert(value, param, ctx)


class When(NamedTuple):
    """A time as precisely as it was given; a day or a month is one at the office, wherever that is."""

    said: date | datetime
    precision: Literal["instant", "day", "month"]

    def begins(self, zone: tzinfo) -> datetime:
        """The instant, or the first of the day or month."""
        return self.said if isinstance(self.said, datetime) else datetime.combine(self.said, time(), zone)

    def ends(self, zone: tzinfo) -> datetime:
        """The instant, or the last of the day or month."""
        if isinstance(self.said, datetime):
            return self.said
        days = monthrange(self.said.year, self.said.month)[1] if self.precision == "month" else 1
        return datetime.combine(self.said + timedelta(days=days), time(), zone) - timedelta(microseconds=1)


class Time(click.ParamType[Any]):
    """An instant with its offset, a day, or a month."""

    name = "time"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """As help shows it."""
        del param, ctx
        return "YYYY-MM[-DD[Thh:mm:ss±hh:mm]]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> When:
        """The time, with its precision."""
        found = value if isinstance(value, When) else _when(str(value))
        if found is None:
            self.fail(f"{value!a} is no time such as 2026-03, 2026-03-31 or 2026-03-31T17:00:00-05:00.", param, ctx)
        return found


class Text(click.ParamType[Any]):
    """What somebody wrote; - reads it from standard input, where no shell keeps it."""

    name = "text or -"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The text."""
        del param, ctx
        return sys.stdin.read().rstrip("\n") if value == "-" else str(value)


DAY, DAY_OR_NONE, TIME, TEXT = Day(), DayOrNone(), Time(), Text()
FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII) else None
    except ValueError:
        return None
    return day if day and day.year in _YEARS else None


def _when(text: str) -> When | None:
    if day := _day(text):
        return When(day, "day")
    if _MONTH.fullmatch(text) and (first := _day(f"{text}-01")):
        return When(first, "month")
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    return When(instant, "instant") if instant.tzinfo and instant.year in _YEARS else None
