"""PostgreSQL servers that tests start themselves, each in a throw-away folder of its own, reached by a socket in it."""

import os
import pwd
import shutil
import signal
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from subprocess import DEVNULL, CalledProcessError, run
from tempfile import mkdtemp
from time import monotonic
from typing import Any

import psycopg

from ledger.storage import create_store
from ledger.storage.postgres.declared import SERVICE
from tests.stores import PATIENCE

ADMIN, API = "admin", "api"
# In files of its folder, of which nothing is left when it is killed and never started again.
SHARED = "dynamic_shared_memory_type=mmap"
MADE = "made"
_numbers = count(1)


def program(name: str) -> str | None:
    """Where a program is; Debian keeps those of PostgreSQL off the PATH."""
    return shutil.which(name) or next((str(one) for one in Path("/usr/lib/postgresql").glob(f"*/bin/{name}")), None)


def ordinary_user() -> str | None:
    """As whom a server runs: initdb refuses root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


class Server:
    """A server in `folder`; `settings` are its own."""

    def __init__(self, folder: Path, *settings: str, port: int = 5432) -> None:
        self.folder, self.settings, self.port = folder, settings, port
        self.data = folder / "data"
        self._has_service = False

    def run(self, name: str, *arguments: object) -> None:
        """Run one of PostgreSQL's programs as the server's user."""
        found, user = program(name), ordinary_user()
        assert found is not None
        words = [found, *map(str, arguments)]
        who: dict[str, Any] = {} if user is None else {"user": user, "group": pwd.getpwnam(user).pw_gid}
        run(words, check=True, cwd="/", stdout=DEVNULL, stderr=DEVNULL, stdin=DEVNULL, **who)

    def make(self) -> None:
        """Make an empty cluster."""
        self.run("initdb", "-D", self.data, "-U", ADMIN, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N")

    def start(self) -> None:
        """Start it, and wait until it can be asked."""
        settings = ["listen_addresses=", "max_connections=100", "shared_buffers=32MB", SHARED, *self.settings]
        options = " ".join([f"-k {self.folder}", f"-p {self.port}", *(f"-c {one}" for one in settings)])
        until = monotonic() + PATIENCE
        while True:
            try:
                self.run("pg_ctl", "start", "-w", "-D", self.data, "-l", self.folder / "log", "-o", options)
            except CalledProcessError:
                # What was killed may still be on its way out.
                assert monotonic() < until, (self.folder / "log").read_text(encoding="utf-8")
            else:
                return

    def make_standby_of(self, primary: "Server") -> None:
        """Make a copy of a running server that follows it."""
        source = f"host={primary.folder} port={primary.port} user={ADMIN} application_name=ledger_standby"
        self.run("pg_basebackup", "-D", self.data, "-d", source, "-R", "-c", "fast", "-N")

    def stop(self) -> None:
        """Stop it at once."""
        with suppress(CalledProcessError):
            self.run("pg_ctl", "stop", "-w", "-D", self.data, "-m", "immediate")

    def kill(self) -> None:
        """Kill it with all that belongs to it, as by a power cut."""
        pid = int((self.data / "postmaster.pid").read_text(encoding="ascii").split()[0])
        children = [one for one in processes() if parent_of(one) == pid]
        for one in (pid, *children):
            with suppress(ProcessLookupError):
                os.kill(one, signal.SIGKILL)
        until = monotonic() + PATIENCE
        while any(is_alive(one) for one in (pid, *children)):
            assert monotonic() < until

    def url(self, database: str, user: str = ADMIN) -> str:
        """The URL of a database on it."""
        return f"postgresql://{user}@/{database}?host={self.folder}&port={self.port}"

    def execute(self, *statements: str, database: str = "postgres") -> None:
        """Run statements, each by itself, as the superuser; a server that recovers from a crash is waited for."""
        with closing(self._connected(self.url(database))) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def wait_until(self, question: str, database: str = "postgres") -> None:
        """Wait until a question to the server is answered with yes."""
        until = monotonic() + PATIENCE
        with closing(self._connected(self.url(database))) as connection:
            while connection.execute(question.encode()).fetchone() != (True,):
                assert monotonic() < until, question

    def _connected(self, url: str) -> "psycopg.Connection[tuple[Any, ...]]":
        until = monotonic() + PATIENCE
        while True:
            try:
                return psycopg.connect(url, autocommit=True)
            except psycopg.OperationalError as error:
                if "the database system is " not in str(error) or monotonic() > until:
                    raise

    def service(self) -> str:
        """As whom the service logs in."""
        if not self._has_service:
            self.execute(f"CREATE ROLE {API} LOGIN IN ROLE {SERVICE}")
            self._has_service = True
        return API

    def new_database(self, template: str = "template0") -> str:
        """A database of its own for a test; gives its name."""
        name = f"test_{next(_numbers)}"
        with closing(self._connected(self.url("postgres"))) as connection:
            # Otherwise, since 15, all that is in its files goes through the server's log too.
            how = "STRATEGY file_copy" if connection.info.server_version >= 150_000 else ""
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} ENCODING 'UTF8' {how}".encode())
        return name

    def drop(self, name: str) -> None:
        """Remove a database, whoever is still connected to it."""
        self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    @contextmanager
    def ledger(self) -> Iterator[str]:
        """The URL by which a superuser reaches an empty ledger's database, which is gone afterwards."""
        name = self.new_database(MADE)
        try:
            yield self.url(name)
        finally:
            self.drop(name)

    @contextmanager
    def served(self) -> Iterator[str]:
        """The same, as the service reaches it."""
        user = self.service()
        with self.ledger() as url:
            yield url.replace(f"//{ADMIN}@", f"//{user}@")


def as_superuser(url: str) -> str:
    """The URL by which a superuser reaches what the service reaches by this one."""
    return url.replace(f"//{API}@", f"//{ADMIN}@")


def end_connections(server: Server, which: str = "application_name = 'dua-ledger'") -> None:
    """End all connections, of ours or which; they have ended when this returns, whoever connects meanwhile."""
    ending = f"FROM pg_stat_activity WHERE {which} AND backend_start < '{datetime.now(UTC)}'"
    server.execute(f"SELECT pg_terminate_backend(pid) {ending}")
    server.wait_until(f"SELECT count(*) = 0 {ending}")


def processes() -> list[int]:
    return [int(one.name) for one in Path("/proc").iterdir() if one.name.isdigit()]


def stat_of(pid: int) -> Sequence[str]:
    """State and parent of a process, and so on; nothing once it is gone."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return ()


def parent_of(pid: int) -> int:
    stat = stat_of(pid)
    return int(stat[1]) if stat else 0


def is_alive(pid: int) -> bool:
    stat = stat_of(pid)
    return bool(stat) and stat[0] != "Z"


@contextmanager
def new_folder(below: str = "/tmp") -> Iterator[Path]:
    """A folder that the server's user may use, with a name short enough for a socket in it."""
    folder = Path(mkdtemp(prefix="dua-pg-", dir=below))
    user = ordinary_user()
    if user is not None:
        os.chown(folder, pwd.getpwnam(user).pw_uid, pwd.getpwnam(user).pw_gid)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def server(*settings: str, below: str = "/tmp") -> Iterator[Server]:
    """A running server with an empty ledger to copy from."""
    with new_folder(below) as folder:
        started = Server(folder, *settings)
        started.make()
        started.start()
        try:
            started.execute(f"CREATE DATABASE {MADE} TEMPLATE template0 ENCODING 'UTF8'")
            create_store(started.url(MADE))
            yield started
        finally:
            started.stop()
