"""What became of holdings, and what is recorded and should not be so: as the views tell it, on any day."""

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from pathlib import Path
from sqlite3 import Connection
from typing import Any

import pytest
from msgspec.structs import replace

from ledger.codec import Fact
from ledger.events import DataSetOpened, Event, NoticeRefused, NoticeRevived, NoticeSent, PolicyPublished
from ledger.events.finding import FindingKind
from ledger.storage import open_store
from projections.asof import AsOf, Moment
from projections.rules import home_ethics, outside_ethics
from projections.standing import Standing, State
from projections.views import answers
from projections.views.answers import Holding
from projections.views.coverage import last_covered
from projections.views.findings import Finding, findings, open_incidents
from projections.views.turns import OFFICE, Turn, turns
from tests.endings import (
    ATTESTATION,
    INCIDENT,
    OUT,
    OVER,
    attested,
    closed,
    contained,
    copied,
    declared,
    departed,
    destroyed,
    finding_assigned,
    finding_closed,
    gone,
    held,
    hold_lifted,
    incident,
    incident_closed,
    legal_hold,
    moved_away,
    restored,
    revoked,
    was_accepted,
)
from tests.facts import ANA, BEN, DATA_SET, EVA, NOON, REQUEST, fact, ledger_on, person, version_added
from tests.office import recorded
from tests.office_acts import approve, permitted
from tests.office_facts import (
    DUA,
    FAR_OFF,
    LONG_AGO,
    MOU,
    RELEASE,
    STRANGER,
    TODAY,
    YESTERDAY,
    affiliation,
    board_ended,
    certified,
    correction,
    couhes,
    in_force,
    irb,
    terminated,
)
from tests.office_requests import ready
from tests.outside import has_appeared, notified, passed, reviewed, reviewers
from tests.past_facts import past_release
from tests.view_facts import said_by

DAY = timedelta(days=1)
READY = ready()
RELEASED = [*READY, *OUT]
Facts = Event | Fact | Iterable[Event]


def together(*facts: Event | Iterable[Event]) -> list[Event]:
    return [event for one in facts for event in ([one] if isinstance(one, Event) else one)]


def said(question: Callable[[Connection], Any], *facts: Facts) -> Any:
    """What the views answer in the face of these facts."""
    with open_store("sqlite://", lambda: NOON) as store:
        ledger = ledger_on(store)
        told = [[one] if isinstance(one, Fact) else map(fact, together(one)) for one in facts]
        ledger.append([one for some in told for one in some])
        return AsOf(ledger, Moment()).ask(question).rows


def held_by(*facts: Facts, day: date = TODAY, gone: bool = False) -> list[tuple[str, str, str]]:
    """Who holds the data set, how, in which state."""
    found: list[Holding] = said(lambda views: answers.holders(views, DATA_SET, None, day, gone=gone), *facts)
    return [(one.person, one.how, one.state) for one in found]


def found(*facts: Facts, day: date = TODAY, closed: bool = False) -> list[Finding]:
    answer: list[Finding] = said(lambda views: findings(views, day, closed=closed), *facts)
    return answer


def kinds(*facts: Facts, day: date = TODAY) -> list[tuple[str, str | None]]:
    return [(one.kind, one.person) for one in found(*facts, day=day)]


# Holdings and what became of them.


def test_a_copy_makes_its_recipient_a_holder_who_was_presumed_to_be_one():
    assert held_by(RELEASED) == [(ANA, "held", "held"), (BEN, "presumed", "held")]
    assert held_by(RELEASED, copied(BEN)) == [(ANA, "held", "held"), (BEN, "copy", "held")]


def test_a_copy_is_of_the_release_by_which_its_version_went_out():
    rows = said(lambda views: answers.holdings(views, EVA, TODAY), RELEASED, person(EVA), copied(EVA, since=LONG_AGO))

    assert rows == [
        Holding(
            person=EVA,
            dataset=DATA_SET,
            label="1",
            form="identified",
            how="copy",
            request=REQUEST,
            release=RELEASE,
            since=LONG_AGO,
            agreement=None,
            until=None,
            right=False,
            state="held",
            due=LONG_AGO + 30 * DAY,
        )
    ]


def test_a_copy_of_what_never_went_out_is_held_all_the_same():
    assert held_by(READY, copied(BEN)) == [(BEN, "copy", "held")]


