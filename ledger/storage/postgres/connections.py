"""Connections to PostgreSQL, lent out to one thread at a time, on which no wait lasts for ever.

A connection is made when there is no idle one, and thrown away when something went wrong on it: so the reason why there
is none is known at once, which a pool that connects in the background keeps to itself, and a server that comes back, or
another that took its place, is found by the next that asks. The server ends a statement or a wait for a lock in time;
the client ends its own wait, that for a COMMIT too, which nothing on the server bounds.
"""

import os
import select
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from typing import Any, ClassVar, NamedTuple, TypeVar
from weakref import WeakSet

import psycopg
from psycopg.abc import RV, PQGen
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from ledger.errors import Busy, Damaged, LedgerError, Malformed, NotALedger, StoreFull, Unreachable
from ledger.turns import acquired, waiting

LOCK_SECONDS = 10.0
STATEMENT_SECONDS = 30.0
# Longer than the server takes to give up by itself, so that what it says is heard.
CLIENT_SECONDS = 40.0
LONG_SECONDS = 86_400.0
IDLE_SECONDS = 5.0
CONNECT_SECONDS = 5
MOST = 32
KEEPALIVE = {"keepalives_idle": "10", "keepalives_interval": "5", "keepalives_count": "3", "tcp_user_timeout": "30000"}

# Where no ledger was ever made, such things are missing.
_NO_TABLES = {"3F000", "42P01", "42883", "42703"}
_STANDBY = "25006"
_OF_THE_SERVER = {"08", "25", "28", "3D", "40", "42", "53", "57", "58"}
# The session, or the whole server, ends with these, whatever it was that went wrong.
_LAST_WORDS = {"FATAL", "PANIC"}

Row = tuple[Any, ...]
Outcome = TypeVar("Outcome")


class Server(NamedTuple):
    """Where a database is: how it is connected to, and how it is spoken of, without a password.

    `anywhere` is how one connects when the primary is gone, to whichever server there is; empty if any will do.
    """

    conninfo: str
    shown: str
    anywhere: str = ""


def server_at(url: str, **settings: str) -> Server:
    """The database at `postgresql://user@host:port/name`, several hosts and libpq's parameters included.

    `settings` are the server's for this use, in the place of ours; what the URL itself says has precedence. Raises
    `Malformed` for what libpq does not understand.
    """
    try:
        given = {name: str(value) for name, value in conninfo_to_dict(url).items() if value is not None}
    except psycopg.ProgrammingError as error:
        # What libpq says of it may quote a password.
        raise Malformed("store URL", url.partition("://")[0] + "://...", "is not as libpq reads it") from error
    options = f"{_options(settings)} {given.pop('options', '')}".strip()
    defaults = {"connect_timeout": str(CONNECT_SECONDS), "application_name": "dua-ledger", **KEEPALIVE}
    hosts = given.get("host", given.get("hostaddr", ""))
    if "," in hosts:
        # Whoever names several wants the one that can be written, unless they say otherwise.
        defaults["target_session_attrs"] = "read-write"
    shown = f"postgresql://{hosts}/{given.get('dbname', '')}"
    values = {**defaults, **given, "options": options, "client_encoding": "UTF8"}
    is_choosy = values.get("target_session_attrs", "any") != "any"
    anywhere = make_conninfo(**{**values, "target_session_attrs": "any"}) if is_choosy else ""
    return Server(make_conninfo(**values), shown, anywhere)


def _options(others: Mapping[str, str]) -> str:
    settings = {
        "default_transaction_isolation": r"read\ committed",
        "search_path": "pg_catalog",
        # An answer to a caller means that it is on disk, whatever is usual for this database.
        "synchronous_commit": "on",
        "lock_timeout": f"{LOCK_SECONDS * 1000:.0f}",
        "statement_timeout": f"{STATEMENT_SECONDS * 1000:.0f}",
        # Whose connection is gone without a word must not hold the writers' lock for long.
        "idle_in_transaction_session_timeout": f"{IDLE_SECONDS * 1000:.0f}",
        # What is here is found by its index, however little the server knows yet of how much there is.
        "jit": "off",
        "enable_seqscan": "off",
        **others,
    }
    return " ".join(f"-c {name}={value}" for name, value in settings.items())


class Connection(psycopg.Connection[Row]):
    """A connection that gives up waiting, and remembers whether the server warned of something."""

    warned = ""
    patience: float | None = None

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        """As the library has it, with a time limit. Raises `OperationalError` without a code when that is over."""
        with waiting():
            return super().wait(gen, interval, timeout or self.patience or CLIENT_SECONDS)

    @contextmanager
    def unhurried(self) -> Iterator[None]:
        """A transaction that takes as long as it takes to read everything there is."""
        self.patience = LONG_SECONDS
        try:
            with self.transaction():
                self.execute("SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0")
                yield
        finally:
            self.patience = None

    def hear(self, notice: psycopg.errors.Diagnostic) -> None:
        """Keep a warning."""
        if notice.severity_nonlocalized == "WARNING":
            self.warned = str(notice.message_primary)


def connect(conninfo: str) -> Connection:
    """A new connection that leaves transactions to its user."""
    connection = Connection.connect(conninfo, autocommit=True)
    connection.add_notice_handler(connection.hear)
    return connection


