"""The help of the command line: every command, all that it takes, and at once."""

import re
import subprocess
import sys

import click
import pytest

from api.cli import COMMANDS, HEADINGS, main
from tests.command_line import dua_ledger, program
from tests.stores import PATIENCE

every_command = pytest.mark.parametrize("name", COMMANDS)


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
