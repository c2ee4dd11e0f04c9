"""What keeps the next decision on a request from being made: in words, and from whom each piece is to come."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from api.awaiting import needed_for
from api.names import Names
from projections.acts import ApproveRequest
from projections.asof import AsOf
from projections.checklist import NOBODY, OF_THE_RESEARCHER, Line, checklist
from projections.standing import BEFORE_THE_OFFICE, RequestStanding, State
from projections.views.turns import BOARD, CONTACT, OFFICE, RESEARCHER

# As long as nothing was handed over.
_ON_ITS_WAY = (*BEFORE_THE_OFFICE, State.RETURNED, State.APPROVED, State.EXECUTED, State.AUTHORISED)


class Lacking(NamedTuple):
    """Before which decision on a request how much is missing or pending, and what; each with whose turn it is.

    Where nothing is to be decided, it is for none.
    """

    missing: int | None = None
    missing_for: Literal["approval", "release"] | None = None
    lacks: tuple[str, ...] = ()


def lacking_at(request: str, log: AsOf, at: datetime, names: Names) -> Lacking:
    """What a request lacks at a time."""
    standing = log.standing(ApproveRequest(principal=NOBODY, request=request))
    known = standing.request(request)
    if known.submitted is None or known.state not in _ON_ITS_WAY:
        return Lacking()
    return lacking(known, checklist(request, standing, at), names)


def lacking(known: RequestStanding, lines: Sequence[Line], names: Names) -> Lacking:
    """What lines of its checklist say that a request lacks for the decision that comes next."""
    said = [_in_words(line, names) for line in lines if line.now and line.status in ("missing", "pending")]
    (decision,) = {needed_for(line, known) for line in lines if line.now}
    return Lacking(len(said), decision, tuple(said))


def _in_words(line: Line, names: Names) -> str:
    about = f"{names(line.about)}: " if line.about else ""
    return f"{line.source} {about}{line.wanting} ({comes_from(line)})"


def comes_from(line: Line) -> str:
    """Whose turn it is to see to an item of the checklist."""
    is_pending = line.status == "pending"
    match line.rule:
        case "couhes" | "irb-and-couhes" if is_pending:
            return BOARD
        case "citi-training" if is_pending:
            return OFFICE
        case "named-recipients" if is_pending:
            return "signatories"
        case "key-usable":
            return CONTACT
        case "key-tested" if is_pending:
            return CONTACT
        case rule if rule in OF_THE_RESEARCHER:
            return RESEARCHER
    return OFFICE
