"""Whether somebody may open a data set now, or might have at some time; nothing is recorded."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import NamedTuple

from ledger.boundary import about
from ledger.events import AmendmentIssued, RequestSubmitted
from projections.acts import LetIn
from projections.asof import AsOf
from projections.rules.rule import Objection
from projections.rules.rulebook import judge

# Who asks is of no importance to the rules for access.
ANYBODY = "operator:local"


class Under(NamedTuple):
    """The request and the agreement that let somebody in, and the last day of that."""

    request: str | None
    agreement: str | None
    until: date | None


class Permission(NamedTuple):
    """The answer, by the log up to a position: what is held against it, or else under what it is so."""

    person: str
    dataset: str
    position: int
    objections: tuple[Objection, ...]
    under: Under | None


def may_open(log: AsOf, person: str, dataset: str, at: datetime) -> Permission:
    """Under the request that lets the person in, or else what is held against them where least is in the way.

    By what counts at the moment of the log that is asked, and judged for a time.
    """
    answers = [_answer(act, log, at) for act in _ways(person, dataset, log)]
    objections, under = min(answers, key=lambda one: len(one[0]))
    return Permission(person, dataset, log.position, objections, None if objections else under)


def _ways(person: str, dataset: str, log: AsOf) -> Iterator[LetIn]:
    """Under each request that asks for the data set and names the person; under none, when there is none."""
    tags = [f"person:{person}", f"dataset:{dataset}"]
    asked = [fact.event for fact in log.facts([about(RequestSubmitted, AmendmentIssued, tags=tags)])]
    requests = dict.fromkeys(
        one.request for one in reversed(asked) if isinstance(one, RequestSubmitted | AmendmentIssued)
    )
    for request in requests or [None]:
        yield LetIn(principal=ANYBODY, request=request, person=person, dataset=dataset)


def _answer(act: LetIn, log: AsOf, at: datetime) -> tuple[tuple[Objection, ...], Under]:
    standing = log.standing(act)
    request = standing.request(act.request)
    day = standing.office.day(at)
    named = [request.named(act.people(standing), day, one.dataset, one.form) for one in act.wanted(standing)]
    naming = [party for parties in named for party in parties[act.person or ""]]
    found = [(request.agreement(party.agreement).last_day, party.agreement) for party in naming]
    until, agreement = min(found, default=(None, None))
    return tuple(judge(act, standing, at)), Under(act.request, agreement, until)
