"""The keys of a log change, and nobody who held one of them is left without a way to check what the others signed."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from api.http.public import tile_of
from ledger.chain.checkpoint import Checkpoint, LogKey, open_checkpoint, parse_log_key, sign_checkpoint
from ledger.chain.entry import MAX_POSITION
from ledger.chain.merkle import root_hash
from ledger.chain.note import VerifierKey, parse_note, parse_vkey
from ledger.errors import Malformed, NotContinued, UnknownKey, WrongKey
from ledger.events import Event, LogKeyRetired, LogKeyRotated
from ledger.evidence.lockstore import Stored, create_lock_store
from ledger.evidence.logkeys import log_keys
from ledger.evidence.tiles import write_tiles
from ledger.home import (
    new_log_key,
    open_home,
    open_lock_store,
    open_log,
    open_notary,
    read_log_key,
    read_log_keys,
    throw_away_key,
)
from tests.command_line import Outcome, dua_ledger
from tests.facts import NOON, fact, ledger_on, noon
from tests.signing import ORIGIN, append, entries_of, locked, new_home, sign, verified

pytestmark = pytest.mark.usefixtures("nothing_from_outside")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return new_home(tmp_path / "home")


@pytest.fixture
def rotated(home: Path) -> Path:
    """Entry 2 names another key, and entry 4 retires the first."""
    done("rotate-key", home=home)
    append(home)
    done("retire-key", keys_of(home)[0].key_id.hex(), home=home)
    append(home)
    sign(home)
    return home


def done(*words: object, home: Path) -> Outcome:
    told = dua_ledger(*words, home=home, clock=noon)
    assert (told.code, told.err) == (0, ""), told
    return told


def keys_of(home: Path) -> tuple[LogKey, ...]:
    with open_log(home) as store:
        return log_keys(store)


def plain(key: VerifierKey) -> VerifierKey:
    return VerifierKey(key.name, key.type, key.public)


def test_two_keys_sign_for_a_while_and_then_the_new_one_alone(rotated: Path):
    first, second = keys_of(rotated)

    assert (first.first, first.last, second.first, second.last) == (1, 3, 2, MAX_POSITION)
    by = [(stored.size, [one.key_id for one in parse_note(stored.note).signatures]) for stored in locked(rotated)]
    assert by == [
        (1, [first.key_id]),
        (2, [first.key_id, second.key_id]),
        (3, [first.key_id, second.key_id]),
        (4, [second.key_id]),
        (5, [second.key_id]),
    ]
    assert done("vkey", home=rotated).out == f"{plain(first)}@1-3\n{plain(second)}@2-\n"
    assert verified(rotated) == (0, [])


def test_the_file_of_a_retired_key_may_go(rotated: Path):
    (rotated / "keys/log-key.pem").unlink()
    append(rotated)

    assert sign(rotated).size == 6
    assert verified(rotated) == (0, [])


def test_who_holds_the_first_key_only_checks_what_those_that_followed_have_signed(rotated: Path):
    first, second = map(plain, keys_of(rotated))

    assert verified(rotated, "--vkey", str(first)) == (0, [])
    assert verified(rotated, "--vkey", str(first), "--vkey", str(second)) == (0, [])
    code, (finding,) = verified(rotated, "--vkey", str(second))
    # What was signed before it cannot be told, and is not called altered.
    assert (code, finding.startswith("unverified: log: lock store, checkpoint over 1 entry")) == (12, True)
    assert verified(rotated, "--vkey", throw_away_key(ORIGIN))[0] == 12


def test_what_a_retired_key_signs_later_is_believed_by_nobody(rotated: Path, tmp_path: Path):
    append(rotated)
    first, second = keys_of(rotated)
    size = len(entries_of(rotated))
    root = root_hash([entry.leaf for entry in entries_of(rotated)])
    forged = sign_checkpoint(Checkpoint(ORIGIN, size, root), [read_log_key(rotated)])
    (tmp_path / "forged").write_bytes(forged)

    with pytest.raises(UnknownKey) as refusal:
        open_checkpoint(forged, [first, second])
    assert str(refusal.value).startswith(f"no known key that is good for {size} entries has signed it")
    assert open_checkpoint(forged, [plain(first)]).size == size
    for trusted in ([], ["--vkey", str(plain(first))]):
        code, findings = verified(rotated, "--checkpoint", str(tmp_path / "forged"), *trusted)
        assert code == 12
        assert any("good for" in finding for finding in findings)


def test_a_receipt_is_checked_with_the_sizes_that_a_key_is_good_for(rotated: Path, tmp_path: Path):
    receipt, entry = tmp_path / "receipt", tmp_path / "entry"
    done("receipt", 2, "--to", receipt, "--entry", entry, home=rotated)
    first, second = keys_of(rotated)

    def code(*keys: object) -> int:
        options = [word for key in keys for word in ("--vkey", key)]
        return dua_ledger("check-receipt", receipt, "--entry", entry, *options).code

    assert [code(second), code(plain(second)), code(first, second)] == [0, 0, 0]
    assert [code(first), code(plain(first)), code(f"{plain(second)}@2-4")] == [12, 12, 12]
    assert code(f"{plain(second)}@0-4") == 2


def test_tiles_that_were_written_before_go_on_after_it(home: Path, tmp_path: Path):
    append(home, 3)
    done("tiles", tmp_path / "tiles", home=home)
    done("rotate-key", home=home)
    done("retire-key", keys_of(home)[0], home=home)

    assert "holds 6 entries" in done("tiles", tmp_path / "tiles", home=home).out


@pytest.mark.parametrize("between", ["1-1", "3-5", "1-5"])
def test_a_bundle_shows_how_its_key_came_to_sign(rotated: Path, tmp_path: Path, between: str):
    done("bundle", "--range", between, "--to", tmp_path / "bundle.zip", home=rotated)
    first, second = keys_of(rotated)

    def code(key: object) -> int:
        return dua_ledger("verify", tmp_path / "bundle.zip", "--vkey", key).code

    assert [code(second), code(plain(second)), code(plain(first)), code(f"{plain(second)}@2-4")] == [0, 0, 12, 12]


@pytest.mark.parametrize("text", ["@", "@1", "@0-3", "@3-2", "@1-", "@01-3", "@1-3-", "@-3", f"@1-{2**53 - 1}"])
def test_sizes_that_would_not_be_written_so_are_refused(text: str):
    with pytest.raises(Malformed):
        parse_log_key(throw_away_key(ORIGIN) + text)


def test_a_key_is_read_back_as_it_is_printed():
    key = parse_vkey(throw_away_key(ORIGIN))
    for good in (LogKey.of(key, 1, 3), LogKey.of(key, 7), LogKey.of(key, 7, 7)):
        assert parse_log_key(str(good)) == good
    assert parse_log_key(str(LogKey.of(key, 1))) == key


# What is not done.


def test_the_only_key_is_not_retired_nor_one_that_does_not_sign(rotated: Path):
    first, second = keys_of(rotated)
    before = len(entries_of(rotated))

    assert dua_ledger("retire-key", plain(second), home=rotated, clock=noon).code == 2
    assert dua_ledger("retire-key", plain(first), home=rotated, clock=noon).code == 2
    assert dua_ledger("retire-key", throw_away_key(ORIGIN), home=rotated, clock=noon).code == 2
    assert len(entries_of(rotated)) == before


def test_nothing_is_changed_without_the_keys_that_would_have_to_sign(home: Path):
    kept = (home / "keys/log-key.pem").rename(home.with_name("kept"))
    assert dua_ledger("rotate-key", home=home, clock=noon).code == 1
    kept.rename(home / "keys/log-key.pem")
    done("rotate-key", home=home)
    (new,) = (home / "keys").glob("log-key-*.pem")
    new.rename(home.with_name("kept"))

    assert dua_ledger("retire-key", keys_of(home)[0], home=home, clock=noon).code == 1
    assert len(entries_of(home)) == 2


def test_trying_it_makes_no_key(home: Path):
    assert done("rotate-key", "--dry-run", home=home).out == "Nothing objects; nothing was recorded.\n"
    assert not list((home / "keys").glob("log-key-*.pem"))


def test_whoever_may_not_change_keys_leaves_none_behind(home: Path):
    assert dua_ledger("grant-role", "staff:1", "director", "--from", NOON.date(), home=home, clock=noon).code == 0
    told = dua_ledger("rotate-key", "--actor", "staff:2", home=home, clock=noon)

    assert (told.code, list((home / "keys").glob("log-key-*.pem"))) == (3, [])


def test_keys_are_closed_to_others_or_encrypted(home: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DUA_LEDGER_KEY_PASSPHRASE", "correct horse")
    done("rotate-key", home=home)
    (new,) = (home / "keys").glob("log-key-*.pem")

    assert (new.stat().st_mode & 0o777, b"ENCRYPTED" in new.read_bytes()) == (0o600, True)
    assert len(read_log_keys(home)) == 2
    (home / "keys/log-key.pem").chmod(0o640)
    told = dua_ledger("checkpoint", home=home)
    append(home)
    refused = dua_ledger("checkpoint", home=home)
    assert (told.code, refused.code) == (0, 1)
    assert "chmod 600" in refused.err


# What somebody writes into the log who has the database in hand.

WRONG = {
    "a key that nobody here has": lambda keys: [LogKeyRotated(log_key=throw_away_key(ORIGIN))],
    "a key of another name": lambda keys: [LogKeyRotated(log_key=throw_away_key("another.example"))],
    "no key": lambda keys: [LogKeyRotated(log_key="none")],
    "a key that signs already": lambda keys: [LogKeyRotated(log_key=str(plain(keys[0])))],
    "the only key retired": lambda keys: [LogKeyRetired(log_key=str(plain(keys[0])))],
    "a strange key retired": lambda keys: [LogKeyRetired(log_key=throw_away_key(ORIGIN))],
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_what_the_log_says_of_its_keys_and_cannot_be_so_is_not_signed(home: Path, wrong):
    events = wrong(keys_of(home))
    with open_home(home, noon) as opened:
        opened.ledger.append([fact(event) for event in events])
        with pytest.raises((WrongKey, NotContinued)):
            opened.notary.checkpoint()
    assert [stored.size for stored in locked(home)] == [1]


# Somebody takes over who has the database and the folder of the keys, and not the key that signs.


@pytest.fixture
def taken_over(home: Path) -> Path:
    """Entries 2 to 4, the first of them signed: 3 names a key of somebody's own, and 4 retires the one that signs."""
    append(home)
    sign(home)
    (home.parent / "kept").write_bytes(locked(home)[-1].note)
    write(home, LogKeyRotated(log_key=new_log_key(home, ORIGIN)), LogKeyRetired(log_key=str(keys_of(home)[0])))
    (home / "keys/log-key.pem").rename(home.parent / "log-key.pem")
    return home


