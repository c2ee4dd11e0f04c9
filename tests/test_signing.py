"""What is recorded is signed by itself and offered with its receipt; what cannot be signed is recorded all the same."""

import json
import re
import sqlite3
import threading
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from api.commands import Clerk
from api.commands.governance import GrantRole
from api.desk import Desk
from api.signing import signing
from ledger.chain.merkle import consistency_path, inclusion_path
from ledger.chain.note import VerifierKey
from ledger.chain.receipt import check_receipt
from ledger.evidence.logkeys import log_key
from ledger.home import open_home, open_lock_store, open_log
from tests.command_line import Outcome, dua_ledger
from tests.facts import data_set, noon
from tests.http_office import HttpOffice, office
from tests.signing import BY, append, assert_one_line, entries_of, locked, new_home, sign
from tests.stores import CAMPAIGN, PATIENCE, WATCHING
from tests.test_notary_crashes import signer

__all__ = ["office"]
pytestmark = pytest.mark.usefixtures("nothing_from_outside")

DIRECTOR = ("grant-role", "staff:1", "director", "--from", "2026-01-01")
THREADS, TIMES = (16, 40) if CAMPAIGN else (6, 10)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return new_home(tmp_path / "home")


def register(home: Path, number: int, *options: object) -> Outcome:
    words = ("register-dataset", f"D-{number}", "--course-run", "course-v1:MITx+6.002x+2012_Spring")
    return dua_ledger(*words, "--kind", "person-course", *options, home=home, clock=noon)


def keys_of(home: Path) -> list[VerifierKey]:
    with open_log(home) as store:
        return [log_key(store)]


def assert_all_signed(home: Path) -> None:
    last = locked(home)[-1]
    assert last.size == len(entries_of(home))
    assert (home / "checkpoint").read_bytes().startswith(last.note)


# By itself.


def test_what_a_command_records_is_signed_and_published_when_it_ends(home: Path):
    told = [register(home, 1), register(home, 2)]

    assert [(one.code, one.err) for one in told] == [(0, "")] * 2
    assert [stored.size for stored in locked(home)] == [1, 2, 3]
    assert_all_signed(home)
    with open_lock_store(home) as lock:
        assert_one_line(home, lock)
    assert json.loads(register(home, 3, "--json").out)["warnings"] == []


def test_nothing_is_signed_for_what_was_only_tried_or_turned_away(home: Path):
    assert register(home, 1, "--dry-run").code == 0
    assert register(home, 1, "--actor", "Rosa Quill").code == 2

    assert [stored.size for stored in locked(home)] == [1]


def test_a_refusal_is_signed_too(office: HttpOffice):
    answer = office.post("director", "/requests/R-2026-0002/approval")

    assert answer.status_code == 409
    assert answer.headers["Link"] == f'</entries/{office.length}/receipt>; rel="https://c2sp.org/tlog-proof"'
    assert_all_signed(office.home.path)


def test_what_cannot_be_signed_is_recorded_said_loudly_and_signed_by_the_next_command(home: Path):
    kept = (home / "keys/log-key.pem").rename(home.with_name("kept"))
    told = register(home, 1)

    assert (told.code, len(entries_of(home))) == (0, 2)
    assert re.fullmatch(
        r"WARNING: recorded, and NOT SIGNED yet: .*/log-key\.pem: No such file or directory\n", told.err
    )
    assert "Recorded up to entry 2" in told.out
    (warning,) = json.loads(register(home, 2, "--json").out)["warnings"]
    assert warning.startswith("recorded, and NOT SIGNED yet: ")
    kept.rename(home / "keys/log-key.pem")
    assert register(home, 3).err == ""
    assert [stored.size for stored in locked(home)] == [1, 3, 4]


def test_without_the_passphrase_of_the_key_all_the_work_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DUA_LEDGER_KEY_PASSPHRASE", "correct horse")
    home = new_home(tmp_path / "home")
    monkeypatch.delenv("DUA_LEDGER_KEY_PASSPHRASE")
    told = register(home, 1)

    assert (told.code, "DUA_LEDGER_KEY_PASSPHRASE is not set" in told.err) == (0, True)


def test_a_log_that_was_altered_meanwhile_is_not_signed_and_the_entry_not_denied(home: Path):
    with open_home(home, noon) as opened:
        clerk = Clerk(opened, noon)
        clerk.take(GrantRole(principal="staff:1", role="director", starts=date(2026, 1, 1)), BY)
        with closing(sqlite3.connect(home / "lock/checkpoints.db", isolation_level=None)) as lock:
            lock.execute("INSERT INTO checkpoints VALUES (3, x'00')")
        outcome = clerk.take(GrantRole(principal="staff:2", role="staff", starts=date(2026, 1, 1)), BY)

    assert [entry.position for entry in outcome.entries] == [3]
    assert outcome.warnings[0].startswith("recorded, and NOT SIGNED yet: this log does not continue what was signed: ")


def test_what_cannot_be_published_is_signed_all_the_same(home: Path):
    (home / "checkpoint").unlink()
    with open_home(home, noon) as opened:
        (home / "checkpoint").unlink()
        (home / "checkpoint").mkdir()
        outcome = Clerk(opened, noon).take(GrantRole(principal="staff:1", role="director", starts=date(2026, 1, 1)), BY)

    assert outcome.warnings[0].startswith("signed, and not published yet: ")
    assert [stored.size for stored in locked(home)] == [1, 2]


