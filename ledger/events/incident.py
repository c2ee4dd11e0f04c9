"""Incidents: what went wrong with data, and whose access was taken away."""

from typing import Literal

from ledger.events.event import Event
from ledger.events.ids import DataSetId, Date, IncidentId, PersonId, RequestId, Sealed, Time

Mishap = Literal["lost device", "passed on", "published", "unauthorised access", "misdirected", "other"]


class IncidentReported(Event, name="incident.reported", version=1, sealed_for="incident"):
    """Something went wrong with data: it was discovered, and then the office was told.

    It concerns these requests, people and data sets, as far as is known.
    """

    incident: IncidentId
    what: Mishap
    discovered: Time
    told: Time
    requests: tuple[RequestId, ...]
    people: tuple[PersonId, ...]
    datasets: tuple[DataSetId, ...]
    account: Sealed | None = None


class IncidentContained(Event, name="incident.contained", version=1, sealed_for="incident"):
    """What an incident had let happen can go on no more; `how` says what was done.

    It concerns what the incident was reported to concern.
    """

    incident: IncidentId
    requests: tuple[RequestId, ...]
    people: tuple[PersonId, ...]
    datasets: tuple[DataSetId, ...]
    how: Sealed


class IncidentClosed(Event, name="incident.closed", version=1, sealed_for="incident"):
    """The director closed an incident, for a reason.

    It concerns what the incident was reported to concern.
    """

    incident: IncidentId
    requests: tuple[RequestId, ...]
    people: tuple[PersonId, ...]
    datasets: tuple[DataSetId, ...]
    reason: Sealed


class AccessRevoked(Event, name="access.revoked", version=1, sealed_for="request"):
    """A person has no right under a request any more, from a day on, whatever agreements say."""

    request: RequestId
    person: PersonId
    on: Date
    reason: Sealed | None = None


class AccessRestored(Event, name="access.restored", version=1, sealed_for="request"):
    """A person whose right under a request had been revoked has again the right that agreements give."""

    request: RequestId
    person: PersonId
    reason: Sealed | None = None