def test_once_a_group_has_declared_its_copies_nobody_is_presumed_to_have_one():
    assert held_by(RELEASED, declared()) == [(ANA, "held", "held")]
    assert held_by(RELEASED, copied(BEN), declared()) == [(ANA, "held", "held"), (BEN, "copy", "held")]


def test_what_comes_after_the_declaration_is_presumed_to_be_copied_again():
    second = [replace(event, release="L-2") for event in OUT]
    assert held_by(RELEASED, declared(), second) == [
        (ANA, "held", "held"),
        (ANA, "held", "held"),
        (BEN, "presumed", "held"),
    ]


def test_the_end_of_a_right_ends_no_holding():
    over = terminated(MOU), terminated(DUA)
    assert held_by(RELEASED, over) == [(ANA, "held", "right ended"), (BEN, "presumed", "right ended")]
    assert held_by(RELEASED, over, day=YESTERDAY) == [(ANA, "held", "held"), (BEN, "presumed", "held")]


@pytest.mark.parametrize("ended", [departed(BEN), revoked(BEN)], ids=lambda event: event.wire_name)
def test_whoever_left_or_lost_their_right_has_none_from_that_day_on(ended):
    def rights(*facts: Facts, day: date = TODAY) -> list[tuple[str, bool, date | None, date | None]]:
        rows = said(lambda views: answers.holdings(views, BEN, day), *facts)
        return [(one.state, one.right, one.until, one.due) for one in rows]

    assert rights(RELEASED) == [("held", True, FAR_OFF, FAR_OFF + 30 * DAY)]
    assert rights(RELEASED, ended) == [("right ended", False, YESTERDAY, YESTERDAY + 30 * DAY)]
    assert rights(RELEASED, ended, day=YESTERDAY) == [("held", True, YESTERDAY, YESTERDAY + 30 * DAY)]


@pytest.mark.parametrize(
    "ended",
    [
        [departed(BEN, YESTERDAY)],
        [departed(BEN, LONG_AGO)],
        [revoked(BEN, YESTERDAY)],
        [terminated(MOU, YESTERDAY), terminated(DUA, YESTERDAY)],
    ],
    ids=["left on that day", "left before", "revoked", "terminated"],
)
def test_no_ending_that_is_told_after_receipt_takes_back_a_holding(ended):
    assert [(who, how) for who, how, _ in held_by(RELEASED, ended)] == [(ANA, "held"), (BEN, "presumed")]


@pytest.mark.parametrize("ended", [departed, revoked], ids=lambda ended: ended.__name__)
def test_who_had_left_before_receipt_is_not_presumed_to_have_a_copy(ended):
    before, received = RELEASED[:-1], RELEASED[-1:]
    assert [who for who, *_ in held_by(before, ended(BEN, YESTERDAY), received)] == [ANA]
    assert [who for who, *_ in held_by(before, ended(BEN, TODAY), received)] == [ANA, BEN]


def test_a_right_that_was_restored_lasts_as_long_as_the_agreement():
    assert held_by(RELEASED, revoked(BEN), restored(BEN)) == held_by(RELEASED)


def test_destruction_is_attested_then_accepted_and_then_nothing_is_held():
    accepted = destroyed(held())
    assert held_by(RELEASED, declared(), accepted[:1]) == [(ANA, "held", "attested")]
    assert held_by(RELEASED, declared(), accepted) == []
    assert held_by(RELEASED, declared(), accepted, gone=True) == [(ANA, "held", "destroyed")]


def test_what_was_written_off_is_still_shown():
    assert held_by(RELEASED, declared(), gone()) == [(ANA, "held", "written off")]


def test_what_was_destroyed_and_comes_again_is_held_again():
    assert held_by(RELEASED, declared(), destroyed(), copied(ANA, EVA)) == [(ANA, "copy", "held")]


def test_an_attestation_that_was_corrected_ends_nothing():
    facts = [*RELEASED, declared(), attested()]
    assert held_by(facts, correction(len(facts), facts[-1])) == [(ANA, "held", "held")]


