"""Races at the desk, from several processes, round after round; whatever the order, the log is the judge.

On all that stands before it each act is judged once more.
"""

from collections.abc import Sequence

from ledger.codec import Recorded
from ledger.events import (
    AccessPermitted,
    ActRefused,
    AgreementExecuted,
    AgreementRenewed,
    DestructionAccepted,
    Event,
    HoldingWrittenOff,
    PublicationPassed,
    QueryAnswered,
    ReleaseAuthorised,
    ReleaseHandedOver,
    RequestApproved,
    RequestClosed,
    RequestDeclined,
)
from ledger.storage import open_store
from projections.acts import Act, act_from
from projections.rules.rule import Objection
from projections.rules.rulebook import judge
from projections.standing import Standing
from tests.clerks import BY_AN_ADMIN, Came, of_round, race
from tests.facts import NOON, ledger_on, noon
from tests.office import written
from tests.office_facts import (
    STRANGER,
    role,
)
from tests.office_requests import complete
from tests.stores import CAMPAIGN, assert_holds

DONE = (
    RequestApproved,
    RequestDeclined,
    ReleaseAuthorised,
    ReleaseHandedOver,
    AgreementExecuted,
    AgreementRenewed,
    DestructionAccepted,
    HoldingWrittenOff,
    RequestClosed,
    AccessPermitted,
    PublicationPassed,
    QueryAnswered,
)
ROUNDS = 300 if CAMPAIGN else 20
AN_ADMIN = role(principal=BY_AN_ADMIN.actor, person=None, role="admin")
ALTERNATE = role(principal="staff:alternate", person=STRANGER, role="alternate")
OPEN = complete()

Race = tuple[list[list[Came]], list[Recorded]]


def raced(url: str, *wishes: Event | Act, facts: Sequence[Event] = OPEN) -> Race:
    """What came of these wishes, each in a process of its own, for a request in each round; and the log.

    Before them, these facts are told, those about the request and its director in each round. What was acknowledged is
    there, and an auditor finds nothing.
    """
    with open_store(url, noon) as store:
        ledger = ledger_on(store, noon)
        each = [fact for fact in facts if "request" in fact.__struct_fields__ or fact == role()]
        written([*(fact for fact in facts if fact not in each), ALTERNATE, AN_ADMIN], ledger)
        for number in range(ROUNDS):
            written([of_round(fact, number) for fact in each], ledger)
        came = race(url, ROUNDS, wishes)
        assert_holds(store)
        log = list(ledger.facts())
    assert_everything_is_there(came, log)
    return came, log


def assert_every_answer_was_right(log: Sequence[Recorded]) -> None:
    """At its position, by all that stands before it and is not about another request; somebody decided who may."""
    before: dict[str, list[Recorded]] = {}
    for fact in log:
        if fact.judged is not None:
            act = act_from(fact.judged.command)
            told = [*before.get("", ()), *before.get(act.request or "", ())]
            standing = Standing(sorted(told, key=lambda one: one.position))
            assert standing.office.roles(act.principal, NOON) & set(act.roles)
            assert tuple(judge(act, standing, NOON)) == objections_of(fact.event)
        before.setdefault(getattr(fact.event, "request", None) or "", []).append(fact)


def objections_of(event: Event) -> tuple[Objection, ...]:
    if isinstance(event, ActRefused):
        return tuple(Objection(said.rule, said.about, said.wanting, said.facts) for said in event.objections)
    assert isinstance(event, DONE)
    return ()


def assert_everything_is_there(came: Sequence[Sequence[Came]], log: Sequence[Recorded]) -> None:
    """What was acknowledged stands where it was said to stand, and nothing else was written in the race."""
    acknowledged = [one.position for of_one in came for one in of_one if one.position is not None]
    begun = min(acknowledged)

    assert sorted(acknowledged) == [fact.position for fact in log if fact.position >= begun]


def rules_against(one: Came, log: Sequence[Recorded]) -> list[str]:
    """Which rules objected; none to what was done."""
    assert one.position is not None
    return [objection.rule for objection in objections_of(log[one.position - 1].event)]


def judged(url: str, *wishes: Event | Act, facts: Sequence[Event] = OPEN) -> Race:
    """As `raced`, and every answer was right."""
    came, log = raced(url, *wishes, facts=facts)
    assert_every_answer_was_right(log)
    return came, log


def assert_one_was_faster(
    url: str, *wishes: Event | Act, facts: Sequence[Event] = OPEN, others: Sequence[str]
) -> list[Recorded]:
    """In each round one act is done, and these rules hold each of the others; gives the log."""
    came, log = judged(url, *wishes, facts=facts)
    for all_of_them in came:
        assert sorted(rules_against(one, log) for one in all_of_them) == [[], *[[*others]] * (len(wishes) - 1)]
    return log


def assert_held_after(url: str, act: Act, report: Event, *held_by: str, facts: Sequence[Event] = OPEN) -> Race:
    """In each round the report is recorded, and the act is done before it, or held by these rules."""
    came, log = judged(url, act, report, facts=facts)
    for done, happened in came:
        assert happened.position is not None
        assert done.position is not None
        assert rules_against(done, log) == ([*held_by] if happened.position < done.position else [])
    return came, log
