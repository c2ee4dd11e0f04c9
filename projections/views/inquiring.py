"""What was asked from outside, and what was published: questions to the views."""

import sqlite3
from datetime import date, datetime
from typing import Any, Literal, NamedTuple

from ledger.chain.entry import parse_time
from ledger.events import QueryAnswered, QueryReceived, QueryWithdrawn
from projections.views.lists import as_json, texts

# A query stands as the last of its facts leaves it; what went to counsel still waits.
STATES = """
    counted AS (
        SELECT * FROM queries
        WHERE position NOT IN (SELECT position FROM undone)
    ),
    queries_now AS (
        SELECT
            r.*,
            COALESCE(l.what, 'open') AS state,
            COALESCE(l.position, r.position) AS since,
            COALESCE(l.at, r.at) AS since_at,
            l.request AS linked,
            l.agreement AS addendum,
            l.publication AS suffices
        FROM counted AS r
        LEFT JOIN counted AS l ON l.position = (
            SELECT MAX(o.position) FROM counted AS o
            WHERE o.query = r.query AND o.what <> 'open'
        )
        WHERE r.what = 'open'
    )
"""
# What is asked about under its DOI before it is known here is about the publication that appears under it later.
QUERIES = f"""
    WITH {STATES}
    SELECT
        q.query, q.kind, q.state, q.asker, q.asked, q.referred_by, q.datasets, q.request, q.publication, q.doi,
        q.position, q.at, q.since, q.since_at, q.linked, q.addendum, q.suffices
    FROM queries_now AS q
    WHERE (q.state IN ('open', 'with counsel') OR NOT :open)
        AND (
            :about IS NULL
            OR :about IN (q.query, q.request, q.publication, q.doi, q.linked)
            OR :about IN (SELECT value FROM json_each(q.datasets))
            OR EXISTS (
                SELECT 1 FROM publications AS p
                WHERE p.doi IS NOT NULL AND :about IN (p.doi, p.publication)
                    AND (p.publication = q.publication OR p.doi = q.doi)
            )
        )
    ORDER BY q.at, q.position
"""
PUBLICATIONS = """
    SELECT
        publication, request, kind, state, since, since_at, authors, reviewers, smallest_cell, passed, day, doi,
        unreviewed
    FROM publications
    WHERE (unreviewed OR NOT :unreviewed) AND (:request IS NULL OR request = :request)
    ORDER BY request, since, publication
"""

Row = tuple[Any, ...]


class Asked(NamedTuple):
    """A query: what was asked, by and of whom, about what; how it stands, since when, and what it is linked to.

    `state` is open, with counsel, withdrawn, or the outcome of the answer.
    """

    query: str
    kind: str
    state: str
    by: str | None
    asked: str | None
    referred_by: str | None
    datasets: tuple[str, ...]
    request: str | None
    publication: str | None
    doi: str | None
    position: int
    at: datetime
    since: int
    since_at: datetime
    linked: str | None
    agreement: str | None
    suffices: str | None

    @property
    def turn(self) -> Literal["office", "counsel"] | None:
        """Whom it waits for; None once it does for nobody."""
        return "office" if self.state == "open" else "counsel" if self.state == "with counsel" else None

    @property
    def is_open(self) -> bool:
        """Whether it waits for the office or for counsel."""
        return self.turn is not None


class Published(NamedTuple):
    """A publication: how far its review has come, what its reviewers found, when and as what it appeared."""

    publication: str
    request: str
    kind: str
    state: str
    since: int
    since_at: datetime
    authors: tuple[str, ...]
    reviewers: tuple[str, ...]
    smallest_cell: int | None
    passed: int | None
    appeared: date | None
    doi: str | None
    unreviewed: bool

    @property
    def turn(self) -> Literal["office", "researcher"] | None:
        """Whom it waits for; None once it does for nobody."""
        return "office" if self.state == "under review" else "researcher" if self.state == "sent back" else None


def queries(connection: sqlite3.Connection, about: str | None, *, open_only: bool) -> list[Asked]:
    """Queries about a DOI, a data set, a request or a publication, or all of them, in the order of their coming."""
    found = connection.execute(QUERIES, {"about": about, "open": open_only})
    return [_asked(*row) for row in found]


def publications(connection: sqlite3.Connection, request: str | None, *, unreviewed: bool) -> list[Published]:
    """Publications of a request, or of all; only those, if so asked, that appeared unpassed though policy had it so."""
    found = connection.execute(PUBLICATIONS, {"request": request, "unreviewed": unreviewed})
    return [_published(*row) for row in found]


def _asked(*row: Any) -> Asked:
    row_of = dict(zip(Asked._fields, row, strict=True))
    times = {name: parse_time(row_of[name]) for name in ("at", "since_at")}
    return Asked(**row_of | times | {"datasets": texts(row_of["datasets"])})


def _published(*row: Any) -> Published:
    row_of = dict(zip(Published._fields, row, strict=True))
    lists = {name: texts(row_of[name]) for name in ("authors", "reviewers")}
    day = row_of["appeared"] and date.fromisoformat(row_of["appeared"])
    return Published(
        **row_of
        | lists
        | {"since_at": parse_time(row_of["since_at"]), "appeared": day, "unreviewed": bool(row_of["unreviewed"])}
    )


def query_row(position: int, event: QueryReceived | QueryAnswered | QueryWithdrawn, at: str) -> Row:
    """What the table of queries has about a fact that stands at a position, and happened then."""
    nobody, nothing = (None, None, None, None), (None, None, None, None)
    match event:
        case QueryReceived() as said:
            people, about = (said.kind, said.by, said.asked, said.referred_by), (said.request, said.publication)
            return position, said.query, "open", at, *people, as_json(said.datasets), *about, said.doi, None
        case QueryAnswered() as told:
            linked = (told.request, told.publication, None, told.agreement)
            what = "with counsel" if told.outcome == "to counsel" else told.outcome
            return position, told.query, what, at, *nobody, "[]", *linked
        case QueryWithdrawn() as gone:
            return position, gone.query, "withdrawn", at, *nobody, "[]", *nothing
