"""What the director does about an incident: close it."""

from datetime import datetime
from typing import ClassVar

from ledger.boundary import Boundary, about
from ledger.events import Event, IncidentClosed
from ledger.events.governance import Role
from ledger.events.ids import IncidentId, RequestId, Sealed, WaiverId
from projections.acts.act import DIRECTING, Act, found, of_request, parts
from projections.standing import IncidentStanding, Standing


class CloseIncident(Act, frozen=True, kw_only=True, tag="close-incident"):
    """Close an incident, for a reason; the request is the first that it concerns, if it concerns any."""

    roles: ClassVar[tuple[Role, ...]] = DIRECTING

    request: RequestId | None
    incident: IncidentId
    reason: Sealed

    def first_look(self) -> list[Boundary]:
        """Also the incident itself."""
        return [*super().first_look(), about(*IncidentStanding.folds, tags=[f"incident:{self.incident}"])]

    def people(self, standing: Standing) -> tuple[str, ...]:
        """Those whom it concerns."""
        reported = standing.incident(self.incident).reported
        return reported.event.people if reported else ()

    def second_look(self, standing: Standing) -> list[Boundary]:
        """Also the requests that it concerns."""
        return [*super().second_look(standing), *map(of_request, self._concerned(standing))]

    def sides(self, standing: Standing) -> set[str]:
        """Everybody who plays a part in one of the requests that it concerns."""
        return {who for one in self._concerned(standing) for who in parts(standing.request(one))}

    def _concerned(self, standing: Standing) -> tuple[RequestId, ...]:
        reported = standing.incident(self.incident).reported
        return reported.event.requests if reported else ()

    def done(self, standing: Standing, at: datetime, waivers: tuple[WaiverId, ...]) -> Event:
        """As every act says it, of all that the incident concerns."""
        del at, waivers
        said = found(standing.incident(self.incident).reported).event
        return IncidentClosed(
            incident=self.incident,
            requests=said.requests,
            people=said.people,
            datasets=said.datasets,
            reason=self.reason,
        )
