"""Every command of the desk, done: what is recorded, and what people read of it; with real keys."""

import json
import re
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from api.cli import COMMANDS
from api.cli.office import PARAMETERS
from ledger.events import (
    KeyConfirmed,
    KeyTestFailed,
    PolicyPublished,
    ReleaseAuthorised,
    ReleaseHandedOver,
    RelianceRequested,
    RoleEnded,
)
from tests.command_line import DATA, EXAMPLES, INES, IRA, LAW, RELEASE, ROSA, TOM, Office, Stages
from tests.facts import NOON, Clock

pytestmark = pytest.mark.needs("gpg")

SIGN_IN_INK = f"--scan {{scan.pdf}} --text {{mou.txt}} --on 2026-11-21 --attested-by {INES}"
DETERMINATION = "determination R-2026-0001 --protocol 2601 --outcome approved --on 2026-01-05"

# What is typed at a stage, and what people read: ids that are chosen at random stand in it without their digits.
DONE = [
    ("opened", "publish-policy --board IRB-1", "A policy of MIT Institutional Research was published."),
    (
        "opened",
        f"grant-role staff:2 acting-director --from 2026-11-01 --until 2026-11-30 --person {IRA}",
        "staff:2 (Ira Stein) is acting director from 2026-11-01 until 2026-11-30.",
    ),
    (
        "opened",
        f"grant-role server:nb 'data server' --from 2026-11-01 --person {IRA}",
        "server:nb (Ira Stein) is data server from 2026-11-01.",
    ),
    (
        "opened",
        "register-dataset D-new --course-run course-v1:MITx+7.00x+2013 --kind survey",
        "The data set D-new (survey of course-v1:MITx+7.00x+2013) entered the catalogue.",
    ),
    (
        "opened",
        f"add-version D-6.002x-pc 2 --form de-identified --sha256 {64 * 'a'}",
        "D-6.002x-pc got version 2, de-identified.",
    ),
    (
        "opened",
        f"change-form D-6.002x-pc 1 --form de-identified --found-by {IRA} --on 2026-11-20 --method k-anonymity",
        "On 2026-11-20 Ira Stein found version 1 of D-6.002x-pc to be de-identified.",
    ),
    ("opened", "retire-dataset D-6.002x-forum", "D-6.002x-forum is released no more."),
    ("opened", "register-person 'Ana Ejemplo' --phone +1", "p-", "Ana Ejemplo became known to the office."),
    (
        "opened",
        f"change-details {IRA} --name 'Ira B. Stein' --phone +1",
        "Details of Ira B. Stein changed: name, phone.",
    ),
    ("opened", "register-organisation 'Hillside College'", "O-", "Hillside College became known to the office."),
    ("opened", f"suspend {IRA} --reason -", "Ira Stein was suspended in all requests."),
    ("opened", f"lift {IRA}", "The suspension of Ira Stein in all requests was lifted."),
    (
        "opened",
        f"certify {IRA} --completed 2026-01-05 --expires 2029-01-04 --certificate {{letter.txt}}",
        "Ira Stein completed the training on 2026-01-05, valid until 2029-01-04.",
    ),
    ("submitted", f"verify-training {ROSA}", "A certificate of Rosa Quill was found to be genuine."),
    (
        "submitted",
        f"affiliation R-2026-0001 {TOM} outside --organisation 'lakeside college'",
        "Tom Abara takes part as somebody from outside, for Lakeside College.",
    ),
    (
        "submitted",
        f"affiliation R-2026-0001 {TOM} in-doubt",
        "Tom Abara takes part as somebody of doubtful affiliation.",
    ),
    ("submitted", f"suspend {TOM} --request R-2026-0001", "Tom Abara was suspended in R-2026-0001."),
    ("submitted", "return R-2026-0001 --item C1.6 --item C3", "The request was returned, for C1.6, C3."),
    ("submitted", "withdraw R-2026-0001 --reason 'no longer needed'", "The request was withdrawn."),
    (
        "submitted",
        f"{DETERMINATION} --board home --expires none --covers {ROSA} --covers {TOM} --letter {{letter.txt}}",
        "E-",
        "On protocol 2601, COUHES found: approved, from 2026-01-05, for Rosa Quill, Tom Abara (determination E-).",
    ),
    (
        "submitted",
        f"{DETERMINATION} --board 'Lakeside College' --expires 2027-01-04 --covers all",
        "E-",
        (
            "On protocol 2601, the board of Lakeside College found: approved, from 2026-01-05 until 2027-01-04, "
            "for all personnel (determination E-)."
        ),
    ),
    (
        "submitted",
        "determination R-2026-0001 --protocol 2601 --outcome pending --board home",
        "E-",
        "On protocol 2601, COUHES found: pending, for all personnel (determination E-).",
    ),
    (
        "submitted",
        LAW,
        (
            "The disclosure was found consistent with the law: "
            "D-6.002x-pc (identified) to home recipients under 34 CFR 99.31(a)(1)(i)."
        ),
    ),
    (
        "submitted",
        "determine R-2026-0001 --not-consistent --note -",
        "The disclosure was found not consistent with the law: no basis.",
    ),
    ("submitted", "decline R-2026-0001 --reason -", "The request was declined."),
    ("submitted", f"designate R-2026-0001 {ROSA}", "Rosa Quill became the point of contact."),
    (
        "approved",
        (
            f"issue R-2026-0001 --kind DUA --template DUA-1 --template-approved-by {IRA} --text {{mou.txt}} "
            "--otherwise -"
        ),
        "A-2026-0001-1",
        (
            "DUA A-2026-0001-1, from template DUA-1, was issued: it names Rosa Quill, "
            "Tom Abara and D-6.002x-pc (identified); Ira Stein had approved the template."
        ),
    ),
    (
        "issued",
        (
            f"sign A-2026-0001-1 --signer {ROSA} --as researcher --signature {{rosa.sig}} --key {{rosa.asc}} "
            f"--attested-by {IRA}"
        ),
        "Rosa Quill signed A-2026-0001-1 as researcher on 2026-11-21, by OpenPGP, as Ira Stein attests.",
    ),
    (
        "issued",
        f"sign A-2026-0001-1 --signer {ROSA} --as researcher {SIGN_IN_INK}",
        "Rosa Quill signed A-2026-0001-1 as researcher on 2026-11-21, in ink, as Ines Calder attests.",
    ),
    (
        "issued",
        (
            f"sign A-2026-0001-1 --signer {IRA} --as authorised-official --organisation 'Lakeside College' "
            f"{SIGN_IN_INK.replace('scan', 'e-signature', 1)}"
        ),
        (
            "Ira Stein signed A-2026-0001-1 as authorised official for Lakeside College on 2026-11-21, "
            "by an e-signature, as Ines Calder attests."
        ),
    ),
    (
        "executed",
        "terminate A-2026-0001-1 --on 2026-11-21 --reason -",
        "Agreement A-2026-0001-1 was terminated: it is no longer in force on 2026-11-21.",
    ),
    ("executed", "file-key R-2026-0001 {tom.asc}", "K-2026-0001-2", "Tom Abara filed key K-2026-0001-2."),
    ("executed", "reject-key R-2026-0001 --reason -", "Key K-2026-0001-1 was rejected."),
    (
        "key tested",
        "revoke-key R-2026-0001 --why no-longer-used",
        "Key K-2026-0001-2 was given up by its owner on 2026-11-21: it is no longer used.",
    ),
    (
        "key tested",
        "grant-waiver R-2026-0001 key-tested --until 2026-12-31 --reason -",
        "W-2026-0001-1",
        "Waiver W-2026-0001-1 excepts the request from the rule key-tested until 2026-12-31.",
    ),
    (
        "key tested",
        f"{RELEASE} --learners 2",
        "L-2026-0001-1",
        (
            "Release L-2026-0001-1 of D-6.002x-pc version 1 (identified) to Tom Abara by sftp-drop was authorised, "
            "for Rosa Quill, Tom Abara."
        ),
        (
            "The package of release L-2026-0001-1 (D-6.002x-pc version 1, about 2 learners), extracted by Ira Stein "
            "and encrypted for key K-2026-0001-2 of Tom Abara, was handed over to sftp-drop."
        ),
    ),
    ("released", "release-failed L-2026-0001-1 --reason -", "Release L-2026-0001-1 came to nothing, at delivery."),
    (
        "released",
        "received L-2026-0001-1 --on 2026-11-21",
        "Tom Abara received and decrypted release L-2026-0001-1 on 2026-11-21.",
    ),
    ("released", f"access {ROSA} D-6.002x-pc", "Rosa Quill was let in to D-6.002x-pc, under A-2026-0001-1."),
    (
        "released",
        f"opened D-6.002x-pc --person {TOM} --label 1 --request R-2026-0001",
        "Tom Abara opened D-6.002x-pc, version 1, under R-2026-0001.",
    ),
    ("released", "opened D-6.002x-pc --account -", "Somebody unknown opened D-6.002x-pc."),
]


