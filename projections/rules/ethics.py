"""Whom ethics boards cover; what the rules for C1.4 and C1.5 have in common."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Literal

from projections.standing import Determination, Office, RequestStanding


def is_from(where: Literal["home", "outside"], person: str, request: RequestStanding) -> bool:
    """Whether the rules for people of the home institution, or of others, apply; in doubt, both do."""
    known = request.affiliations.get(person)
    return known is None or known.event.affiliation in (where, "in doubt")


def covering(person: str, request: RequestStanding, office: Office, day: date, *, home: bool) -> list[Determination]:
    """The determinations, of the home board or of the person's own, that cover a person on a day, letter or not."""
    accepts = office.policy.event.accepts_not_human_subjects
    return [one for one in _by_board(person, request, home=home) if one.covers(person, day, not_human_subjects=accepts)]


def shown(determinations: Iterable[Determination]) -> list[Determination]:
    """Those of which the board's letter is there."""
    return [one for one in determinations if one.known.event.document is not None]


def facts_about(person: str, request: RequestStanding, *, home: bool) -> list[int]:
    """What shows that a person is not covered: their affiliation, and what their board last said of them."""
    known = request.affiliations.get(person)
    said = [one for one in _by_board(person, request, home=home) if one.is_about(person)]
    return [*([known.position] if known else []), *(said[-1].facts if said else ())]


def _by_board(person: str, request: RequestStanding, *, home: bool) -> Sequence[Determination]:
    """The determinations of the home board, or of the person's own: where that is not known, of any that names them."""
    own = None if home else request.organisation(person)
    if home or own is not None:
        return request.determined_by(own)
    said = [(one, one.known.event) for one in request.determinations.values()]
    return [one for one, event in said if event.organisation is not None and person in event.covers]
