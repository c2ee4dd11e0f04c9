"""Standings: what facts add up to, whatever comes in whatever order."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any, get_args

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
from ledger.events.governance import Role
from projections.acts import Act
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
from projections.standing.person import end_of, months_after
from projections.standing.state import MOVES, moved
from tests.amending_facts import (
    AMENDMENT,
    OF_THE_CALENDAR,
    amendment,
    debarment_lifted,
    debarred,
    expired,
    renewed,
)
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
from tests.facts import ANA, BEN, DATA_SET, NOON, REQUEST, commitment, erased, opened, person
from tests.office import (
    COUHES,
    DIRECTOR,
    DUA,
    FAR_OFF,
    IRB,
    LONG_AGO,
    MOU,
    NOWHERE,
    OFFICE_ZONE,
    OTHER_REQUEST,
    STRANGER,
    THE_DIRECTOR,
    TODAY,
    TOMORROW,
    YESTERDAY,
    affiliation,
    approve,
    approved,
    authorise,
    authorised,
    board_ended,
    certified,
    complete,
    correction,
    couhes,
    decline,
    declined,
    designated,
    execute,
    failed,
    first_moment_of,
    form_changed,
    hand_over,
    handed_over,
    in_force,
    irb,
    issue,
    key_filed,
    key_rejected,
    key_revoked,
    last_moment_of,
    law,
    let_in,
    lifted,
    memorandum,
    organisation,
    permitted,
    ready,
    received,
    recipient,
    recorded,
    reliance,
    request,
    returned,
    role,
    role_ended,
    suspended,
    terminated,
    trial_failed,
    waive,
    waived,
    withdrawn,
)
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


def standing(*facts: Event) -> Standing:
    return Standing(recorded(facts))


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
        [(board.known, board.reliance, board.ended) for board in one.determinations.values()],
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
    told = list(recorded([*facts, correction(facts.index(certified(ANA)) + 1, certified(ANA))]))
    first = [fact for fact in told if not isinstance(fact.event, (*PersonStanding.folds, *DataSetStanding.folds))]

    objections = judge(authorise(), Standing(first).widened(told), NOON)

    assert [(one.rule, one.about) for one in objections] == [("citi-training", ANA)]


@pytest.mark.parametrize("later", LEFT_FOR_LATER.values(), ids=LEFT_FOR_LATER.keys())
@settings(max_examples=60, deadline=None)
@anyhow(facts=st.lists(st.sampled_from(POOL), max_size=40))
def test_a_standing_that_was_widened_is_what_all_facts_together_add_up_to(later, facts):
    told = [Known(fact.event, fact.position) for fact in recorded(facts)]
    first = [fact for fact in told if not isinstance(fact.event, later)]
    for act in (approve(), decline(), *OTHER_ACTS):
        widened = Standing(first).widened(told)
        assert judge(act, widened, NOON) == judge(act, Standing(told), NOON)
        assert judge(act, widened.widened(told), NOON) == judge(act, Standing(told), NOON)


# How far a request has come.

EVENTS: dict[str, Event] = {
    "submitted": request(),
    "returned": returned(),
    "withdrawn": withdrawn(),
    "law": law(),
    "approved": approved().event,
    "declined": declined().event,
    "executed": in_force(MOU),
    "authorised": authorised().event,
    "handed over": handed_over().event,
    "failed": failed(),
    "received": received(),
    "closed": closed().event,
    "other": affiliation(ANA, "home"),
}
TO: dict[State, dict[str, State]] = {
    state: {
        "submitted": State.SUBMITTED,
        "returned": State.RETURNED,
        "withdrawn": State.WITHDRAWN,
        "law": State.LAW_DETERMINED if state is State.SUBMITTED else state,
        "approved": State.APPROVED,
        "declined": State.DECLINED,
        "executed": State.EXECUTED if state is State.APPROVED else state,
        "authorised": State.AUTHORISED,
        "handed over": State.RELEASED,
        "failed": State.EXECUTED if state is State.AUTHORISED else state,
        "received": State.RECEIVED if state is State.RELEASED else state,
        "closed": State.CLOSED,
        "other": state,
    }
    for state in State
}


@pytest.mark.parametrize("name", EVENTS)
@pytest.mark.parametrize("state", State)
def test_a_request_moves_from_each_state_by_each_event_as_the_table_says(state, name):
    assert moved(state, EVENTS[name]) is TO[state][name]


@settings(max_examples=100, deadline=None)
@anyhow(names=st.lists(st.sampled_from(sorted(EVENTS)), max_size=12))
def test_a_request_has_come_as_far_as_its_events_moved_it_and_knows_since_when(names):
    facts = [EVENTS[name] for name in names]
    states = [State.UNKNOWN]
    for fact in facts:
        states.append(moved(states[-1], fact))
    changes = [position for position, (before, after) in enumerate(pairwise(states), 1) if before is not after]

    found = standing(*facts).request(REQUEST)

    assert (found.state, found.since) == (states[-1], changes[-1] if changes else 0)


def test_a_request_says_what_it_said_last():
    again = request(study_group=(BEN,))
    found = standing(request(), returned(), again).request(REQUEST)

    assert (found.submitted, found.study_group) == (Known(again, 3), (BEN,))


def test_the_study_group_has_everybody_once_in_order():
    assert standing(request(study_group=(BEN, ANA, BEN))).request(REQUEST).study_group == (BEN, ANA)


def test_what_is_said_of_a_determination_that_is_not_known_is_passed_over():
    found = standing(request(), reliance(), board_ended(IRB, TODAY), irb()).request(REQUEST)

    assert [(one.reliance, one.ended, one.facts) for one in found.determinations.values()] == [(None, None, (4,))]


def test_a_determination_knows_the_facts_that_made_it_so():
    ended = board_ended(IRB, TODAY)
    found = standing(irb(), reliance(), ended).request(REQUEST).determinations[IRB]

    assert (found.known, found.reliance, found.ended) == (Known(irb(), 1), Known(reliance(), 2), Known(ended, 3))
    assert found.facts == (1, 2, 3)


# The office.


def test_a_day_at_the_office_begins_and_ends_at_its_own_midnight():
    office = standing(PolicyPublished(time_zone=OFFICE_ZONE)).office

    assert office.day(first_moment_of(TODAY)) == TODAY == office.day(last_moment_of(TODAY))
    assert office.day(first_moment_of(TODAY) - timedelta(microseconds=1)) == YESTERDAY
    assert office.day(last_moment_of(TODAY) + timedelta(microseconds=1)) == TOMORROW


@pytest.mark.parametrize("day", [date(2026, 3, 8), date(2026, 11, 1)], ids=["23 hours", "25 hours"])
def test_every_hour_of_a_day_on_which_clocks_change_is_of_that_day(day):
    office = standing(PolicyPublished(time_zone=OFFICE_ZONE)).office
    first, last = first_moment_of(day), last_moment_of(day)
    hours = [first + timedelta(hours=hour) for hour in range(-1, 26)]

    assert [office.day(at) == day for at in hours] == [first <= at <= last for at in hours]


def test_a_day_is_the_same_in_whichever_zone_the_time_is_told():
    office = standing().office
    at = first_moment_of(TODAY)

    assert {office.day(at.astimezone(zone)) for zone in (UTC, None)} == {TODAY}


def test_the_last_policy_is_in_force():
    first, last = PolicyPublished(smallest_cell=7), PolicyPublished(smallest_cell=9)

    assert standing(first, last).office.policy == Known(last, 2)


def test_roles_are_held_in_all_terms_for_which_they_were_granted():
    office = standing(
        role(ends=YESTERDAY), role(role="staff", starts=TODAY, ends=TODAY), role(role="alternate", starts=TOMORROW)
    ).office

    def held(at: datetime) -> set[Role]:
        return office.roles(THE_DIRECTOR, at)

    assert held(last_moment_of(YESTERDAY)) == {"director"}
    assert held(first_moment_of(TODAY)) == held(last_moment_of(TODAY)) == {"staff"}
    assert held(first_moment_of(TOMORROW)) == {"alternate"}
    assert office.roles("staff:other", NOON) == set()


def test_ending_a_role_ends_all_terms_of_it_and_no_other_role():
    office = standing(role(), role(starts=TODAY), role(role="staff"), role_ended()).office

    assert office.roles(THE_DIRECTOR, NOON) == {"staff"}


def test_ending_a_role_that_nobody_holds_changes_nothing():
    assert standing(role_ended(), role()).office.roles(THE_DIRECTOR, NOON) == {"director"}


def test_every_role_can_be_held():
    office = standing(*(role(role=one) for one in get_args(Role))).office

    assert office.roles(THE_DIRECTOR, NOON) == set(get_args(Role))


def test_a_principal_is_the_person_whom_the_last_grant_names_whatever_became_of_it():
    office = standing(role(), role(role="staff", person=STRANGER), role(role="alternate", person=None)).office
    later = standing(role(), role_ended()).office

    assert office.person(THE_DIRECTOR) == Known(STRANGER, 2)
    assert later.person(THE_DIRECTOR) == Known(DIRECTOR, 1)
    assert office.person("staff:other") is None


# People.


def test_details_are_known_since_they_were_last_told():
    told = standing(
        person(ANA, address=commitment()), PersonDetailsChanged(person=ANA, name=commitment(2), phone=commitment())
    ).person(ANA)

    assert (told.registered, told.details) == (1, {"address": 1, "name": 2, "phone": 2})


def test_erasing_takes_the_details_that_it_names_and_all_if_it_names_none():
    ana = person(ANA, address=commitment(), phone=commitment())

    assert standing(ana, erased(ANA, details=("phone",))).person(ANA).details == {"address": 1, "name": 1}
    assert standing(ana, erased(ANA)).person(ANA).details == {}
    assert standing(ana, erased(ANA)).person(ANA).registered == 1
    assert standing(ana, erased(BEN)).person(ANA).details == {"address": 1, "name": 1, "phone": 1}


def test_suspensions_are_told_apart_by_where_they_hold():
    facts = [suspended(ANA), suspended(ANA, REQUEST), suspended(ANA, OTHER_REQUEST)]

    assert standing(*facts).person(ANA).suspensions_in(REQUEST) == [1, 2]
    assert standing(*facts, lifted(ANA)).person(ANA).suspensions_in(REQUEST) == [2]
    assert standing(*facts, lifted(ANA, REQUEST)).person(ANA).suspensions_in(REQUEST) == [1]
    assert standing(*facts, lifted(ANA), lifted(ANA, REQUEST)).person(ANA).suspensions_in(REQUEST) == []
    assert standing(*facts).person(BEN).suspensions_in(REQUEST) == []


def trained(completed: date, expires: date | None = None) -> TrainingCertified:
    return TrainingCertified(person=ANA, completed=completed, expires=expires, document=commitment())


@pytest.mark.parametrize(
    ("training", "day", "covers"),
    [
        (trained(TODAY), TODAY, True),
        (trained(TOMORROW), TODAY, False),
        (trained(date(2023, 11, 21)), TODAY, True),
        (trained(date(2023, 11, 20)), TODAY, False),
        (trained(LONG_AGO, expires=TODAY), TODAY, True),
        (trained(LONG_AGO, expires=YESTERDAY), TODAY, False),
        (trained(date(2020, 1, 1), expires=FAR_OFF), TODAY, True),
    ],
    ids=["today", "not yet", "last day", "a day late", "printed", "printed, a day late", "printed beyond policy"],
)
def test_training_covers_from_its_completion_to_its_printed_end_or_as_long_as_policy_says(training, day, covers):
    found = standing(training).person(ANA).training_on(day, valid_months=36)

    assert found == (Known(training, 1) if covers else None)


def test_of_several_trainings_the_one_that_lasts_longest_counts():
    short, longest, over = trained(LONG_AGO, TOMORROW), trained(LONG_AGO, FAR_OFF), trained(LONG_AGO, YESTERDAY)

    assert standing(short, longest, over).person(ANA).training_on(TODAY, 36) == Known(longest, 2)
    assert standing().person(ANA).training_on(TODAY, 36) is None


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (date(2026, 1, 31), 0, date(2026, 1, 31)),
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2027, 12, 31), 2, date(2028, 2, 29)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2024, 2, 29), 48, date(2028, 2, 29)),
        (date(2026, 3, 31), 1, date(2026, 4, 30)),
        (date(2026, 12, 15), 1, date(2027, 1, 15)),
        (date(2026, 11, 21), 36, date(2029, 11, 21)),
        (date(9999, 11, 30), 1, date(9999, 12, 30)),
        (date(9999, 12, 31), 1, date.max),
        (date(2026, 1, 1), 100_000, date.max),
    ],
)
def test_so_many_months_later_is_the_same_day_or_the_last_of_a_shorter_month(day, months, later):
    assert months_after(day, months) == later


@settings(max_examples=300, deadline=None)
@anyhow(day=st.dates(max_value=date(9000, 1, 1)), months=st.integers(0, 1200))
def test_months_later_is_in_that_month_and_never_before(day, months):
    later = months_after(day, months)

    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == months
    assert later.day == day.day or (later + timedelta(days=1)).day == 1


def test_the_end_of_a_training_is_what_the_certificate_says_if_it_says_any():
    assert end_of(Known(trained(LONG_AGO, TODAY), 1), 36) == TODAY
    assert end_of(Known(trained(LONG_AGO), 1), 1) == date(2026, 2, 15)
