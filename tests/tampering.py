"""What the tests of a dishonest operator share: a home with everything in it, and ways to lay hands on its files."""

import io
import sqlite3
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any, ClassVar

import psycopg
from eventsourcing.dcb.api import DCBEvent

from api.cli.verifying import verify_home
from ledger.chain.entry import read_entry
from ledger.codec import Codec, Fact
from ledger.errors import LedgerError
from ledger.events import (
    DataSetRegistered,
    DataSetVersionAdded,
    Event,
    PersonRegistered,
    RequestSubmitted,
)
from ledger.events.request import Wanted
from ledger.evidence.report import Report, Verdict
from ledger.home import Home, create_home, erase_person, open_home
from ledger.storage import create_store, open_store
from ledger.storage.postgres.indexes import UNCHECKED
from ledger.storage.tag_index import STEP, indexed_up_to
from tests.facts import noon
from tests.postgres import as_superuser

LAPSES = date(2026, 12, 21)
ORIGIN = "ir.example.edu/dua-ledger"
PDF = "application/pdf"
ANA, BEN, EVE, LEO = (f"p-{number:032x}" for number in (0xA, 0xB, 0xE, 0x10))
DATABASES = {"log.db": "log.db", "custody.db": "custody.db", "keys.db": "keys/keys.db"}
SCHEMAS = {"log.db": "ledger", "custody.db": "custody", "keys.db": "keys", "checkpoints.db": "lock_store"}

# Enough that the index, which is written in steps, covers a position that completes eight subtrees and leaves a tail.
BULK = 278
SIZE = 299


@dataclass
class Operator:
    """Somebody with a shell on the machine, and a home at `path`."""

    path: Path
    # What a table says that takes no such row.
    refusals: ClassVar[tuple[type[Exception], ...]] = (sqlite3.IntegrityError,)
    # So many attacks of a kind are tried, unless it is a campaign.
    enough: ClassVar[float] = float("inf")
    unchecked: ClassVar[tuple[str, ...]] = ()

    def indexed(self, length: int) -> int:
        """Up to where the tag index goes when the log is so long."""
        return indexed_up_to(length)

    def index(self, connection: Any, said: Iterable[tuple[str, str, int]]) -> None:
        """Have the tag index hold just this: each tag with the type and the position of an entry."""
        connection.execute("DELETE FROM tags")
        listed = defaultdict[tuple[str, str, int], list[int]](list)
        for tag, type_, position in sorted({*said}):
            listed[tag, type_, (position - 1) // STEP].append(position)
        rows = [(tag, type_, last, ",".join(map(str, first))) for (tag, type_, _), (*first, last) in listed.items()]
        connection.executemany("INSERT INTO tags VALUES (?, ?, ?, ?)", rows)

    def takes(self, position: int) -> bool:
        """Whether there may be an entry at such a position."""
        del position
        return True

    @contextmanager
    def database(self, name: str) -> Iterator[Any]:
        """One of the databases, with its guards down; they are put back exactly as they were."""
        path = self.path / DATABASES[name]
        with closing(sqlite3.connect(path, isolation_level=None)) as connection, guards_down(connection):
            yield connection

    def run(self, name: str, statement: str, *values: object) -> list[tuple[object, ...]]:
        """Run one statement on a database."""
        with self.database(name) as connection:
            found = connection.execute(statement, values)
            return list(found.fetchall()) if found.description else []

    def files(self) -> list[Path]:
        return sorted(file for file in self.path.rglob("*") if file.is_file())

    def contents(self) -> dict[Any, Any]:
        """All that is kept."""
        return {file: file.read_bytes() for file in self.files()}

    def restore(self, contents: dict[Any, Any]) -> None:
        """Make it what it was."""
        for file in self.files():
            if file not in contents:
                file.unlink(missing_ok=True)
        for file, content in contents.items():
            file.parent.mkdir(exist_ok=True)
            if not file.is_file() or file.read_bytes() != content:
                file.write_bytes(content)

    def document(self, address: bytes) -> Path:
        """The file of the document at this address."""
        return self.path / "documents" / address.hex()[:2] / address.hex()[2:]

    def commitments(self) -> dict[bytes, int]:
        """Each commitment in the log, with the position of its entry."""
        found = {}
        codec = Codec()
        for position, raw in self.run("log.db", "SELECT position, entry FROM entries"):
            assert isinstance(position, int)
            assert isinstance(raw, bytes)
            entry = read_entry(raw)
            payload = codec.payload(entry)
            event = codec.event(entry.header.type, payload.event)
            for commitment in (*event.sealed().values(), *payload.documents):
                found[bytes.fromhex(commitment)] = position
        return found


@dataclass
class Superuser(Operator):
    """Somebody who may do everything in a PostgreSQL database, and a home at `path` that the service keeps there."""

    url: str = ""
    refusals: ClassVar[tuple[type[Exception], ...]] = (psycopg.IntegrityError, psycopg.DataError)
    enough: ClassVar[float] = 1
    unchecked: ClassVar[tuple[str, ...]] = (UNCHECKED,)

    def indexed(self, length: int) -> int:
        return length

    def index(self, connection: Any, said: Iterable[tuple[str, str, int]]) -> None:
        connection.execute("DELETE FROM tags")
        connection.executemany("INSERT INTO tags VALUES (?, ?, ?)", [*said])

    def takes(self, position: int) -> bool:
        return position > 0

    @contextmanager
    def database(self, name: str) -> Iterator[Any]:
        """One of the schemas, with its guards down until they are put back as they were."""
        with closing(psycopg.connect(as_superuser(self.url), autocommit=True)) as connection, connection.transaction():
            connection.execute(f"SET LOCAL search_path = {SCHEMAS[name]}".encode())
            guarded = [table for (table,) in connection.execute(GUARDED, (SCHEMAS[name],))]
            for table in guarded:
                connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER".encode())
            yield Shell(connection)
            for table, guard in connection.execute(GUARDS_OF, (SCHEMAS[name],)).fetchall():
                connection.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {guard}".encode())

    def contents(self) -> dict[Any, Any]:
        with closing(psycopg.connect(as_superuser(self.url), autocommit=True)) as connection:
            return {
                (name, table): sorted(connection.execute(f"SELECT * FROM {SCHEMAS[name]}.{table}".encode()), key=repr)
                for name, table in KEPT
            }

    def restore(self, contents: dict[Any, Any]) -> None:
        there = self.contents()
        for name, table in KEPT:
            rows = contents[name, table]
            if rows != there[name, table]:
                with self.database(name) as shell:
                    shell.execute(f"DELETE FROM {table}")
                    shell.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(rows[0]))})", rows)


