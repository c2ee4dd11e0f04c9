"""What the API answers about one thing, and what it reads: ids, dates, numbers, choices, names for who may see them.

Times are UTC and RFC 3339.
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any, Literal, Self, TypeVar, cast, get_type_hints

import msgspec

from api.awaiting import Due
from api.http.naming import Who
from api.http.problems import ObjectionTold
from ledger.events.governance import Role, Scope
from ledger.events.ids import Channel, PrincipalId, Size, Time


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """Part of an answer."""

    @classmethod
    def of(cls, row: Any, **further: Any) -> Self:
        """The shape that has the members of this row, and these."""
        return cls(*row, **further)


S = TypeVar("S", bound=Shape)


def as_in(row: Any, *left_out: str) -> Callable[[type[S]], type[S]]:
    """A shape with the members of a row, but for those that are left out, and then its own.

    What both have is as the shape has it.
    """

    def made(shape: type[S]) -> type[S]:
        own = get_type_hints(shape, include_extras=True)
        members = {name: hint for name, hint in get_type_hints(row).items() if name not in left_out}
        described = {"__doc__": shape.__doc__, "__module__": shape.__module__}
        fields = list((members | own).items())
        return cast(
            "type[S]", msgspec.defstruct(shape.__name__, fields, bases=(Shape,), frozen=True, namespace=described)
        )

    return made


class Entry(Shape, frozen=True, kw_only=True):
    """An entry of the log: `leaf` commits to it and to all entries before it."""

    position: int
    recorded_at: datetime
    type: str
    tags: tuple[str, ...]
    leaf: str
    event: dict[str, Any]


class Recorded(Shape, frozen=True, kw_only=True):
    """What came of a command that was done. `receipt` is where its receipt is: asked for that, it is signed at last.

    `warnings` say what should be seen to, though it was done, such as that nobody knows who somebody is.
    """

    entries: tuple[Entry, ...]
    receipt: str
    signed: bool
    warnings: tuple[str, ...] = ()


class Tried(Shape, frozen=True, kw_only=True):
    """What would come of a command; nothing was recorded."""

    would_be: Literal["done", "refused"]
    objections: tuple[ObjectionTold, ...]


class ApiKeyMade(Recorded, frozen=True, kw_only=True):
    """A new key. `key` is what its holder shows: it stands here once, and is null when it was sent again."""

    apikey: str
    key: str | None


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


@as_in(Due)
class Turn(Shape, frozen=True, kw_only=True):
    """Whose turn it is, to do what, since the entry at `since`, for so many working days."""

    whom_name: tuple[str, ...] | None
    working_days: int


class RequestShown(Shape, frozen=True, kw_only=True):
    """How a request stands, since the entry at `since`; that it has ended is a matter of the day, and of no entry."""

    request: str
    state: str
    since: int
    researcher: Somebody
    datasets: tuple[Asked, ...]
    study_group: tuple[Somebody, ...]
    contact: Somebody | None
    turns: tuple[Turn, ...]
    agreements: tuple[str, ...]
    releases: tuple[str, ...]
    checklist: tuple[Item, ...]


class PersonShown(Shape, frozen=True, kw_only=True):
    """A person, with the details that this caller may see; one that is not known or was erased is not there."""

    person: str
    details: dict[str, str]


class Permission(Shape, frozen=True, kw_only=True):
    """Whether somebody may open a data set: under what and until when, or what is held against it."""

    person: str
    dataset: str
    permitted: bool
    objections: tuple[ObjectionTold, ...]
    request: str | None
    agreement: str | None
    until: date | None


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
    """That questions are answered, and wishes recorded too unless `records` is false, as where the log is a standby's.

    While `waits` is true, a standby that has to have what is recorded is away: wishes wait for it. `warnings` say since
    when the log is not signed, or not witnessed by whom.
    """

    status: Literal["ok"]
    records: bool
    waits: bool
    warnings: tuple[str, ...]


class WhatEnds(Shape, frozen=True, kw_only=True):
    """What would end, and have to be destroyed, if somebody left these requests on a day, in words."""

    person: str
    on: date
    requests: tuple[str, ...]
    ends: tuple[str, ...]


class KeyWanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """For whom a key is made, in which of their roles, until when and for what."""

    principal: PrincipalId
    role: Role
    expires: Time
    scope: tuple[Scope, ...] = ("reading", "recording", "access", "governing")


class HandOverWanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who extracted the data that are handed over, and about how many learners they are."""

    extracted_by: Who
    learners: Size | None = None


class KeyTestWanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The channel by which the release will go, and the test goes."""

    channel: Channel


def rows_of(answer: Any) -> Sequence[msgspec.Struct] | None:
    """The rows of an answer that is a list, which can be had as NDJSON or CSV; None for any other."""
    return getattr(answer, "rows", None)
