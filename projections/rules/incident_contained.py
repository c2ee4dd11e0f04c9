"""Policy: an incident is closed once, when it is contained."""

from collections.abc import Iterator
from datetime import date

from projections.acts import CloseIncident
from projections.rules.rule import Objection, Rule
from projections.standing import Standing

RULE = Rule[CloseIncident]("incident-contained", "policy", "an incident is contained before it is closed")


@RULE.objects
def not_contained(act: CloseIncident, standing: Standing, day: date) -> Iterator[Objection]:
    """What goes on is not over."""
    del day
    incident = standing.incident(act.incident)
    if incident.reported is None:
        yield RULE.objection("the incident", act.incident)
    elif not incident.is_open:
        yield RULE.objection("an incident that is open", act.incident, incident.facts)
    elif incident.contained is None:
        yield RULE.objection("containment", act.incident, incident.facts)
