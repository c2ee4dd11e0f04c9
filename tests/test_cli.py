"""The command line: what people read, what programs read, and how it says that something is wrong."""

import json
import os
import pty
import re
import shlex
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import click
import pytest
from eventsourcing.dcb.api import DCBEvent

from api.cli import COMMANDS, HEADINGS, main
from api.cli.reporting import sentences
from ledger.chain.entry import Entry
from ledger.chain.merkle import root_hash
from ledger.events import Event, HistoryViewed, RoleGranted
from ledger.evidence.report import Finding, Report, Verdict
from ledger.home import create_home, open_home, open_log
from ledger.storage import utc_now
from ledger.storage.port import Clock
from ledger.storage.sqlite import SCHEMA_VERSION
from tests.command_line import PROGRAM, Outcome, dua_ledger, program
from tests.facts import ANA, BEN, DATA_SET, REQUEST, data_set, fact, person, submitted, version_added
from tests.stores import PATIENCE

DIRECTOR = "staff:7"
NO_PERSON = "is neither an id, which is p- and 32 digits or letters from a to f, nor an e-mail address"

ORIGIN = "ir.example.edu/dua-ledger"
# Before the real clock, by which the commands write.
LONG_AGO = datetime(2020, 2, 1, 12, tzinfo=UTC)
SIX = [data_set(), version_added(), person(ANA), person(BEN), submitted(study_group=(ANA, BEN))]
LINES = [
    "        1  2020-02-01T12:00:00Z  ledger.opened.v2",
    f"        2  2020-02-01T12:00:00Z  dataset.registered.v1         dataset:{DATA_SET}",
    f"        3  2020-02-01T12:00:00Z  dataset.version-added.v1      dataset:{DATA_SET}",
    f"        4  2020-02-01T12:00:00Z  person.registered.v1          person:{ANA}",
    f"        5  2020-02-01T12:00:00Z  person.registered.v1          person:{BEN}",
    "        6  2020-02-01T12:00:00Z  request.submitted.v1          "
    + "  ".join([f"dataset:{DATA_SET}", f"person:{ANA}", f"person:{BEN}", f"request:{REQUEST}"]),
]

every_command = pytest.mark.parametrize("name", COMMANDS)


def long_ago() -> datetime:
    return LONG_AGO


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with six entries."""
    create_home(tmp_path / "home", ORIGIN, actor="staff:1", via="command line", clock=long_ago)
    append(tmp_path / "home", *SIX)
    return tmp_path / "home"


def append(path: Path, *events: Event, clock: Clock = long_ago) -> None:
    with open_home(path, clock) as home:
        home.ledger.append([fact(event) for event in events])


def append_raw(path: Path, wire_type: str, payload: bytes, *tags: str) -> None:
    """Append what no event of ours is."""
    with open_log(path, long_ago) as store:
        store.append([DCBEvent(wire_type, payload, list(tags))])


def entries_of(path: Path) -> list[Entry]:
    with open_log(path) as store:
        return list(store.scan())


def lines(*positions: int) -> str:
    return "".join(f"{LINES[position - 1]}\n" for position in positions)


# Help.


def test_help_shows_every_command_in_one_line_and_the_exit_codes():
    shown = dua_ledger("--help")

    assert (shown.code, shown.err) == (0, "")
    assert re.findall(r"^  ([\w-]+) +[A-Z][^.]+\.$", shown.out.partition("--help")[2], re.MULTILINE) == list(COMMANDS)
    assert [int(code) for code in re.findall(r"^ +(\d+)  \S", shown.out, re.MULTILINE)] == [0, 1, 2, 3, 4, 10, 11, 12]
    assert dua_ledger("-h") == shown


def test_help_puts_the_commands_of_a_kind_of_user_together():
    headings = re.findall(r"^([A-Z][^\n]+):$", dua_ledger("--help").out, re.MULTILINE)

    assert headings == ["Options", *HEADINGS.values()]


@every_command
def test_every_command_has_help_for_itself_and_for_all_that_it_takes(name: str):
    command = main.get_command(click.Context(main), name)
    assert command is not None
    options = [one for one in command.params if isinstance(one, click.Option)]
    arguments = [one.human_readable_name for one in command.params if isinstance(one, click.Argument)]

    assert [one.name for one in options if not re.fullmatch(r"[A-Z].*\.", one.help or "", re.DOTALL)] == []
    assert [argument for argument in arguments if argument not in (command.help or "")] == []
    assert re.match(r"[A-Z][^.]*\.", command.help or "")
    assert re.fullmatch(r"[A-Z].*\.", COMMANDS[name][1])


@every_command
def test_help_of_every_command_works(name: str):
    shown = dua_ledger(name, "--help")

    assert (shown.code, shown.err) == (0, "")
    assert shown.out.startswith(f"Usage: dua-ledger {name} ")


@pytest.mark.parametrize("argument", ["--help", "-h", "--version"])
def test_what_needs_no_command_loads_nothing_of_the_ledger(argument: str):
    code = f"""