def write(home: Path, *events: Event) -> None:
    """Append these, and sign nothing."""
    with open_log(home, noon) as store:
        ledger_on(store).append([fact(event) for event in events])


def sign_with(home: Path, *keys: Ed25519PrivateKey) -> None:
    """Put a checkpoint over all that is there into the lock store, whoever may sign it."""
    leaves = [entry.leaf for entry in entries_of(home)]
    note = sign_checkpoint(Checkpoint(ORIGIN, len(leaves), root_hash(leaves)), keys)
    with open_lock_store(home) as lock:
        assert lock.add(Stored(len(leaves), note), lock.last())


def own_key(home: Path) -> Ed25519PrivateKey:
    (key,) = read_log_keys(home)
    return key


@pytest.mark.parametrize("at_hand", [False, True], ids=["without the old key", "with the old key"])
def test_nobody_signs_with_a_key_for_which_no_earlier_one_has_signed(taken_over: Path, at_hand: bool):
    if at_hand:
        (taken_over.parent / "log-key.pem").rename(taken_over / "keys/log-key.pem")
    _, own = keys_of(taken_over)
    why = f"no earlier key has signed for {ORIGIN}+{own.key_id.hex()}, which entry 3 names"

    for command in ("checkpoint", "rotate-key"):
        told = dua_ledger(command, home=taken_over, clock=noon)
        assert (told.code, why in told.err, "has to sign there first" in told.err) == (1, True, True)
    assert [stored.size for stored in locked(taken_over)] == [1, 2]
    code, (finding,) = verified(taken_over, "--checkpoint", taken_over.parent / "kept")
    assert (code, finding) == (12, f"unverified: log: what is not signed yet cannot be: {why}")


