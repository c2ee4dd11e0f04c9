"""A server that syncs, dies or is damaged, and who dies while talking to it: nothing is lost, or there by halves.

With CAMPAIGN=1 there is a death at each of the moments when a process of the server, or a writer, makes a call of a
kind, instead of at some of them, and bits are changed at random.
"""

import os
import random
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from itertools import count, islice
from pathlib import Path
from subprocess import PIPE, Popen, run
from time import monotonic
from typing import Any, TypeVar

import psycopg
import pytest

from ledger.errors import LedgerError, Unreachable
from ledger.evidence.report import Report, Verdict
from ledger.storage import open_store
from ledger.storage.postgres import appending
from tests import postgres
from tests.postgres import Server, end_connections, is_alive
from tests.stores import CAMPAIGN, PATIENCE, event
from tests.tampering import ANA, make_home_with_everything, outcome, places
from tests.test_store_crashes import acknowledged_in, assert_kept, wait_for_the_dead
from tests.writers import batches, program

Told = TypeVar("Told")

pytest_plugins = ["tests.figures"]
pytestmark = pytest.mark.needs("initdb")


@pytest.fixture(scope="module")
def careful_server() -> Iterator[Server]:
    """A server that waits for its disk, and of which nothing but the process that is asked writes."""
    quiet = [
        "autovacuum=off",
        "wal_level=minimal",
        "max_wal_senders=0",
        "wal_writer_delay=10s",
        "checkpoint_timeout=1h",
    ]
    with postgres.server(*quiet) as started:
        yield started


@pytest.fixture
def traceable() -> None:
    """Skips where one process may not watch another."""
    if run(["strace", "-f", "-o", "/dev/null", "true"], check=False, capture_output=True).returncode:
        pytest.skip("strace may not trace processes here")


@contextmanager
def watched(process: int, *options: str) -> Iterator[None]:
    """What a process asks the system for is watched meanwhile, or until it ends."""
    with Popen(["strace", *options, "-p", str(process)], stderr=PIPE, text=True) as watching:
        assert watching.stderr is not None
        assert "attached" in watching.stderr.readline()
        try:
            yield
        finally:
            watching.terminate()


def server_process(url: str) -> int:
    """The process of the server that serves the only connection of ours."""
    with closing(psycopg.connect(url)) as connection:
        found = connection.execute("SELECT pid FROM pg_stat_activity WHERE application_name = 'dua-ledger'")
        ((pid,),) = found.fetchall()
    return int(pid)


# On disk before it is answered.

CALLS = {"recvfrom": "asked", "pwrite64": "written", "fdatasync": "synced", "fsync": "synced", "sendto": "answered"}
LINE = re.compile(r"(?P<call>\w+)\(\d+<(?P<file>[^>]*)>.* = \d+")


def calls_in(trace: Path) -> Iterator[str]:
    """What a traced process of the server was asked, wrote to its log, synced and answered."""
    for line in filter(None, map(LINE.match, trace.read_text(encoding="utf-8").splitlines())):
        if line["call"] in ("recvfrom", "sendto") or "/pg_wal/" in line["file"]:
            yield CALLS[line["call"]]


@pytest.mark.needs("strace")
def test_an_append_is_answered_only_when_the_server_has_it_on_disk(careful_server: Server, tmp_path: Path, traceable):
    with careful_server.served() as url:
        database = url.partition("?")[0].rpartition("/")[2]
        careful_server.execute(f"ALTER DATABASE {database} SET synchronous_commit = off")
        with open_store(url) as store:
            store.append([event()])
            options = ["-y", "-s", "0", "-o", str(tmp_path / "trace"), "-e", f"trace={','.join(CALLS)}"]
            with watched(server_process(url), *options):
                for batch in islice(batches(1), 12):
                    store.append(batch)

    told = " ".join(calls_in(tmp_path / "trace"))
    # Of the last call, on which the answer goes out, nothing more may have been noted by then.
    synced = "(asked )+((written|synced) )*written synced"
    assert re.fullmatch(rf"({synced} answered ){{11}}{synced}( answered)?", told)


# Whoever dies.