import sys
from api.cli import main
try:
    main([{argument!r}])
except SystemExit:
    print(sorted({{name.partition(".")[0] for name in sys.modules}} & set({HEAVY!r})), file=sys.stderr)
"""
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=PATIENCE, check=True)

    assert loaded.stderr.decode().splitlines()[-1] == "[]"


HEAVY = ["ledger", "projections", "cryptography", "eventsourcing", "flask", "msgspec", "sqlite3", "multiprocessing"]


def test_the_program_is_installed_and_knows_its_version():
    shown = program("--version")

    assert (shown.code, shown.err) == (0, "")
    assert re.fullmatch(r"dua-ledger, version \d+\.\d+\.\d+\n", shown.out)


# Making a ledger.


def test_init_hands_out_the_verifier_key(tmp_path: Path):
    made = dua_ledger("init", "--origin", ORIGIN, "--actor", "staff:7", home=tmp_path / "home")

    (first,) = facts_of(tmp_path / "home")
    assert (first["event"]["origin"], first["actor"], first["via"]) == (ORIGIN, "staff:7", "command line")
    assert made == Outcome(
        0,
        f"Opened the ledger {ORIGIN} in {tmp_path}/home.\n"
        "Whoever is to check it one day should have its verifier key from you now:\n"
        f"  {first['event']['log_key']}\n"
        f"Back up {tmp_path}/home/keys apart from everything else, and not for longer than erased data may live on.\n"
        f"Keep {tmp_path}/home/lock out of every backup: a copy of it that is put back would vouch for an older log.\n",
        "",
    )


def test_home_and_actor_can_come_from_the_environment(tmp_path: Path):
    home = tmp_path / "home"
    program("init", "--origin", ORIGIN, DUA_LEDGER_HOME=str(home), DUA_LEDGER_ACTOR="staff:7")

    assert facts_of(home)[0]["actor"] == "staff:7"
    assert program("entries", DUA_LEDGER_HOME=str(home)).out.split()[-1] == "ledger.opened.v2"
    assert program("entries", "--home", home, DUA_LEDGER_HOME="/nowhere").code == 0


def test_init_gives_the_first_role_to_whoever_directs_the_office(tmp_path: Path):
    line = ("init", "--origin", ORIGIN, "--director", "staff:1")
    made = dua_ledger(*line, home=tmp_path / "home", clock=long_ago)
    assert (made.code, made.lines[1]) == (0, "staff:1 is director from 2020-02-01.")
    with open_home(tmp_path / "home", long_ago) as home:
        _, role = (fact.event for fact in home.ledger.facts())
        assert home.notary.has_signed(1, 2)
    assert role == RoleGranted(principal="staff:1", person=None, role="director", starts=date(2020, 2, 1), ends=None)


@pytest.mark.parametrize("director", ["Ana Ejemplo", "staff:2"])
def test_init_gives_no_role_to_a_name_or_by_somebody_else(tmp_path: Path, director: str):
    line = ("init", "--origin", ORIGIN, "--director", director)
    outcome = dua_ledger(*line, home=tmp_path / "home", DUA_LEDGER_ACTOR="staff:1")
    assert (outcome.code, (tmp_path / "home").exists()) == (2, False)


def test_init_never_overwrites(home: Path):
    before = home.joinpath("log.db").read_bytes()

    assert dua_ledger("init", "--origin", ORIGIN, home=home) == Outcome(
        1, "", f"Error: {home}: is there already, and is never overwritten\n"
    )
    assert home.joinpath("log.db").read_bytes() == before


NO_ORIGIN = "is not a URL without scheme of at most 150 ASCII letters, such as ir.example.edu/dua-ledger"


@pytest.mark.parametrize(
    ("origin", "why"),
    [
        ("", "key name '': is empty"),
        ("two words", "key name 'two words': has white space, a plus sign or something unprintable"),
        ("a\x1b[31m", r"key name 'a\x1b[31m': has white space, a plus sign or something unprintable"),
        (
            "https://ir.example.edu",
            "origin 'https://ir.example.edu': " + NO_ORIGIN,
        ),
    ],
)
def test_init_says_what_is_wrong_with_a_name(tmp_path: Path, origin: str, why: str):
    assert dua_ledger("init", "--origin", origin, home=tmp_path / "home") == Outcome(2, "", f"Error: {why}\n")
    assert list(tmp_path.iterdir()) == []


# Listing entries.


@pytest.mark.parametrize(
    ("options", "positions"),
    [
        ("", [1, 2, 3, 4, 5, 6]),
        (f"--tag person:{ANA}", [4, 6]),
        (f"--tag person:{ANA} --tag request:{REQUEST}", [6]),
        (f"--tag person:{ANA} --tag person:{BEN}", [6]),
        ("--type person.registered.v1", [4, 5]),
        ("--type person.registered.v1 --type ledger.opened.v2", [1, 4, 5]),
        (f"--type person.registered.v1 --tag person:{BEN}", [5]),
        ("--after 4", [5, 6]),
        ("--limit 2", [1, 2]),
        ("--after 1 --limit 2", [2, 3]),
        (f"--tag dataset:{DATA_SET} --after 2 --limit 1", [3]),
        ("--limit 9007199254740991", [1, 2, 3, 4, 5, 6]),
    ],
)
def test_entries_are_listed_and_filtered(home: Path, options: str, positions: list[int]):
    assert dua_ledger("entries", *shlex.split(options), home=home) == Outcome(0, lines(*positions), "")


def test_for_programs_each_entry_is_an_object_in_a_line(home: Path):
    listed = dua_ledger("entries", "--json", "--after", 4, home=home)

    assert [json.loads(line) for line in listed.out.splitlines()] == [
        {
            "position": entry.position,
            "prev": entry.header.prev,
            "recorded_at": "2020-02-01T12:00:00.000000Z",
            "tags": list(entry.header.tags),
            "type": entry.header.type,
            "leaf": sha256(b"\0" + entry.raw).hexdigest(),
            "payload": json.loads(entry.payload),
        }
        for entry in entries_of(home)[4:6]
    ]
    assert (listed.code, listed.err) == (0, "")


def test_that_entries_are_taken_along_for_programs_is_on_record_and_listing_them_is_not(home: Path):
    assert dua_ledger("entries", home=home).code == 0
    assert len(entries_of(home)) == 6
    assert dua_ledger("entries", "--json", "--limit", 1, "--actor", "auditor:7", home=home).code == 0
    with open_home(home) as opened:
        (last,) = opened.ledger.facts(after=6)
    assert (last.actor, last.event) == ("auditor:7", HistoryViewed(how="exported", request=None))


@pytest.mark.parametrize("options", ["--tag person:nobody", "--type nobody.knows.v1", "--after 6", "--after 6 --json"])
def test_where_no_entry_matches_it_says_so_beside_the_output(home: Path, options: str):
    assert dua_ledger("entries", *options.split(), home=home) == Outcome(0, "", "No entry matches.\n")


@pytest.mark.parametrize(
    ("option", "value", "why"),
    [
        ("--tag", "person:a\nb", r"tag 'person:a\nb': has a control character"),
        ("--tag", "", "tag '': is empty"),
        ("--tag", "\x9b31m", r"tag '\x9b31m': has a control character"),
        ("--tag", os.fsdecode(b"\xff"), r"tag '\udcff': has a lone surrogate, which no UTF-8 can hold"),
        ("--type", "a\0b", r"type 'a\x00b': has a control character"),
        ("--type", 256 * "t", f"type '{76 * 't'}...: 256 is more than the 255 allowed"),
    ],
    ids=ascii,
)
def test_a_filter_that_can_match_nothing_is_wrong_usage(home: Path, option: str, value: str, why: str):
    assert dua_ledger("entries", option, value, home=home) == Outcome(2, "", f"Error: {why}\n")


@pytest.mark.parametrize(
    "options",
    [
        *("--after -1", "--after x", "--after 9007199254740992", "--after 1e3", "--limit 0"),
        *("--limit 99999999999999999999999", "--no-such-option", "surplus"),
    ],
)
def test_a_number_out_of_range_is_wrong_usage(home: Path, options: str):
    wrong = dua_ledger("entries", *options.split(), home=home)

    assert (wrong.code, wrong.out) == (2, "")
    assert wrong.err.startswith("Usage: dua-ledger entries ")


def test_what_could_steer_a_terminal_is_spelled_out(home: Path):
    append_raw(home, "note.made.v1", '"\x9b31m \u202egnihton"'.encode(), "note:\u202eevil", "größe:ä")

    assert dua_ledger("entries", "--after", 6, home=home).out == (
        f"        7  2020-02-01T12:00:00Z  {'note.made.v1':<28}  größe:ä  note:\\u202eevil\n"
    )
    assert dua_ledger("show", 7, home=home).out.endswith('Payload\n"\\x9b31m \\u202egnihton"\n')


def test_what_a_terminal_has_no_letters_for_is_spelled_out(home: Path):
    append_raw(home, "note.made.v1", b"{}", "ł:1")

    listed = program("entries", "--after", 6, "--home", home, PYTHONIOENCODING="latin-1")
    for_programs = program("entries", "--after", 6, "--json", "--home", home, PYTHONIOENCODING="latin-1")

    assert (listed.code, listed.out.split()[-1], listed.err) == (0, r"\u0142:1", "")
    assert json.loads(for_programs.out)["tags"] == ["ł:1"]


def test_a_home_may_have_a_name_that_is_no_text(tmp_path: Path):
    home = tmp_path / os.fsdecode(b"latin-\xe9")

    assert program("init", "--origin", ORIGIN, "--home", home)[::2] == (0, "")
    assert program("verify", "--home", home)[::2] == (0, "")


@pytest.mark.parametrize("form", [[], ["--json"]], ids=["text", "json"])
def test_nobody_minds_when_a_reader_has_seen_enough(home: Path, form: list[str]):
    append(home, *(data_set() for _ in range(2000)))

    with subprocess.Popen(
        [PROGRAM, "entries", "--home", home, *form], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as listing:
        assert listing.stdout is not None
        assert listing.stderr is not None
        first = listing.stdout.readline()
        listing.stdout.close()
        complaints = listing.stderr.read()

    assert b"ledger.opened.v2" in first
    assert complaints == b""


def test_a_full_disk_behind_the_output_is_told_in_a_sentence(home: Path):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [PROGRAM, "entries", "--home", home], stdout=full, stderr=subprocess.PIPE, timeout=PATIENCE, check=False
        )

    assert (done.returncode, done.stderr.decode()) == (1, "Error: the system: No space left on device\n")


# Following the log.


@pytest.mark.parametrize("form", [[], ["--json"]], ids=["text", "json"])
def test_following_shows_what_comes_until_it_is_interrupted(home: Path, form: list[str]):
    with Following(home, "--after", 5, *form) as (process, line):
        # For programs, that they are taken along comes first.
        seen = [line() for _ in range(2 if form else 1)]
        append(home, person(ANA), clock=utc_now)
        seen.append(line())
        append(home, data_set(), person(BEN), clock=utc_now)
        seen += [line(), line()]
        process.send_signal(signal.SIGINT)
        rest, complaints = process.communicate(timeout=PATIENCE)

    assert (process.returncode, rest, complaints) == (0, "", "")
    assert "".join(seen) == dua_ledger("entries", "--after", 5, *form, home=home).out


def test_following_shows_only_what_was_asked_for(home: Path):
    with Following(home, "--tag", f"person:{ANA}", "--type", "person.registered.v1") as (process, line):
        first = line()
        append(home, data_set(), person(BEN), person(ANA))
        second = line()
        process.send_signal(signal.SIGINT)
        rest, complaints = process.communicate(timeout=PATIENCE)

    assert (first.split()[0], second.split()[0]) == ("4", "9")
    assert (process.returncode, rest, complaints) == (0, "", "")


def test_following_ends_by_itself_at_its_limit(home: Path):
    with Following(home, "--after", 5, "--limit", 2) as (process, line):
        first = line()
        append(home, person(ANA), person(BEN))
        rest, complaints = process.communicate(timeout=PATIENCE)

    assert (process.returncode, complaints) == (0, "")
    assert [shown.split()[0] for shown in (first + rest).splitlines()] == ["6", "7"]


def test_following_can_be_interrupted_while_there_is_nothing(home: Path):
    with Following(home, "--limit", 100) as (process, line):
        for _ in range(6):
            line()
        process.send_signal(signal.SIGINT)
        rest, complaints = process.communicate(timeout=PATIENCE)

    assert (process.returncode, rest, complaints) == (0, "", "")


class Following:
    """A program that follows the log of a home, and how to read its next line."""

    def __init__(self, home: Path, *options: object) -> None:
        arguments = [str(PROGRAM), "entries", "--follow", "--home", str(home), *map(str, options)]
        self.process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def __enter__(self) -> tuple["subprocess.Popen[str]", Callable[[], str]]:
        assert self.process.stdout is not None
        return self.process, self.process.stdout.readline

    def __exit__(self, *error: object) -> None:
        self.process.kill()
        self.process.wait()


# Showing one.


def test_an_entry_is_shown_with_all_that_it_adds_to_the_tree(home: Path):
    entries = entries_of(home)
    leaves = [entry.leaf for entry in entries]
    payload = json.loads(entries[3].payload)

    assert dua_ledger("show", 4, home=home) == Outcome(
        0,
        f"""\