@pytest.mark.parametrize(("stage", "line", "read"), [(stage, line, read) for stage, line, *read in DONE])
def test_what_is_done_is_told_with_its_receipt(stages: Stages, tmp_path: Path, stage: str, line: str, read: list[str]):
    office = stages.at(stage).copied(tmp_path)
    office.put("e-signature.pdf", b"%PDF-1.4 signed")
    before = len(office.facts())

    told = office(line.replace("{scan.pdf}", "{e-signature.pdf}"), answer="kept by nobody but custody\n")

    with_positions = [
        f"{place:>6}  {said}" for place, said in enumerate((one for one in read if " " in one), before + 1)
    ]
    assert (told.code, told.err) == (0, "")
    assert [re.sub(r"\b([pOE]-)[0-9a-f]{32}\b", r"\1", one) for one in told.lines[:-1]] == [
        *(one for one in read if " " not in one),
        *with_positions,
    ]
    assert re.fullmatch(rf"Recorded up to entry {before + len(with_positions)}, leaf [0-9a-f]{{64}}", told.lines[-1])
    assert office("verify --processes 1").code == 0


DESK = {"office", "catalogue", "people", "requests", "agreements", "contacts", "releases", "access"}


def test_every_command_of_the_desk_is_tried_here():
    tried = {line.split()[0] for _, line, *_ in DONE} | {
        "request-reliance",
        "reliance",
        "end-determination",
        "confirm-key",
        "test-key",
    }
    tried |= {"submit", "approve", "execute", "correct", "end-role"}
    modules = {name: module.partition(":")[0].removeprefix("api.cli.") for name, (module, _) in COMMANDS.items()}

    assert {name for name, module in modules.items() if module in DESK} <= tried


