"""The engines that the benchmarks measure on: ledgers, and what stands beside them of the bare engine and library."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
from eventsourcing.persistence import ApplicationRecorder
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteDatastore

from ledger.evidence.lockstore import create_lock_store
from ledger.home import Home, create_home, open_home
from ledger.storage import create_store
from ledger.storage.sqlite import SETTINGS
from tests import postgres

ORIGIN = "ir.example.edu/dua-ledger"
ENTRIES = "SELECT entry FROM entries ORDER BY position"
ON_DISK = """
    SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c
    WHERE c.relnamespace = to_regnamespace('ledger') AND c.relkind = 'r'
"""
WAITS_FOR = "SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'synchronous_commit', 'full_page_writes')"


class SQLite:
    """Ledgers in files of a folder."""

    prefix = ""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def made_of(self) -> dict[str, Any]:
        """Version and settings."""
        return {"version": sqlite3.sqlite_version, "settings": list(SETTINGS)}

    @contextmanager
    def ledger(self, name: str) -> Iterator[str]:
        """The URL of a new one."""
        url = f"sqlite:///{self.folder / name}.db"
        create_store(url)
        yield url
        for file in self.folder.glob(f"{name}.db*"):
            file.unlink()

    def lock_store(self, url: str) -> str:
        """The URL of a new lock store of such a ledger."""
        beside = url.removesuffix(".db") + "-lock.db"
        create_lock_store(beside)
        return beside

    @contextmanager
    def home(self, name: str) -> Iterator[Home]:
        """A new home, open."""
        create_home(self.folder / name, ORIGIN, actor="staff:1", via="bench")
        with open_home(self.folder / name) as home:
            yield home

    @contextmanager
    def library(self) -> Iterator[ApplicationRecorder]:
        """The library's own recorder, of events in sequences."""
        with closing(SQLiteDatastore(str(self.folder / "sequences.db"))) as datastore:
            recorder = SQLiteApplicationRecorder(datastore)
            recorder.create_table()
            yield recorder
        for file in self.folder.glob("sequences.db*"):
            file.unlink()

    def entries(self, url: str) -> Iterator[bytes]:
        """The entries of a ledger, by a bare SELECT."""
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
            for (entry,) in connection.execute(ENTRIES):
                yield entry

    def size(self, url: str) -> int:
        """How many bytes a log has on disk."""
        return Path(url.removeprefix("sqlite:///")).stat().st_size


class PostgreSQL:
    """Ledgers on a server, of which what is files is in a folder."""

    prefix = "PostgreSQL: "

    def __init__(self, server: postgres.Server, folder: Path) -> None:
        self.server, self.folder = server, folder

    @property
    def made_of(self) -> dict[str, Any]:
        """Version and settings."""
        with closing(psycopg.connect(self.server.url("postgres"))) as connection:
            settings: dict[str, Any] = dict(connection.execute(WAITS_FOR).fetchall())
            return settings | {"version": str(connection.info.server_version)}

    @contextmanager
    def ledger(self, _: str) -> Iterator[str]:
        """The URL of a new one."""
        with self.server.ledger() as url:
            yield url

    def lock_store(self, url: str) -> str:
        """The URL of the lock store of such a ledger, which is in the same database."""
        return url

    @contextmanager
    def home(self, name: str) -> Iterator[Home]:
        """A new home, open."""
        with self.server.ledger() as url:
            create_home(self.folder / name, ORIGIN, actor="staff:1", via="bench", store=url)
            with open_home(self.folder / name) as home:
                yield home

    @contextmanager
    def datastore(self) -> Iterator[PostgresDatastore]:
        """What the library's own recorders keep theirs in: a database of its own."""
        name = self.server.new_database()
        with PostgresDatastore(
            dbname=name, host=str(self.server.folder), port=str(self.server.port), user=postgres.ADMIN, password=""
        ) as datastore:
            yield datastore
        self.server.drop(name)

    @contextmanager
    def library(self) -> Iterator[ApplicationRecorder]:
        """The library's own recorder, of events in sequences."""
        with self.datastore() as datastore:
            recorder = PostgresApplicationRecorder(datastore)
            recorder.create_table()
            yield recorder

    def entries(self, url: str) -> Iterator[bytes]:
        """The entries of a ledger, by a bare SELECT as the server sends them on."""
        with closing(psycopg.connect(url)) as connection, connection.cursor("entries", binary=True) as cursor:
            cursor.itersize = 1000
            cursor.execute(ENTRIES.replace("entries", "ledger.entries").encode())
            for (entry,) in cursor:
                yield entry

    def size(self, url: str) -> int:
        """How many bytes a log has on disk."""
        with closing(psycopg.connect(url)) as connection:
            ((found,),) = connection.execute(ON_DISK).fetchall()
        return int(found)


Engine = SQLite | PostgreSQL


@contextmanager
def files() -> Iterator[SQLite]:
    """A folder for this alone, where $DUA_BENCH_DIR says or temporary files are."""
    with TemporaryDirectory(prefix="dua-bench-", dir=os.environ.get("DUA_BENCH_DIR")) as name:
        yield SQLite(Path(name))


@contextmanager
def server() -> Iterator[PostgreSQL]:
    """A server for this alone, on a disk that it waits for."""
    with files() as beside, postgres.server("shared_buffers=256MB") as started:
        yield PostgreSQL(started, beside.folder)
