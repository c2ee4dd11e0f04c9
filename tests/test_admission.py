"""Admission: who may report what, with which dates, and what can be corrected."""

from collections.abc import Iterator
from typing import Any, get_args

import msgspec
import pytest

from api.admission import CORRECTABLE, ENTITLED, NOT_REPORTED
from api.desk import Circumstances, Desk
from api.errors import NotEntitled
from ledger.errors import Malformed
from ledger.events import (
    DECLARED,
    AccessRestored,
    AccessRevoked,
    ApiKeyIssued,
    ApiKeyRevoked,
    CopyReported,
    DataSetOpened,
    DataSetRetired,
    DebarmentLifted,
    DestructionAttested,
    DocumentOpened,
    Event,
    FactCorrected,
    HistoryViewed,
    IncidentReported,
    LegalHoldLifted,
    LogKeyRetired,
    LogKeyRotated,
    PersonDebarred,
    PersonDetailsChanged,
    PolicyPublished,
    PublicationNotified,
    QueryReceived,
    ReleaseReceived,
    RequestWithdrawn,
    RoleEnded,
    RoleGranted,
    SuspensionLifted,
)
from ledger.events.governance import Role
from ledger.storage import Store, open_store
from tests.amending_facts import compelled, debarment_lifted, debarred
from tests.endings import (
    ATTESTATION,
    OUT,
    accept,
    attested,
    contained,
    copied,
    declared,
    departed,
    finding_assigned,
    finding_closed,
    hold_lifted,
    incident,
    legal_hold,
    moved_away,
    restored,
    revoked,
    was_accepted,
)
from tests.facts import (
    ANA,
    API_KEY,
    BEN,
    DATA_SET,
    EVA,
    REQUEST,
    Clock,
    api_key,
    commitment,
    data_set,
    ledger_on,
    noon,
    nothing_written,
    person,
    version_added,
)
from tests.office import BY_THE_DIRECTOR, HOUSE, last_moment_of, written
from tests.office_acts import approved, authorise, authorised, let_in, permitted
from tests.office_facts import (
    COUHES,
    DIRECTOR,
    FAR_OFF,
    HEAD,
    IRB,
    MOU,
    OTHER_REQUEST,
    STRANGER,
    THE_DIRECTOR,
    TODAY,
    TOMORROW,
    TYPIST,
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
    key_confirmed,
    key_filed,
    key_rejected,
    key_revoked,
    law,
    lifted,
    memorandum,
    organisation,
    received,
    reliance,
    reliance_requested,
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
    verified,
    withdrawn,
)
from tests.office_requests import complete, ready
from tests.outside import asked, changes_asked, has_appeared, notified, query_withdrawn, retracted, reviewed
from tests.past_facts import past_release


@pytest.fixture
def store() -> Iterator[Store]:
    with open_store("sqlite://", Clock()) as opened_store:
        yield opened_store


def desk_on(store: Store, *facts: Event) -> Desk:
    """A desk of an office in which these things have happened."""
    return Desk(written(facts, ledger_on(store)), noon)


def facts_in(store: Store) -> list[Event]:
    return [fact.event for fact in ledger_on(store).facts()]


def by(actor: str) -> Circumstances:
    return msgspec.structs.replace(HOUSE, actor=actor)


def is_refused(store: Store, desk: Desk, *reports: tuple[Event, Circumstances], error: type[Exception]) -> Any:
    """Nothing is written, and nothing would be; gives the error."""
    with nothing_written(store), pytest.raises(error):
        desk.admit(reports)
    with nothing_written(store), pytest.raises(error) as caught:
        desk.report_together(reports)
    return caught.value


# Who may report what.

