"""How far a request has come, and what moves it."""

from enum import StrEnum

from ledger.events import (
    AgreementExecuted,
    Event,
    LawDetermined,
    ReleaseAuthorised,
    ReleaseFailed,
    ReleaseHandedOver,
    ReleaseReceived,
    RequestApproved,
    RequestClosed,
    RequestDeclined,
    RequestReturned,
    RequestSubmitted,
    RequestWithdrawn,
)


class State(StrEnum):
    """How far a request has come."""

    UNKNOWN = "unknown"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    WITHDRAWN = "withdrawn"
    LAW_DETERMINED = "law determined"
    APPROVED = "approved"
    DECLINED = "declined"
    EXECUTED = "agreement executed"
    AUTHORISED = "release authorised"
    RELEASED = "released"
    RECEIVED = "received"
    ENDED = "ended"
    CLOSED = "closed"


BEFORE_THE_OFFICE = (State.SUBMITTED, State.LAW_DETERMINED)
# Of a request that was approved, whatever has come of it since.
GRANTED = (State.APPROVED, State.EXECUTED, State.AUTHORISED, State.RELEASED, State.RECEIVED)
# Of a request that goes no further.
OVER = (State.WITHDRAWN, State.DECLINED, State.CLOSED)
# The events by which a request comes from one state to another.
MOVES = (
    RequestSubmitted,
    RequestReturned,
    RequestWithdrawn,
    LawDetermined,
    RequestApproved,
    RequestDeclined,
    AgreementExecuted,
    ReleaseAuthorised,
    ReleaseHandedOver,
    ReleaseFailed,
    ReleaseReceived,
    RequestClosed,
)


def moved(state: State, event: Event) -> State:
    """How far a request has come once this has happened, too; that it has ended is a matter of the day."""
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
        case AgreementExecuted() if state is State.APPROVED:
            return State.EXECUTED
        case ReleaseAuthorised():
            return State.AUTHORISED
        case ReleaseFailed() if state is State.AUTHORISED:
            return State.EXECUTED
        case ReleaseHandedOver():
            return State.RELEASED
        case ReleaseReceived() if state is State.RELEASED:
            return State.RECEIVED
        case RequestClosed():
            return State.CLOSED
    return state
