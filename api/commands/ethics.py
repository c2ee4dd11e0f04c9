"""Commands about ethics boards: what they determined, and on whom the home board relies."""

from datetime import date
from typing import Literal

from api.commands.command import Command, Document, Drafting, Wish
from ledger.events import DeterminationEnded, EthicsDetermined, RelianceElected
from ledger.events.ethics import Outcome


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


class RecordReliance(Command, frozen=True, kw_only=True):
    """The home institution's board elected to rely on another board's determination."""

    request: str
    determination: str
    on: date
    letter: Document | None = None

    def draft(self, at: Drafting) -> Wish:
        """A report."""
        filed = at.filed(RelianceElected, f"request:{self.request}", self.letter) if self.letter else None
        elected = RelianceElected(request=self.request, determination=self.determination, on=self.on, document=filed)
        return at.reports(elected, documents=[filed] if filed else [])


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
