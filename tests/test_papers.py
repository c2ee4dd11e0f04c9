"""The papers that people read first name nothing that is not there: commands, options, files and headings."""

import re
import shlex
from pathlib import Path

import click
import pytest

from api.cli import main

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
    for call in CALLS.findall((ROOT / paper).read_text(encoding="utf-8")):
        command, words = command_of(shlex.split(call.partition(" #")[0]))
        known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
        given = {word.partition("=")[0] for word in words if word.startswith("--")}
        assert given <= {*known, "--help"}, call


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
