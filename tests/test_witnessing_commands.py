"""The commands have checkpoints witnessed, require it, and find by the witness what the house cannot tell."""

import json
import re
from functools import partial
from pathlib import Path

import pytest

from ledger.chain.checkpoint import open_checkpoint
from ledger.chain.note import cosign_text, parse_note
from ledger.errors import (
    Forked,
    NotWitnessed,
)
from ledger.evidence.logkeys import log_key
from ledger.evidence.witnessing import (
    Appointed,
)
from ledger.home import open_lock_store, open_log
from tests.appointed import KEY, asked, dishonest, home, http, named, option, server, witness
from tests.command_line import Outcome, dua_ledger
from tests.ports import NOWHERE
from tests.signing import ORIGIN, append, copied, cut, locked, rewrite, sign, verified, with_altered
from tests.witnesses import NAME, Log

__all__ = ["home", "server", "witness"]
pytestmark = pytest.mark.usefixtures("nothing_from_outside")


def test_checkpoint_has_what_it_signs_witnessed_and_prints_the_cosignature(home: Path, witness: Appointed):
    told = dua_ledger("checkpoint", "--witness", option(witness), "--require-witness", 1, home=home)

    assert (told.code, told.err) == (0, "")
    raw = locked(home)[-1].note.decode()
    assert told.out.startswith(raw)
    assert told.out.removeprefix(raw).startswith(f"— {NAME} ")
    assert (home / "checkpoint").read_text(encoding="utf-8") == told.out
    with open_log(home) as store:
        assert len(open_checkpoint(told.out.encode(), [log_key(store), witness.key]).signers) == 2


def test_witnesses_that_stand_beside_the_keys_are_asked_each_time(home: Path, witness: Appointed):
    (home / "keys/witnesses").write_text(f"{option(witness)}\n")

    assert NAME in dua_ledger("checkpoint", home=home).out
    assert verified(home, "--witness", witness.url) == (0, [])


def test_that_nobody_witnessed_it_is_said_loudly_since_when_and_why(home: Path, witness: Appointed):
    gone = witness._replace(url=NOWHERE)
    told = dua_ledger("checkpoint", "--witness", option(gone), home=home)
    refused = r": http://127\.0\.0\.1:\d+/add-checkpoint gave no answer: .*refused\n"

    assert told.code == 0
    assert re.fullmatch(f"WARNING: never witnessed by {NAME}{refused}", told.err)
    dua_ledger("checkpoint", "--witness", option(witness), home=home)
    append(home)
    told = dua_ledger("checkpoint", "--witness", option(gone), home=home)
    since = r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ, when it cosigned 9 entries"
    assert re.fullmatch(f"WARNING: not witnessed by {NAME} since {since}{refused}", told.err)


def test_with_fewer_witnesses_than_required_no_checkpoint_is_given(home: Path, witness: Appointed):
    told = dua_ledger("checkpoint", "--witness", option(witness), "--require-witness", 2, home=home)

    assert told == Outcome(1, "", "Error: the checkpoint over 9 has 1 of the 2 cosignatures required\n")
    assert dua_ledger("checkpoint", "--require-witness", 1, home=home).code == 1
    assert dua_ledger("checkpoint", "--witness", "http://a=key", home=home).code == 2


def test_verify_holds_the_log_against_what_a_witness_cosigned_last(home: Path, witness: Appointed):
    assert verified(home, "--witness", option(witness))[0] == 12
    dua_ledger("checkpoint", "--witness", option(witness), home=home)
    append(home, 2)
    sign(home)

    assert verified(home, "--witness", option(witness)) == (0, [])
    told = dua_ledger("verify", "--witness", witness.url, home=home)
    assert (told.code, "its verifier key was not given" in told.out) == (0, True)
    assert "entries after entry 9 were cut off" in told.out


def test_a_log_that_was_put_back_together_with_its_lock_store_is_found_by_the_witness(home: Path, witness: Appointed):
    with copied(home, "log.db", "lock", "checkpoint"):
        append(home, 3)
        assert asked(home, witness).behind == ()

    assert verified(home) == (0, [])
    code, findings = verified(home, "--witness", option(witness))
    assert code == 11
    assert findings[0] == (
        f"shorter: log: witness {witness.url}, checkpoint over 12 entries: the log has 9 entries, and 12 were signed"
    )
    # And whoever goes on signing is told by the witness, too.
    append(home, 1)
    (standing,) = asked(home, witness).behind
    assert isinstance(standing.failure, Forked)
    append(home, 5)
    (standing,) = asked(home, witness).behind
    assert isinstance(standing.failure, Forked)
    assert standing.failure.why.startswith("what was signed here does not continue it: ")
    assert verified(home, "--witness", option(witness))[0] == 11


