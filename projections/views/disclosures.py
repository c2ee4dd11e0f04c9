"""The record of disclosures (34 CFR 99.32): who asked for data, was refused, and was given them, on which basis.

Another source is one more function in `SOURCES`: it gives all that may have happened between two days, and
`disclosures` does the rest.
"""

import sqlite3
from collections.abc import Callable, Iterator
from datetime import date
from typing import NamedTuple

import msgspec

from ledger.events.past import Dated
from projections.views.disclosing import REQUESTED
from projections.views.past import NOT_UNDONE

# Acts by which data would have gone out; to let somebody in to what they have is an access.
REFUSED = "refused"
DISCLOSING_ACTS = ("approve-request", "authorise-release", "hand-over-release")

OF_REQUESTS = """
    SELECT position, day, what, person, organisation, datasets, learners, interest, bases, further, request, release
    FROM disclosed
    WHERE day BETWEEN :first AND :last
"""
# What a refused act was about is what the request asked for by then.
OF_REFUSALS = """
    SELECT
        r.position, r.day, :what, d.person, d.organisation, d.datasets, NULL, d.interest, d.bases, d.further, r.request,
        NULL
    FROM refusals AS r
    JOIN disclosed AS d ON d.request = r.request AND d.position = (
        SELECT MAX(e.position) FROM disclosed AS e
        WHERE e.request = r.request AND e.what = :requested AND e.position < r.position
    )
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
# A court or an agency is no party that the ledger knows: custody has who it was.
COMPELLED = """
    SELECT position, day, instrument, datasets, learners, recipient FROM compelled
    WHERE day BETWEEN :first AND :last AND position NOT IN (SELECT position FROM undone)
"""
COMPELLED_BY = "34 CFR 99.31(a)(9)"
COURSE_RUNS = "SELECT dataset, course_run FROM catalogue WHERE course_run IS NOT NULL"


class Asked(NamedTuple):
    """Which disclosures are asked about: between two days, both included, and of these things, where they are named."""

    first: date
    last: date
    form: str | None = None
    person: str | None = None
    dataset: str | None = None
    course_run: str | None = None


class Copy(NamedTuple):
    """A data set in the form that was asked for or given; None where that isn't said."""

    dataset: str
    form: str | None


class Disclosure(NamedTuple):
    """A request for data, a refusal, or a disclosure: to which party, of what, why, on which basis, to whom further.

    `party` is None where a register of the past names an organisation alone, and `dated` says how `day` is meant. Of
    what was compelled `recipient` is the commitment to who got it.
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
    return (_of_request(*row) for row in connection.execute(OF_REQUESTS, _days(asked)))


def _of_refusals(connection: sqlite3.Connection, asked: Asked) -> Iterator[Disclosure]:
    acts = msgspec.json.encode(DISCLOSING_ACTS).decode()
    told = {"what": REFUSED, "requested": REQUESTED, "acts": acts}
    return (_of_request(*row) for row in connection.execute(OF_REFUSALS, _days(asked) | told))


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
            copies=tuple(Copy(dataset, None) for dataset in _texts(datasets)),
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


Source = Callable[[sqlite3.Connection, Asked], Iterator[Disclosure]]
SOURCES: tuple[Source, ...] = (_of_requests, _of_refusals, _of_the_past, _compelled)


def _days(asked: Asked) -> dict[str, str]:
    return {"first": str(asked.first), "last": str(asked.last)}


def _of_request(
    position: int,
    day: str,
    what: str,
    person: str,
    organisation: str | None,
    datasets: str,
    learners: int | None,
    interest: str,
    bases: str,
    further: str,
    request: str,
    release: str | None,
) -> Disclosure:
    return Disclosure(
        position,
        date.fromisoformat(day),
        "day",
        what,
        person,
        organisation,
        msgspec.json.decode(datasets, type=tuple[Copy, ...]),
        (),
        learners,
        _texts(interest),
        _texts(bases),
        _texts(further),
        request,
        release,
        None,
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


def _texts(text: str) -> tuple[str, ...]:
    return msgspec.json.decode(text, type=tuple[str, ...])