def test_who_holds_what_without_a_right_is_told_of_everybody():
    facts = [*RELEASED, person(EVA), copied(EVA), departed(BEN)]
    rows = said(lambda views: answers.held_without_right(views, TODAY), facts)

    assert [(one.person, one.how, one.state) for one in rows] == [
        (BEN, "presumed", "right ended"),
        (EVA, "copy", "held"),
    ]
    assert said(lambda views: answers.held_without_right(views, TODAY), RELEASED) == []
    assert said(lambda views: answers.held_without_right(views, TODAY), facts, destroyed(held(BEN), held(EVA))) == []


def test_destruction_is_due_so_many_days_after_the_right_ends():
    def due(*facts: Facts) -> list[tuple[date, tuple[str, ...]]]:
        rows = said(lambda views: answers.deadlines(views, TODAY, FAR_OFF + 60 * DAY), *facts)
        return [(one.day, one.whom) for one in rows if one.kind == "destruction due"]

    assert due(RELEASED, declared()) == [(FAR_OFF + 30 * DAY, (ANA,))]
    assert due(RELEASED, declared(), terminated(MOU)) == [(YESTERDAY + 30 * DAY, (ANA,))]
    assert due([PolicyPublished(destruction_days=7), *RELEASED[1:]], declared()) == [(FAR_OFF + 7 * DAY, (ANA,))]
    assert due(RELEASED, declared(), attested()) == []


# Whose turn it is, and how far a request has come.


def test_an_attestation_waits_for_the_office_until_it_is_accepted():
    facts = [*RELEASED, attested()]
    waiting = Turn(OFFICE, (ANA,), f"accept attestation {ATTESTATION}", len(facts))

    def turns_of(*facts: Event | Iterable[Event]) -> list[Turn]:
        standing = Standing(recorded(together(*facts)))
        return turns(standing.request(REQUEST), standing.office.policy.event)

    assert turns_of(facts) == [waiting]
    assert turns_of(facts, was_accepted()) == []
    assert turns_of(facts, gone()) == []
    assert turns_of(facts, closed().event) == []


def test_when_the_contact_has_left_the_office_is_to_designate_another():
    def turns_of(*facts: Event | Iterable[Event]) -> list[Turn]:
        standing = Standing(recorded(together(*facts)))
        return turns(standing.request(REQUEST), standing.office.policy.event)

    another = Turn(OFFICE, (ANA,), "designate another point of contact", len(READY) + 1)
    assert another not in turns_of(READY)
    assert another in turns_of(READY, departed(ANA))
    assert another in turns_of(READY, revoked(ANA))
    assert "designate another point of contact" not in [one.next for one in turns_of(READY, departed(BEN))]
    assert turns_of(READY, revoked(ANA), restored(ANA)) == turns_of(READY)


def test_a_request_has_ended_on_the_day_after_the_last_agreement_and_is_closed_by_the_office():
    request = Standing(recorded([*RELEASED, terminated(MOU), terminated(DUA, TODAY + DAY)])).request(REQUEST)
    over = Standing(recorded([*RELEASED, *OVER, closed().event])).request(REQUEST)

    assert [request.has_ended(day) for day in (TODAY, TODAY + DAY)] == [False, True]
    assert not Standing(recorded(READY[:-14])).request(REQUEST).has_ended(FAR_OFF)
    assert (over.state, over.has_ended(TODAY)) == (State.CLOSED, False)


# Findings.


def test_nothing_is_found_where_all_is_as_it_should_be():
    assert found(RELEASED, copied(BEN), declared()) == []


def test_a_copy_to_somebody_whom_nobody_names_is_a_finding():
    copy = copied(STRANGER)
    place = len(RELEASED) + 1
    trained = certified(STRANGER)

    assert found(RELEASED, copy, trained) == [
        Finding(place, "copy to somebody unnamed", REQUEST, STRANGER, DATA_SET, "1", TODAY, "office", None)
    ]
    assert kinds(RELEASED, copied(None, account=64 * "1")) == [("copy to somebody unnamed", None)]


def test_a_copy_is_judged_by_the_rights_on_the_day_on_which_it_was_passed_on():
    facts = [*RELEASED, departed(BEN)]
    assert kinds(facts, copied(BEN, since=YESTERDAY)) == []
    assert kinds(facts, copied(BEN, since=TODAY)) == [("copy to somebody unnamed", BEN)]


