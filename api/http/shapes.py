"""What the API answers, as shapes: ids, dates, numbers and choices; names stand beside ids for who may see them.

Times are UTC and RFC 3339.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Literal

import msgspec

from api.http.problems import ObjectionTold
from ledger.events.catalogue import Form
from ledger.events.governance import Role, Scope
from ledger.events.ids import Channel, PersonId, PrincipalId, Size


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """Part of an answer."""


class Entry(Shape, frozen=True, kw_only=True):
    """An entry of the log: `leaf` commits to it and to all entries before it."""

    position: int
    recorded_at: datetime
    type: str
    tags: tuple[str, ...]
    leaf: str
    event: dict[str, Any]


class Recorded(Shape, frozen=True, kw_only=True):
    """What came of a command that was done. `receipt` is where its receipt is: asked for that, it is signed at last."""

    entries: tuple[Entry, ...]
    receipt: str
    signed: bool


class Tried(Shape, frozen=True, kw_only=True):
    """What would come of a command; nothing was recorded."""

    would_be: Literal["done", "refused"]
    objections: tuple[ObjectionTold, ...]


class ApiKeyMade(Recorded, frozen=True, kw_only=True):
    """A new key. `key` is what its holder shows: it stands here once, and is null when it was sent again."""

    apikey: str
    key: str | None


class ApiKeyListed(Shape, frozen=True, kw_only=True):
    """A key that is not revoked, and the last day of its use."""

    apikey: str
    principal: str
    role: Role
    scope: tuple[Scope, ...]
    expires: datetime
    last_used: date | None


class ApiKeys(Shape, frozen=True, kw_only=True):
    """The keys that are not revoked."""

    keys: tuple[ApiKeyListed, ...]


class Page(Shape, frozen=True, kw_only=True):
    """Entries in the order of the log; `next` is the position after which to go on, null at the end of the log."""

    rows: tuple[Entry, ...]
    next: int | None


class Explained(Shape, frozen=True, kw_only=True):
    """A judgement that was made again, from the log alone; `agrees` is null when it can't be made here."""

    agrees: bool | None
    then: tuple[ObjectionTold, ...] | None
    today: tuple[ObjectionTold, ...] | None
    why: str


class EntryShown(Shape, frozen=True, kw_only=True):
    """An entry whole: its payload, the hashes that it adds to the tree, what it tells, and how it was judged."""

    position: int
    prev: str
    recorded_at: datetime
    type: str
    tags: tuple[str, ...]
    leaf: str
    subtrees: tuple[str, ...]
    payload: dict[str, Any]
    says: str
    circumstances: str
    explanation: Explained | None


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


class Item(Shape, frozen=True, kw_only=True):
    """An item of the checklist, about a person or thing, and the entries that show how it stands."""

    rule: str
    source: str
    about: str | None
    about_name: str | None
    status: Literal["there", "pending", "missing", "waived"]
    wanting: str
    needed_for: Literal["approval", "release"]
    facts: tuple[int, ...]


class Somebody(Shape, frozen=True, kw_only=True):
    """A person, with the name for those who may see it."""

    person: str
    name: str | None


class Asked(Shape, frozen=True, kw_only=True):
    """A data set that a request is about, in a form if that is said."""

    dataset: str
    form: str | None


class RequestShown(Shape, frozen=True, kw_only=True):
    """How a request stands, since the entry at `since`."""

    request: str
    state: str
    since: int
    researcher: Somebody
    datasets: tuple[Asked, ...]
    study_group: tuple[Somebody, ...]
    contact: Somebody | None
    agreements: tuple[str, ...]
    releases: tuple[str, ...]
    checklist: tuple[Item, ...]


class PersonShown(Shape, frozen=True, kw_only=True):
    """A person, with the details that this caller may see; one that is not known or was erased is not there."""

    person: str
    details: dict[str, str]


class Holding(Shape, frozen=True, kw_only=True):
    """A version of a data set that somebody holds; `right` is whether an agreement gives one on the day asked about."""

    person: str
    person_name: str | None
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