# Tables of these schemas whose rows an attack may change, and those that have guards.
KEPT = [
    *(("log.db", "entries"), ("log.db", "tags")),
    *(("custody.db", "sealed"), ("custody.db", "documents")),
    *(("keys.db", table) for table in ("opened_by", "subject_keys", "salts", "secrets")),
]
GUARDS_OF = """
    SELECT c.relname, t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE c.relnamespace = to_regnamespace(%s) AND NOT t.tgisinternal
"""
GUARDED = f"SELECT DISTINCT relname FROM ({GUARDS_OF}) AS guards"


class Shell:
    """A connection that takes SQLite's statements."""

    def __init__(self, connection: "psycopg.Connection[Any]") -> None:
        self._connection = connection

    def execute(self, statement: str, values: Sequence[object] = ()) -> "psycopg.Cursor[Any]":
        return self._connection.execute(translated(statement), values)

    def executemany(self, statement: str, values: Sequence[Sequence[object]]) -> None:
        with self._connection.cursor() as cursor:
            cursor.executemany(translated(statement), values)


def translated(statement: str) -> bytes:
    placed = statement.replace("%", "%%").replace(" IS ?", " IS NOT DISTINCT FROM ?").replace("?", "%s")
    return placed.encode()


@contextmanager
def guards_down(connection: sqlite3.Connection) -> Iterator[None]:
    guards = connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
    for name, _ in guards:
        connection.execute(f"DROP TRIGGER {name}")
    yield
    for _, sql in guards:
        connection.execute(sql)


def furnish(path: Path) -> Operator:
    """A home in files with people, requests, sealed texts, documents, an erasure, and much besides."""
    make_home_with_everything(path)
    return checkpointed(path)