def last(office: Office) -> Any:
    return office.facts()[-1].event


def test_a_request_goes_from_a_packet_to_data_that_were_opened(stages: Stages, tmp_path: Path):
    office = stages.at("released").copied(tmp_path)
    package = (office.folder / "package.gpg").read_bytes()

    office.done("received L-2026-0001-1", f"access {ROSA} D-6.002x-pc", f"opened D-6.002x-pc --person {ROSA}")

    types = [fact.event.wire_name for fact in office.facts()]
    assert DATA in stages.tom.decrypt(package)
    assert types[-3:] == ["release.received", "access.permitted", "dataset.opened"]
    assert "act.refused" not in types
    assert office.done("verify --processes 1").out.startswith(f"All holds in {len(types)} entries")


def test_a_reliance_that_is_pending_is_asked_of_nobody_and_is_the_home_boards_turn(stages: Stages, tmp_path: Path):
    office = stages.at("opened").copied(tmp_path)
    office.done(f"submit {EXAMPLES / 'outside-with-reliance'}")
    (asked,) = office.facts("ethics.reliance-requested.v1")
    assert isinstance(asked.event, RelianceRequested)
    asking = f"reliance R-2026-0001 {asked.event.determination} --on 2026-11-20 --letter {{letter.txt}}"

    def told() -> tuple[list[str], list[tuple[str, int]], list[str]]:
        """What of the letter and the inbox is about the home board, and what the checklist says of reliance."""
        letter = office.done("request R-2026-0001 --letter").lines
        inbox = json.loads(office.done("inbox --json").out)["rows"]
        lines = json.loads(office.done("request R-2026-0001 --json").out)["rows"]
        return (
            [line.strip() for line in letter if "COUHES" in line or line.startswith("These are on their way")],
            [(one["next"], one["since"]) for one in inbox if one["who"] == "board"],
            [one["status"] for one in lines if one["rule"] == "irb-and-couhes"],
        )

    before = told()
    office.done(asking)

    assert before == (
        [
            "These are on their way, and need nothing from you now unless you hear from us:",
            *(f"- for {name}: the decision of COUHES" for name in ("Noor Vance", "Mateo Reyes")),
        ],
        [("decide whether to rely on protocol LC-25-0310", asked.position)],
        ["pending", "pending"],
    )
    assert told() == ([], [], ["there", "there"])
    history = " ".join(office.done("history R-2026-0001").out.split())
    assert f"COUHES was asked to rely on determination {asked.event.determination}." in history


