"""C1.5: everybody else is covered by their own board, and by the home board's determination or reliance."""

from collections.abc import Iterator
from datetime import datetime

from projections.acts import Act
from projections.rules.ethics import covering, facts_about, is_from
from projections.rules.rule import Objection, Rule
from projections.standing import Standing

RULE = Rule[Act](
    "irb-and-couhes",
    "C1.5",
    "other researchers have their own board's approval or exemption, and the home board's or its reliance",
)


@RULE.objects
def outside_people_without_boards(act: Act, standing: Standing, at: datetime) -> Iterator[Objection]:
    """Reliance rests on the very determination that covers the person, and ends with it."""
    request, day = standing.request(act.request), standing.office.day(at)
    for person in request.study_group:
        if not is_from("outside", person, request):
            continue
        own = covering(person, request, standing.office, day, home=False)
        facts = facts_about(person, request, home=False)
        if not own:
            yield RULE.objection("determination of their own institution's board", person, facts)
        relied = any(one.reliance and one.reliance.event.on <= day for one in own)
        if not relied and not covering(person, request, standing.office, day, home=True):
            facts += facts_about(person, request, home=True)
            yield RULE.objection("home board's determination or reliance", person, facts)
