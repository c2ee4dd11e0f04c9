"""C1: the request was approved, and goes on."""

from collections.abc import Iterator
from datetime import date

from projections.acts import Act
from projections.rules.rule import Objection, Rule
from projections.standing import GRANTED, Standing

RULE = Rule[Act]("approved-request", "C1", "the request was approved")


@RULE.objects
def not_approved(act: Act, standing: Standing, day: date) -> Iterator[Objection]:
    """Whatever is done for a request follows from its approval."""
    del day
    request = standing.request(act.request)
    if request.state not in GRANTED:
        yield RULE.objection(f"an approved request: it is {request.state}", act.request, [request.since])
