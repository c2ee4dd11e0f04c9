"""What the command line answers: refusals, dry runs, JSON, may and explain; and what it says when it can't print."""

import json
import os
import pty
import re
import shlex
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import IO, Any

import pytest

from ledger.events import ActRefused
from projections.rules.rulebook import VERSION
from tests.command_line import IRA, LAW, RELEASE, ROSA, SEND, STOPPED_PROGRAM, TOM, Stages
from tests.facts import NOON, Clock
from tests.stores import PATIENCE

pytestmark = pytest.mark.needs("gpg")

# Refusals.


def test_a_refusal_lists_every_objection_with_its_rule_and_source_whom_what_and_the_facts(
    stages: Stages, tmp_path: Path
):
    office = stages.at("submitted").copied(tmp_path)
    office.done(f"suspend {TOM}")

    told = office("approve R-2026-0001 --document {letter.txt}")

    position = len(office.facts())
    assert (told.code, told.err, told.lines[:-1]) == (
        3,
        "",
        [
            "Refused",
            "  law-determined (C1.7, S1): the law was not determined since the request last came in [entry 11]",
            "  nobody-suspended (policy): Tom Abara is suspended [entry 19]",
        ],
    )
    assert re.fullmatch(rf"Recorded up to entry {position}, leaf [0-9a-f]{{64}}", told.lines[-1])
    assert office.facts()[-1].event.wire_name == "act.refused"


def test_a_dry_run_says_what_would_object_and_records_nothing(stages: Stages):
    office = stages.at("submitted")

    with office.nothing_happens():
        told = office("approve R-2026-0001 --dry-run --conditions some")

    assert told == (
        3,
        (
            "It would be refused\n"
            "  law-determined (C1.7, S1): the law was not determined since the request last came in [entry 11]\n"
            "Nothing was recorded.\n"
        ),
        "",
    )


@pytest.mark.parametrize(
    ("stage", "line"),
    [
        ("submitted", f"{LAW} --note why"),
        ("submitted", "decline R-2026-0001 --reason why"),
        ("submitted", "submit api/packets/examples/mixed-group"),
        ("opened", "register-person Ana --phone 1 --document {letter.txt}"),
        ("issued", "terminate A-2026-0001-1 --on 2026-11-21 --reason why"),
        ("key tested", "test-key R-2026-0001 --channel courier --to {new.asc}"),
        ("key tested", RELEASE),
        ("released", f"access {ROSA} D-6.002x-pc"),
    ],
)
def test_a_dry_run_of_what_could_be_done_records_and_makes_nothing(stages: Stages, stage: str, line: str):
    office = stages.at(stage)
    files = sorted(office.folder.iterdir())

    with office.nothing_happens():
        told = office(f"{line} --dry-run")

    assert (told.code, told.lines[-1], told.err) == (0, "Nothing objects; nothing was recorded.", "")
    assert sorted(office.folder.iterdir()) == files


def test_a_release_that_is_refused_leaves_no_package(stages: Stages, tmp_path: Path):
    office = stages.at("key tested").copied(tmp_path)
    office.done(f"suspend {TOM}")
    files = sorted(office.folder.iterdir())

    told = office(RELEASE)

    assert (told.code, told.lines[:2]) == (
        3,
        ["Refused", "  nobody-suspended (policy): Tom Abara is suspended [entry 32]"],
    )
    assert sorted(office.folder.iterdir()) == files


@pytest.mark.parametrize("who", ["nobody@example.edu", "Lena Roth", "p-" + 32 * "9"])
def test_whom_nobody_knows_is_refused_and_what_they_are_called_is_in_custody_alone(
    stages: Stages, tmp_path: Path, who: str
):
    office = stages.at("opened").copied(tmp_path)

    told = office(f"access '{who}' D-6.002x-pc")

    assert (told.code, told.lines[:2]) == (
        3,
        ["Refused", "  named-recipients (C2, K1): nobody in this ledger is whoever asks"],
    )
    (refused,) = office.facts("act.refused.v1")
    assert isinstance(refused.event, ActRefused)
    assert refused.judged is not None
    assert (refused.event.person, refused.judged.command["person"]) == (None, None)
    assert office.opened(refused.judged.command["account"]) == who


