"""A witness cosigns what continues what it cosigned before, and answers as the protocol has it, over real HTTP."""

import socket
from base64 import b64encode
from collections.abc import Iterator
from contextlib import ExitStack
from urllib.parse import quote

import pytest

from api.gateway import THREADS
from api.patience import CROWD
from ledger.chain.note import Signature, sign_text, write_note
from ledger.chain.submission import MAX_SUBMISSION_BYTES, Submission
from tests.asked_witness import NOTHING, SIZE, STRANGER, assert_cosigned, key_of, last_of, log, server
from tests.ports import LOOPBACK
from tests.stores import PATIENCE
from tests.witnesses import Log, Reply, Served

__all__ = ["log", "server"]


def refusal(reply: Reply) -> tuple[int, str | None]:
    """The status and media type of an answer that says in one line why nothing was cosigned."""
    assert reply.body.count(b"\n") == 1
    return reply.status, reply.type


TEXT = "text/plain; charset=utf-8"


def test_200_what_continues_is_cosigned_and_stored(server: Served, log: Log):
    for old, size in [(0, 1), (1, 3), (3, 3), (3, 4), (4, 33), (33, 64)]:
        assert_cosigned(server.post(log.submission(old, size).write()), server.folder, log.note(size))


def test_200_a_first_checkpoint_may_be_over_any_number_of_entries(server: Served, log: Log):
    assert_cosigned(server.post(log.submission(0, 17).write()), server.folder, log.note(17))


HASHES = (b64encode(bytes(32)) + b"\n") * 64
MALFORMED = {
    "nothing": lambda raw: b"",
    "cut off": lambda raw: raw[:-1],
    "a size with a zero before it": lambda raw: raw.replace(b"old 3", b"old 03"),
    "a hash that is too short": lambda raw: raw.replace(b"old 3", b"old 3\nAAAA"),
    "64 hashes": lambda raw: raw.replace(b"\n\n", b"\n" + HASHES + b"\n", 1),
    "a checkpoint's size with a zero before it": lambda raw: raw.replace(b"\n5\n", b"\n05\n"),
    "a checkpoint with a fourth line": lambda raw: raw.replace(b"\n5\n", b"\n5\nextension\n"),
}


@pytest.mark.parametrize("how", MALFORMED)
def test_400_what_is_malformed_is_refused(server: Served, log: Log, how: str):
    server.post(log.submission(0, 3).write())
    before = last_of(server.folder, log)

    assert refusal(server.post(MALFORMED[how](log.submission(3, 5).write()))) == (400, TEXT)
    assert last_of(server.folder, log) == before


def test_400_an_old_size_above_the_new_one_is_refused(server: Served, log: Log):
    assert refusal(server.post(Submission(6, (), log.note(5)).write())) == (400, TEXT)


def test_403_what_no_known_key_of_the_log_signed_is_refused(server: Served, log: Log):
    text = log.checkpoint(5).text()
    forged = Signature(log.origin, log.vkey.key_id, bytes(64))
    stranger = sign_text(text, log.origin, STRANGER)
    other = Log("ir.example.edu/other")
    for signatures in ([stranger], [forged], [stranger, forged], [sign_text(text, other.origin, other.key)]):
        body = Submission(0, (), write_note(text, signatures)).write()
        assert refusal(server.post(body)) == (403, TEXT)
    assert last_of(server.folder, log) == NOTHING


def test_403_another_text_below_the_logs_signature_is_refused(server: Served, log: Log):
    body = log.submission(0, 5).write().replace(b"\n5\n", b"\n6\n")

    assert refusal(server.post(body)) == (403, TEXT)


def test_403_a_forged_line_under_the_witnesss_own_name_is_refused(server: Served, log: Log):
    note, key = log.note(5), key_of(server.folder)
    forged = Signature(key.name, key.key_id, bytes(72))
    body = Submission(0, (), note + forged.line()).write()

    assert refusal(server.post(body)) == (403, TEXT)
    assert last_of(server.folder, log) == NOTHING


def test_404_a_log_that_it_was_not_told_of_is_refused(server: Served):
    unknown = Log("ir.example.edu/unknown")

    assert refusal(server.post(unknown.submission(0, 5).write())) == (404, TEXT)


@pytest.mark.parametrize("old", [0, 1, 4, 6])
def test_409_another_old_size_is_answered_with_the_one_that_it_must_be(server: Served, log: Log, old: int):
    server.post(log.submission(0, 5).write())
    before = last_of(server.folder, log)

    assert server.post(log.submission(old, 9).write()) == Reply(409, SIZE, b"5\n")
    assert last_of(server.folder, log) == before


def test_409_at_the_beginning_the_old_size_must_be_0(server: Served, log: Log):
    assert server.post(log.submission(3, 9).write()) == Reply(409, SIZE, b"0\n")


def test_409_what_is_older_than_what_was_cosigned_is_refused(server: Served, log: Log):
    server.post(log.submission(0, 5).write())

    assert server.post(log.submission(0, 3).write()) == Reply(409, SIZE, b"5\n")


