"""Following the log by the command line."""

import signal
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Never

import pytest
from eventsourcing.dcb.api import DCBQuery

from api.cli import reading
from ledger.chain.entry import Entry
from ledger.errors import Unreachable
from ledger.home import create_home, open_log
from ledger.storage import port, utc_now
from tests import postgres
from tests.cli_home import ORIGIN, append, home, long_ago
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


@pytest.mark.needs("initdb")
def test_following_goes_on_when_the_server_was_restarted_without_leaving_out_or_repeating_anything(tmp_path: Path):
    path = tmp_path / "home"
    with postgres.server() as server, server.served() as url:
        create_home(path, ORIGIN, actor="staff:1", via="command line", clock=long_ago, store=url)
        append(path, *(data_set(f"D-{number}") for number in range(1, 4)))
        with Following(path, "--type", data_set().wire_type()) as (process, line):
            seen = [line() for _ in range(3)]
            said = []
            for number in (4, 5):
                server.stop()
                said.append(complaint(process))
                server.start()
                append(path, data_set(f"D-{number}"))
                seen.append(line())
            process.send_signal(signal.SIGINT)
            rest, complaints = process.communicate(timeout=PATIENCE)

    assert [one.split()[0] for one in seen] == ["2", "3", "4", "5", "6"]
    assert ["waiting for it, for 300 seconds at most" in one for one in said] == [True, True]
    assert (process.returncode, rest, complaints) == (0, "", "")


def test_who_asks_again_after_an_error_gets_what_follows_the_last_that_they_were_given(home: Path, monkeypatch):
    with open_log(home) as store, store.subscribe() as following:
        monkeypatch.setattr(port, "PAGE", 2)
        page, fails = store.page, iter([False, True, False, True])

        def at_times(*asked: Any) -> list[Entry]:
            if next(fails, False):
                raise Unreachable("somewhere", "is away")
            return page(*asked)

        monkeypatch.setattr(store, "page", at_times)
        given: list[int] = []
        while len(given) < 6:
            with suppress(Unreachable):
                given.append(next(following).position)

    assert given == [1, 2, 3, 4, 5, 6]
    assert list(fails) == []


def test_following_ends_when_the_log_stays_away(home: Path, monkeypatch):
    monkeypatch.setattr(reading, "AWAY_SECONDS", 0.0)
    with open_log(home) as store:
        for question in ("head", "length"):
            monkeypatch.setattr(store, question, unreachable)
        with pytest.raises(Unreachable):
            next(reading._followed(store, DCBQuery(), 0))


def unreachable() -> Never:
    raise Unreachable("somewhere", "is away")


def complaint(process: "subprocess.Popen[str]") -> str:
    """The next line on standard error."""
    assert process.stderr is not None
    return process.stderr.readline()


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
