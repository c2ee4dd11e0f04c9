"""Reports at the desk: recorded whatever they mean, alone or together, in the request's turn."""

from datetime import UTC, datetime

import msgspec
import pytest

from api.desk import Circumstances
from ledger.codec import Recorded
from ledger.errors import Malformed
from ledger.events import Event, PersonDetailsChanged, PolicyPublished
from tests.desk_office import UNKNOWN_PERSON, Office, office, prepared
from tests.facts import ANA, BEN, NOON, REQUEST, commitment, data_set, nothing_written, person, version_added
from tests.office import BY_THE_DIRECTOR, HOUSE
from tests.office_acts import approve, approved, declined
from tests.office_facts import (
    IRB,
    NOWHERE,
    OTHER_REQUEST,
    STRANGER,
    TODAY,
    affiliation,
    board_ended,
    couhes,
    law,
    lifted,
    reliance,
    request,
    returned,
    role,
    role_ended,
    suspended,
    withdrawn,
)
from tests.office_requests import complete

__all__ = ["office", "prepared"]


# Reports.


def test_a_report_is_recorded_with_its_circumstances(office: Office):
    circumstances = Circumstances(
        actor="staff:typist",
        via="command line",
        on_behalf_of=ANA,
        documents=(commitment(5),),
        occurred_at=datetime(2026, 10, 1, tzinfo=UTC),
        precision="month",
    )
    outcome = office.desk.report(person(ANA), circumstances)

    assert (outcome.refused, outcome.objections, outcome.again) == (False, (), False)
    assert office.facts == [
        Recorded(
            position=1,
            recorded_at=NOON,
            type="person.registered.v1",
            tags=(f"person:{ANA}",),
            event=person(ANA),
            actor="staff:typist",
            via="command line",
            on_behalf_of=ANA,
            cause=None,
            documents=(commitment(5),),
            occurred_at=datetime(2026, 10, 1, tzinfo=UTC),
            precision="month",
            judged=None,
        )
    ]


def test_a_whole_request_is_reported_fact_by_fact(office: Office):
    """By the director, whose role is the first that is given."""
    for fact in complete():
        office.desk.report(fact, BY_THE_DIRECTOR)

    assert [fact.event for fact in office.facts] == complete()
    assert not office.desk.act(approve(), HOUSE).refused


def test_a_whole_request_is_reported_together(office: Office):
    outcome = office.desk.report_together([(fact, BY_THE_DIRECTOR) for fact in complete()])

    assert len(outcome.entries) == len(complete())
    assert [fact.event for fact in office.facts] == complete()


@pytest.mark.parametrize(
    "fact",
    [
        version_added(),
        request(sponsor=STRANGER),
        affiliation(ANA, "outside", NOWHERE),
        law(consistent=False),
        suspended(ANA),
        suspended(ANA, REQUEST),
        lifted(ANA),
        reliance(),
        board_ended(IRB, TODAY),
        role(),
        role_ended(),
        PolicyPublished(),
        PersonDetailsChanged(person=ANA),
    ],
    ids=lambda fact: f"{fact.wire_name}{'' if getattr(fact, 'request', None) else ' in all'}",
)
def test_what_has_happened_is_recorded_whatever_it_means(prepared: Office, fact):
    if isinstance(fact, type(request())):
        prepared.desk.report(returned(), BY_THE_DIRECTOR)
    prepared.desk.report(fact, BY_THE_DIRECTOR)

    assert prepared.last.event == fact


@pytest.mark.parametrize("zone", ["Middle/Earth", "", "../etc/passwd", "/etc/localtime", "America", "EST5EDT\0"])
def test_a_policy_in_a_time_zone_that_there_is_not_changes_nothing(prepared: Office, zone):
    with nothing_written(prepared.store), pytest.raises(Malformed):
        prepared.desk.report(PolicyPublished(time_zone=zone), BY_THE_DIRECTOR)
    assert not prepared.desk.act(approve(), HOUSE).refused


# How far a request has come.


BEFORE: dict[str, list[Event]] = {
    "before the office": [],
    "law determined again": [law()],
    "returned": [returned()],
    "withdrawn": [withdrawn()],
    "approved": [approved().event],
    "declined": [declined().event],
    "in again": [returned(), request(funded=True, funding=commitment(4))],
    "approved, and the law determined again": [approved().event, law(consistent=False)],
    "withdrawn, and the law determined again": [withdrawn(), law()],
}
IS = {name: name for name in BEFORE} | {
    "before the office": "law determined",
    "law determined again": "law determined",
    "in again": "resubmitted",
    "approved, and the law determined again": "approved",
    "withdrawn, and the law determined again": "withdrawn",
}


