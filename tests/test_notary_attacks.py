"""What an operator who may write everything can do to a log, who finds it, and with which exit code.

The log has eleven entries and was signed at 1, 4 and 9. Somebody else keeps the checkpoint over 9 and a receipt for
entry 5, as they were given out; nobody keeps anything over entries 10 and 11, which are not signed.
"""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from eventsourcing.dcb.api import DCBEvent

from api.cli.verifying import Against, verify_home
from ledger.chain.checkpoint import Checkpoint, sign_checkpoint
from ledger.chain.merkle import inclusion_proof, root_hash
from ledger.chain.note import VerifierKey, verifier_key
from ledger.chain.receipt import check_receipt
from ledger.errors import Malformed, NotContinued, ProofFailed
from ledger.evidence.checkpoints import BOTH_OWNED, Given
from ledger.evidence.lockstore import NOTHING, LockStore, Stored, create_lock_store
from ledger.evidence.logkeys import log_key
from ledger.evidence.report import Report, Verdict
from ledger.evidence.verify import CUT_TAIL
from ledger.home import PUBLISHED, open_home, open_log, open_notary, read_log_key
from tests.facts import noon
from tests.signing import (
    ORIGIN,
    append,
    as_events,
    copied,
    cut,
    entries_of,
    locked,
    rewrite,
    sign,
    signed_home,
    with_altered,
)
from tests.tampering import guards_down

HOLDS, ALTERED, SHORTER, UNVERIFIED = Verdict.HOLDS, Verdict.ALTERED, Verdict.SHORTER, Verdict.UNVERIFIED


class Kept(NamedTuple):
    """A log's home, and what others keep of it."""

    home: Path
    checkpoint: Given
    receipt: bytes
    entry: bytes
    key: VerifierKey

    def verdict(self) -> Verdict:
        """What the operator's own lock store shows."""
        return verify_home(self.home).verdict

    def verdict_for(self, *given: Given, keys: tuple[VerifierKey, ...] = ()) -> Verdict:
        """What a checkpoint shows that others keep: the one over 9, if no other is given."""
        return self.report_for(*given, keys=keys).verdict

    def report_for(self, *given: Given, keys: tuple[VerifierKey, ...] = ()) -> Report:
        return verify_home(self.home, against=Against(given or (self.checkpoint,), keys))

    def refuses_to_write(self) -> bool:
        """Whether the operator's own program writes no more."""
        try:
            append(self.home)
        except NotContinued:
            return True
        return False


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    home = signed_home(tmp_path / "home", 4, 9)
    append(home, 2)
    with open_log(home) as store, open_notary(home) as notary:
        last = notary.checkpoint(9)
        receipt = notary.receipt(5).write()
        return Kept(home, Given("kept", last.raw), receipt, entries_of(home)[4].raw, log_key(store))


def lock_away(path: Path, *checkpoints: bytes) -> None:
    """Put another lock store in the place of a home's, with these in it, of which the last is published."""
    (path / PUBLISHED).unlink()
    for old in (path / "lock").iterdir():
        old.unlink()
    url = f"sqlite:///{path}/lock/checkpoints.db"
    create_lock_store(url)
    before = NOTHING
    with LockStore(url) as lock:
        for note in checkpoints:
            stored = Stored(int(note.split(b"\n")[1]), note)
            assert lock.add(stored, before)
            before = stored
            (path / PUBLISHED).write_bytes(note)


def signed_over(path: Path, size: int, key: Ed25519PrivateKey | None = None) -> bytes:
    """A checkpoint over the first entries, as the log's own key, or another, would sign it."""
    root = root_hash([entry.leaf for entry in entries_of(path)[:size]])
    return sign_checkpoint(Checkpoint(ORIGIN, size, root), [key or read_log_key(path)])


# Where nothing was done.


