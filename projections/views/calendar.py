"""Questions about the calendar: what may have fallen due by a day. Whoever records it looks at the facts once more."""

import sqlite3
from datetime import date, timedelta
from typing import NamedTuple

from projections.views.answers import HOLDINGS, Holding, as_holding

REQUESTS = """
    SELECT DISTINCT request FROM deadlines
    WHERE (kind = 'agreement ends' AND day <= :last) OR day BETWEEN :day AND :last
    ORDER BY request
"""
# Whose training runs out while an agreement names them; of somebody's trainings the one that lasts longest counts.
PEOPLE = """
    SELECT person FROM trainings
    WHERE position NOT IN (SELECT position FROM undone)
    GROUP BY person
    HAVING MAX(day) BETWEEN :day AND :last
        AND EXISTS (
            SELECT 1 FROM rights AS r
            WHERE r.person = trainings.person AND :day BETWEEN r.starts AND r.last
        )
    ORDER BY person
"""
ALL_HOLDINGS = HOLDINGS.format(which="TRUE")


class Candidates(NamedTuple):
    """The requests and people of whom something may have fallen due."""

    requests: tuple[str, ...]
    people: tuple[str, ...]


def candidates(connection: sqlite3.Connection, day: date, furthest: int) -> Candidates:
    """What may have fallen due by a day, where reminders go out so many days before at most."""
    asked = {"day": str(day), "last": str(after(day, furthest))}
    requests, people = (connection.execute(question, asked).fetchall() for question in (REQUESTS, PEOPLE))
    return Candidates(tuple(one for (one,) in requests), tuple(one for (one,) in people))


def rightless(connection: sqlite3.Connection, day: date) -> list[Holding]:
    """What people hold to which a right has ended by a day, or never was, once for each version and request.

    Not what they have attested to be destroyed, which waits for the office.
    """
    rows = connection.execute(ALL_HOLDINGS, {"form": None, "day": str(day), "gone": False})
    held = [as_holding(str(day), row) for row in rows]
    ended = [one for one in held if one.state == "right ended" or (one.state == "held" and one.until is None)]
    return list({(one.request, one.person, one.dataset, one.label): one for one in ended}.values())


def after(day: date, days: int) -> date:
    """So many days after a day, as far as there are dates."""
    return day + min(timedelta(days), date.max - day)
