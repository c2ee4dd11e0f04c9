"""A query: who asked for what, and how far the office has come with an answer."""

from ledger.events import QueryAnswered, QueryReceived, QueryWithdrawn
from projections.standing.known import Known, Told


class QueryStanding:
    """What is known of one query."""

    folds = (QueryReceived, QueryAnswered, QueryWithdrawn)

    def __init__(self) -> None:
        self.received: Known[QueryReceived] | None = None
        self.counsel: Known[QueryAnswered] | None = None
        self.answered: Known[QueryAnswered] | None = None
        self.withdrawn: Known[QueryWithdrawn] | None = None

    def fold(self, fact: Told) -> None:
        """Take in a fact. To have asked counsel is not yet an answer."""
        match fact.event:
            case QueryReceived() as received:
                self.received = Known(received, fact.position)
            case QueryAnswered(outcome="to counsel") as referred:
                self.counsel = Known(referred, fact.position)
            case QueryAnswered() as answered:
                self.answered = Known(answered, fact.position)
            case QueryWithdrawn() as withdrawn:
                self.withdrawn = Known(withdrawn, fact.position)

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
