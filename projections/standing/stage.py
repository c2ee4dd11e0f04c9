"""How far a request has come as it is shown, which is further than decisions ask."""

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from ledger.events import AccessPermitted, DataSetOpened
from projections.standing.holding import attested_by, holdings
from projections.standing.known import Told
from projections.standing.request import RequestStanding
from projections.standing.state import State

# That somebody was let in, or opened something, is no reason to decide anything anew: no standing holds it.
USES = (AccessPermitted, DataSetOpened)


class Stage(NamedTuple):
    """How far a request has come; `since` is the position of the last fact by which it came there."""

    state: State
    since: int


def stage_on(request: RequestStanding, day: date, uses: Iterable[Told] = ()) -> Stage:
    """How far a request has come on a day; `uses` are those under it that count, in order.

    It is in use since the first after its receipt. That it has ended is a matter of the day, and of no fact; then it
    counts whether it is attested that all that was held under it is destroyed.
    """
    stage = _while_it_lasts(request, uses)
    if not request.has_ended(day):
        return stage
    attested = attested_by(holdings(request))
    if attested is None:
        return Stage(State.ENDED, stage.since)
    return Stage(State.DESTRUCTION_ATTESTED, max(stage.since, attested))


def _while_it_lasts(request: RequestStanding, uses: Iterable[Told]) -> Stage:
    if request.state is State.RECEIVED:
        first = next((one.position for one in uses if one.position > request.since), None)
        if first is not None:
            return Stage(State.IN_USE, first)
    return Stage(request.state, request.since)
