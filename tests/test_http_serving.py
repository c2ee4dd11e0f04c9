"""The server as it runs: several workers, told to stop or killed in the middle; what was answered is in the log."""

import json
import os
import re
import selectors
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import pytest

from api.cli.serving import LAST_SECONDS
from api.cli.verifying import verify_home
from api.patience import SECONDS
from tests.served import CLIENTS, Served, serving
from tests.stores import PATIENCE, POSTGRES

WORKERS = 2
ON_BOTH = pytest.mark.parametrize("kept_at", ["file", POSTGRES], indirect=True)
# What is said to whoever waits with the body, as soon as it is read.
GO_ON = b"HTTP/1.1 100 Continue\r\n\r\n"


@pytest.fixture
def served(tmp_path: Path, kept_at) -> Iterator[Served]:
    with serving(tmp_path, WORKERS, store=kept_at) as found:
        yield found


@ON_BOTH
def test_told_to_stop_in_the_middle_it_answers_what_it_has_begun_and_everything_answered_is_in_the_log(served: Served):
    with served.in_the_middle(30):
        served.process.send_signal(signal.SIGTERM)

    assert served.ended() == 0
    assert {status for _, status in served.answers} == {201}
    assert sorted(served.recorded()) == sorted(served.answered)
    assert verify_home(served.home, 1).findings == ()


@pytest.mark.parametrize("told", ["SIGTERM SIGTERM", "SIGINT SIGINT", "SIGTERM SIGINT"])
def test_told_to_stop_twice_it_answers_what_it_has_begun_and_ends(tmp_path: Path, told: str, kept_at):
    """As by Ctrl-C, which all of its processes get: the workers from the terminal, and from the first process again."""
    with serving(tmp_path, 1, store=kept_at) as served:
        check_told_twice(served, [signal.Signals[name] for name in told.split()])


def check_told_twice(served: Served, told: list[signal.Signals]) -> None:
    body = b'{"organisation": "O-1", "name": "One"}'
    head = (
        f"POST /organisations HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {served.key}\r\nIdempotency-Key: k\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", served.port), timeout=PATIENCE) as client:
        client.sendall(head.encode())
        assert client.recv(len(GO_ON), socket.MSG_WAITALL) == GO_ON
        began = time.monotonic()
        for one in told:
            os.killpg(served.process.pid, one)
        client.sendall(body)
        assert b"HTTP/1.1 201" in client.recv(4096)

    assert served.ended() == 0
    # A worker that does not end of itself is killed when that time is over. What the server says is no measure of it:
    # it may take one that has just ended for one that refuses to.
    assert time.monotonic() - began < LAST_SECONDS
    assert served.recorded() == ["O-1"]


@ON_BOTH
def test_killed_in_the_middle_everything_that_was_answered_is_in_the_log_once(served: Served):
    with served.in_the_middle(30):
        os.killpg(served.process.pid, signal.SIGKILL)

    recorded = served.recorded()
    assert {status for _, status in served.answers} == {201}
    assert len(set(recorded)) == len(recorded)
    assert set(served.answered) <= set(recorded)
    # A call that nobody was answered may be in the log: one for each client, and no more.
    assert len(recorded) - len(served.answered) <= CLIENTS
    assert verify_home(served.home, 1).findings == ()


@ON_BOTH
def test_the_same_wish_sent_by_many_at_once_is_recorded_once_and_answered_alike(served: Served):
    answers: list[tuple[int, bytes]] = []

    def send() -> None:
        answers.append(
            served.ask("POST", "/organisations", {"organisation": "O-1", "name": "One"}, **{"Idempotency-Key": "k"})
        )

    clients = [threading.Thread(target=send) for _ in range(12)]
    for client in clients:
        client.start()
    for client in clients:
        client.join(PATIENCE)

    assert (len(answers), {status for status, _ in answers}, len({body for _, body in answers})) == (12, {201}, 1)
    assert served.recorded() == ["O-1"]


def test_workers_count_together_and_log_nothing_that_was_sent(tmp_path: Path, kept_at):
    with serving(tmp_path, 4, store=kept_at) as served:
        check_counts(served)


