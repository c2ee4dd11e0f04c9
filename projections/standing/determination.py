"""A determination of an ethics board, with the reliance on it."""

from datetime import date

from ledger.events import DeterminationEnded, EthicsDetermined, RelianceElected
from projections.standing.known import Known


class Determination:
    """What a board determined, since when another board relies on it, and when it ended.

    Of several reliances one with the board's letter counts before any without, and then the earliest. Of several ends
    the earliest counts: what is over does not begin again because it is told twice.
    """

    def __init__(self, known: Known[EthicsDetermined]) -> None:
        self.known = known
        self.reliance: Known[RelianceElected] | None = None
        self.ended: Known[DeterminationEnded] | None = None

    def relied_on(self, elected: Known[RelianceElected]) -> None:
        """Another board elected to rely on it."""
        if self.reliance is None or _rank(elected.event) < _rank(self.reliance.event):
            self.reliance = elected

    def end(self, ended: Known[DeterminationEnded]) -> None:
        """It was suspended, or lapsed."""
        if self.ended is None or ended.event.on < self.ended.event.on:
            self.ended = ended

    @property
    def facts(self) -> tuple[int, ...]:
        """The positions of all that is known of it."""
        return tuple(one.position for one in (self.known, self.reliance, self.ended) if one is not None)

    def is_about(self, person: str) -> bool:
        """Whether it names this person, or is about all personnel."""
        return not self.known.event.covers or person in self.known.event.covers

    def in_force(self, day: date, *, not_human_subjects: bool) -> bool:
        """Whether it lets whom it is about work with human subjects' data on this day, letter or not."""
        said = self.known.event
        good = said.outcome in ("approved", "exempt") or (not_human_subjects and said.outcome == "not human subjects")
        in_time = said.on is not None and said.on <= day and (said.expires is None or day <= said.expires)
        return good and in_time and (self.ended is None or day < self.ended.event.on)


def _rank(elected: RelianceElected) -> tuple[bool, date]:
    return elected.document is None, elected.on
