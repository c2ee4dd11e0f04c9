"""A receipt shows that one entry stands in one place of a log, for ever and without the log."""

from datetime import UTC, datetime
from functools import cache

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.chain.checkpoint import Checkpoint, sign_checkpoint
from ledger.chain.entry import NO_LEAF, Entry, make_entry
from ledger.chain.merkle import inclusion_proof, leaf_hash, root_hash
from ledger.chain.note import ED25519, VerifierKey
from ledger.chain.proof import MAX_PROOF
from ledger.chain.receipt import MAX_RECEIPT_BYTES, Receipt, check_receipt, parse_receipt
from ledger.errors import LedgerError, Malformed, ProofFailed, SignatureFailed, TooLarge, UnknownKey

ORIGIN = "ir.example.edu/dua-ledger"
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
VKEY = VerifierKey(ORIGIN, ED25519, KEY.public_key().public_bytes_raw())
REFUSALS = (Malformed, ProofFailed, SignatureFailed, UnknownKey)


@cache
def log(size: int) -> tuple[Entry, ...]:
    entries: list[Entry] = []
    for position in range(1, size + 1):
        prev = entries[-1].leaf if entries else NO_LEAF
        entries.append(make_entry(position, prev, NOON, ["request:R-1"], "thing.happened.v1", b"%d" % position))
    return tuple(entries)


@cache
def checkpoint(size: int) -> bytes:
    return sign_checkpoint(Checkpoint(ORIGIN, size, root_hash([entry.leaf for entry in log(size)])), [KEY])


def receipt(position: int, size: int) -> Receipt:
    leaves = [entry.leaf for entry in log(size)]
    return Receipt(position - 1, tuple(inclusion_proof(position - 1, leaves)), checkpoint(size))


def test_a_receipt_is_written_as_tlog_proof_says():
    written = receipt(2, 3).write()

    head, _, signed = written.partition(b"\n\n")
    assert head.splitlines()[:2] == [b"c2sp.org/tlog-proof@v1", b"index 1"]
    assert len(head.splitlines()) == 4
    assert signed == checkpoint(3)


def test_every_entry_of_a_log_of_any_size_has_a_receipt_that_holds():
    for size in range(1, 34):
        for entry in log(size):
            raw = receipt(entry.position, size).write()

            assert parse_receipt(raw) == receipt(entry.position, size)
            assert check_receipt(raw, entry.raw, [VKEY]).raw == checkpoint(size)


def test_a_receipt_holds_for_no_other_entry_and_in_no_other_place():
    for position in range(1, 12):
        for other in log(11):
            if other.position != position:
                with pytest.raises(ProofFailed):
                    check_receipt(receipt(position, 11).write(), other.raw, [VKEY])
                moved = Receipt(other.position - 1, receipt(position, 11).proof, checkpoint(11))
                with pytest.raises(ProofFailed):
                    check_receipt(moved.write(), log(11)[position - 1].raw, [VKEY])


@pytest.mark.parametrize(("position", "size"), [(1, 1), (6, 11)])
def test_every_flipped_bit_of_a_receipt_is_found(position, size):
    raw = receipt(position, size).write()
    for place in range(len(raw)):
        for bit in range(8):
            flipped = bytearray(raw)
            flipped[place] ^= 1 << bit
            with pytest.raises(REFUSALS):
                check_receipt(bytes(flipped), log(size)[position - 1].raw, [VKEY])


def test_every_flipped_bit_of_the_entry_is_found():
    entry = log(11)[5].raw
    for place in range(len(entry)):
        for bit in range(8):
            flipped = bytearray(entry)
            flipped[place] ^= 1 << bit
            with pytest.raises(ProofFailed):
                check_receipt(receipt(6, 11).write(), bytes(flipped), [VKEY])


def test_no_line_of_a_receipt_can_be_left_out_or_repeated():
    lines = receipt(6, 11).write().splitlines(keepends=True)
    without = [lines[:place] + lines[place + 1 :] for place in range(len(lines))]
    # A signature that stands twice says nothing more and nothing else.
    twice = [lines[: place + 1] + lines[place:] for place in range(len(lines) - 1)]
    for changed in without + twice:
        with pytest.raises(REFUSALS):
            check_receipt(b"".join(changed), log(11)[5].raw, [VKEY])


def test_a_receipt_under_another_key_cannot_be_verified():
    other = VerifierKey(ORIGIN, ED25519, bytes(32))
    with pytest.raises(UnknownKey):
        check_receipt(receipt(6, 11).write(), log(11)[5].raw, [other])


def test_an_entry_that_says_that_it_stands_elsewhere_has_no_receipt():
    misplaced = make_entry(7, NO_LEAF, NOON, [], "thing.happened.v1", b"")
    signed = sign_checkpoint(Checkpoint(ORIGIN, 1, root_hash([misplaced.leaf])), [KEY])
    with pytest.raises(ProofFailed) as refusal:
        check_receipt(Receipt(0, (), signed).write(), misplaced.raw, [VKEY])

    assert str(refusal.value) == "the entry says that it is entry 7, and the receipt is for 1"


def test_what_is_in_the_tree_and_no_entry_has_no_receipt():
    signed = sign_checkpoint(Checkpoint(ORIGIN, 1, root_hash([log(1)[0].leaf])), [KEY])
    raw = b"no entry at all"
    forged = sign_checkpoint(Checkpoint(ORIGIN, 1, leaf_hash(raw)), [KEY])

    assert check_receipt(Receipt(0, (), signed).write(), log(1)[0].raw, [VKEY]).size == 1
    with pytest.raises(Malformed):
        check_receipt(Receipt(0, (), forged).write(), raw, [VKEY])


@pytest.mark.parametrize("index", [b"01", b"-1", b"", b"1 ", b"9007199254740991", b"9" * 17])
def test_an_index_that_no_entry_has_is_refused(index):
    with pytest.raises(Malformed):
        parse_receipt(receipt(2, 3).write().replace(b"index 1\n", b"index " + index + b"\n"))


def test_a_receipt_that_is_too_long_is_refused():
    with pytest.raises(TooLarge):
        Receipt(0, (bytes(32),) * (MAX_PROOF + 1), checkpoint(1))
    with pytest.raises(LedgerError):
        parse_receipt(receipt(2, 3).write() + b"x" * MAX_RECEIPT_BYTES)
