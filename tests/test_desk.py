"""The desk: acts are done or refused, reports are recorded, and what is not let in changes nothing."""

import inspect
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import msgspec
import pytest

import api.admission
import api.desk
from api.admission import INTRODUCED_BY, NOT_REPORTED
from api.desk import ATTEMPTS, Circumstances, Desk, Outcome
from api.errors import NotEntitled
from ledger.codec import Recorded
from ledger.errors import Conflict, KeyReused, LedgerError, Malformed
from ledger.events import (
    DECLARED,
    ActRefused,
    ApiKeyRevoked,
    DataSetFormChanged,
    DataSetOpened,
    DataSetRetired,
    DocumentOpened,
    Event,
    HistoryViewed,
    LogKeyRetired,
    LogKeyRotated,
    PersonDetailsChanged,
    PolicyPublished,
    RequestApproved,
    RequestDeclined,
    TrainingCertified,
)
from ledger.events.governance import Objected
from ledger.log import IdempotencyKey
from ledger.storage import Store, open_store
from projections.acts import Act, AnyAct, as_command
from projections.rules.rule import Objection
from projections.rules.rulebook import VERSION
from tests.amending_facts import amend, compelled, debarment_lifted, debarred, renew, strangers
from tests.conftest import POSTGRES, url_of
from tests.endings import (
    HOLD,
    INCIDENT,
    OUT,
    OVER,
    accept,
    attested,
    close,
    close_incident,
    contained,
    copied,
    declared,
    departed,
    finding_assigned,
    finding_closed,
    held,
    hold_lifted,
    incident,
    legal_hold,
    moved_away,
    restored,
    revoked,
    write_off,
)
from tests.facts import (
    ANA,
    API_KEY,
    BEN,
    DATA_SET,
    NOON,
    REQUEST,
    Clock,
    api_key,
    commitment,
    data_set,
    erased,
    ledger_on,
    nothing_written,
    opened,
    person,
    seeded,
    version_added,
)
from tests.office import (
    BY_THE_DIRECTOR,
    COUHES,
    DIRECTOR,
    DUA,
    ELSEWHERE,
    HEAD,
    HOUSE,
    IRB,
    KEY,
    MOU,
    NOWHERE,
    OTHER_REQUEST,
    RELEASE,
    SERVER,
    STRANGER,
    THE_DIRECTOR,
    TODAY,
    affiliation,
    approve,
    approved,
    authorise,
    authorised,
    board_ended,
    complete,
    correction,
    couhes,
    decline,
    declined,
    designated,
    erase,
    execute,
    failed,
    hand_over,
    handed_over,
    head_approval,
    in_force,
    irb,
    issue,
    key_confirmed,
    key_filed,
    key_rejected,
    key_revoked,
    law,
    let_in,
    lifted,
    memorandum,
    organisation,
    permitted,
    ready,
    received,
    recipient,
    reliance,
    request,
    returned,
    role,
    role_ended,
    signed,
    suspended,
    terminated,
    trial_failed,
    trial_passed,
    trial_sent,
    waive,
    waived,
    wanted,
    withdrawn,
    written,
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
    under_review,
    with_query,
)

UNKNOWN_PERSON = "p-" + 32 * "0"
IS_NONE_OF_IT = "is about request R-2026-0001"