SECOND = "staff:2"
OPEN_ONE = "R-2026-0003"
OPENED = DataSetOpened(dataset=DATA_SET, label=None, person=ANA, request=None)
REPORTS: list[Event] = [
    *(person(EVA), PersonDetailsChanged(person=ANA), organisation("O-3"), affiliation(ANA, "home")),
    *(data_set("D-other"), version_added("2"), form_changed(), DataSetRetired(dataset=DATA_SET)),
    *(request(OTHER_REQUEST), returned(OPEN_ONE), withdrawn(OPEN_ONE)),
    *(couhes(determination="E-3"), reliance_requested(), reliance(), board_ended(IRB, TODAY)),
    *(certified(ANA), verified(ANA), law()),
    *(signed(memorandum(), "office", HEAD), terminated(MOU)),
    *(designated(BEN), key_filed(key="K-2"), key_confirmed(), key_rejected(), key_revoked()),
    *(trial_sent(), trial_passed(), trial_failed(), failed(), received()),
    *(OPENED, PolicyPublished(), role(principal=SECOND, role="auditor"), role_ended(TYPIST, "staff")),
    *(suspended(ANA), lifted(ANA), correction(ready().index(couhes()) + 1, couhes())),
    *(api_key("T-" + 16 * "0"), ApiKeyRevoked(apikey=API_KEY)),
    *(LogKeyRotated(log_key="ir.example.edu+0"), LogKeyRetired(log_key="ir.example.edu+0")),
    *(HistoryViewed(how="read", request=REQUEST), DocumentOpened(entry=1, document=commitment())),
    *(asked(query="Q-2026-0002", by=BEN), query_withdrawn(), notified(publication="B-2", told_by=ANA), reviewed()),
    *(changes_asked(), has_appeared(), retracted()),
    *(debarred(ANA), debarment_lifted(ANA), compelled()),
    *(copied(), declared(), attested(), incident(REQUEST), contained(REQUEST, incident="I-open")),
    *(revoked(BEN), restored(BEN), departed(BEN), moved_away(BEN)),
    *(legal_hold(request=REQUEST), hold_lifted(hold="H-on", request=REQUEST)),
    *(finding_assigned(1, "late incident"), finding_closed(1, "late incident")),
]
OFFICE = {"director", "acting director", "alternate", "staff", "admin"}
MAY_REPORT: dict[type[Event], set[str]] = {
    PolicyPublished: {"director", "acting director", "admin"},
    RoleGranted: {"director", "acting director", "admin"},
    RoleEnded: {"director", "acting director", "admin"},
    SuspensionLifted: {"director", "acting director"},
    PersonDebarred: {"director", "acting director"},
    DebarmentLifted: {"director", "acting director"},
    DataSetOpened: OFFICE | {"data server"},
    RequestWithdrawn: OFFICE | {"researcher"},
    ReleaseReceived: OFFICE | {"researcher"},
    QueryReceived: OFFICE | {"researcher"},
    PublicationNotified: OFFICE | {"researcher"},
    CopyReported: OFFICE | {"researcher"},
    DestructionAttested: OFFICE | {"researcher"},
    IncidentReported: OFFICE | {"researcher"},
    AccessRevoked: {"director", "acting director"},
    AccessRestored: {"director", "acting director"},
    LegalHoldLifted: {"director", "acting director"},
    ApiKeyIssued: {"director", "acting director", "admin"},
    ApiKeyRevoked: {"director", "acting director", "admin"},
    LogKeyRotated: {"director", "acting director", "admin"},
    LogKeyRetired: {"director", "acting director", "admin"},
    HistoryViewed: set(get_args(Role)),
    DocumentOpened: set(get_args(Role)),
}

UNDER_WAY: list[Event] = [incident(REQUEST, incident="I-open"), legal_hold(hold="H-on", request=REQUEST)]
UNDER_WAY += [asked(by=BEN), notified()]


@pytest.mark.parametrize("held", get_args(Role))
@pytest.mark.parametrize("report", REPORTS, ids=lambda report: report.wire_name)
def test_who_may_report_what(store: Store, held: Any, report: Event):
    # It is Ana's own request.
    granted = role(principal=SECOND, person=ANA if held == "researcher" else None, role=held)
    facts = [*ready(), authorised().event, request(OPEN_ONE), api_key(), granted, *UNDER_WAY]
    desk = desk_on(store, *facts)
    if held in MAY_REPORT.get(type(report), OFFICE):
        desk.report(report, by(SECOND))
        assert facts_in(store) == [*facts, report]
    else:
        error = is_refused(store, desk, (report, by(SECOND)), error=NotEntitled)
        assert (error.principal, error.act) == (SECOND, f"report {report.wire_name}")
        assert set(error.roles) == MAY_REPORT.get(type(report), OFFICE)