def test_a_copy_passed_on_by_somebody_who_holds_none_is_a_finding():
    assert kinds(RELEASED, copied(BEN, by=ANA)) == []
    assert kinds(RELEASED, copied(ANA, by=BEN)) == []
    assert kinds(RELEASED, copied(BEN, by=STRANGER)) == [("copy by a non-holder", STRANGER)]
    assert kinds(RELEASED, declared(), copied(ANA, by=BEN)) == [("copy by a non-holder", BEN)]
    assert kinds(RELEASED, destroyed(), copied(BEN, by=ANA)) == [("copy by a non-holder", ANA)]
    assert kinds(RELEASED, copied(BEN, by=None)) == []


def test_what_was_declared_later_makes_no_finding_of_what_was_passed_on_before():
    assert kinds(RELEASED, copied(ANA, by=BEN), declared()) == []


def test_a_copy_that_comes_up_under_a_closed_request_is_a_finding():
    assert kinds(RELEASED, copied(BEN), closed().event) == []
    assert kinds(RELEASED, closed().event, copied(BEN)) == [("copy under a closed request", BEN)]


def test_what_was_written_off_is_a_finding_of_the_director_for_ever():
    facts = [*RELEASED, declared(), gone()]
    place = len(facts)

    assert found(facts) == [Finding(place, "written off", REQUEST, ANA, DATA_SET, "1", TODAY, "director", None)]
    assert kinds(facts, day=FAR_OFF + 900 * DAY) == [("written off", ANA)]


@pytest.mark.parametrize(("hours", "expected"), [(24, []), (24.001, [("late incident", None)])])
def test_an_incident_that_was_told_later_than_policy_has_it_is_a_finding(hours, expected):
    assert kinds(READY, incident(REQUEST, after=timedelta(hours=hours))) == expected


def test_how_late_is_late_is_policy():
    policy = PolicyPublished(incident_hours=2)
    late = incident(REQUEST, after=timedelta(hours=3))
    assert (kinds(READY, late), kinds(READY, policy, late), kinds(READY, late, policy)) == (
        [],
        [("late incident", None)],
        [("late incident", None)],
    )


def test_what_is_held_after_the_last_day_for_destroying_it_is_a_finding():
    facts = [*RELEASED, declared(), *OVER]
    last = YESTERDAY + 30 * DAY

    assert kinds(facts, day=last) == []
    assert found(facts, day=last + DAY) == [
        Finding(len(RELEASED), "overdue destruction", REQUEST, ANA, DATA_SET, "1", last + DAY, "office", None)
    ]
    assert kinds(facts, attested(), day=last + DAY) == [("overdue destruction", ANA)]
    assert kinds(facts, destroyed(), day=last + DAY) == []
    assert kinds(facts, gone(), day=last + DAY) == [("written off", ANA)]


def test_what_is_held_without_any_right_is_overdue_so_many_days_after_it_came():
    facts = [*RELEASED, certified(STRANGER), copied(STRANGER)]
    last = TODAY + 30 * DAY

    assert [one.kind for one in found(facts, day=last)] == ["copy to somebody unnamed"]
    assert [one.kind for one in found(facts, day=last + DAY)] == ["copy to somebody unnamed", "overdue destruction"]


def test_whoever_got_data_without_training_on_that_day_is_a_finding():
    lapsed = ready(ben_certified=certified(BEN, LONG_AGO, YESTERDAY - DAY))
    until_that_day = ready(ben_certified=certified(BEN, LONG_AGO, YESTERDAY))
    since_that_day = ready(ben_certified=certified(BEN, YESTERDAY, FAR_OFF))
    later = ready(ben_certified=certified(BEN, TODAY, FAR_OFF))

    assert kinds(lapsed, OUT) == [("received without training", BEN)]
    assert kinds(later, OUT) == [("received without training", BEN)]
    assert kinds(until_that_day, OUT) == kinds(since_that_day, OUT) == []
    assert kinds(lapsed, OUT, declared()) == []


def test_a_certificate_that_was_taken_back_covers_nothing():
    facts = [*RELEASED, declared()]
    certificate = certified(ANA)
    assert kinds(facts, correction(facts.index(certificate) + 1, certificate)) == [("received without training", ANA)]


