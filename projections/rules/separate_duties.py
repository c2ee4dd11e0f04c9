"""Policy: who decides plays no part in the request."""

from collections.abc import Iterator
from datetime import datetime

from projections.acts import Act, involved
from projections.rules.rule import Objection, Rule
from projections.standing import Standing

RULE = Rule[Act]("separate-duties", "policy", "who decides plays no part in the request")


@RULE.objects
def deciding_on_own_request(act: Act, standing: Standing, at: datetime) -> Iterator[Objection]:
    """It is about who decides, not about who types."""
    del at
    person = standing.office.person(act.principal)
    if person and person.event in involved(act, standing):
        submitted = standing.request(act.request).submitted
        yield RULE.objection(
            "somebody else to decide", person.event, [person.position, submitted and submitted.position]
        )
