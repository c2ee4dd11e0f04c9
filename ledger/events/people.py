"""People and the organisations that they act for: who they are is sealed, that they are known is not."""

from typing import Literal

from ledger.events.event import Event
from ledger.events.ids import Date, OrganisationId, PersonId, RequestId, Sealed

Detail = Literal["name", "institution", "department", "address", "email", "phone"]
Affiliation = Literal["home", "outside", "in doubt"]


class PersonRegistered(Event, name="person.registered", version=1, sealed_for="person"):
    """A person became known to the office. What is not known is None."""

    person: PersonId
    name: Sealed | None = None
    institution: Sealed | None = None
    department: Sealed | None = None
    address: Sealed | None = None
    email: Sealed | None = None
    phone: Sealed | None = None


class PersonDetailsChanged(Event, name="person.details-changed", version=1, sealed_for="person"):
    """Details of a person changed, or became known. What stays as it was is None."""

    person: PersonId
    name: Sealed | None = None
    institution: Sealed | None = None
    department: Sealed | None = None
    address: Sealed | None = None
    email: Sealed | None = None
    phone: Sealed | None = None


class PersonErased(Event, name="person.erased", version=1):
    """These details of a person, and whatever was sealed under them before, were given up for destruction.

    An empty list means all of them. `last_copy_lapses` is the day on which the last backup of their keys is gone.
    """

    person: PersonId
    details: tuple[Detail, ...]
    last_copy_lapses: Date


class OrganisationRegistered(Event, name="organisation.registered", version=1, sealed_for="organisation"):
    """An organisation became known to the office."""

    organisation: OrganisationId
    name: Sealed


class AffiliationDetermined(Event, name="person.affiliation-determined", version=1, sealed_for="request"):
    """The office found for which organisation a person acts in a request.

    `home` is the institution that runs the ledger. In doubt, the rules for both apply.
    """

    request: RequestId
    person: PersonId
    affiliation: Affiliation
    organisation: OrganisationId | None
