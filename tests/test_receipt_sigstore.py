"""The verifier of Sigstore's transparency log, which knows nothing of this program, accepts our inclusion proofs."""

from base64 import b64encode
from itertools import pairwise

import pytest
from sigstore._internal.merkle import verify_merkle_inclusion
from sigstore.errors import VerificationError
from sigstore.models import TransparencyLogEntry
from sigstore_models.rekor.v1 import TransparencyLogEntry as Told

from ledger.chain.checkpoint import parse_checkpoint
from ledger.chain.note import parse_note
from ledger.chain.receipt import Receipt
from ledger.home import open_notary
from tests.signing import append, entries_of, new_home

SIZES = (2, 3, 4, 7, 11, 32)


@pytest.fixture(scope="module")
def receipts(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Receipt, bytes]]:
    """Every entry's receipt at each of these sizes, and its bytes."""
    home = new_home(tmp_path_factory.mktemp("signed") / "home")
    found: list[tuple[Receipt, bytes]] = []
    for size in SIZES:
        append(home, size - len(entries_of(home)))
        with open_notary(home) as notary:
            found += [(notary.receipt(entry.position), entry.raw) for entry in entries_of(home)]
    return found


def as_sigstore_has_it(receipt: Receipt, entry: bytes) -> TransparencyLogEntry:
    """A receipt and its entry in the form in which Sigstore hands them around."""
    signed = parse_checkpoint(parse_note(receipt.checkpoint).text)
    said = {
        "logIndex": str(receipt.index),
        "logId": {"keyId": b64encode(bytes(32)).decode()},
        "kindVersion": {"kind": "entry", "version": "1"},
        "inclusionProof": {
            "logIndex": str(receipt.index),
            "rootHash": b64encode(signed.root).decode(),
            "treeSize": str(signed.size),
            "hashes": [b64encode(value).decode() for value in receipt.proof],
            "checkpoint": {"envelope": receipt.checkpoint.decode()},
        },
        "canonicalizedBody": b64encode(entry).decode(),
    }
    return TransparencyLogEntry(Told.model_validate(said))


def test_sigstore_accepts_the_proof_of_every_entry(receipts: list[tuple[Receipt, bytes]]):
    assert len(receipts) == sum(SIZES)
    for receipt, entry in receipts:
        verify_merkle_inclusion(as_sigstore_has_it(receipt, entry))


def test_sigstore_refuses_every_proof_and_entry_with_a_bit_altered(receipts: list[tuple[Receipt, bytes]]):
    for receipt, entry in receipts:
        altered = [(receipt, bytes([entry[0] ^ 1]) + entry[1:]), (receipt, entry + b" ")]
        for place, value in enumerate(receipt.proof):
            wrong = bytes([value[0] ^ 1]) + value[1:]
            altered.append((Receipt(receipt.index, (*receipt.proof[:place], wrong), receipt.checkpoint), entry))
        for one in altered:
            with pytest.raises(VerificationError):
                verify_merkle_inclusion(as_sigstore_has_it(*one))


def test_sigstore_refuses_the_proof_of_another_entry(receipts: list[tuple[Receipt, bytes]]):
    for (receipt, _), (_, entry) in pairwise(receipts):
        with pytest.raises(VerificationError):
            verify_merkle_inclusion(as_sigstore_has_it(receipt, entry))