def test_what_a_key_has_signed_for_which_no_earlier_one_has_signed_shows_nothing(taken_over: Path):
    sign_with(taken_over, own_key(taken_over))
    first, own = map(plain, keys_of(taken_over))
    why = f"no earlier key has signed for {ORIGIN}+{own.key_id.hex()}, which entry 3 names"

    said = [f"unverified: log: lock store, checkpoint over 4 entries: {why} (the one over 2 holds)"]
    kept = taken_over.parent / "kept"
    for options in ([], ["--checkpoint", kept], ["--vkey", first], ["--checkpoint", kept, "--vkey", first]):
        assert verified(taken_over, *options) == (12, said)
    newest = taken_over.parent / "newest"
    newest.write_bytes(locked(taken_over)[-1].note)
    assert verified(taken_over, "--checkpoint", newest)[0] == 12
    told = dua_ledger("checkpoint", home=taken_over, clock=noon)
    assert (told.code, why in told.err) == (1, True)


def test_what_is_handed_out_to_check_with_is_what_was_signed(taken_over: Path):
    first, own = keys_of(taken_over)
    why = f"no earlier key has signed for {ORIGIN}+{own.key_id.hex()}, which entry 3 names"
    for signed in (False, True):
        if signed:
            sign_with(taken_over, own_key(taken_over))
        told = dua_ledger("vkey", home=taken_over)
        assert (told.code, told.out, why in told.err) == (0, f"{plain(first)}\n", True)
    (taken_over / "lock/checkpoints.db").unlink()
    assert dua_ledger("vkey", home=taken_over).out == f"{plain(first)}@1-3\n{plain(own)}@3-\n"