def test_names_come_from_the_offices_profile(stages: Stages, tmp_path: Path):
    office = stages.at("submitted").copied(tmp_path)
    office.done(
        "publish-policy --board IRB-1 --institution 'Hillside College' --memorandum Memo --time-zone Asia/Tokyo"
    )

    told = [
        *office.done(f"affiliation R-2026-0001 {ROSA} home").lines[:-1],
        *office.done(
            "determination R-2026-0001 --board home --protocol 7 --outcome exempt --on 2026-01-05 --expires none"
            " --covers all"
        ).lines[1:-1],
        *office(f"access {IRA} D-6.002x-pc").lines[2:3],
    ]

    assert [re.sub(r"^ *\d* +|(?<=E-)[0-9a-f]{32}", "", line) for line in told] == [
        "Rosa Quill takes part as somebody of Hillside College.",
        "On protocol 7, IRB-1 found: exempt, from 2026-01-05, for all personnel (determination E-).",
        "couhes (C1.4): Ira Stein has no determination of IRB-1",
    ]


def test_what_could_steer_a_terminal_is_spelled_out(stages: Stages, tmp_path: Path):
    office = stages.at("opened").copied(tmp_path)

    told = office("register-person 'Ana \x1b[31m\u202eodnum'")

    assert told.lines[1][8:] == "Ana \\x1b[31m\\u202eodnum became known to the office."


def test_a_line_end_in_a_name_does_not_look_like_a_line_of_ours(stages: Stages, tmp_path: Path):
    office = stages.at("opened").copied(tmp_path)

    told = office("register-person 'Ana\n     9  The request was approved.'")

    assert [line[8:] for line in told.lines[1:-1]] == [
        "Ana\\n     9  The request was approved. became known to the office."
    ]


# For programs.


def test_programs_are_told_what_was_recorded(stages: Stages, tmp_path: Path):
    office = stages.at("opened").copied(tmp_path)

    told = office("register-person Ana --json")

    (fact,) = office.facts()[-1:]
    registered: Any = fact.event
    answer = json.loads(told.out)
    assert (told.code, told.err, told.out.count("\n")) == (0, "", 1)
    assert re.fullmatch("[0-9a-f]{64}", answer["entries"][0].pop("leaf"))
    assert answer == {
        "id": registered.person,
        "entries": [{"position": fact.position, "type": "person.registered.v1"}],
        "refused": False,
        "objections": [],
        "notes": [],
        "warnings": [],
    }


def test_programs_are_told_what_was_refused(stages: Stages, tmp_path: Path):
    office = stages.at("submitted").copied(tmp_path)

    told = office("approve R-2026-0001 --json")

    answer = json.loads(told.out)
    assert (told.code, answer["id"], answer["refused"], len(answer["entries"])) == (3, None, True, 1)
    assert answer["objections"] == [
        {
            "rule": "law-determined",
            "source": "C1.7, S1",
            "about": None,
            "wanting": "legal determination",
            "facts": [11],
        }
    ]


def test_programs_are_told_what_is_missing_in_a_packet(stages: Stages, tmp_path: Path):
    office = stages.at("opened").copied(tmp_path)

    answer = json.loads(office("submit api/packets/examples/outside-with-reliance --json").out)

    assert (answer["id"], len(answer["notes"])) == ("R-2026-0001", 3)


# May.


def test_may_says_yes_and_under_what_until_when_and_records_nothing(stages: Stages):
    office = stages.at("executed")

    with office.nothing_happens():
        told = office(f"may {ROSA} read D-6.002x-pc")

    assert told == (
        0,
        (
            "Yes: Rosa Quill may read D-6.002x-pc, under A-2026-0001-1 of R-2026-0001, in force until 2027-11-21.\n"
            "This holds for position 26.\n"
        ),
        "",
    )


def test_may_says_no_and_everything_that_objects(stages: Stages):
    office = stages.at("approved")

    with office.nothing_happens():
        told = office(f"may {ROSA} read D-6.002x-pc")

    assert told == (
        3,
        (
            "No: Rosa Quill may not read D-6.002x-pc.\n"
            "  named-recipients (C2, K1): no agreement in force names Rosa Quill [entry 12]\n"
            "This holds for position 22.\n"
        ),
        "",
    )


def test_may_answers_programs(stages: Stages):
    office = stages.at("executed")
    yes, no = (json.loads(office(f"may {who} read D-6.002x-pc --json").out) for who in (ROSA, IRA))

    assert yes == {
        "may": True,
        "person": office.person(ROSA),
        "dataset": "D-6.002x-pc",
        "as_of": None,
        "known_at": None,
        "request": "R-2026-0001",
        "agreement": "A-2026-0001-1",
        "until": "2027-11-21",
        "objections": [],
        "position": 26,
    }
    assert (no["may"], no["request"], no["agreement"], no["until"]) == (False, None, None, None)
    assert no["objections"][0]["rule"] == "named-recipients"


