"""How far a request has come on a day, by what a log has of it at a moment."""

from collections.abc import Iterator
from datetime import date

from ledger.boundary import Boundary, about
from ledger.codec import Recorded
from ledger.events import FactCorrected
from projections.asof import AsOf
from projections.standing import USES, RequestStanding, Stage, stage_on, uncorrected


def uses_of(request: str) -> Boundary:
    """That somebody was let in to the data of a request, or opened them."""
    return about(*USES, tags=[f"request:{request}"])


def stage_at(request: str, known: RequestStanding, log: AsOf, day: date) -> Stage:
    """How far a request has come."""
    return stage_on(known, day, _uses(request, log, known.since))


def _uses(request: str, log: AsOf, after: int) -> Iterator[Recorded]:
    """Those that count, one by one: there may be very many of them, and the first is all that is asked for."""
    corrections = [*log.facts([about(FactCorrected, tags=[f"request:{request}"])])]
    for use in log.facts([uses_of(request)], after):
        if use in uncorrected([use, *corrections]):
            yield use