class Imported(Shape, frozen=True, kw_only=True):
    """What a register of the past says that an organisation was given; nobody here knows whether it is held still."""

    organisation: str
    organisation_name: str | None
    person: str | None
    person_name: str | None
    dataset: str
    form: str
    agreement: str | None
    agreement_version: str | None
    since: date
    dated: str
    releases: int
    registers: tuple[str, ...]


class Holdings(Shape, frozen=True, kw_only=True):
    """Who holds what; what registers of the past say stands apart, and in JSON alone."""

    rows: tuple[Holding, ...]
    imported: tuple[Imported, ...] = ()


class Deadline(Shape, frozen=True, kw_only=True):
    """Something that ends of itself after a day."""

    day: date
    kind: str
    what: str
    request: str | None
    whom: tuple[str, ...]


class Deadlines(Shape, frozen=True, kw_only=True):
    """What ends, by day."""

    rows: tuple[Deadline, ...]


class Waiting(Shape, frozen=True, kw_only=True):
    """A request, or a query, that waits for somebody, since the entry at `since`, for so many working days."""

    who: str
    whom: tuple[str, ...]
    next: str
    since: int
    since_at: datetime
    request: str | None
    state: str
    researcher: str | None
    working_days: int


class Inbox(Shape, frozen=True, kw_only=True):
    """What waits for whom, oldest first."""

    rows: tuple[Waiting, ...]


class AccessListed(Shape, frozen=True, kw_only=True):
    """Somebody was let in, refused, or opened something; a finding when no agreement in force named them for it."""

    position: int
    how: str
    at: datetime
    person: str | None
    dataset: str | None
    label: str | None
    request: str | None
    agreement: str | None
    finding: bool


class Accesses(Shape, frozen=True, kw_only=True):
    """Accesses, in the order of the log."""

    rows: tuple[AccessListed, ...]


class Permission(Shape, frozen=True, kw_only=True):
    """Whether somebody may open a data set: under what and until when, or what is held against it."""

    person: str
    dataset: str
    permitted: bool
    objections: tuple[ObjectionTold, ...]
    request: str | None
    agreement: str | None
    until: date | None


class RequestListed(Shape, frozen=True, kw_only=True):
    """A request, in its state since the entry at `since`; `last` is the last entry about it."""

    request: str
    state: str
    since: int
    since_at: datetime
    researcher: str
    researcher_name: str | None
    last: int
    last_at: datetime


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
    signatures: int
    starts: date | None
    ends: date | None
    terminated: date | None
    in_force: bool


class Agreements(Shape, frozen=True, kw_only=True):
    """Agreements, in the order in which they were issued."""

    rows: tuple[AgreementListed, ...]


class Destroyed(Shape, frozen=True, kw_only=True):
    """How much was destroyed; `keys` counts people of whom nothing is left."""

    salts: int
    keys: int
    values: int
    documents: int


class Erased(Shape, frozen=True, kw_only=True):
    """The record that a person's details are erased, unless there was one already, and what was destroyed."""

    entries: tuple[Entry, ...]
    destroyed: Destroyed


class KeyTestMade(Shape, frozen=True, kw_only=True):
    """The small file that goes to the contact, an armored OpenPGP message that only their key opens."""

    entries: tuple[Entry, ...]
    message: str


class Health(Shape, frozen=True, kw_only=True):
    """That the service answers."""

    status: Literal["ok"]


class Ready(Shape, frozen=True, kw_only=True):
    """That something can be recorded; `warnings` say since when the log is not signed, or not witnessed by whom."""

    status: Literal["ok"]
    warnings: tuple[str, ...]


class KeyWanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """For whom a key is made, in which of their roles, until when and for what."""

    principal: PrincipalId
    role: Role
    expires: datetime
    scope: tuple[Scope, ...] = ("reading", "recording", "access", "governing")


class HandOverWanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who extracted the data that are handed over, and about how many learners they are."""

    extracted_by: PersonId
    learners: Size | None = None


class KeyTestWanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The channel by which the release will go, and the test goes."""

    channel: Channel


def rows_of(answer: Any) -> Sequence[msgspec.Struct] | None:
    """The rows of an answer that is a list, which can be had as NDJSON or CSV; None for any other."""
    return getattr(answer, "rows", None)