def make_home_with_everything(path: Path, store: str | None = None) -> None:
    """The same, in files or in a PostgreSQL database."""
    create_home(path, ORIGIN, actor="operator", via="test", clock=noon, store=store)
    with open_home(path, noon) as home:
        record(home, DataSetRegistered(dataset="D-1", course_run="course-v1:MITx+6.002x", kind="person-course"))
        record(home, DataSetVersionAdded(dataset="D-1", label="1", form="identified", digest="5a" * 32))
        register(home, ANA, "Ana Ejemplo", letter=b"Ana's letter")
        register(home, BEN, "Ben Beispiel")
        register(home, EVE, "Eve Esempio", letter=b"Eve's letter")
        submit(home, "R-2026-0001", ANA)
        erase_person(home, BEN, ("phone",), last_copy_lapses=LAPSES, actor="operator", via="test")
        erase_person(home, EVE, (), last_copy_lapses=LAPSES, actor="operator", via="test")
        bulk = [DataSetRegistered(dataset=f"D-{n}", course_run="x", kind="forum") for n in range(2, 2 + BULK)]
        record(home, *bulk)
        register(home, LEO, "Leo Ejemplo", letter=b"Leo's letter")
        submit(home, "R-2026-0002", LEO)
        record(home, *bulk[: SIZE - home.ledger.store.head().position])


def checkpointed(path: Path) -> Operator:
    """The home at `path`, with all of its log in one file."""
    operator = Operator(path)
    with closing(sqlite3.connect(path / "log.db")) as connection:
        assert connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone() == (0, 0, 0)
    return operator


def record(home: Home, *events: Event, documents: Sequence[str] = ()) -> list[int]:
    """Record these events together; gives their positions."""
    facts = [Fact(event=event, actor="operator", via="test", documents=tuple(documents)) for event in events]
    return home.ledger.append(facts).positions


def register(home: Home, person: str, name: str, letter: bytes = b"") -> int:
    """Register a person with name, e-mail address and telephone, and keep a letter of theirs; gives the position."""
    subject, wire_name = f"person:{person}", PersonRegistered.wire_name
    details = home.custody.seal(subject, wire_name, details_of(name))
    documents = [home.custody.keep_document(subject, wire_name, io.BytesIO(letter), PDF)] if letter else []
    (position,) = record(home, PersonRegistered(person=person, **details), documents=documents)
    return position


def details_of(name: str) -> dict[str, str]:
    number = int.from_bytes(sha256(name.encode()).digest())
    return {"name": name, "email": f"{number % 16**20:020x}@mail.example.edu", "phone": f"+1 617 {number % 10**12:012}"}


def submit(home: Home, request: str, person: str) -> int:
    """Submit a request, with a description and a document that belong to it; gives the position."""
    subject, wire_name = f"request:{request}", RequestSubmitted.wire_name
    sealed = home.custody.seal(subject, wire_name, {"description": f"What {request} is about"})
    letter = home.custody.keep_document(subject, wire_name, io.BytesIO(b"%PDF " + request.encode() * 500), PDF)
    submitted = RequestSubmitted(
        request=request,
        researcher=person,
        datasets=(Wanted(dataset="D-1", form="identified"),),
        study_group=(person,),
        purposes=("scholarship on teaching and learning",),
        description=sealed["description"],
    )
    (position,) = record(home, submitted, documents=[letter])
    return position


def fill_store(path: Path, size: int, payload: bytes = b"{}", tags: Callable[[int], list[str]] | None = None) -> str:
    """A store with so many entries, written in large batches; gives its URL."""
    url = f"sqlite:///{path}"
    create_store(url)
    with open_store(url, noon) as store:
        for start in range(0, size, 5000):
            numbers = range(start, min(start + 5000, size))
            store.append_entries([DCBEvent("thing.happened.v1", payload, tags(n) if tags else []) for n in numbers])
    return url


def outcome(path: Path) -> Report | LedgerError:
    """What a verification of a home reports, or that it could not run, by name."""
    try:
        return verify_home(path)
    except LedgerError as error:
        return error


def places(report: Report) -> set[int | None]:
    """Where something was altered."""
    return {finding.position for finding in report.findings if finding.verdict is Verdict.ALTERED}


@contextmanager
def meanwhile(work: Callable[[threading.Event], None]) -> Iterator[None]:
    """Let `work` run in a thread as long as the block does; its event tells it to stop."""
    stop = threading.Event()
    failed: list[BaseException] = []

    def run() -> None:
        try:
            work(stop)
        except BaseException as error:
            failed.append(error)
            raise

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
    assert failed == []