@pytest.mark.parametrize("who", [None, STRANGER])
@pytest.mark.parametrize(
    "report",
    [copied(), incident(REQUEST), attested(), incident(people=(ANA,))],
    ids=["copy", "incident", "destruction", "incident of no request"],
)
def test_a_researcher_tells_of_copies_incidents_and_destruction_in_their_own_group_alone(store: Store, report, who):
    granted = role(principal=SECOND, person=who, role="researcher")
    desk = desk_on(store, *ready(), granted)

    error = is_refused(store, desk, (report, by(SECOND)), error=NotEntitled)

    assert (error.principal, error.act) == (SECOND, f"report {report.wire_name} of somebody else")


@pytest.mark.parametrize("who", [None, BEN])
@pytest.mark.parametrize(
    "report",
    [withdrawn(OPEN_ONE), received(), asked(by=BEN), notified(told_by=ANA)],
    ids=lambda report: report.wire_name,
)
def test_a_researcher_tells_nothing_of_what_is_somebody_elses(store: Store, report: Event, who):
    """Ben takes part in Ana's request, and is neither who asked nor who receives."""
    granted = role(principal=SECOND, person=who, role="researcher")
    desk = desk_on(store, *ready(), authorised().event, request(OPEN_ONE), granted)

    error = is_refused(store, desk, (report, by(SECOND)), error=NotEntitled)

    assert (error.principal, error.act) == (SECOND, f"report {report.wire_name} of somebody else")


def test_every_report_has_its_place_in_the_table():
    assert {type(report) for report in REPORTS} == set(DECLARED) - set(NOT_REPORTED)
    assert set(MAY_REPORT) == set(ENTITLED)


def test_somebody_without_a_role_reports_nothing(store: Store):
    desk = desk_on(store, *ready())
    for report in (suspended(ANA), role(principal="staff:stranger"), OPENED):
        is_refused(store, desk, (report, by("staff:stranger")), error=NotEntitled)


def test_whoever_opens_an_office_gives_the_first_role_and_nobody_else_does(store: Store):
    desk = desk_on(store, person(DIRECTOR))
    is_refused(store, desk, (role(), by("staff:installer")), error=Malformed)
    desk.report(role(), by("operator:installer"))

    is_refused(store, desk, (role(principal="staff:installer"), by("staff:installer")), error=NotEntitled)
    desk.report(role(principal="staff:installer", person=None, role="admin"), by(THE_DIRECTOR))
    desk.report(role(principal=TYPIST, person=None, role="staff"), by("staff:installer"))


def test_whoever_begins_an_office_alone_takes_the_first_role_themselves(store: Store):
    desk = desk_on(store, person(DIRECTOR))
    desk.report(role(), by(THE_DIRECTOR))


def test_the_last_role_by_which_roles_are_given_is_not_ended(store: Store):
    desk = desk_on(store, person(DIRECTOR), role())

    is_refused(store, desk, (role_ended(), BY_THE_DIRECTOR), error=Malformed)
    desk.report(role(principal=SECOND, person=None, role="admin"), BY_THE_DIRECTOR)
    desk.report(role_ended(), BY_THE_DIRECTOR)
    is_refused(store, desk, (role(), BY_THE_DIRECTOR), error=NotEntitled)


@pytest.mark.parametrize(
    "first", [role(role="staff"), role(starts=TOMORROW), role(ends=YESTERDAY)], ids=["staff", "not yet", "no longer"]
)
def test_an_office_begins_with_somebody_who_can_give_roles_today(store: Store, first: RoleGranted):
    desk = desk_on(store, person(DIRECTOR))

    is_refused(store, desk, (first, by("operator:local")), error=Malformed)
    desk.report(role(), by("operator:local"))


