"""A request: what it says, how far it has come, and what boards and the law say of it."""

from datetime import date
from enum import StrEnum

from ledger.codec import Recorded
from ledger.events import (
    AffiliationDetermined,
    DeterminationEnded,
    EthicsDetermined,
    Event,
    LawDetermined,
    RelianceElected,
    RequestApproved,
    RequestDeclined,
    RequestReturned,
    RequestSubmitted,
    RequestWithdrawn,
)
from projections.standing.known import Known


class State(StrEnum):
    """How far a request has come."""

    UNKNOWN = "unknown"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    WITHDRAWN = "withdrawn"
    LAW_DETERMINED = "law determined"
    APPROVED = "approved"
    DECLINED = "declined"


BEFORE_THE_OFFICE = (State.SUBMITTED, State.LAW_DETERMINED)
# The events by which a request comes from one state to another.
MOVES = (RequestSubmitted, RequestReturned, RequestWithdrawn, LawDetermined, RequestApproved, RequestDeclined)


def moved(state: State, event: Event) -> State:
    """How far a request has come once this has happened, too."""
    match event:
        case RequestSubmitted():
            return State.SUBMITTED
        case RequestReturned():
            return State.RETURNED
        case RequestWithdrawn():
            return State.WITHDRAWN
        # What the law says of a request that is not before the office does not bring it back there.
        case LawDetermined() if state is State.SUBMITTED:
            return State.LAW_DETERMINED
        case RequestApproved():
            return State.APPROVED
        case RequestDeclined():
            return State.DECLINED
    return state


class Determination:
    """What a board determined, since when another board relies on it, and when it ended.

    Of several reliances or ends the earliest counts: what is over does not begin again because it is told twice.
    """

    def __init__(self, known: Known[EthicsDetermined]) -> None:
        self.known = known
        self.reliance: Known[RelianceElected] | None = None
        self.ended: Known[DeterminationEnded] | None = None

    def relied_on(self, elected: Known[RelianceElected]) -> None:
        """Another board elected to rely on it."""
        if self.reliance is None or elected.event.on < self.reliance.event.on:
            self.reliance = elected

    def end(self, ended: Known[DeterminationEnded]) -> None:
        """It was suspended, or lapsed."""
        if self.ended is None or ended.event.on < self.ended.event.on:
            self.ended = ended

    @property
    def facts(self) -> tuple[int, ...]:
        """The positions of all that is known of it."""
        return tuple(one.position for one in (self.known, self.reliance, self.ended) if one is not None)

    def is_about(self, person: str) -> bool:
        """Whether it names this person, or is about all personnel."""
        return not self.known.event.covers or person in self.known.event.covers

    def covers(self, person: str, day: date, *, not_human_subjects: bool) -> bool:
        """Whether it lets this person work with human subjects' data on this day."""
        said = self.known.event
        good = said.outcome in ("approved", "exempt") or (not_human_subjects and said.outcome == "not human subjects")
        in_time = said.on is not None and said.on <= day and (said.expires is None or day <= said.expires)
        return good and self.is_about(person) and in_time and (self.ended is None or day < self.ended.event.on)


class RequestStanding:
    """What is known of one request."""

    folds = (
        RequestSubmitted,
        RequestReturned,
        RequestWithdrawn,
        AffiliationDetermined,
        EthicsDetermined,
        RelianceElected,
        DeterminationEnded,
        LawDetermined,
        RequestApproved,
        RequestDeclined,
    )

    def __init__(self) -> None:
        self.state = State.UNKNOWN
        self.since = 0
        self.submitted: Known[RequestSubmitted] | None = None
        self.affiliations: dict[str, Known[AffiliationDetermined]] = {}
        self.determinations: dict[str, Determination] = {}
        self.law: Known[LawDetermined] | None = None

    def fold(self, fact: Recorded) -> None:
        """Take in a fact."""
        position = fact.position
        match fact.event:
            case AffiliationDetermined() as found:
                self.affiliations[found.person] = Known(found, position)
            case EthicsDetermined() as determined:
                self.determinations[determined.determination] = Determination(Known(determined, position))
            case RelianceElected() as elected if elected.determination in self.determinations:
                self.determinations[elected.determination].relied_on(Known(elected, position))
            case DeterminationEnded() as ended if ended.determination in self.determinations:
                self.determinations[ended.determination].end(Known(ended, position))
            case event:
                self._move(event, position)

    def _move(self, event: Event, position: int) -> None:
        match event:
            case RequestSubmitted() as said:
                self.submitted = Known(said, position)
            case LawDetermined() as law:
                self.law = Known(law, position)
        before, self.state = self.state, moved(self.state, event)
        if self.state is not before:
            self.since = position

    @property
    def study_group(self) -> tuple[str, ...]:
        """Everybody who will have access, once each."""
        return tuple(dict.fromkeys(self.submitted.event.study_group)) if self.submitted else ()
