"""Standings: every event is folded or passed over on purpose, and any facts fold, in whatever order they come."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given as anyhow
from hypothesis import settings
from hypothesis import strategies as st

from ledger.events import (
    DECLARED,
    ActRefused,
    DataSetOpened,
    DataSetRetired,
    Event,
    FactCorrected,
    PersonDetailsChanged,
    PersonErased,
    PersonSuspended,
    PolicyPublished,
    TrainingCertified,
)
from projections.acts import Act
from projections.judgement import standing_of
from projections.rules.rulebook import judge
from projections.standing import (
    FOLDED,
    PASSED_OVER,
    DataSetStanding,
    HoldStanding,
    IncidentStanding,
    Known,
    Office,
    PersonStanding,
    PublicationStanding,
    QueryStanding,
    RequestStanding,
    Standing,
    State,
)
from projections.standing.state import MOVES
from tests.amending_facts import AMENDMENT, OF_THE_CALENDAR, amendment, debarment_lifted, debarred, expired, renewed
from tests.endings import (
    INCIDENT,
    attested,
    closed,
    contained,
    copied,
    declared,
    departed,
    gone,
    hold_lifted,
    incident,
    incident_closed,
    legal_hold,
    moved_away,
    restored,
    revoked,
    was_accepted,
)
from tests.facts import ANA, BEN, DATA_SET, NOON, REQUEST, commitment, erased, opened
from tests.office import recorded, standing
from tests.office_acts import (
    approve,
    approved,
    authorise,
    authorised,
    decline,
    declined,
    execute,
    hand_over,
    handed_over,
    issue,
    let_in,
    permitted,
    waive,
    waived,
)
from tests.office_facts import (
    COUHES,
    DIRECTOR,
    DUA,
    IRB,
    LONG_AGO,
    MOU,
    NOWHERE,
    OTHER_REQUEST,
    STRANGER,
    THE_DIRECTOR,
    TODAY,
    YESTERDAY,
    affiliation,
    board_ended,
    certified,
    correction,
    couhes,
    designated,
    failed,
    form_changed,
    in_force,
    irb,
    key_filed,
    key_rejected,
    key_revoked,
    law,
    lifted,
    memorandum,
    organisation,
    received,
    recipient,
    reliance,
    reliance_requested,
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
from tests.outside import (
    PUBLICATION,
    QUERY,
    answer,
    asked,
    changes_asked,
    has_appeared,
    let_appear,
    notified,
    passed,
    query_withdrawn,
    retracted,
    reviewed,
    told,
)
from tests.past_facts import past_release

# Every event is folded, or passed over on purpose.


def test_every_declared_event_is_folded_or_deliberately_passed_over_and_not_both():
    assert set(FOLDED) | set(PASSED_OVER) == set(DECLARED)
    assert set(FOLDED).isdisjoint(PASSED_OVER)


def test_every_event_is_folded_in_one_part_and_named_once():
    parts = [
        *(*Office.folds, *PersonStanding.folds, *DataSetStanding.folds, *RequestStanding.folds),
        *QueryStanding.folds,
        *(*IncidentStanding.folds, *HoldStanding.folds, FactCorrected),
    ]

    assert list(FOLDED) == parts
    assert len(set(parts)) == len(parts)
    assert len(set(PASSED_OVER)) == len(PASSED_OVER)
    assert set(MOVES) <= set(RequestStanding.folds)


def test_what_is_folded_says_which_person_or_request_it_is_about():
    assert all("person" in event.__struct_fields__ for event in PersonStanding.folds)
    assert all("dataset" in event.__struct_fields__ for event in DataSetStanding.folds)
    assert all("query" in event.__struct_fields__ for event in QueryStanding.folds)
    assert all("publication" in event.__struct_fields__ for event in PublicationStanding.folds)
    assert all("request" in event.__struct_fields__ for event in RequestStanding.folds)
    assert all("incident" in event.__struct_fields__ for event in IncidentStanding.folds)
    assert all("hold" in event.__struct_fields__ for event in HoldStanding.folds)


def test_each_folded_event_changes_what_is_known():
    examples: dict[type[Event], list[Event]] = {}
    for fact in [*ready(), *MORE]:
        examples.setdefault(type(fact), [])
        examples[type(fact)].append(fact)

    assert set(FOLDED) <= set(examples)
    for kind in FOLDED:
        assert any(shown(before) != shown([*before, fact]) for fact in examples[kind] for before in BEFORE), kind


def test_what_is_passed_over_changes_nothing():
    refusal = ActRefused(act="approve-request", request=REQUEST, objections=())
    access = DataSetOpened(dataset=DATA_SET, label="1", person=ANA, request=REQUEST)
    for fact in (opened(), organisation(), refusal, access, permitted().event, *OF_THE_CALENDAR):
        assert shown([*ready(), fact]) == shown(ready())


def shown(facts: Sequence[Event]) -> Any:
    """All that a standing says of whom these tests know."""
    now = standing(*facts)
    people = [now.person(one) for one in (ANA, BEN, DIRECTOR, STRANGER)]
    one = now.request(REQUEST)
    return (
        now.office.policy,
        now.office.roles(THE_DIRECTOR, NOON),
        now.office.person(THE_DIRECTOR),
        [(who.details, who.registered, who.trainings, who.suspensions_in(REQUEST), who.debarments) for who in people],
        (one.state, one.since, one.submitted, one.affiliations, one.law, one.study_group, one.waivers),
        (one.datasets, one.personnel),
        [(board.known, board.requested, board.reliance, board.ended) for board in one.determinations.values()],
        [vars(agreement) for agreement in one.agreements.values()],
        (one.contact.designated, one.contact.person, [vars(key) for key in one.contact.keys.values()]),
        [vars(release) for release in one.releases.values()],
        [now.person(who).past for who in (ANA, BEN)],
        [now.person(who).verified for who in (ANA, BEN)],
        dict(vars(now.dataset(DATA_SET))),
        [vars(published) for published in one.publications.values()],
        dict(vars(now.query(QUERY))),
        [one.leaving(who) for who in (ANA, BEN)],
        one.closed,
        (one.copies.reported, one.copies.declared, one.copies.written_off),
        [vars(attestation) for attestation in one.copies.attestations.values()],
        vars(now.incident(INCIDENT)),
        [vars(hold) for hold in now.holds.values()],
    )


MORE: list[Event] = [
    PersonDetailsChanged(person=ANA, phone=commitment()),
    erased(ANA),
    TrainingCertified(person=ANA, completed=LONG_AGO, expires=None, document=commitment()),
    suspended(ANA),
    lifted(ANA),
    role_ended(),
    returned(),
    withdrawn(),
    board_ended(COUHES, YESTERDAY),
    reliance_requested(),
    approved().event,
    declined().event,
    terminated(MOU),
    key_rejected(),
    key_revoked(),
    trial_failed(),
    authorised().event,
    handed_over().event,
    failed(),
    received(),
    waived().event,
    correction(ready().index(couhes()) + 1, couhes()),
    form_changed(),
    DataSetRetired(dataset=DATA_SET),
    past_release(),
    *(asked(), told(), told("to counsel"), query_withdrawn()),
    *(notified(), reviewed(), changes_asked(), passed().event, has_appeared(), retracted()),
    amendment(),
    in_force(AMENDMENT),
    renewed(),
    expired(),
    debarred(ANA),
    debarment_lifted(ANA),
    *(copied(), declared(), attested(), was_accepted(), gone()),
    *(incident(REQUEST), contained(REQUEST), incident_closed(REQUEST), revoked(BEN), restored(BEN)),
    *(departed(BEN), moved_away(BEN), legal_hold(request=REQUEST), hold_lifted(request=REQUEST), closed().event),
]
BEFORE: list[list[Event]] = [
    *([], complete(), ready(), [*complete(), suspended(ANA)], complete(reliance=None)),
    [*ready(), revoked(BEN)],
    [*complete(), debarred(ANA)],
    [*ready(), amendment()],
]


def test_of_what_no_fact_is_about_nothing_is_known():
    nothing = standing()

    assert (nothing.person(ANA).details, nothing.person(ANA).registered) == ({}, None)
    assert (nothing.request(REQUEST).state, nothing.request(REQUEST).since) == (State.UNKNOWN, 0)
    assert nothing.request(REQUEST).study_group == ()
    assert nothing.office.policy == Known(PolicyPublished(), 0)


def test_asking_for_somebody_who_is_not_known_makes_nobody_known():
    some = standing(*complete())
    some.person(STRANGER).details["name"] = 1
    some.request(OTHER_REQUEST).since = 7

    assert some.request(OTHER_REQUEST).since == 0
    assert standing().person(STRANGER).details == {}


# Any facts, in any order.


POOL: list[Event] = [
    *complete(),
    *MORE,
    request(study_group=(), personnel=(), datasets=(), head_approval=None),
    request(OTHER_REQUEST, researcher=BEN, sponsor=ANA, researcher_is_student=True),
    request(study_group=(ANA, ANA, BEN, STRANGER), personnel=(STRANGER,)),
    returned(OTHER_REQUEST),
    couhes(on=date.max, expires=date.min),
    couhes(on=date.min, expires=date.max, covers=()),
    irb(request=OTHER_REQUEST, determination="E-else"),
    reliance_requested(),
    reliance_requested(determination="E-unknown"),
    reliance(determination="E-unknown"),
    board_ended("E-unknown", TODAY),
    board_ended(IRB, date.min),
    law(consistent=False),
    affiliation(ANA, "in doubt"),
    suspended(BEN, OTHER_REQUEST),
    lifted(STRANGER),
    role(person=None),
    role(principal="staff:2", role="staff", starts=date.max, ends=date.min),
    role_ended("staff:2", "staff"),
    *(fact for fact in ready() if fact not in complete()),
    *(correction(position, couhes()) for position in (1, 7, 30)),
    memorandum(agreement="A-2", kind="DUA", recipients=(recipient(BEN, NOWHERE), recipient(ANA)), datasets=()),
    in_force("A-2", date.max, date.min),
    in_force("A-unknown"),
    terminated("A-unknown", date.min),
    terminated(DUA, date.max),
    designated(BEN),
    key_filed(key="K-2", person=BEN, expires=None, names_address=False),
    key_revoked(date.min, "K-unknown"),
    trial_failed("post"),
    waived("agreement-term", expires=date.max).event,
    msgspec.structs.replace(authorised().event, request=OTHER_REQUEST),
    TrainingCertified(person=BEN, completed=date.max, expires=None, document=commitment()),
    PersonErased(person=STRANGER, details=("phone",), last_copy_lapses=date.max),
]

OTHER_ACTS: list[Act] = [
    issue(memorandum()),
    execute(),
    execute("A-2"),
    authorise(),
    hand_over(),
    hand_over(release="L-unknown"),
    let_in(BEN),
    let_in(request=None),
    waive(),
    *(answer(), answer("own request", request=OTHER_REQUEST), answer("addendum", agreement=MOU)),
    *(answer("public data suffice", publication=PUBLICATION), let_appear()),
]


@settings(max_examples=200, deadline=None)
@anyhow(
    facts=st.lists(st.sampled_from(POOL), max_size=40),
    later=st.timedeltas(timedelta(days=-700_000), timedelta(days=2_900_000)),
)
def test_folding_and_judging_never_fail_and_give_the_same_each_time(facts, later):
    moment = NOON + later
    for act in (approve(), decline(request=OTHER_REQUEST), *OTHER_ACTS):
        answers = [judge(act, standing(*facts), moment) for _ in range(2)]
        assert answers[0] == answers[1]
        for objection in answers[0]:
            assert set(objection.facts) <= set(range(1, len(facts) + 1))
            assert list(objection.facts) == sorted(set(objection.facts))


@settings(max_examples=100, deadline=None)
@anyhow(facts=st.lists(st.sampled_from(POOL), max_size=30))
def test_facts_about_one_thing_fold_alike_whatever_is_told_of_others_in_between(facts):
    """So a standing read in two looks, the second for what the first found, is the same as one read at once."""
    told = list(recorded(facts))
    by_part = sorted(
        told, key=lambda fact: (type(fact.event) in PersonStanding.folds, type(fact.event) in Office.folds)
    )
    if any(isinstance(fact.event, FactCorrected) for fact in told):
        return
    for act in (approve(), decline(), *OTHER_ACTS):
        assert judge(act, Standing(told), NOON) == judge(act, Standing(by_part), NOON)


LEFT_FOR_LATER = {
    "people and data sets": (*PersonStanding.folds, *DataSetStanding.folds),
    "some of what is known of people": (TrainingCertified, PersonSuspended),
    "requests": RequestStanding.folds,
    "corrections": (FactCorrected,),
    "nothing": (),
}


def test_what_was_corrected_counts_no_more_when_it_comes_to_be_known_after_its_correction():
    facts = ready()
    told = known([*facts, correction(facts.index(certified(ANA)) + 1, certified(ANA))])
    first, more = parted(told, (*PersonStanding.folds, *DataSetStanding.folds))

    objections = judge(authorise(), standing_of(first, more), NOON)

    assert [(one.rule, one.about) for one in objections] == [("citi-training", ANA)]


@pytest.mark.parametrize("later", LEFT_FOR_LATER.values(), ids=LEFT_FOR_LATER.keys())
@settings(max_examples=60, deadline=None)
@anyhow(facts=st.lists(st.sampled_from(POOL), max_size=40))
def test_a_standing_that_was_widened_is_what_all_facts_together_add_up_to(later, facts):
    told = known(facts)
    first, more = parted(told, later)
    for act in (approve(), decline(), *OTHER_ACTS):
        assert judge(act, standing_of(first, more), NOON) == judge(act, Standing(told), NOON)
        assert judge(act, standing_of(told, more), NOON) == judge(act, Standing(told), NOON)


def known(facts: list[Event]) -> tuple[Known[Event], ...]:
    return tuple(Known(fact.event, fact.position) for fact in recorded(facts))


def parted(
    told: tuple[Known[Event], ...], later: tuple[type[Event], ...]
) -> tuple[tuple[Known[Event], ...], tuple[Known[Event], ...]]:
    """What is known first, and what comes to be known later."""
    more = tuple(fact for fact in told if isinstance(fact.event, later))
    return tuple(fact for fact in told if fact not in more), more
