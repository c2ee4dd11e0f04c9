"""The papers that people read first name nothing that is not there: commands, options, files and headings."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from api.cli import main
from tests.command_line import DATA, EXAMPLES, HOUR_AGO, TEXT, Stages, dua_ledger
from tests.stores import PATIENCE

ROOT = Path(__file__).parents[1]
PAPERS = ("README.md", "api/MANUAL.md", "ledger/storage/postgres/POSTGRESQL.md", ".github/CONTRIBUTING.md")

CALLS = re.compile(r"dua-ledger ([a-z][^`|;<>\n]*)")
LINKS = re.compile(r"\]\(([^)\s]+)\)")


def command_of(words: list[str]) -> tuple[click.Command, list[str]]:
    """The command that these words call, and the words that are left for it."""
    command: click.Command = main
    while isinstance(command, click.Group) and words:
        found = command.get_command(click.Context(command), words[0])
        assert found is not None, words
        command, words = found, words[1:]
    return command, words


def anchor(heading: str) -> str:
    """The name by which a heading is linked to."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("paper", PAPERS)
def test_every_command_that_a_paper_calls_takes_the_options_that_it_is_given(paper: str):
    # A call goes on in the next line behind a backslash.
    text = (ROOT / paper).read_text(encoding="utf-8").replace("\\\n", " ")
    for call in CALLS.findall(text):
        command, words = command_of(shlex.split(call.partition(" #")[0]))
        known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
        given = {word.partition("=")[0] for word in words if word.startswith("--")}
        assert given <= {*known, "--help"}, call


def test_what_the_manual_says_of_backups_can_be_done_as_it_stands(tmp_path: Path):
    backups = (ROOT / "api/MANUAL.md").read_text(encoding="utf-8").partition("**Backups.**")[2].partition("\n**")[0]
    lines = re.findall(r"^    (.*)$", backups, re.MULTILINE)
    folders = {name: str(tmp_path / name.lower()) for name in ("SAFE", "LOCK")}
    for folder in folders.values():
        Path(folder).mkdir()
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

    done = subprocess.run(
        ["bash", "-eu"],
        input="\n".join(lines),
        cwd=tmp_path,
        env=os.environ | folders | {"PATH": path, "DUA_LEDGER_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )

    assert [line.split()[1] for line in lines if line.startswith("dua-ledger ")] == [
        *("init", "backup", "backup-keys", "restore", "verify")
    ]
    said = done.stderr.splitlines()
    assert done.returncode == 0
    # The director of a new ledger is nobody whom it knows yet.
    assert [line.split(",")[0] for line in said] == ["WARNING: nobody knows which person staff:1 is"]
    # It records, and signs what it records.
    told = dua_ledger(
        "grant-role", "staff:2", "auditor", "--from", "2026-01-01", "--actor", "staff:1", home=tmp_path / "NEW"
    )
    assert (told.code, told.err) == (0, "")


def test_a_request_goes_to_its_release_as_the_manual_says(
    stages: Stages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    office = stages.at("opened").copied(tmp_path)
    office.done("register-person 'Pat Moreno' --email pat.moreno@example.edu", f"submit {EXAMPLES / 'mit-researcher'}")
    office.put("MOU.txt", TEXT)
    office.put("MOU.txt.sig", stages.rosa.sign(TEXT, HOUR_AGO))
    office.put("signed.pdf", b"%PDF-1.4 ink")
    office.put("person-course.csv", DATA)
    monkeypatch.chdir(office.folder)
    manual = (ROOT / "api/MANUAL.md").read_text(encoding="utf-8").replace("\\\n", " ")
    calls = re.findall(
        r"^    dua-ledger (.*)$", manual.partition("to its release;\n")[2].partition("`--dry-run`")[0], re.MULTILINE
    )

    for call in calls:
        test = Path("test.asc")
        answer = stages.tom.decrypt(test.read_bytes()).decode() if test.exists() else ""
        office.done(call.replace("$FINGERPRINT", stages.tom.fingerprint).replace("$ANSWER", answer))

    assert office.facts()[-1].type == "release.received.v1"
    assert len(calls) == 16
    assert DATA in stages.tom.decrypt(Path("package.gpg").read_bytes())


@pytest.mark.parametrize("paper", PAPERS)
def test_every_link_of_a_paper_leads_somewhere(paper: str):
    for link in LINKS.findall((ROOT / paper).read_text(encoding="utf-8")):
        if link.startswith("https://"):
            continue
        path, _, heading = link.partition("#")
        target = (ROOT / paper).parent / path if path else ROOT / paper
        assert target.exists(), link
        headings = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.MULTILINE) if heading else []
        assert not heading or heading in map(anchor, headings), link
