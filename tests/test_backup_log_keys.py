"""A log whose keys changed is put back, or carried on by a new one, with what its keys can show and no more."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.chain.checkpoint import Checkpoint, sign_checkpoint
from ledger.chain.merkle import root_hash
from ledger.chain.note import VerifierKey, parse_vkey
from ledger.codec import Codec
from ledger.events import LedgerOpened, LogKeyRetired, LogKeyRotated
from ledger.evidence.lockstore import NOTHING, LockStore, Stored, create_lock_store
from ledger.evidence.logkeys import log_keys
from ledger.evidence.witness import Witness, create_witness
from ledger.home import KEYS, new_log_key, open_lock_store, open_log, read_log_keys
from tests.backups import NEW, Ledger, furnished, ledger
from tests.command_line import Outcome, dua_ledger
from tests.facts import fact, ledger_on, noon
from tests.signing import ORIGIN, append, entries_of, sign, verified
from tests.tampering import SIZE
from tests.witnesses import served

__all__ = ["furnished", "ledger"]

pytestmark = pytest.mark.usefixtures("nothing_from_outside")


def done(*words: object, home: Path) -> Outcome:
    told = dua_ledger(*words, home=home, clock=noon)
    assert (told.code, told.err) == (0, ""), told
    return told


def keys_of(home: Path) -> list[str]:
    """The keys of the log in a home, without the sizes that they are good for."""
    with open_log(home) as store:
        return [str(VerifierKey(key.name, key.type, key.public)) for key in log_keys(store)]


def test_a_new_log_has_none_of_the_keys_of_the_log_that_it_carries_on(ledger: Ledger):
    done("rotate-key", home=ledger.home)
    done("retire-key", keys_of(ledger.home)[0], home=ledger.home)
    outcome = ledger.backed_up().begun_anew()

    assert (outcome.code, outcome.err) == (0, "")
    (key,) = keys_of(ledger.again)
    assert (key.startswith(NEW), key in outcome.out) == (True, True)
    assert verified(ledger.again, "--vkey", key) == (0, [])


def test_a_new_log_begins_with_a_receipt_for_what_it_carries_on(ledger: Ledger):
    kept, entry = ledger.folder / "kept.tlog-proof", ledger.folder / "entry"
    assert ledger.backed_up().begun_anew("--receipt", kept).code == 0
    entry.write_bytes(entries_of(ledger.again)[0].raw)
    (key,) = keys_of(ledger.again)

    assert dua_ledger("check-receipt", kept, "--entry", entry, "--vkey", key).code == 0
    told = ledger.continued("--receipt", ledger.folder / "more")
    assert (told.code, "--receipt is for the entry that begins a new log" in told.err) == (2, True)


def test_the_keys_of_a_new_log_change_as_those_of_any_other_and_it_is_carried_on_again(ledger: Ledger):
    done("rotate-key", home=ledger.home)
    assert ledger.backed_up().begun_anew().code == 0
    done("rotate-key", home=ledger.again)
    first, second = keys_of(ledger.again)
    done("retire-key", first, home=ledger.again)
    append(ledger.again)

    assert sign(ledger.again).size == SIZE + 4
    assert verified(ledger.again, "--vkey", first) == (0, [])
    assert done("vkey", home=ledger.again).out == f"{first}@1-{SIZE + 2}\n{second}@{SIZE + 2}-\n"
    other = Ledger(ledger.folder / "elsewhere")
    other.folder.mkdir()
    ledger.again.rename(other.home)
    third = other.backed_up().restore(*other.opened_by, "--as-new-log", "ir.example.edu/third")
    assert (third.code, len(keys_of(other.again))) == (0, 1)
    assert verified(other.again) == (0, [])


def test_what_a_later_key_of_the_old_log_has_signed_is_held_against_what_was_carried_on(ledger: Ledger):
    by_first, by_both, by_second, later = (ledger.folder / name for name in ("first", "both", "second", "later"))
    by_first.write_bytes(sign(ledger.home).raw)
    done("rotate-key", home=ledger.home)
    by_both.write_bytes(sign(ledger.home).raw)
    first, second = keys_of(ledger.home)
    done("retire-key", first, home=ledger.home)
    by_second.write_bytes(sign(ledger.home).raw)
    ledger.backed_up()
    append(ledger.home)
    later.write_bytes(sign(ledger.home).raw)
    assert ledger.begun_anew().code == 0
    own = ["--vkey", *keys_of(ledger.again)]

    def code(*files: Path, vkeys: Sequence[str] = ()) -> int:
        given = [word for file in files for word in ("--checkpoint", str(file))]
        return verified(ledger.again, *given, *vkeys)[0]

    assert [code(one) for one in (by_first, by_both, by_second, later)] == [0, 0, 0, 11]
    assert code(by_second, vkeys=[*own, "--vkey", second]) == 0
    assert code(by_second, vkeys=[*own, "--vkey", first]) == 12
    assert code(by_both, by_second, vkeys=[*own, "--vkey", first]) == 0
    assert code(by_both, later, vkeys=[*own, "--vkey", first]) == 11


def test_what_a_key_of_the_old_log_signed_before_it_was_one_shows_nothing(ledger: Ledger):
    early = ledger.folder / "early"
    done("rotate-key", home=ledger.home)
    early.write_bytes(sign_checkpoint(Checkpoint(ORIGIN, SIZE, bytes(32)), [read_log_keys(ledger.home)[0]]))
    assert ledger.backed_up().begun_anew().code == 0

    assert verified(ledger.again, "--checkpoint", str(early))[0] == 12


def test_what_a_key_has_signed_that_followed_after_the_backup_is_lost_as_far_as_can_be_told(ledger: Ledger):
    ledger.backed_up()
    done("rotate-key", home=ledger.home)
    done("retire-key", keys_of(ledger.home)[0], home=ledger.home)
    append(ledger.home, 3)
    sign(ledger.home)
    outcome = ledger.begun_anew()

    by = f"{ORIGIN}+{parse_vkey(keys_of(ledger.home)[1]).key_id.hex()}"
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.lines[2:4] == [
        "Lost: 1 entry that had been signed, as far as can be verified.",
        (
            f"Can't verify: the lock store has a checkpoint over {SIZE + 5} entries, and no known key has signed it; "
            f"its signatures are by {by}. If that is a key of the log's from after the backup, 5 entries are lost."
        ),
    ]
    opened = Codec().decode(entries_of(ledger.again)[0]).event
    assert isinstance(opened, LedgerOpened)
    assert opened.continues is not None
    assert (opened.continues.size, opened.continues.signed) == (SIZE, SIZE + 1)
    assert verified(ledger.again) == (0, [])


def test_what_a_witness_has_of_such_a_key_is_said_too(ledger: Ledger, tmp_path: Path):
    vkey = create_witness(tmp_path / "witness", "audit.example.edu/w")
    ledger.backed_up()
    done("rotate-key", home=ledger.home)
    done("retire-key", keys_of(ledger.home)[0], home=ledger.home)
    with Witness(tmp_path / "witness") as opened:
        opened.add(parse_vkey(keys_of(ledger.home)[1]))
    with served(tmp_path / "witness") as witness:
        named = ["--witness", f"{witness.url}={vkey}"]
        assert dua_ledger("checkpoint", *named, home=ledger.home).code == 0
        outcome = ledger.restore(*ledger.opened_by, *named, "--as-new-log", NEW)

    assert outcome.code == 0
    assert f"Can't verify: witness {witness.url} has a checkpoint over {SIZE + 2} entries, and no known" in outcome.out
    assert "2 entries are lost.\n" in outcome.out


def test_no_new_log_is_begun_by_what_a_key_has_signed_for_which_no_earlier_one_has(ledger: Ledger):
    own = new_log_key(ledger.home, ORIGIN)
    with open_log(ledger.home, noon) as store:
        events = [LogKeyRotated(log_key=own), LogKeyRetired(log_key=keys_of(ledger.home)[0])]
        ledger_on(store).append([fact(event) for event in events])
    ledger.backed_up()
    leaves = [entry.leaf for entry in entries_of(ledger.home)]
    (ledger.home / KEYS / "log-key.pem").unlink()
    (key,) = read_log_keys(ledger.home)
    note = sign_checkpoint(Checkpoint(ORIGIN, len(leaves), root_hash(leaves)), [key])
    with open_lock_store(ledger.home) as lock:
        assert lock.add(Stored(len(leaves), note), lock.last())
    outcome = ledger.begun_anew()

    assert (outcome.code, ledger.again.exists()) == (11, False)
    assert "a checkpoint that the lock store has does not verify: no known key has signed it" in outcome.out


@pytest.mark.parametrize(("origin", "size"), [(ORIGIN, SIZE), ("another.example", SIZE + 1)])
def test_no_new_log_is_begun_where_somebody_else_has_signed_for_another_history(ledger: Ledger, origin: str, size: int):
    ledger.backed_up()
    forged = sign_checkpoint(Checkpoint(origin, size, bytes(32)), [Ed25519PrivateKey.generate()])
    create_lock_store(f"sqlite:///{ledger.folder}/forged.db")
    with LockStore(f"sqlite:///{ledger.folder}/forged.db") as lock:
        lock.add(Stored(size, forged), NOTHING)
    outcome = ledger.restore(*ledger.opened_by, "--lock-store", ledger.folder / "forged.db", "--as-new-log", NEW)

    assert (outcome.code, outcome.out.partition(":")[0], ledger.again.exists()) == (11, "shorter", False)
    assert "a checkpoint that the lock store has does not verify: no known key has signed it" in outcome.out


def test_a_home_goes_on_signing_with_all_keys_that_sign(ledger: Ledger):
    done("rotate-key", home=ledger.home)
    files = sorted((ledger.home / KEYS).glob("log-key*.pem"))
    options = [word for file in files for word in ("--log-key", file)]
    ledger.backed_up()

    for given in (options, [*options[2:], *options[:2]]):
        outcome = ledger.restore(*ledger.opened_by, "--lock-store", ledger.lock_store, *given)
        assert (outcome.code, outcome.lines) == (0, [f"Restored {ORIGIN} in {ledger.again}, with {SIZE + 1} entries."])
        found = sorted((ledger.again / KEYS).glob("log-key*.pem"))
        assert [(file.name, file.read_bytes()) for file in found] == [(file.name, file.read_bytes()) for file in files]
        shutil.rmtree(ledger.again)
    ledger.restore(*ledger.opened_by, "--lock-store", ledger.lock_store, *options)
    append(ledger.again)
    assert sign(ledger.again).size == SIZE + 2


@pytest.mark.parametrize("given", [[], [0], [1]])
def test_that_a_home_cannot_sign_is_said_with_what_to_do(ledger: Ledger, given: list[int]):
    done("rotate-key", home=ledger.home)
    keys = keys_of(ledger.home)
    second = f"log-key-{parse_vkey(keys[1]).key_id.hex()}.pem"
    files = [ledger.home / KEYS / name for name in ("log-key.pem", second)]
    options = [word for one in given for word in ("--log-key", files[one])]
    outcome = ledger.backed_up().restore(*ledger.opened_by, "--lock-store", ledger.lock_store, *options)

    shown = [keys[0], f"{keys[1]}@{SIZE + 1}-"]
    missing = {
        one: ledger.again / KEYS / f"log-key-{parse_vkey(keys[one]).key_id.hex()}.pem" for one in {0, 1} - {*given}
    }
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.lines[1:] == [
        "It can't sign: what is recorded there stays unsigned until each key that signs for the log is in it.",
        *(f"Missing: {shown[one]}, whose file is to be put there as {put}." for one, put in missing.items()),
    ]
    append(ledger.again)
    assert dua_ledger("checkpoint", home=ledger.again, clock=noon).code == 1
    for one, put in missing.items():
        shutil.copy(files[one], put)
    assert dua_ledger("checkpoint", home=ledger.again, clock=noon).code == 0


def test_a_retired_key_is_none_that_a_log_is_continued_with(ledger: Ledger):
    done("rotate-key", home=ledger.home)
    done("retire-key", keys_of(ledger.home)[0], home=ledger.home)
    outcome = ledger.backed_up().continued()

    assert (outcome.code, ledger.again.exists()) == (1, False)
    assert "the key that is here" in outcome.err
