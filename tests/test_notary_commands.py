"""The commands that give evidence, and check it."""

import subprocess
import sys
from pathlib import Path

import pytest

from ledger.chain.receipt import parse_receipt
from ledger.evidence.lockstore import LockStore
from tests.command_line import Outcome, dua_ledger
from tests.signing import (
    ORIGIN,
    append,
    cut,
    entries_of,
    locked,
    new_home,
    rewrite,
    signed_home,
    verified,
    vkey_of,
    with_altered,
)
from tests.stores import PATIENCE

pytestmark = pytest.mark.usefixtures("nothing_from_outside")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return signed_home(tmp_path / "home", 4, 9)


def test_vkey_prints_the_verifier_key(home: Path):
    assert dua_ledger("vkey", home=home) == Outcome(0, f"{vkey_of(home)}\n", "")


def test_checkpoint_signs_what_is_new_and_prints_it_to_the_byte(home: Path):
    append(home, 3)
    told = dua_ledger("checkpoint", home=home)

    assert told == Outcome(0, (home / "checkpoint").read_text(encoding="utf-8"), "")
    assert told.out.startswith(f"{ORIGIN}\n12\n")
    assert dua_ledger("checkpoint", home=home) == told
    assert [stored.size for stored in locked(home)] == [1, 4, 9, 12]


def test_a_receipt_is_printed_or_written_with_its_entry_and_checked_without_a_ledger(home: Path, tmp_path: Path):
    append(home, 3)
    to, entry = tmp_path / "5.tlog-proof", tmp_path / "5.entry"

    assert dua_ledger("receipt", 5, "--to", to, "--entry", entry, home=home) == Outcome(0, "", "")
    assert dua_ledger("receipt", 5, home=home).out == to.read_text(encoding="utf-8")
    assert entry.read_bytes() == entries_of(home)[4].raw
    key = vkey_of(home)
    home.rename(tmp_path / "far away")
    assert dua_ledger("check-receipt", to, "--entry", entry, "--vkey", key) == Outcome(
        0, f"This entry is one of the first 9 of {ORIGIN}, as it was signed.\n", ""
    )


def test_a_receipt_for_what_is_not_signed_yet_signs_it_first(home: Path, tmp_path: Path):
    append(home, 3)
    dua_ledger("receipt", 10, "--to", tmp_path / "receipt", home=home)

    assert parse_receipt((tmp_path / "receipt").read_bytes()).index == 9
    assert [stored.size for stored in locked(home)] == [1, 4, 9, 12]


def test_a_receipt_that_does_not_hold_is_told_by_its_exit_code(home: Path, tmp_path: Path):
    receipt, entry, other = tmp_path / "receipt", tmp_path / "entry", tmp_path / "other"
    dua_ledger("receipt", 5, "--to", receipt, "--entry", entry, home=home)
    dua_ledger("receipt", 6, "--to", tmp_path / "unused", "--entry", other, home=home)
    stranger = vkey_of(new_home(tmp_path / "another"))

    def code(receipt: Path, entry: Path, *keys: str) -> tuple[int, str]:
        options = [word for key in keys for word in ("--vkey", key)]
        told = dua_ledger("check-receipt", receipt, "--entry", entry, *options)
        return told.code, told.out.partition(":")[0]

    assert code(receipt, entry, stranger, vkey_of(home))[0] == 0
    assert code(receipt, other, vkey_of(home)) == (10, "altered")
    assert code(entry, receipt, vkey_of(home)) == (10, "altered")
    assert code(receipt, entry, stranger) == (12, "unverified")
    assert code(receipt, entry, "no key")[0] == 2
    assert code(receipt, entry)[0] == 2
    receipt.write_bytes(receipt.read_bytes()[:-1])
    assert code(receipt, entry, vkey_of(home)) == (10, "altered")


def test_there_is_no_receipt_for_an_entry_that_is_not_there(home: Path):
    told = dua_ledger("receipt", 10, home=home)

    assert told == Outcome(2, "", "Error: position 10: no entry has it; the last is 9\n")


def test_tiles_are_written_and_brought_up_to_date(home: Path, tmp_path: Path):
    folder = tmp_path / "tiles"

    assert dua_ledger("tiles", folder, home=home).out == f"Wrote 3 files: {folder} holds 9 entries.\n"
    assert dua_ledger("tiles", folder, home=home).out == f"Wrote 0 files: {folder} holds 9 entries.\n"
    assert dua_ledger("tiles", "--check", folder, home=home).out == f"Wrote 0 files: {folder} holds 9 entries.\n"
    append(home)
    assert dua_ledger("tiles", folder, home=home).out == f"Wrote 3 files: {folder} holds 10 entries.\n"
    assert (folder / "checkpoint").read_bytes() == (home / "checkpoint").read_bytes()


