"""What a call over HTTP costs: a question and a decision, beside a bare Flask route under the same server.

    python tests/bench/over_http.py [--size N]

Clients are processes with one connection each, which send the next request when they have the answer to the last.
"""

import argparse
import json
import os
import secrets
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import timedelta
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple, get_args

from flask import Flask, Response, jsonify

sys.path.insert(0, str(Path(__file__).parents[2]))

from api.apikeys import new_key
from api.commands import Clerk
from api.commands.access import Access
from api.commands.governance import GrantRole, IssueApiKey
from api.commands.people import RegisterPerson
from api.desk import Circumstances
from api.gateway import Gateway
from api.patience import Patience
from ledger.events.governance import Role, Scope
from ledger.home import VIEWS, Home, create_home, open_home
from ledger.storage import utc_now
from projections.upkeep import Upkeep
from tests import facts
from tests.bench import views
from tests.bench.measure import Figure
from tests.bench.workload import Office
from tests.facts import ANA
from tests.office import written
from tests.office_facts import FAR_OFF
from tests.office_requests import ready
from tests.view_facts import renamed

DATA_SET, HOLDERS = "D-asked", 20
# In which the facts of the tests are told here: of that data set, and good on whatever day this runs.
NAMES = {facts.DATA_SET: DATA_SET, str(FAR_OFF): "2999-01-15"}
CLIENTS, WORKERS, SECONDS, ROUNDS = 4, 1, 2.0, 5
OPERATOR = Circumstances(actor="staff:1", via="command line")
SERVE = "from api.cli import main; main()"
BARE = "from tests.bench.over_http import serve_bare; serve_bare({port}, {workers})"
PATIENCE = 60.0


class Rate(NamedTuple):
    """How many calls a second were answered, and how long the slowest hundredth of them took at least."""

    per_second: float
    p99: float


def bare() -> Gateway:
    """A route that answers with as much JSON as is asked for, and does nothing else."""
    app = Flask("bare")
    rows = [{"number": number, "text": 180 * "x"} for number in range(HOLDERS)]

    @app.get("/rows")
    def answer() -> Response:
        return jsonify(rows=rows)

    return Gateway(app.wsgi_app, Patience())


def serve_bare(port: int, workers: int) -> None:
    """Serve it as the ledger is served."""
    from granian import Granian
    from granian.constants import Interfaces

    from api.cli.serving import BACKLOG

    Granian(
        "tests.bench.over_http:bare",
        factory=True,
        interface=Interfaces.ASGINL,
        port=port,
        workers=workers,
        backlog=BACKLOG,
        websockets=False,
        log_enabled=False,
    ).serve()


def a_home(folder: Path, size: int) -> tuple[Path, dict[Role, str], str]:
    """A ledger home with so many entries, in which twenty hold a data set, keys, and somebody who may open it."""
    path = folder / "home"
    create_home(path, "log.example.com", actor="staff:1", via="command line")
    with open_home(path) as home:
        views.fill(home.ledger.store, Office(3), size - home.ledger.store.length())
        keys = {role: _key(home, role) for role in get_args(Role)}
        numbers = range(10_000_000, 10_000_000 + HOLDERS // 2)
        clerk = Clerk(home, utc_now)
        for person in (f"p-{number:031x}{end}" for number in numbers for end in "ab"):
            clerk.take(RegisterPerson(person=person, name=f"Somebody {person[-8:]}"), OPERATOR)
        for number in numbers:
            home.ledger.store.append_entries(views.life(number, DATA_SET))
        written([renamed(fact, NAMES) for fact in ready(role=None)], home.ledger)
        # Nobody waits for them longer than for an answer.
        Upkeep(path / VIEWS, home.ledger).rebuild()
    return path, keys, ANA


def _key(home: Home, role: Role) -> str:
    clerk, now, made = Clerk(home, utc_now), utc_now(), new_key(secrets.token_bytes)
    principal = "staff:1" if role == "director" else f"bench:{role.replace(' ', '-')}"
    since = now.date() - timedelta(days=1)
    clerk.take(GrantRole(principal=principal, role=role, starts=since), OPERATOR)
    issue = IssueApiKey(
        apikey=made.apikey,
        digest=made.digest,
        principal=principal,
        role=role,
        expires=now + timedelta(days=1),
        scope=get_args(Scope),
    )
    clerk.take(issue, OPERATOR)
    return made.text


@contextmanager
def server(code: str, *arguments: str) -> "Iterator[subprocess.Popen[bytes]]":
    """A server in a process of its own."""
    command = [sys.executable, "-c", code, *arguments]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, cwd=Path(__file__).parents[2])
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def free_port() -> int:
    with closing(socket.socket()) as tried:
        tried.bind(("127.0.0.1", 0))
        found: int = tried.getsockname()[1]
        return found


