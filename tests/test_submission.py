"""What is handed to a witness is written in one way, and nothing else is read."""

from base64 import b64encode

import pytest

from ledger.chain.submission import MAX_SUBMISSION_BYTES, Submission, parse_submission
from ledger.errors import Malformed, TooLarge
from tests.witnesses import Log

LOG = Log("ir.example.edu/dua-ledger")
SUBMISSION = LOG.submission(5, 9)
RAW = SUBMISSION.write()


def test_a_submission_is_an_old_size_a_proof_an_empty_line_and_the_checkpoint():
    hashes = b"".join(b64encode(value) + b"\n" for value in SUBMISSION.proof)

    assert len(SUBMISSION.proof) > 1
    assert b"old 5\n" + hashes + b"\n" + LOG.note(9) == RAW
    assert parse_submission(RAW) == SUBMISSION
    assert parse_submission(b"old 0\n\n" + LOG.note(9)) == Submission(0, (), LOG.note(9))


@pytest.mark.parametrize(
    "raw",
    [
        *(b"", b"old 5", b"old 5\n", b"old 5\n\n", RAW[4:], b"\n" + RAW, RAW.replace(b"\n", b"\r\n")),
        *(
            RAW.replace(b"old 5", old)
            for old in (b"old", b"old ", b"old 05", b"old -1", b"old  5", b"Old 5", b"old 5 ")
        ),
        *(RAW.replace(b"old 5", b"old " + size) for size in (b"9007199254740992", b"9" * 17, b"5e0", b"0x5")),
        RAW.replace(b"\n\n", b"\n", 1),
        *(RAW.replace(b"\n\n", b"\n" + line + b"\n\n", 1) for line in (b"AAAA", b"no base64!", b"A" * 43, b" ")),
        RAW.replace(b"=\n", b"\n", 1),
    ],
)
def test_what_is_not_quite_a_submission_is_refused(raw: bytes):
    with pytest.raises(Malformed):
        parse_submission(raw)


def test_a_proof_has_at_most_63_hashes_and_a_submission_128_kib():
    note, value = LOG.note(9), bytes(32)

    assert parse_submission(Submission(5, (value,) * 63, note).write()).proof == (value,) * 63
    line = b64encode(value) + b"\n"
    with pytest.raises(TooLarge):
        parse_submission(b"old 5\n" + line * 64 + b"\n" + note)
    whole = RAW + b"x" * (MAX_SUBMISSION_BYTES - len(RAW))
    assert parse_submission(whole).write() == whole
    with pytest.raises(TooLarge):
        parse_submission(whole + b"x")
