"""The server as it runs: several workers, told to stop or killed in the middle; what was answered is in the log."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from api.apikeys import new_key
from api.cli.verifying import verify_home
from api.commands import Clerk
from api.commands.governance import GrantRole, IssueApiKey
from api.desk import Circumstances
from ledger.home import create_home, open_home
from ledger.storage import utc_now
from tests.http_office import SCOPES

WORKERS, CLIENTS = 2, 6
PATIENCE = 60
DIRECTOR = Circumstances(actor="staff:1", via="command line")
GONE = (http.client.HTTPException, ConnectionError, TimeoutError)


class Served:
    """A server on loopback, and what its clients were answered."""

    def __init__(self, home: Path, key: str, port: int, process: "subprocess.Popen[str]") -> None:
        self.home, self.key, self.port, self.process = home, key, port, process
        self.answers: list[tuple[str, int]] = []
        self._more = threading.Condition()
        self._reader = threading.Thread(target=self._read_on)
        self.log: list[dict[str, Any]] = []

    @property
    def answered(self) -> list[str]:
        """What clients were told is recorded."""
        return [organisation for organisation, status in self.answers if status == 201]

    def started(self) -> None:
        """Wait until all workers are there, and keep reading what they say."""
        assert self.process.stderr is not None
        waiting = WORKERS
        for line in self.process.stderr:
            said = json.loads(line)
            self.log.append(said)
            waiting -= said["what"].startswith("Started worker")
            if not waiting:
                break
        self._reader.start()

    def _read_on(self) -> None:
        assert self.process.stderr is not None
        with suppress(ValueError):
            self.log += [json.loads(line) for line in self.process.stderr]

    def ended(self) -> int:
        """How it ended, once it has and all that it said is read."""
        code = self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        return code

    def connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)

    def ask(
        self, method: str, path: str, body: Any = None, connection: Any = None, **headers: str
    ) -> tuple[int, bytes]:
        ours = connection or self.connection()
        try:
            sent = None if body is None else json.dumps(body)
            ours.request(
                method,
                path,
                sent,
                {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"} | headers,
            )
            response = ours.getresponse()
            return response.status, response.read()
        finally:
            if connection is None:
                ours.close()

    def write_on(self, client: int) -> None:
        """Record one thing after the other until the server is gone."""
        connection = self.connection()
        number = 0
        with suppress(*GONE):
            while True:
                number += 1
                organisation = f"O-{client}-{number}"
                body = {"organisation": organisation, "name": organisation}
                status, _ = self.ask("POST", "/organisations", body, connection, **{"Idempotency-Key": organisation})
                with self._more:
                    self.answers.append((organisation, status))
                    self._more.notify()
        connection.close()

    @contextmanager
    def in_the_middle(self, of: int) -> Iterator[None]:
        """While clients write, once so many have been answered; then wait until none of them goes on."""
        clients = [threading.Thread(target=self.write_on, args=(number,)) for number in range(CLIENTS)]
        for client in clients:
            client.start()
        with self._more:
            assert self._more.wait_for(lambda: len(self.answered) >= of, PATIENCE)
        yield
        for client in clients:
            client.join(PATIENCE)

    def recorded(self) -> list[str]:
        """The organisations that the log has."""
        with open_home(self.home) as home:
            return [
                tag[len("organisation:") :]
                for fact in home.ledger.facts()
                for tag in fact.tags
                if tag[:13] == "organisation:"
            ]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    home = tmp_path / "home"
    create_home(home, "log.example.com", actor="staff:1", via="command line")
    made = new_key(os.urandom)
    with open_home(home) as opened:
        clerk = Clerk(opened, utc_now)
        clerk.take(GrantRole(principal="staff:1", role="director", starts=date(2026, 1, 1)), DIRECTOR)
        expires = utc_now().replace(year=utc_now().year + 1, day=1)
        issue = IssueApiKey(
            apikey=made.apikey, digest=made.digest, principal="staff:1", role="director", expires=expires, scope=SCOPES
        )
        clerk.take(issue, DIRECTOR)
    with a_port() as port:
        program = Path(sys.executable).with_name("dua-ledger")
        command = [str(program), "serve", "--home", str(home), "--port", str(port), "--workers", str(WORKERS)]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
        found = Served(home, made.text, port, process)
        try:
            found.started()
            yield found
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            found.ended()
            if process.stderr:
                process.stderr.close()


@contextmanager
def a_port() -> Iterator[int]:
    """A port that nobody else gets meanwhile: it stays bound, and nothing listens there but the server."""
    with socket.socket() as kept:
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        kept.bind(("127.0.0.1", 0))
        yield kept.getsockname()[1]


def test_told_to_stop_in_the_middle_it_answers_what_it_has_begun_and_everything_answered_is_in_the_log(served: Served):
    with served.in_the_middle(30):
        served.process.send_signal(signal.SIGTERM)

    assert served.ended() == 0
    assert {status for _, status in served.answers} == {201}
    assert sorted(served.recorded()) == sorted(served.answered)
    assert verify_home(served.home, 1).findings == ()


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


def test_workers_count_together_and_log_nothing_that_was_sent(served: Served):
    statuses = [served.ask("GET", f"/requests/R-2026-{number:04}?secret=Ejemplo")[0] for number in range(1, 21)]
    _, text = served.ask("GET", "/metrics")

    assert set(statuses) == {422}
    assert b'dua_http_requests_total{route="GET /requests/{request}",status="422"} 20.0' in text
    served.process.send_signal(signal.SIGTERM)
    assert served.ended() == 0
    answered = [one for one in served.log if one["what"] == "answered"]
    assert {one["route"] for one in answered} >= {"GET /requests/{request}"}
    assert all(one.keys() >= {"at", "level", "request_id", "status", "seconds", "apikey"} for one in answered)
    assert not re.search(r"Ejemplo|dua_[0-9a-f]{16}_", json.dumps(served.log))


def raw(served: Served, sent: bytes) -> bytes:
    """What a client is answered that sends these bytes; nothing when it is cut off."""
    with socket.create_connection(("127.0.0.1", served.port), timeout=PATIENCE) as client:
        with suppress(ConnectionError):
            client.sendall(sent)
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