def test_where_nobody_is_left_who_can_give_roles_the_operator_can(store: Store):
    desk = desk_on(store, person(DIRECTOR), role(ends=YESTERDAY))

    is_refused(store, desk, (role(), BY_THE_DIRECTOR), error=NotEntitled)
    is_refused(store, desk, (role(role="staff"), by("operator:local")), error=NotEntitled)
    desk.report(role(), by("operator:local"))
    is_refused(store, desk, (role(principal=SECOND), by("operator:local")), error=NotEntitled)


@pytest.mark.parametrize("term", [{"starts": TOMORROW}, {"ends": YESTERDAY}], ids=["not yet", "no longer"])
def test_a_role_entitles_in_its_term_only(store: Store, term):
    desk = desk_on(store, *ready(), role(principal=SECOND, role="staff", **term))

    is_refused(store, desk, (suspended(ANA), by(SECOND)), error=NotEntitled)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_of_reports_that_are_told_together_each_is_told_by_somebody_who_may(store: Store, place):
    desk = desk_on(store, *ready())
    reports: list[tuple[Event, Circumstances]] = [(suspended(ANA), HOUSE), (suspended(BEN), HOUSE)]
    reports.insert(place, (PolicyPublished(), HOUSE))
    error = is_refused(store, desk, *reports, error=NotEntitled)

    assert error.act == "report policy.published"
    reports[place] = (PolicyPublished(), BY_THE_DIRECTOR)
    desk.report_together(reports)
    assert facts_in(store)[-3:] == [event for event, _ in reports]


# Dates.

AHEAD: list[tuple[Event, str]] = [
    (couhes(determination="E-3", on=TOMORROW), "on"),
    (reliance_requested(on=TOMORROW), "on"),
    (reliance(on=TOMORROW), "on"),
    (board_ended(IRB, TOMORROW), "on"),
    (certified(ANA, TOMORROW), "completed"),
    (signed(memorandum(), "office", HEAD, on=TOMORROW), "on"),
    (msgspec.structs.replace(key_confirmed(), on=TOMORROW), "on"),
    (key_revoked(TOMORROW), "on"),
    (msgspec.structs.replace(received(), on=TOMORROW), "on"),
    (msgspec.structs.replace(form_changed(), found_on=TOMORROW), "found_on"),
]


@pytest.mark.parametrize(("report", "member"), AHEAD, ids=[report.wire_name for report, _ in AHEAD])
def test_what_has_happened_has_not_happened_tomorrow(store: Store, report, member):
    desk = desk_on(store, *ready(), authorised().event)
    error = is_refused(store, desk, (report, HOUSE), error=Malformed)

    assert (error.what, error.value) == (member, str(TOMORROW))
    desk.report(msgspec.structs.replace(report, **{member: TODAY}), HOUSE)


def test_today_is_the_day_at_the_office(store: Store):
    """In Kolkata it is tomorrow already."""
    late = last_moment_of(TODAY)
    facts = ready(policy=PolicyPublished(time_zone="Asia/Kolkata"))
    Desk(written(facts, ledger_on(store)), lambda: late).report(board_ended(IRB, TOMORROW), HOUSE)

    assert facts_in(store)[-1] == board_ended(IRB, TOMORROW)


def test_the_end_of_an_agreement_may_be_told_before(store: Store):
    desk_on(store, *ready()).report(terminated(MOU, FAR_OFF), HOUSE)

    assert facts_in(store)[-1] == terminated(MOU, FAR_OFF)


CONTRADICTING: list[tuple[Event, str]] = [
    (couhes(determination="E-3", on=TODAY, expires=YESTERDAY), "expires"),
    (certified(ANA, TODAY, YESTERDAY), "expires"),
    (role(principal=SECOND, role="staff", starts=TODAY, ends=YESTERDAY), "ends"),
]


@pytest.mark.parametrize(("report", "member"), CONTRADICTING, ids=[report.wire_name for report, _ in CONTRADICTING])
def test_nothing_ends_before_it_begins(store: Store, report, member):
    desk = desk_on(store, *ready())
    error = is_refused(store, desk, (report, BY_THE_DIRECTOR), error=Malformed)

    assert (error.what, error.value) == (member, str(YESTERDAY))
    desk.report(msgspec.structs.replace(report, **{member: TODAY}), BY_THE_DIRECTOR)


