"""Questions to the views, each for a day, which whoever asks hands in."""

import sqlite3
from datetime import date, datetime
from typing import Any, NamedTuple

import msgspec

from ledger.chain.entry import parse_time
from projections.views.inquiring import STATES
from projections.views.lists import texts
from projections.views.stages import STAGES

_date = date.fromisoformat
_RIGHTS = msgspec.json.Decoder(list[tuple[str, str, str]])
# The last day for destroying what a hold was on, counted from when that was lifted.
LIFTED = """
    (
        SELECT MAX(l.due) FROM holds AS l
        WHERE NOT l.placed AND (l.request = h.request OR l.dataset = h.dataset OR l.person = h.person)
    )
"""
DUE = f"MAX(h.due, COALESCE({LIFTED}, ''))"

# What a person holds, in the form that the version was last found to have, and every right to it that they have or had.
# Unless it is materialized, SQLite looks for the form twice.
HOLDINGS = f"""
    WITH found AS MATERIALIZED (
        SELECT
            h.person, h.dataset, h.label, h.how, h.request, h.release, h.since,
            h.state, {DUE} AS due, {DUE} > h.due AS put_off, h.form AS released_as,
            COALESCE(
                (
                    SELECT v.form FROM versions AS v
                    WHERE v.dataset = h.dataset AND v.label = h.label
                        AND v.position NOT IN (SELECT position FROM undone)
                    ORDER BY v.position DESC
                    LIMIT 1
                ),
                h.form
            ) AS form
        FROM holdings AS h
        WHERE {{which}} AND (:gone OR h.state <> 'destroyed')
    )
    SELECT
        f.person, f.dataset, f.label, f.form, f.how, f.request, f.release, f.since,
        (
            SELECT json_group_array(json_array(r.agreement, r.starts, r.last)) FROM rights AS r
            WHERE r.request = f.request AND r.person = f.person AND r.dataset = f.dataset
                AND r.form = COALESCE(f.released_as, r.form)
        ),
        f.state, f.due, f.put_off
    FROM found AS f
    WHERE :form IS NULL OR f.form IS :form
    ORDER BY f.dataset, f.label, f.since, f.request, f.release, f.how, f.person
"""
HOLDERS_OF_A_DATA_SET = HOLDINGS.format(which="h.dataset = :dataset")
HOLDINGS_OF_A_PERSON = HOLDINGS.format(which="h.person = :person")
HOLDINGS_FOR_AN_ORGANISATION = HOLDINGS.format(
    which="(h.request, h.person) IN (SELECT request, person FROM recipients WHERE organisation = :organisation)"
)
HELD_WITHOUT_RIGHT = HOLDINGS.format(
    which="""
        NOT EXISTS (
            SELECT 1 FROM rights AS r
            WHERE r.request = h.request AND r.person = h.person AND r.dataset = h.dataset
                AND r.form = COALESCE(h.form, r.form)
                AND :day BETWEEN r.starts AND r.last
        )
    """
)

# Nothing that a legal hold is on may be destroyed.
ON_HOLD = """
    EXISTS (
        SELECT 1 FROM holds AS p
        WHERE p.placed AND (p.request = h.request OR p.dataset = h.dataset OR p.person = h.person)
            AND NOT EXISTS (SELECT 1 FROM holds AS l WHERE l.hold = p.hold AND NOT l.placed)
    )
"""
# Of somebody's trainings the one that lasts longest counts. What is overdue comes first, however long it has been so.
DEADLINES = f"""
    SELECT day, kind, what, request, whom FROM deadlines
    WHERE day BETWEEN :first AND :last
    UNION ALL
    SELECT MAX(day), 'training expires', '', NULL, json_array(person) FROM trainings
    WHERE position NOT IN (SELECT position FROM undone)
    GROUP BY person
    HAVING MAX(day) BETWEEN :first AND :last
    UNION ALL
    SELECT DISTINCT
        {DUE}, CASE WHEN {DUE} < :first THEN 'destruction overdue' ELSE 'destruction due' END,
        h.dataset || ' ' || h.label, h.request, json_array(h.person)
    FROM holdings AS h
    WHERE h.state = 'open' AND h.due <= :last AND {DUE} <= :last AND NOT {ON_HOLD}
    ORDER BY 1, 2, 4, 3, 5
"""

# Nobody opens what no agreement in force that day names them for; nor does somebody whom nobody knows. What ended a
# right in the course of a day ended it when it happened, and is nothing against whom this ledger had let in before.
ACCESSES = """
    SELECT * FROM (
        SELECT
            a.position, a.how, a.at, a.person, a.dataset, a.label, a.request, a.agreement,
            a.how <> 'refused' AND NOT EXISTS (
                SELECT 1 FROM rights AS r
                WHERE r.person = a.person AND r.dataset = a.dataset
                    AND r.request = COALESCE(a.request, r.request)
                    AND a.day BETWEEN r.starts AND r.last
            ) AND NOT EXISTS (
                SELECT 1 FROM ended AS e
                WHERE e.person = a.person AND e.dataset = a.dataset AND e.day = a.day
                    AND e.request = COALESCE(a.request, e.request)
                    AND (a.at < e.at OR (a.how = 'permitted' AND a.position < e.position))
            ) AS finding
        FROM accesses AS a
        WHERE a.position NOT IN (SELECT position FROM undone)
    )
    WHERE finding OR NOT :findings
    ORDER BY position
"""