def request(method: str, path: str, key: str = "", body: object = None) -> bytes:
    """A request as it is sent."""
    content = b"" if body is None else json.dumps(body).encode()
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", f"Content-Length: {len(content)}"]
    lines += [f"Authorization: Bearer {key}"] if key else []
    lines += ["Content-Type: application/json"] if content else []
    return "\r\n".join([*lines, "", ""]).encode() + content


def ask(connection: socket.socket, sent: bytes) -> bytes:
    """The answer to a request, whole."""
    connection.sendall(sent)
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += connection.recv(65536)
    head, _, body = answer.partition(b"\r\n\r\n")
    (length,) = (int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    while len(body) < length:
        body += connection.recv(65536)
    if not head.startswith(b"HTTP/1.1 200"):
        raise AssertionError(head + body)
    return body


def _client(work: tuple[int, bytes, float]) -> list[float]:
    port, sent, seconds = work
    taken = []
    with closing(socket.create_connection(("127.0.0.1", port), PATIENCE)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        until = time.perf_counter() + seconds
        while (begun := time.perf_counter()) < until:
            ask(connection, sent)
            taken.append(time.perf_counter() - begun)
    return taken


def rate(port: int, sent: bytes, seconds: float = SECONDS) -> Rate:
    """What several clients get together."""
    with get_context("fork").Pool(CLIENTS) as pool:
        taken = sorted(one for some in pool.map(_client, CLIENTS * [(port, sent, seconds)]) for one in some)
    return Rate(len(taken) / seconds, taken[len(taken) * 99 // 100])


def wait_for(process: "subprocess.Popen[bytes]", port: int, sent: bytes) -> None:
    """Return when a server answers a request; one that has ended instead is told of."""
    while True:
        with suppress(OSError), closing(socket.create_connection(("127.0.0.1", port), PATIENCE)) as connection:
            ask(connection, sent)
            return
        with suppress(subprocess.TimeoutExpired):
            raise AssertionError(f"the server ended with {process.wait(0.05)}")


def figures(size: int, folder: Path) -> list[Figure]:
    """A question and a decision over HTTP, at a log of so many entries."""
    path, keys, person = a_home(folder, size)
    holders = request("GET", f"/datasets/{DATA_SET}/holders", keys["compliance"])
    decide = request(
        "POST",
        "/access/v1/evaluation",
        keys["data server"],
        {
            "subject": {"type": "user", "id": person},
            "action": {"name": "open"},
            "resource": {"type": "dataset", "id": DATA_SET},
        },
    )
    ours, other = free_port(), free_port()
    serve = ("serve", "--home", str(path), "--port", str(ours), "--workers", str(WORKERS), "--rate", "100000")
    with server(SERVE, *serve) as asked_of, server(BARE.format(port=other, workers=WORKERS)) as beside:
        plain = request("GET", "/rows")
        wait_for(beside, other, plain)
        wait_for(asked_of, ours, holders)
        asked = [(rate(ours, holders), rate(other, plain)) for _ in range(ROUNDS)]
        decided = [(rate(ours, decide), desk_rate(path, person)) for _ in range(ROUNDS)]
    return [
        _figure(f"GET holders with {HOLDERS} holders at {size:,} entries / bare Flask route", asked, ">= 0.4", "bare"),
        _figure("recorded access decision over HTTP / at the desk itself", decided, ">= 0.5", "desk"),
    ]


def desk_rate(path: Path, person: str) -> Rate:
    """How many decisions a second the desk takes by itself, one after the other."""
    taken = []
    with open_home(path) as home:
        clerk = Clerk(home, utc_now)
        circumstances = Circumstances(actor="bench:data-server", via="command line")
        until = time.perf_counter() + SECONDS
        while (begun := time.perf_counter()) < until:
            clerk.take(Access(person=person, dataset=DATA_SET, request=None), circumstances)
            taken.append(time.perf_counter() - begun)
    taken.sort()
    return Rate(len(taken) / SECONDS, taken[len(taken) * 99 // 100])


def _figure(what: str, rounds: list[tuple[Rate, Rate]], promised: str, other: str) -> Figure:
    ratio = statistics.median(a.per_second / b.per_second for a, b in rounds)
    mine, theirs = (statistics.median(one[side].per_second for one in rounds) for side in (0, 1))
    p99, others = (statistics.median(one[side].p99 for one in rounds) * 1e3 for side in (0, 1))
    detail = (
        f"{mine:,.0f} a second with {CLIENTS} clients and {WORKERS} worker, 99th percentile {p99:.2f} ms; "
        f"{other} {theirs:,.0f}, {others:.2f} ms"
    )
    return Figure(what, ratio, promised, detail)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=1_000_000, help="entries of the log")
    size = parser.parse_args().size
    with TemporaryDirectory(prefix="dua-bench-", dir=os.environ.get("DUA_BENCH_DIR")) as name:
        for figure in figures(size, Path(name)):
            print(figure.told())


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
