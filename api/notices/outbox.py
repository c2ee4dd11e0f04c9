"""The outbox: which notices wait, and what was tried. All but the attempts follows from the log.

It remembers how far it has read the log. One that is missing, or is not of this log or of these settings, is made anew:
what the log says was sent is not sent again.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any, NamedTuple

from api.notices.calling import CALLING, Call, begun_by, called_for, concerned
from api.notices.settings import Settings
from ledger.boundary import about
from ledger.chain.entry import format_time, parse_time
from ledger.codec import Recorded
from ledger.errors import AlreadyThere
from ledger.events import Event, FactCorrected, LedgerOpened, NoticeRefused, NoticeRevived, NoticeSent, RequestSubmitted
from ledger.events.reminding import Way
from ledger.files import new_file
from ledger.home import VIEWS, Home
from ledger.sqlite import Schema, named_errors
from ledger.storage.connections import Transaction
from ledger.storage.opening import connect
from projections.upkeep import Upkeep
from projections.views.findings import findings

OUTBOX = "outbox.db"
PRAGMAS = ("synchronous = FULL", "trusted_schema = OFF")
SCHEMA = Schema(
    "the state of an outbox",
    0x44554F42,  # "DUOB"
    1,
    (
        """
        CREATE TABLE reached (
            one INTEGER PRIMARY KEY CHECK (one = 1),
            position INTEGER NOT NULL,
            leaf BLOB NOT NULL,
            settings TEXT NOT NULL
        ) STRICT
        """,
        """
        CREATE TABLE waiting (
            position INTEGER NOT NULL,
            way TEXT NOT NULL,
            recipient TEXT NOT NULL,
            kind TEXT NOT NULL,
            request TEXT,
            message TEXT NOT NULL,
            recorded_at TEXT NOT NULL,
            attempts INTEGER NOT NULL DEFAULT 0,
            next_at TEXT NOT NULL DEFAULT '',
            problem TEXT NOT NULL DEFAULT '',
            PRIMARY KEY (position, way, recipient)
        ) STRICT, WITHOUT ROWID
        """,
    ),
)
WAIT = """
    INSERT OR IGNORE INTO waiting (position, way, recipient, kind, request, message, recorded_at)
    VALUES (?, ?, ?, ?, ?, ?, ?)
"""
MESSAGE = 5  # of the values that wait
WAITING = "SELECT * FROM waiting ORDER BY position, way, recipient"
SETTLE = "DELETE FROM waiting WHERE position = ? AND message = ?"
POSTPONE = """
    UPDATE waiting SET attempts = attempts + 1, next_at = ?, problem = ?
    WHERE position = ? AND way = ? AND recipient = ?
