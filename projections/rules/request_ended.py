"""C2: a request is closed when all its agreements are over, and no release is under way."""

from collections.abc import Iterator
from datetime import date

from projections.acts import CloseRequest
from projections.rules.rule import Objection, Rule
from projections.standing import GRANTED, Standing

RULE = Rule[CloseRequest]("request-ended", "C2", "all agreements of the request are over, and no release is under way")


@RULE.objects
def not_granted(act: CloseRequest, standing: Standing, day: date) -> Iterator[Objection]:
    """What was never approved, or is closed, needs no closing."""
    del day
    request = standing.request(act.request)
    if request.state not in GRANTED:
        yield RULE.objection(f"a request under way: it is {request.state}", act.request, [request.since])


@RULE.objects
def goes_on(act: CloseRequest, standing: Standing, day: date) -> Iterator[Objection]:
    """An agreement binds through its last day; one that nobody put in force binds nobody."""
    request = standing.request(act.request)
    for id_, agreement in request.agreements.items():
        if agreement.executed and not agreement.is_over(day):
            yield RULE.objection("an agreement that is over", id_, agreement.facts)
    for id_, release in request.releases.items():
        if release.authorised and not (release.handed_over or release.failed):
            yield RULE.objection("a release that came to an end", id_, [release.authorised.position])
