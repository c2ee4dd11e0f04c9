"""Questions about the calendar: what may have fallen due by a day. Whoever records it looks at the facts once more."""

import sqlite3
from datetime import date, timedelta
from typing import NamedTuple

from projections.views.answers import HOLDINGS, Deadline, Holding, as_holding

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
    """What people hold to which they had a right that has ended by a day, once for each version and request."""
    rows = connection.execute(ALL_HOLDINGS, {"form": None, "day": str(day), "gone": False})
    ended = [one for one in (as_holding(str(day), row) for row in rows) if one.state == "right ended"]
    return list({(one.request, one.person, one.dataset, one.label): one for one in ended}.values())


def destructions(connection: sqlite3.Connection, day: date, last: date, days: int) -> list[Deadline]:
    """By when data are to be destroyed whose right has ended, up to a day; also what is overdue."""
    found = [
        Deadline(after(one.until, days), "destruction due", f"{one.dataset} {one.label}", one.request, (one.person,))
        for one in rightless(connection, day)
        if one.until is not None
    ]
    return sorted(one for one in found if one.day <= last)


def after(day: date, days: int) -> date:
    """So many days after a day, as far as there are dates."""
    return day + min(timedelta(days), date.max - day)