KILLED = "signal=KILL"
# What a disk says when a write-ahead log can't be brought to it; the whole server then begins anew.
AT = [
    *((call, KILLED) for call in (["pwrite64", "fdatasync", "sendto", "recvfrom"] if CAMPAIGN else ["fdatasync"])),
    *(("fdatasync", f"error={why}") for why in ("ENOSPC", "EIO")),
]


def fatal(call: str, number: int, how: str = KILLED) -> list[str]:
    """What has strace kill a process at its call of that number of a kind, or have the call fail."""
    return ["-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:{how}:when={number}"]


@pytest.mark.needs("strace")
@pytest.mark.campaign
@pytest.mark.parametrize(("call", "how"), AT)
def test_when_a_process_of_the_server_dies_at_a_call_all_goes_on_by_itself(
    call, how, careful_server: Server, traceable, tell, monkeypatch
):
    monkeypatch.setattr(appending, "RESOLVE_SECONDS", PATIENCE)
    deaths = 0
    for number in count(1) if CAMPAIGN else [2]:
        with careful_server.served() as url, open_store(url) as store:
            store.append([event("t", "batch:first", data=b"1 ")])
            dying = server_process(url)
            with watched(dying, *fatal(call, number, how)):
                entries = [
                    entry for batch in islice(batches(1), 4) for entry in told(partial(store.append_entries, batch))
                ]
            told(store.head)
            assert_kept(store, [(entry.position, entry.leaf.hex()) for entry in entries])
            assert store.length() == 1 + len(entries)
            if is_alive(dying):
                break
        deaths += 1
    tell(f"deaths at {call}, {how}", deaths)
    assert deaths


def told(ask: Callable[[], Told]) -> Told:
    """What the server says, once it can be reached; who is told that it can't be has recorded nothing."""
    until = monotonic() + PATIENCE
    while True:
        try:
            return ask()
        except Unreachable:
            assert monotonic() < until


@pytest.mark.needs("strace")
@pytest.mark.campaign
def test_a_writer_killed_at_what_it_sends_to_the_server_leaves_nothing_by_halves(service_url: str, traceable, tell):
    acknowledged: list[tuple[int, str]] = []
    kills = 0
    for number in count(1) if CAMPAIGN else [30]:
        with program("acknowledge", service_url, number, 4, before=["strace", "-f", *fatal("sendto", number)]) as dying:
            said, _ = dying.communicate(timeout=PATIENCE)
        acknowledged += acknowledged_in(said)
        wait_for_the_dead(service_url)
        with open_store(service_url) as store:
            assert_kept(store, acknowledged)
        if dying.returncode == 0:
            break
        assert dying.returncode == -signal.SIGKILL
        kills += 1
    tell("kills at what is sent", kills)
    assert kills


# The bytes of its files.

OF_ANA = f"subject = 'person:{ANA}'"
TABLES = {
    "ledger.entries": {"entry": "position = 70", "tree": "position = 71"},
    "ledger.tags": {"tag": "position = 72 AND tag > ''"},
    "custody.sealed": {"box": OF_ANA, "commitment": OF_ANA},
    "custody.documents": {"box": "true"},
    "keys.salts": {"wrapped": OF_ANA, "commitment": OF_ANA},
    "keys.subject_keys": {"wrapped": OF_ANA},
}
# Where a table is, and where what is long in it.
FILES = """
    SELECT pg_relation_filepath(oid), CASE WHEN reltoastrelid <> 0 THEN pg_relation_filepath(reltoastrelid) END
    FROM pg_class WHERE oid = %s::regclass
"""


