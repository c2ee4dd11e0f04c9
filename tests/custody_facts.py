"""What the tests of custody share: a folder with custody in it, and what can be seen there from outside."""

import io
import os
import re
import resource
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import psycopg
import pytest

from ledger.custody import Claim, Custody, Places
from ledger.custody.cipher import NONCE_BYTES
from ledger.custody.documents import box_document, record_of
from ledger.custody.keystore import Keys
from ledger.custody.vault import seal
from ledger.errors import CustodyError
from tests.postgres import as_superuser

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
ANA = "person:p-ana"
BEN = "person:p-ben"
PDF = "application/pdf"
SECRETS = ("people", "receipts")
# For a test that shows what custody promises wherever it is kept.
OVER_BOTH = pytest.mark.parametrize(
    "folder", ["file", pytest.param("postgres", marks=pytest.mark.needs("initdb"))], indirect=True
)


def noon() -> datetime:
    return NOON


@dataclass
class Folder:
    """A folder with custody's files, its databases open to anybody."""

    path: Path

    @property
    def places(self) -> Places:
        return Places.inside(self.path)

    def create(self, lock_seconds: float = 30.0) -> Custody:
        return Custody.create(self.places, noon, lock_seconds, secrets=SECRETS)

    def open(self, lock_seconds: float = 30.0) -> Custody:
        return Custody.open(self.places, noon, lock_seconds)

    def run(self, database: str, statement: str, *values: object) -> list[tuple[object, ...]]:
        """Run one statement on a database file, as somebody with a shell might."""
        with closing(sqlite3.connect(self.path / database, isolation_level=None)) as connection:
            return connection.execute(statement, values).fetchall()

    def files(self) -> list[Path]:
        return sorted(file for file in self.path.rglob("*") if file.is_file())

    def contents(self) -> dict[Path, bytes]:
        return {file: file.read_bytes() for file in self.files()}

    def restore(self, contents: dict[Path, bytes]) -> None:
        for file, content in contents.items():
            if not file.is_file() or file.read_bytes() != content:
                file.write_bytes(content)

    def traces_of(self, subject: str) -> list[bytes]:
        """Every encrypted thing that is kept of a subject, as its bytes are on disk."""
        rows = [
            *self.run("keys.db", "SELECT wrapped FROM subject_keys WHERE subject = ?", subject),
            *self.run("keys.db", "SELECT wrapped FROM salts WHERE subject = ?", subject),
            *self.run("keys.db", "SELECT mark FROM salts WHERE subject = ? AND mark IS NOT NULL", subject),
            *self.run("custody.db", "SELECT box FROM sealed WHERE subject = ?", subject),
        ]
        addresses = self.run(
            "custody.db", "SELECT document FROM sealed WHERE subject = ? AND document IS NOT NULL", subject
        )
        boxes = [self.box(address) for (address,) in addresses]
        return [trace for (trace,) in rows if isinstance(trace, bytes)] + boxes

    def document(self, address: object) -> Path:
        assert isinstance(address, bytes)
        return self.path / "documents" / address.hex()[:2] / address.hex()[2:]

    def box(self, address: object) -> bytes:
        """What is kept of a document."""
        return self.document(address).read_bytes()

    def found(self, traces: list[bytes]) -> list[bytes]:
        """The traces of which any 12 bytes in a row (at a multiple of 12) are still in some file."""
        everything = b"\n".join(self.contents().values())
        return [trace for trace in traces if any(part in everything for part in _parts(trace))]


@dataclass
class Shared(Folder):
    """A folder with the key-encryption key alone; keys, vault and documents are in a PostgreSQL database."""

    url: str

    @property
    def places(self) -> Places:
        return Places(self.url, self.path / "key-encryption-key", self.url, self.url)

    def run(self, database: str, statement: str, *values: object) -> list[tuple[object, ...]]:
        """Run one statement on a schema, as a superuser might."""
        placed = statement.replace("%", "%%").replace("?", "%s")
        with closing(psycopg.connect(as_superuser(self.url), autocommit=True)) as connection:
            connection.execute(f"SET search_path = {SCHEMAS[database]}".encode())
            cursor = connection.execute(re.sub(r"x'([0-9a-f]*)'", r"'\\x\1'::bytea", placed).encode(), values)
            return cursor.fetchall() if cursor.description else []

    def box(self, address: object) -> bytes:
        ((box,),) = self.run("custody.db", "SELECT box FROM documents WHERE address = ?", address)
        assert isinstance(box, bytes)
        return box

    def found(self, traces: list[bytes]) -> list[bytes]:
        """The traces of which any 12 bytes in a row are still in a file of the key store's tables and indexes.

        What was in other tables is the server's to overwrite in its own time; what opens it is gone.
        """
        self.run("keys.db", "CHECKPOINT")
        query = "SELECT oid::regclass::text FROM pg_class WHERE relnamespace = 'keys'::regnamespace"
        everything = b"\n".join(self._file_of(str(name)) for (name,) in self.run("keys.db", query))
        return [trace for trace in traces if any(part in everything for part in _parts(trace))]

    def _file_of(self, name: str) -> bytes:
        ((content,),) = self.run("keys.db", "SELECT pg_read_binary_file(pg_relation_filepath(?))", name)
        assert isinstance(content, bytes)
        return content


