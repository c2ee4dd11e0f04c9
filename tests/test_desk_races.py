"""Races at the desk, from several processes: what was allowed was allowed by everything that stands before it.

Whatever the order turns out to be, the log is the judge: on all that stands before it each act is judged once more.
"""

import msgspec
import pytest

from ledger.events import (
    Event,
    ReleaseAuthorised,
    ReleaseHandedOver,
    RequestApproved,
)
from projections.standing import Standing
from tests.clerks import LATE, of_round
from tests.facts import ANA, BEN, REQUEST
from tests.office_acts import approve, authorise, authorised, decline, hand_over
from tests.office_facts import (
    COUHES,
    DUA,
    IRB,
    TODAY,
    board_ended,
    couhes,
    irb,
    key_revoked,
    law,
    reliance,
    request,
    returned,
    role_ended,
    suspended,
    terminated,
    trial_failed,
    withdrawn,
)
from tests.office_requests import ready
from tests.races import (
    ROUNDS,
    assert_held_after,
    assert_one_was_faster,
    judged,
    raced,
    rules_against,
)

pytestmark = pytest.mark.campaign

BY_THE_ALTERNATE = approve(principal="staff:alternate")


def test_of_two_approvals_of_one_request_one_is_done_and_the_other_refused(shared_url: str):
    log = assert_one_was_faster(shared_url, approve(), BY_THE_ALTERNATE, others=["open-request"])

    assert sum(isinstance(fact.event, RequestApproved) for fact in log) == ROUNDS


def test_of_three_who_decide_on_one_request_one_decides(shared_url: str):
    assert_one_was_faster(shared_url, approve(), BY_THE_ALTERNATE, decline(), others=["open-request"])


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
    assert_held_after(shared_url, approve(), report, *rules)


@pytest.mark.parametrize("move", [withdrawn(), returned()], ids=lambda move: move.wire_name)
def test_a_request_is_approved_or_goes_away_and_never_both(shared_url: str, move):
    came, log = judged(shared_url, approve(), move)

    for approval, gone in came:
        if approval.refused:
            assert gone.position is not None
            assert (rules_against(approval, log), gone.error) == (["open-request"], "")
        else:
            assert (gone.position, gone.error) == (None, "Malformed")


def test_whose_role_ends_decides_before_or_not_at_all(shared_url: str):
    came, _ = judged(shared_url, approve(), role_ended())

    for approval, ended in came:
        assert ended.position is not None
        if approval.position is None:
            assert approval.error == "NotEntitled"
        else:
            assert (approval.refused, approval.position < ended.position) == (False, True)


def test_a_request_comes_in_again_once(shared_url: str):
    came, log = raced(shared_url, returned(), request(), request())

    standing = Standing(log)
    for number, (gone, *again) in enumerate(came):
        in_again = [one for one in again if one.position is not None]
        assert gone.error == ""
        assert len(in_again) <= 1
        assert {one.error for one in again if one.position is None} <= {"Malformed"}
        state = standing.request(of_round(request(), number).request).state
        assert state == ("resubmitted" if in_again else "returned")


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
    assert_held_after(shared_url, act, happens, held_by, facts=facts)


@pytest.mark.parametrize(
    ("facts", "act", "first"),
    [(READY, authorise(), ReleaseAuthorised), (AUTHORISED, hand_over(), ReleaseHandedOver)],
    ids=["authorise", "hand over"],
)
def test_a_release_is_authorised_once_and_goes_out_once(shared_url: str, facts, act, first):
    by_the_alternate = msgspec.structs.replace(act, principal="staff:alternate")
    log = assert_one_was_faster(shared_url, act, by_the_alternate, act, facts=facts, others=["release-in-turn"])

    begun = len(log) - 3 * ROUNDS
    assert sum(isinstance(fact.event, first) for fact in log[begun:]) == ROUNDS


def test_a_release_against_everything_at_once(shared_url: str):
    happens = [terminated(DUA), suspended(BEN, REQUEST), key_revoked()]
    came, log = judged(shared_url, hand_over(), *happens, facts=AUTHORISED)

    for release, *happened in came:
        assert release.position is not None
        before = [one for one in happened if one.position is not None and one.position < release.position]
        assert len(rules_against(release, log)) == len(before)


def test_an_approval_against_everything_at_once(shared_url: str):
    came, _ = judged(
        shared_url, approve(), BY_THE_ALTERNATE, suspended(ANA, REQUEST), board_ended(COUHES, TODAY), withdrawn()
    )

    for number, (*approvals, _, _, gone) in enumerate(came):
        done = [one for one in approvals if not one.refused]
        assert len(done) + (gone.position is not None) <= 1, number


def test_a_determination_becomes_known_once_and_is_relied_on_only_then(shared_url: str):
    came, _ = raced(shared_url, irb(determination=LATE), couhes(determination=LATE), reliance(determination=LATE))

    for one, other, relied in came:
        (position,) = [known.position for known in (one, other) if known.position is not None]
        assert {one.error, other.error} == {"", "Malformed"}
        assert relied.error == "Malformed" if relied.position is None else relied.position > position