def test_who_comes_again_with_the_same_wish_has_signed_what_was_not(office: HttpOffice):
    path = office.home.path
    key = (path / "keys/log-key.pem").rename(path / "kept")
    office.home.notary._signers = {}
    again = {"headers": {"Idempotency-Key": '"one"'}, "json": {"organisation": "O-9", "name": "Nine"}}
    first = office.ask("director", "POST", "/organisations", **again)
    assert (first.status_code, first.json and first.json["signed"]) == (201, False)
    key.rename(path / "keys/log-key.pem")
    second = office.ask("director", "POST", "/organisations", **again)

    assert (second.status_code, second.json and second.json["signed"]) == (201, True)
    assert_all_signed(path)


def test_threads_that_record_at_once_make_one_line_and_share_signatures(home: Path):
    with open_home(home, noon) as opened:
        desk = Desk(opened.ledger, noon, signing(opened.notary, opened.notary.publish))
        warnings: list[str] = []

        def record(thread: int) -> None:
            for number in range(TIMES):
                warnings.extend(desk.report(data_set(dataset=f"D-{thread}-{number}"), BY).warnings)

        threads = [threading.Thread(target=record, args=(number,)) for number in range(THREADS)]
        for one in threads:
            one.start()
        for one in threads:
            one.join(PATIENCE)

    assert (warnings, len(entries_of(home))) == ([], 1 + THREADS * TIMES)
    assert_all_signed(home)
    with open_lock_store(home) as lock:
        assert_one_line(home, lock)


@pytest.mark.needs("strace")
def test_to_sign_an_append_waits_for_the_disk_once_more_and_no_oftener(home: Path, tmp_path: Path, traceable: None):
    def waits(times: int) -> int:
        trace = tmp_path / str(times)
        with signer(home, times, *WATCHING, "-o", str(trace), "-e", "trace=fsync,fdatasync") as traced:
            traced.communicate(timeout=PATIENCE)
        assert traced.returncode == 0
        return sum("sync(" in line for line in trace.read_text().splitlines())

    # Opening, closing and the first use of each file cost the same, however much is recorded.
    assert waits(25) - waits(5) == 2 * 20


# Receipts.


def test_a_command_writes_the_receipt_for_what_it_recorded(home: Path, tmp_path: Path):
    told = register(home, 1, "--receipt", tmp_path / "receipt")

    assert (told.code, told.err) == (0, "")
    assert check_receipt((tmp_path / "receipt").read_bytes(), entries_of(home)[-1].raw, keys_of(home)).size == 2


def test_where_no_receipt_can_be_nothing_is_recorded(home: Path, tmp_path: Path):
    assert register(home, 1, "--receipt", tmp_path / "no folder" / "receipt").code == 2
    assert register(home, 1, "--receipt", tmp_path).code == 2
    assert len(entries_of(home)) == 1


def test_a_receipt_that_cannot_be_made_leaves_nobody_in_doubt_whether_it_was_recorded(home: Path, tmp_path: Path):
    (home / "keys/log-key.pem").unlink()
    told = register(home, 1, "--receipt", tmp_path / "receipt")

    assert (told.code, (tmp_path / "receipt").exists()) == (1, False)
    assert "Error: Recorded up to entry 2, leaf " in told.err
    assert "; but its receipt could not be written: " in told.err


def test_every_answer_over_http_says_where_its_receipt_is(office: HttpOffice):
    answer = office.post("director", "/organisations", {"organisation": "O-9", "name": "Nine"})
    assert answer.json is not None
    assert (answer.json["receipt"], answer.json["signed"]) == (f"/entries/{office.length}/receipt", True)
    receipt = office.get("data server", answer.json["receipt"])

    assert (receipt.status_code, receipt.content_type) == (200, "text/plain; charset=utf-8")
    signed = check_receipt(receipt.data, entries_of(office.home.path)[-1].raw, keys_of(office.home.path))
    assert signed.size == office.length
    assert office.get("director", f"/entries/{office.length + 1}/receipt").status_code == 404
    assert office.get(None, answer.json["receipt"]).status_code == 401


# Proofs.


@pytest.mark.parametrize("size", [1, 2, 3, 255, 256, 257, 65_537, 1_000_000, 2**40 - 1])
def test_a_proof_reads_no_more_than_twice_as_many_hashes_as_the_tree_has_levels(size: int):
    read: list[tuple[int, int]] = []

    def subtree(level: int, index: int) -> bytes:
        assert (index + 1) << level <= size
        read.append((level, index))
        return bytes(32)

    for place in {0, size // 3, size // 2, size - 1}:
        inclusion_path(place, size, subtree)
        assert (len(read) <= 2 * size.bit_length(), len(set(read))) == (True, len(read))
        read.clear()
        consistency_path(place + 1, size, subtree)
        assert (len(read) <= 2 * size.bit_length(), len(set(read))) == (True, len(read))
        read.clear()


def test_a_receipt_reads_a_row_for_each_hash_of_its_proof_and_no_other(home: Path):
    append(home, 299)
    sign(home)
    with open_home(home, noon) as opened:
        rows: list[str] = []
        with vars(opened.notary._store)["_connections"].borrowed() as connection:
            connection.set_trace_callback(rows.append)
        opened.notary.receipt(150)

    assert sum("WHERE position = " in row for row in rows) <= 2 * (300).bit_length()
    assert not [row for row in rows if "tags" in row]