def test_may_answers_by_what_was_known_then(stages: Stages, tmp_path: Path):
    office = stages.at("executed").copied(tmp_path)
    signed = office.facts()[-1].position
    office.clock = Clock(office.clock() + timedelta(days=3))
    office.done(f"suspend {ROSA} --occurred-at 2026-11-22")

    def told(when: str) -> list[str]:
        return [office(f"may {ROSA} read D-6.002x-pc {when}").lines[at] for at in (0, -1)]

    no, yes = (
        "No: Rosa Quill may not read D-6.002x-pc at 2026-11-2",
        "Yes: Rosa Quill may read D-6.002x-pc at 2026-11-2",
    )
    assert told("--as-of 2026-11-23") == [f"{no}3T23:59:59-05:00.", f"This holds for position {signed + 1}."]
    known = told("--as-of 2026-11-23 --known-at 2026-11-23")
    assert (known[0].startswith(f"{yes}3T23:59:59-05:00, under"), known[1]) == (
        True,
        f"This holds for position {signed}.",
    )


@pytest.mark.parametrize(
    ("as_of", "code"),
    [
        ("1900-01-01", 3),
        ("9998-12-31", 3),
        ("2026-11-20", 3),
        ("2026-11-21T11:59:59Z", 3),
        ("2026-11-21T12:00:00Z", 0),
        ("2026-11-21", 0),
        ("2026-11", 0),
        ("2027-11-21", 0),
        ("2027-11-22", 3),
    ],
)
def test_may_as_of_a_time_goes_by_what_had_happened_then(stages: Stages, as_of: str, code: int):
    assert stages.at("executed")(f"may {ROSA} read D-6.002x-pc --as-of {as_of}").code == code


def test_may_as_of_a_time_counts_what_was_recorded_late_and_not_what_was_corrected(stages: Stages, tmp_path: Path):
    office = stages.at("executed").copied(tmp_path)
    office.clock = Clock(NOON + timedelta(days=10))
    office.done("terminate A-2026-0001-1 --on 2026-11-23 --occurred-at 2026-11-23")
    position = len(office.facts())

    def may() -> list[int]:
        return [office(f"may {ROSA} read D-6.002x-pc --as-of {day}").code for day in ("2026-11-22", "2026-11-23")]

    assert may() == [0, 3]
    office.done(f"correct {position} --reason 'another agreement was meant'")
    assert may() == [0, 0]


def test_may_says_the_last_day_before_a_termination_that_is_to_come(stages: Stages, tmp_path: Path):
    office = stages.at("executed").copied(tmp_path)
    office.done("terminate A-2026-0001-1 --on 2026-12-01")

    assert "in force until 2026-11-30." in office(f"may {ROSA} read D-6.002x-pc").lines[0]


def test_may_agrees_with_what_is_recorded_when_a_data_server_asks(stages: Stages, tmp_path: Path):
    for stage, who in [("approved", ROSA), ("executed", ROSA), ("executed", TOM), ("executed", IRA)]:
        office = stages.at(stage).copied(tmp_path / f"{stage}-{who}")
        asked, recorded = (
            office(f"{line} --json") for line in (f"may {who} read D-6.002x-pc", f"access {who} D-6.002x-pc")
        )

        assert asked.code == recorded.code
        assert json.loads(asked.out)["objections"] == json.loads(recorded.out)["objections"]


# Explain.


@pytest.mark.parametrize(
    ("position", "act"), [(22, "approve"), (23, "issue"), (26, "execute"), (32, "authorise"), (33, "hand over")]
)
def test_an_act_that_is_done_does_not_object_to_itself(stages: Stages, position: int, act: str):
    told = stages.at("released")(f"explain {position}")

    assert (told.code, told.lines[1:]) == (
        0,
        [
            f"It was judged at 2026-11-21T12:00:00.000000Z by rulebook {VERSION}, on the facts up to {position - 1}.",
            "Judged again from the log, the answer is the same.",
            "It is done. Were it still to be decided today, nothing would object.",
        ],
    )


