"""Policy: who decides plays no part in the request, and who extracts does not get the data."""

from collections.abc import Iterator
from datetime import date

from projections.acts import Act, HandOverRelease, getting, involved
from projections.rules.rule import Objection, Rule
from projections.standing import Standing

RULE = Rule[Act](
    "separate-duties",
    "policy",
    "who decides plays no part in the request, and who extracts does not get the data",
)


@RULE.objects
def deciding_on_own_request(act: Act, standing: Standing, day: date) -> Iterator[Objection]:
    """It is about who decides, not about who types."""
    del day
    person = standing.office.person(act.principal)
    if person and person.event in involved(act, standing):
        submitted = standing.request(act.request).submitted
        yield RULE.objection(
            "somebody else to decide", person.event, [person.position, submitted and submitted.position]
        )


@RULE.objects
def extracting_for_oneself(act: Act, standing: Standing, day: date) -> Iterator[Objection]:
    """Whoever gets data, or works with those who do, does not choose what is in them."""
    del day
    request = standing.request(act.request)
    if isinstance(act, HandOverRelease) and act.extracted_by in getting(request):
        submitted = request.submitted
        yield RULE.objection("somebody else to extract the data", act.extracted_by, [submitted and submitted.position])
