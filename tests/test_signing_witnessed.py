"""What is recorded is witnessed, too: by commands when they end, and in the server by a herald beside the calls."""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from api.commands import Clerk
from api.commands.governance import GrantRole
from api.http.herald import Herald
from api.signing import signing
from ledger.chain.checkpoint import open_checkpoint
from ledger.chain.note import VerifierKey
from ledger.chain.receipt import parse_receipt
from ledger.evidence.witness import Witness, create_witness
from ledger.home import open_home
from tests.command_line import Outcome, dua_ledger
from tests.facts import noon
from tests.ports import NOWHERE
from tests.signing import BY, ORIGIN, append, copied, entries_of, locked, sign, verified
from tests.stores import PATIENCE
from tests.test_signing import assert_all_signed, home, keys_of, register
from tests.witnesses import NAME, Served, served

__all__ = ["home"]
pytestmark = pytest.mark.usefixtures("nothing_from_outside")


@pytest.fixture
def witness(home: Path, tmp_path: Path) -> Iterator[Served]:
    """A witness that the home asks."""
    vkey = create_witness(tmp_path / "witness", NAME)
    with Witness(tmp_path / "witness") as opened:
        opened.add(*keys_of(home))
    with served(tmp_path / "witness") as one:
        told = dua_ledger("appoint", f"{one.url}={vkey}", home=home)
        assert told == Outcome(0, "", "")
        yield one


def cosigners(raw: bytes, home: Path, witness: Served) -> set[str]:
    with Witness(witness.folder) as opened:
        return {key.name for key in open_checkpoint(raw, [*keys_of(home), opened.vkey]).signers}


def test_what_is_recorded_is_witnessed_published_so_and_stands_so_in_receipts(
    home: Path, witness: Served, tmp_path: Path
):
    told = register(home, 1, "--receipt", tmp_path / "receipt", "--require-witness", 1)

    assert (told.code, told.err) == (0, "")
    receipt = parse_receipt((tmp_path / "receipt").read_bytes())
    assert cosigners((home / "checkpoint").read_bytes(), home, witness) == {ORIGIN, NAME}
    assert cosigners(receipt.checkpoint, home, witness) == {ORIGIN, NAME}
    # A later checkpoint that nobody has cosigned is worth less.
    append(home)
    sign(home)
    with open_home(home, noon) as opened:
        assert opened.notary.receipt(2).checkpoint == receipt.checkpoint
        assert cosigners(opened.notary.receipt(3).checkpoint, home, witness) == {ORIGIN}


def test_that_nobody_witnesses_is_said_loudly_with_each_command_and_stops_none(home: Path, witness: Served):
    register(home, 1)
    witness.kill()
    told = register(home, 2, "--witness-seconds", 1)

    assert told.code == 0
    assert re.match(rf"WARNING: not witnessed by {NAME} since 20.*, when it cosigned 2 entries: ", told.err)
    assert_all_signed(home)
    assert verified(home) == (0, [])


def test_where_witnesses_are_required_nothing_is_recorded_without_them(home: Path, witness: Served):
    witness.kill()
    told = register(home, 1, "--require-witness", 1)

    assert (told.code, len(entries_of(home))) == (1, 1)
    assert told.err == "Error: the checkpoint over 1 has 0 of the 1 cosignatures required\n"
    assert register(home, 1, "--require-witness", 1, "--dry-run").code == 0


def test_a_witness_goes_on_when_the_key_of_the_log_is_changed(home: Path, witness: Served):
    assert dua_ledger("rotate-key", home=home, clock=noon).err == ""
    _, new = dua_ledger("vkey", home=home).lines
    assert "@" in new
    with Witness(witness.folder) as opened:
        assert dua_ledger("witness", "add", witness.folder, "--vkey", new).code == 0
        told = dua_ledger("retire-key", str(keys_of(home)[0]), home=home, clock=noon)
        assert (told.code, told.err) == (0, "")
        assert opened.last(ORIGIN).size == 3
    assert verified(home, "--witness", witness.url) == (0, [])


def test_a_witness_is_appointed_once_and_is_a_witness(home: Path, tmp_path: Path):
    key = VerifierKey(NAME, b"\x04", Ed25519PrivateKey.generate().public_key().public_bytes_raw())
    other = VerifierKey("other.example", b"\x04", key.public)
    (home / "keys/witnesses").write_text("# those of the audit office")
    for _ in range(2):
        assert dua_ledger("appoint", f"https://a.example/={key}", home=home).code == 0

    assert (home / "keys/witnesses").read_text() == f"# those of the audit office\nhttps://a.example={key}\n"
    for wrong in (f"https://b.example={other}", f"https://b.example={keys_of(home)[0]}", "https://b.example"):
        assert dua_ledger("appoint", wrong, home=home).code == 2
    assert dua_ledger("appoint", f"https://a.example={key}", home=tmp_path / "none").code == 1


def test_the_herald_publishes_and_has_witnessed_what_it_is_told_of(
    home: Path, witness: Served, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("api.http.herald.WITNESS_SECONDS", PATIENCE)
    with open_home(home, noon) as opened, Herald(home) as herald:
        clerk = Clerk(opened, noon, signing(opened.notary, herald.announce))
        clerk.take(GrantRole(principal="staff:1", role="director", starts=date(2026, 1, 1)), BY)

    assert (home / "checkpoint").read_bytes().startswith(locked(home)[-1].note)
    assert cosigners((home / "checkpoint").read_bytes(), home, witness) == {ORIGIN, NAME}


def test_the_herald_signs_when_it_begins_what_a_crash_has_left_unsigned(home: Path):
    append(home, 3)
    with Herald(home):
        pass

    assert_all_signed(home)


def test_the_herald_says_that_it_cannot_sign(home: Path, caplog: pytest.LogCaptureFixture):
    (home / "keys/log-key.pem").unlink()
    append(home)
    with Herald(home):
        pass

    (said,) = warnings_in(caplog)
    assert said.startswith("NOT SIGNED or not published: ")


def test_the_herald_says_who_does_not_answer_and_holds_up_nobody(home: Path, caplog: pytest.LogCaptureFixture):
    key = VerifierKey(NAME, b"\x04", bytes(32))
    (home / "keys/witnesses").write_text(f"{NOWHERE}={key}\n")
    with open_home(home, noon) as opened, Herald(home) as herald:
        clerk = Clerk(opened, noon, signing(opened.notary, herald.announce))
        outcome = clerk.take(GrantRole(principal="staff:1", role="director", starts=date(2026, 1, 1)), BY)

    assert outcome.warnings == ()
    assert [warning.partition(":")[0] for warning in warnings_in(caplog)] == [f"never witnessed by {NAME}"]


def test_a_fork_is_an_alarm_beside_what_was_recorded_and_the_gravest_thing_a_server_says(
    home: Path, witness: Served, caplog: pytest.LogCaptureFixture
):
    with copied(home, "log.db", "lock", "checkpoint"):
        register(home, 1)
    told = register(home, 2)

    assert told.code == 0
    assert told.err.startswith(f"ALARM: this log has been forked. {witness.url} says that it has cosigned ")
    with Herald(home):
        pass
    (said,) = caplog.records
    assert said.levelname == "CRITICAL"
    assert warnings_in(caplog) == [told.err.strip()]


def warnings_in(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [vars(record)["said"]["warning"] for record in caplog.records]
