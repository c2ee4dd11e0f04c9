"""Findings: what is recorded and shouldn't be so, with an owner and an age, until somebody closes it.

Some are kept by request, with its other rows; the others are found when somebody asks, among accesses, incidents and
holdings, because they depend on the day or on several requests. `SOURCES` lists them all: one more kind is one more
line there, with the same columns.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any, NamedTuple

from ledger.chain.entry import parse_time
from ledger.codec import Known
from ledger.events import CopyReported
from ledger.events.finding import FindingKind
from projections.standing import Office, RequestStanding, holdings
from projections.views.answers import ACCESSES, DUE, ON_HOLD
from projections.views.lists import texts
from projections.views.past import NOT_UNDONE

OFFICE, DIRECTOR = "office", "director"
FOR_EVER = "written off"
NOTICE_REFUSED: FindingKind = "notice refused for good"
# Whoever has to deal with a finding of this kind, unless it was given to somebody.
OWNERS = {FOR_EVER: DIRECTOR}

# Each gives: position, kind, request, person, dataset, label, day since which it is so.
SOURCES = (
    "SELECT position, kind, request, person, dataset, label, day FROM findings",
    # Nobody opens what no agreement in force that day names them for.
    f"""
    SELECT a.position, 'access by somebody unnamed', a.request, a.person, a.dataset, a.label, accesses.day
    FROM ({ACCESSES.replace("ORDER BY position", "")}) AS a
    JOIN accesses ON accesses.position = a.position
    """,
    """
    SELECT
        position, 'late incident', json_extract(requests, '$[0]'), json_extract(people, '$[0]'),
        json_extract(datasets, '$[0]'), NULL, day
    FROM incidents
    WHERE late AND position NOT IN (SELECT position FROM undone)
    """,
    # Whatever is held on a day after the last one for destroying it, unless a legal hold forbids to.
    f"""
    SELECT h.position, 'overdue destruction', h.request, h.person, h.dataset, h.label, date({DUE}, '+1 day')
    FROM holdings AS h
    WHERE h.state IN ('open', 'attested') AND h.due < :day AND {DUE} < :day AND NOT {ON_HOLD}
    """,
    # What identifies learners is held on a day after the last one on which ethics boards cover whoever holds it.
    """
    SELECT
        h.position, 'held without ethics coverage', h.request, h.person, h.dataset, h.label,
        MAX(h.since, date(h.covered, '+1 day'))
    FROM holdings AS h
    WHERE h.state IN ('open', 'attested') AND h.form = 'identified' AND h.covered < :day AND h.since <= :day
    """,
    """
    SELECT h.position, 'received without training', h.request, h.person, h.dataset, h.label, h.since
    FROM holdings AS h
    WHERE h.how <> 'handed over' AND NOT EXISTS (
        SELECT 1 FROM trainings AS t
        WHERE t.person = h.person AND h.since BETWEEN t.completed AND t.day
            AND t.position NOT IN (SELECT position FROM undone)
    )
    """,
    # What nobody has sent again, and is not about something that was taken back.
    f"""
    SELECT n.position, '{NOTICE_REFUSED}', n.request, n.person, NULL, NULL, n.day
    FROM notices AS n
    WHERE n.refusal IS NULL
        AND n.position NOT IN (SELECT position FROM undone) AND n.of NOT IN (SELECT position FROM undone)
        AND NOT EXISTS (SELECT 1 FROM notices AS again WHERE again.refusal = n.position)
    """,
    # What registers say that went out before this ledger was kept.
    f"""
    SELECT p.position, 'past release under no agreement', NULL, p.person, p.dataset, NULL, p.day
    FROM past_releases AS p
    WHERE p.form = 'identified' AND p.agreement IS NULL AND {NOT_UNDONE}
    """,
)
# A step that names nobody is about everybody of its entry, and one that names no data set about all of them.
FINDINGS = f"""
    WITH found (position, kind, request, person, dataset, label, since) AS (
        {" UNION ALL ".join(SOURCES)}
    ),
    counting AS (
        SELECT * FROM steps WHERE position NOT IN (SELECT position FROM undone)
    )
    SELECT
        f.position, f.kind, f.request, f.person, f.dataset, f.label, f.since,
        (
            SELECT s.owner FROM counting AS s
            WHERE s.entry = f.position AND s.kind = f.kind AND COALESCE(s.person, f.person, '') = COALESCE(f.person, '')
                AND s.owner IS NOT NULL
            ORDER BY s.position DESC
            LIMIT 1
        ),
        (
            SELECT MIN(s.position) FROM counting AS s
            WHERE s.entry = f.position AND s.kind = f.kind AND COALESCE(s.person, f.person, '') = COALESCE(f.person, '')
                AND COALESCE(s.dataset, f.dataset, '') = COALESCE(f.dataset, '') AND s.owner IS NULL
        )
    FROM found AS f
    ORDER BY f.since, f.position, f.kind, f.person, f.dataset, f.label
