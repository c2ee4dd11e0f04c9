"""What comes after a release, by the command line: what is recorded and read, and what is turned away."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from api.cli import COMMANDS
from tests.command_line import IRA, ROSA, TOM, Office, Stages
from tests.facts import NOON, Clock

pytestmark = pytest.mark.needs("gpg")

DATA = "D-6.002x-pc"
UNDER = "R-2026-0001"
EVA = "eva.nope@example.org"
COPY = f"report-copy {UNDER} {DATA} --from {TOM} --to {ROSA} --since 2026-11-21"
INCIDENT = f"report-incident lost-device --discovered 2026-11-21 --request {UNDER}"
ATTEST = f"attest {UNDER} {TOM} --copies 2 --media laptop --method shredded"
ACCEPTED = [ATTEST, "accept-attestation X-2026-0001-1"]

# What is typed after a release has arrived, and what people read: first the id of what it makes known, if it does.
DONE: list[tuple[Any, ...]] = [
    (
        [],
        f"{COPY} --place 'her laptop'",
        f"Tom Abara passed a copy of {DATA} version 1 on to Rosa Quill, who has it since 2026-11-21.",
    ),
    (
        [],
        f"report-copy {UNDER} {DATA} --account 'a man in a cafe'",
        f"Somebody passed a copy of {DATA} version 1 on to somebody unknown, who has it since 2026-11-21.",
    ),
    (
        [],
        f"declare-copies {UNDER} --by {TOM}",
        "Tom Abara declared that all copies of what was received so far are reported.",
    ),
    (
        [],
        ATTEST,
        "X-2026-0001-1",
        (
            f"Tom Abara attested on 2026-11-21 that {DATA} version 1 of Tom Abara, destroyed in 2 copies, is no more "
            "(X-2026-0001-1)."
        ),
    ),
    (
        [ATTEST],
        "accept-attestation X-2026-0001-1",
        f"Attestation X-2026-0001-1 of {DATA} version 1 of Tom Abara was accepted.",
    ),
    (
        [],
        f"write-off {UNDER} {TOM} {DATA} --reason unreachable",
        f"{DATA} version 1, held by Tom Abara, was written off.",
    ),
    (
        [],
        f"move {TOM} --to 'Lakeside College'",
        f"Tom Abara moved to Lakeside College on 2026-11-21: for whom they act in {UNDER} is in doubt.",
    ),
    ([], f"place-hold --dataset {DATA} --reason court", "H-2026-0001", f"Legal hold H-2026-0001 was placed on {DATA}."),
    (
        [f"place-hold --person {ROSA} --reason court"],
        "lift-hold H-2026-0001 --reason settled",
        "Legal hold H-2026-0001 on Rosa Quill was lifted.",
    ),
    (
        [f"declare-copies {UNDER} --by {TOM}", "terminate A-2026-0001-1 --on 2026-11-21", *ACCEPTED],
        f"close {UNDER}",
        f"The request {UNDER} was closed: nobody holds anything under it any more.",
    ),
    (
        [],
        f"{INCIDENT} --told 2026-11-21T06:30:00-05:00 --person {ROSA} --account 'left on a train'",
        "I-2026-0001",
        (
            "Incident I-2026-0001 (lost device) was reported, discovered 2026-11-21 05:00Z, told 2026-11-21 11:30Z; "
            f"it concerns {UNDER}, Rosa Quill."
        ),
    ),
    ([INCIDENT], "contain-incident I-2026-0001 --how wiped", "Incident I-2026-0001 was contained."),
    (
        [INCIDENT, "contain-incident I-2026-0001 --how wiped"],
        "close-incident I-2026-0001 --reason 'it was encrypted'",
        "Incident I-2026-0001 was closed.",
    ),
    (
        [],
        f"revoke-access {UNDER} {ROSA} --reason abuse",
        f"The right of Rosa Quill under {UNDER} was revoked from 2026-11-21 on.",
    ),
    (
        [f"revoke-access {UNDER} {ROSA}"],
        f"restore-access {UNDER} {ROSA}",
        f"The right of Rosa Quill under {UNDER} was restored.",
    ),
    (
        [f"report-copy {UNDER} {DATA} --account 'a man in a cafe'"],
        "assign-finding 36 --to staff:1",
        "The finding in entry 36 (copy to somebody unnamed) was given to staff:1.",
    ),
    (
        [f"report-copy {UNDER} {DATA} --account 'a man in a cafe'"],
        "close-finding 36 --reason 'he gave it back'",
        "The finding in entry 36 (copy to somebody unnamed) was closed.",
    ),
]
MODULES = ("api.cli.copies", "api.cli.endings", "api.cli.incidents", "api.cli.findings")


@pytest.fixture(scope="module")
def arrived(stages: Stages, tmp_path_factory: pytest.TempPathFactory) -> Office:
    """An office whose release has arrived, and which knows Eva, who has no part in it."""
    office = stages.at("released").copied(tmp_path_factory.mktemp("arrived"))
    office.done("received L-2026-0001-1", f"register-person 'Eva Nope' --email {EVA}")
    return office


def copied(office: Office, folder: Path) -> Office:
    """A copy with a clock of its own."""
    copy = office.copied(folder)
    copy.clock = Clock(NOON)
    return copy


@pytest.mark.parametrize(("before", "line", "read"), [(one[0], one[1], one[2:]) for one in DONE], ids=lambda one: None)
def test_what_is_done_is_told(arrived: Office, tmp_path: Path, before: list[str], line: str, read: Any):
    office = copied(arrived, tmp_path)
    for earlier in before:
        office.done(earlier)
    place = len(office.facts()) + 1

    told = office(line)

    assert (told.code, told.err) == (0, "")
    assert told.lines[:-1] == [*(one for one in read if " " not in one), *(f"{place:>6}  {one}" for one in read[-1:])]
    assert office("verify --processes 1").code == 0


def test_every_command_about_endings_is_tried_here():
    tried = {line.split()[0] for _, line, *_ in DONE} | {"depart", "findings"}
    assert {name for name, (module, _) in COMMANDS.items() if module.partition(":")[0] in MODULES} == tried


WRONG = [
    (f"report-copy {UNDER} {DATA}", "say who has it by --to"),
    (f"report-copy {UNDER} D-6.002x-forum --to {ROSA}", "nothing of it was released under R-2026-0001"),
    (f"{COPY[:-10]}2026-11-20", f"date '2026-11-20': is before {DATA} version 1 was handed over, on 2026-11-21"),
    (f"declare-copies {UNDER} --by {EVA}", "is not of the group of R-2026-0001"),
    (f"{COPY} --label 9", "version '9': of D-6.002x-pc is not in this ledger"),
    (f"report-copy {UNDER} {DATA} --to {ROSA} --since 2026-11-22", "since '2026-11-22': is still to come"),
    (f"attest {UNDER} {EVA} --copies 1 --media x --method y", "holds nothing under R-2026-0001"),
    (f"{ATTEST} --on 2026-11-20", f"date '2026-11-20': is before {DATA} version 1 was held, since 2026-11-21"),
    (f"attest {UNDER} {ROSA} --copies 1 --media x --method y --on 2001-01-01", "date '2001-01-01': is before"),
    (f"attest {UNDER} {TOM} {ROSA} --copies 1 --media x --method y", "for several people it has to be said who does"),
    ("accept-attestation X-2026-0001-9", "attestation 'X-2026-0001-9': is not in this ledger"),
    (f"write-off {UNDER} {EVA} {DATA} --reason x", "holds nothing of D-6.002x-pc under R-2026-0001"),
    (f"depart {EVA}", "takes no part in any request that is not over"),
    (f"depart {EVA} --dry-run --on 2027-01-01", "takes no part in any request that is not over"),
    (f"depart {TOM} --on 2026-11-20", "date '2026-11-20': is before R-2026-0001 came in, on 2026-11-21"),
    (f"depart {TOM} --on 2026-11-20 --dry-run", "is before R-2026-0001 came in"),
    (f"depart {TOM} --on 2026-11-22", "on '2026-11-22': is still to come"),
    (f"move {EVA}", "takes no part in any request that is not over"),
    ("place-hold --reason court", "say one of --request, --dataset and --person"),
    ("lift-hold H-2026-0009", "legal hold 'H-2026-0009': is not in this ledger"),
    ("report-incident other --discovered 2026-11-21", "concerns nothing that is said"),
    (f"{INCIDENT} --told 2026-11-20", "of discovery is after it was told"),
    (f"{INCIDENT} --told 2026-11-22", "is still to come, and nothing was told then"),
    ("contain-incident I-2026-0009 --how x", "incident 'I-2026-0009': is not in this ledger"),
    ("close-incident I-2026-0009 --reason x", "incident 'I-2026-0009': is not in this ledger"),
    (f"revoke-access {UNDER} {EVA}", "has no right under R-2026-0001 that could be revoked"),
    (f"restore-access {UNDER} {ROSA}", "had no right under R-2026-0001 revoked"),
    ("close-finding 1 --reason x", "finding 1: is not there: no such finding is open in that entry"),
    ("holdings", "say whose holdings, by PERSON or --organisation; or --without-right"),
]


@pytest.mark.parametrize(("line", "why"), WRONG, ids=[line for line, _ in WRONG])
def test_what_makes_no_sense_is_named_and_changes_nothing(arrived: Office, line: str, why: str):
    with arrived.nothing_happens():
        told = arrived(line)
    assert (told.code, told.out) == (2, "")
    assert why in " ".join(told.err.split())


ENDINGS = [f"depart {ROSA}", "terminate A-2026-0001-1 --on 2026-11-21", f"revoke-access {UNDER} {ROSA}"]


@pytest.mark.parametrize("line", ENDINGS, ids=[line.split()[0] for line in ENDINGS])
def test_no_ending_takes_back_what_somebody_is_presumed_to_hold(arrived: Office, tmp_path: Path, line: str):
    office = copied(arrived, tmp_path)
    office.done(line)
    assert [(one["person_name"], one["how"]) for one in rows(office, f"holders {DATA} --without-right")][-1:] == [
        ("Rosa Quill", "presumed")
    ]


def rows(office: Office, line: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(office.done(f"{line} --json").out)["rows"]
    return found


def test_before_somebody_leaves_it_is_told_what_ends_and_what_they_have_to_destroy(arrived: Office, tmp_path: Path):
    office = copied(arrived, tmp_path)
    office.done(f"grant-role staff:9 staff --from 2026-01-01 --person {TOM}")
    key = json.loads(office("issue-api-key staff:9 staff --scope reading --until 2026-12-31 --json").out)["id"]
    ends = [
        f"  ends: the right under A-2026-0001-1 of {UNDER} to {DATA}, on 2026-11-27 instead of after 2027-11-21",
        "  ends: being the contact of R-2026-0001, which needs another before anything is released",
        "  ends: the use of key K-2026-0001-2 for R-2026-0001",
        "  to be destroyed: D-6.002x-pc version 1 (held) of R-2026-0001, by 2026-12-26",
        "  left to be done: dua-ledger end-role staff:9 staff",
        f"  left to be done: dua-ledger revoke-api-key {key}",
    ]

    with office.nothing_happens():
        assert office(f"depart {TOM} --dry-run --on 2026-11-27").lines[:-1] == ends

    office.clock = Clock(NOON + timedelta(days=6))
    told = office.done(f"depart {TOM}").lines
    assert told[:6] == ends
    assert told[6].endswith("Tom Abara takes no part in R-2026-0001 from 2026-11-27 on.")
    refused = office(f"access {TOM} {DATA}")
    assert (refused.code, "Tom Abara takes part no more, or their right was revoked" in refused.out) == (3, True)
    assert [(one["how"], one["state"], one["due"]) for one in rows(office, f"holdings {TOM}")] == [
        ("held", "right ended", "2026-12-26")
    ]
    assert [
        (one["day"], one["whom_name"]) for one in rows(office, "deadlines") if one["kind"] == "destruction due"
    ] == [("2026-12-26", ["Tom Abara"])]


@pytest.mark.parametrize("on", [f"--person {TOM}", f"--dataset {DATA}", f"--request {UNDER}"])
def test_what_a_legal_hold_is_on_is_not_told_to_be_destroyed_before_that_is_lifted(
    arrived: Office, tmp_path: Path, on: str
):
    office = copied(arrived, tmp_path)
    what = "D-6.002x-pc version 1 (held) of R-2026-0001"

    def told() -> list[str]:
        lines = office(f"depart {TOM} --dry-run --on 2026-11-27").lines
        return [line.strip() for line in lines if "destroyed" in line]

    office.done(f"place-hold {on} --reason 'a subpoena'")
    on_hold = f"not to be destroyed while legal hold H-2026-0001 is in force: {what}"
    assert told() == [f"{on_hold}; then by 2026-12-26, or 30 days after it is lifted, whichever is later"]
    office.done("lift-hold H-2026-0001", f"place-hold --person {ROSA} --reason 'another'")
    assert told() == [f"to be destroyed: {what}, by 2026-12-26"]


@pytest.mark.parametrize("on", [f"--person {TOM}", f"--dataset {DATA}", f"--request {UNDER}"])
def test_who_leaves_after_a_hold_was_lifted_has_as_long_as_the_holdings_say(arrived: Office, tmp_path: Path, on: str):
    office = copied(arrived, tmp_path)
    office.done(f"place-hold {on} --reason 'a subpoena'", f"revoke-access {UNDER} {TOM}")
    office.clock = Clock(NOON + timedelta(days=29))
    office.done("lift-hold H-2026-0001")

    told = office.done(f"depart {TOM}").out

    assert [one["due"] for one in rows(office, f"holdings {TOM}")] == ["2027-01-19"]
    assert "to be destroyed: D-6.002x-pc version 1 (held) of R-2026-0001, by 2027-01-19" in told


def test_who_leaves_when_their_access_was_revoked_has_lost_their_right_then(arrived: Office, tmp_path: Path):
    office = copied(arrived, tmp_path)
    office.clock = Clock(NOON + timedelta(days=1))
    office.done(f"revoke-access {UNDER} {TOM}")
    office.clock = Clock(NOON + timedelta(days=6))

    told = office(f"depart {TOM} --dry-run").out

    assert [one["due"] for one in rows(office, f"holdings {TOM}")] == ["2026-12-21"]
    assert "to be destroyed: D-6.002x-pc version 1 (held) of R-2026-0001, by 2026-12-21" in told
    assert "the right under" not in told


def test_what_reached_somebody_unnamed_is_in_the_record_of_disclosures(arrived: Office, tmp_path: Path):
    office = copied(arrived, tmp_path)
    office.done(
        f"report-copy {UNDER} {DATA} --from {TOM} --to {EVA}",
        f"report-copy {UNDER} {DATA} --account 'a man in a cafe'",
        f"opened {DATA} --label 1 --account 'a guest'",
    )
    assert office(f"access {EVA} {DATA}").code == 3

    record = "disclosures --from 2026-11-21 --to 2026-11-21"
    assert [
        (one["what"], one.get("party_name", []), one["recipient"], one["datasets"]) for one in rows(office, record)[2:]
    ] == [
        ("passed on outside the agreement", ["Eva Nope"], None, [f"{DATA} (identified)"]),
        ("passed on outside the agreement", [], "a man in a cafe", [f"{DATA} (identified)"]),
        ("opened by somebody unnamed", [], "a guest", [f"{DATA} (identified)"]),
        ("not let in", ["Eva Nope"], None, [f"{DATA} (form not said)"]),
    ]
    assert [name in office.done(record).out for name in ("Eva Nope", "a man in a cafe", "a guest")] == [True] * 3
    assert [name in office.done(f"{record} --ids").out for name in ("Eva Nope", "a man in a cafe")] == [False] * 2


def test_findings_are_told_with_owner_and_age_until_somebody_closes_them(arrived: Office, tmp_path: Path):
    office = copied(arrived, tmp_path)
    office.done(f"report-copy {UNDER} {DATA} --from {TOM} --to {EVA}")
    office.clock = Clock(NOON + timedelta(days=9))

    def told(line: str = "findings") -> list[tuple[Any, ...]]:
        return [
            (one["kind"], one["person_name"], one["working_days"], one["owner"], one["closed"])
            for one in rows(office, line)
        ]

    both = "copy to somebody unnamed", "received without training"
    assert told() == [(kind, "Eva Nope", 6, "office", None) for kind in both]
    assert (
        "say which by --kind: copy to somebody unnamed, received without training"
        in office("close-finding 36 --reason x").err
    )
    office.done(
        "assign-finding 36 --kind received-without-training --to staff:1",
        "close-finding 36 --kind copy-to-somebody-unnamed --reason 'she is a new member'",
    )

    assert told() == [(both[1], "Eva Nope", 6, "staff:1", None)]
    assert told("findings --all") == [
        (both[0], "Eva Nope", 6, "office", 38),
        (both[1], "Eva Nope", 6, "staff:1", None),
    ]
    assert told(f"findings --about {EVA}") == told(f"findings --about {UNDER}") == told(f"findings --about {DATA}")
    assert told("findings --about R-2026-0099") == told("findings --kind written-off") == []
    assert told("findings --all --as-of 2026-11-21") == [(kind, "Eva Nope", 0, "office", None) for kind in both]
    assert told("findings --known-at 2026-11-20") == []
    assert "is closed" not in office("findings --csv").out


def test_findings_of_several_people_are_closed_only_where_it_is_said_whose_or_all(stages: Stages, tmp_path: Path):
    office = stages.at("released").copied(tmp_path)
    office.done("received L-2026-0001-1")
    office.clock = Clock(NOON + timedelta(days=600))
    entry = rows(office, "findings --kind overdue-destruction")[0]["position"]
    close = f"close-finding {entry} --kind overdue-destruction --reason 'they wrote to us'"

    def whose() -> list[str]:
        return sorted(one["person_name"] for one in rows(office, "findings --kind overdue-destruction"))

    each = [f"overdue destruction, {who}, {DATA} version 1" for who in ("Rosa Quill", "Tom Abara")]
    with office.nothing_happens():
        asked, tried = office(close), office.done(f"{close} --person {TOM} --dry-run")
    assert (asked.code, "--person" in asked.err, [one in asked.err for one in each]) == (2, True, [True] * 2)
    assert [one in tried.out for one in each] == [False, True]

    closed = office.done(f"{close} --person {TOM}")
    assert f"The finding in entry {entry} (overdue destruction, Tom Abara) was closed." in closed.out
    assert whose() == ["Rosa Quill"]
    assert "(overdue destruction, Rosa Quill) was closed." in office.done(close).out
    assert whose() == []


def test_findings_of_several_people_are_closed_at_once_on_purpose(stages: Stages, tmp_path: Path):
    office = stages.at("released").copied(tmp_path)
    office.done("received L-2026-0001-1")
    office.clock = Clock(NOON + timedelta(days=600))
    entry = rows(office, "findings --kind overdue-destruction")[0]["position"]
    closed = office.done(f"close-finding {entry} --kind overdue-destruction --all --reason 'all is gone'").out
    assert [who in closed for who in ("Rosa Quill", "Tom Abara")] == [True, True]
    assert rows(office, "findings --kind overdue-destruction") == []


def test_what_was_written_off_stays_a_finding(arrived: Office, tmp_path: Path):
    office = copied(arrived, tmp_path)
    office.done(f"write-off {UNDER} {TOM} {DATA} --reason unreachable")

    with office.nothing_happens():
        told = office("close-finding 36 --reason enough")
    assert (told.code, "stays a finding for ever" in told.err) == (2, True)


def test_what_is_held_without_a_right_is_told_of_everybody_or_of_a_data_set(arrived: Office, tmp_path: Path):
    office = copied(arrived, tmp_path)
    assert rows(office, "holdings --without-right") == rows(office, f"holders {DATA} --without-right") == []

    office.done(f"report-copy {UNDER} {DATA} --to {EVA}")
    for line in ("holdings --without-right", f"holders {DATA} --without-right", f"holdings {EVA} --without-right"):
        assert [(one["person_name"], one["how"], one["right"]) for one in rows(office, line)] == [
            ("Eva Nope", "copy", "none")
        ]


def test_what_is_destroyed_is_shown_on_demand(arrived: Office, tmp_path: Path):
    office = copied(arrived, tmp_path)
    office.done(ATTEST, "accept-attestation X-2026-0001-1")

    assert rows(office, f"holdings {TOM}") == []
    assert [one["state"] for one in rows(office, f"holdings {TOM} --gone")] == ["destroyed"]


def test_the_inbox_has_incidents_attestations_and_findings(arrived: Office, tmp_path: Path):
    office = copied(arrived, tmp_path)
    office.done(
        f"report-incident passed-on --discovered 2026-11-19 --request {UNDER}",
        ATTEST,
        f"report-incident other --discovered 2026-11-21 --person {IRA}",
        "contain-incident I-2026-0002 --how 'she knows'",
    )

    assert [(one["next"], one["request"]) for one in rows(office, "inbox")] == [
        ("deal with late incident, entry 36", UNDER),
        ("accept attestation X-2026-0001-1", UNDER),
        ("contain incident I-2026-0001", UNDER),
        ("close incident I-2026-0002", None),
    ]


def test_what_is_overdue_is_told_in_the_inbox_with_the_version_that_it_is_about(arrived: Office, tmp_path: Path):
    office = copied(arrived, tmp_path)
    office.clock = Clock(NOON + timedelta(days=600))
    overdue = [one for one in rows(office, "findings") if one["kind"] == "overdue destruction"]
    told = [one["next"] for one in rows(office, "inbox") if "overdue" in one["next"]]
    assert told == [f"deal with overdue destruction ({DATA} version 1), entry {one['position']}" for one in overdue]
    assert len(told) == 2


def test_tables_say_which_days_they_count(arrived: Office, tmp_path: Path):
    office = copied(arrived, tmp_path)
    office.done(f"report-incident passed-on --discovered 2026-11-19 --request {UNDER}")
    for line, days in (("inbox", "working days"), ("findings", "working days"), ("deadlines --within 999", "calendar")):
        assert days in office(line).lines[0]


def test_an_open_incident_and_a_hold_stand_in_the_checklist_and_stop_everybody(arrived: Office, tmp_path: Path):
    office = copied(arrived, tmp_path)
    office.done(INCIDENT, f"place-hold --request {UNDER} --reason court")

    wanting = {one["rule"]: one["wanting"] for one in rows(office, f"request {UNDER}") if one["status"] == "missing"}
    assert wanting == {"no-hold": "an end of the legal hold", "no-open-incident": "an end of the incident"}
    assert office(f"access {ROSA} {DATA}").lines[1:3] == [
        "  no-hold (policy): legal hold H-2026-0001 is in force [entry 37]",
        "  no-open-incident (policy): I-2026-0001 is open [entry 36]",
    ]


def test_a_request_whose_agreements_are_over_has_ended_and_then_is_closed(arrived: Office, tmp_path: Path):
    office = copied(arrived, tmp_path)
    office.done("terminate A-2026-0001-1 --on 2026-11-21", f"declare-copies {UNDER} --by {TOM}")
    state = f"request {UNDER} --json"

    assert json.loads(office.done(state).out)["state"] == "ended"
    assert "; the request is now ended" in " ".join(office.done(f"history {UNDER}").out.split())
    office.done(ATTEST)
    shown = json.loads(office.done(state).out)
    assert (shown["state"], shown["since"]) == ("destruction attested", office.facts()[-1].position)
    assert {row["state"] for row in rows(office, "inbox") if row["request"] == UNDER} == {"destruction attested"}
    assert "; the request is now destruction attested" in " ".join(office.done(f"history {UNDER}").out.split())
    office.done(f"refer {ROSA} --kind verify --asker 'A journal' --request {UNDER}")
    asked = office(f"close {UNDER}")
    assert (asked.code, "no-open-query (K2): Q-2026-0001 waits for an answer" in asked.out) == (3, True)
    office.done("answer-query Q-2026-0001 refused --answer 'It is over.'")
    held = office(f"close {UNDER}")
    assert (held.code, f"no-open-holding (K1): Tom Abara still holds {DATA} version 1" in held.out) == (3, True)
    office.done("accept-attestation X-2026-0001-1", f"close {UNDER}")
    assert json.loads(office.done(state).out)["state"] == "closed"
    assert office.done(f"history {UNDER} --texts").out.count("the request is now closed.") == 0
    assert office.done(f"history {UNDER}").out.rstrip().splitlines()[-3].endswith("the request is now closed")


def test_what_people_wrote_is_kept_in_custody_and_shown_on_demand(arrived: Office, tmp_path: Path):
    office = copied(arrived, tmp_path)
    office.done(f"{INCIDENT} --account 'left on a train'", "contain-incident I-2026-0001 --how 'wiped from afar'")

    told = office.done(f"history {UNDER} --texts").out
    assert ("left on a train" in told, "wiped from afar" in told) == (True, True)
    assert "left on a train" not in str(office.facts())
