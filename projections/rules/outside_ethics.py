"""C1.5: everybody else is covered by their own board, and by the home board's determination or reliance."""

from collections.abc import Collection, Iterable, Iterator
from datetime import date

from projections.acts import Act
from projections.rules.ethics import Covered, covered, determined_by, facts_about, in_force, whom
from projections.rules.rule import Objection, Rule
from projections.standing import Determination, Standing

RULE = Rule[Act](
    "irb-and-couhes",
    "C1.5",
    "other researchers have their own board's approval or exemption, and the home board's or its reliance",
)


@RULE.objects
def outside_people_without_boards(act: Act, standing: Standing, day: date) -> Iterator[Objection]:
    """Reliance rests on the very determination that covers the person, and ends with it."""
    request = standing.request(act.request)
    people = request.affiliations.those_from("outside", act.people(standing))
    home = covered(people, in_force(request.determined_by(None), standing.office, day))
    boards: dict[str | None, tuple[Covered, Covered]] = {}
    for person in people:
        organisation = request.organisation(person)
        if organisation not in boards:
            said = in_force(determined_by(organisation, request), standing.office, day)
            boards[organisation] = covered(people, said), relied_on(people, said, day)
        own, relied = boards[organisation]
        is_covered_at_home = person in home.by_letter or person in relied.by_letter
        if person in own.by_letter and is_covered_at_home:
            continue
        facts = facts_about(person, request, home=False)
        if person not in own.by_letter:
            wanting = "letter" if person in own.at_all else "determination"
            yield RULE.objection(f"{wanting} of their own institution's board", person, facts)
        if not is_covered_at_home:
            is_said = person in home.at_all or person in relied.at_all
            facts += facts_about(person, request, home=True)
            wanting = "home board's letter" if is_said else "home board's determination or reliance"
            yield RULE.objection(wanting, person, facts)


def relied_on(people: Collection[str], determinations: Iterable[Determination], day: date) -> Covered:
    """Whom the home board covers by relying on these determinations, and whom by its letter of that."""
    elected = [(one.known.event.covers, one.reliance.event) for one in determinations if one.reliance]
    return whom(people, [(covers, one.document) for covers, one in elected if one.on <= day])
