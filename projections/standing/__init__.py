"""Standings: what the facts add up to, as far as a decision needs it.

Folding may not fail, ask or wait; nothing in here reads a store or asks a clock. Each part keeps the facts that made it
so with their positions, because whoever decides must be able to say what it looked at.
"""

from projections.standing.known import Known
from projections.standing.office import Office
from projections.standing.person import PersonStanding
from projections.standing.request import BEFORE_THE_OFFICE, MOVES, Determination, RequestStanding, State, moved
from projections.standing.standing import FOLDED, PASSED_OVER, Standing

__all__ = [
    "BEFORE_THE_OFFICE",
    "FOLDED",
    "MOVES",
    "PASSED_OVER",
    "Determination",
    "Known",
    "Office",
    "PersonStanding",
    "RequestStanding",
    "Standing",
    "State",
    "moved",
]
