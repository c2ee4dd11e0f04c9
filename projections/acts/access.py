"""What a data server does: let somebody in."""

from datetime import datetime
from typing import ClassVar

from ledger.events import AccessPermitted, Event
from ledger.events.governance import Role
from ledger.events.ids import DataSetId, PersonId, RequestId, Sealed, WaiverId
from ledger.events.request import Wanted
from projections.acts.act import DECIDING, Act, found
from projections.standing import Standing


class LetIn(Act, frozen=True, kw_only=True, tag="let-in"):
    """Let a person open a data set on a server; there is no request when nobody can say which it would be under.

    `person` is None when the ledger knows nobody of that name, and then `account` is all that is known of them.
    """

    roles: ClassVar[tuple[Role, ...]] = (*DECIDING, "data server")

    request: RequestId | None
    person: PersonId | None
    dataset: DataSetId
    account: Sealed | None = None

    def people(self, standing: Standing) -> tuple[str, ...]:
        """The person alone."""
        del standing
        return (self.person,) if self.person else ()

    def asks_about(self, standing: Standing) -> set[str]:
        """The person alone."""
        return set(self.people(standing))

    def asked_for(self, standing: Standing) -> tuple[Wanted, ...]:
        """The data set alone, in the forms that were asked for."""
        return tuple(one for one in super().wanted(standing) if one.dataset == self.dataset)

    def wanted(self, standing: Standing) -> tuple[Wanted, ...]:
        """Of these forms those in which there is a version: nobody gets to see any other. Identified comes first."""
        there = standing.dataset(self.dataset).forms
        found = [one for one in self.asked_for(standing) if one.form in there]
        return tuple(sorted(found, key=lambda one: one.form != "identified"))

    def looks_at(self, standing: Standing) -> set[str]:
        """The data set, if it was asked for, in whatever form."""
        return {one.dataset for one in self.asked_for(standing)}

    def done(self, standing: Standing, at: datetime, waivers: tuple[WaiverId, ...]) -> Event:
        """As every act says it, under the agreement that names the person for the data set in the form that it has."""
        del waivers
        request, day = standing.request(self.request), standing.office.day(at)
        person = found(self.person)
        wanted = found(next(iter(self.wanted(standing)), None))
        party = found(next(iter(request.naming(person, day, wanted.dataset, wanted.form)), None))
        return AccessPermitted(
            request=found(self.request), person=person, dataset=self.dataset, agreement=party.agreement
        )
