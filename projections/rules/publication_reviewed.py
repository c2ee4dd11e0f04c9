"""K3: before something appears, somebody apart from the work has found in it nothing that identifies a learner."""

from collections.abc import Iterator
from datetime import date

from projections.acts import PassPublication, involved
from projections.rules.rule import Objection, Rule
from projections.standing import Standing

RULE = Rule[PassPublication]("publication-reviewed", "K3", "somebody apart from the work found it fit to be published")


@RULE.objects
def unreviewed(act: PassPublication, standing: Standing, day: date) -> Iterator[Objection]:
    """Policy says whether anybody has to; authors and the study group review nothing of their own."""
    del day
    apart_from, policy = involved(act, standing), standing.office.policy
    published = standing.request(act.request).publication(act.publication)
    if policy.event.publication_reviewers and not published.latest(apart_from):
        own = [one for one in published.reviews if one.event.reviewer in apart_from]
        facts = [policy.position, published.notified and published.notified.position, *(one.position for one in own)]
        yield RULE.objection("a review by somebody apart from the work", act.publication, facts)


@RULE.objects
def found_unfit(act: PassPublication, standing: Standing, day: date) -> Iterator[Objection]:
    """Whoever reviewed it, and whatever policy asks: what somebody last found unfit is not passed."""
    del day
    published = standing.request(act.request).publication(act.publication)
    for one in published.latest(apart_from=()):
        if one.event.result == "changes needed":
            yield RULE.objection("the changes that the review by them asks for", one.event.reviewer, [one.position])
