"""C1.7: the research is described, for a purpose for which learner data are given."""

from collections.abc import Iterator
from datetime import date

from projections.acts import Act
from projections.rules.rule import Objection, Rule
from projections.standing import Standing

RULE = Rule[Act]("purpose-described", "C1.7", "the research is described, and serves teaching or scholarship on it")


@RULE.objects
def undescribed(act: Act, standing: Standing, day: date) -> Iterator[Objection]:
    """IR looks at the description only as far as the legal determination needs it: there is no merit score."""
    del day
    submitted = standing.request(act.request).submitted
    if submitted is None:
        return
    if submitted.event.description is None and submitted.event.description_document is None:
        yield RULE.objection("description of the research", facts=[submitted.position])
    if not submitted.event.purposes:
        yield RULE.objection("purpose", facts=[submitted.position])
