"""No witness is believed unchecked: what is no cosignature of its own is refused and not kept."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.chain.note import cosign_text
from ledger.chain.submission import parse_submission
from ledger.errors import AnswerRefused, Forked, Malformed, SignatureFailed, UnknownKey, WitnessRefused
from ledger.evidence.witnessing import verified_cosignature
from ledger.home import open_lock_store
from tests.appointed import KEY, VKEY, asked, dishonest, home, http, signed_by, text_in
from tests.signing import ORIGIN
from tests.witnesses import NAME, Log

__all__ = ["home"]
pytestmark = pytest.mark.usefixtures("nothing_from_outside")

STRANGER = Ed25519PrivateKey.from_private_bytes(bytes([8]) * 32)


def forged_line(body: bytes) -> bytes:
    genuine = cosign_text(text_in(body), NAME, KEY, 1_700_000_000)
    return http(type(genuine)(NAME, VKEY.key_id, genuine.value[:-1] + bytes([genuine.value[-1] ^ 1])).line())


def line_over_more(body: bytes) -> bytes:
    """What the witness did sign, below a text that goes on after the checkpoint's."""
    more = text_in(body) + b"\nmore\n"
    return http(b"more\n\n" + cosign_text(more, NAME, KEY, 1_700_000_000).line())


def forged_beside_genuine(body: bytes) -> bytes:
    genuine = cosign_text(text_in(body), NAME, KEY, 1_700_000_000).line()
    return http(genuine + forged_line(body).partition(b"\r\n\r\n")[2])


DISHONEST = {
    "a forged line under its own name": forged_line,
    "a forged line beside a genuine one": forged_beside_genuine,
    "a line under another name": signed_by(KEY, "another.example"),
    "a line by another key under its name": signed_by(STRANGER),
    "a line over another checkpoint": lambda body: http(cosign_text(b"other\n1\nAAAA\n", NAME, KEY, 1).line()),
    "a line over a longer text": line_over_more,
    "nothing": lambda body: http(b""),
    "no line": lambda body: http(b"thank you\n"),
    "what it was sent": http,
    "a head that breaks off": lambda body: b"HTTP/1.1 200 OK\r\nContent-",
    "no size": lambda body: http(b"", "409 Conflict", "text/x.tlog.size"),
    "a size that is none": lambda body: http(b"-1\n", "409 Conflict", "text/x.tlog.size"),
    "one size and then another": lambda body: http(
        b"%d\n" % (parse_submission(body).old % 7 + 1), "409 Conflict", "text/x.tlog.size"
    ),
}


@pytest.mark.parametrize("how", DISHONEST)
def test_what_is_no_cosignature_of_the_witness_is_refused_and_not_kept(home: Path, how: str):
    with dishonest(DISHONEST[how]) as witness:
        found = asked(home, witness)

    assert [type(one.failure) for one in found.behind] == [AnswerRefused]
    with open_lock_store(home) as lock:
        assert list(lock.cosignatures(str(VKEY))) == []


def test_a_line_by_somebody_unknown_beside_the_witnesss_own_is_passed_over(home: Path):
    def both(body: bytes) -> bytes:
        lines = [cosign_text(text_in(body), NAME, key, 1_700_000_000).line() for key in (STRANGER, KEY)]
        return http(b"".join(lines))

    with dishonest(both) as witness:
        found = asked(home, witness)

    assert found.note == found.signed.raw + cosign_text(found.signed.checkpoint.text(), NAME, KEY, 1_700_000_000).line()


def test_every_flipped_bit_of_an_answer_is_found_or_makes_it_nobodys():
    text = Log(ORIGIN).checkpoint(9).text()
    line = cosign_text(text, NAME, KEY, 1_700_000_000).line()
    assert verified_cosignature(text, line, VKEY).line() == line
    for place in range(len(line)):
        for bit in range(8):
            flipped = line[:place] + bytes([line[place] ^ 1 << bit]) + line[place + 1 :]
            with pytest.raises((Malformed, SignatureFailed, UnknownKey)):
                verified_cosignature(text, flipped, VKEY)


@pytest.mark.parametrize("status", [301, 400, 403, 404, 422, 500, 503])
def test_a_refusal_is_told_with_what_the_witness_said(home: Path, status: int):
    with dishonest(lambda body: http(b"no \x1b[31m because\nmore", f"{status} No")) as witness:
        (standing,) = asked(home, witness).behind

    assert isinstance(standing.failure, WitnessRefused)
    assert str(standing.failure) == f"{witness.url} refused ({status}): no ?[31m because"


def test_two_roots_for_one_size_are_refused_also_where_a_witness_says_so_with_its_size(home: Path):
    def conflict(body: bytes) -> bytes:
        return http(b"9\n", "409 Conflict", "text/x.tlog.size")

    with dishonest(conflict) as witness:
        (standing,) = asked(home, witness).behind
    assert isinstance(standing.failure, Forked)
    assert (standing.failure.cosigned, standing.failure.why) == (9, "what was signed here over as many is not the same")


def test_another_size_that_is_the_one_it_was_asked_from_is_no_answer(home: Path):
    def conflict(body: bytes) -> bytes:
        return http(b"%d\n" % parse_submission(body).old, "409 Conflict", "text/x.tlog.size")

    with dishonest(conflict) as witness:
        (standing,) = asked(home, witness).behind
    assert isinstance(standing.failure, AnswerRefused)


def test_a_witness_that_has_cosigned_more_than_was_ever_signed_is_told_of(home: Path):
    with dishonest(lambda body: http(b"12\n", "409 Conflict", "text/x.tlog.size")) as witness:
        (standing,) = asked(home, witness).behind

    assert isinstance(standing.failure, Forked)
    assert (standing.failure.cosigned, standing.failure.why) == (12, "no more than 9 were signed here")