"""
OPEN_INCIDENTS = """
    SELECT
        r.incident, r.what, r.requests, r.people, r.datasets,
        COALESCE(MAX(c.position), r.position), COALESCE(MAX(c.at), r.at), COUNT(c.position) > 0
    FROM incidents AS r
    LEFT JOIN incidents AS c ON c.incident = r.incident AND c.step = 'contained'
        AND c.position NOT IN (SELECT position FROM undone)
    WHERE r.step = 'reported' AND r.position NOT IN (SELECT position FROM undone)
        AND NOT EXISTS (SELECT 1 FROM incidents AS e WHERE e.incident = r.incident AND e.step = 'closed')
    GROUP BY r.position
    ORDER BY r.position
"""


class Finding(NamedTuple):
    """Something recorded that shouldn't be so: the entry that shows it, what it is about, since which day, whose it is.

    `closed` is where it stands that somebody closed it, None while it is open.
    """

    position: int
    kind: FindingKind
    request: str | None
    person: str | None
    dataset: str | None
    label: str | None
    since: date
    owner: str
    closed: int | None


class Incident(NamedTuple):
    """An incident that is open: what it is, whatever it concerns, and the last that happened to it."""

    incident: str
    what: str
    requests: tuple[str, ...]
    people: tuple[str, ...]
    datasets: tuple[str, ...]
    since: int
    since_at: datetime
    contained: bool


def open_incidents(connection: sqlite3.Connection) -> list[Incident]:
    """The incidents that nobody has closed, in the order of the log."""
    return [
        Incident._make((incident, what, *map(texts, concerned), since, parse_time(at), bool(contained)))
        for incident, what, *concerned, since, at, contained in connection.execute(OPEN_INCIDENTS)
    ]


def findings(connection: sqlite3.Connection, day: date, *, closed: bool = False) -> list[Finding]:
    """What is open on a day, oldest first; also what was closed, if that is asked for."""
    found = [_finding(*row) for row in connection.execute(FINDINGS, {"day": str(day), "findings": True})]
    return [one for one in found if closed or one.closed is None]


def _finding(position: int, kind: str, *rest: Any) -> Finding:
    *about, since, owner, closed = rest
    return Finding._make((position, kind, *about, date.fromisoformat(since), owner or OWNERS.get(kind, OFFICE), closed))


def shown_by(request: RequestStanding, times: Mapping[int, str], office: Office) -> Iterator[tuple[Any, ...]]:
    """What a request's own facts show, as rows: of copies, of what was written off, and of what nobody reviewed."""
    for known in request.copies.reported:
        copy, day = known.event, office.day(parse_time(times[known.position]))
        for kind, person in _wrong_with(known, request):
            yield known.position, kind, person, copy.dataset, copy.label, str(day)
    for gone in request.copies.written_off:
        said, day = gone.event, office.day(parse_time(times[gone.position]))
        yield gone.position, FOR_EVER, said.person, said.dataset, said.label, str(day)
    for one in request.publications.values():
        if one.recorded and one.unpassed and office.policy.event.publication_reviewers > 0:
            appeared = one.recorded
            yield appeared.position, "publication without review", None, None, None, str(appeared.event.on)


def _wrong_with(known: Known[CopyReported], request: RequestStanding) -> Iterator[tuple[str, str | None]]:
    copy = known.event
    held = {one.what for one in holdings(request, before=known.position) if one.is_open}
    if copy.person is None or not request.naming(copy.person, copy.since, copy.dataset):
        yield "copy to somebody unnamed", copy.person
    if copy.by is not None and (copy.by, copy.dataset, copy.label) not in held:
        yield "copy by a non-holder", copy.by
    if request.closed and request.closed.position < known.position:
        yield "copy under a closed request", copy.person
