"""The record of disclosures (34 CFR 99.32): who asked for data, was refused, and was given them, on which basis.

Another source is one more function in `SOURCES`: it gives all that may have happened between two days, and
`disclosures` does the rest.
"""

import sqlite3
from collections.abc import Callable, Iterator
from datetime import date
from typing import NamedTuple

import msgspec

from ledger.errors import Damaged
from ledger.events.past import Dated
from projections.views.answers import ACCESSES
from projections.views.disclosing import REQUESTED, Copy, Line, Said
from projections.views.lists import as_json, texts
from projections.views.past import NOT_UNDONE

# Acts by which data would have gone out.
REFUSED, LET_IN, NOT_LET_IN = "refused", "let in", "not let in"
OPENED = "opened by somebody unnamed"
DISCLOSING_ACTS = ("approve-request", "authorise-release", "hand-over-release")

OF_REQUESTS = "SELECT request, lines FROM disclosed WHERE first <= :last AND last >= :first"
OF_REFUSALS = """
    SELECT r.position, r.day, r.request, d.lines
    FROM refusals AS r
    JOIN disclosed AS d ON d.request = r.request
    WHERE r.day BETWEEN :first AND :last AND r.act IN (SELECT value FROM json_each(:acts))
"""
# What was not later than a day may have been in any period that began by then; a month ends with its last day.
OF_THE_PAST = f"""
    SELECT
        p.position, p.day, p.dated, p.provided, p.person, p.organisation, p.dataset, p.form, p.basis, p.agreement,
        p.agreement_version, p.register
    FROM past_releases AS p
    WHERE (p.dated = 'not-later-than' OR p.day <= :last) AND {NOT_UNDONE}
        AND CASE p.dated WHEN 'month' THEN date(p.day, 'start of month', '+1 month', '-1 day') ELSE p.day END >= :first
"""
# To disclose is to permit access, too (34 CFR 99.3): whom a data server lets in on a day is a line for each data set.
# In which form it is, and on which basis, says the agreement that was relied on.
OF_ACCESSES = """
    SELECT
        MIN(a.position), a.how, a.day, a.person,
        (SELECT p.organisation FROM recipients AS p WHERE p.request = a.request AND p.person = a.person LIMIT 1),
        a.dataset, r.form, r.bases, a.request, d.lines
    FROM accesses AS a
    LEFT JOIN rights AS r
        ON r.request = a.request AND r.agreement = a.agreement AND r.person = a.person AND r.dataset = a.dataset
    LEFT JOIN disclosed AS d ON d.request = a.request
    WHERE a.day BETWEEN :first AND :last AND a.how IN ('permitted', 'refused') AND a.dataset IS NOT NULL
        AND a.position NOT IN (SELECT position FROM undone)
    GROUP BY a.how, a.day, a.person, a.dataset, r.form, a.request, a.agreement
"""
# What a data server reports that somebody opened whom no agreement in force that day names went to them, too.
OF_OPENINGS = f"""
    SELECT
        a.position, o.day, a.person, o.account, a.dataset, a.request,
        (
            SELECT v.form FROM versions AS v
            WHERE v.dataset = a.dataset AND v.label = a.label AND v.position NOT IN (SELECT position FROM undone)
            ORDER BY v.position DESC
            LIMIT 1
        )
    FROM ({ACCESSES.replace("ORDER BY position", "")}) AS a
    JOIN accesses AS o ON o.position = a.position
    WHERE a.how = 'opened' AND o.day BETWEEN :first AND :last
"""
# A court or an agency is no party that the ledger knows: custody has who it was.
COMPELLED = """
    SELECT position, day, instrument, datasets, learners, recipient FROM compelled
    WHERE day BETWEEN :first AND :last AND position NOT IN (SELECT position FROM undone)
"""
COMPELLED_BY = "34 CFR 99.31(a)(9)"
_decode_lines = msgspec.json.Decoder(tuple[Line, ...]).decode
COURSE_RUNS = "SELECT dataset, course_run FROM catalogue WHERE course_run IS NOT NULL"


class Asked(NamedTuple):
    """Which disclosures are asked about: between two days, both included, and of these things, where they are named."""

    first: date
    last: date
    form: str | None = None
    person: str | None = None
    dataset: str | None = None
    course_run: str | None = None


class Disclosure(NamedTuple):
    """A request for data, a refusal, or a disclosure: to which party, of what, why, on which basis, to whom further.

    `party` is None where nobody knows it, or a register of the past names an organisation alone, and `dated` says how
    `day` is meant. Of what was compelled, or went to somebody unknown, `recipient` is the commitment to who got it.
    """

    position: int
    day: date
    dated: Dated
    what: str
    party: str | None
    organisation: str | None
    copies: tuple[Copy, ...]
    course_runs: tuple[str, ...]
    learners: int | None
    interest: tuple[str, ...]
    bases: tuple[str, ...]
    further: tuple[str, ...]
    request: str | None
    release: str | None
    source: str | None
    recipient: str | None = None


