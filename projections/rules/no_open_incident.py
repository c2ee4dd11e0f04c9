"""Policy: no incident is open on what is decided about."""

from collections.abc import Iterator
from datetime import date

from projections.acts import Act
from projections.rules.rule import Objection, Rule
from projections.standing import Standing

RULE = Rule[Act]("no-open-incident", "policy", "no incident is open on the request")


@RULE.objects
def open_incidents(act: Act, standing: Standing, day: date) -> Iterator[Objection]:
    """One that names no request is on whatever its people or data sets take part in."""
    del day
    for id_, incident in standing.open_incidents.items():
        if incident.concerns(act.request, act.people(standing), act.looks_at(standing)):
            yield RULE.objection("an end of the incident", id_, incident.facts)