def test_tiles_that_somebody_has_signed_for_whom_nobody_vouches_are_not_gone_on_with(taken_over: Path, tmp_path: Path):
    sign_with(taken_over, own_key(taken_over))
    signed = open_checkpoint(locked(taken_over)[-1].note, keys_of(taken_over))
    with open_log(taken_over) as store, open_notary(taken_over) as notary:
        write_tiles(store, signed, notary.vouched_keys(), tmp_path / "tiles")
        with pytest.raises(UnknownKey):
            write_tiles(store, signed, notary.vouched_keys(), tmp_path / "tiles")


def test_no_tile_is_served_of_what_was_signed_by_somebody_for_whom_nobody_vouches(home: Path):
    append(home)
    sign(home)
    with open_home(home, noon) as opened:
        kept = locked(home)[-1].note
        write(home, LogKeyRotated(log_key=new_log_key(home, ORIGIN)), LogKeyRetired(log_key=str(keys_of(home)[0])))
        (home / "keys/log-key.pem").unlink()
        sign_with(home, own_key(home))
        (home / "checkpoint").write_bytes(locked(home)[-1].note)
        with pytest.raises(UnknownKey):
            tile_of(opened, "tile/0/000.p/4")
        (home / "checkpoint").write_bytes(kept)
        assert tile_of(opened, "tile/0/000.p/2").body