def test_an_access_by_somebody_unnamed_is_among_the_findings():
    opened = DataSetOpened(dataset=DATA_SET, label="1", person=STRANGER, request=None)
    assert kinds(RELEASED, opened) == [("access by somebody unnamed", STRANGER)]


@pytest.mark.parametrize("ended", [departed(ANA), revoked(ANA), moved_away(ANA, on=TODAY), terminated(MOU)])
def test_whom_this_ledger_let_in_is_no_finding_when_the_right_ends_later_on_that_day(ended: Event):
    let_in, unnamed = permitted().event, [("access by somebody unnamed", ANA)]
    began_today = ready(mou_executed=in_force(MOU, starts=TODAY))

    assert kinds(READY, let_in, ended) == kinds(began_today, let_in, ended) == []
    assert kinds(READY, ended, let_in) == unnamed
    assert kinds(READY, let_in, replace(ended, on=YESTERDAY)) == unnamed
    assert kinds(ready(mou_executed=in_force(MOU, ends=YESTERDAY)), let_in, ended) == unnamed


def test_what_somebody_opened_on_the_day_on_which_they_left_is_a_finding_from_then_on():
    opened = DataSetOpened(dataset=DATA_SET, label="1", person=ANA, request=None)

    def by(hours: float) -> list[tuple[str, str | None]]:
        return kinds(READY, departed(ANA), fact(opened, occurred_at=NOON - timedelta(hours=hours)))

    assert by(0.001) == []
    assert by(0) == [("access by somebody unnamed", ANA)]


def test_what_appeared_before_the_office_had_passed_it_is_a_finding_where_policy_has_it_reviewed():
    facts = [*RELEASED, notified(), has_appeared()]
    place = len(facts)

    assert found(facts) == [
        Finding(place, "publication without review", REQUEST, None, None, None, TODAY, "office", None)
    ]
    assert kinds(facts, reviewed(), passed().event) == [("publication without review", None)]
    assert kinds(RELEASED, notified(), reviewed(), passed().event, has_appeared()) == []
    assert kinds(reviewers(0), RELEASED[1:], notified(), has_appeared()) == []
    assert kinds(facts, correction(place, facts[-1])) == []
    assert kinds(facts, finding_closed(place, "publication without review")) == []


def test_a_notice_that_was_refused_for_good_is_a_finding_until_it_is_sent_again_or_somebody_closes_it():
    place = len(RELEASED)
    notice: dict[str, Any] = {"of": place, "kind": "reminder", "way": "e-mail", "message": "<1@x>", "person": ANA}
    refused = NoticeRefused(**notice, request=REQUEST)
    facts, revived = [*RELEASED, refused], NoticeRevived(refusal=place + 1, **notice, request=REQUEST)
    kind: FindingKind = "notice refused for good"

    assert found(facts) == [Finding(place + 1, kind, REQUEST, ANA, None, None, TODAY, "office", None)]
    assert kinds(facts, revived) == []
    assert [one.position for one in found(facts, revived, refused)] == [place + 3]
    assert kinds(facts, finding_closed(place + 1, kind)) == []
    assert kinds(facts, correction(place, RELEASED[-1])) == []
    assert kinds(RELEASED, NoticeSent(**notice, request=REQUEST)) == []


def test_what_a_register_of_the_past_says_to_be_identified_under_no_agreement_is_a_finding():
    past = past_release(agreement=None, agreement_version=None)
    (only,) = found(READY, past)

    assert only == Finding(
        len(READY) + 1, "past release under no agreement", None, ANA, DATA_SET, None, past.on, "office", None
    )
    assert kinds(READY, past_release()) == []
    assert kinds(READY, replace(past, form="de-identified")) == []
    assert kinds(READY, past, correction(len(READY) + 1, past)) == []


def test_what_may_not_be_destroyed_is_not_overdue():
    facts = [*RELEASED, declared(), *OVER]
    late = YESTERDAY + 31 * DAY

    assert kinds(facts, legal_hold(dataset=DATA_SET), day=late) == []
    assert kinds(facts, legal_hold(person=BEN), day=late) == [("overdue destruction", ANA)]
    # Lifted today, it leaves as many days again.
    lifted = [legal_hold(request=REQUEST), hold_lifted(request=REQUEST)]
    assert kinds(facts, lifted, day=late) == []
    assert kinds(facts, lifted, day=late + DAY) == [("overdue destruction", ANA)]


