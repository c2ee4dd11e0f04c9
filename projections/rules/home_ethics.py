"""C1.4: everybody from the home institution is covered by its own board's approval or exemption."""

from collections.abc import Iterator
from datetime import date

from projections.acts import Act
from projections.rules.ethics import covered, facts_about, in_force
from projections.rules.rule import Objection, Rule
from projections.standing import Standing

RULE = Rule[Act]("couhes", "C1.4", "researchers of the home institution have its board's approval or exemption")


@RULE.objects
def home_people_without_board(act: Act, standing: Standing, day: date) -> Iterator[Objection]:
    """Person by person; somebody whose affiliation is in doubt needs this too."""
    request = standing.request(act.request)
    people = request.affiliations.those_from("home", act.people(standing))
    home = covered(people, in_force(request.determined_by(None), standing.office, day))
    for person in people:
        if person not in home.by_letter:
            wanting = "home board's letter" if person in home.at_all else "home board's determination"
            yield RULE.objection(wanting, person, facts_about(person, request, home=True))
