"""What a command is told to write is a new file: nothing that is there is written over, and nothing is lost by that."""

import os
import stat
from pathlib import Path

import pytest

from tests.command_line import Outcome, dua_ledger
from tests.disks import mounted
from tests.facts import noon
from tests.signing import entries_of, signed_home

pytestmark = pytest.mark.usefixtures("nothing_from_outside")

REGISTER = ("register-organisation", "Another College", "--actor", "staff:1")
COMMANDS = {
    "receipt --to": ("receipt", 2, "--to"),
    "receipt --entry": ("receipt", 2, "--entry"),
    "--receipt": (*REGISTER, "--receipt"),
    "--receipt of what is only tried": (*REGISTER, "--dry-run", "--receipt"),
    "openapi --html": ("openapi", "--html"),
    "history --html": ("history", "R-2026-0001", "--actor", "staff:1", "--html"),
}
THERE = ("log.db", "keys/log-key.pem", "keys/keys.db", "lock/checkpoints.db", "checkpoint")
KINDS = ("a pipe", "a link", "a link to nothing")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return signed_home(tmp_path / "home", 4)


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One in which nothing happens."""
    return signed_home(tmp_path_factory.mktemp("untouched") / "home", 4)


def called(home: Path, command: str, file: Path) -> Outcome:
    return dua_ledger(*COMMANDS[command], file, home=None if command.startswith("openapi") else home, clock=noon)


def made(folder: Path, kind: str) -> Path:
    """Something that is no regular file."""
    path = folder / kind
    if kind == "a pipe":
        os.mkfifo(path)
    else:
        (folder / "kept").write_bytes(b"kept")
        path.symlink_to(folder / ("kept" if kind == "a link" else "nothing"))
    return path


def contents_of(folder: Path) -> dict[Path, bytes | str]:
    """What is in a folder: the content of files, the kind of anything else."""
    return {
        path: path.read_bytes() if stat.S_ISREG(path.lstat().st_mode) else stat.filemode(path.lstat().st_mode)
        for path in folder.rglob("*")
        # Whoever opens a log makes these, and they say nothing.
        if not path.name.endswith(("-wal", "-shm", ".turn", ".in-use")) and "views" not in path.parts
    }


@pytest.mark.parametrize("command", COMMANDS)
def test_nothing_that_is_there_is_written_over(untouched: Path, tmp_path: Path, command: str):
    there = [*(untouched / name for name in THERE), *(made(tmp_path, kind) for kind in KINDS), Path(os.devnull)]
    before = contents_of(untouched) | contents_of(tmp_path)
    for path in there:
        told = called(untouched, command, path)

        assert (told.code, told.out) == (1, "")
        assert told.err.endswith(f"{path}: is there already, and is never overwritten\n")
    assert contents_of(untouched) | contents_of(tmp_path) == before
    assert Path(os.devnull).is_char_device()


def test_where_nothing_can_be_written_for_the_receipt_nothing_is_recorded(home: Path, tmp_path: Path):
    with mounted(tmp_path / "disk", "1m") as disk, disk.only_read():
        told = called(home, "--receipt", disk.path / "receipt")

    assert (told.code, told.out, len(entries_of(home))) == (1, "", 4)
    assert str(disk.path / "receipt") in told.err


def test_a_receipt_and_its_entry_do_not_go_into_one_file(home: Path, tmp_path: Path):
    told = dua_ledger("receipt", 2, "--to", tmp_path / "one", "--entry", tmp_path / "one", home=home)

    assert (told.code, (tmp_path / "one").exists()) == (2, False)


def test_what_is_shown_once_is_shown_also_where_the_receipt_cannot_be_written(home: Path, tmp_path: Path):
    granted = dua_ledger(
        "grant-role", "staff:1", "director", "--from", "2026-01-01", "--actor", "staff:1", home=home, clock=noon
    )
    (home / "keys/log-key.pem").unlink()
    told = dua_ledger(
        *("issue-api-key", "staff:1", "director", "--until", "2026-12-31", "--actor", "staff:1"),
        *("--receipt", tmp_path / "receipt"),
        home=home,
        clock=noon,
    )

    assert (granted.code, told.code, len(entries_of(home))) == (0, 1, 6)
    assert "  key: " in told.out
    assert told.err.splitlines()[-1].startswith("Error: Recorded up to entry 6, leaf ")
    assert "; but its receipt could not be written: " in told.err


def test_evidence_is_for_handing_on_as_the_umask_has_it(home: Path, tmp_path: Path):
    before = os.umask(0o027)
    try:
        dua_ledger("receipt", 2, "--to", tmp_path / "receipt", "--entry", tmp_path / "entry", home=home)
    finally:
        os.umask(before)

    assert {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("receipt", "entry")} == {0o640}
