"""What the office decides about what recipients publish."""

from datetime import datetime

from ledger.events import Event, PublicationPassed
from ledger.events.ids import Count, PublicationId, RequestId, WaiverId
from projections.acts.act import Act
from projections.standing import Standing


class PassPublication(Act, frozen=True, kw_only=True, tag="pass-publication"):
    """Have nothing against it that something appears.

    `smallest_cell` is the fewest learners whom its kept tables single out; None where they single out nobody.
    """

    request: RequestId
    publication: PublicationId
    smallest_cell: Count | None = None

    def people(self, standing: Standing) -> tuple[str, ...]:
        """The study group, and the authors."""
        request = standing.request(self.request)
        return tuple(dict.fromkeys((*request.study_group, *request.publication(self.publication).authors)))

    def sides(self, standing: Standing) -> set[str]:
        """The authors."""
        return set(standing.request(self.request).publication(self.publication).authors)

    def looks_at(self, standing: Standing) -> set[str]:
        """No data set: what is published is looked at by people."""
        del standing
        return set()

    def done(self, standing: Standing, at: datetime, waivers: tuple[WaiverId, ...]) -> Event:
        """As every act says it."""
        del standing, at
        return PublicationPassed(publication=self.publication, request=self.request, waivers=waivers)
