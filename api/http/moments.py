"""The time that a question is about: what was so as of it, what the ledger knew by then; now, if it does not say."""

import re
from collections.abc import Hashable
from datetime import UTC, date, datetime, time
from functools import cached_property
from zoneinfo import ZoneInfo

import msgspec

from api.http.call import Call
from api.http.problems import BadField, BadRequest
from projections.asof import AsOf, Moment
from projections.standing import Office
from projections.upkeep import Answer, Question, Rows

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_INSTANT = re.compile(_DAY.pattern + r"T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})", re.ASCII)


class AboutATime(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """About which time, on either clock: a day, which counts to its end at the office, or an RFC 3339 instant."""

    as_of: str | None = None
    known_at: str | None = None


class Inquiry:
    """A question about a time: the ledger as it was then, and the moment for which something is in force or over."""

    def __init__(self, call: Call, asked: AboutATime) -> None:
        self._call = call
        self._moment = Moment(
            *(instant(name, getattr(asked, name), call.office) for name in AboutATime.__struct_fields__),
        )
        self.is_now = self._moment.is_now
        self.at = self._moment.today(call.now)
        self.office = call.office if self.is_now else self.log.office()

    @cached_property
    def log(self) -> AsOf:
        """The ledger as it was then; questions that views answer about now have no need of it."""
        return AsOf(self._call.ledger, self._moment)

    @property
    def today(self) -> date:
        """The day at the office that is asked about."""
        return self.office.day(self.at)

    def view(self, question: Question[Rows], *name: Hashable) -> Answer[Rows]:
        """What the views answer: those that are kept, or for another time such as are made for it alone.

        A question with a name is the same for a day whenever it has the same name.
        """
        if self.is_now:
            named = (*name, self.today) if name else None
            return self._call.desks.views.ask(question, named, self._call.caller.position)
        return self.log.ask(question)


def instant(name: str, text: str | None, office: Office) -> datetime | None:
    """The last moment that a parameter means: of a day, its end at the office. Raises `BadRequest` for what is none."""
    if text is None:
        return None
    try:
        zone = ZoneInfo(office.policy.event.time_zone)
        if _DAY.fullmatch(text):
            return datetime.combine(date.fromisoformat(text), time.max, zone).astimezone(UTC)
        if _INSTANT.fullmatch(text):
            return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    why = "is no day such as 2026-11-21, and no instant such as 2026-11-21T17:00:00Z"
    raise BadRequest("unprocessable", "A parameter is not as it has to be.", BadField(detail=why, parameter=name))