def is_lost(error: Exception) -> bool:
    """Whether the connection is of no more use, so that nobody knows what became of a COMMIT sent on it."""
    if not isinstance(error, psycopg.Error):
        return False
    if error.diag.severity_nonlocalized in _LAST_WORDS:
        return True
    if not isinstance(error, psycopg.OperationalError):
        return False
    code = error.sqlstate
    return code is None or code[:2] == "08" or code[:4] == "57P0"


class Connections:
    """As many connections as are used at the same time, up to a limit; none of them is used on both sides of a fork."""

    _everywhere: ClassVar[WeakSet["Connections"]] = WeakSet()

    def __init__(self, server: Server, most: int = MOST) -> None:
        self.server = server
        self._most = most
        self._start()
        self._everywhere.add(self)

    def _start(self) -> None:
        self._room = threading.BoundedSemaphore(self._most)
        self._idle: deque[Connection] = deque()
        self._is_open = True

    @contextmanager
    def borrowed(self) -> Iterator[Connection]:
        """A connection that nobody else uses meanwhile. Raises `Busy` when all are in use for too long."""
        if not acquired(self._room, LOCK_SECONDS):
            raise Busy(self.server.shown, LOCK_SECONDS)
        try:
            connection = self._take()
            try:
                yield connection
            finally:
                self._give_back(connection)
        finally:
            self._room.release()

    def ask(self, question: Callable[[Connection], Outcome]) -> Outcome:
        """The answer to a question that changes nothing; asked again where the connection had ended meanwhile.

        Where no server can be written to, one that can be read answers: up to where it has come.
        """
        for again in (True, bool(self.server.anywhere)):
            try:
                with self.borrowed() as connection:
                    return question(connection)
            except psycopg.OperationalError as error:
                if not (again and is_lost(error)):
                    raise
            self._close_idle()
        with closing(connect(self.server.anywhere)) as connection:
            return question(connection)

    @contextmanager
    def readable(self) -> Iterator[Connection]:
        """A connection for a long read, to a server that can only be read when there is no other."""
        with ExitStack() as lent:
            try:
                connection = lent.enter_context(self.borrowed())
            except psycopg.OperationalError as error:
                if not (self.server.anywhere and is_lost(error)):
                    raise
                connection = lent.enter_context(closing(connect(self.server.anywhere)))
            yield connection

    def close(self) -> None:
        """Close what nobody is using, and what is in use when it comes back; who asks again opens it again."""
        self._is_open = False
        self._close_idle()

    def _close_idle(self) -> None:
        with suppress(IndexError):
            while True:
                self._idle.pop().close()

    def _take(self) -> Connection:
        self._is_open = True
        with suppress(IndexError):
            while True:
                connection = self._idle.pop()
                if not _has_ended(connection):
                    return connection
                connection.close()
        return connect(self.server.conninfo)

    def _give_back(self, connection: Connection) -> None:
        if connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE and not connection.warned:
            self._idle.append(connection)
            if not self._is_open:
                self._close_idle()
        else:
            connection.close()

    @classmethod
    def after_fork(cls) -> None:
        """Leave the parent's connections alone: what a child said on them would be heard as the parent's words."""
        for connections in list(cls._everywhere):
            connections.disown()

    def disown(self) -> None:
        """Keep what is open from being used or closed here."""
        _inherited.append(self._idle)
        self._start()


_inherited: list[deque[Connection]] = []
os.register_at_fork(after_in_child=Connections.after_fork)


def _has_ended(connection: Connection) -> bool:
    """Whether an idle connection has something to say: nobody asked it anything, so it says that it ended."""
    waiting = select.poll()
    waiting.register(connection.fileno(), select.POLLIN)
    return bool(waiting.poll(0))


@contextmanager
def named_errors(shown: str) -> Iterator[None]:
    """Raise what PostgreSQL says of the database under the ledger's names."""
    try:
        yield
    except psycopg.Error as error:
        named = named_error(error, shown)
        if named is None:
            raise
        raise named from error


def named_error(error: psycopg.Error, shown: str) -> LedgerError | None:
    """The ledger's error for what PostgreSQL, or the connection to it, says."""
    code = error.sqlstate or ""
    why = (error.diag.message_primary or str(error)).strip() or type(error).__name__
    if error.diag.severity_nonlocalized in _LAST_WORDS:
        return Unreachable(shown, f"the server ended the connection ({why})")
    if code == "55P03":
        return Busy(shown, LOCK_SECONDS)
    if code == "57014":
        return Unreachable(shown, f"the server could not do it in time ({why}); nothing was recorded")
    if code == "53100":
        return StoreFull(shown, why)
    if code == _STANDBY:
        return Unreachable(shown, "is a standby, which can be read but not written")
    if code in _NO_TABLES:
        return NotALedger(shown, f"is no ledger's database ({why}): `dua-ledger migrate` makes one")
    # Our statements are fixed: what PostgreSQL finds wrong with one of them is wrong in the database.
    if code[:2] in ("XX", "23", "P0", "42", "22") and code != "42501":
        return Damaged(shown, why)
    if isinstance(error, psycopg.OperationalError) or code[:2] in (
        "53",
        "57",
        "58",
        "08",
        "25",
        "28",
        "3D",
        "42",
        "40",
    ):
        return Unreachable(shown, why)
    return None
