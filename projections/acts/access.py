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

    def wanted(self, standing: Standing) -> tuple[Wanted, ...]:
        """The data set alone, in the forms that were asked for."""
        return tuple(one for one in super().wanted(standing) if one.dataset == self.dataset)

    def done(self, standing: Standing, at: datetime, waivers: tuple[WaiverId, ...]) -> Event:
        """As every act says it, under the agreement that names the person for the data set."""
        del waivers
        request, day = standing.request(self.request), standing.office.day(at)
        person = found(self.person)
        party = found(next(iter(request.naming(person, day, self.dataset)), None))
        return AccessPermitted(
            request=found(self.request), person=person, dataset=self.dataset, agreement=party.agreement
        )