def test_a_handover_that_is_gone_from_the_lock_store_is_none(rotated: Path):
    assert verified(rotated)[0] == 0
    kept = [stored for stored in locked(rotated) if stored.size in {1, 4, 5}]
    for old in (rotated / "lock").iterdir():
        old.unlink()
    create_lock_store(f"sqlite:///{rotated}/lock/checkpoints.db")
    with open_lock_store(rotated) as lock:
        for stored in kept:
            assert lock.add(stored, lock.last())

    assert verified(rotated)[0] == 12
    assert dua_ledger("checkpoint", home=rotated, clock=noon).code == 1


def test_the_line_of_a_new_key_has_to_hold_beside_that_of_the_old_one(home: Path):
    write(home, LogKeyRotated(log_key=new_log_key(home, ORIGIN)))
    old, new = sorted(read_log_keys(home), key=lambda key: key.public_key() != read_log_key(home).public_key())
    leaves = [entry.leaf for entry in entries_of(home)]
    other = sign_checkpoint(Checkpoint(ORIGIN, 2, bytes(32)), [new]).splitlines(keepends=True)[-1]
    note = sign_checkpoint(Checkpoint(ORIGIN, 2, root_hash(leaves)), [old]) + other
    with open_lock_store(home) as lock:
        assert lock.add(Stored(2, note), lock.last())

    assert verified(home)[0] == 10


# A key is changed, and something comes between.


def test_keys_that_were_named_one_after_another_and_not_signed_yet_sign_together(home: Path):
    write(home, LogKeyRotated(log_key=new_log_key(home, ORIGIN)))
    write(home, LogKeyRotated(log_key=new_log_key(home, ORIGIN)))
    done("checkpoint", home=home)
    first, second, third = keys_of(home)
    assert len(parse_note(locked(home)[-1].note).signatures) == 3
    # Each of these is left behind by a crash, unsigned.
    write(home, LogKeyRetired(log_key=str(plain(first))))
    done("checkpoint", home=home)
    write(home, LogKeyRetired(log_key=str(plain(second))), LogKeyRotated(log_key=new_log_key(home, ORIGIN)))
    done("checkpoint", home=home)
    done("retire-key", plain(third), home=home)

    assert [stored.size for stored in locked(home)] == [1, 3, 4, 6, 7]
    assert verified(home) == verified(home, "--vkey", str(plain(first))) == (0, [])


def test_the_old_key_is_not_retired_before_it_has_signed_for_the_new_one(home: Path):
    write(home, LogKeyRotated(log_key=new_log_key(home, ORIGIN)))
    kept = (home / "keys/log-key.pem").rename(home.parent / "log-key.pem")
    (first, _) = keys_of(home)
    told = dua_ledger("retire-key", plain(first), home=home, clock=noon)
    assert (told.code, len(entries_of(home))) == (2, 2)
    assert "the only one that is known to sign" in told.err
    kept.rename(home / "keys/log-key.pem")
    done("retire-key", plain(first), home=home)

    assert [stored.size for stored in locked(home)] == [1, 2, 3]
    assert verified(home) == (0, [])


def test_a_key_that_was_lost_is_retired_when_it_has_signed_for_the_new_one(home: Path):
    done("rotate-key", home=home)
    (home / "keys/log-key.pem").unlink()
    append(home)
    done("retire-key", keys_of(home)[0], home=home)

    assert [stored.size for stored in locked(home)] == [1, 2, 4]
    assert verified(home) == (0, [])


def test_who_has_signed_alone_so_far_goes_on_after_others_have_changed_the_key(home: Path):
    append(home)
    with open_notary(home) as notary:
        notary.sign()
        append(home)
        assert notary.sign(3).size == 3
        done("rotate-key", home=home)
        done("retire-key", keys_of(home)[0], home=home)
        append(home)
        assert notary.sign(6).size == 6

    assert verified(home) == (0, [])
