"""Ethics: what boards determined (C1.4, C1.5)."""

from typing import Literal

from ledger.events.event import Event
from ledger.events.ids import Date, DeterminationId, Filed, Name, OrganisationId, PersonId, RequestId

Outcome = Literal["approved", "exempt", "not human subjects", "pending"]


class EthicsDetermined(Event, name="ethics.determined", version=1, sealed_for="request"):
    """A board determined on a protocol for a request.

    `organisation` is None for the home institution's own board. An empty `covers` means all personnel of the request.
    `expires` None means that the board set no end. `on` is None only for what is pending since nobody knows when.
    """

    determination: DeterminationId
    request: RequestId
    organisation: OrganisationId | None
    protocol: Name
    outcome: Outcome
    on: Date | None
    expires: Date | None
    covers: tuple[PersonId, ...]
    document: Filed | None


class RelianceRequested(Event, name="ethics.reliance-requested", version=1, sealed_for="request"):
    """The home institution's board was asked to rely on another board's determination, and has not answered yet.

    `on` is None where nobody knows when.
    """

    request: RequestId
    determination: DeterminationId
    on: Date | None


class RelianceElected(Event, name="ethics.reliance-elected", version=1, sealed_for="request"):
    """The home institution's board elected to rely on another board's determination; it ends with that one."""

    request: RequestId
    determination: DeterminationId
    on: Date
    document: Filed | None


class DeterminationEnded(Event, name="ethics.determination-ended", version=1, sealed_for="request"):
    """A board suspended a determination, or it lapsed."""

    determination: DeterminationId
    request: RequestId
    how: Literal["suspended", "lapsed"]
    on: Date