def test_a_fork_that_a_witness_has_seen_is_an_alarm_and_no_checkpoint_is_given(home: Path, witness: Appointed):
    gone = Appointed(NOWHERE, named("another.example"))
    (home / "keys/witnesses").write_text(f"{option(gone)}\n{option(witness)}\n")
    with copied(home, "log.db", "lock", "checkpoint"):
        append(home, 3)
        assert asked(home, witness).behind == ()
    append(home, 5)
    told = dua_ledger("checkpoint", home=home)

    alarm, warning = told.err.splitlines()
    assert (told.code, told.out) == (11, "")
    assert re.fullmatch(
        rf"ALARM: this log has been forked\. {witness.url} says that it has cosigned 12 entries of another history of "
        rf"this log: what was signed here does not continue it: .*\. `dua-ledger verify --witness {witness.url}` "
        r"compares; record nothing before it is clear",
        alarm,
    )
    assert warning.startswith("WARNING: never witnessed by another.example: ")
    with pytest.raises(NotWitnessed) as refusal:
        asked(home, witness).require(1)
    assert "has 0 of the 1 cosignatures required: " in str(refusal.value)
    assert "of another history of this log" in str(refusal.value)


def test_a_log_that_was_cut_or_rewritten_is_found_by_the_witness(home: Path, witness: Appointed):
    asked(home, witness)
    rewrite(home, with_altered(3))
    assert verified(home, "--witness", option(witness))[0] == 11
    cut(home, 5)
    assert verified(home, "--witness", option(witness))[0] == 11


def always(told: bytes, body: bytes) -> bytes:
    return told


def test_what_is_not_cosigned_by_the_witness_that_is_meant_shows_nothing(home: Path):
    raw = (home / "checkpoint").read_bytes()
    text = parse_note(raw).text
    forged = cosign_text(text + b"x", NAME, KEY, 1).line()
    genuine = cosign_text(text, NAME, KEY, 1).line()
    other = Log(ORIGIN).note(9)
    for told, code in (
        (http(raw + genuine), 0),
        (http(raw), 12),
        (http(raw + forged), 10),
        (http(other + cosign_text(parse_note(other).text, NAME, KEY, 1).line()), 12),
        (http(b"", "404 Not Found"), 12),
        (http(b"no note"), 10),
        (b"", 12),
    ):
        with dishonest(partial(always, told)) as witness:
            assert verified(home, "--witness", option(witness))[0] == code


WRONG_LINES = {"of another checkpoint": None, "empty": b"", "no line": b"no line", "cut off": "— w AAAA\n".encode()}


@pytest.mark.parametrize("line", WRONG_LINES.values(), ids=WRONG_LINES)
def test_a_cosignature_in_the_lock_store_that_does_not_hold_is_found(
    home: Path, witness: Appointed, line: bytes | None
):
    (home / "keys/witnesses").write_text(f"{option(witness)}\n")
    asked(home, witness)
    for size in (10, 11):
        append(home)
        sign(home)
        with open_lock_store(home) as lock:
            kept = lock.cosigned(str(witness.key))
            assert kept is not None
            lock.add_cosignature(kept._replace(size=size, line=kept.line if line is None else line))

    code, found = verified(home)
    assert (code, [finding.partition(" does not hold: ")[0] for finding in found]) == (
        10,
        [f"altered: log: lock store, the cosignature by {NAME} of the checkpoint over {size}" for size in (10, 11)],
    )
    report = json.loads(dua_ledger("verify", "--json", home=home).out)
    assert [f"altered: log: {one['what']}" for one in report["findings"]] == found
    told = dua_ledger("checkpoint", home=home)
    assert (told.code, told.out, "does not hold" in told.err) == (1, "", True)


def test_verify_remarks_who_has_not_witnessed_what_was_signed(home: Path, witness: Appointed):
    (home / "keys/witnesses").write_text(f"{option(witness)}\n")
    assert f"Remark: never witnessed by {NAME}.\n" in dua_ledger("verify", home=home).out
    asked(home, witness)
    assert "Remark" not in dua_ledger("verify", home=home).out
    append(home)
    sign(home)
    assert f"Remark: not witnessed by {NAME} since 20" in dua_ledger("verify", home=home).out
    (home / "keys/witnesses").unlink()
    dropped = dua_ledger("verify", home=home).out
    assert re.search(rf"Remark: not witnessed by {NAME} since 20.*, and which is not asked any more\.\n", dropped)


def test_a_checkpoint_that_the_witness_has_cosigned_is_confirmed_before_it_is_given_again(
    home: Path, witness: Appointed
):
    (home / "keys/witnesses").write_text(f"{option(witness)}\n")
    first = dua_ledger("checkpoint", home=home)
    before = dua_ledger("checkpoint", home=home)
    with copied(home, "log.db", "lock", "checkpoint"):
        append(home, 3)
        assert dua_ledger("checkpoint", home=home).code == 0
    put_back = dua_ledger("checkpoint", home=home)

    assert before == first
    assert (first.code, first.err, put_back.code, put_back.out) == (0, "", 11, "")
    assert put_back.err.startswith("ALARM: this log has been forked.")
    assert "has cosigned 12 entries of another history of this log: no more than 9 were signed here" in put_back.err


def test_that_a_witness_does_not_confirm_what_it_has_cosigned_is_said_loudly(home: Path, witness: Appointed):
    (home / "keys/witnesses").write_text(f"{option(witness)}\n")
    first = dua_ledger("checkpoint", home=home)
    (home / "keys/witnesses").write_text(f"{option(witness._replace(url=NOWHERE))}\n")
    again = dua_ledger("checkpoint", home=home)

    assert (again.code, again.out) == (0, first.out)
    assert re.match(
        f"WARNING: not witnessed by {NAME} since .*, when it cosigned 9 entries: .* gave no answer", again.err
    )