def test_the_office_records_that_the_home_board_was_asked_to_rely_on_another(stages: Stages, tmp_path: Path):
    office = stages.at("submitted").copied(tmp_path)
    id_ = office.done(
        "determination R-2026-0001 --board 'Lakeside College' --protocol LC-1 --outcome exempt --on 2026-01-05"
        " --expires none --covers all"
    ).lines[0]
    asking = f"request-reliance R-2026-0001 {id_} --on 2026-02-01"

    with office.nothing_happens():
        assert office(asking, "--dry-run").code == 0
    told = office.done(asking).lines[0]

    assert told[8:] == f"COUHES was asked on 2026-02-01 to rely on determination {id_}."
    assert last(office) == RelianceRequested(
        request="R-2026-0001", determination=id_, on=datetime(2026, 2, 1, tzinfo=UTC).date()
    )


def test_a_reliance_on_an_outside_determination_comes_and_goes(stages: Stages, tmp_path: Path):
    office = stages.at("submitted").copied(tmp_path)
    id_ = office.done(
        "determination R-2026-0001 --board 'Lakeside College' --protocol LC-1 --outcome exempt --on 2026-01-05"
        " --expires none --covers all"
    ).lines[0]

    told = [
        office.done(f"reliance R-2026-0001 {id_} --on 2026-02-01 --letter {{letter.txt}}").lines[0],
        office.done(f"end-determination R-2026-0001 {id_} --how lapsed --on 2026-03-01").lines[0],
    ]

    assert [one[8:] for one in told] == [
        f"COUHES elected on 2026-02-01 to rely on determination {id_}.",
        f"Determination {id_} lapsed on 2026-03-01.",
    ]


def test_a_role_is_given_and_ended(stages: Stages, tmp_path: Path):
    office = stages.at("opened").copied(tmp_path)
    office.done(f"grant-role staff:2 staff --from 2026-01-01 --person {IRA}", "end-role staff:2 staff")

    assert last(office) == RoleEnded(principal="staff:2", role="staff")


def test_a_key_is_confirmed_with_a_fingerprint_as_people_write_it(stages: Stages, tmp_path: Path):
    office = stages.at("executed").copied(tmp_path)
    office.done("reject-key R-2026-0001 --reason wrong", "file-key R-2026-0001 {tom.asc}")
    fingerprint = " ".join(stages.tom.fingerprint[at : at + 4].lower() for at in range(0, 40, 4))

    office.done(f"confirm-key R-2026-0001 '{fingerprint}' --to {IRA} --by in-person --on 2026-11-20 --settles-address")

    assert last(office) == KeyConfirmed(
        key="K-2026-0001-2",
        request="R-2026-0001",
        confirmed_to=office.person(IRA),
        by="in person",
        on=datetime(2026, 11, 20, tzinfo=UTC).date(),
        settles_address=True,
    )


@pytest.mark.parametrize("answer", ["--answer 12345", "--no-answer"])
def test_a_key_test_that_comes_back_wrong_or_not_at_all_has_failed(stages: Stages, tmp_path: Path, answer: str):
    office = stages.at("key tested").copied(tmp_path)
    office.done("test-key R-2026-0001 --channel courier --to {again.asc}")
    assert len(stages.tom.decrypt((office.folder / "again.asc").read_bytes())) == 20

    office.done(f"test-key R-2026-0001 --channel courier {answer}")

    assert isinstance(last(office), KeyTestFailed)


