"""Commands about ethics boards: what they determined, and on whom the home board relies."""

from datetime import date
from typing import Literal

from api.commands.command import Command, Document, Drafting, Wish
from ledger.errors import Malformed
from ledger.events import DeterminationEnded, EthicsDetermined, RelianceElected, RelianceRequested
from ledger.events.ethics import Outcome
from projections.standing import Determination


class RecordDetermination(Command, frozen=True, kw_only=True):
    """A board determined on a protocol; `organisation` None is the home institution's own board.

    An empty `covers` means all personnel, `expires` None that the board set no end.
    """

    determination: str
    request: str
    protocol: str
    outcome: Outcome
    organisation: str | None = None
    on: date | None = None
    expires: date | None = None
    covers: tuple[str, ...] = ()
    letter: Document | None = None

    def draft(self, at: Drafting) -> Wish:
        """A report."""
        filed = at.filed(EthicsDetermined, f"request:{self.request}", self.letter) if self.letter else None
        determined = EthicsDetermined(
            determination=self.determination,
            request=self.request,
            organisation=self.organisation,
            protocol=self.protocol,
            outcome=self.outcome,
            on=self.on,
            expires=self.expires,
            covers=self.covers,
            document=filed,
        )
        return at.reports(determined, documents=[filed] if filed else [])


class RequestReliance(Command, frozen=True, kw_only=True):
    """The home institution's board was asked to rely on another board's determination, and has not answered yet."""

    request: str
    determination: str
    on: date | None = None

    def draft(self, at: Drafting) -> Wish:
        """A report."""
        known = at.request(self.request).determinations.get(self.determination)
        if known is not None:
            self._check(known)
        return at.reports(RelianceRequested(request=self.request, determination=self.determination, on=self.on))

    def _check(self, known: Determination) -> None:
        _check_outside(known.known.event)
        if known.ended is not None:
            raise Malformed("determination", self.determination, f"has ended, on {known.ended.event.on}")
        if known.reliance is not None:
            raise Malformed("determination", self.determination, f"is relied on, from {known.reliance.event.on}")


class RecordReliance(Command, frozen=True, kw_only=True):
    """The home institution's board elected to rely on another board's determination."""

    request: str
    determination: str
    on: date
    letter: Document | None = None

    def draft(self, at: Drafting) -> Wish:
        """A report."""
        known = at.request(self.request).determinations.get(self.determination)
        if known is not None:
            self._check(known.known.event)
        filed = at.filed(RelianceElected, f"request:{self.request}", self.letter) if self.letter else None
        elected = RelianceElected(request=self.request, determination=self.determination, on=self.on, document=filed)
        return at.reports(elected, documents=[filed] if filed else [])

    def _check(self, relied_on: EthicsDetermined) -> None:
        _check_outside(relied_on)
        if relied_on.on is not None and self.on < relied_on.on:
            raise Malformed("date", str(self.on), f"is before what is relied on was determined, on {relied_on.on}")


def _check_outside(relied_on: EthicsDetermined) -> None:
    if relied_on.organisation is None:
        raise Malformed("determination", relied_on.determination, "is the home board's own, and relies on nobody's")


class EndDetermination(Command, frozen=True, kw_only=True):
    """A board suspended a determination, or it lapsed."""

    request: str
    determination: str
    how: Literal["suspended", "lapsed"]
    on: date

    def draft(self, at: Drafting) -> Wish:
        """A report."""
        return at.reports(
            DeterminationEnded(determination=self.determination, request=self.request, how=self.how, on=self.on)
        )