def test_what_says_no_end_has_none(store: Store):
    desk = desk_on(store, *ready())
    endless = [couhes(determination="E-3", expires=None), certified(ANA, TODAY, None), role(ends=None)]
    desk.report_together([(report, BY_THE_DIRECTOR) for report in endless])

    assert facts_in(store)[-3:] == endless


# Corrections.


def position_of(fact: Event) -> int:
    return ready().index(fact) + 1


@pytest.mark.parametrize(
    "fact",
    [person(BEN), data_set(), request(), role(), approved().event, memorandum(), in_force(MOU), key_filed()],
    ids=lambda fact: fact.wire_name,
)
def test_what_was_decided_and_who_and_what_is_known_cannot_be_corrected(store: Store, fact):
    desk = desk_on(store, *ready())
    error = is_refused(store, desk, (correction(position_of(fact), fact), BY_THE_DIRECTOR), error=Malformed)

    assert (error.what, error.value) == ("position", position_of(fact))


CORRECTED = {
    type(fact)
    for fact in [
        *(
            affiliation(ANA, "home"),
            couhes(),
            reliance_requested(),
            reliance(),
            certified(ANA),
            verified(ANA),
            law(),
            returned(),
            withdrawn(),
        ),
        *(signed(memorandum(), "office", HEAD), terminated(MOU), designated(ANA), key_confirmed(), trial_passed()),
        *(board_ended(IRB, TODAY), key_rejected(), key_revoked(), trial_failed(), failed(), received(), OPENED),
        *(correction(1, couhes()), compelled(), past_release()),
        *(query_withdrawn(), reviewed(), changes_asked(), has_appeared(), retracted()),
        correction(1, couhes()),
        *(copied(), declared(), attested(), contained(REQUEST), departed(BEN), moved_away(BEN)),
        *(finding_assigned(1, "late incident"), finding_closed(1, "late incident")),
    ]
}


def test_what_can_be_corrected_is_told_by_people_or_registers_and_not_decided():
    assert set(CORRECTABLE) == CORRECTED
    assert CORRECTED & set(NOT_REPORTED) == {type(past_release())}


def test_an_attestation_that_was_accepted_cannot_be_corrected(store: Store):
    facts = [*ready(), *OUT, attested()]
    desk = desk_on(store, *facts, was_accepted())
    error = is_refused(store, desk, (correction(len(facts), attested()), BY_THE_DIRECTOR), error=Malformed)

    assert (error.what, error.value) == ("position", len(facts))
    assert error.why == f"is attestation {ATTESTATION}, which was accepted"


def test_an_attestation_that_was_not_accepted_yet_can_be_corrected(store: Store):
    facts = [*ready(), *OUT, attested()]
    desk = desk_on(store, *facts)
    desk.report(correction(len(facts), attested()), HOUSE)

    assert desk.act(accept(), HOUSE).refused


def test_a_copy_is_of_a_version_that_is_known(store: Store):
    error = is_refused(store, desk_on(store, *ready()), (copied(label="9"), HOUSE), error=Malformed)
    assert (error.what, error.value) == ("version", "9")


@pytest.mark.parametrize(
    ("report", "what"),
    [
        (hold_lifted(hold="H-on", dataset=DATA_SET), "hold"),
        (hold_lifted(hold="H-on"), "hold"),
        (contained(incident="I-open", people=(BEN,)), "incident"),
        (contained(REQUEST, incident="I-open", people=(BEN,)), "incident"),
    ],
)
def test_what_is_over_is_over_for_all_that_it_was_about(store: Store, report: Event, what: str):
    """Whoever looks at the request would not see it else, and whoever looks at it would."""
    error = is_refused(store, desk_on(store, *ready(), *UNDER_WAY), (report, BY_THE_DIRECTOR), error=Malformed)
    assert (error.what, error.value) == (what, "H-on" if what == "hold" else "I-open")


