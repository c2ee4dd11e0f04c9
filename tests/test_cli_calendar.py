"""The command line after a release: amendments, renewals, debarments, compelled disclosures, and the calendar."""

import json
from datetime import date, timedelta
from pathlib import Path

import pytest

from ledger.events import DisclosureCompelled, PersonDebarred
from tests.command_line import INES, IRA, ROSA, TEXT, TOM, Office, Stages
from tests.facts import Clock
from tests.office import first_moment_of

SIGN = "sign A-2026-0001-2 --signer"
INK = f"--scan {{scan.pdf}} --text {{mou-2.txt}} --on 2026-11-21 --attested-by {INES}"
WITHOUT = "version 1 of D-6.002x-pc without a right to it since"
AMEND = f"amend A-2026-0001-1 --template MOU-2 --template-approved-by {INES} --text {{mou-2.txt}}"


@pytest.fixture
def office(stages: Stages, tmp_path: Path) -> Office:
    """An office whose data were received, with a clock of its own."""
    office = stages.at("released").copied(tmp_path)
    office.clock = Clock(office.clock())
    office.put("mou-2.txt", b"Memorandum on learner data, amended.\n")
    office.put("report.txt", b"We found what we looked for.\n")
    office.put("subpoena.pdf", b"%PDF-1.4 subpoena")
    office.done("received L-2026-0001-1")
    return office


def on(office: Office, day: str) -> None:
    """It is noon of this day at the office."""
    office.clock = Clock(first_moment_of(date.fromisoformat(day)) + timedelta(hours=12))


def test_somebody_is_added_by_an_amendment_and_let_in_once_it_is_executed(office: Office):
    office.done(
        f"affiliation R-2026-0001 {IRA} home",
        f"determination R-2026-0001 --protocol 2601 --outcome approved --on 2026-01-05 --board home --expires none "
        f"--covers {IRA} --letter {{letter.txt}}",
        f"certify {IRA} --completed 2026-01-05 --expires 2029-01-04 --certificate {{letter.txt}}",
        f"verify-training {IRA}",
    )
    issued = office.done(f"{AMEND} --add {IRA}")
    assert issued.lines[0] == "A-2026-0001-2"
    assert "MOU A-2026-0001-2, an amendment of A-2026-0001-1, from template MOU-2, was issued" in issued.out
    assert office(f"access {IRA} D-6.002x-pc").code == 3
    waiting = office.done("inbox").out
    assert "sign A-2026-0001-2" in waiting

    office.done(f"{SIGN} {ROSA} --as researcher {INK}", "register-person 'Carl Weiss' --email carl.weiss@example.edu")
    office.done(f"{SIGN} carl.weiss@example.edu --as office {INK}", "execute A-2026-0001-2")
    assert "under A-2026-0001-2" in office.done(f"access {IRA} D-6.002x-pc").out
    assert "under A-2026-0001-2" in office.done(f"access {ROSA} D-6.002x-pc").out
    assert office.done(f"may {IRA} read D-6.002x-pc").code == 0
    holders = json.loads(office.done("holders D-6.002x-pc --json").out)["rows"]
    assert {(one["agreement"], one["in_force"]) for one in holders} == {("A-2026-0001-2", True)}
    ends = json.loads(office.done("deadlines --within 400 --json").out)["rows"]
    assert [one["what"] for one in ends if one["kind"] == "agreement ends"] == ["A-2026-0001-2"]
    assert office.done("verify --processes 1").code == 0


def test_an_amendment_without_what_the_rules_ask_for_is_refused_and_says_so(office: Office):
    with office.nothing_happens():
        assert office(f"{AMEND} --remove {IRA}").code == 2
        assert office(f"{AMEND} --remove {ROSA} --addendum").code == 2
        assert office(f"{AMEND} --add-data D-6.002x-pc").code == 2
        assert office("renew A-2026-0001-9 --report {report.txt}").code == 2
    office.done("terminate A-2026-0001-1 --on 2026-11-21")
    refused = office(f"{AMEND} --add {IRA} --addendum --add-data D-6.002x-forum=identified")
    assert (refused.code, "amendment-terms (C2, K1): A-2026-0001-1 is not in force" in refused.out) == (3, True)


def test_an_amendment_of_the_very_words_that_changes_nothing_else_is_refused(office: Office):
    office.put("same.txt", TEXT)
    same = AMEND.replace("mou-2.txt", "same.txt")
    refused = office(same)
    assert (refused.code, "A-2026-0001-2 would change nothing" in refused.out) == (3, True)
    assert office(f"{same} --dry-run").code == 3
    assert "was issued" in office.done(AMEND).out


def test_somebody_who_moves_to_another_institution_leaves_one_agreement_and_comes_in_by_another(office: Office):
    office.done(f"affiliation R-2026-0001 {TOM} outside --organisation 'Lakeside College'")
    stays = office(AMEND)
    assert (stays.code, "Tom Abara needs DUA, or there has to be a reason" in stays.out) == (3, True)
    assert "names Rosa Quill and" in office.done(f"{AMEND} --remove {TOM}").out
    addendum = office.done(f"{AMEND} --addendum --kind DUA --add {TOM}")
    assert "DUA A-2026-0001-3, beside A-2026-0001-1, from template MOU-2, was issued: it names" in addendum.out
    assert "Tom Abara for Lakeside College and" in addendum.out


