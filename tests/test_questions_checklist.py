"""The checklist says what the rules say, line by line."""

from typing import Any

import pytest
from hypothesis import given

from ledger.events import Event, TrainingVerified
from projections.acts import ApproveRequest, AuthoriseRelease
from projections.checklist import BY_PERSON, ITEMS, NOT_LISTED, TOLD, Line, checklist, next_act, release_of
from projections.rules.rulebook import RULEBOOK, judge, rule
from projections.standing import Standing
from tests.event_strategies import examples
from tests.facts import ANA, BEN, DATA_SET, NOON, REQUEST, commitment, version_added
from tests.office import recorded
from tests.office_facts import (
    FAR_OFF,
    IRB,
    LONG_AGO,
    TODAY,
    YESTERDAY,
    affiliation,
    board_ended,
    couhes,
    irb,
    law,
    reliance,
    reliance_requested,
    returned,
    suspended,
    withdrawn,
)
from tests.office_facts import request as submitted
from tests.office_requests import complete
from tests.view_facts import (
    AGREED,
    KEYED,
    RELEASED,
    approved,
    designated,
    issued,
    key_confirmed,
    key_filed,
    logs,
    sent_test,
    trained,
    waiver,
)

TRAINED = [trained(ANA, LONG_AGO, FAR_OFF), trained(BEN, LONG_AGO, FAR_OFF)]
VERIFIED = [TrainingVerified(person=one, certificate=commitment(13)) for one in (ANA, BEN)]
READY = [version_added(), *TRAINED, *VERIFIED]


def lines(*facts: Event) -> list[Line]:
    return checklist(REQUEST, Standing(recorded(facts)), NOON)


def wanting(*facts: Event) -> list[tuple[str, str | None, str, str]]:
    """What isn't there."""
    return [(one.rule, one.about, one.status, one.wanting) for one in lines(*facts) if one.status != "there"]


def test_every_rule_that_judges_an_approval_or_a_release_is_an_item_or_left_out_on_purpose():
    judging = {one.id for act in (ApproveRequest, AuthoriseRelease) for one in RULEBOOK[act]}
    assert sorted([*ITEMS, *NOT_LISTED]) == sorted(judging)
    assert set(BY_PERSON) <= set(ITEMS)


CASES: list[list[Event]] = [
    complete(),
    complete(couhes=None, law=None),
    complete(request=submitted(study_group=(), datasets=())),
    complete(request=submitted(researcher_is_student=True, head_approval=None)),
    complete(ana_affiliation=None, irb=irb(expires=YESTERDAY)),
    [*complete(), suspended(BEN)],
    [*complete(), returned()],
    [*complete(), withdrawn()],
    [*complete(), approved()],
    [*complete(), *AGREED, *KEYED, *READY],
    [*complete(), *RELEASED, *READY, suspended(ANA)],
    [*complete(), *AGREED, designated(), key_filed(expires=NOON)],
]


@pytest.mark.parametrize("facts", CASES)
def test_what_the_next_decision_would_meet_is_what_the_checklist_lacks(facts: list[Event]):
    assert_agrees(Standing(recorded(facts)))


@given(logs())
@examples(15)
def test_the_checklist_agrees_with_the_rules_whatever_has_been_recorded(facts: list[Any]):
    standing = Standing(recorded([one.event for one in facts]))
    if standing.request(REQUEST).submitted:
        assert_agrees(standing)


def assert_agrees(standing: Standing) -> None:
    listed = checklist(REQUEST, standing, NOON)
    objections = judge(next_act(REQUEST, standing), standing, NOON)

    assert sorted(
        (one.rule, str(one.about), one.wanting, one.facts) for one in listed if one.now and one.wanting
    ) == sorted(
        (one.rule, str(one.about), TOLD.get(one.wanting, one.wanting), one.facts)
        for one in objections
        if one.rule not in NOT_LISTED
    )
    assert [one.source for one in listed] == [rule(one.rule).source for one in listed]


def test_what_nobody_chose_yet_is_not_called_by_the_word_that_stands_in_for_it():
    facts = [*complete(), *AGREED, designated(), key_filed(), key_confirmed()]
    told = [one for one in wanting(*facts) if one[0] in ("key-tested", "version-on-offer")]

    assert told == [
        ("key-tested", ANA, "missing", "a test of the key by the channel of the release"),
        ("version-on-offer", DATA_SET, "missing", "a version"),
    ]


