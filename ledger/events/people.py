"""People: who they are is sealed, that they are known is not."""

from typing import Literal

from ledger.events.event import Event
from ledger.events.ids import Date, PersonId, Sealed

Detail = Literal["name", "institution", "department", "address", "email", "phone"]


class PersonRegistered(Event, name="person.registered", version=1, sealed_for="person"):
    """A person became known to the office. What is not known is None."""

    person: PersonId
    name: Sealed
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
