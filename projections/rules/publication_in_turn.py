"""K3: what is passed comes of data that were released, and waits to be passed."""

from collections.abc import Iterator
from datetime import date

from projections.acts import PassPublication
from projections.rules.rule import Objection, Rule
from projections.standing import Standing

RULE = Rule[PassPublication]("publication-in-turn", "K3", "what is passed comes of a release, and is under review")


@RULE.objects
def not_under_review(act: PassPublication, standing: Standing, day: date) -> Iterator[Objection]:
    """Nothing is passed that has appeared already: that would look as if it had been asked for in time."""
    del day
    published = standing.request(act.request).publication(act.publication)
    if published.state != "under review":
        wanting = f"a publication under review: it is {published.state}"
        yield RULE.objection(wanting, act.publication, published.facts)


@RULE.objects
def of_no_release(act: PassPublication, standing: Standing, day: date) -> Iterator[Objection]:
    """Whatever else it may rest on, it does not rest on data of this office."""
    del day
    request = standing.request(act.request)
    if not any(one.handed_over and not one.failed for one in request.releases.values()):
        yield RULE.objection("a release that was handed over", act.request)