def test_a_request_that_was_returned_comes_in_again_under_its_number(stages: Stages, tmp_path: Path):
    office = stages.at("submitted").copied(tmp_path)
    office.done("return R-2026-0001 --item C1.6")

    told = office.done(f"submit {EXAMPLES / 'mit-researcher'} --request R-2026-0001")

    assert told.lines[0] == "R-2026-0001"
    assert [fact.event.wire_name for fact in office.facts()][-2:] == ["request.returned", "request.submitted"]


@pytest.mark.parametrize("way", [f"--signature {{rosa.sig}} --key {{rosa.asc}} --attested-by {IRA}", SIGN_IN_INK])
def test_a_signature_that_is_typed_twice_is_recorded_once(stages: Stages, tmp_path: Path, way: str):
    office = stages.at("issued").copied(tmp_path)
    line = f"sign A-2026-0001-1 --signer {ROSA} --as researcher {way}"
    office.done(line)
    position = office.facts()[-1].position
    with office.nothing_happens():
        twice = office(line)

    assert (twice.code, f"is on record already, as entry {position} says" in twice.err) == (2, True)


def test_a_key_that_does_not_name_its_contact_is_filed_with_a_warning(stages: Stages, tmp_path: Path):
    office = stages.at("executed").copied(tmp_path)
    warning = "  warning: no user id of this key has the address of Tom Abara, so nothing is released for it until"

    with office.nothing_happens():
        tried = office.done("file-key R-2026-0001 {rosa.asc} --dry-run")
    told, his = office.done("file-key R-2026-0001 {rosa.asc}"), office.done("file-key R-2026-0001 {tom.asc}")

    assert [one.out.count(warning) for one in (tried, told, his)] == [1, 1, 0]


def test_a_release_whose_data_their_recipient_extracted_is_not_handed_over(stages: Stages, tmp_path: Path):
    office = stages.at("key tested").copied(tmp_path)
    line = RELEASE.replace(IRA, ROSA)
    with office.nothing_happens():
        tried = office.done(f"{line} --dry-run")
    told = office(line)

    assert tried.lines[0].startswith("  handing it over would be refused: who extracts the data does not get them")
    assert told.code == 3
    assert "separate-duties (policy): Rosa Quill takes part in the request: somebody else has to extract" in told.out
    assert [fact.event.wire_name for fact in office.facts()][-3:] == [
        *("release.authorised", "act.refused", "release.failed")
    ]
    assert not (office.folder / "package.gpg").exists()


AGAIN = "  this very packet came in within the last 24 hours, and made R-2026-0001: --again makes another request"


def test_the_very_same_packet_makes_another_request_after_a_day_or_for_whoever_insists(stages: Stages, tmp_path: Path):
    office = stages.at("opened").copied(tmp_path)
    line = f"submit {EXAMPLES / 'mit-researcher'}"

    def made(more: str = "") -> str:
        return office.done(f"{line} {more}").lines[0]

    assert made() == "R-2026-0001"
    with office.nothing_happens():
        again = office.done(line)
        assert made("--dry-run") == AGAIN
    assert again.lines[:2] == ["R-2026-0001", AGAIN]
    assert again.lines[-1].endswith("as before")
    assert (made("--again"), made(), made("--again")) == ("R-2026-0002", "R-2026-0002", "R-2026-0003")
    later = Office(office.folder, Clock(NOON + timedelta(hours=24)))
    assert later.done(line).lines[0] == "R-2026-0003"
    later = Office(office.folder, Clock(NOON + timedelta(hours=24, seconds=1)))
    assert later.done(line).lines[0] == "R-2026-0004"


@pytest.mark.parametrize("end", ["withdraw", "decline"])
def test_the_very_same_packet_makes_another_request_once_the_one_that_it_made_is_over(
    stages: Stages, tmp_path: Path, end: str
):
    office = stages.at("opened").copied(tmp_path)
    line = f"submit {EXAMPLES / 'mit-researcher'}"
    office.done(line)
    office.done(f"{end} R-2026-0001 --reason 'It came too early'")

    made, again = office.done(line), office.done(line)

    assert (made.lines[0], again.lines[0], AGAIN in made.lines) == ("R-2026-0002", "R-2026-0002", False)
    assert AGAIN.replace("R-2026-0001", "R-2026-0002") in again.lines


