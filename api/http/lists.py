"""What the API answers as lists: a row is as the question that it comes of has it, with names beside ids.

All of it can be had as JSON, NDJSON or CSV.
"""

from datetime import date, datetime
from typing import Literal

from api.covering import Cover
from api.http.shapes import Entry, Shape, Somebody, as_in
from api.sampling import Lot
from ledger.events.catalogue import Form
from projections.views import answers, disclosures, figures, findings, inquiring, listing, past


class Page(Shape, frozen=True, kw_only=True):
    """Entries in the order of the log; `next` is the position after which to go on, null at the end of the log."""

    rows: tuple[Entry, ...]
    next: int | None


class Event(Shape, frozen=True, kw_only=True):
    """An event of a history: in words, with its circumstances, and the state of the request after it."""

    position: int
    recorded_at: datetime
    type: str
    says: str
    circumstances: str
    state: str


class History(Shape, frozen=True, kw_only=True):
    """The history of a request, in the order of the log."""

    request: str
    rows: tuple[Event, ...]


@as_in(answers.Holding)
class Holding(Shape, frozen=True, kw_only=True):
    """A version of a data set that somebody holds; `right` is whether an agreement gives one on the day asked about."""

    person_name: str | None


@as_in(past.PastHolding)
class Imported(Shape, frozen=True, kw_only=True):
    """What a register of the past says that an organisation was given; nobody here knows whether it is held still.

    `right` is false where the register names no agreement, and null, as nobody knows, where it names one.
    """

    right: bool | None
    organisation_name: str | None
    person_name: str | None


class Holdings(Shape, frozen=True, kw_only=True):
    """Who holds what; what registers of the past say stands apart, and in JSON alone.

    `right_not_known` is of how many more imported ones nobody knows it, if only those without a right were asked for.
    """

    rows: tuple[Holding, ...]
    imported: tuple[Imported, ...] = ()
    right_not_known: int | None = None


@as_in(answers.Deadline)
class Deadline(Shape, frozen=True, kw_only=True):
    """Something that ends of itself after a day, in so many days."""

    days: int
    whom_name: tuple[str, ...] | None


class Deadlines(Shape, frozen=True, kw_only=True):
    """What ends, by day."""

    rows: tuple[Deadline, ...]


@as_in(answers.Waiting)
class Waiting(Shape, frozen=True, kw_only=True):
    """A request, or a query, that waits for somebody, since the entry at `since`, for so many working days.

    `lacks` is what is `missing` of a request before its approval or release, each with from whom it is to come.
    """

    whom_name: tuple[str, ...] | None
    researcher_name: str | None
    working_days: int
    missing: int | None
    missing_for: Literal["approval", "release"] | None
    lacks: tuple[str, ...]


class Inbox(Shape, frozen=True, kw_only=True):
    """What waits for whom, oldest first."""

    rows: tuple[Waiting, ...]


@as_in(answers.Access)
class AccessListed(Shape, frozen=True, kw_only=True):
    """Somebody was let in, refused, or opened something; a finding when no agreement in force named them for it."""

    person_name: str | None


class Accesses(Shape, frozen=True, kw_only=True):
    """Accesses, in the order of the log."""

    rows: tuple[AccessListed, ...]


@as_in(listing.Listed)
class RequestListed(Shape, frozen=True, kw_only=True):
    """A request, in its state since the entry at `since`; that it has ended is a matter of the day, and of no entry.

    `last` is the last entry about it, but for those that say who was let in or opened something.
    """

    researcher_name: str | None


class Requests(Shape, frozen=True, kw_only=True):
    """Requests, in the order in which each came into its state."""

    rows: tuple[RequestListed, ...]


class PersonListed(Shape, frozen=True, kw_only=True):
    """Somebody whom the office has known since the entry at `position`."""

    person: str
    name: str | None
    position: int
    recorded_at: datetime


class People(Shape, frozen=True, kw_only=True):
    """People, in the order in which they became known."""

    rows: tuple[PersonListed, ...]


class VersionShown(Shape, frozen=True, kw_only=True):
    """A version of a data set, in the form in which it was found last."""

    label: str
    form: Form | None
    digest: str
    position: int


