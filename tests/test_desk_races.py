"""Races at the desk, from several processes: what was allowed was allowed by everything that stands before it.

Whatever the order turns out to be, the log is the judge: on all that stands before it each act is judged once more.
"""

from collections.abc import Sequence

import msgspec
import pytest

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
from tests.clerks import BY_AN_ADMIN, LATE, Came, of_round, race
from tests.facts import ANA, BEN, NOON, REQUEST, ledger_on, noon
from tests.office import written
from tests.office_acts import approve, authorise, authorised, decline, hand_over
from tests.office_facts import (
    COUHES,
    DUA,
    IRB,
    STRANGER,
    TODAY,
    board_ended,
    couhes,
    irb,
    key_revoked,
    law,
    reliance,
    request,
    returned,
    role,
    role_ended,
    suspended,
    terminated,
    trial_failed,
    withdrawn,
)
from tests.office_requests import complete, ready
from tests.stores import CAMPAIGN, assert_holds

pytestmark = pytest.mark.campaign

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
BY_THE_ALTERNATE = approve(principal="staff:alternate")


def raced(url: str, *wishes: Event | Act, facts: Sequence[Event] = OPEN) -> tuple[list[list[Came]], list[Recorded]]:
    """What came of these wishes, each in a process of its own, for a request in each round; and the log.

    Before them, these facts are told, those about the request and its director in each round.
    """
    with open_store(url, noon) as store:
        ledger = ledger_on(store, noon)
        each = [fact for fact in facts if "request" in fact.__struct_fields__ or fact == role()]
        written([*(fact for fact in facts if fact not in each), ALTERNATE, AN_ADMIN], ledger)
        for number in range(ROUNDS):
            written([of_round(fact, number) for fact in each], ledger)
        came = race(url, ROUNDS, wishes)
        assert_holds(store)
        return came, list(ledger.facts())


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


def test_of_two_approvals_of_one_request_one_is_done_and_the_other_refused(shared_url: str):
    came, log = raced(shared_url, approve(), BY_THE_ALTERNATE)

    assert_every_answer_was_right(log)
    assert_everything_is_there(came, log)
    for both in came:
        assert sorted(rules_against(one, log) for one in both) == [[], ["open-request"]]
    assert sum(isinstance(fact.event, RequestApproved) for fact in log) == ROUNDS


def test_of_three_who_decide_on_one_request_one_decides(shared_url: str):
    came, log = raced(shared_url, approve(), BY_THE_ALTERNATE, decline())

    assert_every_answer_was_right(log)
    assert_everything_is_there(came, log)
    for all_three in came:
        assert sorted(rules_against(one, log) for one in all_three) == [[], ["open-request"], ["open-request"]]


@pytest.mark.parametrize(
    ("report", "rules"),
    [
        (suspended(ANA, REQUEST), ["nobody-suspended"]),
        (board_ended(COUHES, TODAY), ["couhes"]),
        (board_ended(IRB, TODAY), ["irb-and-couhes", "irb-and-couhes"]),
        (law(consistent=False), ["law-determined"]),
    ],
    ids=["suspension", "end of the determination", "end of what was relied on", "against the law"],
)
def test_what_happens_is_recorded_and_holds_every_approval_after_it(shared_url: str, report, rules):
    came, log = raced(shared_url, approve(), report)

    assert_every_answer_was_right(log)
    assert_everything_is_there(came, log)
    for approval, happened in came:
        assert approval.position is not None
        assert happened.position is not None
        held = happened.position < approval.position
        assert rules_against(approval, log) == (rules if held else [])


@pytest.mark.parametrize("move", [withdrawn(), returned()], ids=lambda move: move.wire_name)
def test_a_request_is_approved_or_goes_away_and_never_both(shared_url: str, move):
    came, log = raced(shared_url, approve(), move)

    assert_every_answer_was_right(log)
    assert_everything_is_there(came, log)
    for approval, gone in came:
        if approval.refused:
            assert gone.position is not None
            assert (rules_against(approval, log), gone.error) == (["open-request"], "")
        else:
            assert (gone.position, gone.error) == (None, "Malformed")


