"""Following the log by the command line."""

import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from ledger.storage import utc_now
from tests.cli_home import append, home
from tests.command_line import PROGRAM, dua_ledger
from tests.facts import ANA, BEN, data_set, person
from tests.stores import PATIENCE

__all__ = ["home"]


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
