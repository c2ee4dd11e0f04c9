"""Endings: members who left or moved, legal holds, requests that were closed."""

from ledger.events.event import Event
from ledger.events.ids import DataSetId, Date, HoldId, OrganisationId, PersonId, RequestId, Sealed


class PersonDeparted(Event, name="person.departed", version=1, sealed_for="request"):
    """A person takes part in a request no more, from a day on: they left the group, or the institution."""

    request: RequestId
    person: PersonId
    on: Date
    reason: Sealed | None = None


class PersonMoved(Event, name="person.moved", version=1, sealed_for="request"):
    """A person who takes part in a request moved to another institution: for whom they act is in doubt from a day on.

    `organisation` is the one to which they moved, None when it is not known.
    """

    request: RequestId
    person: PersonId
    on: Date
    organisation: OrganisationId | None


class LegalHoldPlaced(Event, name="legal-hold.placed", version=1, sealed_for="hold"):
    """Nothing of a request, of a data set or of a person may be destroyed until this hold is lifted."""

    hold: HoldId
    request: RequestId | None
    dataset: DataSetId | None
    person: PersonId | None
    reason: Sealed


class LegalHoldLifted(Event, name="legal-hold.lifted", version=1, sealed_for="hold"):
    """A legal hold on a request, a data set or a person ended."""

    hold: HoldId
    request: RequestId | None
    dataset: DataSetId | None
    person: PersonId | None
    reason: Sealed | None = None


class RequestClosed(Event, name="request.closed", version=1, sealed_for="request"):
    """The office closed a request: nobody holds anything under it any more, as far as is known."""

    request: RequestId