def test_what_is_missing_in_a_packet_is_listed_and_it_comes_in(stages: Stages, tmp_path: Path):
    office = stages.at("opened").copied(tmp_path)

    told = office.done(f"submit {EXAMPLES / 'outside-with-reliance'} --document {{letter.txt}}")

    (submitted,) = [fact for fact in office.facts() if fact.event.wire_name == "request.submitted"]
    assert [re.sub(r":\d+", "", line) for line in told.lines[:4]] == [
        "R-2026-0001",
        "  missing: request.toml people[2].citi_document: C1.6: no CITI certificate is given",
        "  pending: request.toml ethics[1].reliance: C1.5: whether the home board relies on it is pending",
        "  missing: request.toml contact.key_file: C3: is missing",
    ]
    # The letter, the approval by the head and the proposal.
    assert len(submitted.documents) == 3


def test_what_was_reported_wrongly_is_taken_back_and_counts_no_longer(stages: Stages, tmp_path: Path):
    office = stages.at("executed").copied(tmp_path)
    office.done("terminate A-2026-0001-1 --on 2026-11-21")
    position = len(office.facts())
    assert office(f"may {ROSA} read D-6.002x-pc").code == 3

    told = office.done(f"correct {position} --reason 'another agreement was meant'")

    assert told.lines[0] == f"{position + 1:>6}  What entry {position} says is not so, and counts no longer."
    assert office(f"may {ROSA} read D-6.002x-pc").code == 0


def test_every_parameter_of_policy_can_be_given():
    assert tuple(PARAMETERS) == PolicyPublished.__struct_fields__


def test_policy_that_is_not_given_stays_as_it_is(stages: Stages, tmp_path: Path):
    office = stages.at("opened").copied(tmp_path)

    office.done(
        "publish-policy --board 'Ethics Board' --no-key-test-required --reminder-days 90 --reminder-days 10",
        "publish-policy --memorandum-capacities researcher --memorandum-capacities home-signatory --smallest-cell 10",
    )

    assert last(office) == PolicyPublished(
        board="Ethics Board",
        key_test_required=False,
        reminder_days=(90, 10),
        memorandum_capacities=("researcher", "home signatory"),
        smallest_cell=10,
    )


def test_what_people_wrote_is_in_custody_and_not_in_the_log(stages: Stages, tmp_path: Path):
    office = stages.at("submitted").copied(tmp_path)

    office("return R-2026-0001 --item C1.6 --reason -", answer="the certificate is Björn's\n")

    assert office.opened(last(office).reason) == "the certificate is Björn's"
    assert "Björn".encode() not in (office.home / "log.db").read_bytes()


def test_a_role_is_granted_again_to_say_who_the_principal_is_and_not_otherwise(stages: Stages, tmp_path: Path):
    office = stages.at("opened").copied(tmp_path)
    told = office("grant-role staff:8 staff --from 2026-01-01")

    assert (told.code, told.err.startswith("WARNING: nobody knows which person staff:8 is, so no rule")) == (0, True)
    assert office("grant-role staff:8 staff --from 2026-01-01").code == 2
    office.done(f"grant-role staff:8 staff --from 2026-01-01 --person {IRA}")
    assert office(f"grant-role staff:8 staff --from 2026-01-01 --person {IRA}").code == 2


def test_whoever_decided_in_a_request_of_their_own_before_it_was_known_who_they_are_is_named(
    stages: Stages, tmp_path: Path
):
    office = stages.at("approved").copied(tmp_path)
    approved = office.facts("request.approved.v1")[0].position

    told = office(f"grant-role staff:1 director --from 2026-01-01 --person {TOM}")
    again = office(f"grant-role staff:1 staff --from 2026-01-01 --person {TOM}")
    by_nobody_in_it = office(f"grant-role staff:1 auditor --from 2026-01-01 --person {IRA}")

    decided = f"staff:1 decided in R-2026-0001, in which this person takes part, as entry {approved} says"
    assert (told.code, told.err.startswith(f"WARNING: {decided}")) == (0, True)
    assert [(one.code, one.err) for one in (again, by_nobody_in_it)] == [(0, ""), (0, "")]


