"""A query: who asked for what, and how far the office has come with an answer."""

from ledger.events import QueryAnswered, QueryReceived, QueryWithdrawn
from projections.standing.known import Known
from projections.standing.part import Part, takes


class QueryStanding(Part):
    """What is known of one query."""

    def __init__(self) -> None:
        self.received: Known[QueryReceived] | None = None
        self.counsel: Known[QueryAnswered] | None = None
        self.answered: Known[QueryAnswered] | None = None
        self.withdrawn: Known[QueryWithdrawn] | None = None

    @takes(QueryReceived)
    def _query_received(self, fact: Known[QueryReceived]) -> None:
        self.received = fact

    @takes(QueryAnswered)
    def _query_answered(self, fact: Known[QueryAnswered]) -> None:
        # To have asked counsel is not yet an answer.
        if fact.event.outcome == "to counsel":
            self.counsel = fact
        else:
            self.answered = fact

    @takes(QueryWithdrawn)
    def _query_withdrawn(self, fact: Known[QueryWithdrawn]) -> None:
        self.withdrawn = fact

    @property
    def state(self) -> str:
        """How far it has come, in a word."""
        if self.received is None:
            return "unknown"
        if self.withdrawn:
            return "withdrawn"
        if self.answered:
            return "answered"
        return "with counsel" if self.counsel else "open"

    @property
    def is_open(self) -> bool:
        """Whether it waits for the office, or for counsel."""
        return self.state in ("open", "with counsel")

    @property
    def facts(self) -> tuple[int, ...]:
        """The positions of all that is known of it."""
        known = (self.received, self.counsel, self.answered, self.withdrawn)
        return tuple(one.position for one in known if one is not None)
