"""A determination of an ethics board, with the reliance on it."""

from collections.abc import Iterator, Sequence
from datetime import date

from ledger.events import DeterminationEnded, EthicsDetermined, RelianceElected, RelianceRequested
from projections.standing.known import Known


class Determination:
    """What a board determined, since when another board relies on it, and when it ended.

    Of several requests to rely on it the first counts. Of several reliances one with the board's letter counts before
    any without, and then the earliest. Of several ends the earliest counts: what is over does not begin again because
    it is told twice.
    """

    def __init__(self, known: Known[EthicsDetermined]) -> None:
        self.known = known
        self.requested: Known[RelianceRequested] | None = None
        self.reliance: Known[RelianceElected] | None = None
        self.ended: Known[DeterminationEnded] | None = None

    def request_reliance(self, requested: Known[RelianceRequested]) -> None:
        """Another board was asked to rely on it."""
        self.requested = self.requested or requested

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
        return tuple(one.position for one in (self.known, self.requested, self.reliance, self.ended) if one is not None)

    @property
    def is_pending(self) -> bool:
        """Whether the board has still to decide."""
        return self.known.event.outcome == "pending" and self.ended is None

    def is_of_same_protocol(self, other: "Determination") -> bool:
        """Whether it is what the same board found on the same protocol."""
        said, before = self.known.event, other.known.event
        return (said.organisation, said.protocol) == (before.organisation, before.protocol)

    def is_about(self, person: str) -> bool:
        """Whether it names this person, or is about all personnel."""
        return not self.known.event.covers or person in self.known.event.covers

    def in_force(self, day: date, *, not_human_subjects: bool) -> bool:
        """Whether it lets whom it is about work with human subjects' data on this day, letter or not."""
        said = self.known.event
        good = said.outcome in ("approved", "exempt") or (not_human_subjects and said.outcome == "not human subjects")
        in_time = said.on is not None and said.on <= day and (said.expires is None or day <= said.expires)
        return good and in_time and (self.ended is None or day < self.ended.event.on)


def awaiting_reliance(
    determinations: Sequence[Determination],
) -> Iterator[tuple[Determination, Known[RelianceRequested]]]:
    """Those on which another board was asked to rely and has still to answer, each with the request.

    That board need not answer for what has ended, nor where it was asked to rely, or relies, on what came in its place.
    """
    for place, one in enumerate(determinations):
        is_over = one.reliance or one.ended or any(_is_instead(later, one) for later in determinations[place + 1 :])
        if one.requested and not is_over:
            yield one, one.requested


def _is_instead(later: Determination, before: Determination) -> bool:
    """Whether the same board found it later for all of them, and reliance on it was asked for or elected."""
    about, formerly = later.known.event.covers, before.known.event.covers
    is_for_everybody = not about or bool(formerly and {*formerly} <= {*about})
    return later.is_of_same_protocol(before) and is_for_everybody and (later.requested or later.reliance) is not None


def _rank(elected: RelianceElected) -> tuple[bool, date]:
    return elected.document is None, elected.on
