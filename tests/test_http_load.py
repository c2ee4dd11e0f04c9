"""Four workers under clients that read and write: nothing fails, nothing is lost or done twice, memory stays flat."""

import os
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pytest

from api.cli.verifying import verify_home
from tests.served import GONE, Served, serving
from tests.stores import CAMPAIGN, PATIENCE, POSTGRES

WORKERS, CLIENTS = 4, 64 if CAMPAIGN else 8
WRITES = 36_000 if CAMPAIGN else 400
READ = (
    "/requests?limit=10",
    "/entries?limit=20&after=3",
    "/deadlines",
    "/inbox",
    "/people",
    "/api-keys",
    "/healthz",
    "/requests/R-2026-0001",
)
# What is read is there, or is not; anything else is an error.
GOOD = {*((200, path) for path in READ[:-1]), (404, READ[-1])}
PROC = Path("/proc")


class Seen(NamedTuple):
    """What clients were answered: statuses by path, and what was recorded, by the position that they were told."""

    read: Counter[tuple[int, str]]
    written: dict[str, str]
    wrong: list[object]


@pytest.fixture
def served(tmp_path: Path, kept_at) -> Iterator[Served]:
    with serving(tmp_path, WORKERS, "--rate", "100000", store=kept_at) as found:
        yield found


class Clients:
    """Clients that go on until they are told to stop, or nobody answers any more."""

    def __init__(self, served: Served) -> None:
        self.served, self.seen = served, Seen(Counter(), {}, [])
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._go_on, args=(number,)) for number in range(CLIENTS)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def end(self) -> Seen:
        """What they have seen, once the last of them has its answer."""
        self._stop.set()
        for thread in self._threads:
            thread.join(PATIENCE)
        return self.seen

    def wait_for(self, written: int) -> None:
        """Wait until so many have been written, for as long as any of them goes on."""
        while len(self.seen.written) < written:
            assert any(thread.is_alive() for thread in self._threads), self.seen.wrong
            self._stop.wait(0.05)

    def _go_on(self, client: int) -> None:
        connection, number = self.served.connection(), 0
        with suppress(*GONE):
            while not self._stop.is_set():
                number += 1
                self._write(connection, f"O-{client}-{number}")
                path = READ[(client + number) % len(READ)]
                status, _ = self.served.ask("GET", path, connection=connection)
                self.seen.read[status, path] += 1
        connection.close()

    def _write(self, connection: object, organisation: str) -> None:
        """Record something, and send every fourth wish a second time."""
        body = {"organisation": organisation, "name": organisation}
        for _ in range(2 if organisation.endswith("4") else 1):
            headers = {"Idempotency-Key": organisation}
            status, answer = self.served.ask("POST", "/organisations", body, connection, **headers)
            if status != 201 or self.seen.written.setdefault(organisation, answer.decode()) != answer.decode():
                self.seen.wrong.append((organisation, status, answer))


def memory(served: Served) -> int:
    """How many bytes all processes of the server have in memory that is theirs alone."""
    pids = [served.process.pid]
    for pid in pids:
        pids += [int(one) for one in (PROC / f"{pid}/task/{pid}/children").read_text().split()]
    private = 0
    for pid in pids:
        lines = (PROC / f"{pid}/smaps_rollup").read_text().splitlines()
        private += sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) * 1024
    return private


def check(served: Served, seen: Seen, lost: int) -> None:
    """Everything that was answered is in the log once, and it verifies; so much more may be there."""
    recorded = Counter(served.recorded())
    assert seen.wrong == []
    assert set(seen.read) <= GOOD
    assert set(recorded.values()) <= {1}
    assert seen.written.keys() <= recorded.keys()
    assert len(recorded) - len(seen.written) <= lost
    assert verify_home(served.home, 1).findings == ()


@pytest.mark.campaign
@pytest.mark.parametrize("kept_at", ["file", POSTGRES], indirect=True)
def test_nothing_fails_under_load_and_memory_stays_flat(served: Served):
    clients = Clients(served)
    clients.start()
    # By then all is remembered that is ever kept at hand.
    clients.wait_for(WRITES * 2 // 3)
    before = memory(served) if PROC.is_dir() else 0
    clients.wait_for(WRITES)
    after = memory(served) if PROC.is_dir() else 0
    seen = clients.end()

    served.process.send_signal(signal.SIGTERM)
    assert served.ended() == 0
    check(served, seen, lost=0)
    # A third of all calls came after the first look; each may leave next to nothing.
    assert after - before < 32 * 1024 * 1024


@pytest.mark.campaign
@pytest.mark.parametrize(("how", "lost"), [(signal.SIGTERM, 0), (signal.SIGKILL, CLIENTS)])
def test_ended_in_the_middle_of_it_every_write_that_was_answered_is_there(served: Served, how, lost):
    clients = Clients(served)
    clients.start()
    clients.wait_for(CLIENTS * (20 if CAMPAIGN else 3))
    os.killpg(served.process.pid, how) if how == signal.SIGKILL else served.process.send_signal(how)
    served.ended()

    check(served, clients.end(), lost)