def test_everything_that_a_release_needs_is_there_with_the_facts_that_show_it():
    facts = [*complete(), *AGREED, *KEYED, *READY]
    # BEN acts for another organisation, and needs an agreement of the other kind.
    assert wanting(*facts) == [("named-recipients", BEN, "missing", "a place in an agreement in force")]
    shown = {(one.rule, one.about): [facts[at - 1] for at in one.facts] for one in lines(*facts)}
    assert shown["couhes", ANA] == [couhes()]
    assert shown["citi-training", ANA] == [TRAINED[0], VERIFIED[0]]
    assert shown["law-determined", None] == [law()]
    assert shown["key-tested", None] == [*KEYED[1:3], KEYED[4]]
    assert shown["version-on-offer", None][-1] == version_added()


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (complete(couhes=couhes(outcome="pending")), ("couhes", ANA, "pending", "home board's determination")),
        (complete(couhes=couhes(document=None)), ("couhes", ANA, "missing", "home board's letter")),
        (
            complete(irb=irb(outcome="pending")),
            ("irb-and-couhes", BEN, "pending", "determination of their own institution's board"),
        ),
        ([*complete(), TRAINED[0]], ("citi-training", ANA, "pending", "verification of the CITI certificate")),
        (complete(law=None), ("law-determined", None, "pending", "legal determination")),
        (
            [*complete(ben_affiliation=affiliation(BEN, "home")), approved(), issued()],
            ("named-recipients", BEN, "pending", "a place in an agreement in force"),
        ),
        (
            [*complete(), *AGREED, designated(), key_filed(), key_confirmed(), sent_test()],
            ("key-tested", ANA, "pending", "a test of the key by sftp-drop"),
        ),
    ],
)
def test_what_is_on_its_way_is_pending(facts: list[Event], expected: Any):
    assert expected in wanting(*facts)


ASKED = [*complete(reliance=None), reliance_requested()]
LATER = irb(determination="E-2")
SUSPENDED = board_ended(IRB, YESTERDAY)


@pytest.mark.parametrize(
    ("facts", "status"),
    [
        (complete(reliance=None), ["missing"]),
        (ASKED, ["pending"]),
        (complete(irb=irb(outcome="pending"), reliance=reliance_requested()), ["pending"]),
        ([*ASKED, reliance(document=None)], []),
        ([*ASKED, reliance()], []),
        ([*ASKED, SUSPENDED], ["missing"]),
        (complete(irb=irb(expires=YESTERDAY), reliance=reliance_requested()), ["missing"]),
        (complete(irb=irb(covers=(ANA,)), reliance=reliance_requested()), ["missing"]),
        (complete(reliance=None, couhes=couhes(outcome="pending", covers=())), ["pending"]),
        ([*ASKED, LATER, reliance_requested(determination="E-2"), board_ended("E-2", YESTERDAY)], ["missing"]),
    ],
    ids=[
        *("not asked for", "asked for", "before their own board decides", "elected without a letter", "elected"),
        *("ended", "over", "of others", "the home board itself", "asked for on what came instead, and ended"),
    ],
)
def test_reliance_that_was_asked_for_is_pending_until_it_is_answered_or_rests_on_nothing(
    facts: list[Event], status: list[str]
):
    wanted = "home board's determination or reliance"
    assert [one for _, about, one, what in wanting(*facts) if (about, what) == (BEN, wanted)] == status


@pytest.mark.parametrize("affiliated", ["home", "in doubt"])
def test_reliance_that_was_asked_for_is_no_determination_of_the_home_board(affiliated: Any):
    facts = [*ASKED, affiliation(BEN, affiliated)]
    assert ("couhes", BEN, "missing", "home board's determination") in wanting(*facts)


def test_a_waived_item_names_the_waiver():
    facts = [*complete(), *AGREED, designated(), key_filed(), key_confirmed(), waiver(TODAY)]
    (line,) = [one for one in lines(*facts) if one.rule == "key-tested"]
    assert (line.status, line.facts) == ("waived", (len(facts),))
    (line,) = [one for one in lines(*facts[:-1], waiver(YESTERDAY)) if one.rule == "key-tested"]
    assert line.status == "missing"


def test_nothing_is_said_of_a_key_before_there_is_a_contact_and_nothing_of_its_test_before_there_is_one():
    def of_the_key(*facts: Event) -> list[str]:
        return [one.rule for one in lines(*facts) if one.rule.startswith("key-")]

    assert of_the_key(*complete(), *AGREED) == []
    assert of_the_key(*complete(), *AGREED, designated()) == ["key-usable"]
    assert of_the_key(*complete(), *AGREED, *KEYED) == ["key-usable", "key-confirmed", "key-address", "key-tested"]


def test_the_release_that_is_judged_takes_the_last_version_in_the_form_that_was_asked_for():
    facts = [*complete(), version_added("1"), version_added("2")]
    assert [one.label for one in release_of(REQUEST, Standing(recorded(facts))).versions] == ["2"]
