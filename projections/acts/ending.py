"""What the office does when data are to be no more: accept that they are destroyed, write them off, close a request."""

from abc import abstractmethod
from datetime import datetime
from typing import ClassVar

from ledger.boundary import Boundary, about
from ledger.events import DestructionAccepted, Event, HoldingWrittenOff, QueryReceived, RequestClosed
from ledger.events.governance import Role
from ledger.events.holding import Held
from ledger.events.ids import AttestationId, DataSetId, Name, PersonId, RequestId, Sealed, WaiverId
from projections.acts.act import DIRECTING, Act
from projections.acts.query import of_query
from projections.standing import Standing, open_holdings


class Ending(Act, frozen=True, kw_only=True):
    """What the acts that end holdings have in common: they are judged on whoever and whatever is held."""

    request: RequestId

    @abstractmethod
    def held(self, standing: Standing) -> tuple[Held, ...]:
        """The holdings that it ends."""

    def people(self, standing: Standing) -> tuple[str, ...]:
        """Those who hold something that it ends."""
        return tuple(dict.fromkeys(one.person for one in self.held(standing)))

    def looks_at(self, standing: Standing) -> set[str]:
        """The data sets of what it ends."""
        return {one.dataset for one in self.held(standing)}


class AcceptAttestation(Ending, frozen=True, kw_only=True, tag="accept-attestation"):
    """Accept that what an attestation names is destroyed; with exceptions, or of no copies, only for a reason."""

    attestation: AttestationId
    reason: Sealed | None = None

    def held(self, standing: Standing) -> tuple[Held, ...]:
        """Those that the attestation names."""
        attested = standing.request(self.request).copies.attestation(self.attestation).attested
        return attested.event.holdings if attested else ()

    def done(self, standing: Standing, at: datetime, waivers: tuple[WaiverId, ...]) -> Event:
        """As every act says it."""
        del at, waivers
        return DestructionAccepted(
            attestation=self.attestation, request=self.request, holdings=self.held(standing), reason=self.reason
        )


class WriteOff(Ending, frozen=True, kw_only=True, tag="write-off"):
    """Give up to see a holding destroyed."""

    roles: ClassVar[tuple[Role, ...]] = DIRECTING

    person: PersonId
    dataset: DataSetId
    label: Name
    reason: Sealed

    def held(self, standing: Standing) -> tuple[Held, ...]:
        """The one that the act names."""
        del standing
        return (Held(person=self.person, dataset=self.dataset, label=self.label),)

    def names(self) -> tuple[str, ...]:
        """Whoever holds it."""
        return (self.person,)

    def done(self, standing: Standing, at: datetime, waivers: tuple[WaiverId, ...]) -> Event:
        """As every act says it."""
        del standing, at, waivers
        return HoldingWrittenOff(
            request=self.request, person=self.person, dataset=self.dataset, label=self.label, reason=self.reason
        )


class CloseRequest(Act, frozen=True, kw_only=True, tag="close-request"):
    """Close a request under which nobody holds anything any more."""

    request: RequestId

    def people(self, standing: Standing) -> tuple[str, ...]:
        """The study group, and whoever holds something under it."""
        holders = [one.person for one in open_holdings(standing.request(self.request))]
        return tuple(dict.fromkeys((*super().people(standing), *holders)))

    def first_look(self) -> list[Boundary]:
        """Also the queries that came in about it."""
        return [*super().first_look(), about(QueryReceived, tags=[f"request:{self.request}"])]

    def second_look(self, standing: Standing) -> list[Boundary]:
        """Also what became of these queries."""
        return [*super().second_look(standing), *map(of_query, sorted(standing.queries))]

    def looks_at(self, standing: Standing) -> set[str]:
        """Also what somebody holds under it."""
        held = {one.dataset for one in open_holdings(standing.request(self.request))}
        return super().looks_at(standing) | held

    def done(self, standing: Standing, at: datetime, waivers: tuple[WaiverId, ...]) -> Event:
        """As every act says it."""
        del standing, at, waivers
        return RequestClosed(request=self.request)