def test_an_honest_log_holds_for_everybody(kept: Kept):
    check_receipt(kept.receipt, kept.entry, [kept.key])

    assert (kept.verdict(), kept.verdict_for(), kept.verdict_for(keys=(kept.key,))) == (HOLDS, HOLDS, HOLDS)
    assert not kept.refuses_to_write()
    beyond, unsigned = kept.report_for().not_excluded
    assert beyond == (
        "that entries after entry 9 were cut off or written anew by whoever owns both the database and the lock store:"
        " no checkpoint that was given is over more"
    )
    assert unsigned == "that whoever owns the database alone wrote entry 12 anew, or cut off more behind it"


def test_what_a_lock_store_over_the_whole_log_excludes_is_said(kept: Kept):
    unsigned = verify_home(kept.home)
    sign(kept.home)
    signed = verify_home(kept.home)
    (kept.home / "lock/checkpoints.db").unlink()
    without = verify_home(kept.home)

    assert (unsigned.verdict, signed.verdict) == (HOLDS, HOLDS)
    assert unsigned.remarks == ("recorded and NOT SIGNED yet: entries 10 to 11, which no checkpoint covers",)
    assert (signed.remarks, without.remarks) == ((), ())
    assert without.not_excluded == (CUT_TAIL,)
    assert unsigned.not_excluded == (
        BOTH_OWNED,
        "that whoever owns the database alone wrote entries 10 to 11 anew, or cut off more behind it",
    )
    assert signed.not_excluded == (
        BOTH_OWNED,
        "that entries which were not signed yet were cut off by whoever owns the database alone",
    )
    assert BOTH_OWNED == (
        "that entries after the last one were cut off, or that everything from some entry on, be it the first, was"
        " written anew by whoever owns both the database and the lock store: nobody gave a checkpoint from an"
        " earlier time to compare with"
    )


# Rewriting.


@pytest.mark.parametrize("position", range(2, 10))
def test_an_entry_that_was_signed_and_rewritten_with_all_that_follows_is_found(kept: Kept, position: int):
    rewrite(kept.home, with_altered(position))

    assert (kept.verdict(), kept.verdict_for()) == (SHORTER, SHORTER)
    assert kept.refuses_to_write()


def test_it_is_said_up_to_where_the_log_is_what_was_signed(kept: Kept):
    rewrite(kept.home, with_altered(6))
    (found,) = verify_home(kept.home).findings

    assert str(found) == (
        "log: lock store, checkpoint over 9 entries: the entries that it was signed over are not those of the log"
        " (the one over 4 holds)"
    )


def test_a_receipt_does_not_hold_for_the_entry_that_took_the_place_of_its_own(kept: Kept):
    rewrite(kept.home, with_altered(5))
    with pytest.raises(ProofFailed):
        check_receipt(kept.receipt, entries_of(kept.home)[4].raw, [kept.key])


def test_a_receipt_goes_on_holding_for_an_entry_that_the_log_denies(kept: Kept):
    cut(kept.home, 4)
    lock_away(kept.home, signed_over(kept.home, 4))

    assert kept.verdict() == HOLDS
    assert check_receipt(kept.receipt, kept.entry, [kept.key]).size == 9


@pytest.mark.parametrize("position", [10, 11])
def test_what_nobody_has_signed_can_be_rewritten_and_nobody_finds_it(kept: Kept, position: int):
    rewrite(kept.home, with_altered(position))

    assert (kept.verdict(), kept.verdict_for()) == (HOLDS, HOLDS)


def test_whoever_owns_lock_store_and_key_too_is_found_by_the_checkpoint_that_others_keep(kept: Kept):
    rewrite(kept.home, with_altered(5))
    lock_away(kept.home, *(signed_over(kept.home, size) for size in (1, 4, 9)))

    assert not kept.refuses_to_write()
    assert (kept.verdict(), kept.verdict_for()) == (HOLDS, SHORTER)


