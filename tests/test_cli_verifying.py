"""Verifying by the command line: what holds, what it cannot exclude, and the gravest finding."""

import json
import os
import pty
import signal
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from api.cli.reporting import sentences
from ledger.chain.merkle import root_hash
from ledger.evidence.checkpoints import BOTH_OWNED
from ledger.evidence.report import Finding, Report, Verdict
from tests.cli_home import append, append_raw, entries_of, home, with_details
from tests.command_line import PROGRAM, Outcome, dua_ledger, program
from tests.facts import data_set
from tests.stores import PATIENCE

__all__ = ["home"]

NOT_SIGNED = "recorded and NOT SIGNED yet: entry 2, which no checkpoint covers"
NOT_EXCLUDED = (
    BOTH_OWNED,
    "that whoever owns the database alone wrote entry 2 anew, or cut off more behind it",
)


@pytest.mark.parametrize("processes", [1, 2])
def test_where_all_holds_verify_says_so_and_what_it_cannot_exclude(tmp_path: Path, processes: int):
    home = with_details(tmp_path)
    root = root_hash([entry.leaf for entry in entries_of(home)]).hex()

    assert dua_ledger("verify", "--processes", processes, home=home) == Outcome(
        0,
        "All holds in 2 entries: each hash, the tag index, and all that custody keeps.\n"
        f"Root of the tree: {root}\n"
        f"Remark: {NOT_SIGNED}.\n"
        f"Not excluded: {NOT_EXCLUDED[0]}.\n"
        f"Not excluded: {NOT_EXCLUDED[1]}.\n",
        "",
    )


def test_verify_tells_programs_the_same(tmp_path: Path):
    home = with_details(tmp_path)
    told = dua_ledger("verify", "--json", home=home)

    assert json.loads(told.out) == {
        "size": 2,
        "root": root_hash([entry.leaf for entry in entries_of(home)]).hex(),
        "findings": [],
        "remarks": [NOT_SIGNED],
        "not_excluded": [*NOT_EXCLUDED],
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
