"""What the API answers about what comes after a release: queries, publications, findings, disclosures, figures."""

from datetime import date, datetime

from api.http.shapes import Shape, Somebody
from ledger.events.finding import FindingKind
from ledger.events.governance import Role
from ledger.events.ids import Size


class Query(Shape, frozen=True, kw_only=True):
    """What somebody asked, of whom and about what; how it stands, since the entry at `since`, and what it led to."""

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
    open: bool
    working_days: int | None


class Queries(Shape, frozen=True, kw_only=True):
    """Queries, in the order in which they came."""

    rows: tuple[Query, ...]


class Publication(Shape, frozen=True, kw_only=True):
    """A publication: how far its review has come, when it appeared; `unreviewed` if policy wanted it passed first."""

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


class Publications(Shape, frozen=True, kw_only=True):
    """Publications, request by request."""

    rows: tuple[Publication, ...]


class Finding(Shape, frozen=True, kw_only=True):
    """Something recorded that should not be so: the entry that shows it, since which day, and whose it is."""

    position: int
    kind: FindingKind
    request: str | None
    person: str | None
    person_name: str | None
    dataset: str | None
    label: str | None
    since: date
    owner: str
    closed: int | None
    working_days: int


class Findings(Shape, frozen=True, kw_only=True):
    """Findings, oldest first."""

    rows: tuple[Finding, ...]


class Copied(Shape, frozen=True, kw_only=True):
    """A data set in a form; null where that is not said."""

    dataset: str
    form: str | None


class Disclosure(Shape, frozen=True, kw_only=True):
    """A request for data, a refusal or a disclosure (34 CFR 99.32); `dated` says how `day` is meant."""

    position: int
    day: date
    dated: str
    what: str
    party: str | None
    party_name: str | None
    organisation: str | None
    organisation_name: str | None
    copies: tuple[Copied, ...]
    course_runs: tuple[str, ...]
    learners: int | None
    interest: tuple[str, ...]
    bases: tuple[str, ...]
    further: tuple[Somebody, ...]
    request: str | None
    release: str | None
    source: str | None
    recipient: str | None


class Disclosures(Shape, frozen=True, kw_only=True):
    """The record of disclosures, by day."""

    rows: tuple[Disclosure, ...]


class Figures(Shape, frozen=True, kw_only=True):
    """Of requests for data of a form and a kind: how many came in, and in how many working days they were decided."""

    form: str
    kind: str
    requests: int
    approved: int
    declined: int
    withdrawn: int
    waiting: int
    median_days: float | None
    worst_days: int | None


class Stats(Shape, frozen=True, kw_only=True):
    """The figures of a year; `refusals` is how often rules refused an act in it."""

    year: int
    refusals: int
    rows: tuple[Figures, ...]


class Granted(Shape, frozen=True, kw_only=True):
    """A role that a principal holds, and the entry that gave it."""

    principal: str
    person: str | None
    role: Role
    starts: date
    ends: date | None
    position: int


class Roles(Shape, frozen=True, kw_only=True):
    """Who holds which role."""

    rows: tuple[Granted, ...]


class Look(Shape, frozen=True, kw_only=True):
    """Somebody read a history, took it along (exported), or opened a document of the entry at `document_of`."""

    position: int
    at: datetime
    principal: str
    person: str | None
    how: str
    document_of: int | None


class Looks(Shape, frozen=True, kw_only=True):
    """Who looked, in the order of the log."""

    rows: tuple[Look, ...]


class Waiver(Shape, frozen=True, kw_only=True):
    """A waiver: of which rule, for which request, by whom, until when, and the entries that were recorded under it."""

    waiver: str
    request: str
    rule: str
    granted_by: str
    granted: date
    expires: date
    in_force: bool
    used: tuple[int, ...]
    position: int


class Waivers(Shape, frozen=True, kw_only=True):
    """Every waiver, in the order in which they were granted."""

    rows: tuple[Waiver, ...]


class Notice(Shape, frozen=True, kw_only=True):
    """A notice that waits to be sent: what the entry at `position` calls for, and why it could not be sent yet."""

    position: int
    way: str
    recipient: str
    kind: str
    request: str | None
    attempts: int
    next_at: datetime | None
    problem: str


class Notices(Shape, frozen=True, kw_only=True):
    """The notices that wait."""

    rows: tuple[Notice, ...]


class WhatEnds(Shape, frozen=True, kw_only=True):
    """What would end, and have to be destroyed, if somebody left these requests on a day, in words."""

    person: str
    on: date
    requests: tuple[str, ...]
    ends: tuple[str, ...]


class Suspect(Shape, frozen=True, kw_only=True):
    """A place in a table that singles people out: its row (the header is row 1), its column, how many, and why."""

    kind: str
    row: int
    column: str
    where: dict[str, str]
    people: int
    why: str


class Grouped(Shape, frozen=True, kw_only=True):
    """How many share their values with how few; `k` is the size of the smallest group."""

    k: int
    groups: int
    small: int
    single: int


class Checked(Shape, frozen=True, kw_only=True):
    """What was found in a table; `findings` has the first of the `found`."""

    smallest: int
    table_rows: int
    by: tuple[str, ...]
    counts: tuple[str, ...]
    cells: int
    groups: Grouped | None
    others: tuple[str, ...]
    compared: tuple[str, ...]
    incomparable: tuple[str, ...]
    found: int
    findings: tuple[Suspect, ...]


class CheckWanted(Shape, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a table is looked at: its categories, its counts, by what people could be recognised, what it is next to."""

    by: tuple[str, ...] = ()
    count: str | None = None
    quasi: tuple[str, ...] = ()
    smallest: Size | None = None
    against: str | None = None
