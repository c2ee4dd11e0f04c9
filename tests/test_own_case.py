"""Nobody of the office reports what a decision in their own case rests on, whatever role they hold."""

from collections.abc import Iterator
from typing import Any

import pytest

from api.errors import OwnCase
from ledger.errors import Malformed
from ledger.events import (
    AccessRestored,
    AffiliationDetermined,
    AgreementSigned,
    DebarmentLifted,
    EthicsDetermined,
    Event,
    FactCorrected,
    FindingClosed,
    IncidentContained,
    KeyConfirmed,
    KeyTestPassed,
    LawDetermined,
    LegalHoldLifted,
    PublicationReviewed,
    RelianceElected,
    RelianceRequested,
    SuspensionLifted,
    TrainingVerified,
)
from ledger.storage import Store, open_store
from tests.amending_facts import amended, debarment_lifted
from tests.endings import contained, finding_closed, hold_lifted, incident, legal_hold, restored
from tests.facts import ANA, BEN, DATA_SET, REQUEST, Clock, api_key
from tests.office_acts import authorised
from tests.office_facts import (
    COUHES,
    HEAD,
    OTHER_REQUEST,
    STRANGER,
    TODAY,
    board_ended,
    correction,
    couhes,
    head_approval,
    law,
    lifted,
    reliance,
    request,
    role,
    verified,
)
from tests.office_requests import ready
from tests.outside import reviewed
from tests.test_admission import OPEN_ONE, REPORTS, UNDER_WAY, by, desk_on, facts_in, is_refused

MEMBER = "staff:2"
OPENING = {
    *(EthicsDetermined, RelianceRequested, RelianceElected, LawDetermined, AffiliationDetermined, TrainingVerified),
    AgreementSigned,
    *(KeyConfirmed, KeyTestPassed, PublicationReviewed, IncidentContained, FindingClosed, FactCorrected),
    *(SuspensionLifted, DebarmentLifted, AccessRestored, LegalHoldLifted),
}


@pytest.fixture
def store() -> Iterator[Store]:
    with open_store("sqlite://", Clock()) as opened_store:
        yield opened_store


def an_office(who: str | None) -> list[Event]:
    """One in which a request has come far, and with a director who is this person."""
    member = role(principal=MEMBER, person=who)
    return [*ready(), authorised().event, request(OPEN_ONE), api_key(), member, *UNDER_WAY]


def test_these_are_all_among_the_reports():
    assert {type(report) for report in REPORTS} >= OPENING


@pytest.mark.parametrize("report", REPORTS, ids=lambda report: report.wire_name)
def test_who_takes_part_reports_nothing_that_a_decision_rests_on(store: Store, report: Event):
    facts = an_office(ANA)
    desk = desk_on(store, *facts)
    if type(report) in OPENING:
        error = is_refused(store, desk, (report, by(MEMBER)), error=OwnCase)
        assert (error.principal, error.person) == (MEMBER, ANA)
        assert str(error) == (
            f"'staff:2' may not report {report.wire_name} here: {ANA} plays a part in it, so somebody else has to"
        )
    else:
        desk.report(report, by(MEMBER))
        assert facts_in(store) == [*facts, report]


@pytest.mark.parametrize("who", [STRANGER, None])
@pytest.mark.parametrize("report", REPORTS, ids=lambda report: report.wire_name)
def test_who_takes_no_part_reports_it_all(store: Store, report: Event, who: str | None):
    facts = an_office(who)
    desk_on(store, *facts).report(report, by(MEMBER))

    assert facts_in(store) == [*facts, report]


@pytest.mark.parametrize(
    ("said", "who"),
    [
        ({"sponsor": STRANGER}, STRANGER),
        ({"head_approval": head_approval(STRANGER)}, STRANGER),
        ({"personnel": (ANA, BEN, STRANGER)}, STRANGER),
        ({"study_group": (ANA, BEN, STRANGER)}, STRANGER),
        ({"researcher": STRANGER}, STRANGER),
        ({}, BEN),
        ({}, HEAD),
    ],
)
def test_whatever_part_they_play(store: Store, said: dict[str, Any], who: str):
    desk = desk_on(store, *ready(request=request(**said)), role(principal=MEMBER, person=who))

    is_refused(store, desk, (law(), by(MEMBER)), error=OwnCase)
    desk.report(lifted(ANA), by(MEMBER))


def test_whom_an_amendment_names_plays_a_part_from_its_execution_on(store: Store):
    *before, executed = amended()
    desk = desk_on(store, *ready(), *before, role(principal=MEMBER, person=STRANGER))
    desk.report(law(), by(MEMBER))

    desk = desk_on(store, executed)
    is_refused(store, desk, (law(), by(MEMBER)), error=OwnCase)


def test_a_part_in_another_request_is_none_in_this(store: Store):
    others = [request(OTHER_REQUEST, researcher=STRANGER), role(principal=MEMBER, person=STRANGER)]

    desk_on(store, *ready(), *others).report(law(), by(MEMBER))


def test_one_request_of_several_is_enough(store: Store):
    others = [request(OTHER_REQUEST, researcher=STRANGER), role(principal=MEMBER, person=STRANGER)]
    desk = desk_on(store, *ready(), *others, incident(REQUEST, OTHER_REQUEST))

    is_refused(store, desk, (contained(REQUEST, OTHER_REQUEST), by(MEMBER)), error=OwnCase)


def test_what_is_about_them_beside_any_request(store: Store):
    desk = desk_on(store, *ready(), role(principal=MEMBER, person=STRANGER), legal_hold(hold="H-1", person=STRANGER))
    own: list[Event] = [verified(STRANGER), lifted(STRANGER), debarment_lifted(STRANGER), restored(STRANGER)]
    for report in [*own, hold_lifted(hold="H-1", person=STRANGER), finding_closed(1, "late incident", STRANGER)]:
        is_refused(store, desk, (report, by(MEMBER)), error=OwnCase)


def test_a_hold_on_a_data_set_is_nobody_s_own(store: Store):
    desk = desk_on(store, *an_office(ANA), legal_hold(hold="H-2", dataset=DATA_SET))

    desk.report(hold_lifted(hold="H-2", dataset=DATA_SET), by(MEMBER))


def test_taking_back_what_speaks_against_it_is_to_open_the_way(store: Store):
    ended = board_ended(COUHES, TODAY)
    facts = [*an_office(ANA), ended]

    is_refused(store, desk_on(store, *facts), (correction(len(facts), ended), by(MEMBER)), error=OwnCase)


def test_who_reviewed_takes_back_their_own_review(store: Store):
    """They have done it, and it is not about them."""
    facts = [*an_office(STRANGER), reviewed(STRANGER)]

    desk_on(store, *facts).report(correction(len(facts), facts[-1]), by(MEMBER))


def test_a_request_of_theirs_comes_in_together_with_no_determination(store: Store):
    """As by a packet: what was found of it is told by somebody else."""
    desk = desk_on(store, *ready(), role(principal=MEMBER, person=STRANGER))
    own = [request(OTHER_REQUEST, researcher=STRANGER), couhes(determination="E-9", request=OTHER_REQUEST)]

    is_refused(store, desk, *((one, by(MEMBER)) for one in own), error=OwnCase)
    desk.report_together([(one, by("staff:typist")) for one in own])


def test_what_is_wrong_beside_is_said_first(store: Store):
    desk = desk_on(store, *an_office(ANA))

    is_refused(store, desk, (reliance(determination="E-none"), by(MEMBER)), error=Malformed)