WAITING = f"""
    WITH {STATES}, {STAGES}
    SELECT who, whom, next, since, since_at, request, state, researcher FROM (
        SELECT
            t.who, t.whom, t.next, t.since, t.since_at, r.request,
            r.state, r.researcher, t.number
        FROM turns AS t
        JOIN requests_now AS r ON r.request = t.request
        UNION ALL
        SELECT
            CASE q.state WHEN 'open' THEN 'office' ELSE 'counsel' END, '[]',
            CASE q.state WHEN 'open' THEN 'answer query ' ELSE 'advise on query ' END || q.query,
            q.since, q.since_at, q.request, q.state, NULL, 0
        FROM queries_now AS q
        WHERE q.state IN ('open', 'with counsel')
    )
    ORDER BY since_at, since, request, number
"""


class Holding(NamedTuple):
    """A version of a data set that somebody holds, or held.

    `how` is held, presumed, handed over, or copy. `agreement` is None when no executed agreement ever gave a right to
    it, `until` the last day of that right, and `right` whether there is one on the day that was asked about. `state` is
    held, right ended, attested, destroyed, or written off. `due` is the last day for destroying it, counted from when
    it came where there was never a right to it; `put_off` says that it is counted from when a legal hold was lifted.
    """

    person: str
    dataset: str
    label: str
    form: str | None
    how: str
    request: str
    release: str
    since: date
    agreement: str | None
    until: date | None
    right: bool
    state: str
    due: date
    put_off: bool = False


class Deadline(NamedTuple):
    """Something that ends of itself after a day: what kind of thing, which one, of which request, whom it concerns."""

    day: date
    kind: str
    what: str
    request: str | None
    whom: tuple[str, ...]


class Access(NamedTuple):
    """Somebody was let in, refused, or opened something; a finding, when no agreement in force named them for it."""

    position: int
    how: str
    at: datetime
    person: str | None
    dataset: str | None
    label: str | None
    request: str | None
    agreement: str | None
    finding: bool


class Waiting(NamedTuple):
    """A request, or a query about one or about none, that waits for somebody to do something.

    It does so since a fact at a position, which happened then.
    """

    who: str
    whom: tuple[str, ...]
    next: str
    since: int
    since_at: datetime
    request: str | None
    state: str
    researcher: str | None


def holders(
    connection: sqlite3.Connection, dataset: str, form: str | None, day: date, *, gone: bool = False
) -> list[Holding]:
    """Who holds versions of a data set, in a form if one is given; also what is destroyed, to see what is gone."""
    asked = {"dataset": dataset, "form": form, "day": str(day), "gone": gone}
    return _holdings(connection, HOLDERS_OF_A_DATA_SET, asked)


def holdings(connection: sqlite3.Connection, person: str, day: date, *, gone: bool = False) -> list[Holding]:
    """What a person holds; also what is destroyed, to see what is gone."""
    asked = {"person": person, "form": None, "day": str(day), "gone": gone}
    return _holdings(connection, HOLDINGS_OF_A_PERSON, asked)


def held_without_right(connection: sqlite3.Connection, day: date) -> list[Holding]:
    """What anybody holds and has no right to on a day."""
    return _holdings(connection, HELD_WITHOUT_RIGHT, {"form": None, "day": str(day), "gone": False})


def holdings_for(connection: sqlite3.Connection, organisation: str, day: date) -> list[Holding]:
    """What people hold whom an agreement names for an organisation."""
    asked: dict[str, str | bool | None] = {"organisation": organisation, "form": None, "day": str(day), "gone": False}
    return _holdings(connection, HOLDINGS_FOR_AN_ORGANISATION, asked)


def deadlines(connection: sqlite3.Connection, first: date, last: date) -> list[Deadline]:
    """What ends between two days, both included, by day; before it what should be destroyed by then, and isn't."""
    found = connection.execute(DEADLINES, {"first": str(first), "last": str(last)})
    return [
        Deadline(date.fromisoformat(day), kind, what, request, texts(whom)) for day, kind, what, request, whom in found
    ]


def accesses(connection: sqlite3.Connection, *, findings: bool) -> list[Access]:
    """All accesses in the order of the log, or only those that are findings."""
    return [
        Access(position, how, parse_time(at), person, dataset, label, request, agreement, bool(finding))
        for position, how, at, person, dataset, label, request, agreement, finding in connection.execute(
            ACCESSES, {"findings": findings}
        )
    ]


def waiting(connection: sqlite3.Connection, day: date) -> list[Waiting]:
    """What waits for whom on a day, oldest first."""
    return [
        Waiting(who, texts(whom), next_, since, parse_time(since_at), *rest)
        for who, whom, next_, since, since_at, *rest in connection.execute(WAITING, {"day": str(day)})
    ]


def _holdings(connection: sqlite3.Connection, question: str, asked: dict[str, str | bool | None]) -> list[Holding]:
    day = str(asked["day"])
    return [as_holding(day, row) for row in connection.execute(question, asked)]


def as_holding(day: str, row: tuple[Any, ...]) -> Holding:
    """A holding on a day, from a row of `HOLDINGS`."""
    person, dataset, label, form, how, request, release, since, rights, state, due, put_off = row
    agreement, until, right = _longest(_RIGHTS.decode(rights), day)
    if state == "open":
        state = "right ended" if until and until < day and not right else "held"
    began, last, final = _date(since), _date(until) if until else None, _date(due)
    what = (person, dataset, label, form, how, request, release)
    return Holding(*what, began, agreement, last, right, state, final, bool(put_off))


def _longest(rights: list[tuple[str, str, str]], day: str) -> tuple[str | None, str | None, bool]:
    """The agreement that gives a right for longest, and until when; and whether any of these gives one on a day."""
    if len(rights) == 1:
        # As it nearly always is.
        ((agreement, starts, until),) = rights
        return agreement, until, starts <= day <= until
    if not rights:
        return None, None, False
    until = max(last for _, _, last in rights)
    agreement = min(one for one, _, last in rights if last == until)
    return agreement, until, any(starts <= day <= last for _, starts, last in rights)
