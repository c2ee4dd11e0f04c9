"""A backup holds all of a home but its keys, and a home that is made of it is the same."""

import os
import re
import stat
import subprocess
from pathlib import Path

import pytest

from api.cli.verifying import verify_home
from ledger.backup.making import back_up
from ledger.errors import AlreadyThere
from ledger.evidence.report import Verdict
from ledger.home import KEYS, OUTGOING, lock_store_url, open_home
from tests.backups import NEW, Ledger, furnished, ledger
from tests.command_line import dua_ledger
from tests.facts import noon
from tests.signing import append, cut, entries_of, locked, sign
from tests.tampering import ORIGIN, SIZE, Operator

__all__ = ["furnished", "ledger"]


def test_a_home_that_was_restored_is_the_one_that_was_backed_up(ledger: Ledger):
    sign(ledger.home)
    outcome = ledger.backed_up().continued()

    assert (outcome.code, outcome.out, outcome.err) == (
        0,
        f"Restored {ORIGIN} in {ledger.again}, with {SIZE} entries.\n",
        "",
    )
    assert [one.raw for one in entries_of(ledger.again)] == [one.raw for one in entries_of(ledger.home)]
    assert verify_home(ledger.again).verdict is Verdict.HOLDS
    with open_home(ledger.home, noon) as before, open_home(ledger.again, noon) as after:
        kept = list(before.custody.commitments())
        assert list(after.custody.commitments()) == kept
        assert [after.custody.reveal(one.commitment) for one in kept] == [
            before.custody.reveal(one.commitment) for one in kept
        ]
    assert {stat.S_IMODE(file.stat().st_mode) for file in ledger.again.rglob("*")} == {0o600, 0o700}


def test_what_was_restored_goes_on_where_it_was(ledger: Ledger):
    assert ledger.backed_up().continued().code == 0
    append(ledger.again)
    sign(ledger.again)

    assert [one.size for one in locked(ledger.again)] == [1, SIZE, SIZE + 1]
    assert verify_home(ledger.again).verdict is Verdict.HOLDS


def test_stock_tools_open_a_backup_and_check_its_sums(ledger: Ledger, tmp_path: Path):
    ledger.backed_up()
    for file in (ledger.backup, ledger.keys):
        folder = tmp_path / file.stem
        folder.mkdir()
        subprocess.run(["tar", "-xf", file, "-C", folder], check=True)
        subprocess.run(["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"], cwd=folder, check=True)
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_no_key_is_in_a_backup_nor_the_lock_store(ledger: Ledger):
    sign(ledger.home)
    ledger.backed_up()
    operator, backup, keys = Operator(ledger.home), ledger.backup.read_bytes(), ledger.keys.read_bytes()
    wrapped = [
        one
        for table in ("subject_keys", "salts", "secrets", "opened_by")
        for (one,) in operator.run("keys.db", f"SELECT wrapped FROM {table}")
        if isinstance(one, bytes)
    ]
    opens = (ledger.home / KEYS / "key-encryption-key").read_bytes().strip()
    pem = (ledger.home / KEYS / "log-key.pem").read_bytes().splitlines()[1]

    assert len(wrapped) > 10
    assert not any(one in backup for one in wrapped)
    assert all(one in keys for one in wrapped)
    assert not any(secret in file for secret in (opens, bytes.fromhex(opens.decode()), pem) for file in (backup, keys))
    assert not any(one.note in backup for one in locked(ledger.home) if one.size == 1)


def test_nothing_is_overwritten(ledger: Ledger):
    ledger.backup.write_bytes(b"precious")
    with pytest.raises(AlreadyThere):
        back_up(ledger.home, ledger.backup)
    ledger.backup.unlink()
    ledger.backed_up()
    ledger.again.mkdir()
    refused = ledger.continued()

    assert (refused.code, list(ledger.again.iterdir())) == (1, [])