def check_counts(served: Served) -> None:
    statuses = [served.ask("GET", f"/requests/R-2026-{number:04}?secret=Ejemplo")[0] for number in range(1, 21)]
    _, text = served.ask("GET", "/metrics")

    assert set(statuses) == {422}
    assert b'dua_http_requests_total{route="GET /requests/{request}",status="422"} 20.0' in text
    served.process.send_signal(signal.SIGTERM)
    assert served.ended() == 0
    answered = [one for one in served.log if one["what"] == "answered"]
    assert {one["route"] for one in answered} >= {"GET /requests/{request}"}
    assert all(one.keys() >= {"at", "level", "request_id", "status", "seconds", "apikey"} for one in answered)
    assert not re.search(r"Ejemplo|dua_[0-9a-f]{16}_", json.dumps([served.log, served.noise]))


def raw(served: Served, sent: bytes, *, ends: bool = False) -> bytes:
    """What a client is answered that sends these bytes, and perhaps ends there; nothing when it is cut off."""
    with socket.create_connection(("127.0.0.1", served.port), timeout=PATIENCE) as client:
        with suppress(ConnectionError):
            client.sendall(sent)
            if ends:
                client.shutdown(socket.SHUT_WR)
        with suppress(ConnectionError):
            return client.recv(4096)
    return b""


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /entries HTTP/1.1\r\nHost: x\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(5000)) + b"\r\n",
        b"GET /entries HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 1_000_000 + b"\r\n\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01",
        b"GET /entries HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /organisations HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /%2e%2e/%00 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0]),
    ],
)
def test_what_is_meant_to_do_harm_does_none(served: Served, sent):
    answered = raw(served, sent)

    assert answered == b"" or re.match(rb"HTTP/1\.1 4\d\d ", answered)
    assert served.ask("GET", "/healthz")[0] == 200


def test_slow_clients_keep_nobody_waiting(served: Served):
    slow = [socket.create_connection(("127.0.0.1", served.port), timeout=PATIENCE) for _ in range(50)]
    try:
        for client in slow:
            client.sendall(b"GET /entries HTTP/1.1\r\nHost: x\r\nX-Slow")

        assert served.ask("GET", "/healthz")[0] == 200
        assert served.ask("GET", "/entries")[0] == 200
    finally:
        for client in slow:
            client.close()


class Trickling:
    """Clients that send a byte of their bodies now and then, each until it is answered or cut off."""

    def __init__(self, served: Served, clients: int) -> None:
        self.answers: list[bytes] = []
        self._open = selectors.DefaultSelector()
        # All are there before any sends.
        for client in [socket.create_connection(("127.0.0.1", served.port), PATIENCE) for _ in range(clients)]:
            client.sendall(
                f"POST /organisations HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {served.key}\r\n"
                "Idempotency-Key: k\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{".encode()
            )
            self._open.register(client, selectors.EVENT_READ)
        self.thread = threading.Thread(target=self._send_on)
        self.thread.start()

    def _send_on(self) -> None:
        while waiting := dict(self._open.get_map()):
            for answered, _ in self._open.select(0.5):
                self._end(answered.fileobj)
            for one in waiting.values():
                with suppress(OSError):
                    cast(socket.socket, one.fileobj).sendall(b" ")

    def _end(self, client: Any) -> None:
        self._open.unregister(client)
        self.answers.append(client.recv(12))
        client.close()


def test_bodies_that_trickle_keep_nobody_waiting_and_are_cut_off(tmp_path: Path):
    with serving(tmp_path, 1) as served:
        began = time.monotonic()
        slow, longest = Trickling(served, 40), 0.0
        while slow.thread.is_alive():
            asked = time.monotonic()
            assert served.ask("GET", "/entries")[0] == 200
            longest = max(longest, time.monotonic() - asked)
            slow.thread.join(0.1)

        assert slow.answers == 40 * [b"HTTP/1.1 408"]
        # Others waited for a thread at most while the crowd was cut off, and not for the last few, who had all the time
        # that there is; the bodies alone would have taken minutes.
        assert longest < SECONDS
        assert time.monotonic() - began < 10 * SECONDS
        assert served.recorded() == []


def test_a_body_that_comes_in_pieces_is_read_whole_and_one_that_breaks_off_is_not(served: Served):
    body = b'{"organisation": "O-1", "name": "One"}'
    lines = f"POST /organisations HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {served.key}\r\nIdempotency-Key: k\r\n"
    head = f"{lines}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()

    assert re.match(rb"$|HTTP/1\.1 400 ", raw(served, head + body[:-1], ends=True))
    assert served.recorded() == []
    with socket.create_connection(("127.0.0.1", served.port), timeout=PATIENCE) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in (head, *(body[at : at + 1] for at in range(len(body)))):
            client.sendall(piece)
        assert client.recv(12) == b"HTTP/1.1 201"
    assert served.recorded() == ["O-1"]
