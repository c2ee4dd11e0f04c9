"""C1.4: everybody from the home institution is covered by its own board's approval or exemption."""

from collections.abc import Iterator
from datetime import datetime

from projections.acts import Act
from projections.rules.ethics import covering, facts_about, is_from, shown
from projections.rules.rule import Objection, Rule
from projections.standing import Standing

RULE = Rule[Act]("couhes", "C1.4", "researchers of the home institution have its board's approval or exemption")


@RULE.objects
def home_people_without_board(act: Act, standing: Standing, at: datetime) -> Iterator[Objection]:
    """Person by person; somebody whose affiliation is in doubt needs this too."""
    request, day = standing.request(act.request), standing.office.day(at)
    for person in act.people(standing):
        if not is_from("home", person, request):
            continue
        covered = covering(person, request, standing.office, day, home=True)
        if not shown(covered):
            wanting = "home board's letter" if covered else "home board's determination"
            yield RULE.objection(wanting, person, facts_about(person, request, home=True))
