"""Commands about what recipients publish: notified, reviewed, sent back, passed, recorded, withdrawn."""

from datetime import date

from api.commands.command import Acting, Command, Document, Drafting, Wish
from api.commands.tables import fewest_in
from api.ids import numbered
from ledger.errors import Malformed
from ledger.events import (
    ChangesAsked,
    PublicationNotified,
    PublicationPassed,
    PublicationRecorded,
    PublicationReviewed,
    PublicationWithdrawn,
)
from ledger.events.publication import Verdict, Work
from projections.acts import PassPublication
from projections.standing import PublicationStanding


class NotifyPublication(Command, frozen=True, kw_only=True):
    """The office was told what is to be published of a request; of one that was sent back, it was told anew."""

    request: str
    kind: Work
    title: str
    publication: str | None = None
    told_by: str | None = None
    authors: tuple[str, ...] = ()
    manuscript: Document | None = None
    tables: tuple[Document, ...] = ()

    def draft(self, at: Drafting) -> Wish:
        """A report."""
        known, subject = at.request(self.request).publications, f"request:{self.request}"
        if self.publication is not None:
            _check_state(self.publication, known.get(self.publication), ("sent back",))
        sealed = at.sealed(PublicationNotified, subject, {"title": self.title})
        manuscript = at.filed(PublicationNotified, subject, self.manuscript) if self.manuscript else None
        tables = tuple(at.filed(PublicationNotified, subject, table) for table in self.tables)
        notified = PublicationNotified(
            publication=self.publication or numbered("B", self.request, known),
            request=self.request,
            kind=self.kind,
            told_by=self.told_by,
            authors=tuple(dict.fromkeys(self.authors)),
            manuscript=manuscript,
            tables=tables,
            **sealed,
        )
        return at.reports(notified, documents=[*([manuscript] if manuscript else []), *tables])


class OfPublication(Command, frozen=True, kw_only=True):
    """Something about a publication of a request."""

    request: str
    publication: str

    def known(self, at: Drafting, *states: str) -> PublicationStanding:
        """What is known of it. Raises `Malformed` when that is nothing, or it is in another state than these."""
        return _check_state(self.publication, at.request(self.request).publications.get(self.publication), states)

    @property
    def subject(self) -> str:
        """Whom its texts belong to."""
        return f"request:{self.request}"


class Review(OfPublication, frozen=True, kw_only=True):
    """Somebody looked through it for what could identify a learner."""

    reviewer: str
    result: Verdict
    smallest_cell: int | None
    on: date | None = None
    note: str | None = None

    def draft(self, at: Drafting) -> Wish:
        """A report."""
        self._check_day(at)
        sealed = at.sealed(PublicationReviewed, self.subject, {"note": self.note})
        reviewed = PublicationReviewed(
            publication=self.publication,
            request=self.request,
            reviewer=self.reviewer,
            on=self.on or at.day,
            smallest_cell=self.smallest_cell,
            result=self.result,
            **sealed,
        )
        return at.reports(reviewed)

    def _check_day(self, at: Drafting) -> None:
        """Raise `Malformed` for a review of what is not under review, or was not told of yet."""
        notified = self.known(at, "under review").notified
        told = notified and at.office.day(at.fact(notified.position).occurred_at)
        if told and self.on and self.on < told:
            raise Malformed("date", str(self.on), f"is before publication {self.publication} was told of, on {told}")


class AskChanges(OfPublication, frozen=True, kw_only=True):
    """The office sends it back."""

    reason: str

    def draft(self, at: Drafting) -> Wish:
        """A report."""
        self.known(at, "under review", "passed")
        sealed = at.sealed(ChangesAsked, self.subject, {"reason": self.reason})
        return at.reports(ChangesAsked(publication=self.publication, request=self.request, **sealed))


class Pass(OfPublication, frozen=True, kw_only=True):
    """Have nothing against it that it appears."""

    def draft(self, at: Drafting) -> Wish:
        """An act. Raises `Malformed` for a table that nobody could look at."""
        act = PassPublication(
            principal=at.principal,
            request=self.request,
            publication=self.publication,
            smallest_cell=_smallest_cell(self.publication, self.known(at), at),
        )
        return Acting(act, PublicationPassed)


class RecordPublication(OfPublication, frozen=True, kw_only=True):
    """It appeared, whether it had been passed or not."""

    on: date
    doi: str | None = None

    def draft(self, at: Drafting) -> Wish:
        """A report."""
        known = self.known(at)
        if known.recorded is not None:
            raise Malformed("publication", self.publication, f"appeared, as entry {known.recorded.position} says")
        return at.reports(
            PublicationRecorded(publication=self.publication, request=self.request, on=self.on, doi=self.doi)
        )


class WithdrawPublication(OfPublication, frozen=True, kw_only=True):
    """It is not to appear any more, or was retracted."""

    on: date | None = None
    reason: str | None = None

    def draft(self, at: Drafting) -> Wish:
        """A report."""
        self.known(at, "under review", "sent back", "passed", "appeared")
        sealed = at.sealed(PublicationWithdrawn, self.subject, {"reason": self.reason})
        withdrawn = PublicationWithdrawn(
            publication=self.publication, request=self.request, on=self.on or at.day, **sealed
        )
        return at.reports(withdrawn)


def _smallest_cell(publication: str, known: PublicationStanding, at: Drafting) -> int | None:
    """The fewest learners whom its tables single out by policy; None where they single out nobody."""
    least, tables = at.office.policy.event.smallest_cell, known.notified.event.tables if known.notified else ()
    found = [
        fewest_in(f"{publication}, table {place}", at.kept(table).content, least)
        for place, table in enumerate(tables, 1)
    ]
    return min((one for one in found if one is not None), default=None)


def _check_state(publication: str, known: PublicationStanding | None, states: tuple[str, ...]) -> PublicationStanding:
    if known is None:
        raise Malformed("publication", publication, "is not one of this request in this ledger")
    if states and known.state not in states:
        raise Malformed("publication", publication, f"is {known.state}, not {' or '.join(states)}")
    return known
