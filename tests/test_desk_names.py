"""What may be reported: of what is known to the ledger, and by nobody what only an act can bring about."""

import msgspec
import pytest

from api.admission import INTRODUCED_BY, NOT_REPORTED
from ledger.errors import Malformed
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
    TrainingCertified,
)
from tests.amending_facts import compelled, debarment_lifted, debarred
from tests.desk_office import UNKNOWN_PERSON, Office, office, prepared
from tests.endings import (
    HOLD,
    INCIDENT,
    attested,
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
)
from tests.facts import (
    ANA,
    API_KEY,
    BEN,
    DATA_SET,
    REQUEST,
    api_key,
    commitment,
    data_set,
    erased,
    nothing_written,
    opened,
    person,
    version_added,
)
from tests.office import BY_THE_DIRECTOR, HOUSE
from tests.office_acts import approved, authorised, declined, handed_over, permitted, waived
from tests.office_facts import (
    COUHES,
    DUA,
    ELSEWHERE,
    HEAD,
    IRB,
    KEY,
    MOU,
    OTHER_REQUEST,
    RELEASE,
    TODAY,
    affiliation,
    board_ended,
    correction,
    couhes,
    designated,
    failed,
    head_approval,
    in_force,
    irb,
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
    wanted,
    withdrawn,
)
from tests.office_requests import ready
from tests.outside import (
    PUBLICATION,
    QUERY,
    asked,
    changes_asked,
    has_appeared,
    notified,
    passed,
    query_withdrawn,
    retracted,
    reviewed,
    told,
)

__all__ = ["office", "prepared"]

IS_NONE_OF_IT = "is about request R-2026-0001"

OF_A_KEY_OR_RELEASE: list[tuple[Event, str, str]] = [
    (key_confirmed(), "key", KEY),
    (key_rejected(), "key", KEY),
    (key_revoked(), "key", KEY),
    (trial_sent(), "key", KEY),
    (trial_passed(), "key", KEY),
    (trial_failed(), "key", KEY),
    (failed(), "release", RELEASE),
    (received(), "release", RELEASE),
]
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
    (reliance_requested(determination="E-unknown"), "determination", "E-unknown"),
    (reliance(determination="E-unknown"), "determination", "E-unknown"),
    (board_ended("E-unknown", TODAY), "determination", "E-unknown"),
    (msgspec.structs.replace(law(), request=OTHER_REQUEST), "request", OTHER_REQUEST),
    (role(person=UNKNOWN_PERSON), "person", UNKNOWN_PERSON),
    (signed(memorandum(), "office", HEAD), "agreement", MOU),
    (terminated(DUA), "agreement", DUA),
    (designated(UNKNOWN_PERSON), "person", UNKNOWN_PERSON),
    (key_filed(request=OTHER_REQUEST), "request", OTHER_REQUEST),
    (key_filed(person=UNKNOWN_PERSON), "person", UNKNOWN_PERSON),
    *OF_A_KEY_OR_RELEASE,
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
    [
        reliance_requested(request=OTHER_REQUEST),
        reliance(request=OTHER_REQUEST),
        msgspec.structs.replace(board_ended(IRB, TODAY), request=OTHER_REQUEST),
    ],
    ids=["request", "reliance", "end"],
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
    *OF_A_KEY_OR_RELEASE,
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
        reliance_requested(),
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