def test_without_its_lock_store_a_log_is_copied_only_when_that_is_asked_for(ledger: Ledger):
    sign(ledger.home)
    cut(ledger.home, 4)
    lost = (ledger.home / "lock/checkpoints.db").rename(ledger.folder / "lost")
    told = dua_ledger("backup", ledger.backup, home=ledger.home, clock=noon)

    assert (told.code, ledger.backup.exists()) == (1, False)
    assert told.err.startswith(f"Error: {ledger.home}/lock/checkpoints.db: the lock store has to be here, and is not")
    assert dua_ledger("backup", ledger.backup, "--without-lock-store", home=ledger.home, clock=noon).code == 0
    lost.rename(ledger.home / "lock/checkpoints.db")
    again = dua_ledger("backup", ledger.folder / "2.tar", "--without-lock-store", home=ledger.home, clock=noon)
    assert (again.code, (ledger.folder / "2.tar").exists()) == (1, False)


def test_that_packages_wait_which_are_not_in_a_backup_is_said(ledger: Ledger):
    (ledger.home / OUTGOING).mkdir()
    for name in ("L-2026-0001.00.gpg", "L-2026-0002.00.gpg", ".draft"):
        (ledger.home / OUTGOING / name).write_bytes(b"encrypted")
    told = dua_ledger("backup", ledger.backup, home=ledger.home, clock=noon)

    assert (told.code, told.lines[1:]) == (0, ["Not in it: 2 packages in outgoing/, waiting to be fetched."])
    assert b"encrypted" not in ledger.backup.read_bytes()


@pytest.mark.parametrize(
    ("given", "wanting"),
    [
        ([], ["--lock-store", "--as-new-log", "--log-key"]),
        (["--keys"], ["--key-encryption-key", "--lock-store", "--as-new-log", "--log-key"]),
        (["--key-encryption-key", "--log-key"], ["--keys", "--lock-store", "--as-new-log"]),
        (["--keys", "--lock-store"], ["--key-encryption-key", "--log-key"]),
    ],
)
def test_all_that_is_wanting_is_asked_for_at_once(ledger: Ledger, given: list[str], wanting: list[str]):
    ledger.backed_up()
    there = {"--keys": ledger.keys, "--lock-store": ledger.home / "lock"}

    outcome = ledger.restore(*(word for one in given for word in (one, there.get(one, ledger.backup))))

    asked_for = outcome.err.partition("give also ")[2]
    assert (outcome.code, ledger.again.exists()) == (2, False)
    assert set(re.findall(r"(?:^|; |or )(--[a-z-]+)", asked_for)) == set(wanting)


@pytest.mark.parametrize("where", ["", "lock", "lock/checkpoints.db"])
def test_a_lock_store_is_named_by_its_file_or_folder_or_by_the_home_that_has_it(ledger: Ledger, where: str):
    sign(ledger.home)
    ledger.backed_up()
    named = os.path.relpath(ledger.home / where)

    outcome = ledger.restore("--lock-store", named)

    assert outcome.code == 0
    found, meant = (Path(url.removeprefix("sqlite:///")) for url in (lock_store_url(ledger.again), ledger.lock_store))
    assert found.samefile(meant)


@pytest.mark.parametrize("wrong", ["sqlite:/lock.db", "postgres:lock", "http://lock", "nowhere"])
def test_what_is_no_lock_store_is_none_that_a_log_goes_on_with(ledger: Ledger, wrong: str):
    ledger.backed_up()

    assert ledger.restore("--lock-store", wrong).code != 0
    assert not ledger.again.exists()


def test_what_goes_together_is_asked_for_together(ledger: Ledger):
    ledger.backed_up()

    assert ledger.restore().code == 2
    assert ledger.restore("--keys", ledger.keys, "--as-new-log", NEW).code == 2
    assert ledger.restore("--lock-store", f"sqlite:///{ledger.folder}/none", *ledger.opened_by).code == 12
    assert ledger.restore("--as-new-log", NEW, "--lock-store", f"sqlite:///{ledger.folder}/none").code == 1
    assert not ledger.again.exists()
