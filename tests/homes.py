"""A ledger home, how it is made, and what somebody finds who looks at its folder."""

import os
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from datetime import date
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from ledger.errors import LedgerError
from ledger.home import Home, create_home, lock_store_url, open_home
from tests.facts import fact, noon, person

ORIGIN = "ir.example.edu/dua-ledger"
LAPSES = date(2026, 12, 21)
FOLDERS = {".", "documents", "keys", "lock"}
FILES = {
    *("checkpoint", "custody.db", "keys/key-encryption-key", "keys/keys.db", "keys/log-key.pem"),
    *("lock/checkpoints.db", "log.db"),
}


def make(
    path: Path,
    origin: str = ORIGIN,
    actor: str = "staff:1",
    via: str = "command line",
    lock_store: str | None = None,
) -> str:
    return create_home(path, origin, actor=actor, via=via, clock=noon, lock_store=lock_store)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Where a new home is."""
    make(tmp_path / "home")
    return tmp_path / "home"


def everything_in(folder: Path) -> dict[str, int]:
    """Each file and folder below this one, itself included, with its mode."""
    found = [folder, *folder.rglob("*")]
    return {str(one.relative_to(folder)): stat.S_IMODE(one.lstat().st_mode) for one in found}


def contents_of(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def a_file(path: Path) -> None:
    path.write_bytes(b"somebody's thesis")


def a_folder_with_something(path: Path) -> None:
    path.mkdir()
    (path / "thesis.tex").write_bytes(b"somebody's thesis")


def register(home: Home, who: str, **details: str) -> dict[str, str]:
    """Seal somebody's details and record that they are known; gives the commitments."""
    sealed = home.custody.seal(f"person:{who}", "person.registered", details)
    home.ledger.append([fact(person(who, **sealed))])
    return sealed


def is_whole(path: Path) -> bool:
    """Whether everything of a home is there, and its first entry."""
    with open_home(path) as home:
        whole = [one.type for one in home.ledger.facts()] == ["ledger.opened.v2"]
    in_it = FOLDERS | FILES
    if lock_store_url(path) != f"sqlite:///{path}/lock/checkpoints.db":
        in_it -= {"lock", "lock/checkpoints.db"}
    return whole and everything_in(path).keys() >= in_it


def run(database: Path, statement: str) -> None:
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute(statement)


def outcome_of(action: Callable[[], object]) -> str:
    """The name of the ledger's error that this raises."""
    try:
        action()
    except LedgerError as error:
        return type(error).__name__
    return "done"


def become_nobody(path: Path, mode: int) -> None:
    """Be somebody who may do no more at this path than the mode allows its owner."""
    if os.geteuid() == 0:
        os.setuid(65534)
    else:
        path.chmod(mode)


def in_a_process(target: Callable[..., Any], *arguments: object) -> Any:
    """What a function gives in a process of its own."""
    with get_context("spawn").Pool(1) as pool:
        return pool.apply(target, arguments)
