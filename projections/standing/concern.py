"""What stands in the way of many things at once: incidents that are open, and legal holds."""

from collections.abc import Collection

from ledger.events import IncidentClosed, IncidentContained, IncidentReported, LegalHoldLifted, LegalHoldPlaced
from projections.standing.known import Known, Told


class IncidentStanding:
    """What is known of one incident."""

    folds = (IncidentReported, IncidentContained, IncidentClosed)

    def __init__(self) -> None:
        self.reported: Known[IncidentReported] | None = None
        self.contained: Known[IncidentContained] | None = None
        self.closed: Known[IncidentClosed] | None = None

    def fold(self, fact: Told) -> None:
        """Take in a fact."""
        match fact.event:
            case IncidentReported() as reported:
                self.reported = Known(reported, fact.position)
            case IncidentContained() as contained:
                self.contained = Known(contained, fact.position)
            case IncidentClosed() as closed:
                self.closed = Known(closed, fact.position)

    @property
    def is_open(self) -> bool:
        """Whether it was reported, and nobody has closed it yet."""
        return self.reported is not None and self.closed is None

    @property
    def facts(self) -> tuple[int, ...]:
        """The positions of all that is known of it."""
        return tuple(one.position for one in (self.reported, self.contained, self.closed) if one is not None)

    def concerns(self, request: str | None, people: Collection[str], datasets: Collection[str]) -> bool:
        """Whether it is about this request; where nobody could say which, about any of these people or data sets."""
        if self.reported is None:
            return False
        said = self.reported.event
        if said.requests:
            return request in said.requests
        return not (set(people).isdisjoint(said.people) and set(datasets).isdisjoint(said.datasets))

    def names(self, person: str) -> bool:
        """Whether it is about this person."""
        return self.reported is not None and person in self.reported.event.people


class HoldStanding:
    """What is known of one legal hold."""

    folds = (LegalHoldPlaced, LegalHoldLifted)

    def __init__(self) -> None:
        self.placed: Known[LegalHoldPlaced] | None = None
        self.lifted: Known[LegalHoldLifted] | None = None

    def fold(self, fact: Told) -> None:
        """Take in a fact."""
        match fact.event:
            case LegalHoldPlaced() as placed:
                self.placed = Known(placed, fact.position)
            case LegalHoldLifted() as lifted:
                self.lifted = Known(lifted, fact.position)

    @property
    def facts(self) -> tuple[int, ...]:
        """The positions of all that is known of it."""
        return tuple(one.position for one in (self.placed, self.lifted) if one is not None)

    def holds(self, requests: Collection[str], people: Collection[str], datasets: Collection[str]) -> bool:
        """Whether it is in force, on any of these."""
        if self.placed is None or self.lifted is not None:
            return False
        said = self.placed.event
        return said.request in requests or said.person in people or said.dataset in datasets
