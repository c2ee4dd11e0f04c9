"""Policy: debarred people take part in no new request."""

from collections.abc import Iterator
from datetime import date

from projections.acts import Act
from projections.rules.rule import Objection, Rule
from projections.standing import Standing

RULE = Rule[Act]("nobody-debarred", "policy", "debarred people take part in no new request")


@RULE.objects
def debarred_people(act: Act, standing: Standing, day: date) -> Iterator[Objection]:
    """The researcher, and everybody who will have access.

    It is judged at each step that gives somebody more than they have: from the approval to the release, and when an
    agreement is amended or renewed. What a debarred person has already they keep: taking that is a suspension.
    """
    for person in sorted(standing.barred_ever(act.asks_about(standing))):
        debarments = standing.person(person).debarments_on(day)
        if debarments:
            yield RULE.objection("an end of the debarment", person, debarments)