def test_a_signer_at_work_goes_on_from_no_other_entries_than_somebody_else_has_signed(kept: Kept, tmp_path: Path):
    """It stands at 11. What others append and sign meanwhile is written anew before it looks, with every hash right."""
    with open_notary(kept.home) as notary:
        assert notary.checkpoint().size == 11
        append(kept.home, 3)
        sign(kept.home)
        shutil.copytree(kept.home, tmp_path / "draft")
        rewrite(tmp_path / "draft", with_altered(13))
        with closing(sqlite3.connect(kept.home / "log.db")) as connection, guards_down(connection), connection:
            connection.execute("ATTACH ? AS draft", (str(tmp_path / "draft/log.db"),))
            connection.execute("DELETE FROM entries")
            connection.execute("INSERT INTO entries SELECT * FROM draft.entries")

        with pytest.raises(NotContinued):
            notary.checkpoint()
    assert locked(kept.home)[-1].size == 14


# Cutting.


@pytest.mark.parametrize("size", [1, 4, 5, 8])
def test_a_tail_that_was_signed_and_cut_off_is_missed(kept: Kept, size: int):
    cut(kept.home, size)

    assert (kept.verdict(), kept.verdict_for()) == (SHORTER, SHORTER)
    assert f"the log has {size} " in str(verify_home(kept.home).findings[0])
    assert kept.refuses_to_write()


def test_a_log_cut_off_down_to_nothing_is_found(kept: Kept):
    cut_off = [entry.raw for entry in entries_of(kept.home)]
    with closing(sqlite3.connect(kept.home / "log.db", isolation_level=None)) as log, guards_down(log):
        log.execute("DELETE FROM entries")

    assert len(cut_off) == 11
    assert (kept.verdict(), kept.verdict_for(), kept.verdict_for(keys=(kept.key,))) == (ALTERED, ALTERED, ALTERED)
    with pytest.raises(NotContinued), open_home(kept.home, noon):
        pass


def test_a_tail_that_nobody_has_signed_is_not_missed(kept: Kept):
    cut(kept.home, 9)

    assert (kept.verdict(), kept.verdict_for()) == (HOLDS, HOLDS)


@pytest.mark.parametrize("kept_entries", [1, 4, 8])
@pytest.mark.parametrize("grown_to", [9, 11, 30])
def test_a_log_cut_and_grown_again_is_found(kept: Kept, kept_entries: int, grown_to: int):
    other = DCBEvent("dataset.registered.v1", entries_of(kept.home)[1].payload.replace(b"D-0", b"D-7"), ["dataset:D-7"])
    rewrite(
        kept.home,
        lambda entries: [*as_events(entries[:kept_entries]), *[other] * (grown_to - kept_entries)],
    )

    assert len(entries_of(kept.home)) == grown_to
    assert (kept.verdict(), kept.verdict_for()) == (SHORTER, SHORTER)
    assert kept.refuses_to_write()


@pytest.mark.parametrize("exchange", [(2, 3), (8, 9)])
def test_entries_that_changed_places_are_found(kept: Kept, exchange: tuple[int, int]):
    def change(entries):
        one, other = (position - 1 for position in exchange)
        entries[one], entries[other] = entries[other], entries[one]
        return as_events(entries)

    rewrite(kept.home, change)

    assert (kept.verdict(), kept.verdict_for()) == (SHORTER, SHORTER)


# Restoring.


def test_yesterdays_database_is_found_by_the_lock_store(kept: Kept):
    with copied(kept.home, "log.db", "custody.db"):
        append(kept.home, 5)
        sign(kept.home)

    assert len(entries_of(kept.home)) < 16
    assert kept.verdict() == SHORTER
    assert kept.refuses_to_write()


def test_yesterdays_database_and_lock_store_are_found_by_a_checkpoint_of_today(kept: Kept):
    with copied(kept.home, "log.db", "lock", "checkpoint"):
        append(kept.home, 5)
        today = Given("today", sign(kept.home).raw)

    assert (kept.verdict(), kept.verdict_for(), kept.verdict_for(today)) == (HOLDS, HOLDS, SHORTER)
    assert [finding.what for finding in kept.report_for(today).findings] == [
        f"today, checkpoint over 16 entries: the log has {len(entries_of(kept.home))} entries, and 16 were signed",
        "today, checkpoint over 16 entries: the lock store does not have it, and keeps all that is signed",
    ]