def test_whose_role_ends_decides_before_or_not_at_all(shared_url: str):
    came, log = raced(shared_url, approve(), role_ended())

    assert_every_answer_was_right(log)
    assert_everything_is_there(came, log)
    for approval, ended in came:
        assert ended.position is not None
        if approval.position is None:
            assert approval.error == "NotEntitled"
        else:
            assert (approval.refused, approval.position < ended.position) == (False, True)


def test_a_request_comes_in_again_once(shared_url: str):
    came, log = raced(shared_url, returned(), request(), request())

    assert_everything_is_there(came, log)
    standing = Standing(log)
    for number, (gone, *again) in enumerate(came):
        in_again = [one for one in again if one.position is not None]
        assert gone.error == ""
        assert len(in_again) <= 1
        assert {one.error for one in again if one.position is None} <= {"Malformed"}
        state = standing.request(of_round(request(), number).request).state
        assert state == ("submitted" if in_again else "returned")


READY = ready()
AUTHORISED = [*READY, authorised().event]
HAPPENED: dict[str, tuple[Event, str]] = {
    "the end of its agreement": (terminated(DUA), "named-recipients"),
    "a member's suspension": (suspended(BEN, REQUEST), "nobody-suspended"),
    "the end of a determination": (board_ended(COUHES, TODAY), "couhes"),
    "a revoked key": (key_revoked(), "key-usable"),
    "a test that failed": (trial_failed(), "key-tested"),
}


@pytest.mark.parametrize(("happens", "held_by"), HAPPENED.values(), ids=HAPPENED)
@pytest.mark.parametrize(
    ("facts", "act"), [(READY, authorise()), (AUTHORISED, hand_over())], ids=["authorise", "hand over"]
)
def test_after_what_holds_a_release_nothing_is_released(shared_url: str, facts, act, happens, held_by):
    came, log = raced(shared_url, act, happens, facts=facts)

    assert_every_answer_was_right(log)
    assert_everything_is_there(came, log)
    for release, happened in came:
        assert happened.position is not None
        assert release.position is not None
        assert rules_against(release, log) == ([held_by] if happened.position < release.position else [])


@pytest.mark.parametrize(
    ("facts", "act", "first"),
    [(READY, authorise(), ReleaseAuthorised), (AUTHORISED, hand_over(), ReleaseHandedOver)],
    ids=["authorise", "hand over"],
)
def test_a_release_is_authorised_once_and_goes_out_once(shared_url: str, facts, act, first):
    by_the_alternate = msgspec.structs.replace(act, principal="staff:alternate")
    came, log = raced(shared_url, act, by_the_alternate, act, facts=facts)

    assert_every_answer_was_right(log)
    assert_everything_is_there(came, log)
    for all_three in came:
        assert sorted(rules_against(one, log) for one in all_three) == [[], ["release-in-turn"], ["release-in-turn"]]
    begun = len(log) - 3 * ROUNDS
    assert sum(isinstance(fact.event, first) for fact in log[begun:]) == ROUNDS


def test_a_release_against_everything_at_once(shared_url: str):
    happens = [terminated(DUA), suspended(BEN, REQUEST), key_revoked()]
    came, log = raced(shared_url, hand_over(), *happens, facts=AUTHORISED)

    assert_every_answer_was_right(log)
    assert_everything_is_there(came, log)
    for release, *happened in came:
        assert release.position is not None
        before = [one for one in happened if one.position is not None and one.position < release.position]
        assert len(rules_against(release, log)) == len(before)


def test_an_approval_against_everything_at_once(shared_url: str):
    came, log = raced(
        shared_url, approve(), BY_THE_ALTERNATE, suspended(ANA, REQUEST), board_ended(COUHES, TODAY), withdrawn()
    )

    assert_every_answer_was_right(log)
    assert_everything_is_there(came, log)
    for number, (*approvals, _, _, gone) in enumerate(came):
        done = [one for one in approvals if not one.refused]
        assert len(done) + (gone.position is not None) <= 1, number


def test_a_determination_becomes_known_once_and_is_relied_on_only_then(shared_url: str):
    came, log = raced(shared_url, irb(determination=LATE), couhes(determination=LATE), reliance(determination=LATE))

    assert_everything_is_there(came, log)
    for one, other, relied in came:
        (position,) = [known.position for known in (one, other) if known.position is not None]
        assert {one.error, other.error} == {"", "Malformed"}
        assert relied.error == "Malformed" if relied.position is None else relied.position > position
