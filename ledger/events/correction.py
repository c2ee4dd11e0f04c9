"""Corrections: what was recorded, and is not so."""

from ledger.events.event import Event
from ledger.events.ids import Name, Position, Sealed


class FactCorrected(Event, name="fact.corrected", version=1, sealed_for="about"):
    """What stands at a position is not so, and counts no longer; what is so instead is recorded beside this.

    `about` are the tags of what is corrected, so that whoever looks at that finds this, too.
    """

    corrected: Position
    about: tuple[Name, ...]
    reason: Sealed | None = None

    def tags(self) -> set[str]:
        """The tags of what is corrected."""
        return set(self.about)

    def subject(self) -> str:
        """The request of what is corrected, or else whatever it is about first."""
        return next((tag for tag in self.about if tag.startswith("request:")), self.about[0])
