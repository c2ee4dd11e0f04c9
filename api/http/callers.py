"""Who is asking: a key, the principal whose it is, the role in which they ask, and the person that they are."""

import os
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Lock
from typing import NamedTuple

from api.apikeys import Keys
from api.errors import NotEntitled
from ledger.boundary import about
from ledger.events.governance import Role, Scope
from ledger.files import named_os_errors
from ledger.log import Ledger
from ledger.storage.port import Clock
from ledger.turns import held
from projections.acts import of_office
from projections.standing import Office, Standing

SCHEME = "bearer "


class Caller(NamedTuple):
    """Somebody who has proved who they are, to an office as it was when they did, at a position of the log.

    `person` is None where the office has not said which person that is.
    """

    apikey: str
    principal: str
    role: Role
    scope: tuple[Scope, ...]
    person: str | None
    office: Office
    position: int

    @property
    def via(self) -> str:
        """How what they record came in."""
        return f"API key {self.apikey}"


class Callers:
    """The keys and roles of a ledger, brought up to the head of the log before they answer."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger, self._clock = ledger, clock
        self._keys, self._office, self._read_to = Keys(), Office(), 0
        self._lock = Lock()

    def caller(self, authorization: str) -> Caller | None:
        """Who shows this header; None for whoever shows none, or a key that is good for nothing, whatever is wrong."""
        text = authorization[len(SCHEME) :] if authorization.lower().startswith(SCHEME) else ""
        with held(self._lock):
            self._catch_up()
            key, now = self._keys.key(text), self._clock()
            if key is None or key.expires <= now or key.role not in self._office.roles(key.principal, now):
                return None
            office, position = self._office, self._read_to
        person = office.person(key.principal)
        who = person.event if person else None
        return Caller(key.apikey, key.principal, key.role, key.scope, who, office, position)

    def keys(self) -> Keys:
        """The keys that are not revoked."""
        with held(self._lock):
            self._catch_up()
            return self._keys

    def _catch_up(self) -> None:
        head = self._ledger.store.length()
        if head == self._read_to:
            return
        news = list(self._ledger.facts([about(*Keys.folds, *Office.folds)], after=self._read_to, until=head))
        if any(isinstance(fact.event, Office.folds) for fact in news):
            # Somebody may be looking at the one that was handed out.
            self._office = Standing(self._ledger.facts([of_office()], until=head)).office
        for fact in news:
            self._keys.fold(fact)
        self._read_to = head


class LastUse:
    """The day on which each key was last used: the time stamp of an empty file, written once a day by each process.

    It lies beside the ledger because it is no fact of it: losing it loses nothing but this.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen: dict[str, date] = {}
        with named_os_errors(folder):
            folder.mkdir(mode=0o700, exist_ok=True)

    def saw(self, apikey: str, at: datetime) -> None:
        """The key was used."""
        today = at.astimezone(UTC).date()
        if self._seen.get(apikey) != today:
            self._seen[apikey] = today
            file = self._folder / apikey
            with named_os_errors(file):
                file.touch(mode=0o600)
                os.utime(file, (at.timestamp(), at.timestamp()))

    def day(self, apikey: str) -> date | None:
        """The last day on which the key was used, in UTC; None when that is not known."""
        try:
            return datetime.fromtimestamp((self._folder / apikey).stat().st_mtime, UTC).date()
        except FileNotFoundError:
            return None


def check_entitled(caller: Caller, what: str, roles: frozenset[Role], scope: Scope) -> None:
    """Raise `NotEntitled` unless the role may do it, and the key may be used for it."""
    if caller.role not in roles or scope not in caller.scope:
        raise NotEntitled(caller.principal, what, sorted(roles))
