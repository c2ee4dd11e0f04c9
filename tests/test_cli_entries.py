"""Entries by the command line: listed for people and for programs, and one shown with its place in the tree."""

import json
import os
import shlex
import subprocess
from hashlib import sha256
from pathlib import Path

import pytest

from ledger.chain.merkle import root_hash
from ledger.events import HistoryViewed
from ledger.home import open_home
from tests.cli_home import ORIGIN, append, append_raw, entries_of, home
from tests.command_line import PROGRAM, Outcome, dua_ledger, program
from tests.facts import ANA, BEN, DATA_SET, REQUEST, data_set
from tests.stores import PATIENCE

__all__ = ["home"]

LINES = [
    "        1  2020-02-01T12:00:00Z  ledger.opened.v2",
    f"        2  2020-02-01T12:00:00Z  dataset.registered.v1         dataset:{DATA_SET}",
    f"        3  2020-02-01T12:00:00Z  dataset.version-added.v1      dataset:{DATA_SET}",
    f"        4  2020-02-01T12:00:00Z  person.registered.v1          person:{ANA}",
    f"        5  2020-02-01T12:00:00Z  person.registered.v1          person:{BEN}",
    "        6  2020-02-01T12:00:00Z  request.submitted.v1          "
    + "  ".join([f"dataset:{DATA_SET}", f"person:{ANA}", f"person:{BEN}", f"request:{REQUEST}"]),
]


def lines(*positions: int) -> str:
    return "".join(f"{LINES[position - 1]}\n" for position in positions)


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


@pytest.mark.parametrize(
    "options", ["--tag person:nobody", "--type request.approved.v1", "--after 6", "--after 6 --json"]
)
def test_where_no_entry_matches_it_says_so_beside_the_output(home: Path, options: str):
    assert dua_ledger("entries", *options.split(), home=home) == Outcome(0, "", "No entry matches.\n")


@pytest.mark.parametrize(
    ("option", "value", "why"),
    [
        ("--tag", "person:a\nb", r"tag 'person:a\nb': has a control character"),
        ("--tag", "", "tag '': is empty"),
        ("--tag", "\x9b31m", r"tag '\x9b31m': has a control character"),
        ("--tag", os.fsdecode(b"\xff"), r"tag '\udcff': has a lone surrogate, which no UTF-8 can hold"),
        ("--type", "nonsense", "type 'nonsense': is no type of this program"),
        ("--type", "request.approved", "type 'request.approved': is no type of this program: request.approved.v1 is"),
        ("--type", "request.approved.v9", "type 'request.approved.v9': is no type of this program"),
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