@pytest.mark.parametrize(
    ("stage", "line"),
    [
        ("submitted", "decline R-2026-0001 --reason why"),
        ("key tested", "grant-waiver R-2026-0001 key-tested --until 2026-12-31 --reason why"),
        ("released", f"access {ROSA} D-6.002x-pc"),
    ],
)
def test_nor_does_any_other(stages: Stages, tmp_path: Path, stage: str, line: str):
    office = stages.at(stage).copied(tmp_path)
    office.done(line)

    told = office(f"explain {len(office.facts())}")

    assert told.lines[-1] == "It is done. Were it still to be decided today, nothing would object."


def test_explain_says_what_would_object_today_to_what_was_done(stages: Stages, tmp_path: Path):
    office = stages.at("released").copied(tmp_path)
    office.done(f"suspend {TOM}")

    assert office("explain 22").lines[-2:] == [
        "It is done. Were it still to be decided today, these would object:",
        "  nobody-suspended (policy): Tom Abara is suspended [entry 34]",
    ]


def test_explain_says_what_would_object_today_to_what_was_refused(stages: Stages, tmp_path: Path):
    office = stages.at("submitted").copied(tmp_path)
    office("approve R-2026-0001")

    refused = office(f"explain {len(office.facts())}").lines
    office.done(LAW)
    mended = office(f"explain {len(office.facts()) - 1}").lines

    assert refused[-2:] == [
        "Today these would object:",
        "  law-determined (C1.7, S1): the law was not determined since the request last came in [entry 11]",
    ]
    assert mended[-1] == "Today nothing would object."


def test_explain_tells_a_refusal_to_decide_twice_as_what_it_is(stages: Stages, tmp_path: Path):
    office = stages.at("approved").copied(tmp_path)
    office("approve R-2026-0001")

    assert office(f"explain {len(office.facts())}").lines[-1] == (
        "  open-request (C1): R-2026-0001 is approved, and only what is before the office is decided [entry 22]"
    )


def test_explain_says_which_waiver_was_needed(stages: Stages, tmp_path: Path):
    office = stages.at("key tested").copied(tmp_path)
    office.done(
        "grant-waiver R-2026-0001 key-tested --until 2026-12-31 --reason 'by courier'",
        "grant-waiver R-2026-0001 key-address --until 2026-12-31 --reason 'not needed'",
        f"{SEND.replace('sftp-drop', 'courier')} --to {{package.gpg}}",
    )

    told = [office(f"explain {position}").lines for position in (34, 35)]

    assert [lines[2] for lines in told] == 2 * [
        (
            "It needed waiver W-2026-0001-1 of entry 32: the rule key-tested would have objected, "
            "and is waived until 2026-12-31."
        )
    ]
    assert {len(lines) for lines in told} == {5}


def test_explain_answers_programs(stages: Stages, tmp_path: Path):
    office = stages.at("submitted").copied(tmp_path)
    office("approve R-2026-0001")
    refused = len(office.facts())
    office.done(LAW)

    reported, judged = (json.loads(office(f"explain {position} --json").out) for position in (11, refused))

    assert reported == {"position": 11, "type": "request.submitted.v1", "judged": None}
    assert [one["rule"] for one in judged.pop("said")] == ["law-determined"]
    assert judged == {
        "position": refused,
        "type": "act.refused.v1",
        "judged": {"at": "2026-11-21T12:00:00.000000Z", "rulebook": VERSION, "read_to": refused - 1},
        "agrees": True,
        "why": "",
        "waivers": [],
        "today": [],
    }


def test_explain_of_what_was_reported_says_that_nothing_was_judged(stages: Stages):
    assert stages.at("submitted")("explain 11").lines[1:] == ["Nothing was judged here: it was reported, not decided."]


# On a terminal.


@pytest.mark.parametrize(
    ("stage", "line", "label"),
    [
        ("opened", "add-version D-6.002x-pc 2 --form identified --file {mou.txt}", b"Reading"),
        ("key tested", RELEASE, b"Releasing"),
    ],
)
def test_on_a_terminal_whoever_waits_for_many_bytes_sees_how_far_it_is(
    stages: Stages, tmp_path: Path, stage: str, line: str, label: bytes
):
    office = stages.at(stage).copied(tmp_path)
    here, there = pty.openpty()
    words = [*STOPPED_PROGRAM, *office.words(line), "--home", str(office.home), "--actor", "staff:1"]

    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=there, timeout=PATIENCE, check=False)

    os.close(there)
    said = os.read(here, 65_536)
    os.close(here)
    assert (done.returncode, label in said, b"100%" in said) == (0, True, True)


