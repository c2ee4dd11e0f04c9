"""A server as it runs, in processes of its own, and what its clients were answered."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from api.apikeys import new_key
from api.commands import Clerk
from api.commands.governance import GrantRole, IssueApiKey
from api.desk import Circumstances
from ledger.home import create_home, open_home
from ledger.storage import utc_now
from tests.http_office import SCOPES
from tests.ports import a_port
from tests.stores import PATIENCE

CLIENTS = 6
DIRECTOR = Circumstances(actor="staff:1", via="command line")
GONE = (http.client.HTTPException, ConnectionError, TimeoutError)


class Told(NamedTuple):
    """What a client is told: whether it is done, why not, when to come again, and for which position of the log."""

    status: int
    problem: str
    again: str | None
    position: str | None


class Served:
    """A server on loopback, and what its clients were answered."""

    def __init__(self, home: Path, key: str, port: int, process: "subprocess.Popen[str]", workers: int) -> None:
        self.workers = workers
        self.home, self.key, self.port, self.process = home, key, port, process
        self.answers: list[tuple[str, int]] = []
        self.name, self.enough = "", threading.Event()
        self._more = threading.Condition()
        self._reader = threading.Thread(target=self._read_on)
        self.log: list[dict[str, Any]] = []
        self.noise: list[str] = []

    @property
    def answered(self) -> list[str]:
        """What clients were told is recorded."""
        return [organisation for organisation, status in self.answers if status == 201]

    def started(self) -> None:
        """Wait until all workers are there, and keep reading what they say."""
        assert self.process.stderr is not None
        waiting = self.workers
        for line in self.process.stderr:
            self._take(line)
            waiting -= '"Started worker' in line
            if not waiting:
                break
        assert not waiting, self.noise
        self._reader.start()
        self._wait_until_it_listens()

    def _wait_until_it_listens(self) -> None:
        """A worker says that it was started when it is about to be."""
        while True:
            with suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", self.port), PATIENCE):
                return
            assert self.process.poll() is None

    def _read_on(self) -> None:
        assert self.process.stderr is not None
        # Closing the pipe ends the reading; the server's own threads may say something as they are torn down.
        with suppress(ValueError):
            for line in self.process.stderr:
                self._take(line)

    def _take(self, line: str) -> None:
        try:
            self.log.append(json.loads(line))
        except ValueError:
            self.noise.append(line)

    def ended(self) -> int:
        """How it ended, once it has and all that it said is read."""
        code = self.process.wait(PATIENCE)
        if self._reader.ident is not None:
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

    def told(self, method: str, path: str, body: Any = None, key: str = "") -> "Told":
        """What comes of a question, or of a wish with an idempotency key."""
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        with closing(self.connection()) as connection:
            sent = None if body is None else json.dumps(body)
            connection.request(method, path, sent, headers | ({"Idempotency-Key": key} if key else {}))
            response = connection.getresponse()
            answer = json.loads(response.read())
        problem = answer.get("type", "").partition("#")[2] if response.status >= 400 else ""
        return Told(response.status, problem, response.getheader("Retry-After"), response.getheader("Ledger-Position"))

    def write_on(self, client: int) -> None:
        """Record one thing after the other until the server is gone, or told to stop."""
        connection = self.connection()
        number = 0
        with suppress(*GONE):
            while not self.enough.is_set():
                number += 1
                organisation = f"O-{self.name}{client}-{number}"
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
        self.has_answered(of)
        yield
        for client in clients:
            client.join(PATIENCE)

    def has_answered(self, count: int) -> None:
        """Wait until so many have been answered."""
        with self._more:
            assert self._more.wait_for(lambda: len(self.answered) >= count, PATIENCE)

    def recorded(self) -> list[str]:
        """The organisations that the log has."""
        with open_home(self.home) as home:
            return [
                tag[len("organisation:") :]
                for fact in home.ledger.facts()
                for tag in fact.tags
                if tag[:13] == "organisation:"
            ]


@contextmanager
def serving(folder: Path, workers: int, *options: str, store: str | None = None) -> Iterator[Served]:
    """A server with so many workers, of a ledger home that is made for it, in files or there, with a director's key."""
    home = folder / "home"
    create_home(home, "log.example.com", actor="staff:1", via="command line", store=store)
    with serving_at(home, directors_key(home), workers, *options) as found:
        yield found


def directors_key(home: Path) -> str:
    """A key for a director of an office that has just been opened."""
    made = new_key(os.urandom)
    with open_home(home) as opened:
        clerk = Clerk(opened, utc_now)
        clerk.take(GrantRole(principal="staff:1", role="director", starts=date(2026, 1, 1)), DIRECTOR)
        expires = utc_now().replace(year=utc_now().year + 1, day=1)
        issue = IssueApiKey(
            apikey=made.apikey, digest=made.digest, principal="staff:1", role="director", expires=expires, scope=SCOPES
        )
        clerk.take(issue, DIRECTOR)
    return made.text


@contextmanager
def serving_at(home: Path, key: str, workers: int, *options: str) -> Iterator[Served]:
    """A server with so many workers, of the ledger home that is there, and a key that its clients use."""
    with a_port() as port:
        program = Path(sys.executable).with_name("dua-ledger")
        command = [str(program), "serve", "--home", str(home), "--port", str(port), "--workers", str(workers), *options]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
        found = Served(home, key, port, process, workers)
        try:
            found.started()
            yield found
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            found.ended()
            if process.stderr:
                process.stderr.close()