def test_an_agreement_is_renewed_before_it_ends_and_then_the_calendar_lets_it_be(office: Office):
    on(office, "2027-11-20")
    assert "was renewed until 2028-11-20" in office.done("renew A-2026-0001-1 --report {report.txt}").out
    on(office, "2027-11-22")
    assert "ran out" not in office.done("tick").out
    assert office.done(f"access {ROSA} D-6.002x-pc").code == 0


def test_the_calendar_is_kept_by_cron_and_shows_what_fell_due(office: Office):
    on(office, "2027-11-22")
    tried = office.done("tick --dry-run")
    assert tried.lines[-1] == "3 things fell due; nothing was recorded."
    told = office.done("tick")
    assert [line[8:] for line in told.lines[:-1]] == [
        "Agreement A-2026-0001-1 ran out: it is no longer in force on 2027-11-22.",
        *(
            f"{who} holds {WITHOUT} 2027-11-22; it is to be destroyed by 2027-12-21."
            for who in ("Tom Abara", "Rosa Quill")
        ),
    ]
    assert told.lines[-1] == "Recorded 3 things that fell due."
    assert office.done("tick").out == "Nothing new fell due.\n"
    assert json.loads(office.done("tick --json").out) == {"recorded": True, "rows": []}

    rows = json.loads(office.done("deadlines --within 60 --json").out)["rows"]
    assert {(one["day"], one["what"]) for one in rows if one["kind"] == "destruction due"} == {
        ("2027-12-21", "D-6.002x-pc 1")
    }
    assert "ran out" in office.done("history R-2026-0001").out
    assert office(f"access {ROSA} D-6.002x-pc").code == 3
    assert office("renew A-2026-0001-1 --report {report.txt}").code == 3
    assert office.done("verify --processes 1").code == 0


def test_of_a_copy_to_somebody_unnamed_the_calendar_does_not_say_that_a_right_to_it_ended(office: Office):
    office.done(f"report-copy R-2026-0001 D-6.002x-pc --from {TOM} --to {IRA}")
    assert [line[8:] for line in office.done("tick").lines if "Ira Stein" in line] == [
        f"Ira Stein holds {WITHOUT} 2026-11-21; it is to be destroyed by 2026-12-21."
    ]


def test_only_who_may_record_keeps_the_calendar(office: Office):
    with office.nothing_happens():
        assert office("tick", actor="staff:nobody").code == 3
        assert office("send", actor="staff:nobody").code != 0


def test_a_debarred_person_is_kept_out_of_a_release_until_that_is_lifted(office: Office):
    office.done(f"debar {TOM} --until 2026-12-31 --reason 'passed data on'")
    assert isinstance(office.facts()[-1].event, PersonDebarred)
    (debarred,) = office.facts("person.debarred.v1")
    assert office.opened(debarred.event.sealed()["reason"]) == "passed data on"
    line = f"release R-2026-0001 --data D-6.002x-pc={{pc.csv}} --channel sftp-drop --extracted-by {IRA} --dry-run"
    refused = office(f"{line} --to {{again.gpg}}")
    assert (refused.code, "nobody-debarred (policy): Tom Abara is debarred from new requests" in refused.out) == (
        3,
        True,
    )
    office.done(f"lift-debarment {TOM} --reason 'it was a mistake'")
    assert office.opened(office.facts("person.debarment-lifted.v2")[0].event.sealed()["reason"]) == "it was a mistake"
    assert office(f"{line} --to {{again.gpg}}").code == 0
    with office.nothing_happens():
        assert office(f"lift-debarment {TOM}").code == 2
        assert office(f"debar {TOM} --until 2026-11-20 --reason x").code == 2


COMPELLED = (
    "compelled-disclosure subpoena --on 2026-11-20 --dataset D-6.002x-pc --dataset D-6.002x-forum --to 'County court' "
    "--scope 'two learners' --counsel 'General Counsel agreed' --instrument-file {subpoena.pdf} --learners 2"
)


def test_a_compelled_disclosure_is_recorded_with_the_instrument_and_why_nobody_was_given_notice(office: Office):
    told = office.done(f"{COMPELLED} --no-notice 'the court forbade it'")
    (fact,) = office.facts("disclosure.compelled.v1")
    event = fact.event
    assert "had to be disclosed, under a subpoena; no notice was given" in told.out
    assert isinstance(event, DisclosureCompelled)
    assert (event.dataset, event.also, event.learners) == ("D-6.002x-pc", ("D-6.002x-forum",), 2)
    assert {member: office.opened(sealed) for member, sealed in event.sealed().items()} == {
        "to": "County court",
        "scope": "two learners",
        "counsel": "General Counsel agreed",
        "no_notice": "the court forbade it",
    }
    assert len(fact.documents) == 1
    with office.nothing_happens():
        assert office(COMPELLED).code == 2
        assert office(f"{COMPELLED} --notice-on 2026-11-20 --no-notice x").code == 2
        assert office(f"{COMPELLED} --notice-on 2026-11-22").code == 2
    record = "disclosures --from 2026-11-20 --to 2026-11-20"
    for shown, to in (("", True), (" --csv", True), (" --json", True), (" --ids", False), (" --ids --json", False)):
        listed = office(f"{record}{shown}").out
        assert ("compelled" in listed, "County" in listed) == (True, to), shown
    assert office.done("verify --processes 1").code == 0
