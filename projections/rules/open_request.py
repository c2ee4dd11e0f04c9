"""C1: the request is before the office: it came in, and was neither returned, withdrawn nor decided."""

from collections.abc import Iterator
from datetime import date

from projections.acts import Act
from projections.rules.rule import Objection, Rule
from projections.standing import BEFORE_THE_OFFICE, Standing

RULE = Rule[Act]("open-request", "C1", "the request is before the office")


@RULE.objects
def not_before_the_office(act: Act, standing: Standing, day: date) -> Iterator[Objection]:
    """A decision is made once."""
    del day
    request = standing.request(act.request)
    if request.state not in BEFORE_THE_OFFICE:
        yield RULE.objection(f"an open request: it is {request.state}", act.request, [request.since])
