"""Acts at the desk: done, or refused by the rules, and recorded with their circumstances."""

import inspect
from datetime import timedelta
from importlib import import_module
from pkgutil import iter_modules

import msgspec
import pytest

import api.admission
import api.desk
from api.admission import NOT_REPORTED
from api.desk import Circumstances
from ledger.errors import Malformed
from ledger.events import ActRefused, Event, RequestApproved, RequestDeclined
from ledger.events.governance import Objected
from projections.acts import Act, AnyAct, as_command
from projections.rules.rule import Objection
from projections.rules.rulebook import VERSION
from tests.amending_facts import amend, renew, strangers
from tests.desk_office import UNKNOWN_PERSON, Office, office, prepared
from tests.endings import OUT, OVER, accept, attested, close, close_incident, contained, incident, write_off
from tests.facts import ANA, BEN, DATA_SET, NOON, REQUEST, commitment, nothing_written
from tests.office import BY_THE_DIRECTOR, HOUSE
from tests.office_acts import (
    approve,
    approved,
    authorise,
    authorised,
    decline,
    erase,
    execute,
    hand_over,
    handed_over,
    issue,
    let_in,
    permitted,
    waive,
)
from tests.office_facts import (
    DIRECTOR,
    SERVER,
    STRANGER,
    THE_DIRECTOR,
    TODAY,
    affiliation,
    couhes,
    lifted,
    memorandum,
    recipient,
    request,
    role,
    suspended,
)
from tests.office_requests import complete, ready
from tests.outside import answer, let_appear, reviewed, under_review, with_query

__all__ = ["office", "prepared"]


# Acts.


def test_an_act_that_no_rule_objects_to_is_done(prepared: Office):
    outcome = prepared.desk.act(approve(conditions=commitment(3)), HOUSE)

    assert (outcome.refused, outcome.objections, outcome.again) == (False, (), False)
    assert [entry.position for entry in outcome.entries] == [len(complete()) + 1]
    assert prepared.last.event == RequestApproved(request=REQUEST, conditions=commitment(3))


def test_an_act_that_a_rule_objects_to_is_refused_and_the_refusal_is_recorded(office: Office):
    office.holds(*complete(couhes=None))
    outcome = office.desk.act(approve(), HOUSE)

    facts = (complete(couhes=None).index(affiliation(ANA, "home")) + 1,)
    assert outcome.refused
    assert outcome.objections == (Objection("couhes", ANA, "home board's determination", facts),)
    assert office.last.event == ActRefused(
        act="approve-request",
        request=REQUEST,
        objections=(Objected(rule="couhes", about=ANA, wanting="home board's determination", facts=facts),),
    )
    assert [entry.position for entry in outcome.entries] == [office.last.position]


def test_what_was_refused_may_be_wished_for_again_when_it_is_mended(office: Office):
    office.holds(*complete(couhes=None))
    assert office.desk.act(approve(), HOUSE).refused

    office.desk.report(couhes(), BY_THE_DIRECTOR)

    assert office.desk.act(approve(), HOUSE).entries
    assert office.last.event == approved().event


def test_a_decision_is_made_once(prepared: Office):
    prepared.desk.act(decline(), HOUSE)

    again = prepared.desk.act(approve(), HOUSE)

    assert [one.rule for one in again.objections] == ["open-request"]
    assert [type(fact.event) for fact in prepared.facts[-2:]] == [RequestDeclined, ActRefused]


def test_an_act_is_recorded_with_its_circumstances_and_its_judgement(prepared: Office):
    circumstances = Circumstances(
        actor="staff:typist",
        via="command line",
        on_behalf_of=DIRECTOR,
        documents=(commitment(5), commitment(6)),
    )
    prepared.desk.act(approve(), circumstances)

    fact, judged = prepared.last, prepared.last.judged
    assert judged is not None
    assert (fact.actor, fact.via, fact.on_behalf_of) == ("staff:typist", "command line", DIRECTOR)
    assert (fact.documents, fact.precision) == ((commitment(5), commitment(6)), "instant")
    assert (fact.occurred_at, fact.recorded_at) == (NOON, NOON)
    assert (judged.command, judged.at) == (as_command(approve()), "2026-11-21T12:00:00.000000Z")
    assert (judged.policy, judged.read_to, judged.rulebook) == (1, len(complete()), VERSION)


def test_an_act_happens_when_it_is_judged_and_at_no_other_time(prepared: Office):
    last_week = msgspec.structs.replace(HOUSE, occurred_at=NOON - timedelta(days=7))

    for wish in (prepared.desk.act, prepared.desk.objections):
        with (
            nothing_written(prepared.store),
            pytest.raises(Malformed, match="approve-request happens when it is judged"),
        ):
            wish(approve(), last_week)


def test_what_the_rules_hold_against_an_act_is_told_without_recording_it(office: Office):
    office.holds(*complete(couhes=None))
    with nothing_written(office.store):
        objections = office.desk.objections(approve(), HOUSE)

    assert objections == office.desk.act(approve(), HOUSE).objections != ()