def test_yesterdays_lock_store_alone_is_found_by_a_checkpoint_of_today(kept: Kept):
    with copied(kept.home, "lock", "checkpoint"):
        today = Given("today", sign(kept.home).raw)

    assert (kept.verdict(), kept.verdict_for(today)) == (HOLDS, SHORTER)


def test_yesterdays_lock_store_alone_is_found_by_what_is_published_today(kept: Kept):
    with copied(kept.home, "lock"):
        sign(kept.home)

    assert kept.verdict() == SHORTER


# Other keys.


def test_a_checkpoint_by_another_key_shows_nothing(kept: Kept):
    forged = Given("forged", signed_over(kept.home, 9, Ed25519PrivateKey.generate()))

    assert kept.verdict_for(forged) == UNVERIFIED
    assert kept.verdict_for(forged, kept.checkpoint) == UNVERIFIED


def test_a_checkpoint_by_another_key_in_the_lock_store_stops_the_log(kept: Kept):
    forged = signed_over(kept.home, 11, Ed25519PrivateKey.generate())
    with LockStore(f"sqlite:///{kept.home}/lock/checkpoints.db") as lock:
        assert lock.add(Stored(11, forged), lock.last())

    assert kept.verdict() == UNVERIFIED
    assert kept.refuses_to_write()


def test_a_whole_log_made_anew_under_a_new_key_is_found_by_who_knows_the_old_one(kept: Kept):
    key = Ed25519PrivateKey.generate()
    vkey = verifier_key(ORIGIN, key.public_key().public_bytes_raw())

    def change(entries):
        for event in as_events(entries):
            yield DCBEvent(event.type, event.data.replace(str(kept.key).encode(), vkey.encode()), event.tags)

    rewrite(kept.home, change)
    lock_away(kept.home, signed_over(kept.home, 1, key), signed_over(kept.home, 9, key))

    assert not kept.refuses_to_write()
    # By itself it is a log as good as any. Who knows the key cannot verify it, and who keeps a checkpoint neither.
    assert kept.verdict() == HOLDS
    assert kept.verdict_for() == UNVERIFIED
    assert verify_home(kept.home, against=Against((), (kept.key,))).verdict == UNVERIFIED
    assert kept.verdict_for(keys=(kept.key,)) == SHORTER


def test_two_histories_shown_to_two_auditors_are_found_by_each_others_checkpoint(kept: Kept):
    with copied(kept.home, "log.db", "lock"):
        append(kept.home, 1)
        one = Given("one", sign(kept.home).raw)
    rewrite(kept.home, with_altered(11))
    append(kept.home, 1)
    other = Given("other", sign(kept.home).raw)

    assert kept.verdict_for(other) == HOLDS
    assert kept.verdict_for(one) == SHORTER
    assert kept.verdict_for(one, other) == SHORTER


# The lock store and the checkpoints themselves.


@pytest.mark.parametrize("size", [1, 4, 9])
def test_an_altered_checkpoint_in_the_lock_store_is_found(kept: Kept, size: int):
    raw = next(stored.note for stored in locked(kept.home) if stored.size == size)
    for place in range(0, len(raw), 9):
        change_lock(kept.home, "UPDATE checkpoints SET note = ? WHERE size = ?", flipped(raw, place), size)

        # That what is published is not in the lock store is graver than that a key there is not known.
        assert kept.verdict() in ({ALTERED, SHORTER} if size == 9 else {ALTERED, UNVERIFIED})
        assert kept.refuses_to_write() == (size == 9)
        change_lock(kept.home, "UPDATE checkpoints SET note = ? WHERE size = ?", raw, size)


def flipped(raw: bytes, place: int) -> bytes:
    return raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]


