"""Whom ethics boards cover; what the rules for C1.4 and C1.5 have in common."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from typing import NamedTuple

from projections.standing import Determination, Office, RequestStanding


class Covered(NamedTuple):
    """Whom some determinations cover, of the people who were asked about and maybe of others; and whom by a letter."""

    at_all: Collection[str]
    by_letter: Collection[str]


def covered(people: Collection[str], determinations: Iterable[Determination]) -> Covered:
    """Whom these determinations cover by the letters of the boards that made them: all at once, for they are few."""
    known = [one.known.event for one in determinations]
    return whom(people, [(one.covers, one.document) for one in known])


def whom(people: Collection[str], said: Iterable[tuple[tuple[str, ...], str | None]]) -> Covered:
    """The same of determinations that are given by whom they name and by a letter; to name nobody is to mean all."""
    at_all, by_letter = set[str](), set[str]()
    for named, letter in said:
        at_all.update(named or people)
        if letter is not None:
            by_letter.update(named or people)
    return Covered(at_all, by_letter)


def in_force(determinations: Iterable[Determination], office: Office, day: date) -> list[Determination]:
    """Those that let whom they are about work with human subjects' data on a day, letter or not."""
    accepts = office.policy.event.accepts_not_human_subjects
    return [one for one in determinations if one.in_force(day, not_human_subjects=accepts)]


def covering(person: str, request: RequestStanding, office: Office, day: date, *, home: bool) -> list[Determination]:
    """The determinations, of the home board or of the person's own, that cover a person on a day, letter or not."""
    return [one for one in in_force(_by_board(person, request, home=home), office, day) if one.is_about(person)]


def facts_about(person: str, request: RequestStanding, *, home: bool) -> list[int]:
    """What shows that a person is not covered: their affiliation, and what their board last said of them."""
    known = request.affiliations.get(person)
    said = [one for one in _by_board(person, request, home=home) if one.is_about(person)]
    return [*([known.position] if known else []), *(said[-1].facts if said else ())]


def determined_by(organisation: str | None, request: RequestStanding) -> Sequence[Determination]:
    """The determinations of the board of people's own organisation: where that is not known, of any that name some."""
    if organisation is not None:
        return request.determined_by(organisation)
    said = [(one, one.known.event) for one in request.determinations.values()]
    return [one for one, event in said if event.organisation is not None and event.covers]


def _by_board(person: str, request: RequestStanding, *, home: bool) -> Sequence[Determination]:
    return request.determined_by(None) if home else determined_by(request.organisation(person), request)
