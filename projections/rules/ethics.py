"""Whom ethics boards cover; what the rules for C1.4 and C1.5 have in common."""

from collections.abc import Iterable
from datetime import date
from typing import Literal

from ledger.events import EthicsDetermined
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


def _by_board(person: str, request: RequestStanding, *, home: bool) -> list[Determination]:
    """The determinations of the home board, or of the person's own."""
    return [
        one
        for one in request.determinations.values()
        if (one.known.event.organisation is None if home else _is_own(one.known.event, person, request))
    ]


def _is_own(said: EthicsDetermined, person: str, request: RequestStanding) -> bool:
    """Whether a board is the person's own; where their organisation is not known, one that names them is."""
    known = request.affiliations.get(person)
    own = known.event.organisation if known else None
    return said.organisation is not None and (person in said.covers if own is None else said.organisation == own)
