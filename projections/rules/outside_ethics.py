"""C1.5: everybody else is covered by their own board, and by the home board's determination or reliance."""

from collections.abc import Iterator
from datetime import datetime

from projections.acts import Act
from projections.rules.ethics import covering, facts_about, is_from, shown
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
    for person in act.people(standing):
        if not is_from("outside", person, request):
            continue
        own = covering(person, request, standing.office, day, home=False)
        home = covering(person, request, standing.office, day, home=True)
        relied = [one.reliance.event for one in own if one.reliance and one.reliance.event.on <= day]
        is_covered_at_home = shown(home) or any(one.document for one in relied)
        if shown(own) and is_covered_at_home:
            continue
        facts = facts_about(person, request, home=False)
        if not shown(own):
            wanting = (
                "letter of their own institution's board" if own else "determination of their own institution's board"
            )
            yield RULE.objection(wanting, person, facts)
        if not is_covered_at_home:
            facts += facts_about(person, request, home=True)
            wanting = "home board's letter" if home or relied else "home board's determination or reliance"
            yield RULE.objection(wanting, person, facts)
