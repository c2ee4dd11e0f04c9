"""Policy: a student names a faculty sponsor."""

from collections.abc import Iterator
from datetime import date

from projections.acts import Act
from projections.rules.rule import Objection, Rule
from projections.standing import Standing

RULE = Rule[Act]("student-sponsor", "policy", "a student names a faculty sponsor")


@RULE.objects
def unsponsored(act: Act, standing: Standing, day: date) -> Iterator[Objection]:
    """The sponsor is somebody else."""
    del day
    submitted = standing.request(act.request).submitted
    if submitted is None:
        return
    said = submitted.event
    if said.researcher_is_student and said.sponsor in (None, said.researcher):
        yield RULE.objection("faculty sponsor", said.researcher, [submitted.position])
