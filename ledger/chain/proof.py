"""Proofs as text: their hashes in base64, one a line (C2SP tlog-proof, tlog-witness)."""

from base64 import b64encode
from collections.abc import Sequence

from ledger.chain.merkle import HASH_BYTES
from ledger.chain.note import strict_base64
from ledger.errors import Malformed, TooLarge

MAX_PROOF = 63
# What finds the lines in what they are a part of.
LINES = rb"(?P<proof>(?:[A-Za-z0-9+/=]+\n)*)"


def check_proof(proof: Sequence[bytes]) -> None:
    """Raise `Malformed` unless these are so many hashes as a proof may have."""
    if len(proof) > MAX_PROOF:
        raise TooLarge("proof", len(proof), MAX_PROOF)
    for value in proof:
        if len(value) != HASH_BYTES:
            raise Malformed("hash with a length of", len(value), f"has to have {HASH_BYTES} bytes")


def write_proof(proof: Sequence[bytes]) -> bytes:
    """The lines of a proof."""
    return b"".join(b64encode(value) + b"\n" for value in proof)


def parse_proof(lines: bytes) -> tuple[bytes, ...]:
    """The hashes in these lines, however long each of them is. Raises `Malformed` for what is no base64."""
    return tuple(strict_base64("hash", line.decode()) for line in lines.splitlines())
