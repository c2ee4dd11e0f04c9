"""A ledger home in which an office has worked for a while, with names that custody keeps, for those who ask."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from click.testing import CliRunner

from api.cli import main
from ledger.events import Event, OrganisationRegistered, PersonRegistered, RequestReturned
from ledger.home import Home, create_home, open_home
from tests.facts import ANA, BEN, REQUEST, Clock, fact, version_added
from tests.office_facts import DIRECTOR, ELSEWHERE, HEAD, STRANGER
from tests.office_requests import complete

# Before the real clock, by which the commands ask.
OPENED = datetime(2026, 9, 1, 12, tzinfo=UTC)
ORIGIN = "ir.example.edu/dua-ledger"
NAMES = {
    ANA: ("Ana Ejemplo", "ana@mit.example"),
    BEN: ("=cmd()|'Bén \x1b[31mØverland 学\u202e", "ben@else.example"),
    HEAD: ("Hedda Head", "head@mit.example"),
    DIRECTOR: ("Dora Rector", "dora@mit.example"),
    STRANGER: ("Sam Stranger", "sam@else.example"),
}


def registered(home: Home, who: str, **further: str) -> PersonRegistered:
    """Somebody, with the details that custody keeps of them."""
    name, email = NAMES[who]
    sealed = home.custody.seal(f"person:{who}", "person.registered", {"name": name, "email": email} | further)
    return PersonRegistered(person=who, **sealed)


def office_home(path: Path, *facts: Event | Iterable[Event], **changes: Any) -> Path:
    """A home with a complete request of Ana, then these facts, one an hour; `changes` are those of `complete`."""
    clock = Clock(OPENED)
    create_home(path, ORIGIN, actor="operator", via="test", clock=clock)
    with open_home(path, clock) as home:
        details = {"institution": "MIT", "department": "Physics", "address": "77 Mass Ave"}
        elsewhere = home.custody.seal(
            f"organisation:{ELSEWHERE}", "organisation.registered", {"name": "Elsewhere & Co"}
        )
        people = {
            "ana": registered(home, ANA, **details),
            "ben": registered(home, BEN),
            "head": registered(home, HEAD),
            "the_director": registered(home, DIRECTOR),
            "stranger": registered(home, STRANGER),
            "elsewhere": OrganisationRegistered(organisation=ELSEWHERE, **elsewhere),
        }
        begun = [*complete(**(people | changes)), version_added()]
        told = [event for one in facts for event in ([one] if isinstance(one, Event) else one)]
        for event in [*begun, *told]:
            home.ledger.append([fact(event)])
            clock.go(timedelta(hours=1))
    return path


def returned_because(home: Home, reason: str) -> RequestReturned:
    """The request was given back, for a reason that custody keeps."""
    sealed = home.custody.seal(f"request:{REQUEST}", "request.returned", {"reason": reason})
    return RequestReturned(request=REQUEST, items=("C1.2",), **sealed)


def named(who: str) -> str:
    return NAMES[who][0]


class Answer(NamedTuple):
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The rows of an answer in JSON."""
        rows: list[dict[str, Any]] = self.members["rows"]
        return rows

    @property
    def members(self) -> dict[str, Any]:
        """An answer in JSON."""
        assert self.code == 0, self.err
        members: dict[str, Any] = json.loads(self.out)
        return members


def ask(home: Path, *words: object, clock: Clock | None = None) -> Answer:
    """Type a question; by the machine's clock, unless it is handed another."""
    typed = [*map(str, words), "--home", str(home)]
    result = CliRunner().invoke(main, typed, obj=clock, prog_name="dua-ledger", catch_exceptions=False)
    return Answer(result.exit_code, result.stdout, result.stderr)