def test_a_finding_is_gone_when_what_shows_it_was_corrected():
    facts = [*RELEASED, copied(STRANGER, by=BEN), certified(STRANGER)]
    assert kinds(facts) == [("copy to somebody unnamed", STRANGER)]
    assert kinds(facts, correction(len(RELEASED) + 1, facts[-2])) == []


# Who deals with a finding.

PASSED_ON = [*RELEASED, certified(STRANGER), copied(STRANGER)]
PLACE, KIND = len(PASSED_ON), "copy to somebody unnamed"


def test_a_finding_belongs_to_whoever_it_was_given_to_last():
    steps = [finding_assigned(PLACE, KIND, "staff:1"), finding_assigned(PLACE, KIND, "staff:2")]
    other = finding_assigned(PLACE, "copy by a non-holder", "staff:3")

    assert [one.owner for one in found(PASSED_ON, steps, other)] == ["staff:2"]
    assert [one.owner for one in found(PASSED_ON, other)] == ["office"]


def test_a_finding_that_was_closed_is_shown_on_demand_and_opens_again_when_that_was_wrong():
    steps = [*PASSED_ON, finding_closed(PLACE, KIND)]

    assert found(steps) == []
    assert [one.closed for one in found(steps, closed=True)] == [PLACE + 1]
    assert [one.closed for one in found(steps, correction(PLACE + 1, steps[-1]))] == [None]


def test_of_what_an_entry_shows_of_several_people_one_can_be_closed_alone():
    both = [*RELEASED, *OVER]
    late = YESTERDAY + 31 * DAY
    of_ben = finding_closed(len(RELEASED), "overdue destruction", BEN)

    assert kinds(both, day=late) == [("overdue destruction", ANA), ("overdue destruction", BEN)]
    assert kinds(both, of_ben, day=late) == [("overdue destruction", ANA)]
    assert kinds(both, finding_closed(len(RELEASED), "overdue destruction"), day=late) == []


def test_of_what_an_entry_shows_of_several_data_sets_one_can_be_closed_alone():
    both = [*RELEASED, *OVER]
    late = YESTERDAY + 31 * DAY
    closed = finding_closed(len(RELEASED), "overdue destruction", BEN)

    assert kinds(both, replace(closed, dataset="D-another"), day=late) == kinds(both, day=late)
    assert kinds(both, replace(closed, dataset=DATA_SET), day=late) == [("overdue destruction", ANA)]


# Ethics coverage that ended.

UNCOVERED: FindingKind = "held without ethics coverage"
LATER = TODAY + 10 * DAY


def uncovered(*facts: Facts, day: date) -> list[tuple[str | None, date]]:
    return [(one.person, one.since) for one in found(*facts, day=day) if one.kind == UNCOVERED]


def test_what_is_held_after_the_last_day_of_ethics_coverage_is_a_finding():
    expiring = [*ready(couhes=couhes(expires=LATER)), *OUT]

    assert uncovered(expiring, day=LATER) == []
    assert uncovered(expiring, day=LATER + DAY) == [(ANA, LATER + DAY)]
    assert uncovered(expiring, destroyed(), day=LATER + DAY) == []


@pytest.mark.parametrize("how", ["suspended", "lapsed"])
def test_coverage_ends_the_day_on_which_its_determination_does(how: str):
    ended = board_ended("E-couhes", LATER, how)

    assert uncovered(RELEASED, ended, day=LATER - DAY) == []
    assert uncovered(RELEASED, ended, day=LATER) == [(ANA, LATER)]


def test_reliance_covers_nobody_after_the_determination_that_it_rests_on():
    expiring = [*ready(irb=irb(expires=LATER)), *OUT]

    assert uncovered(expiring, day=LATER) == []
    assert uncovered(expiring, day=LATER + DAY) == [(BEN, LATER + DAY)]


def test_whoever_another_determination_covers_holds_nothing_without_coverage():
    again = couhes(determination="E-again", on=TODAY, expires=LATER + DAY)
    expiring = [*ready(couhes=couhes(expires=LATER)), *OUT]

    assert uncovered(expiring, again, day=LATER + DAY) == []
    assert uncovered(expiring, again, day=LATER + 2 * DAY) == [(ANA, LATER + 2 * DAY)]
    assert uncovered(expiring, replace(again, document=None), day=LATER + DAY) == [(ANA, LATER + DAY)]


