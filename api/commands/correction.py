"""Commands about what was recorded, and is not so."""

from api.commands.command import Command, Drafting, Wish
from ledger.events import FactCorrected


class Correct(Command, frozen=True, kw_only=True):
    """What stands at a position is not so, and counts no longer; what is so instead is told by a command of its own."""

    position: int
    reason: str

    def draft(self, at: Drafting) -> Wish:
        """A report."""
        corrected = FactCorrected(corrected=self.position, about=tuple(sorted(at.fact(self.position).event.tags())))
        sealed = at.sealed(FactCorrected, corrected.subject(), {"reason": self.reason}) if corrected.about else {}
        return at.reports(FactCorrected(corrected=self.position, about=corrected.about, **sealed))
