"""Policy: nobody in the study group is suspended."""

from collections.abc import Iterator
from datetime import date

from projections.acts import Act
from projections.rules.rule import Objection, Rule
from projections.standing import Standing

RULE = Rule[Act]("nobody-suspended", "policy", "nobody in the study group is suspended")


@RULE.objects
def suspended_people(act: Act, standing: Standing, day: date) -> Iterator[Objection]:
    """In this request or in all."""
    del day
    for person in standing.barred_ever(act.people(standing)):
        suspensions = standing.person(person).suspensions_in(act.request or "")
        if suspensions:
            yield RULE.objection("an end of the suspension", person, suspensions)
