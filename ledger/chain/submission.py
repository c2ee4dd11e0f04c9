"""Submissions: what is handed to a witness so that it cosigns a checkpoint (C2SP tlog-witness).

    old <decimal>            the size of the checkpoint that the witness cosigned last; 0 when it has none
    <base64 hash>            one a line, at most 63: the proof that the new checkpoint's log begins with that one
                             (an empty line)
    <the signed checkpoint, as it is>

Parsing is strict: what would not be written exactly so is refused.
"""

import re

import msgspec

from ledger.chain.entry import MAX_POSITION
from ledger.chain.proof import LINES, check_proof, parse_proof, write_proof
from ledger.errors import Malformed, TooLarge

MAX_SUBMISSION_BYTES = 131_072

_SUBMISSION = re.compile(rb"old (?P<old>0|[1-9][0-9]{0,15})\n%b\n(?P<checkpoint>.+)" % LINES, re.DOTALL)


class Submission(msgspec.Struct, frozen=True):
    """A signed checkpoint with the proof that it continues one over `old` entries; nothing is checked yet."""

    old: int
    proof: tuple[bytes, ...]
    checkpoint: bytes

    def __post_init__(self) -> None:
        if not 0 <= self.old <= MAX_POSITION:
            raise Malformed("old size", self.old, "is not between 0 and 2**53 - 1")
        check_proof(self.proof)

    def write(self) -> bytes:
        """The submission as it is sent."""
        return b"old %d\n%b\n%b" % (self.old, write_proof(self.proof), self.checkpoint)


def parse_submission(raw: bytes) -> Submission:
    """The submission in these bytes. Raises `Malformed` unless exactly this would be written for it."""
    if len(raw) > MAX_SUBMISSION_BYTES:
        raise TooLarge("submission", len(raw), MAX_SUBMISSION_BYTES)
    found = _SUBMISSION.fullmatch(raw)
    if found is None:
        raise Malformed("submission", raw, "is not an old size, hashes, an empty line, and a checkpoint")
    return Submission(int(found["old"]), parse_proof(found["proof"]), found["checkpoint"])