@pytest.mark.parametrize("fact", [suspended(ANA), lifted(ANA), debarred(ANA)], ids=lambda fact: fact.wire_name)
def test_a_suspension_is_lifted_by_the_director_and_not_corrected_by_whoever_corrects(store: Store, fact):
    desk = desk_on(store, *ready(), suspended(ANA), fact)
    position = len(facts_in(store))
    for circumstances in (HOUSE, BY_THE_DIRECTOR):
        is_refused(store, desk, (correction(position, fact), circumstances), error=Malformed)


@pytest.mark.parametrize("position", [len(ready()) + 1, 10**9, 0, -1])
def test_what_does_not_stand_in_the_log_is_not_corrected(store: Store, position):
    desk = desk_on(store, *ready())
    is_refused(store, desk, (correction(position, couhes()), HOUSE), error=Malformed)


@pytest.mark.parametrize(
    "about",
    [
        (f"request:{REQUEST}",),
        (f"request:{OTHER_REQUEST}", f"determination:{COUHES}", f"person:{ANA}"),
        (f"person:{ANA}", f"request:{REQUEST}", f"determination:{COUHES}", f"person:{BEN}"),
        (f"dataset:{DATA_SET}",),
        (),
    ],
    ids=["fewer", "of another request", "more", "of something else", "none"],
)
def test_a_correction_carries_the_tags_of_what_it_corrects(store: Store, about):
    """By them it is found together with it; with others it would be recorded, and be found by nobody who decides."""
    desk = desk_on(store, *ready())
    wrong = FactCorrected(corrected=position_of(couhes()), about=about)
    is_refused(store, desk, (wrong, HOUSE), error=Malformed)

    desk.report(correction(position_of(couhes()), couhes()), HOUSE)
    assert desk.act(authorise(), HOUSE).refused


def test_a_fact_is_corrected_once(store: Store):
    desk = desk_on(store, *ready())
    once = correction(position_of(couhes()), couhes())
    is_refused(store, desk, (once, HOUSE), (once, HOUSE), error=Malformed)
    desk.report(once, HOUSE)
    is_refused(store, desk, (once, HOUSE), error=Malformed)


def test_a_corrected_correction_is_one_no_more(store: Store):
    desk = desk_on(store, *ready())
    once = correction(position_of(couhes()), couhes())
    desk.report(once, HOUSE)
    assert desk.act(let_in(), HOUSE).refused
    desk.report(correction(len(ready()) + 1, once), HOUSE)
    assert not desk.act(let_in(), HOUSE).refused
    desk.report(once, HOUSE)
    assert desk.act(let_in(), HOUSE).refused


def test_a_request_is_where_it_was_once_it_is_corrected_that_it_went_away(store: Store):
    desk = desk_on(store, *complete(), returned())
    is_refused(store, desk, (withdrawn(), HOUSE), error=Malformed)
    came_back = correction(len(complete()) + 1, returned())
    is_refused(store, desk, (came_back, HOUSE), (request(), HOUSE), error=Malformed)

    desk.report_together([(came_back, HOUSE), (withdrawn(), HOUSE)])

    assert facts_in(store)[-2:] == [came_back, withdrawn()]
    is_refused(store, desk, (request(), HOUSE), error=Malformed)


def test_the_number_of_what_was_corrected_stays_taken(store: Store):
    desk = desk_on(store, *ready())
    desk.report(correction(position_of(couhes()), couhes()), HOUSE)

    error = is_refused(store, desk, (couhes(), HOUSE), error=Malformed)
    assert (error.value, error.why) == (COUHES, "is in this ledger already")
    desk.report(couhes(determination="E-right"), HOUSE)
    assert not desk.act(authorise(), HOUSE).refused


def test_a_correction_changes_what_is_decided_next_and_nothing_that_was_decided(store: Store):
    desk = desk_on(store, *ready())
    assert not desk.act(let_in(), HOUSE).refused
    desk.report(correction(position_of(couhes()), couhes()), HOUSE)

    assert desk.act(let_in(), HOUSE).refused
    assert permitted().event in facts_in(store)
