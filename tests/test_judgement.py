"""Judgements: what an act was judged on is kept, and gives the same answer from the log alone."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any

import msgspec
import pytest

import projections.judgement
from api.desk import Desk
from ledger.boundary import about
from ledger.codec import Recorded
from ledger.errors import Conflict, LedgerError
from ledger.events import (
    ActRefused,
    Event,
    PersonDetailsChanged,
    PersonErased,
    PersonRegistered,
    PersonSuspended,
    PolicyPublished,
    RequestApproved,
    RequestDeclined,
    RequestSubmitted,
    RoleGranted,
)
from ledger.log import IdempotencyKey, Ledger
from ledger.storage import open_store
from projections.acts import Act, act_from
from projections.judgement import Explanation, judge_again, judge_now
from projections.rules.rule import Objection
from projections.rules.rulebook import VERSION
from tests.facts import ANA, BEN, NOON, REQUEST, Clock, commitment, data_set, ledger_on, person
from tests.office import HOUSE, first_moment_of, written
from tests.office_acts import (
    approve,
    approved,
    authorise,
    authorised,
    decline,
    execute,
    hand_over,
    issue,
    let_in,
    permitted,
    waive,
)
from tests.office_facts import (
    COUHES,
    DIRECTOR,
    DUA,
    ELSEWHERE,
    FAR_OFF,
    HEAD,
    IRB,
    MOU,
    NOWHERE,
    OTHER_REQUEST,
    STRANGER,
    THE_DIRECTOR,
    TODAY,
    TOMORROW,
    WITH_ALL_DETAILS,
    affiliation,
    board_ended,
    certified,
    correction,
    couhes,
    designated,
    key_revoked,
    law,
    lifted,
    memorandum,
    organisation,
    reliance,
    request,
    returned,
    role,
    role_ended,
    suspended,
    terminated,
    wanted,
    withdrawn,
)
from tests.office_requests import complete, ready

UNCOVERED = Objection("couhes", ANA, "home board's determination", (complete().index(affiliation(ANA, "home")) + 1,))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger(clock: Clock) -> Iterator[Ledger]:
    """An empty ledger."""
    with open_store("sqlite://", clock) as store:
        yield ledger_on(store, clock)


def decided(ledger: Ledger, clock: Clock, act: Act) -> Recorded:
    """The entry that came of an act."""
    (entry,) = Desk(ledger, clock).act(act, HOUSE).entries
    return ledger.codec.decode(entry)


def explained(ledger: Ledger, recorded: Recorded, now: datetime) -> Explanation:
    explanation = judge_again(ledger, recorded, now)
    assert explanation is not None
    return explanation


def rejudged(recorded: Recorded, **changes: Any) -> Recorded:
    """The entry as it would be with another judgement."""
    assert recorded.judged is not None
    return msgspec.structs.replace(recorded, judged=msgspec.structs.replace(recorded.judged, **changes))


# The answer that was given.


def test_an_approval_is_explained_by_the_absence_of_objections(ledger: Ledger, clock: Clock):
    written(complete(), ledger)
    recorded = decided(ledger, clock, approve())

    explanation = explained(ledger, recorded, NOON)

    today = Objection("open-request", REQUEST, "an open request: it is approved", (recorded.position,))
    assert explanation == Explanation(recorded.position, said=(), then=(), today=(today,))
    assert explanation.agrees is True


def test_a_refusal_is_explained_by_the_objections_that_were_recorded(ledger: Ledger, clock: Clock):
    written(complete(couhes=None), ledger)
    recorded = decided(ledger, clock, approve())

    assert explained(ledger, recorded, NOON) == Explanation(
        recorded.position, said=(UNCOVERED,), then=(UNCOVERED,), today=(UNCOVERED,)
    )


def test_what_was_not_judged_is_not_explained(ledger: Ledger):
    written(complete(), ledger)

    assert [judge_again(ledger, fact, NOON) for fact in ledger.facts()] == [None] * len(complete())


LATER: list[Event] = [
    PolicyPublished(time_zone="Asia/Kolkata", accepts_not_human_subjects=True),
    role_ended(),
    role(person=ANA),
    PersonDetailsChanged(person=ANA, name=commitment(4)),
    PersonErased(person=ANA, details=(), last_copy_lapses=TODAY),
    suspended(ANA),
    suspended(BEN, REQUEST),
    affiliation(ANA, "outside"),
    couhes(determination="E-2", outcome="exempt"),
    board_ended(COUHES, TODAY),
    board_ended(IRB, TODAY),
    reliance(on=TOMORROW),
    returned(),
    request(study_group=(ANA, BEN, STRANGER), personnel=(ANA, BEN, STRANGER)),
    law(consistent=False),
    withdrawn(),
    data_set("D-other"),
    request(OTHER_REQUEST),
]


@pytest.mark.parametrize("facts", [complete(), complete(couhes=None), complete(law=None, irb=None)], ids=[0, 1, 3])
def test_the_answer_stays_what_it_was_however_much_is_told_later(ledger: Ledger, clock: Clock, facts):
    written(facts, ledger)
    recorded = decided(ledger, clock, approve())
    first = explained(ledger, recorded, NOON)
    for fact in LATER:
        clock.go(timedelta(days=30))
        written([fact], ledger)
        again = explained(ledger, recorded, clock())
        assert (again.said, again.then, again.agrees) == (first.said, first.then, True)


def test_the_standing_of_then_comes_only_from_the_facts_that_were_read(ledger: Ledger, clock: Clock):
    """Facts that came between the reading and the entry are no matter of it, or it would have been a conflict."""
    written(complete(couhes=None), ledger)
    recorded = decided(ledger, clock, approve())
    assert recorded.judged is not None
    written([couhes()], ledger)
    head = ledger.store.head().position

    def judged_on(read_to: int) -> Explanation:
        return explained(ledger, rejudged(recorded, read_to=read_to), NOON)

    assert judged_on(recorded.judged.read_to).then == (UNCOVERED,)
    assert judged_on(head - 1).then == (UNCOVERED,)
    assert (judged_on(head).then, judged_on(head).agrees) == ((), False)
    assert judged_on(0).agrees is False


def test_it_is_judged_at_the_time_of_then(ledger: Ledger, clock: Clock):
    written(complete(couhes=couhes(expires=TODAY)), ledger)
    recorded = decided(ledger, clock, approve())
    clock.go(timedelta(days=100))

    explanation = explained(ledger, recorded, clock())

    assert (explanation.then, explanation.agrees) == ((), True)


def test_it_is_judged_by_the_policy_of_then(ledger: Ledger, clock: Clock):
    """In Kolkata it is half past four in the morning of the next day."""
    clock.now = first_moment_of(TOMORROW) - timedelta(hours=6)
    zones = ("America/New_York", "Asia/Kolkata")
    facts = complete(policy=PolicyPublished(time_zone=zones[0]), couhes=couhes(expires=TODAY))
    written(facts, ledger)
    recorded = decided(ledger, clock, approve())
    written([PolicyPublished(time_zone=zones[1])], ledger)

    explanation = explained(ledger, recorded, clock())

    assert explanation.agrees is True
    assert [one.rule for one in explanation.today or ()] == ["open-request", "couhes"]


# What today would say.


def test_today_says_what_the_same_act_would_meet_now(ledger: Ledger, clock: Clock):
    written(complete(couhes=None), ledger)
    recorded = decided(ledger, clock, approve())
    written([couhes()], ledger)

    explanation = explained(ledger, recorded, NOON)

    assert (explanation.said, explanation.then, explanation.today) == ((UNCOVERED,), (UNCOVERED,), ())


def test_today_differs_by_time_alone(ledger: Ledger, clock: Clock):
    written(complete(couhes=couhes(expires=FAR_OFF), law=None), ledger)
    recorded = decided(ledger, clock, approve())

    def today(at: datetime) -> list[str]:
        return [one.rule for one in explained(ledger, recorded, at).today or ()]

    assert today(NOON) == ["law-determined"]
    assert today(first_moment_of(FAR_OFF)) == ["law-determined"]
    assert today(first_moment_of(FAR_OFF + timedelta(days=1))) == [
        "couhes",
        "irb-and-couhes",
        "irb-and-couhes",
        "law-determined",
    ]


def test_today_is_what_the_desk_would_say_now(ledger: Ledger, clock: Clock):
    written(complete(couhes=None), ledger)
    recorded = decided(ledger, clock, approve())
    for fact in LATER:
        written([fact], ledger)
        assert explained(ledger, recorded, NOON).today == judge_now(ledger, approve(), NOON).objections


def test_explaining_writes_nothing(ledger: Ledger, clock: Clock):
    written(complete(), ledger)
    recorded = decided(ledger, clock, approve())
    before = ledger.store.head()
    explained(ledger, recorded, NOON)

    assert ledger.store.head() == before


# When it does not agree.


def test_an_answer_that_the_rules_do_not_give_is_noticed(ledger: Ledger, clock: Clock):
    written(complete(couhes=None), ledger)
    refusal = decided(ledger, clock, approve())
    assert refusal.judged is not None
    forged = msgspec.structs.replace(HOUSE.fact(approved().event), judged=refusal.judged)
    ledger.append([forged])
    *_, recorded = ledger.facts()

    explanation = explained(ledger, recorded, NOON)

    assert (explanation.said, explanation.then, explanation.agrees) == ((), (UNCOVERED,), False)


@pytest.mark.parametrize(
    ("said", "agrees"),
    [
        ([UNCOVERED], True),
        ([Objection("couhes", ANA, "in other words", UNCOVERED.facts)], True),
        ([], False),
        ([UNCOVERED, UNCOVERED], False),
        ([Objection("couhes", BEN, UNCOVERED.wanting, UNCOVERED.facts)], False),
        ([Objection("couhes", None, UNCOVERED.wanting, UNCOVERED.facts)], False),
        ([Objection("couhes", ANA, UNCOVERED.wanting, (1,))], False),
        ([Objection("law-determined", ANA, UNCOVERED.wanting, UNCOVERED.facts)], False),
    ],
    ids=["same", "other words", "less", "twice", "another person", "nobody", "other facts", "another rule"],
)
def test_answers_are_the_same_by_rules_people_and_facts_and_not_by_words(said, agrees):
    assert Explanation(1, tuple(said), (UNCOVERED,), ()).agrees is agrees


def test_answers_are_the_same_in_whichever_order_they_are_told():
    other = Objection("law-determined", None, "legal determination", (3,))

    assert Explanation(1, (UNCOVERED, other), (other, UNCOVERED), ()).agrees is True


# When it cannot be told.


def test_a_judgement_by_other_rules_cannot_be_replayed_here_and_is_no_forgery(
    ledger: Ledger, clock: Clock, monkeypatch: pytest.MonkeyPatch
):
    written(complete(couhes=None), ledger)
    recorded = decided(ledger, clock, approve())
    monkeypatch.setattr(projections.judgement, "VERSION", VERSION + 1)

    explanation = explained(ledger, recorded, NOON)

    assert explanation == Explanation(
        recorded.position,
        said=(UNCOVERED,),
        then=None,
        today=(UNCOVERED,),
        why=f"it was judged by rulebook {VERSION}, and this program has rulebook {VERSION + 1}",
    )
    assert explanation.agrees is None


def test_a_judgement_by_newer_rules_cannot_be_replayed_by_an_older_program(
    ledger: Ledger, clock: Clock, monkeypatch: pytest.MonkeyPatch
):
    written(complete(), ledger)
    with monkeypatch.context() as newer:
        newer.setattr(projections.judgement, "VERSION", 7)
        recorded = decided(ledger, clock, approve())
    assert recorded.judged is not None
    assert recorded.judged.rulebook == 7

    explanation = explained(ledger, recorded, NOON)

    assert (explanation.then, explanation.agrees) == (None, None)
    assert explanation.why == f"it was judged by rulebook 7, and this program has rulebook {VERSION}"


@pytest.mark.parametrize(
    "command",
    [
        {"act": "shred-request", "principal": THE_DIRECTOR, "request": REQUEST},
        {"act": "approve-request", "principal": THE_DIRECTOR, "request": REQUEST, "conditions": None, "colour": "red"},
        {"act": "approve-request", "principal": THE_DIRECTOR},
        {"act": "approve-request", "principal": THE_DIRECTOR, "request": "R-1"},
        {"principal": THE_DIRECTOR, "request": REQUEST},
        {},
    ],
    ids=["unknown", "with more to it", "with less to it", "of another shape", "nameless", "empty"],
)
def test_an_act_that_this_program_does_not_know_cannot_be_judged_again(ledger: Ledger, clock: Clock, command):
    written(complete(), ledger)
    recorded = decided(ledger, clock, approve())

    explanation = explained(ledger, rejudged(recorded, command=command), NOON)

    assert (explanation.said, explanation.then, explanation.today, explanation.agrees) == ((), None, None, None)
    assert explanation.why.startswith("this program does not know the act: ")


# Every judgement of a whole story.


def story(chance: Random) -> Iterator[Event | Act]:
    """What may happen in an office, in no good order."""
    for _ in range(60):
        wishes: list[Event | Act] = [
            approve(),
            approve(),
            approve(conditions=commitment(3)),
            decline(),
            approve(principal="staff:2"),
            approve(request=OTHER_REQUEST),
            couhes(determination=f"E-{chance.randrange(10**9)}", covers=chance.choice([(), (ANA,), (BEN,)])),
            board_ended(chance.choice([COUHES, IRB]), TODAY + timedelta(days=chance.randrange(20))),
            reliance(on=TODAY - timedelta(days=chance.randrange(3))),
            affiliation(BEN, chance.choice(["home", "outside", "in doubt"]), chance.choice([None, ELSEWHERE])),
            suspended(chance.choice([ANA, BEN]), chance.choice([None, REQUEST])),
            lifted(ANA),
            lifted(BEN, REQUEST),
            lifted(BEN),
            lifted(ANA, REQUEST),
            law(consistent=chance.random() < 0.8),
            returned(),
            request(datasets=chance.choice([(), (wanted(),)])),
            request(),
            role_ended(),
            role(),
            role(principal="staff:2", person=STRANGER, role="staff"),
            PersonDetailsChanged(person=ANA, phone=commitment()),
        ]
        yield chance.choice(wishes)


@pytest.mark.parametrize("seed", range(8))
def test_every_judgement_of_a_story_is_explained_from_the_log_alone(ledger: Ledger, clock: Clock, seed):
    desk = Desk(ledger, clock)
    written([*complete(), request(OTHER_REQUEST)], ledger)
    for wish in story(Random(seed)):
        clock.go(timedelta(hours=7))
        try:
            _ = desk.act(wish, HOUSE) if isinstance(wish, Act) else desk.report(wish, HOUSE)
        except LedgerError:
            continue

    judged = [fact for fact in ledger.facts() if fact.judged is not None]
    assert {type(fact.event) for fact in judged} >= {ActRefused}
    for fact in judged:
        explanation = explained(ledger, fact, clock())
        assert explanation.agrees is True
        assert (explanation.said == ()) == isinstance(fact.event, RequestApproved | RequestDeclined)


# What an entry keeps.


def test_a_judgement_keeps_the_whole_wish(ledger: Ledger, clock: Clock):
    written(complete(policy=None), ledger)
    recorded = decided(ledger, clock, approve(conditions=commitment(3)))

    assert msgspec.to_builtins(recorded.judged) == {
        "at": "2026-11-21T12:00:00.000000Z",
        "command": {
            "act": "approve-request",
            "principal": THE_DIRECTOR,
            "request": REQUEST,
            "conditions": commitment(3),
        },
        "policy": None,
        "read_to": len(complete(policy=None)),
        "rulebook": VERSION,
    }


def test_a_reading_is_everything_that_the_act_depends_on_and_nothing_else(ledger: Ledger):
    other = request(OTHER_REQUEST, researcher=STRANGER, personnel=(STRANGER,), study_group=(STRANGER,), datasets=())
    written([*complete(), other, suspended(STRANGER), data_set("D-other")], ledger)

    reading = judge_now(ledger, approve(), NOON).reading

    untouched = (person(DIRECTOR), person(HEAD), person(STRANGER), organisation(ELSEWHERE), organisation(NOWHERE))
    assert [fact.event for fact in reading.facts] == [fact for fact in complete() if fact not in untouched]
    assert reading.position == len(complete()) + 3


@pytest.mark.parametrize(
    ("act", "also"),
    [
        (execute(DUA), ()),
        (authorise(), ()),
        (hand_over(), (person(STRANGER),)),
        (issue(memorandum(agreement="A-2")), (person(STRANGER),)),
        (waive(), ()),
    ],
    ids=lambda value: value.name if isinstance(value, Act) else "",
)
def test_what_follows_from_a_request_is_read_with_it(ledger: Ledger, act, also):
    written([*ready(), authorised().event], ledger)

    reading = judge_now(ledger, act, NOON).reading

    nobody_asks = {person(DIRECTOR), person(HEAD), person(STRANGER), organisation(ELSEWHERE), organisation(NOWHERE)}
    untouched = nobody_asks - {*also}
    assert [fact.event for fact in reading.facts] == [
        fact for fact in [*ready(), authorised().event] if fact not in untouched
    ]


def test_an_access_rests_on_nobody_else_and_on_no_other_access(ledger: Ledger, clock: Clock):
    written([*ready(), permitted().event, permitted(BEN, DUA).event, suspended(BEN)], ledger)

    reading = judge_now(ledger, let_in(ANA), NOON).reading

    told = [fact.event for fact in reading.facts]
    assert {person(ANA, **WITH_ALL_DETAILS), certified(ANA)} <= {*told}
    assert {certified(BEN), suspended(BEN), permitted().event}.isdisjoint(told)


@pytest.mark.parametrize(
    ("facts", "act"),
    [
        (ready(mou=None), issue(memorandum())),
        (ready(mou_executed=None), execute()),
        (ready(), authorise()),
        ([*ready(), authorised().event], hand_over()),
        (ready(), let_in(BEN)),
        (ready(), waive()),
    ],
    ids=lambda value: value.name if isinstance(value, Act) else "",
)
def test_each_act_is_read_back_and_judged_again_whatever_is_told_later(ledger: Ledger, clock: Clock, facts, act):
    written(facts, ledger)
    recorded = decided(ledger, clock, act)
    assert recorded.judged is not None
    assert act_from(recorded.judged.command) == act
    for fact in [
        *LATER,
        terminated(MOU),
        key_revoked(),
        designated(BEN),
        correction(facts.index(couhes()) + 1, couhes()),
    ]:
        written([fact], ledger)
        explanation = explained(ledger, recorded, clock())
        assert (explanation.said, explanation.then, explanation.agrees) == ((), (), True)


def test_a_judgement_made_before_a_correction_is_explained_by_what_was_believed_then(ledger: Ledger, clock: Clock):
    facts = complete()
    written(facts, ledger)
    recorded = decided(ledger, clock, approve())
    written([correction(facts.index(couhes()) + 1, couhes())], ledger)

    explanation = explained(ledger, recorded, NOON)

    assert (explanation.said, explanation.then) == ((), ())
    assert [one.rule for one in explanation.today or ()] == ["open-request", "couhes"]


# Looking twice.

ANAS = f"person:{ANA}"


def test_a_second_look_is_of_the_same_moment_as_the_first(ledger: Ledger):
    written(complete(), ledger)
    first = ledger.read([about(RoleGranted)])
    written([suspended(ANA)], ledger)
    second = ledger.widen(first, [about(PersonSuspended, PersonRegistered, tags=[ANAS])])

    assert second.position == first.position == len(complete())
    assert [type(fact.event) for fact in second.facts] == [RoleGranted, RoleGranted, RoleGranted, PersonRegistered]


def test_what_either_look_finds_newer_is_a_conflict(ledger: Ledger):
    written(complete(), ledger)
    first = ledger.read([about(RoleGranted)])
    second = ledger.widen(first, [about(PersonSuspended, tags=[ANAS])])
    written([suspended(ANA)], ledger)

    ledger.append([HOUSE.fact(lifted(ANA))], first)
    with pytest.raises(Conflict):
        ledger.append([HOUSE.fact(lifted(ANA))], second)

    third = ledger.widen(ledger.read([about(RoleGranted)]), [about(PersonSuspended, tags=[ANAS])])
    written([role()], ledger)
    with pytest.raises(Conflict):
        ledger.append([HOUSE.fact(lifted(ANA))], third)


def test_what_both_looks_find_stands_once_and_in_order(ledger: Ledger):
    written([*complete(), suspended(ANA)], ledger)
    second = ledger.widen(
        ledger.read([about(PersonSuspended, RequestSubmitted)]),
        [about(PersonSuspended, tags=[ANAS]), about(PolicyPublished), about(PersonSuspended)],
    )

    positions = [fact.position for fact in second.facts]
    assert [type(fact.event) for fact in second.facts] == [PolicyPublished, RequestSubmitted, PersonSuspended]
    assert positions == sorted(positions)


def test_a_second_look_at_nothing_changes_nothing(ledger: Ledger):
    written(complete(), ledger)
    first = ledger.read([about(RoleGranted)], IdempotencyKey("staff:1", "k-1", b""))

    assert ledger.widen(first, []) == first
