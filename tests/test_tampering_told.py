"""The command says what was found, to people and to programs, and exits with 10."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from api.cli import main
from tests.tampered_homes import Attack, carry_out, columns_of, home, not_excluded, office_on_a_server, over_both
from tests.tampering import (
    SIZE,
    Operator,
)

__all__ = ["home", "office_on_a_server"]


@over_both()
def test_the_command_prints_every_finding_with_its_position_and_exits_with_10(home: Operator):
    earlier = [""] * (len(columns_of(home, "log.db", "tags")) - 3)
    carry_out(home, Attack("log.db", "tags", [], [("thing:x", "ledger.opened.v1", 1, *earlier)], set()))

    result = invoke("verify", "--home", str(home.path), "--processes", "1")

    what = "the tag index has 'thing:x' with type 'ledger.opened.v1', and the entry does not"
    assert result.exit_code == 10
    assert result.output.splitlines()[:2] == [
        f"altered: entry 1: {what}",
        f"1 finding in {SIZE} entries: this ledger is not what was written.",
    ]
    assert result.output.splitlines()[-2:] == [f"Not excluded: {what}." for what in not_excluded(SIZE)]


def test_the_command_prints_for_programs_what_was_found(home: Operator):
    row = home.run("log.db", "SELECT * FROM entries WHERE position = 70")[0]
    carry_out(home, Attack("log.db", "entries", [row], [], set()))

    result = invoke("verify", "--home", str(home.path), "--json", "--processes", "1")

    report = json.loads(result.output)
    assert result.exit_code == report["exit_code"] == 10
    assert report["findings"][0] == {"verdict": "altered", "position": 70, "what": "is missing"}
    assert report["not_excluded"] == [*not_excluded(SIZE)]


@pytest.mark.parametrize(
    ("statement", "code"),
    [("SELECT 1", 0), ("UPDATE tags SET tag = 'person:' WHERE tag = (SELECT MAX(tag) FROM tags)", 10)],
    ids=["untouched", "altered"],
)
def test_the_program_itself_exits_so(home: Operator, statement: str, code: int):
    home.run("log.db", statement)

    done = subprocess.run(
        [Path(sys.executable).with_name("dua-ledger"), "verify", "--home", home.path, "--json"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (code, "")
    assert [finding["position"] for finding in json.loads(done.stdout)["findings"]] == ([7, 7] if code else [])


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, catch_exceptions=False)
