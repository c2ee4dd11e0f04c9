"""Until when ethics boards cover somebody, as the rules for C1.4 and C1.5 have it."""

from collections.abc import Iterable, Iterator
from datetime import date

from projections.rules.ethics import covered, determined_by, in_force
from projections.rules.outside_ethics import relied_on
from projections.standing import Determination, Office, RequestStanding, day_before


def last_covered(person: str, request: RequestStanding, office: Office) -> date | None:
    """The last day on which a person is covered: `date.max` when none is known, None for one who never was.

    Whom no board covers where they are now was covered until they moved there.
    """
    days = sorted({date.max, *_last_days(request.determinations.values())}, reverse=True)
    found = next((day for day in days if _is_covered(person, request, office, day)), None)
    if found is None and (moves := request.moves_of(person)):
        return day_before(moves[-1].event.on)
    return found


def _last_days(determinations: Iterable[Determination]) -> Iterator[date]:
    """Coverage can end on no other day than a determination does."""
    for one in determinations:
        if one.known.event.expires:
            yield one.known.event.expires
        if one.ended:
            yield day_before(one.ended.event.on)


def _is_covered(person: str, request: RequestStanding, office: Office, day: date) -> bool:
    """By letters, as whichever of the two rules is about the person demands; in doubt both are."""
    at_home = person in covered([person], in_force(request.determined_by(None), office, day)).by_letter
    if request.affiliations.those_from("home", [person]) and not at_home:
        return False
    if not request.affiliations.those_from("outside", [person]):
        return True
    said = in_force(determined_by(request.organisation(person), request), office, day)
    relied = person in relied_on([person], said, day).by_letter
    return person in covered([person], said).by_letter and (at_home or relied)