# When it can't be printed.


RETIRE = ["retire-dataset", "D-6.002x-forum"]
APPROVE = ["approve", "R-2026-0001"]


def into(output: int | IO[str], home: Path, *arguments: str) -> "subprocess.CompletedProcess[bytes]":
    command = [*STOPPED_PROGRAM, *arguments, "--home", str(home), "--actor", "staff:1"]
    return subprocess.run(command, stdout=output, stderr=subprocess.PIPE, timeout=PATIENCE, check=False)


def into_a_closed_pipe(home: Path, *arguments: str) -> "subprocess.CompletedProcess[bytes]":
    reading, writing = os.pipe()
    os.close(reading)
    try:
        return into(writing, home, *arguments)
    finally:
        os.close(writing)


@pytest.mark.parametrize("form", [[], ["--json"]], ids=["text", "json"])
def test_what_is_recorded_and_cannot_be_written_to_a_full_disk_is_told_all_the_same(
    stages: Stages, tmp_path: Path, form: list[str]
):
    office = stages.at("opened").copied(tmp_path)

    with Path("/dev/full").open("w") as full:
        done = into(full, office.home, *RETIRE, *form)

    position = len(office.facts())
    assert office.facts()[-1].event.wire_name == "dataset.retired"
    assert done.returncode == 1
    assert re.fullmatch(
        rf"Recorded up to entry {position}, leaf [0-9a-f]{{64}}; "
        r"but it could not be printed: No space left on device\n",
        done.stderr.decode(),
    )


def without(streams: str, home: Path, *arguments: str) -> "subprocess.CompletedProcess[bytes]":
    """Call a command as a shell does with streams closed, such as ">&-"."""
    words = shlex.join([*map(str, STOPPED_PROGRAM), *arguments, "--home", str(home)])
    return subprocess.run(["sh", "-c", f"{words} {streams}"], capture_output=True, timeout=PATIENCE, check=False)


@pytest.mark.parametrize("form", [[], ["--json"]], ids=["text", "json"])
def test_what_is_recorded_without_standard_output_is_told_all_the_same(stages: Stages, tmp_path: Path, form: list[str]):
    office = stages.at("opened").copied(tmp_path)

    done = without(">&-", office.home, *RETIRE, "--actor", "staff:1", *form)

    assert office.facts()[-1].event.wire_name == "dataset.retired"
    assert done.returncode == 1
    assert re.fullmatch(
        rf"Recorded up to entry {len(office.facts())}, leaf [0-9a-f]{{64}}; "
        r"but it could not be printed: Bad file descriptor\n",
        done.stderr.decode(),
    )


@pytest.mark.parametrize("streams", ["2>&-", "<&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_closed_streams_keep_nobody_from_recording(stages: Stages, tmp_path: Path, streams: str):
    office = stages.at("opened").copied(tmp_path)

    done = without(streams, office.home, *RETIRE, "--actor", "staff:1")

    assert office.facts()[-1].event.wire_name == "dataset.retired"
    assert done.returncode == (1 if ">&- 2" in streams else 0)
    assert b"Traceback" not in done.stderr


def test_a_question_without_standard_output_says_that_it_cannot_answer(stages: Stages):
    office = stages.at("opened")

    done = without(">&-", office.home, "inbox")

    assert (done.returncode, done.stderr.decode()) == (1, "Error: the system: Bad file descriptor\n")


@pytest.mark.parametrize(("command", "code"), [(RETIRE, 0), (APPROVE, 3)], ids=["done", "refused"])
def test_what_is_recorded_while_nobody_reads_on_is_told_and_counts(
    stages: Stages, tmp_path: Path, command: list[str], code: int
):
    office = stages.at("submitted").copied(tmp_path)
    before = len(office.facts())

    done = into_a_closed_pipe(office.home, *command)

    assert len(office.facts()) == before + 1
    assert done.returncode == code
    assert done.stderr.decode().startswith(f"Recorded up to entry {before + 1}, leaf ")
    assert done.stderr.decode().endswith("but it could not be printed: Broken pipe\n")


def test_a_dry_run_that_cannot_be_printed_claims_nothing(stages: Stages):
    office = stages.at("opened")

    with office.nothing_happens(), Path("/dev/full").open("w") as full:
        done = into(full, office.home, *RETIRE, "--dry-run")

    assert (done.returncode, done.stderr.decode()) == (1, "Error: the system: No space left on device\n")
