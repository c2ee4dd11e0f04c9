"""Whether somebody may open a data set now, or might have at some time; nothing is recorded."""

from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import NamedTuple

from ledger.codec import Recorded
from ledger.events import AmendmentIssued, FactCorrected, RequestSubmitted
from ledger.log import Boundary, Ledger, about
from projections.acts import LetIn
from projections.rules.rule import Objection
from projections.rules.rulebook import judge
from projections.standing import Standing

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
    as_of: datetime | None
    position: int
    objections: tuple[Objection, ...]
    under: Under | None


def may_open(ledger: Ledger, person: str, dataset: str, now: datetime, as_of: datetime | None = None) -> Permission:
    """Under the request that lets the person in, or else what is held against them where least is in the way.

    With `as_of`, by what had happened until then, as it is known now, and judged for then.
    """
    position, at = ledger.store.length(), as_of or now

    def facts(boundaries: list[Boundary]) -> list[Recorded]:
        return list(filter(_counts(as_of), ledger.facts(boundaries, until=position))) if boundaries else []

    answers = [_answer(act, facts, at) for act in _ways(person, dataset, facts)]
    objections, under = min(answers, key=lambda one: len(one[0]))
    return Permission(person, dataset, as_of, position, objections, None if objections else under)


def _counts(as_of: datetime | None) -> Callable[[Recorded], bool]:
    # What is known now to be wrong was so already then.
    return lambda fact: as_of is None or fact.occurred_at <= as_of or isinstance(fact.event, FactCorrected)


def _ways(person: str, dataset: str, facts: Callable[[list[Boundary]], list[Recorded]]) -> Iterator[LetIn]:
    """Under each request that asks for the data set and names the person; under none, when there is none."""
    tags = [f"person:{person}", f"dataset:{dataset}"]
    asked = [fact.event for fact in facts([about(RequestSubmitted, AmendmentIssued, tags=tags)])]
    requests = dict.fromkeys(
        one.request for one in reversed(asked) if isinstance(one, RequestSubmitted | AmendmentIssued)
    )
    for request in requests or [None]:
        yield LetIn(principal=ANYBODY, request=request, person=person, dataset=dataset)


def _answer(
    act: LetIn, facts: Callable[[list[Boundary]], list[Recorded]], at: datetime
) -> tuple[tuple[Objection, ...], Under]:
    first = facts(act.first_look())
    known = {fact.position: fact for fact in (*first, *facts(act.second_look(Standing(first))))}
    standing = Standing(known[position] for position in sorted(known))
    request = standing.request(act.request)
    naming = request.naming(act.person, standing.office.day(at), act.dataset) if act.person else ()
    found = [(request.agreement(party.agreement).last_day, party.agreement) for party in naming]
    until, agreement = min(found, default=(None, None))
    return tuple(judge(act, standing, at)), Under(act.request, agreement, until)
