"""What the API answers as lists about the office itself: keys, roles, looks, waivers, erasures, notices."""

from datetime import date, datetime
from typing import Literal

from api import governing
from api.http.shapes import Shape, as_in
from api.notices import outbox
from ledger.events.governance import Role, Scope
from ledger.events.reminding import Way


class ApiKeyListed(Shape, frozen=True, kw_only=True):
    """A key that is not revoked, and the last day of its use."""

    apikey: str
    principal: str
    role: Role
    scope: tuple[Scope, ...]
    expires: datetime
    last_used: date | None


class ApiKeys(Shape, frozen=True, kw_only=True):
    """The keys that are not revoked, in the order in which they were issued."""

    rows: tuple[ApiKeyListed, ...]


@as_in(governing.Granted)
class Granted(Shape, frozen=True, kw_only=True):
    """A role that a principal holds, who is this person, and the entry that gave it."""

    person_name: str | None


class Roles(Shape, frozen=True, kw_only=True):
    """Who holds which role."""

    rows: tuple[Granted, ...]


@as_in(governing.Look)
class Look(Shape, frozen=True, kw_only=True):
    """Somebody read a history, took it along (exported), or opened a document of the entry at `document_of`."""

    person_name: str | None


class Looks(Shape, frozen=True, kw_only=True):
    """Who looked, in the order of the log."""

    rows: tuple[Look, ...]


@as_in(governing.Waived)
class Waiver(Shape, frozen=True, kw_only=True):
    """A waiver: of which rule, for which request, by whom, until when, and the entries that were recorded under it."""


class Waivers(Shape, frozen=True, kw_only=True):
    """Every waiver, in the order in which they were granted."""

    rows: tuple[Waiver, ...]


@as_in(governing.Erasure)
class Erasure(Shape, frozen=True, kw_only=True):
    """A person who was erased, or of whom these details were; all of them, where none is named."""


class Erasures(Shape, frozen=True, kw_only=True):
    """Erasures, in the order of the log."""

    rows: tuple[Erasure, ...]


@as_in(outbox.Notice, "message", "recorded_at")
class Notice(Shape, frozen=True, kw_only=True):
    """A notice that waits to be sent: what the entry at `position` calls for, and why it could not be sent yet."""

    recipient_name: str | None


class Notices(Shape, frozen=True, kw_only=True):
    """The notices that wait; none are ever sent from where nothing says by which server."""

    sent_from_here: bool
    rows: tuple[Notice, ...]


class NoticeTold(Shape, frozen=True, kw_only=True):
    """A notice of what the entry at `of_entry` calls for, which was sent, or refused for good.

    `person` is null where it went to the office or a program; `again` is the entry by which a refused one waits again.
    """

    position: int
    recorded_at: datetime
    what: Literal["sent", "refused"]
    of_entry: int
    kind: str
    way: Way
    person: str | None
    person_name: str | None
    request: str | None
    message: str
    again: int | None


class NoticesTold(Shape, frozen=True, kw_only=True):
    """Notices that were sent or refused for good, in the order of the log."""

    rows: tuple[NoticeTold, ...]