SCHEMAS = {"keys.db": "keys", "custody.db": "custody"}


def _parts(trace: bytes) -> list[bytes]:
    return [trace[start : start + 12] for start in range(0, max(len(trace) - 11, 1), 12)]


def checked(custody: Custody, claims: Iterable[tuple[str, str]]) -> list[CustodyError | None]:
    """What checking says of these commitments and purposes, whoever they are of."""
    return list(custody.check_many(Claim(*claim) for claim in claims))


def outcomes(custody: Custody, claims: list[tuple[str, str]]) -> dict[str, CustodyError | None]:
    """What checking says of each of these commitments."""
    return {commitment: result for (commitment, _), result in zip(claims, checked(custody, claims), strict=True)}


def a_person_and_a_document(custody: Custody, subject: str) -> list[tuple[str, str]]:
    """Keep two details and a document of somebody; returns the commitments with their purposes."""
    details = custody.seal(subject, "person.registered", {"name": f"Dr {subject}", "phone": "+1 617 253 1000"})
    letter = custody.keep_document(subject, "request.submitted", io.BytesIO(subject.encode() * 9), PDF)
    return [
        *((commitment, f"person.registered/{member}") for member, commitment in details.items()),
        (letter, "request.submitted/documents"),
    ]


def forged_text(custody: Custody, commitment: str, text: str) -> bytes:
    """A box that opens, made with all keys in hand: another text in the place of what was committed to."""
    return seal(_keys_of(custody, commitment), text.encode(), bytes(NONCE_BYTES)).box


def forged_document(custody: Custody, commitment: str, content: bytes) -> tuple[bytes, bytes]:
    """Address and box of a row for another document, which is put there, made with all keys in hand."""
    keys = _keys_of(custody, commitment)
    address, box = box_document(keys, content, bytes(NONCE_BYTES))
    custody._documents.write(address, box)
    record = msgspec.json.encode(record_of(content, PDF))
    return address, seal(keys, record, bytes(NONCE_BYTES), address).box


def _keys_of(custody: Custody, commitment: str) -> Keys:
    (row,) = custody._keys.rows([bytes.fromhex(commitment)])
    return custody._keys.unwrap(commitment, row)


@contextmanager
def no_file_may_grow_beyond(size: int) -> Iterator[None]:
    """As on a full disk: the operating system refuses what would make a file longer."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def erase_ana(path: str) -> None:
    """What a process does that is killed while it erases."""
    with Folder(Path(path)).open() as custody:
        custody.erase(ANA)


def keep_for_ana(path: str) -> None:
    """What a process does that is killed while it seals."""
    with Folder(Path(path)).open() as custody:
        a_person_and_a_document(custody, ANA)


def seal_for_ana(path: str, times: int) -> list[tuple[str, str]]:
    """What one of several processes does at once with others; it opens each value again as soon as it is sealed."""
    claims = []
    with Folder(Path(path)).open() as custody:
        for n in range(times):
            sealed = custody.seal(ANA, "person.registered", {"note": f"note {n}"})
            assert custody.unseal(sealed["note"]) == f"note {n}"
            claims.append((sealed["note"], "person.registered/note"))
    return claims


def fork_and_seal(path: str) -> None:
    """What a process does that forks while custody is open, and goes on with it on both sides."""
    with Folder(Path(path)).open() as custody:
        claims = a_person_and_a_document(custody, ANA)
        child = os.fork()
        if child == 0:
            held = not any(checked(custody, claims)) and custody.seal(ANA, "person.registered", {"name": "Ana"})
            os._exit(0 if held else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert not any(checked(custody, claims))
