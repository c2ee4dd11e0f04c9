"""Commands about people and the organisations that they act for."""

from datetime import date

import msgspec

from api.claims import check_address
from api.commands.command import Acting, Command, Drafting, Wish
from api.packets.form import Address
from api.register import register_of
from ledger.custody import caseless
from ledger.errors import Malformed
from ledger.events import (
    AffiliationDetermined,
    OrganisationRegistered,
    PersonDetailsChanged,
    PersonErased,
    PersonRegistered,
    PersonSuspended,
    SuspensionLifted,
)
from ledger.events.people import Affiliation, Detail
from projections.acts import EraseDetails, of_person


class Details(Command, frozen=True, kw_only=True):
    """What is known of a person."""

    name: str | None = None
    institution: str | None = None
    department: str | None = None
    address: str | None = None
    email: str | None = None
    phone: str | None = None

    @property
    def texts(self) -> dict[str, str | None]:
        """The details by their names."""
        return {detail: getattr(self, detail) for detail in Details.__struct_fields__}

    def check_address(self, person: str, at: Drafting) -> None:
        """Raise `Malformed` for what is no e-mail address, and for that of somebody else: people are found by it."""
        if self.email is not None and not _is_address(self.email):
            raise Malformed("e-mail address", self.email, "is none: it looks like ana@example.edu")
        if self.email:
            check_address(register_of(at.ledger, at.custody), self.email, person)


class RegisterPerson(Details, frozen=True, kw_only=True):
    """Somebody becomes known to the office, under an id that is chosen at random."""

    person: str

    def draft(self, at: Drafting) -> Wish:
        """A report."""
        if self.name is None:
            raise Malformed("name", "", "is missing, and nobody is known without one")
        self.check_address(self.person, at)
        sealed = at.sealed(PersonRegistered, f"person:{self.person}", self.texts)
        return at.reports(PersonRegistered(person=self.person, **sealed))


class ChangeDetails(Details, frozen=True, kw_only=True):
    """Details of a person change; what is not given stays as it is."""

    person: str

    def draft(self, at: Drafting) -> Wish:
        """A report."""
        if all(text is None for text in self.texts.values()):
            raise Malformed("details", self.person, "of this person stay as they are: nothing was given")
        self.check_address(self.person, at)
        sealed = at.sealed(PersonDetailsChanged, f"person:{self.person}", self.texts)
        return at.reports(PersonDetailsChanged(person=self.person, **sealed))


class RegisterOrganisation(Command, frozen=True, kw_only=True):
    """An organisation becomes known to the office."""

    organisation: str
    name: str

    def draft(self, at: Drafting) -> Wish:
        """A report. Raises `Malformed` for a name that is known: organisations are found by it."""
        known = register_of(at.ledger, at.custody).organisation(caseless(self.name))
        if known is not None:
            raise Malformed("organisation", self.name, f"is known already, as {known}")
        sealed = at.sealed(OrganisationRegistered, f"organisation:{self.organisation}", {"name": self.name})
        return at.reports(OrganisationRegistered(organisation=self.organisation, **sealed))


class DetermineAffiliation(Command, frozen=True, kw_only=True):
    """The office finds for which organisation a person acts in a request."""

    request: str
    person: str
    affiliation: Affiliation
    organisation: str | None = None

    def draft(self, at: Drafting) -> Wish:
        """A report."""
        if self.affiliation == "home" and self.organisation is not None:
            raise Malformed("organisation", self.organisation, "is for somebody from outside, or in doubt")
        if self.affiliation == "outside" and self.organisation is None:
            raise Malformed("organisation", "", "is missing: somebody from outside acts for one")
        return at.reports(
            AffiliationDetermined(
                request=self.request, person=self.person, affiliation=self.affiliation, organisation=self.organisation
            )
        )


class Suspend(Command, frozen=True, kw_only=True):
    """A person may receive and open nothing, in one request or in all."""

    person: str
    request: str | None = None
    reason: str | None = None

    def draft(self, at: Drafting) -> Wish:
        """A report."""
        sealed = at.sealed(PersonSuspended, f"person:{self.person}", {"reason": self.reason})
        return at.reports(PersonSuspended(person=self.person, request=self.request, **sealed))


class Lift(Command, frozen=True, kw_only=True):
    """A person's suspension, in one request or in all, ends."""

    person: str
    request: str | None = None

    def draft(self, at: Drafting) -> Wish:
        """A report."""
        return at.reports(SuspensionLifted(person=self.person, request=self.request))


class Erase(Command, frozen=True, kw_only=True):
    """Give up what is known of a person, or some of it, for destruction; an empty list means all of it.

    `last_copy_lapses` is the day on which the last backup of the keys is gone.
    """

    person: str
    details: tuple[Detail, ...]
    last_copy_lapses: date

    def draft(self, at: Drafting) -> Wish:
        """An act. Raises `Malformed` when none of these details is recorded."""
        recorded = at.standing(of_person(self.person)).person(self.person)
        if self.details and recorded.registered and recorded.details.keys().isdisjoint(self.details):
            raise nothing_to_erase(self.person, self.details)
        act = EraseDetails(
            principal=at.principal, person=self.person, details=self.details, last_copy_lapses=self.last_copy_lapses
        )
        return Acting(act, PersonErased)


def _is_address(text: str) -> bool:
    try:
        msgspec.convert(text, Address)
    except msgspec.ValidationError:
        return False
    return True


def nothing_to_erase(person: str, details: tuple[Detail, ...]) -> Malformed:
    """What is said of a wish to erase what is not there."""
    return Malformed("person", person, f"has no {' or '.join(details) or 'details'} here: nothing to erase")
