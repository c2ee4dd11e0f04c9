"""A ledger home is opened only when it is one, as it was made and closed to others."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from ledger.errors import Damaged, NewerSchema, NotALedger, Unreachable
from ledger.home import open_home, open_log
from ledger.storage.sqlite import SCHEMA_VERSION
from tests.command_line import dua_ledger
from tests.homes import (
    a_file,
    a_folder_with_something,
    become_nobody,
    everything_in,
    home,
    in_a_process,
    make,
    outcome_of,
    run,
)

__all__ = ["home"]


@pytest.mark.parametrize(
    "there",
    [None, a_file, Path.mkdir, a_folder_with_something],
    ids=["nothing", "a file", "a folder", "another folder"],
)
def test_what_is_no_home_is_not_opened(tmp_path: Path, there: Callable[[Path], object] | None):
    if there is not None:
        there(tmp_path / "home")
    before = everything_in(tmp_path)

    for opened in (open_home, open_log):
        with pytest.raises(NotALedger) as refusal, opened(tmp_path / "home"):
            pass
        assert refusal.value.path == tmp_path / "home"

    assert everything_in(tmp_path) == before


def newer(path: Path) -> None:
    run(path / "log.db", f"PRAGMA user_version = {SCHEMA_VERSION + 1}")


def newer_keys(path: Path) -> None:
    run(path / "keys/keys.db", "PRAGMA user_version = 99")


def of_something_else(path: Path) -> None:
    run(path / "log.db", "PRAGMA application_id = 7")


def no_database(path: Path) -> None:
    (path / "log.db").write_bytes(4096 * b"x")


def an_empty_file(path: Path) -> None:
    (path / "log.db").write_bytes(b"")


def half_a_database(path: Path) -> None:
    (path / "keys/keys.db").write_bytes((path / "keys/keys.db").read_bytes()[:5000])


def keys_for_all(path: Path) -> None:
    (path / "keys/key-encryption-key").chmod(0o644)


def keys_for_the_group(path: Path) -> None:
    (path / "keys/key-encryption-key").chmod(0o640)


def keys_of_another(path: Path) -> None:
    make(path.with_name("another"))
    shutil.copy(path.with_name("another") / "keys/key-encryption-key", path / "keys/key-encryption-key")


def no_keys(path: Path) -> None:
    shutil.rmtree(path / "keys")


def no_key_encryption_key(path: Path) -> None:
    (path / "keys/key-encryption-key").unlink()


def no_custody(path: Path) -> None:
    (path / "custody.db").unlink()


def no_documents(path: Path) -> None:
    (path / "documents").rmdir()


@pytest.mark.parametrize(
    ("spoil", "error", "where"),
    [
        (newer, NewerSchema, "log.db"),
        (newer_keys, NewerSchema, "keys/keys.db"),
        (of_something_else, NotALedger, "log.db"),
        (no_database, NotALedger, "log.db"),
        (an_empty_file, NotALedger, "log.db"),
        (half_a_database, Damaged, "keys/keys.db"),
        (keys_for_all, Unreachable, "keys/key-encryption-key"),
        (keys_for_the_group, Unreachable, "keys/key-encryption-key"),
        (keys_of_another, NotALedger, "keys/key-encryption-key"),
        (no_keys, Unreachable, "keys/key-encryption-key"),
        (no_key_encryption_key, Unreachable, "keys/key-encryption-key"),
        (no_custody, NotALedger, "custody.db"),
        (no_documents, NotALedger, "documents"),
    ],
)
def test_a_home_that_is_not_as_it_was_made_is_not_opened(home: Path, spoil, error, where):
    spoil(home)

    with pytest.raises(error) as refusal, open_home(home):
        pass

    assert type(refusal.value) is error
    assert Path(refusal.value.path) == home / where


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        *(("", mode) for mode in (0o777, 0o770, 0o702)),
        *(("keys", 0o720), ("lock", 0o777), ("documents", 0o703)),
        *(("log.db", 0o620), ("custody.db", 0o602), ("lock/checkpoints.db", 0o666)),
        *(("keys/keys.db", 0o640), ("keys/keys.db", 0o604)),
    ],
)
def test_a_home_that_is_open_to_others_is_not_opened_and_verify_says_so(home: Path, name: str, mode: int):
    (home / name).chmod(mode)
    with pytest.raises(Unreachable) as refusal, open_home(home):
        pass
    verified = dua_ledger("verify", home=home)
    way_out = refusal.value.why.partition(": ")[2].split()
    (home / name).chmod(0o755 if (home / name).is_dir() else 0o600)

    assert refusal.value.path == home / name
    assert (way_out[0], way_out[2]) == ("chmod", str(home / name))
    assert f"(mode {mode:04o})" in refusal.value.why
    assert (verified.code, str(refusal.value) in verified.out) == (0, True)
    with open_home(home):
        pass


def test_a_home_of_somebody_else_is_not_opened(home: Path):
    assert in_a_process(open_as_somebody_else, home) == "Unreachable"


def open_as_somebody_else(path: Path) -> str:
    become_nobody(path, 0)

    def opened() -> None:
        with open_home(path):
            pass

    return outcome_of(opened)
