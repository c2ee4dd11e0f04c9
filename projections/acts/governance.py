"""What directors decide about rules and people: exceptions, and what is given up of somebody."""

from datetime import date, datetime
from typing import ClassVar

from ledger.boundary import Boundary, about
from ledger.events import (
    AgreementIssued,
    AgreementSigned,
    AmendmentIssued,
    CopyReported,
    Event,
    PersonErased,
    ReleaseAuthorised,
    RequestSubmitted,
    WaiverGranted,
)
from ledger.events.governance import Role
from ledger.events.ids import Name, PersonId, RequestId, Sealed, WaiverId
from ledger.events.people import Detail
from projections.acts.act import DIRECTING, Act, of_dataset, of_office, of_person, of_request
from projections.standing import Standing


class GrantWaiver(Act, frozen=True, kw_only=True, tag="grant-waiver"):
    """Except a request from a rule, up to and including a day."""

    roles: ClassVar[tuple[Role, ...]] = DIRECTING

    request: RequestId
    waiver: WaiverId
    rule: Name
    reason: Sealed
    expires: date

    def first_look(self) -> list[Boundary]:
        """Also whether another request has a waiver of this number."""
        return [*super().first_look(), about(WaiverGranted, tags=[f"waiver:{self.waiver}"])]

    def done(self, standing: Standing, at: datetime, waivers: tuple[WaiverId, ...]) -> Event:
        """As every act says it."""
        del standing, at, waivers
        return WaiverGranted(
            request=self.request, waiver=self.waiver, rule=self.rule, reason=self.reason, expires=self.expires
        )


class EraseDetails(Act, frozen=True, kw_only=True, tag="erase-details"):
    """Give up what is known of a person, or some of it, for destruction; an empty list means all of it."""

    roles: ClassVar[tuple[Role, ...]] = (*DIRECTING, "admin")

    request: None = None
    person: PersonId
    details: tuple[Detail, ...]
    last_copy_lapses: date

    def names(self) -> tuple[str, ...]:
        """The person."""
        return (self.person,)

    def people(self, standing: Standing) -> tuple[str, ...]:
        """The person alone."""
        del standing
        return (self.person,)

    def first_look(self) -> list[Boundary]:
        """The office, and every request in which the person has a part."""
        events = (
            RequestSubmitted,
            AgreementIssued,
            AmendmentIssued,
            AgreementSigned,
            ReleaseAuthorised,
            CopyReported,
        )
        parts = about(*events, tags=[f"person:{self.person}"])
        return [of_office(), parts]

    def second_look(self, standing: Standing) -> list[Boundary]:
        """What became of these requests, what is known of the person, and of the data sets that were asked for."""
        return [
            of_person(self.person),
            *map(of_request, sorted(standing.requests)),
            *map(of_dataset, sorted(self.looks_at(standing))),
        ]

    def looks_at(self, standing: Standing) -> set[str]:
        """The data sets of these requests, and of the agreements under them."""
        requests = standing.requests.values()
        agreed = [one.issued.event for known in requests for one in known.agreements.values() if one.issued]
        asked = {one.dataset for known in requests for one in known.datasets}
        return asked | {one.dataset for said in agreed for one in said.datasets}

    def done(self, standing: Standing, at: datetime, waivers: tuple[WaiverId, ...]) -> Event:
        """As every act says it."""
        del standing, at, waivers
        return PersonErased(person=self.person, details=self.details, last_copy_lapses=self.last_copy_lapses)