@pytest.mark.parametrize("command", [["checkpoint"], ["receipt", "2"], ["tiles", "tiles"], ["erase", "--yes", "p-1"]])
def test_where_the_log_does_not_continue_what_was_signed_nothing_is_done(home: Path, command: list[str]):
    cut(home, 8)
    told = dua_ledger(*command, home=home)

    assert told == Outcome(
        1, "", "Error: this log does not continue what was signed: 9 entries were signed, and it has 8\n"
    )


@pytest.mark.parametrize("command", [["backup", "kept.tar"], ["backup-keys", "kept.tar", "--keep-days", "9"]])
@pytest.mark.parametrize("how", ["cut", "rewritten"])
def test_what_was_not_signed_is_not_backed_up(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str], how: str
):
    monkeypatch.chdir(tmp_path)
    cut(home, 8) if how == "cut" else rewrite(home, with_altered(3))
    told = dua_ledger(*command, home=home)

    assert (told.code, told.out) == (1, "")
    assert told.err.startswith("Error: this log does not continue what was signed: ")
    assert [one.name for one in tmp_path.iterdir()] == ["home"]


@pytest.mark.parametrize("command", [["entries"], ["show", "2"], ["vkey"]])
def test_what_was_not_signed_is_shown_with_a_warning(home: Path, command: list[str]):
    before = dua_ledger(*command, home=home)
    cut(home, 8)
    after = dua_ledger(*command, home=home)
    (home / "lock/checkpoints.db").unlink()

    assert (before.code, before.err) == (0, "")
    assert (after.code, after.err) == (
        0,
        "WARNING: this log does not continue what was signed: 9 entries were signed, and it has 8\n",
    )
    assert before.lines[: len(after.lines)] == after.lines
    # With nothing to compare it with, there is nothing to say.
    assert dua_ledger(*command, home=home) == after._replace(err="")


# Verifying.


def test_verify_holds_the_log_against_a_checkpoint_that_was_kept(home: Path, tmp_path: Path):
    kept = tmp_path / "kept"
    kept.write_bytes((home / "checkpoint").read_bytes())

    assert verified(home, "--checkpoint", kept) == (0, [])
    rewrite(home, with_altered(3))
    others = "the entries that it was signed over are not those of the log"
    assert verified(home, "--checkpoint", kept) == (
        11,
        [
            f"shorter: log: lock store, checkpoint over 4 entries: {others} (the one over 1 holds)",
            f"shorter: log: lock store, checkpoint over 9 entries: {others} (the one over 1 holds)",
            f"shorter: log: {kept}, checkpoint over 9 entries: {others}",
        ],
    )


def test_verify_trusts_the_key_that_is_given_and_no_other(home: Path, tmp_path: Path):
    assert verified(home, "--vkey", vkey_of(home)) == (0, [])
    code, findings = verified(home, "--vkey", vkey_of(new_home(tmp_path / "another")))
    assert code == 12
    for over, finding in zip(["1 entry", "4 entries", "9 entries"], findings, strict=True):
        assert finding.startswith(f"unverified: log: lock store, checkpoint over {over}: no known key has signed it; ")
    assert dua_ledger("verify", "--vkey", "no key", home=home).code == 2


def test_verify_needs_a_checkpoint_that_is_there(home: Path, tmp_path: Path):
    assert dua_ledger("verify", "--checkpoint", tmp_path / "missing", home=home).code == 2


def test_a_file_that_is_no_checkpoint_shows_nothing_of_the_log(home: Path, tmp_path: Path):
    odd = tmp_path / "odd"
    odd.write_bytes(b"minutes of a meeting\n")
    told = dua_ledger("verify", "--checkpoint", odd, home=home)

    assert (told.code, told.lines[0].partition(f"{odd}: ")[0]) == (12, "unverified: log: ")
    assert told.lines[1].endswith(": nothing is known to be altered, but not all could be verified.")


# The lock store elsewhere.


def test_a_ledger_can_be_made_with_its_lock_store_elsewhere(tmp_path: Path):
    home, url = tmp_path / "home", f"sqlite:///{tmp_path}/lock.db"
    made = dua_ledger("init", "--origin", ORIGIN, "--lock-store", url, home=home)

    assert (made.code, (home / "lock").exists()) == (0, False)
    with LockStore(url) as lock:
        assert [stored.size for stored in lock.all()] == [1]
    assert verified(home) == (0, [])
    (tmp_path / "lock.db").rename(tmp_path / "moved.db")
    assert verified(home)[0] == 12
    moved = f"sqlite:///{tmp_path}/moved.db"
    assert verified(home, "--lock-store", moved) == (0, [])
    assert verified(home, DUA_LEDGER_LOCK_STORE=moved) == (0, [])
    assert dua_ledger("checkpoint", home=home).code == 1
    assert dua_ledger("checkpoint", "--lock-store", moved, home=home).code == 0


def test_a_receipt_can_be_piped_and_a_full_disk_is_named(home: Path):
    program = Path(sys.executable).with_name("dua-ledger")
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [program, "checkpoint", "--home", home], stdout=full, stderr=subprocess.PIPE, check=False, timeout=PATIENCE
        )
    assert (done.returncode, b"Traceback" in done.stderr) == (1, False)