class Office:
    """A desk on a ledger, with a clock that goes when it is told to."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store, self.clock = store, clock
        self.ledger = ledger_on(store, clock)
        self.desk = Desk(self.ledger, clock)

    def holds(self, *facts: Event) -> "Office":
        if facts:
            written(facts, self.ledger)
        return self

    @property
    def facts(self) -> list[Recorded]:
        return list(self.ledger.facts())

    @property
    def last(self) -> Recorded:
        return self.facts[-1]


@pytest.fixture(params=["file", "memory", POSTGRES])
def office(request: pytest.FixtureRequest) -> Iterator[Office]:
    """An office with an empty ledger, on a store of each kind."""
    clock = Clock()
    with open_store(url_of(request.param, request), clock) as store:
        yield Office(store, clock)


@pytest.fixture
def prepared(office: Office) -> Office:
    """An office that has a request which can be approved."""
    return office.holds(*complete())


def key(name: str = "k-1", body: bytes = b"approve", principal: str = "staff:typist") -> IdempotencyKey:
    return IdempotencyKey(principal, name, body)


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


# Who and what is not let in.


class Shred(Act, frozen=True, kw_only=True, tag="shred-request"):
    """Nothing that this office does."""


class Burn(Act, frozen=True, kw_only=True, tag="approve-request"):
    """Looks like another act, with more to it."""

    ashes: int = 0


MALFORMED: dict[str, Any] = {
    "not one of ours": Shred(principal=THE_DIRECTOR, request=REQUEST),
    "more than one of ours": Burn(principal=THE_DIRECTOR, request=REQUEST),
    "conditions in plain words": approve(conditions="in plain words"),
    "conditions as bytes": approve(conditions=b"bytes"),
    "conditions of no kind": approve(conditions=object()),
    "no reason": decline(reason=None),
    "nobody": approve(principal=""),
    "a long name": approve(principal="x" * 300),
    "a name of two lines": approve(principal="line\nend"),
    "a number": approve(principal=7),
    "a short request": approve(request="R-1"),
    "a tag for a request": approve(request="request:" + REQUEST),
    "no request": approve(request=None),
    "a request with a line end": approve(request=REQUEST + "\n"),
}


@pytest.mark.parametrize("act", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_act_changes_nothing(prepared: Office, act):
    with nothing_written(prepared.store), pytest.raises(Malformed):
        prepared.desk.act(act, HOUSE)
    with nothing_written(prepared.store), pytest.raises(Malformed):
        prepared.desk.objections(act, HOUSE)


def test_an_act_on_a_request_that_the_ledger_does_not_know_changes_nothing(prepared: Office):
    with nothing_written(prepared.store), pytest.raises(Malformed) as unknown:
        prepared.desk.act(approve(request=OTHER_REQUEST), HOUSE)

    assert (unknown.value.what, unknown.value.value) == ("request", OTHER_REQUEST)


@pytest.mark.parametrize("act", [approve(principal="staff:2"), decline(principal="staff:2")], ids=lambda act: act.name)
def test_an_act_by_somebody_who_holds_no_role_for_it_changes_nothing(prepared: Office, act):
    prepared.holds(role(principal="staff:2", role="auditor"))
    with nothing_written(prepared.store), pytest.raises(NotEntitled) as caught:
        prepared.desk.act(act, HOUSE)

    roles = ("director", "acting director", "alternate", "staff")
    assert (caught.value.principal, caught.value.act, caught.value.roles) == ("staff:2", act.name, roles)
    assert isinstance(caught.value, LedgerError)
    assert str(caught.value) == (
        f"'staff:2' may not {act.name}: that takes a role of director, acting director, alternate, staff"
    )


@pytest.mark.parametrize("held", ["director", "acting director", "alternate", "staff", "admin"])
def test_who_types_what_somebody_else_decided_is_of_the_office(prepared: Office, held):
    prepared.holds(role(principal="staff:2", role=held))

    assert not prepared.desk.act(approve(), msgspec.structs.replace(HOUSE, actor="staff:2")).refused


@pytest.mark.parametrize("held", [None, "auditor", "compliance", "data server"])
def test_who_is_not_of_the_office_types_nothing(prepared: Office, held):
    if held:
        prepared.holds(role(principal="staff:2", role=held))
    with nothing_written(prepared.store), pytest.raises(NotEntitled) as caught:
        prepared.desk.act(approve(), msgspec.structs.replace(HOUSE, actor="staff:2"))
    assert caught.value.principal == "staff:2"


@pytest.mark.parametrize(
    "circumstances",
    [
        {"actor": ""},
        {"actor": "Dr Ana Ejemplo"},
        {"actor": "staff:"},
        {"via": "x\ny"},
        {"on_behalf_of": ""},
        {"on_behalf_of": "staff:1"},
        {"on_behalf_of": "Ana Ejemplo"},
        {"documents": ("a letter",)},
        {"precision": "year"},
        {"occurred_at": NOON.replace(tzinfo=None)},
        {"occurred_at": NOON + timedelta(microseconds=1)},
        {"occurred_at": datetime(1969, 12, 31, tzinfo=UTC)},
    ],
    ids=repr,
)
def test_circumstances_that_no_entry_can_hold_change_nothing(prepared: Office, circumstances):
    strange = msgspec.structs.replace(HOUSE, **circumstances)
    for wish in (lambda: prepared.desk.act(approve(), strange), lambda: prepared.desk.report(suspended(ANA), strange)):
        with nothing_written(prepared.store), pytest.raises(Malformed):
            wish()


def test_a_clock_without_a_time_zone_is_not_believed(prepared: Office):
    naive = Desk(prepared.ledger, lambda: NOON.replace(tzinfo=None))
    yesterday = msgspec.structs.replace(HOUSE, occurred_at=NOON - timedelta(days=1))
    for wish in (
        lambda: naive.act(approve(), HOUSE),
        lambda: naive.act(approve(), yesterday),
        lambda: naive.objections(approve(), HOUSE),
        lambda: naive.report(suspended(ANA), HOUSE),
    ):
        with nothing_written(prepared.store), pytest.raises(Malformed) as caught:
            wish()
        assert caught.value.what == "time"


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


UNKNOWN: list[tuple[Event, str, str]] = [
    (ApiKeyRevoked(apikey=API_KEY), "apikey", API_KEY),
    (departed(UNKNOWN_PERSON), "person", UNKNOWN_PERSON),
    (incident(REQUEST, OTHER_REQUEST), "request", OTHER_REQUEST),
    (contained(REQUEST), "incident", INCIDENT),
    (hold_lifted(request=REQUEST), "hold", HOLD),
    (legal_hold(dataset="D-unknown"), "dataset", "D-unknown"),
    (attested(held(UNKNOWN_PERSON)), "person", UNKNOWN_PERSON),
    (PersonDetailsChanged(person=UNKNOWN_PERSON), "person", UNKNOWN_PERSON),
    (suspended(UNKNOWN_PERSON), "person", UNKNOWN_PERSON),
    (suspended(ANA, OTHER_REQUEST), "request", OTHER_REQUEST),
    (debarred(UNKNOWN_PERSON), "person", UNKNOWN_PERSON),
    (debarment_lifted(UNKNOWN_PERSON), "person", UNKNOWN_PERSON),
    (compelled(also=("D-unknown",)), "dataset", "D-unknown"),
    (version_added(dataset="D-unknown"), "dataset", "D-unknown"),
    (request(OTHER_REQUEST, datasets=(wanted(dataset="D-unknown"),)), "dataset", "D-unknown"),
    (request(OTHER_REQUEST, researcher=UNKNOWN_PERSON), "person", UNKNOWN_PERSON),
    (request(OTHER_REQUEST, sponsor=UNKNOWN_PERSON), "person", UNKNOWN_PERSON),
    (request(OTHER_REQUEST, personnel=(ANA, UNKNOWN_PERSON)), "person", UNKNOWN_PERSON),
    (request(OTHER_REQUEST, head_approval=head_approval(UNKNOWN_PERSON)), "person", UNKNOWN_PERSON),
    (returned(OTHER_REQUEST), "request", OTHER_REQUEST),
    (withdrawn(OTHER_REQUEST), "request", OTHER_REQUEST),
    (affiliation(UNKNOWN_PERSON, "home"), "person", UNKNOWN_PERSON),
    (affiliation(ANA, "outside", "O-unknown"), "organisation", "O-unknown"),
    (couhes(determination="E-2", request=OTHER_REQUEST), "request", OTHER_REQUEST),
    (couhes(determination="E-2", covers=(ANA, UNKNOWN_PERSON)), "person", UNKNOWN_PERSON),
    (irb(determination="E-2", organisation="O-unknown"), "organisation", "O-unknown"),
    (reliance(determination="E-unknown"), "determination", "E-unknown"),
    (board_ended("E-unknown", TODAY), "determination", "E-unknown"),
    (msgspec.structs.replace(law(), request=OTHER_REQUEST), "request", OTHER_REQUEST),
    (role(person=UNKNOWN_PERSON), "person", UNKNOWN_PERSON),
    (signed(memorandum(), "office", HEAD), "agreement", MOU),
    (terminated(DUA), "agreement", DUA),
    (designated(UNKNOWN_PERSON), "person", UNKNOWN_PERSON),
    (key_filed(request=OTHER_REQUEST), "request", OTHER_REQUEST),
    (key_filed(person=UNKNOWN_PERSON), "person", UNKNOWN_PERSON),
    (key_confirmed(), "key", KEY),
    (key_rejected(), "key", KEY),
    (key_revoked(), "key", KEY),
    (trial_sent(), "key", KEY),
    (trial_passed(), "key", KEY),
    (trial_failed(), "key", KEY),
    (failed(), "release", RELEASE),
    (received(), "release", RELEASE),
    (DataSetRetired(dataset="D-unknown"), "dataset", "D-unknown"),
    (DataSetOpened(dataset=DATA_SET, label=None, person=UNKNOWN_PERSON, request=None), "person", UNKNOWN_PERSON),
    (asked(by=UNKNOWN_PERSON), "person", UNKNOWN_PERSON),
    (asked(by=None, publication=PUBLICATION), "publication", PUBLICATION),
    (query_withdrawn(), "query", QUERY),
    (notified(authors=(UNKNOWN_PERSON,)), "person", UNKNOWN_PERSON),
    *((fact, "publication", PUBLICATION) for fact in (reviewed(), changes_asked(), has_appeared(), retracted())),
]
KNOWN: list[tuple[Event, str, str]] = [
    (person(ANA), "person", ANA),
    (organisation(ELSEWHERE), "organisation", ELSEWHERE),
    (data_set(), "dataset", DATA_SET),
    (couhes(outcome="exempt"), "determination", COUHES),
]


@pytest.mark.parametrize(("fact", "what", "id_"), UNKNOWN)
def test_a_report_about_something_that_the_ledger_does_not_know_changes_nothing(prepared: Office, fact, what, id_):
    with nothing_written(prepared.store), pytest.raises(Malformed) as caught:
        prepared.desk.report(fact, BY_THE_DIRECTOR)

    assert (caught.value.what, caught.value.value, caught.value.why) == (what, id_, "is not in this ledger")


@pytest.mark.parametrize(("fact", "what", "id_"), KNOWN)
def test_what_is_known_does_not_become_known_again(prepared: Office, fact, what, id_):
    with nothing_written(prepared.store), pytest.raises(Malformed) as caught:
        prepared.desk.report(fact, BY_THE_DIRECTOR)

    assert (caught.value.what, caught.value.value, caught.value.why) == (what, id_, "is in this ledger already")


@pytest.mark.parametrize(
    "fact",
    [reliance(request=OTHER_REQUEST), msgspec.structs.replace(board_ended(IRB, TODAY), request=OTHER_REQUEST)],
    ids=["reliance", "end"],
)
def test_what_is_said_of_a_determination_names_the_request_that_it_is_about(prepared: Office, fact):
    """Under another request it would be recorded, and hold nothing up there or here."""
    prepared.holds(request(OTHER_REQUEST))
    with nothing_written(prepared.store), pytest.raises(Malformed) as caught:
        prepared.desk.report(fact, BY_THE_DIRECTOR)

    assert (caught.value.what, caught.value.value) == ("determination", IRB)
    assert caught.value.why == IS_NONE_OF_IT


OF_THIS_REQUEST: list[tuple[Event, str, str]] = [
    (signed(memorandum(), "office", HEAD), "agreement", MOU),
    (terminated(MOU), "agreement", MOU),
    (key_confirmed(), "key", KEY),
    (key_rejected(), "key", KEY),
    (key_revoked(), "key", KEY),
    (trial_sent(), "key", KEY),
    (trial_passed(), "key", KEY),
    (trial_failed(), "key", KEY),
    (failed(), "release", RELEASE),
    (received(), "release", RELEASE),
]


@pytest.mark.parametrize(("fact", "what", "id_"), OF_THIS_REQUEST)
def test_what_followed_from_one_request_is_told_of_no_other(office: Office, fact, what, id_):
    office.holds(*ready(), authorised().event, request(OTHER_REQUEST))
    with nothing_written(office.store), pytest.raises(Malformed) as caught:
        office.desk.report(msgspec.structs.replace(fact, request=OTHER_REQUEST), HOUSE)

    assert (caught.value.what, caught.value.value, caught.value.why) == (what, id_, IS_NONE_OF_IT)
    office.desk.report(fact, HOUSE)
    assert office.last.event == fact


@pytest.mark.parametrize(
    "fact",
    [
        opened(),
        erased(ANA),
        approved().event,
        declined().event,
        memorandum(agreement="A-2"),
        in_force(MOU),
        authorised().event,
        handed_over().event,
        permitted().event,
        waived().event,
        ActRefused(act="approve-request", request=REQUEST, objections=()),
        told(),
        passed().event,
    ],
    ids=lambda fact: fact.wire_name,
)
def test_what_comes_of_an_act_cannot_be_told(prepared: Office, fact):
    """Whoever could, would approve without being judged."""
    with nothing_written(prepared.store), pytest.raises(Malformed) as caught:
        prepared.desk.report(fact, BY_THE_DIRECTOR)

    assert (caught.value.what, caught.value.value) == ("report", fact.wire_name)


REPORTED = {
    type(fact)
    for fact in [
        *(fact for fact in ready() if type(fact) not in NOT_REPORTED),
        terminated(MOU),
        key_rejected(),
        key_revoked(),
        trial_failed(),
        failed(),
        received(),
        DataSetOpened(dataset=DATA_SET, label=None, person=None, request=None),
        correction(1, couhes()),
        version_added(),
        suspended(ANA),
        lifted(ANA),
        debarred(ANA),
        debarment_lifted(ANA),
        compelled(),
        returned(),
        withdrawn(),
        board_ended(IRB, TODAY),
        role_ended(),
        PersonDetailsChanged(person=ANA),
        TrainingCertified(person=ANA, completed=TODAY, expires=None, document=commitment()),
        DataSetFormChanged(
            dataset=DATA_SET, label="1", form="identified", found_by=ANA, found_on=TODAY, method=commitment()
        ),
        DataSetRetired(dataset=DATA_SET),
        api_key(),
        ApiKeyRevoked(apikey=API_KEY),
        LogKeyRotated(log_key="log.example.com+0"),
        LogKeyRetired(log_key="log.example.com+0"),
        HistoryViewed(how="read", request=REQUEST),
        DocumentOpened(entry=1, document=commitment()),
        *(asked(), query_withdrawn()),
        *(notified(), reviewed(), changes_asked(), has_appeared(), retracted()),
        *(copied(), declared(), attested(), incident(REQUEST), contained(REQUEST), revoked(BEN), restored(BEN)),
        *(departed(BEN), moved_away(BEN), legal_hold(person=BEN), hold_lifted(person=BEN)),
        *(finding_assigned(1, "late incident"), finding_closed(1, "late incident")),
    ]
}


def test_every_event_is_reported_or_comes_of_something_else():
    assert set(NOT_REPORTED) <= set(DECLARED)
    assert {event for event in DECLARED if event not in NOT_REPORTED} == REPORTED


def test_everything_that_an_event_can_name_becomes_known_by_some_event():
    named = {tag.partition(":")[0] for fact, *_ in [*UNKNOWN, *KNOWN] for tag in fact.tags()}

    assert named == set(INTRODUCED_BY)
    assert {tag.partition(":")[0] for fact in [*ready(), waived().event] for tag in fact.tags()} <= {*named, "waiver"}


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
    "in again": "submitted",
    "approved, and the law determined again": "approved",
    "withdrawn, and the law determined again": "withdrawn",
}


@pytest.mark.parametrize("fact", [request(), returned(), withdrawn()], ids=lambda fact: fact.wire_name)
@pytest.mark.parametrize("state", BEFORE)
def test_a_request_comes_in_is_returned_and_is_withdrawn_in_its_turn_only(prepared: Office, state, fact):
    prepared.holds(*BEFORE[state])
    in_turn = state == "returned" if fact == request() else IS[state] in ("law determined", "submitted")
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


# The same wish again.


def test_the_same_act_with_the_same_key_has_the_outcome_that_it_had(prepared: Office):
    first = prepared.desk.act(approve(), HOUSE, key())
    with nothing_written(prepared.store):
        again = prepared.desk.act(approve(), HOUSE, key())

    assert again == Outcome(first.entries, (), again=True)


def test_the_same_refusal_comes_again_also_when_it_would_be_done_now(office: Office):
    office.holds(*complete(couhes=None))
    first = office.desk.act(approve(), HOUSE, key())
    office.desk.report(couhes(), BY_THE_DIRECTOR)
    with nothing_written(office.store):
        again = office.desk.act(approve(), HOUSE, key())

    assert first.refused
    assert again == Outcome(first.entries, first.objections, again=True)
    assert not office.desk.act(approve(), HOUSE, key("k-2")).refused


def test_what_was_done_comes_again_also_for_somebody_who_may_not_wish_it_any_more(prepared: Office):
    first = prepared.desk.act(approve(), HOUSE, key())
    prepared.desk.report(role_ended(), BY_THE_DIRECTOR)

    assert prepared.desk.act(approve(), HOUSE, key()) == Outcome(first.entries, (), again=True)
    with pytest.raises(NotEntitled):
        prepared.desk.act(approve(), HOUSE, key("k-2"))


def test_a_wish_that_was_not_let_in_has_no_outcome_to_come_again(office: Office):
    office.holds(*complete(role=None))
    with pytest.raises(NotEntitled):
        office.desk.act(approve(), HOUSE, key())
    office.holds(role())

    assert office.desk.act(approve(), HOUSE, key()).again is False


def test_the_same_reports_with_the_same_key_have_the_outcome_that_they_had(prepared: Office):
    reports = [(returned(), BY_THE_DIRECTOR), (request(), BY_THE_DIRECTOR)]
    first = prepared.desk.report_together(reports, key())
    with nothing_written(prepared.store):
        again = prepared.desk.report_together(reports, key())

    assert (len(first.entries), again) == (2, Outcome(first.entries, again=True))


def test_what_became_known_with_a_key_is_not_known_already_when_it_comes_again(office: Office):
    first = office.desk.report(person(ANA), BY_THE_DIRECTOR, key())

    assert office.desk.report(person(ANA), BY_THE_DIRECTOR, key()) == Outcome(first.entries, again=True)
    with pytest.raises(Malformed):
        office.desk.report(person(ANA), BY_THE_DIRECTOR, key("k-2"))


@pytest.mark.parametrize("again", [b"decline", b""])
def test_the_same_key_for_another_wish_is_an_error(prepared: Office, again):
    prepared.desk.act(approve(), HOUSE, key())
    for wish in (
        lambda: prepared.desk.act(decline(), HOUSE, key(body=again)),
        lambda: prepared.desk.report(suspended(ANA), BY_THE_DIRECTOR, key(body=again)),
    ):
        with nothing_written(prepared.store), pytest.raises(KeyReused):
            wish()


def test_the_same_key_of_another_principal_is_another_key(prepared: Office):
    prepared.desk.report(suspended(ANA), BY_THE_DIRECTOR, key())

    assert prepared.desk.report(lifted(ANA), BY_THE_DIRECTOR, key(principal="staff:other")).again is False


# Others are faster.


class Rival:
    """Writes just before each of the first so many appends of somebody else: a source of their random bytes."""

    def __init__(self, store: Store, clock: Clock, writes: Callable[[int], Event], times: int) -> None:
        self._ledger, self._writes, self._left = ledger_on(store, clock), writes, times
        self._bytes = seeded(9)
        self.wrote = 0

    def __call__(self, size: int) -> bytes:
        if self._left:
            self._left -= 1
            self.wrote += 1
            written([self._writes(self.wrote)], self._ledger)
        return self._bytes(size)


def beside(office: Office, writes: Callable[[int], Event], times: int) -> tuple[Desk, Rival]:
    """A desk that always finds, when it comes to append, that a rival has written in between."""
    rival = Rival(office.store, office.clock, writes, times)
    return Desk(ledger_on(office.store, office.clock, random_bytes=rival), office.clock), rival


def test_an_act_is_judged_anew_when_somebody_was_faster(prepared: Office):
    desk, _ = beside(prepared, lambda _: suspended(ANA), times=1)
    outcome = desk.act(approve(), HOUSE)

    assert [(one.rule, one.about) for one in outcome.objections] == [("nobody-suspended", ANA)]
    assert prepared.last.judged is not None
    assert prepared.last.judged.read_to == len(complete()) + 1


@pytest.mark.parametrize("times", [ATTEMPTS - 1, ATTEMPTS])
def test_an_act_is_tried_so_many_times_and_then_it_is_a_conflict(prepared: Office, times):
    desk, rival = beside(prepared, lambda _: law(), times)
    if times < ATTEMPTS:
        assert not desk.act(approve(), HOUSE).refused
    else:
        with pytest.raises(Conflict):
            desk.act(approve(), HOUSE)
    assert rival.wrote == times
    assert [type(fact.event) for fact in prepared.facts[len(complete()) :]] == [
        *times * [type(law())],
        *([RequestApproved] if times < ATTEMPTS else []),
    ]


@pytest.mark.parametrize("times", [ATTEMPTS - 1, ATTEMPTS])
def test_a_report_is_tried_so_many_times_and_then_it_is_a_conflict(prepared: Office, times):
    desk, rival = beside(prepared, lambda _: law(), times)
    if times < ATTEMPTS:
        desk.report(returned(), BY_THE_DIRECTOR)
        assert prepared.last.event == returned()
    else:
        with pytest.raises(Conflict):
            desk.report(returned(), BY_THE_DIRECTOR)
    assert rival.wrote == times


@pytest.mark.parametrize(
    "fact",
    [request(OTHER_REQUEST), suspended(STRANGER), data_set("D-other"), person(UNKNOWN_PERSON)],
    ids=lambda fact: fact.wire_name,
)
def test_what_is_no_matter_of_an_act_does_not_stand_in_its_way(prepared: Office, fact):
    desk, _ = beside(prepared, lambda _: fact, times=1)
    outcome = desk.act(approve(), HOUSE)

    assert (outcome.refused, prepared.last.event) == (False, approved().event)
    assert prepared.last.judged is not None
    assert prepared.last.judged.read_to == len(complete())


def test_who_is_faster_makes_known_what_then_is_known_already(office: Office):
    desk, _ = beside(office, lambda _: person(ANA), times=1)
    with pytest.raises(Malformed) as caught:
        desk.report(person(ANA), BY_THE_DIRECTOR)

    assert (caught.value.value, caught.value.why) == (ANA, "is in this ledger already")
    assert [fact.event for fact in office.facts] == [person(ANA)]


def test_whose_role_ends_in_between_is_not_entitled(prepared: Office):
    desk, _ = beside(prepared, lambda _: role_ended(), times=1)
    with pytest.raises(NotEntitled):
        desk.act(approve(), HOUSE)
    assert prepared.last.event == role_ended()


def test_a_request_that_is_withdrawn_in_between_is_not_returned(prepared: Office):
    desk, _ = beside(prepared, lambda _: withdrawn(), times=1)
    with pytest.raises(Malformed):
        desk.report(returned(), BY_THE_DIRECTOR)
    assert prepared.last.event == withdrawn()


def test_a_request_that_is_approved_in_between_is_not_withdrawn(prepared: Office):
    desk, _ = beside(prepared, lambda _: approved().event, times=1)
    with pytest.raises(Malformed):
        desk.report(withdrawn(), BY_THE_DIRECTOR)
    assert prepared.last.event == approved().event


def test_the_same_wish_that_was_faster_in_another_process_is_the_outcome(prepared: Office):
    rival: dict[str, Any] = {}

    def first(size: int) -> bytes:
        if not rival:
            rival["outcome"] = "running"
            rival["outcome"] = prepared.desk.act(approve(), HOUSE, key())
        return bytes(size)

    second = Desk(ledger_on(prepared.store, prepared.clock, random_bytes=first), prepared.clock)

    assert second.act(approve(), HOUSE, key()) == Outcome(rival["outcome"].entries, (), again=True)


def test_the_desk_is_thin():
    """It reads no clock but the one handed in, and opens nothing itself."""
    admission = [import_module(f"api.admission.{one.name}") for one in iter_modules(api.admission.__path__)]
    for module in (api.desk, *admission):
        assert {"open_store", "utc_now", "sqlite3"}.isdisjoint(vars(module))
        assert "datetime.now" not in inspect.getsource(module)