class Copied:
    """A home in a database that is made anew, as a copy, for each change to one of its files."""

    def __init__(self, server: Server, home: Path) -> None:
        self.server, self.home = server, home
        self._name = server.new_database(postgres.MADE)
        make_home_with_everything(home, server.url(self._name))
        with self.connected() as connection:
            # So nothing of it is in the server's memory yet when it is changed.
            self._as_files = "STRATEGY file_copy" if connection.info.server_version >= 150_000 else ""
            self.files = {
                table: [server.data / path for path in connection.execute(FILES, (table,)).fetchall()[0] if path]
                for table in TABLES
            }
        self._pristine = f"{self._name}_pristine"
        # Who has closed a connection may still be on the way out.
        end_connections(server, f"datname = '{self._name}'")
        server.execute(f"ALTER DATABASE {self._name} RENAME TO {self._pristine}")

    def connected(self) -> "closing[psycopg.Connection[Any]]":
        return closing(psycopg.connect(self.server.url(self._name), autocommit=True))

    @contextmanager
    def copy(self, file: Path = Path(), bit: int | None = None) -> Iterator[None]:
        """The database once more, with that bit changed in that file of it."""
        self.server.execute(f"CREATE DATABASE {self._name} TEMPLATE {self._pristine} {self._as_files}")
        if bit is not None:
            with closing(psycopg.connect(self.server.url("postgres"))) as connection:
                row = connection.execute("SELECT oid FROM pg_database WHERE datname = %s", (self._name,)).fetchone()
            assert row is not None
            copied = file.parent.with_name(str(row[0])) / file.name
            content = bytearray(copied.read_bytes())
            content[bit // 8] ^= 1 << bit % 8
            copied.write_bytes(content)
        yield
        self.server.drop(self._name)

    def facts(self) -> dict[str, set[tuple[object, ...]]]:
        """Every fact, told without our own code; none where the server or a text is broken."""
        try:
            with self.connected() as connection:
                return {
                    table: set(connection.execute(f"SELECT * FROM {table}".encode()).fetchall()) for table in TABLES
                }
        except (psycopg.Error, UnicodeDecodeError):
            return {}

    def drop(self) -> None:
        self.server.drop(self._pristine)

    def bits(self) -> Iterator[tuple[Path, int]]:
        """A bit in the middle of one value of each kind, the highest of a byte: no text is UTF-8 any more after it."""
        for table, columns in TABLES.items():
            for column, which in columns.items():
                with self.connected() as connection:
                    row = connection.execute(f"SELECT {column} FROM {table} WHERE {which}".encode()).fetchone()
                assert row is not None
                value = row[0].encode() if isinstance(row[0], str) else row[0]
                (place,) = [
                    (file, start) for file in self.files[table] if (start := file.read_bytes().find(value[:64])) >= 0
                ]
                yield place[0], 8 * (place[1] + min(32, len(value)) // 2) + 7


@pytest.fixture(scope="module")
def copied(postgres_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copied]:
    office = Copied(postgres_server, tmp_path_factory.mktemp("copied") / "home")
    yield office
    office.drop()


def test_a_bit_of_a_fact_that_changes_in_a_file_of_the_server_is_found(copied: Copied):
    with copied.copy():
        before, bits = outcome(copied.home), [*copied.bits()]
    found: set[int | None] = set()
    for file, bit in bits if CAMPAIGN else bits[::2]:
        with copied.copy(file, bit):
            report = outcome(copied.home)
        assert isinstance(report, Report)
        assert report.verdict is Verdict.ALTERED, (file, bit)
        found |= places(report)

    assert isinstance(before, Report)
    assert (before.findings, {70, 72} <= found) == ((), True)


@pytest.mark.campaign
def test_no_bit_that_changes_in_a_file_of_the_server_goes_unnoticed_where_it_changes_a_fact(copied: Copied, tell):
    with copied.copy():
        facts = copied.facts()
    chance = random.Random(os.environ.get("SEED", "flips"))
    files = [file for of_one in copied.files.values() for file in of_one if file.stat().st_size]
    harmless = 0
    for _ in range(400 if CAMPAIGN else 1):
        file = chance.choice(files)
        bit = chance.randrange(8 * file.stat().st_size)
        with copied.copy(file, bit):
            now = copied.facts()
            # A row that was removed from custody and stands there again is one that nobody commits to, and is swept.
            # What a row there says of its own key does not matter while the index leads to it; amcheck finds that.
            as_before = bool(now) and all(
                now[table] == there
                if table.startswith("ledger.")
                else {row[1:] for row in now[table]} >= {row[1:] for row in there}
                for table, there in facts.items()
            )
            report = outcome(copied.home)
        harmless += as_before
        assert isinstance(report, LedgerError) or report.verdict is not Verdict.HOLDS or as_before, (file, bit)
    tell("changed bits that changed no fact", harmless)