def test_422_a_wrong_proof_is_refused(server: Served, log: Log):
    server.post(log.submission(0, 5).write())
    before, right = last_of(server.folder, log), log.submission(5, 9)
    for proof in ((), right.proof[1:], right.proof[:-1], (*right.proof, bytes(32)), (bytes(32), *right.proof[1:])):
        assert refusal(server.post(Submission(5, proof, right.checkpoint).write())) == (422, TEXT)
    assert last_of(server.folder, log) == before


def test_422_a_log_that_was_written_anew_is_refused_with_a_proof_of_its_own(server: Served, log: Log):
    server.post(log.submission(0, 5).write())
    anew = Log(log.origin, turn=" anew")

    assert refusal(server.post(anew.submission(5, 9).write())) == (422, TEXT)


def test_422_a_proof_from_nothing_has_to_be_empty(server: Served, log: Log):
    body = Submission(0, (bytes(32),), log.note(5)).write()

    assert refusal(server.post(body)) == (422, TEXT)


def test_422_another_root_for_the_same_size_is_refused(server: Served, log: Log):
    server.post(log.submission(0, 5).write())
    before = last_of(server.folder, log)

    assert refusal(server.post(Log(log.origin, turn=" anew").submission(5, 5).write())) == (422, TEXT)
    assert last_of(server.folder, log) == before


def test_422_a_log_of_no_entries_has_one_root(server: Served, log: Log):
    text = log.checkpoint(3).text().replace(b"\n3\n", b"\n0\n")
    body = Submission(0, (), write_note(text, [sign_text(text, log.origin, log.key)])).write()

    assert refusal(server.post(body)) == (422, TEXT)
    assert_cosigned(server.post(log.submission(0, 0).write()), server.folder, log.note(0))


def test_413_a_body_over_the_limit_is_refused_and_one_at_the_limit_is_read(server: Served, log: Log):
    body = log.submission(0, 5).write()
    whole = body + b"x" * (MAX_SUBMISSION_BYTES - len(body))

    assert refusal(server.post(whole)) == (400, TEXT)
    assert refusal(server.post(whole + b"x")) == (413, TEXT)
    assert refusal(server.call("POST", "/add-checkpoint", whole * 4)) == (413, TEXT)
    assert_cosigned(server.post(body), server.folder, log.note(5))


def test_413_a_body_that_does_not_say_how_long_it_is_is_not_read_beyond_the_limit(server: Served):
    def chunks() -> Iterator[bytes]:
        for _ in range(40):
            yield b"x" * 4096

    headers = {"Transfer-Encoding": "chunked"}
    assert refusal(server.call("POST", "/add-checkpoint", b"".join(chunks()))) == (413, TEXT)
    chunked = b"".join(b"1000\r\n%b\r\n" % chunk for chunk in chunks()) + b"0\r\n\r\n"
    assert refusal(server.call("POST", "/add-checkpoint", chunked, **headers)) == (413, TEXT)


def test_408_bodies_that_do_not_come_are_given_up_and_keep_nobody_waiting(server: Served, log: Log):
    body = log.submission(0, 5).write()
    head = f"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    with ExitStack() as slow:
        # More than there are threads.
        begun = [
            slow.enter_context(socket.create_connection((LOOPBACK, server.port), timeout=PATIENCE))
            for _ in range(THREADS + CROWD)
        ]
        for one in begun:
            one.sendall(head + body[:20])
        reply = server.post(body)
        while reply.status == 408:
            # On a machine that is busy it may be taken for one of them.
            reply = server.post(body)
        assert_cosigned(reply, server.folder, log.note(5))
        assert begun[0].recv(12) == b"HTTP/1.1 408"


def test_a_call_that_is_broken_off_changes_nothing(server: Served, log: Log):
    body = log.submission(0, 5).write()
    with socket.create_connection((LOOPBACK, server.port), timeout=PATIENCE) as broken_off:
        broken_off.sendall(f"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: {len(body)}\r\n\r\n".encode())
        broken_off.sendall(body[:-1])
    assert_cosigned(server.post(body), server.folder, log.note(5))


def test_elsewhere_there_is_nothing(server: Served):
    assert refusal(server.call("GET", "/")) == (404, TEXT)
    assert refusal(server.call("GET", "/add-checkpoint")) == (405, TEXT)
    assert refusal(server.post(b"", "/checkpoint")) == (405, TEXT)


def test_what_was_cosigned_last_is_told_to_everybody(server: Served, log: Log):
    asked = f"/checkpoint?origin={quote(log.origin, safe='')}"

    assert refusal(server.call("GET", asked)) == (404, TEXT)
    cosigned = server.post(log.submission(0, 5).write())
    assert server.call("GET", asked) == Reply(200, TEXT, log.note(5) + cosigned.body)
    assert refusal(server.call("GET", "/checkpoint")) == (404, TEXT)
    assert refusal(server.call("GET", "/checkpoint?origin=%ff%00")) == (404, TEXT)