def test_separation_of_duties_looks_at_who_decides_and_not_at_who_types(office: Office):
    office.holds(*complete(request=request(personnel=(ANA, BEN, DIRECTOR))), role(principal="staff:2", person=STRANGER))
    typed_by_the_director = msgspec.structs.replace(HOUSE, actor=THE_DIRECTOR)

    assert office.desk.act(approve(), HOUSE).refused
    assert not office.desk.act(approve(principal="staff:2"), typed_by_the_director).refused


ACTS: dict[type[Act], tuple[list[Event], Act]] = {
    type(act): (facts, act)
    for facts, act in [
        (complete(), approve()),
        (complete(), decline()),
        (ready(mou=None), issue(memorandum())),
        (ready(mou_executed=None), execute()),
        (ready(), authorise()),
        ([*ready(), authorised().event], hand_over()),
        (ready(), let_in()),
        (ready(), waive()),
        (complete(), erase()),
        (with_query(), answer()),
        (under_review(reviewed()), let_appear()),
        ([*ready(), *strangers()], amend()),
        (ready(), renew()),
        ([*ready(), *OUT, attested()], accept()),
        ([*ready(), *OUT], write_off()),
        ([*ready(), *OVER], close()),
        ([*ready(), incident(REQUEST), contained(REQUEST)], close_incident()),
    ]
}


@pytest.mark.parametrize(("facts", "act"), ACTS.values(), ids=[act.name for _, act in ACTS.values()])
def test_every_act_becomes_an_event_that_cannot_be_told(office: Office, facts, act):
    office.holds(*facts)
    outcome = office.desk.act(act, HOUSE)

    assert (outcome.refused, type(office.last.event) in NOT_REPORTED) == (False, True)


def test_every_act_is_seen_to_be_done():
    assert set(ACTS) == set(AnyAct.__args__)


def test_a_release_is_judged_again_when_it_is_handed_over(office: Office):
    office.holds(*ready())
    assert not office.desk.act(authorise(), HOUSE).refused
    office.desk.report(suspended(BEN), HOUSE)

    outcome = office.desk.act(hand_over(), HOUSE)

    assert [(one.rule, one.about) for one in outcome.objections] == [("nobody-suspended", BEN)]
    office.desk.report(lifted(BEN), BY_THE_DIRECTOR)
    assert not office.desk.act(hand_over(), HOUSE).refused
    assert office.last.event == handed_over().event


def test_an_act_that_names_somebody_whom_the_ledger_does_not_know_changes_nothing(office: Office):
    office.holds(*ready(mou=None, dua=None), authorised().event)
    for act in (
        issue(memorandum(template_approved_by=UNKNOWN_PERSON)),
        issue(memorandum(recipients=(recipient(UNKNOWN_PERSON),))),
        hand_over(extracted_by=UNKNOWN_PERSON),
    ):
        with nothing_written(office.store), pytest.raises(Malformed) as caught:
            office.desk.act(act, HOUSE)
        assert (caught.value.what, caught.value.value) == ("person", UNKNOWN_PERSON)


def test_an_agreement_that_would_end_before_it_begins_is_not_put_in_force(office: Office):
    office.holds(*ready(mou_executed=None))
    with nothing_written(office.store), pytest.raises(Malformed) as caught:
        office.desk.act(execute(starts=TODAY, ends=TODAY - timedelta(days=1)), HOUSE)

    assert (caught.value.what, caught.value.why) == ("ends", "is before it begins, on 2026-11-21")
    assert not office.desk.act(execute(starts=TODAY, ends=TODAY), HOUSE).refused


def test_what_a_data_server_asks_is_recorded_as_its_own(office: Office):
    office.holds(*ready(), role(principal=SERVER, person=None, role="data server"))
    by_the_server = Circumstances(actor=SERVER, via="API")

    assert not office.desk.act(let_in(principal=SERVER), by_the_server).refused
    assert (office.last.event, office.last.actor) == (permitted().event, SERVER)


@pytest.mark.parametrize("who", [STRANGER, UNKNOWN_PERSON], ids=["unnamed", "unknown"])
def test_somebody_without_a_request_is_not_let_in_and_that_is_recorded(office: Office, who):
    office.holds(*ready())
    assert office.desk.act(let_in(who, request=None), HOUSE).refused

    refusal = office.last.event
    assert isinstance(refusal, ActRefused)
    assert (refusal.request, refusal.person, refusal.dataset) == (None, who, DATA_SET)
    assert {one.rule for one in refusal.objections} == {"named-recipients", "couhes", "irb-and-couhes", "citi-training"}


# Others are faster.


def test_the_desk_is_thin():
    """It reads no clock but the one handed in, and opens nothing itself."""
    admission = [import_module(f"api.admission.{one.name}") for one in iter_modules(api.admission.__path__)]
    for module in (api.desk, *admission):
        assert {"open_store", "utc_now", "sqlite3"}.isdisjoint(vars(module))
        assert "datetime.now" not in inspect.getsource(module)
