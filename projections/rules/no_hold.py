"""Policy: no legal hold is on what is decided about."""

from collections.abc import Iterator
from datetime import date

from projections.acts import Act
from projections.rules.rule import Objection, Rule
from projections.standing import Standing

RULE = Rule[Act]("no-hold", "policy", "no legal hold is on the request, its people or its data sets")


@RULE.objects
def holds_in_force(act: Act, standing: Standing, day: date) -> Iterator[Objection]:
    """While one is, data neither go out nor are destroyed."""
    del day
    requests = (act.request,) if act.request else ()
    for id_, hold in standing.holds.items():
        if hold.holds(requests, act.people(standing), act.looks_at(standing)):
            yield RULE.objection("an end of the legal hold", id_, hold.facts)