class DataSetShown(Shape, frozen=True, kw_only=True):
    """A data set of the catalogue, which is released no more when it is retired."""

    dataset: str
    course_run: str
    kind: str
    position: int
    retired: bool
    versions: tuple[VersionShown, ...]


class DataSets(Shape, frozen=True, kw_only=True):
    """Data sets, in the order in which they were registered."""

    rows: tuple[DataSetShown, ...]


class AgreementListed(Shape, frozen=True, kw_only=True):
    """An agreement: whom it names, from when to when it was executed, and whether it binds on the day asked about."""

    agreement: str
    request: str
    kind: str
    position: int
    recipients: tuple[str, ...]
    recipients_name: tuple[str, ...] | None
    signatures: int
    starts: date | None
    ends: date | None
    terminated: date | None
    in_force: bool


class Agreements(Shape, frozen=True, kw_only=True):
    """Agreements, in the order in which they were issued."""

    rows: tuple[AgreementListed, ...]


class Party(Shape, frozen=True, kw_only=True):
    """A person or an organisation, with the name for those who may see it."""

    id: str
    name: str | None


@as_in(Cover)
class Covering(Shape, frozen=True, kw_only=True):
    """An agreement, whom it binds, and which data it covers; of an imported one nobody knows if it is in force."""

    parties: tuple[Party, ...]


class Coverage(Shape, frozen=True, kw_only=True):
    """Agreements, imported ones last; `without_agreement` past releases were under none that is named."""

    without_agreement: int
    rows: tuple[Covering, ...]


@as_in(inquiring.Asked)
class Query(Shape, frozen=True, kw_only=True):
    """What somebody asked, of whom and about what; how it stands, since the entry at `since`, and what it led to.

    `asker` is who asks in words, where the office does not know them; `turn` is whom it waits for.
    """

    asker: str | None
    by_name: str | None
    asked_name: str | None
    referred_by_name: str | None
    open: bool
    turn: Literal["office", "counsel"] | None
    working_days: int | None


class Queries(Shape, frozen=True, kw_only=True):
    """Queries, in the order in which they came."""

    rows: tuple[Query, ...]


@as_in(inquiring.Published)
class Publication(Shape, frozen=True, kw_only=True):
    """A publication: how far its review has come, when it appeared; `unreviewed` if policy wanted it passed first.

    `turn` is whom it waits for, since the entry at `since`.
    """

    authors_name: tuple[str, ...] | None
    reviewers_name: tuple[str, ...] | None
    turn: Literal["office", "researcher"] | None


class Publications(Shape, frozen=True, kw_only=True):
    """Publications, request by request."""

    rows: tuple[Publication, ...]


@as_in(findings.Finding)
class Finding(Shape, frozen=True, kw_only=True):
    """Something recorded that should not be so: the entry that shows it, since which day, and whose it is."""

    person_name: str | None
    working_days: int


class Findings(Shape, frozen=True, kw_only=True):
    """Findings, oldest first."""

    rows: tuple[Finding, ...]


class Copied(Shape, frozen=True, kw_only=True):
    """A data set in a form; null where that is not said."""

    dataset: str
    form: str | None


@as_in(disclosures.Disclosure)
class Disclosure(Shape, frozen=True, kw_only=True):
    """A request for data, a refusal or a disclosure (34 CFR 99.32); `dated` says how `day` is meant."""

    party_name: str | None
    organisation_name: str | None
    copies: tuple[Copied, ...]
    further: tuple[Somebody, ...]


class Disclosures(Shape, frozen=True, kw_only=True):
    """The record of disclosures, by day."""

    rows: tuple[Disclosure, ...]


@as_in(figures.Figures)
class Figures(Shape, frozen=True, kw_only=True):
    """Of requests for data of a form and a kind: how many came in, and in how many working days they were decided."""


class Stats(Shape, frozen=True, kw_only=True):
    """The figures of a year; `refusals` is how often rules refused an act in it."""

    year: int
    refusals: int
    rows: tuple[Figures, ...]


@as_in(Lot)
class Drawn(Shape, frozen=True, kw_only=True):
    """A release that was drawn by lot, and where its evidence is, as an audit bundle."""

    party_name: str | None
    evidence: str


class Sample(Shape, frozen=True, kw_only=True):
    """Releases drawn by lot: the same ones for the same seed, as long as the log has no others."""

    seed: str
    rows: tuple[Drawn, ...]