def disclosures(connection: sqlite3.Connection, asked: Asked) -> list[Disclosure]:
    """What is asked about, by day. Where no form is said, it may have been any."""
    runs = dict(connection.execute(COURSE_RUNS))
    found = [one._replace(course_runs=_runs(one, runs)) for source in SOURCES for one in source(connection, asked)]
    return sorted((one for one in found if _is_asked_about(one, asked)), key=lambda one: (one.day, one.position))


def _of_requests(connection: sqlite3.Connection, asked: Asked) -> Iterator[Disclosure]:
    days = _days(asked)
    for request, lines in connection.execute(OF_REQUESTS, days):
        for line in _lines(request, lines):
            if days["first"] <= line.day <= days["last"]:
                yield _of_request(request, line)


def _lines(request: str | None, kept: str) -> tuple[Line, ...]:
    """The lines that a request has in the record. Raises `Damaged`."""
    try:
        return _decode_lines(kept)
    except msgspec.DecodeError as error:
        raise Damaged("views", f"what {request} has in the record of disclosures cannot be read: {error}") from error


def _wishes(request: str | None, kept: str, before: int) -> list[Line]:
    """What it asked for before a position."""
    return [line for line in _lines(request, kept) if line.what == REQUESTED and line.position < before]


def _of_refusals(connection: sqlite3.Connection, asked: Asked) -> Iterator[Disclosure]:
    """What a refused act was about is what the request asked for by then."""
    acts = as_json(DISCLOSING_ACTS)
    for position, day, request, lines in connection.execute(OF_REFUSALS, _days(asked) | {"acts": acts}):
        wishes = _wishes(request, lines, position)
        if wishes:
            yield _of_request(request, Line(position, REFUSED, day, None, wishes[-1].said))


def _of_the_past(connection: sqlite3.Connection, asked: Asked) -> Iterator[Disclosure]:
    for position, day, dated, provided, person, organisation, dataset, form, basis, *source in connection.execute(
        OF_THE_PAST, _days(asked)
    ):
        yield Disclosure(
            position,
            date.fromisoformat(day),
            dated,
            f"past {provided}",
            person,
            organisation,
            (Copy(dataset, form),),
            (),
            None,
            (),
            (basis,) if basis else (),
            (),
            None,
            None,
            " ".join(filter(None, source)),
        )


def _compelled(connection: sqlite3.Connection, asked: Asked) -> Iterator[Disclosure]:
    for position, day, instrument, datasets, learners, to in connection.execute(COMPELLED, _days(asked)):
        yield Disclosure(
            position=position,
            day=date.fromisoformat(day),
            dated="day",
            what="compelled",
            party=None,
            organisation=None,
            copies=tuple(Copy(dataset, None) for dataset in texts(datasets)),
            course_runs=(),
            learners=learners,
            interest=(instrument,),
            bases=(COMPELLED_BY,),
            further=(),
            request=None,
            release=None,
            source=None,
            recipient=to,
        )


def _of_accesses(connection: sqlite3.Connection, asked: Asked) -> Iterator[Disclosure]:
    for position, how, day, person, organisation, dataset, form, bases, request, lines in connection.execute(
        OF_ACCESSES, _days(asked)
    ):
        wishes = _wishes(request, lines or "[]", position)
        said = Said(
            party=person,
            organisation=organisation,
            copies=(Copy(dataset, form),),
            interest=wishes[-1].said.interest if wishes else (),
            everybody=(),
            bases=texts(bases or "[]"),
        )
        yield _of_request(request, Line(position, LET_IN if how == "permitted" else NOT_LET_IN, day, None, said))


def _of_openings(connection: sqlite3.Connection, asked: Asked) -> Iterator[Disclosure]:
    for position, day, person, account, dataset, request, form in connection.execute(
        OF_OPENINGS, {**_days(asked), "findings": True}
    ):
        said = Said(person, None, (Copy(dataset, form),), (), (), recipient=account)
        yield _of_request(request, Line(position, OPENED, day, None, said))


Source = Callable[[sqlite3.Connection, Asked], Iterator[Disclosure]]
SOURCES: tuple[Source, ...] = (_of_requests, _of_refusals, _of_accesses, _of_openings, _of_the_past, _compelled)


def _days(asked: Asked) -> dict[str, str]:
    return {"first": str(asked.first), "last": str(asked.last)}


def _of_request(request: str | None, line: Line) -> Disclosure:
    said = line.said
    return Disclosure(
        line.position,
        date.fromisoformat(line.day),
        "day",
        line.what,
        said.party,
        said.organisation,
        said.copies,
        (),
        said.learners,
        said.interest,
        said.bases,
        said.further,
        request,
        line.release,
        None,
        said.recipient,
    )


def _runs(one: Disclosure, runs: dict[str, str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(runs[copy.dataset] for copy in one.copies if copy.dataset in runs))


def _is_asked_about(one: Disclosure, asked: Asked) -> bool:
    return (
        (asked.form is None or any(copy.form in (None, asked.form) for copy in one.copies))
        and (asked.person is None or asked.person in (one.party, *one.further))
        and (asked.dataset is None or any(copy.dataset == asked.dataset for copy in one.copies))
        and (asked.course_run is None or asked.course_run in one.course_runs)
    )
