"""C1.6: everybody in the study group has current CITI training, whatever the ethics boards decided."""

from collections.abc import Iterator
from datetime import date

from projections.acts import Act
from projections.rules.rule import Objection, Rule
from projections.standing import Standing

RULE = Rule[Act]("citi-training", "C1.6", "everybody in the study group has current CITI training")


@RULE.objects
def untrained_people(act: Act, standing: Standing, day: date) -> Iterator[Objection]:
    """On the day itself, by a certificate that the office has verified."""
    months = standing.office.policy.event.training_months
    for one in act.people(standing):
        person = standing.person(one)
        training = person.training_on(day, months)
        if training is None:
            yield RULE.objection("current CITI training", one, [known.position for known in person.trainings[-1:]])
        elif not person.is_verified(training):
            yield RULE.objection("verification of the CITI certificate", one, [training.position])