"""
REACHED = "SELECT position, leaf, settings FROM reached"
REACH = "INSERT OR REPLACE INTO reached VALUES (1, ?, ?, ?)"
OFFICE = "office"
IMPORT = "import"
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=6)


class Notice(NamedTuple):
    """A notice that waits: what an entry calls for, to a person's id, the office or a webhook's name."""

    position: int
    way: Way
    recipient: str
    kind: str
    request: str | None
    message: str
    recorded_at: datetime
    attempts: int
    next_at: datetime | None
    problem: str

    @property
    def person(self) -> str | None:
        """The person to whom it goes, if it goes to one."""
        return self.recipient if self.way == "e-mail" and self.recipient != OFFICE else None


class Outbox:
    """The outbox of an open home, as its settings have it."""

    def __init__(self, home: Home, settings: Settings, connection: sqlite3.Connection) -> None:
        self._home, self._settings, self._connection = home, settings, connection

    def catch_up(self) -> None:
        """Take in what was recorded since, so that everything is there that waits."""
        head = self._home.ledger.store.head()
        wanted = sha256(repr(_channels(self._settings)).encode()).hexdigest()
        with Transaction(self._connection):
            position, leaf, settings = self._connection.execute(REACHED).fetchone() or (0, b"", "")
            entry = self._home.ledger.store.entry(position) if position else None
            if settings != wanted or entry is None or entry.leaf != leaf:
                self._connection.execute("DELETE FROM waiting")
                position = 0
            if position == head.position:
                return
            self._take(position, head.position)
            self._connection.execute(REACH, (head.position, head.leaf, wanted))

    def waiting(self) -> list[Notice]:
        """All that waits, in the order of the log."""
        return [_notice(row) for row in self._connection.execute(WAITING)]

    def settle(self, notice: Notice) -> None:
        """It waits no longer."""
        self._connection.execute(SETTLE, (notice.position, notice.message))

    def postpone(self, notice: Notice, now: datetime, problem: str) -> datetime:
        """Remember that it could not be sent; when it is tried again, later each time."""
        pause: timedelta = FIRST_PAUSE * 2 ** min(notice.attempts, 20)
        next_at = now + min(pause, LONGEST_PAUSE)
        values = (format_time(next_at), problem, notice.position, notice.way, notice.recipient)
        self._connection.execute(POSTPONE, values)
        return next_at

    def _take(self, after: int, until: int) -> None:
        kinds: tuple[type[Event], ...] = (*CALLING, NoticeSent, NoticeRefused, NoticeRevived, FactCorrected)
        shown = self._findings() if after < until else set()
        for fact in self._home.ledger.facts([about(*kinds)], after=after, until=until):
            match fact.event:
                case NoticeSent() | NoticeRefused() as settled:
                    self._connection.execute(SETTLE, (settled.of, settled.message))
                case FactCorrected() as correction:
                    self._connection.execute("DELETE FROM waiting WHERE position = ?", (correction.corrected,))
                case NoticeRevived() as revived:
                    self._connection.executemany(WAIT, self._called_by(revived.of, shown, revived.message))
                case _:
                    self._connection.executemany(WAIT, self._rows(fact, shown))

    def calls_for(self, of: int, message: str) -> bool:
        """Whether an entry calls for this message, as the settings are now."""
        return bool(self._called_by(of, self._findings(), message))

    def _called_by(self, of: int, shown: set[int], message: str) -> list[tuple[object, ...]]:
        """The row of a message that an entry calls for."""
        (fact,) = self._home.ledger.facts(after=of - 1, until=of)
        return [row for row in self._rows(fact, shown) if row[MESSAGE] == message]

    def _rows(self, fact: Recorded, shown: set[int]) -> Iterator[tuple[object, ...]]:
        """What a fact calls for; `shown` are those that show a finding."""
        whom = self._concerned(fact.event, fact.position)
        call = called_for(fact.event, finding=fact.position in shown, whom=whom)
        if call is not None and fact.via != IMPORT:
            yield from self._calls(fact, call)

    def _findings(self) -> set[int]:
        views = Upkeep(self._home.path / VIEWS, self._home.ledger)
        # Of what becomes one with time alone whoever holds it is reminded.
        found = views.ask(lambda tables: findings(tables, date.min, closed=True))
        return {one.position for one in found.rows}

    def _concerned(self, event: Event, position: int) -> tuple[str, ...]:
        begun = begun_by(event)
        if begun is None:
            return ()
        return concerned(event, [fact.event for fact in self._home.ledger.facts([begun], until=position)])

    def _calls(self, fact: Recorded, call: Call) -> Iterator[tuple[object, ...]]:
        request: str | None = getattr(fact.event, "request", None)
        for way, recipient, since in self._recipients(call, request):
            if fact.recorded_at.date() >= since:
                message = message_id(self.origin, fact.position, way, recipient)
                at = format_time(fact.recorded_at)
                yield fact.position, way, recipient, call.kind, request, message, at

    def _recipients(self, call: Call, request: str | None) -> Iterator[tuple[Way, str, date]]:
        email = self._settings.email
        if email:
            people = [*call.people, *([self._researcher(request)] if call.researcher and request else [])]
            for person in dict.fromkeys(one for one in people if one):
                yield "e-mail", person, email.since
            if call.office:
                yield "e-mail", OFFICE, email.since
        for hook in self._settings.webhook:
            if hook.kinds is None or call.kind in hook.kinds:
                yield "webhook", hook.name, hook.since

    def _researcher(self, request: str) -> str | None:
        asked = [fact.event for fact in self._home.ledger.facts([about(RequestSubmitted, tags=[f"request:{request}"])])]
        return asked[-1].researcher if asked and isinstance(asked[-1], RequestSubmitted) else None

    @property
    def origin(self) -> str:
        """The origin of the log."""
        return origin_of(self._home)


def origin_of(home: Home) -> str:
    """The origin of a home's log."""
    opened = next(home.ledger.facts([about(LedgerOpened)], until=1)).event
    return opened.origin if isinstance(opened, LedgerOpened) else ""


@contextmanager
def open_outbox(home: Home, settings: Settings) -> Iterator[Outbox]:
    """The outbox of a home, caught up, made if there is none. Raises what is wrong with it under the ledger's names."""
    path = home.path / OUTBOX
    if not path.exists():
        with suppress(AlreadyThere):
            new_file(path, b"")
    with named_errors(path), closing(connect(path, PRAGMAS)) as connection:
        with Transaction(connection):
            if not connection.execute("SELECT COUNT(*) FROM sqlite_schema").fetchone()[0]:
                SCHEMA.declare(connection)
        SCHEMA.check(connection, path)
        outbox = Outbox(home, settings, connection)
        outbox.catch_up()
        yield outbox


def message_id(origin: str, position: int, way: str, recipient: str) -> str:
    """The id of a notice, the same each time that it is sent."""
    unique = sha256(f"{origin}\n{position}\n{way}\n{recipient}".encode()).hexdigest()[:32]
    return f"<{position}.{unique}@{origin.partition('/')[0].partition(':')[0]}>"


def _channels(settings: Settings) -> Sequence[object]:
    """What of the settings says which notices there are."""
    hooks: Iterable[object] = ((one.name, one.since, one.kinds) for one in settings.webhook)
    return [settings.email and settings.email.since, *hooks]


def _notice(row: Sequence[Any]) -> Notice:
    *what, recorded_at, attempts, next_at, problem = row
    again = parse_time(next_at) if next_at else None
    return Notice._make((*what, parse_time(recorded_at), attempts, again, problem))
