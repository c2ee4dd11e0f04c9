"""Witnesses are asked at once and in time: who is slow, dead or not to be trusted holds up nobody."""

import socket
import time
from pathlib import Path
from threading import Barrier

import pytest

from ledger.errors import (
    NoAnswer,
)
from ledger.evidence.exchange import exchange
from ledger.evidence.witnessing import (
    Appointed,
)
from tests.appointed import KEY, asked, dishonest, home, http, named, server, signed_by, witness
from tests.certificates import certified
from tests.ports import LOOPBACK, NOWHERE
from tests.signing import verified
from tests.stores import PATIENCE

__all__ = ["home", "server", "witness"]
pytestmark = pytest.mark.usefixtures("nothing_from_outside")

BROKEN = {
    "falls silent": lambda body: b"",
    "breaks off in its body": lambda body: http(b"x" * 100)[:-1],
    "speaks no HTTP": lambda body: b"220 smtp.example.edu ready\r\n",
    "does not stop": lambda body: http(b"x" * 1_000_000),
    "has an endless head": lambda body: b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 1000,
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_witness_that_gives_no_whole_answer_has_given_none(home: Path, how: str):
    with dishonest(BROKEN[how]) as witness:
        (standing,) = asked(home, witness).behind

    assert isinstance(standing.failure, NoAnswer)


def test_slow_and_dead_witnesses_are_given_up_when_their_time_is_over_and_the_quick_one_cosigns(
    home: Path, witness: Appointed
):
    with (
        socket.create_server((LOOPBACK, 0)) as silent,
        dishonest(signed_by(KEY), drip=True) as dripping,
    ):
        slow = [
            Appointed(f"http://{LOOPBACK}:{silent.getsockname()[1]}", named("silent.example")),
            dripping._replace(key=named("dripping.example")),
            Appointed(NOWHERE, named("dead.example")),
        ]
        # How much time is enough for the quick one is the machine's affair; for the others, no time is.
        found, seconds = asked(home, *slow, witness, seconds=1.0), 1.0
        while not found.cosignatures and seconds < PATIENCE:
            seconds *= 4
            found = asked(home, *slow, witness, seconds=seconds)

    assert [one.witness for one in found.behind] == slow
    assert all(isinstance(one.failure, NoAnswer) for one in found.behind)
    assert [one.witness for one in found.cosignatures] == [str(witness.key)]


def test_verify_asks_all_witnesses_at_once(home: Path):
    meeting = Barrier(2)

    def when_the_other_is_asked(body: bytes) -> bytes:
        meeting.wait(PATIENCE)
        return http(b"no\n", "404 Not Found")

    with dishonest(when_the_other_is_asked) as one, dishonest(when_the_other_is_asked) as other:
        given = [word for witness in (one, other) for word in ("--witness", witness.url)]
        code, findings = verified(home, *given, "--witness-seconds", PATIENCE)

    assert (code, len(findings), ["404" in finding for finding in findings]) == (12, 2, [True, True])


def test_an_answer_that_drips_is_cut_off_in_time():
    with dishonest(lambda body: http(b"x" * 1000), drip=True) as witness:
        began = time.monotonic()
        with pytest.raises(NoAnswer) as refusal:
            exchange("GET", witness.url, b"", began + 0.5, 1000)
        assert time.monotonic() - began < PATIENCE

    assert str(refusal.value) == f"{witness.url} gave no answer: it took too long"


def test_a_witness_behind_tls_is_asked_when_this_machine_trusts_its_certificate(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with dishonest(signed_by(KEY), tls=certified(tmp_path)) as witness:
        (standing,) = asked(home, witness).behind
        assert isinstance(standing.failure, NoAnswer)
        assert "CERTIFICATE_VERIFY_FAILED" in str(standing.failure)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        assert asked(home, witness).behind == ()
