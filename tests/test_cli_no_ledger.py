"""A home that is no ledger, or that one may not use: a command says so in a sentence."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path

import click
import pytest

from api.cli import COMMANDS, main
from ledger.storage.sqlite import SCHEMA_VERSION
from tests.cli_home import DIRECTOR, ORIGIN, home, with_a_director
from tests.command_line import Outcome, dua_ledger
from tests.facts import ANA

__all__ = ["home"]


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
