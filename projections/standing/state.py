"""How far a request has come, and what moves it."""

from enum import StrEnum
from typing import NamedTuple

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
    RESUBMITTED = "resubmitted"
    WITHDRAWN = "withdrawn"
    LAW_DETERMINED = "law determined"
    APPROVED = "approved"
    DECLINED = "declined"
    EXECUTED = "agreement executed"
    AUTHORISED = "release authorised"
    RELEASED = "released"
    RECEIVED = "received"
    IN_USE = "in use"
    ENDED = "ended"
    DESTRUCTION_ATTESTED = "destruction attested"
    CLOSED = "closed"


# Of a request that came in, and that nobody has decided yet.
CAME_IN = (State.SUBMITTED, State.RESUBMITTED)
BEFORE_THE_OFFICE = (*CAME_IN, State.LAW_DETERMINED)
# Of a request that was approved, whatever has come of it since, as decisions know it.
GRANTED = (State.APPROVED, State.EXECUTED, State.AUTHORISED, State.RELEASED, State.RECEIVED)
# Of a request that goes no further.
OVER = (State.WITHDRAWN, State.DECLINED, State.CLOSED)


class _Move(NamedTuple):
    """To which state something brings a request, and from which alone if not from any."""

    to: State
    only_from: tuple[State, ...] = tuple(State)


_MOVES: dict[type[Event], _Move] = {
    RequestSubmitted: _Move(State.SUBMITTED),
    RequestReturned: _Move(State.RETURNED),
    RequestWithdrawn: _Move(State.WITHDRAWN),
    # What the law says of a request that is not before the office does not bring it back there.
    LawDetermined: _Move(State.LAW_DETERMINED, CAME_IN),
    RequestApproved: _Move(State.APPROVED),
    RequestDeclined: _Move(State.DECLINED),
    AgreementExecuted: _Move(State.EXECUTED, (State.APPROVED,)),
    ReleaseAuthorised: _Move(State.AUTHORISED),
    ReleaseHandedOver: _Move(State.RELEASED),
    ReleaseFailed: _Move(State.EXECUTED, (State.AUTHORISED,)),
    ReleaseReceived: _Move(State.RECEIVED, (State.RELEASED,)),
    RequestClosed: _Move(State.CLOSED),
}
# The events by which a request comes from one state to another.
MOVES = frozenset(_MOVES)


def moved(state: State, event: Event) -> State:
    """How far a request has come once this has happened, too, as far as decisions go by it."""
    if type(event) is RequestSubmitted and state in (State.RETURNED, State.RESUBMITTED):
        return State.RESUBMITTED
    move = _MOVES.get(type(event))
    return move.to if move and state in move.only_from else state
