"""Commands about queries: received, answered, withdrawn."""

from collections.abc import Mapping

from msgspec.structs import replace

from api.commands.command import Acting, Command, Document, Drafting, Wish
from api.commands.tables import fewest_in_any
from api.ids import of_year
from ledger.boundary import about
from ledger.errors import Malformed
from ledger.events import PublicationNotified, PublicationRecorded, QueryAnswered, QueryReceived, QueryWithdrawn
from ledger.events.query import Answer, Asking
from projections.acts import LINKING, AnswerQuery, of_query
from projections.standing import QueryStanding


class ReceiveQuery(Command, frozen=True, kw_only=True):
    """Somebody's question about data that others hold came to the office.

    Who asks is `by` when the office knows them, or else `asker` says it in words. A recipient who was asked and directs
    them to the office is `referred_by`.
    """

    kind: Asking
    by: str | None = None
    asker: str | None = None
    asked: str | None = None
    referred_by: str | None = None
    datasets: tuple[str, ...] = ()
    request: str | None = None
    publication: str | None = None
    doi: str | None = None
    purpose: str | None = None
    again: bool = False

    def draft(self, at: Drafting) -> Wish:
        """A report, under the next number of the year. A DOI that is known tells the publication and its request.

        Raises `Malformed` when the very same came in on that day and is open, unless it is said to have come `again`.
        """
        if (self.by is None) == (self.asker is None):
            why = "is one: say who asks, either whom the office knows or in words"
            raise Malformed("asker", self.asker or "", why, "by", "asker")
        query = _next_query(at)
        publication = self.publication or _published_as(self.doi, at)
        texts = {"asker": self.asker, "purpose": self.purpose}
        received = QueryReceived(
            query=query,
            kind=self.kind,
            by=self.by,
            asked=self.asked,
            referred_by=self.referred_by,
            datasets=tuple(dict.fromkeys(self.datasets)),
            request=_request(self.request, publication, at),
            publication=publication,
            doi=self.doi,
        )
        same = None if self.again else _same_today(received, texts, at)
        if same is not None:
            why = "says the very same of that day, and is open: say that it was asked again, if it was"
            raise Malformed("query", same, why)
        return at.reports(replace(received, **at.sealed(QueryReceived, f"query:{query}", texts)))


class Answering(Command, frozen=True, kw_only=True):
    """Answer a query: with this outcome, by what it is linked to, in these words, by this document."""

    query: str
    outcome: Answer
    request: str | None = None
    agreement: str | None = None
    publication: str | None = None
    smallest_cell: int | None = None
    answer: str | None = None
    document: Document | None = None

    def draft(self, at: Drafting) -> Wish:
        """An act. Raises `Malformed` for an aggregate that is called a table and that nobody could look at."""
        received = _known_query(self.query, at).received
        if self.outcome == "refused" and self.answer is None:
            raise Malformed("answer", "", "is missing: whoever is refused is told why")
        if self.request is not None and self.outcome not in LINKING:
            why = f"is where data are to be had, and the outcome is neither {' nor '.join(LINKING)}"
            raise Malformed("request", self.request, why)
        if self.publication is not None and self.outcome != "public data suffice":
            raise Malformed("publication", self.publication, "is what suffices when public data do")
        subject = f"query:{self.query}"
        sealed = at.sealed(QueryAnswered, subject, {"answer": self.answer})
        filed = at.filed(QueryAnswered, subject, self.document) if self.document else None
        asked_about = received.event.request if received else None
        act = AnswerQuery(
            principal=at.principal,
            request=self.request if self.outcome in LINKING else asked_about,
            query=self.query,
            outcome=self.outcome,
            agreement=self.agreement,
            publication=self.publication,
            smallest_cell=self._smallest_cell(at),
            document=filed,
            **sealed,
        )
        return Acting(act, QueryAnswered, (filed,) if filed else ())

    def _smallest_cell(self, at: Drafting) -> int | None:
        """What an aggregate that is a table holds, where that is fewer than whoever answers says, or says nothing."""
        if self.document is None or self.outcome != "office verifies":
            return self.smallest_cell
        least = at.office.policy.event.smallest_cell
        found = fewest_in_any(self.document, max(least, self.smallest_cell or least))
        return self.smallest_cell if found is None else found


class WithdrawQuery(Command, frozen=True, kw_only=True):
    """Whoever asked wants no answer any more."""

    query: str
    reason: str | None = None

    def draft(self, at: Drafting) -> Wish:
        """A report."""
        known = _known_query(self.query, at)
        if known.state not in ("open", "with counsel"):
            raise Malformed("query", self.query, f"is {known.state} already, as entry {known.facts[-1]} says")
        sealed = at.sealed(QueryWithdrawn, f"query:{self.query}", {"reason": self.reason})
        return at.reports(QueryWithdrawn(query=self.query, **sealed))


def _known_query(query: str, at: Drafting) -> QueryStanding:
    known = at.standing(of_query(query)).query(query)
    if known.received is None:
        raise Malformed("query", query, "is not in this ledger")
    return known


def _next_query(at: Drafting) -> str:
    received = [fact.event for fact in at.ledger.facts([about(QueryReceived)])]
    return of_year("Q", at.today.year, [one.query for one in received if isinstance(one, QueryReceived)])


def _same_today(received: QueryReceived, texts: Mapping[str, str | None], at: Drafting) -> str | None:
    """The open query that was recorded today, and says just this of the same day."""
    for fact in at.ledger.facts([about(QueryReceived)]):
        known = fact.event
        if (
            isinstance(known, QueryReceived)
            and at.office.day(fact.recorded_at) == at.today
            and at.office.day(fact.occurred_at) == at.day
            and replace(known, query=received.query, asker=None, purpose=None) == received
            and all(at.unsealed(getattr(known, member)) == text for member, text in texts.items())
            and at.standing(of_query(known.query)).query(known.query).is_open
        ):
            return known.query
    return None


def _published_as(doi: str | None, at: Drafting) -> str | None:
    """The publication that appeared under this DOI, as far as the office knows."""
    if doi is None:
        return None
    recorded = (fact.event for fact in at.ledger.facts([about(PublicationRecorded, tags=[f"doi:{doi}"])]))
    return next((one.publication for one in recorded if isinstance(one, PublicationRecorded)), None)


def _request(said: str | None, publication: str | None, at: Drafting) -> str | None:
    """The request that is asked about: of a publication, its own."""
    if publication is None:
        return said
    notified = at.ledger.facts([about(PublicationNotified, tags=[f"publication:{publication}"])])
    of = next((fact.event.request for fact in notified if isinstance(fact.event, PublicationNotified)), None)
    if of is None:
        raise Malformed("publication", publication, "is not in this ledger")
    if said not in (None, of):
        raise Malformed("publication", publication, f"is about request {of}")
    return of
