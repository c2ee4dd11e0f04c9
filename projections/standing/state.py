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


class _Move(NamedTuple):
    """To which state something brings a request, and from which alone if not from any."""

    to: State
    only_from: State | None = None


_MOVES: dict[type[Event], _Move] = {
    RequestSubmitted: _Move(State.SUBMITTED),
    RequestReturned: _Move(State.RETURNED),
    RequestWithdrawn: _Move(State.WITHDRAWN),
    # What the law says of a request that is not before the office does not bring it back there.
    LawDetermined: _Move(State.LAW_DETERMINED, State.SUBMITTED),
    RequestApproved: _Move(State.APPROVED),
    RequestDeclined: _Move(State.DECLINED),
    AgreementExecuted: _Move(State.EXECUTED, State.APPROVED),
    ReleaseAuthorised: _Move(State.AUTHORISED),
    ReleaseHandedOver: _Move(State.RELEASED),
    ReleaseFailed: _Move(State.EXECUTED, State.AUTHORISED),
    ReleaseReceived: _Move(State.RECEIVED, State.RELEASED),
    RequestClosed: _Move(State.CLOSED),
}
# The events by which a request comes from one state to another.
MOVES = frozenset(_MOVES)


def moved(state: State, event: Event) -> State:
    """How far a request has come once this has happened, too; that it has ended is a matter of the day."""
    move = _MOVES.get(type(event))
    return move.to if move and move.only_from in (None, state) else state