Entry 4, person.registered.v1
  recorded at   2020-02-01T12:00:00.000000Z
  tag           person:{ANA}
  prev          {leaves[2].hex()}
  leaf          {leaves[3].hex()}
  subtree       {root_hash(leaves[2:4]).hex()}  over entries 3 to 4
  subtree       {root_hash(leaves[:4]).hex()}  over entries 1 to 4
Payload
{json.dumps(payload, indent=2)}
""",
        "",
    )


def test_an_entry_is_shown_for_programs(home: Path):
    entries = entries_of(home)
    leaves = [entry.leaf for entry in entries]
    shown = dua_ledger("show", 4, "--json", home=home)

    assert json.loads(shown.out) == {
        "position": 4,
        "prev": leaves[2].hex(),
        "recorded_at": "2020-02-01T12:00:00.000000Z",
        "tags": [f"person:{ANA}"],
        "type": "person.registered.v1",
        "leaf": leaves[3].hex(),
        "payload": json.loads(entries[3].payload),
        "subtrees": [root_hash(leaves[2:4]).hex(), root_hash(leaves[:4]).hex()],
    }
    assert (shown.code, shown.out.count("\n"), shown.err) == (0, 1, "")


@pytest.mark.parametrize("payload", [b"", b"\xff\x00", b"not JSON", 5000 * b"[" + 5000 * b"]", b'{"a":NaN}'], ids=ascii)
def test_a_payload_that_is_no_json_is_shown_as_its_bytes(home: Path, payload: bytes):
    append_raw(home, "note.made.v1", payload)

    shown = dua_ledger("show", 7, home=home)
    for_programs = [dua_ledger(*one, "--json", home=home) for one in (["show", 7], ["entries", "--after", 6])]

    assert (shown.code, shown.err) == (0, "")
    assert shown.out.endswith(f"\nPayload\nis not JSON; its bytes in hex: {payload.hex()}\n")
    assert [json.loads(told.out)["payload"] for told in for_programs] == 2 * [payload.hex()]


def test_an_entry_beyond_the_end_is_not_there(home: Path):
    assert dua_ledger("show", 7, home=home) == Outcome(1, "", "Error: there is no entry 7; the last is 6\n")


@pytest.mark.parametrize("position", ["0", "-1", "x", "1.5", "9007199254740992", str(10**30)])
def test_a_position_that_no_entry_can_have_is_wrong_usage(home: Path, position: str):
    wrong = dua_ledger("show", "--", position) if position == "-1" else dua_ledger("show", position, home=home)

    assert (wrong.code, wrong.out) == (2, "")
    assert wrong.err.startswith("Usage: dua-ledger show ")


# Verifying.


NOT_EXCLUDED = (
    "Not excluded: that entries after the last one were cut off, or that everything from some entry on, be it the"
    " first, was written anew by whoever owns the database: nobody gave a checkpoint from an earlier time to compare"
    " with."
)


@pytest.mark.parametrize("processes", [1, 2])
def test_where_all_holds_verify_says_so_and_what_it_cannot_exclude(tmp_path: Path, processes: int):
    home = with_details(tmp_path)
    root = root_hash([entry.leaf for entry in entries_of(home)]).hex()

    assert dua_ledger("verify", "--processes", processes, home=home) == Outcome(
        0,
        "All holds in 2 entries: each hash, the tag index, and all that custody keeps.\n"
        f"Root of the tree: {root}\n"
        f"{NOT_EXCLUDED}\n",
        "",
    )


def test_verify_tells_programs_the_same(tmp_path: Path):
    home = with_details(tmp_path)
    told = dua_ledger("verify", "--json", home=home)

    assert json.loads(told.out) == {
        "size": 2,
        "root": root_hash([entry.leaf for entry in entries_of(home)]).hex(),
        "findings": [],
        "remarks": [],
        "not_excluded": [NOT_EXCLUDED.removeprefix("Not excluded: ").removesuffix(".")],
        "exit_code": 0,
    }
    assert (told.code, told.out.count("\n"), told.err) == (0, 1, "")


def test_verify_names_each_entry_whose_details_are_lost(home: Path):
    told = dua_ledger("verify", home=home)
    for_programs = dua_ledger("verify", "--json", home=home)

    found = [line for line in told.out.splitlines() if line.startswith("altered: ")]
    assert (told.code, for_programs.code) == (10, 10)
    assert [line.split(":")[1] for line in found] == [" entry 4", " entry 5", " entry 6"]
    assert told.out.splitlines()[3] == "3 findings in 6 entries: this ledger is not what was written."
    assert found == [
        f"{one['verdict']}: entry {one['position']}: {one['what']}" for one in json.loads(for_programs.out)["findings"]
    ]


def test_what_only_a_newer_program_knows_cannot_be_verified(tmp_path: Path):
    home = with_details(tmp_path)
    append_raw(home, "person.teleported.v1", entries_of(home)[1].payload)

    told = dua_ledger("verify", home=home)

    assert told.code == 12
    assert told.out.startswith("unverified: entry 3: ")
    assert told.out.splitlines()[1] == (
        "1 finding in 3 entries: nothing is known to be altered, but not all could be verified."
    )


def test_the_gravest_finding_is_what_verify_concludes():
    findings = [Finding(verdict, at, "is odd") for at, verdict in enumerate(Verdict) if verdict]

    def concluded(*findings: Finding) -> list[str]:
        return list(sentences(Report(1000, "", findings, ())))

    assert [concluded(*findings[skip:])[-2] for skip in range(4)] == [
        "3 findings in 1,000 entries: this ledger is not what was written.",
        "2 findings in 1,000 entries: this ledger does not continue what it was.",
        "1 finding in 1,000 entries: nothing is known to be altered, but not all could be verified.",
        "All holds in 1,000 entries: each hash, the tag index, and all that custody keeps.",
    ]
    assert concluded(*findings)[:3] == [
        "altered: entry 1: is odd",
        "shorter: entry 2: is odd",
        "unverified: entry 3: is odd",
    ]


def test_on_a_terminal_verify_shows_how_far_it_is_and_elsewhere_it_does_not(tmp_path: Path):
    home = with_details(tmp_path)
    here, there = pty.openpty()
    done = subprocess.run(
        [PROGRAM, "verify", "--home", home], stdout=subprocess.PIPE, stderr=there, timeout=PATIENCE, check=False
    )
    os.close(there)

    assert b"Verifying" in all_of(here)
    assert done.stdout.decode() == dua_ledger("verify", home=home).out
    assert program("verify", "--home", home).err == ""


def test_verify_can_be_interrupted_without_a_fuss(home: Path):
    for _ in range(3):
        append(home, *(3000 * [data_set()]))
    here, there = pty.openpty()
    with closing(sqlite3.connect(home / "custody.db", isolation_level=None)) as custody:
        # So that it cannot be done before it is interrupted.
        custody.execute("BEGIN EXCLUSIVE")
        command = [str(PROGRAM), "verify", "--processes", "2", "--home", str(home)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=there, start_new_session=True) as verifying:
            os.close(there)
            said = os.read(here, 1000)
            os.killpg(verifying.pid, signal.SIGINT)
            told, _ = verifying.communicate(timeout=PATIENCE)

    said += all_of(here)
    assert (verifying.returncode, told) == (1, b"")
    assert (b"Verifying" in said, said.split()[-1], b"Traceback" in said) == (True, b"Aborted!", False)


def all_of(terminal: int) -> bytes:
    """What was written to a terminal whose other end is closed."""
    said = b""
    while True:
        try:
            said += os.read(terminal, 65_536)
        except OSError:
            os.close(terminal)
            return said


# Erasing.


def test_erase_asks_first_and_says_what_it_destroyed(tmp_path: Path):
    home = with_a_director(tmp_path)

    told = dua_ledger("erase", ANA, "--actor", DIRECTOR, home=home, answer="y\n")

    event = facts_of(home)[-1]
    lapses = event["event"]["last_copy_lapses"]
    last = entries_of(home)[-1]
    assert told == Outcome(
        0,
        f"What is erased cannot be had back. Erase everything of {ANA}? [y/N]: y\n"
        f"     4  Erased of an erased person ({ANA[:10]}…): everything.\n"
        f"Recorded up to entry 4, leaf {last.leaf.hex()}\n"
        f"Erased everything of {ANA}: 3 texts, 0 documents, 3 salts, 1 key.\n"
        f"The last backup copy of their keys lapses on {lapses}.\n",
        "",
    )
    assert (event["event"]["details"], event["event"]["person"], event["actor"]) == ([], ANA, DIRECTOR)


@pytest.mark.parametrize("answer", ["n\n", "\n", ""], ids=["no", "nothing", "the end of input"])
def test_erase_does_nothing_without_a_yes(tmp_path: Path, answer: str):
    home = with_a_director(tmp_path)

    told = dua_ledger("erase", "--actor", DIRECTOR, ANA, home=home, answer=answer)

    assert (told.code, told.err.splitlines()[-1]) == (1, "Aborted!")
    assert len(entries_of(home)) == 3
    with open_home(home) as opened:
        assert len(list(opened.custody.commitments())) == 3


def test_erase_takes_only_the_details_that_are_named(tmp_path: Path):
    home = with_a_director(tmp_path)

    told = dua_ledger(
        "erase",
        "--actor",
        DIRECTOR,
        ANA,
        "--detail",
        "phone",
        "--detail",
        "email",
        "--detail",
        "phone",
        "--yes",
        home=home,
    )

    assert told.out.splitlines()[2] == f"Erased email, phone of {ANA}: 2 texts, 0 documents, 2 salts, 0 keys."
    assert facts_of(home)[-1]["event"]["details"] == ["email", "phone"]


def test_what_is_erased_already_is_not_erased_again(tmp_path: Path):
    home = with_a_director(tmp_path)
    dua_ledger("erase", "--actor", DIRECTOR, ANA, "--yes", home=home)

    again = dua_ledger("erase", "--actor", DIRECTOR, ANA, "--yes", home=home)

    assert again.code == 2
    assert again.err == f"Error: person '{ANA}': has no details here: nothing to erase\n"
    assert len(entries_of(home)) == 4


def test_the_day_on_which_the_last_copy_lapses_is_counted_from_the_erasure(tmp_path: Path):
    home = with_a_director(tmp_path)
    dua_ledger("erase", "--actor", DIRECTOR, ANA, "--yes", "--backup-days", 90, home=home)

    event = facts_of(home)[-1]
    happened = datetime.fromisoformat(event["occurred_at"])
    lapses = date.fromisoformat(event["event"]["last_copy_lapses"])
    assert timedelta(days=89) <= lapses - happened.date() <= timedelta(days=90)


@pytest.mark.parametrize(
    ("who", "why"),
    [
        (BEN, f"person '{BEN}': is not in this ledger"),
        ("ben@example.edu", "person 'ben@example.edu': is the address of nobody in this ledger"),
        ("Ana Ejemplo", f"person 'Ana Ejemplo': {NO_PERSON}"),
        ("p-\x1b", rf"person 'p-\x1b': {NO_PERSON}"),
    ],
)
def test_somebody_who_is_not_known_cannot_be_erased(tmp_path: Path, who: str, why: str):
    assert dua_ledger("erase", "--actor", DIRECTOR, who, "--yes", home=with_a_director(tmp_path)) == Outcome(
        2, "", f"Error: {why}\n"
    )


@pytest.mark.parametrize("options", ["--detail shoe-size", "--backup-days -1", "--backup-days 999999999999", "another"])
def test_erase_refuses_what_makes_no_sense(tmp_path: Path, options: str):
    home = with_a_director(tmp_path)

    wrong = dua_ledger("erase", "--actor", DIRECTOR, ANA, "--yes", *options.split(), home=home)

    assert (wrong.code, wrong.out) == (2, "")
    assert len(entries_of(home)) == 3


# The story.


@pytest.mark.needs("gpg")
def test_the_demo_is_a_program_that_ends_well():
    told = program("demo")

    assert (told.code, told.out.splitlines()[-1]) == (0, "(exit code 10)")


# What goes wrong.


def run(database: Path, statement: str) -> None:
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute(statement)


def nothing(home: Path) -> Path:
    return home.with_name("nowhere")


def another_folder(home: Path) -> Path:
    home.with_name("thesis").mkdir()
    return home.with_name("thesis")


def a_newer_one(home: Path) -> Path:
    run(home / "log.db", f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    return home


def another_database(home: Path) -> Path:
    run(home / "log.db", "PRAGMA application_id = 7")
    return home


def no_database(home: Path) -> Path:
    (home / "log.db").write_bytes(4096 * b"x")
    return home


READ = [["entries"], ["entries", "--follow"], ["show", "1"], ["verify"], ["erase", ANA, "--yes"]]
NEWER = f"{SCHEMA_VERSION + 1}, and this program knows versions up to {SCHEMA_VERSION}\n"


@pytest.mark.parametrize("command", READ, ids=" ".join)
@pytest.mark.parametrize(
    ("spoiled", "sentence"),
    [
        (nothing, "Error: {home}: is no ledger home: `dua-ledger init` makes one\n"),
        (another_folder, "Error: {home}: is no ledger home: `dua-ledger init` makes one\n"),
        (
            a_newer_one,
            "Error: {home}/log.db: has schema version " + NEWER,
        ),
        (another_database, "Error: {home}/log.db: is not a ledger's database\n"),
        (no_database, "Error: {home}/log.db: is not a SQLite database\n"),
    ],
    ids=["nothing", "another folder", "a newer one", "another database", "no database"],
)
def test_what_is_no_ledger_is_told_in_a_sentence(
    home: Path, spoiled: Callable[[Path], Path], command: list[str], sentence: str
):
    path = spoiled(home)

    assert dua_ledger(*command, home=path) == Outcome(1, "", sentence.format(home=path))


@pytest.mark.parametrize("command", READ, ids=" ".join)
def test_without_a_home_the_way_to_name_one_is_told(command: list[str]):
    told = dua_ledger(*command)

    assert (told.code, told.out) == (2, "")
    assert "Missing option '--home' (env var: 'DUA_LEDGER_HOME')" in told.err


@pytest.mark.parametrize("command", [*READ, ["init", "--origin", ORIGIN]], ids=" ".join)
def test_a_home_that_is_a_file_is_wrong_usage(tmp_path: Path, command: list[str]):
    (tmp_path / "home").write_bytes(b"")
    told = dua_ledger(*command, home=tmp_path / "home")

    assert (told.code, told.out) == (2, "")
    assert told.err.endswith(f"Directory '{tmp_path}/home' is a file.\n")


def test_keys_that_others_may_read_are_not_used(home: Path):
    (home / "keys/key-encryption-key").chmod(0o644)
    told = dua_ledger("erase", ANA, "--yes", home=home)

    assert (told.code, told.out, told.err.count("\n")) == (1, "", 1)
    assert told.err.startswith(f"Error: {home}/keys/key-encryption-key: ")


def test_a_clock_that_is_behind_is_told_in_a_sentence(tmp_path: Path):
    home = with_a_director(tmp_path, lambda: datetime(9999, 1, 1, tzinfo=UTC))
    told = dua_ledger("erase", "--actor", DIRECTOR, ANA, "--yes", home=home)

    assert (told.code, told.out, told.err.count("\n")) == (1, "", 1)
    assert told.err.startswith("Error: the clock says ")


@pytest.mark.parametrize("command", [*READ, ["init", "--origin", ORIGIN]], ids=" ".join)
def test_a_home_that_one_may_not_read_is_told_in_a_sentence(home: Path, command: list[str]):
    with get_context("spawn").Pool(1) as pool:
        told = pool.apply(call_as_somebody_else, (command, home))

    assert told == Outcome(1, "", f"Error: {home}: Permission denied\n")


def call_as_somebody_else(command: list[str], home: Path) -> Outcome:
    """Call a command as somebody who may not look into a home."""
    for name in COMMANDS:
        main.get_command(click.Context(main), name)
    if os.geteuid() == 0:
        os.setuid(65534)
    else:
        home.chmod(0)
    return dua_ledger(*command, home=home)


def with_details(folder: Path, clock: Callable[[], datetime] = long_ago) -> Path:
    """A home that knows three details of Ana."""
    details = {"name": "Ana Ejemplo", "email": "ana@example.edu", "phone": "+1 617 253 1000"}
    create_home(folder / "home", ORIGIN, actor="staff:1", via="command line", clock=clock)
    with open_home(folder / "home", clock) as home:
        sealed = home.custody.seal(f"person:{ANA}", "person.registered", details)
        home.ledger.append([fact(person(ANA, **sealed))])
    return folder / "home"


def with_a_director(folder: Path, clock: Callable[[], datetime] = long_ago) -> Path:
    """The same, where somebody may erase."""
    path = with_details(folder, clock)
    with open_home(path, clock) as home:
        director = RoleGranted(principal=DIRECTOR, person=None, role="director", starts=date(2020, 1, 1), ends=None)
        home.ledger.append([fact(director)])
    return path


def facts_of(home: Path) -> list[dict[str, Any]]:
    """The payloads of all entries."""
    return [json.loads(entry.payload) for entry in entries_of(home)]