@pytest.mark.parametrize("fact", [request(), returned(), withdrawn()], ids=lambda fact: fact.wire_name)
@pytest.mark.parametrize("state", BEFORE)
def test_a_request_comes_in_is_returned_and_is_withdrawn_in_its_turn_only(prepared: Office, state, fact):
    prepared.holds(*BEFORE[state])
    in_turn = state == "returned" if fact == request() else IS[state] in ("law determined", "resubmitted", "submitted")
    if in_turn:
        prepared.desk.report(fact, BY_THE_DIRECTOR)
        assert prepared.last.event == fact
        return
    with nothing_written(prepared.store), pytest.raises(Malformed) as caught:
        prepared.desk.report(fact, BY_THE_DIRECTOR)
    assert (caught.value.what, caught.value.value) == ("request", REQUEST)
    assert caught.value.why.startswith(f"is {IS[state]}: ")


@pytest.mark.parametrize("fact", [returned(), withdrawn()], ids=lambda fact: fact.wire_name)
def test_of_a_request_that_never_came_in_nothing_is_told(office: Office, fact):
    with nothing_written(office.store), pytest.raises(Malformed) as caught:
        office.desk.report(fact, BY_THE_DIRECTOR)

    assert (caught.value.value, caught.value.why) == (REQUEST, "is not in this ledger")


def test_what_is_told_of_one_request_is_no_matter_of_another(prepared: Office):
    prepared.holds(request(OTHER_REQUEST), withdrawn(OTHER_REQUEST))

    prepared.desk.report(returned(), BY_THE_DIRECTOR)

    assert prepared.last.event == returned()


# Reported together.


def test_what_an_earlier_report_makes_known_is_known_to_the_later_ones(office: Office):
    facts = [person(ANA), data_set(), request(personnel=(ANA,), study_group=(ANA,), head_approval=None), couhes()]

    office.desk.report_together([(fact, BY_THE_DIRECTOR) for fact in facts])

    assert [fact.event for fact in office.facts] == facts


def test_reports_in_the_wrong_order_change_nothing(office: Office):
    facts = [request(personnel=(ANA,), study_group=(ANA,), head_approval=None), person(ANA), data_set()]

    with nothing_written(office.store), pytest.raises(Malformed):
        office.desk.report_together([(fact, BY_THE_DIRECTOR) for fact in facts])


@pytest.mark.parametrize(
    "wrong",
    [person(ANA), suspended(UNKNOWN_PERSON), approved().event, withdrawn(), person(name="in plain words")],
    ids=["twice", "unknown", "an act", "out of turn", "malformed"],
)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_reports_are_recorded_all_together_or_not_at_all(office: Office, wrong, place):
    office.holds(*complete(), returned())
    facts: list[Event] = [suspended(ANA), lifted(ANA)]
    facts.insert(place, wrong)

    with nothing_written(office.store), pytest.raises(Malformed):
        office.desk.report_together([(fact, BY_THE_DIRECTOR) for fact in facts])


def test_the_same_thing_does_not_become_known_twice_in_one_go(office: Office):
    with nothing_written(office.store), pytest.raises(Malformed) as caught:
        office.desk.report_together([(person(ANA), BY_THE_DIRECTOR), (person(ANA), BY_THE_DIRECTOR)])

    assert (caught.value.value, caught.value.why) == (ANA, "is in this ledger already")


def test_a_request_moves_with_each_of_the_reports(prepared: Office):
    again = request(funded=True, funding=commitment(4))
    moves = [returned(), again, law(), returned(), again, withdrawn()]
    prepared.desk.report_together([(fact, BY_THE_DIRECTOR) for fact in moves])
    assert [fact.event for fact in prepared.facts[-6:]] == moves


@pytest.mark.parametrize(
    "moves",
    [[returned(), returned()], [withdrawn(), request()], [request()], [returned(), request(), request()]],
    ids=lambda moves: " ".join(move.wire_name for move in moves),
)
def test_a_request_that_an_earlier_report_moved_away_is_not_moved_again(prepared: Office, moves):
    with nothing_written(prepared.store), pytest.raises(Malformed):
        prepared.desk.report_together([(fact, BY_THE_DIRECTOR) for fact in moves])


def test_each_report_has_circumstances_of_its_own(office: Office):
    by_mail = msgspec.structs.replace(HOUSE, on_behalf_of=BEN, documents=(commitment(9),))
    office.desk.report_together([(person(ANA), BY_THE_DIRECTOR), (person(BEN), by_mail)])

    assert [(fact.on_behalf_of, fact.documents) for fact in office.facts] == [(None, ()), (BEN, (commitment(9),))]
