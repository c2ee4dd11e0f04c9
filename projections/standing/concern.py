"""What stands in the way of many things at once: incidents that are open, and legal holds."""

from collections.abc import Collection

from ledger.events import IncidentClosed, IncidentContained, IncidentReported, LegalHoldLifted, LegalHoldPlaced
from projections.standing.known import Known
from projections.standing.part import Part, takes


class IncidentStanding(Part):
    """What is known of one incident."""

    def __init__(self) -> None:
        self.reported: Known[IncidentReported] | None = None
        self.contained: Known[IncidentContained] | None = None
        self.closed: Known[IncidentClosed] | None = None

    @takes(IncidentReported)
    def _incident_reported(self, fact: Known[IncidentReported]) -> None:
        self.reported = fact

    @takes(IncidentContained)
    def _incident_contained(self, fact: Known[IncidentContained]) -> None:
        self.contained = fact

    @takes(IncidentClosed)
    def _incident_closed(self, fact: Known[IncidentClosed]) -> None:
        self.closed = fact

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


class HoldStanding(Part):
    """What is known of one legal hold."""

    def __init__(self) -> None:
        self.placed: Known[LegalHoldPlaced] | None = None
        self.lifted: Known[LegalHoldLifted] | None = None

    @takes(LegalHoldPlaced)
    def _legal_hold_placed(self, fact: Known[LegalHoldPlaced]) -> None:
        self.placed = fact

    @takes(LegalHoldLifted)
    def _legal_hold_lifted(self, fact: Known[LegalHoldLifted]) -> None:
        self.lifted = fact

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
