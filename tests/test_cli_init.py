"""Making a ledger by the command line."""

from datetime import date
from pathlib import Path

import pytest

from ledger.events import RoleGranted
from ledger.home import open_home
from tests.cli_home import ORIGIN, facts_of, home, long_ago
from tests.command_line import Outcome, dua_ledger, program

__all__ = ["home"]


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
    assert made.err == (
        "WARNING: nobody knows which person staff:1 is, so no rule keeps them from deciding in requests of their own: "
        "register the person, then grant the role again and name them\n"
    )
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
        ("", "origin '': is empty"),
        ("two words", "origin 'two words': has white space, a plus sign or something unprintable"),
        ("a\x1b[31m", r"origin 'a\x1b[31m': has white space, a plus sign or something unprintable"),
        (
            "https://ir.example.edu",
            "origin 'https://ir.example.edu': " + NO_ORIGIN,
        ),
    ],
)
def test_init_says_what_is_wrong_with_a_name(tmp_path: Path, origin: str, why: str):
    assert dua_ledger("init", "--origin", origin, home=tmp_path / "home") == Outcome(2, "", f"Error: {why}\n")
    assert list(tmp_path.iterdir()) == []