def test_whoever_moved_to_where_no_board_covers_them_holds_it_without_coverage_since_then():
    moved = moved_away(ANA, on=LATER)

    assert uncovered(RELEASED, moved, day=LATER - DAY) == []
    assert uncovered(RELEASED, moved, day=LATER) == [(ANA, LATER)]
    assert uncovered(RELEASED, moved, affiliation(ANA, "home"), day=LATER) == []


def test_what_came_when_coverage_had_ended_is_held_without_it_since_then():
    ended = board_ended("E-couhes", LONG_AGO + DAY)

    assert uncovered(RELEASED, ended, day=TODAY) == [(ANA, YESTERDAY)]


@pytest.mark.parametrize(
    "changes",
    [
        {"irb": irb(expires=LATER)},
        {"couhes": couhes(covers=(), expires=LATER), "reliance": None},
        {"couhes": couhes(covers=(ANA, BEN)), "irb": irb(expires=LATER), "ben_affiliation": None},
        {"couhes": couhes(covers=(ANA, BEN), expires=LATER), "irb": irb(), "ben_affiliation": None},
    ],
)
def test_coverage_ends_when_the_rules_begin_to_object(changes: dict[str, Event | None]):
    standing = Standing(recorded([*ready(**changes), *OUT]))
    request = standing.request(REQUEST)

    def objected_to(day: date) -> set[str | None]:
        rules = home_ethics.RULE, outside_ethics.RULE
        return {one.about for rule in rules for one in rule.on(approve(), standing, day)}

    assert last_covered(BEN, request, standing.office) == LATER
    assert BEN not in objected_to(LATER)
    assert BEN in objected_to(LATER + DAY)


def test_an_end_of_coverage_that_is_not_so_is_no_finding():
    ended = board_ended("E-couhes", TODAY)

    assert uncovered(RELEASED, ended, day=TODAY) == [(ANA, TODAY)]
    assert uncovered(RELEASED, ended, correction(len(RELEASED) + 1, ended), day=TODAY) == []


def test_data_held_without_ethics_coverage_are_a_finding_until_it_is_closed():
    ended, close = board_ended("E-couhes", TODAY), finding_closed(len(RELEASED), UNCOVERED, ANA)

    assert uncovered(RELEASED, ended, replace(close, person=BEN), day=TODAY) == [(ANA, TODAY)]
    assert uncovered(RELEASED, ended, close, day=TODAY) == []


# Incidents.


def test_an_incident_is_open_until_it_is_closed():
    def incidents(*facts: Facts) -> list[tuple[str, str, bool, int]]:
        rows = said(open_incidents, READY, *facts)
        return [(one.incident, one.what, one.contained, one.since) for one in rows]

    place = len(READY) + 1
    assert incidents(incident(REQUEST)) == [(INCIDENT, "lost device", False, place)]
    assert incidents(incident(REQUEST), contained(REQUEST)) == [(INCIDENT, "lost device", True, place + 1)]
    assert incidents(incident(REQUEST), contained(REQUEST), incident_closed(REQUEST)) == []


# Views that caught up.

LIFE = [
    *(copied(BEN), declared(), copied(STRANGER, by=BEN), incident(REQUEST, after=timedelta(days=2)), departed(BEN)),
    *(contained(REQUEST), revoked(ANA), attested(held(), held(BEN)), finding_closed(3, KIND), moved_away(STRANGER)),
    *(was_accepted(held(), held(BEN)), incident_closed(REQUEST), restored(ANA), gone(STRANGER), closed().event),
    version_added("2"),
    board_ended("E-couhes", TODAY),
]


def test_views_that_took_in_each_fact_as_it_came_say_what_views_made_anew_say(tmp_path: Path):
    with open_store("sqlite://", lambda: NOON) as store:
        ledger = ledger_on(store)
        ledger.append([fact(event) for event in RELEASED])
        for number, event in enumerate(LIFE):
            ledger.append([fact(event)])
            caught_up = said_by(tmp_path / "views.db", ledger)
            assert caught_up == said_by(tmp_path / f"fresh-{number}.db", ledger), event
