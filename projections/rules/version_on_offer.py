"""C1.3: what is released is in the catalogue, in the form that was asked for."""

from collections.abc import Iterator
from datetime import date

from projections.acts import Releasing
from projections.rules.rule import Objection, Rule
from projections.standing import Standing

RULE = Rule[Releasing]("version-on-offer", "C1.3", "what is released is on offer, in the form that was asked for")


@RULE.objects
def not_on_offer(act: Releasing, standing: Standing, day: date) -> Iterator[Objection]:
    """A form is what it was last found to be."""
    del day
    request = standing.request(act.request)
    asked_for = {(one.dataset, one.form) for one in request.datasets}
    if not act.chosen(standing):
        yield RULE.objection("something to release", act.request)
    for one in act.chosen(standing):
        known = standing.dataset(one.dataset)
        form, facts = known.form(one.label), known.facts(one.label)
        if form is None:
            yield RULE.objection(f"version {one.label}", one.dataset, facts)
        elif (one.dataset, form) not in asked_for:
            submitted = request.submitted
            yield RULE.objection(f"a request for it, {form}", one.dataset, [*facts, submitted and submitted.position])
        if known.retired:
            yield RULE.objection("a place in the catalogue: it is retired", one.dataset, facts)
