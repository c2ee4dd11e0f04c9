"""What the office answers to a query."""

from datetime import datetime

from ledger.boundary import Boundary, about
from ledger.events import Event, FactCorrected, QueryAnswered
from ledger.events.ids import AgreementId, Count, Filed, PublicationId, QueryId, RequestId, Sealed, WaiverId
from ledger.events.query import Answer
from projections.acts.act import Act, of_request, parts
from projections.standing import PublicationStanding, QueryStanding, Standing

LINKING: tuple[Answer, ...] = ("own request", "addendum")


class AnswerQuery(Act, frozen=True, kw_only=True, tag="answer-query"):
    """Answer a query.

    `request` is the one through which data are to be had, by an addendum that is this agreement of it; with any other
    outcome the one that was asked about, if one was.
    """

    request: RequestId | None = None
    query: QueryId
    outcome: Answer
    agreement: AgreementId | None = None
    publication: PublicationId | None = None
    smallest_cell: Count | None = None
    answer: Sealed | None = None
    document: Filed | None = None

    @property
    def subject(self) -> str | None:
        """The query."""
        return f"query:{self.query}"

    @property
    def linked(self) -> RequestId | None:
        """The request through which data are to be had."""
        return self.request if self.outcome in LINKING else None

    def first_look(self) -> list[Boundary]:
        """Also the query, and what is said to suffice."""
        published = [of_publication(self.publication)] if self.publication else []
        return [*super().first_look(), of_query(self.query), *published]

    def second_look(self, standing: Standing) -> list[Boundary]:
        """The request that was asked about."""
        asked_about = self.asked_about(standing)
        return [of_request(asked_about)] if asked_about and asked_about != self.request else []

    def asked_about(self, standing: Standing) -> RequestId | None:
        """The request whose data, recipients or publications the query is about."""
        received = standing.query(self.query).received
        return received.event.request if received else None

    def sides(self, standing: Standing) -> set[str]:
        """Who asks, who was asked, and everybody of the request that was asked about, authors among them."""
        received = standing.query(self.query).received
        if received is None:
            return set()
        said, request = received.event, standing.request(received.event.request)
        authors = {who for one in request.publications.values() for who in one.authors}
        return {*filter(None, (said.by, said.asked, said.referred_by)), *parts(request), *authors}

    def done(self, standing: Standing, at: datetime, waivers: tuple[WaiverId, ...]) -> Event:
        """As every act says it."""
        del standing, at, waivers
        return QueryAnswered(
            query=self.query,
            outcome=self.outcome,
            request=self.linked,
            agreement=self.agreement,
            publication=self.publication,
            smallest_cell=self.smallest_cell,
            answer=self.answer,
            document=self.document,
        )


def of_query(query: str) -> Boundary:
    """What is known of a query."""
    return about(*QueryStanding.folds, FactCorrected, tags=[f"query:{query}"])


def of_publication(publication: str) -> Boundary:
    """What is known of a publication."""
    return about(*PublicationStanding.folds, FactCorrected, tags=[f"publication:{publication}"])
