"""The commands that make a witness, tell it of logs and serve it, and what they turn away."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ledger.chain.checkpoint import cosign_checkpoint
from ledger.chain.note import COSIGNATURE, parse_vkey
from ledger.errors import AlreadyThere, Damaged, Malformed, NotALedger, Unreachable
from ledger.evidence.witness import Witness, create_witness
from tests.asked_witness import NOTHING, known_log
from tests.command_line import Outcome, dua_ledger
from tests.facts import NOON
from tests.stores import HandSetClock
from tests.witnesses import NAME, Log


def test_init_prints_the_verifier_key_and_add_makes_a_log_known(tmp_path: Path):
    folder, log = tmp_path / "deep/down/w", Log("ir.example.edu/dua-ledger")
    made = dua_ledger("witness", "init", folder, "--name", NAME)
    key = parse_vkey(made.out.removesuffix("\n"))

    assert (made.code, key.name, key.type) == (0, NAME, COSIGNATURE)
    assert [f"{path.name} {path.stat().st_mode & 0o777:o}" for path in (folder, *sorted(folder.glob("witness*")))] == [
        "w 700",
        "witness-key.pem 600",
        "witness.db 600",
        "witness.db-journal 600",
    ]
    assert dua_ledger("witness", "add", folder, "--vkey", log.vkey) == Outcome(0, "", "")
    assert dua_ledger("witness", "add", folder, "--vkey", log.vkey) == Outcome(0, "", "")
    with Witness(folder) as witness:
        assert (witness.vkey, witness.last(log.origin)) == (key, NOTHING)


def test_add_refuses_what_signs_no_log(tmp_path: Path):
    made = dua_ledger("witness", "init", tmp_path / "w", "--name", NAME)

    assert dua_ledger("witness", "add", tmp_path / "w", "--vkey", "no key").code == 2
    assert dua_ledger("witness", "add", tmp_path / "w", "--vkey", made.out.strip()).code == 2


@pytest.mark.parametrize("name", ["", "two words", "plus+sign"])
def test_a_name_that_no_key_may_have_makes_no_witness(tmp_path: Path, name: str):
    assert dua_ledger("witness", "init", tmp_path / "w", "--name", name).code == 2
    assert list(tmp_path.iterdir()) == []


def test_init_never_overwrites_and_takes_an_empty_folder(tmp_path: Path):
    (tmp_path / "w").mkdir()
    create_witness(tmp_path / "w", NAME)
    with pytest.raises(AlreadyThere):
        create_witness(tmp_path / "w", NAME)
    assert [path.name for path in tmp_path.iterdir()] == ["w"]


@pytest.mark.parametrize("listen", ["8010", "localhost", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536", ":8010"])
def test_where_nobody_can_listen_is_wrong_usage(tmp_path: Path, listen: str):
    create_witness(tmp_path / "w", NAME)

    assert dua_ledger("witness", "serve", tmp_path / "w", "--listen", listen).code == 2


def test_what_is_no_witness_is_told_in_a_sentence(tmp_path: Path):
    why = f"Error: {tmp_path}: is no witness: `dua-ledger witness init` makes one\n"

    assert dua_ledger("witness", "serve", tmp_path) == Outcome(1, "", why)


def test_a_key_that_others_may_read_or_that_is_another_is_not_used(tmp_path: Path):
    create_witness(tmp_path / "w", NAME)
    create_witness(tmp_path / "other", NAME)
    key = tmp_path / "w/witness-key.pem"
    key.chmod(0o640)
    with pytest.raises(Unreachable):
        Witness(tmp_path / "w")
    key.write_bytes((tmp_path / "other/witness-key.pem").read_bytes())
    key.chmod(0o600)
    with pytest.raises(Unreachable):
        Witness(tmp_path / "w")
    key.write_bytes(b"no key")
    with pytest.raises(Unreachable):
        Witness(tmp_path / "w")


def test_state_that_is_not_a_witnesss_is_refused(tmp_path: Path):
    create_witness(tmp_path / "w", NAME)
    state = tmp_path / "w/witness.db"
    with closing(sqlite3.connect(state)) as connection:
        connection.execute("DROP TRIGGER logs_never_go")
    with pytest.raises(Damaged):
        Witness(tmp_path / "w")
    state.write_bytes(b"no database, " * 100)
    with pytest.raises(NotALedger):
        Witness(tmp_path / "w")


def test_a_cosigned_checkpoint_is_that_of_the_chain(tmp_path: Path):
    create_witness(tmp_path / "w", NAME)
    log, clock = known_log(tmp_path / "w"), HandSetClock(NOON)
    with Witness(tmp_path / "w", clock) as witness:
        line = witness.cosign(log.submission(0, 5).write()).line()
        key = witness._key

    assert log.note(5) + line == cosign_checkpoint(log.note(5), NAME, key, int(NOON.timestamp()))
    with pytest.raises(Malformed):
        cosign_checkpoint(b"", NAME, key, 0)