def test_policy_is_published_once_and_not_again_as_it_is(stages: Stages, tmp_path: Path):
    office = stages.at("opened").copied(tmp_path)
    office.done("publish-policy --smallest-cell 9")

    assert office("publish-policy --smallest-cell 9").code == 2


# Circumstances.


@pytest.mark.parametrize(
    ("said", "occurred_at", "precision"),
    [
        ("2026-11-20", datetime(2026, 11, 20, 5, tzinfo=UTC), "day"),
        ("2026-07-01", datetime(2026, 7, 1, 4, tzinfo=UTC), "day"),
        ("2026-03", datetime(2026, 3, 1, 5, tzinfo=UTC), "month"),
        ("2026-11-20T09:30:00-05:00", datetime(2026, 11, 20, 14, 30, tzinfo=UTC), "instant"),
        ("2026-11-20T14:30:00Z", datetime(2026, 11, 20, 14, 30, tzinfo=UTC), "instant"),
    ],
)
def test_a_day_is_one_at_the_office_and_an_instant_is_one_anywhere(
    stages: Stages, tmp_path: Path, said: str, occurred_at: datetime, precision: str
):
    office = stages.at("opened").copied(tmp_path)

    office.done(f"suspend {IRA} --occurred-at {said}")

    fact = office.facts()[-1]
    assert (fact.occurred_at, fact.precision) == (occurred_at, precision)


def test_a_day_begins_where_policy_says(stages: Stages, tmp_path: Path):
    office = stages.at("opened").copied(tmp_path)

    office.done("publish-policy --time-zone Asia/Tokyo", f"suspend {IRA} --occurred-at 2026-11-20")

    assert office.facts()[-1].occurred_at == datetime(2026, 11, 19, 15, tzinfo=UTC)


def test_who_typed_it_who_decided_it_for_whom_and_what_shows_it(stages: Stages, tmp_path: Path):
    office = stages.at("approved").copied(tmp_path)
    office.done(f"grant-role staff:2 staff --from 2026-01-01 --person {IRA}")

    told = office(
        f"issue R-2026-0001 --kind MOU --template MOU-1 --template-approved-by {IRA} --text {{mou.txt}}"
        f" --decided-by staff:1 --on-behalf-of {ROSA} --document {{letter.txt}} --document {{scan.pdf}}",
        actor="staff:2",
    )

    fact = office.facts()[-1]
    assert (told.code, fact.actor, fact.on_behalf_of) == (0, "staff:2", office.person(ROSA))
    assert fact.judged is not None
    assert (fact.judged.command["principal"], len(fact.documents)) == ("staff:1", 3)


def test_a_release_is_shown_by_documents_too(stages: Stages, tmp_path: Path):
    office = stages.at("key tested").copied(tmp_path)

    office.done(f"{RELEASE} --document {{letter.txt}}")

    authorised, handed_over = office.facts()[-2:]
    assert isinstance(authorised.event, ReleaseAuthorised)
    assert isinstance(handed_over.event, ReleaseHandedOver)
    assert (len(authorised.documents), handed_over.event.learners) == (1, None)


def test_a_test_of_a_key_is_shown_by_documents_too(stages: Stages, tmp_path: Path):
    office = stages.at("key tested").copied(tmp_path)

    office.done("test-key R-2026-0001 --channel courier --to {again.asc} --document {letter.txt}")

    assert len(office.facts()[-1].documents) == 1


def test_without_an_actor_it_is_an_opaque_one(stages: Stages, tmp_path: Path):
    office = stages.at("opened").copied(tmp_path)
    office.done(f"grant-role operator:local staff --from 2026-01-01 --person {IRA}")

    office("retire-dataset D-6.002x-forum", actor="")

    assert office.facts()[-1].actor == "operator:local"


def test_a_packet_that_gives_another_name_to_somebody_known_says_whose_before_it_comes_in(
    stages: Stages, tmp_path: Path
):
    office = stages.at("submitted").copied(tmp_path)
    shutil.copytree(EXAMPLES / "mit-researcher", tmp_path / "packet")
    form = tmp_path / "packet" / "request.toml"
    form.write_text(form.read_text().replace('name = "Ines Calder"', 'name = "Mallory Renamed"'))

    told = office(f"submit {tmp_path / 'packet'} --dry-run")

    assert "of Ines Calder, it gives another name" in told.out