def change_lock(path: Path, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(path / "lock/checkpoints.db", isolation_level=None)) as lock, guards_down(lock):
        lock.execute(statement, values)


def test_a_checkpoint_under_another_size_is_found(kept: Kept):
    change_lock(kept.home, "UPDATE checkpoints SET size = 10 WHERE size = 9")

    assert kept.verdict() == ALTERED
    assert kept.refuses_to_write()


@pytest.mark.parametrize("size", [0, -5, -(2**63)])
def test_a_checkpoint_over_no_entries_is_found(kept: Kept, size: int):
    change_lock(kept.home, "INSERT INTO checkpoints SELECT ?, note FROM checkpoints WHERE size = 9", size)

    (finding,) = kept.report_for().findings
    assert finding.what == f"lock store, checkpoint over {size:,} entries: a log signs nothing before its first entry"


def test_a_checkpoint_that_was_taken_out_of_the_lock_store_is_found_by_who_keeps_it(kept: Kept):
    change_lock(kept.home, "DELETE FROM checkpoints WHERE size = 9")
    assert (kept.verdict(), kept.verdict_for()) == (SHORTER, SHORTER)

    (kept.home / PUBLISHED).write_bytes(locked(kept.home)[-1].note)
    assert (kept.verdict(), kept.verdict_for()) == (HOLDS, SHORTER)


def test_an_empty_lock_store_is_found_and_a_missing_one_is_said(kept: Kept):
    lock_away(kept.home)
    emptied = kept.verdict()
    (kept.home / "lock/checkpoints.db").unlink()

    assert (emptied, kept.verdict(), kept.verdict_for()) == (ALTERED, UNVERIFIED, UNVERIFIED)
    (kept.home / "lock/checkpoints.db").write_bytes(b"something else" * 100)
    assert kept.verdict() == ALTERED


def test_every_altered_byte_of_a_checkpoint_that_is_given_is_found(kept: Kept):
    for place in range(0, len(kept.checkpoint.raw), 7):
        assert kept.verdict_for(Given("kept", flipped(kept.checkpoint.raw, place))) == UNVERIFIED


@pytest.mark.parametrize("raw", [b"", b"no checkpoint", b"\xff" * 70_000], ids=["nothing", "text", "too much"])
def test_what_is_no_checkpoint_is_not_taken_for_one(kept: Kept, raw: bytes):
    report = kept.report_for(Given("odd", raw))

    # Of the log it says nothing, not even that it was altered.
    assert [(one.verdict, one.what.partition(":")[0]) for one in report.findings] == [(UNVERIFIED, "odd")]


def test_each_checkpoint_that_does_not_hold_is_a_finding_of_its_own(tmp_path: Path):
    home = signed_home(tmp_path / "home", *range(2, 30))
    rewrite(home, with_altered(7))
    others = "the entries that it was signed over are not those of the log (the one over 6 holds)"

    assert [str(found) for found in verify_home(home).findings] == [
        f"log: lock store, checkpoint over {size} entries: {others}" for size in range(7, 30)
    ]


def test_a_first_entry_that_names_no_key_leaves_nothing_to_verify_with(kept: Kept):
    rewrite(
        kept.home,
        lambda entries: (
            DCBEvent(event.type, event.data.replace(str(kept.key).encode(), b"no key"), event.tags)
            for event in as_events(entries)
        ),
    )

    assert (kept.verdict(), kept.verdict_for(keys=(kept.key,))) == (UNVERIFIED, SHORTER)
    with pytest.raises(NotContinued), open_home(kept.home, noon):
        pass
    with open_log(kept.home) as store, pytest.raises(Malformed):
        log_key(store)


def test_the_proof_that_a_receipt_holds_is_the_one_that_the_leaves_give(kept: Kept):
    leaves = [entry.leaf for entry in entries_of(kept.home)[:9]]
    with open_notary(kept.home) as notary:
        assert list(notary.receipt(5).proof) == inclusion_proof(4, leaves)
