"""Receipts: what shows for ever, without the log, that an entry stands in it (C2SP tlog-proof).

    c2sp.org/tlog-proof@v1
    index <decimal>
    <base64 hash>            one a line, the leaf's sibling first
                             (an empty line)
    <the signed checkpoint, as it is>

The index is the entry's position less one. A receipt holds nothing of the entry itself but hashes.
"""

import re
from collections.abc import Iterable

import msgspec

from ledger.chain.checkpoint import SignedCheckpoint, open_checkpoint
from ledger.chain.entry import MAX_POSITION, parse_entry
from ledger.chain.merkle import leaf_hash, verify_inclusion
from ledger.chain.note import MAX_NOTE_BYTES, VerifierKey
from ledger.chain.proof import LINES, check_proof, parse_proof, write_proof
from ledger.errors import Malformed, ProofFailed, TooLarge

MAX_RECEIPT_BYTES = MAX_NOTE_BYTES + 4096

_HEAD = b"c2sp.org/tlog-proof@v1\nindex "
_RECEIPT = re.compile(
    re.escape(_HEAD) + rb"(?P<index>0|[1-9][0-9]{0,15})\n%b\n(?P<checkpoint>.+)" % LINES,
    re.DOTALL,
)


class Receipt(msgspec.Struct, frozen=True):
    """The proof that the entry at `index` stands in the tree of a signed checkpoint; nothing is checked yet."""

    index: int
    proof: tuple[bytes, ...]
    checkpoint: bytes

    def __post_init__(self) -> None:
        if not 0 <= self.index < MAX_POSITION:
            raise Malformed("index", self.index, "is not that of an entry")
        check_proof(self.proof)

    def write(self) -> bytes:
        """The receipt as a `.tlog-proof` file holds it."""
        return b"%b%d\n%b\n%b" % (_HEAD, self.index, write_proof(self.proof), self.checkpoint)


def parse_receipt(raw: bytes) -> Receipt:
    """The receipt in these bytes. Raises `Malformed` unless exactly this would be written for it."""
    if len(raw) > MAX_RECEIPT_BYTES:
        raise TooLarge("receipt", len(raw), MAX_RECEIPT_BYTES)
    found = _RECEIPT.fullmatch(raw)
    if found is None:
        raise Malformed("receipt", raw, "is not as c2sp.org/tlog-proof@v1 writes it")
    return Receipt(int(found["index"]), parse_proof(found["proof"]), found["checkpoint"])


def check_receipt(raw: bytes, entry: bytes, keys: Iterable[VerifierKey]) -> SignedCheckpoint:
    """The checkpoint whose tree has this entry where the receipt says.

    Raises `Malformed` for what is no receipt or no entry, what `open_checkpoint` raises for its checkpoint, and
    `ProofFailed` for another entry, or one that says of itself that it stands elsewhere.
    """
    receipt = parse_receipt(raw)
    signed = open_checkpoint(receipt.checkpoint, keys)
    verify_inclusion(receipt.index, signed.size, leaf_hash(entry), receipt.proof, signed.root)
    position = parse_entry(entry).position
    if position != receipt.index + 1:
        raise ProofFailed(f"the entry says that it is entry {position}, and the receipt is for {receipt.index + 1}")
    return signed
