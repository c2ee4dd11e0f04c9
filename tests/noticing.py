"""An open home with people who are told of things by mail, and a server that takes it."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

from api.commands import Clerk
from api.commands.people import RegisterPerson
from api.desk import Circumstances
from api.notices.outbox import message_id, open_outbox
from api.notices.sending import Sender, Tried
from api.notices.settings import Settings, settings_in
from ledger.events import ActRefused, Event, NoticeRefused, NoticeSent, ReminderFellDue
from ledger.events.governance import Objected
from ledger.home import Home, create_home, open_home
from tests.facts import ANA, BEN, NOON, REQUEST, Clock
from tests.office import written
from tests.office_acts import approved
from tests.office_facts import FAR_OFF, MOU, THE_DIRECTOR, TODAY
from tests.office_requests import complete
from tests.smtp_server import Smtp, served

BY = Circumstances(actor=THE_DIRECTOR, via="command line")
CRON = Circumstances(actor="operator:cron", via="command line")
ORIGIN = "log.example.com/dua"
ANAS, BENS, OFFICES = "ana@example.edu", "ben@example.org", "ir-staff@example.edu"
REMINDER = ReminderFellDue(kind="agreement ends", what=MOU, day=FAR_OFF, days=60, whom=(ANA, BEN), request=REQUEST)
KEY = b"a key that both sides know"


class Place(NamedTuple):
    """An open home whose people have addresses, with a clock."""

    home: Home
    clock: Clock

    @property
    def settings(self) -> Settings:
        return settings_in(self.home.path)

    def send(self, limit: int | None = None) -> list[Tried]:
        return list(Sender(self.home, self.settings, self.clock, CRON).send(limit))

    def told(self, *events: Event) -> None:
        written(events, self.home.ledger)

    def recorded(self) -> list[Event]:
        facts = self.home.ledger.facts()
        return [fact.event for fact in facts if isinstance(fact.event, NoticeSent | NoticeRefused)]

    def waiting(self) -> list[tuple[str, str]]:
        with open_outbox(self.home, self.settings) as outbox:
            return [(one.kind, one.recipient) for one in outbox.waiting()]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """Ana's request was approved, of which nobody is told: notices begin tomorrow."""
    clock = Clock(NOON)
    create_home(tmp_path / "home", ORIGIN, actor="staff:1", via="command line", clock=clock)
    with open_home(tmp_path / "home", clock) as home:
        facts = complete(ana=None, ben=None)
        written([fact for fact in facts if "role" in fact.wire_name], home.ledger)
        clerk = Clerk(home, clock)
        for who, name, address in ((ANA, "Ana Ejemplo", ANAS), (BEN, "Ben Beispiel", BENS)):
            clerk.take(RegisterPerson(person=who, name=name, email=address), BY)
        written([*(fact for fact in facts if "role" not in fact.wire_name), approved().event], home.ledger)
        clock.go(timedelta(days=1))
        yield Place(home, clock)


@pytest.fixture
def smtp(place: Place) -> Iterator[Smtp]:
    with served(Smtp()) as server:
        by_email(place, server)
        yield server


def by_email(place: Place, server: Smtp, *more: str, security: str = "none", since: date | None = None) -> None:
    lines = [
        "[email]",
        f"since = {since or TODAY + timedelta(1)}",
        'server = "localhost"',
        f"port = {server.port}",
        f'security = "{security}"',
        'from = "Institutional Research <ir@example.edu>"',
        f'office = "{OFFICES}"',
        *more,
    ]
    (place.home.path / "notices.toml").write_text("\n".join(lines))


def sent(position: int, kind: str, who: str | None, request: str | None = REQUEST) -> NoticeSent:
    recipient = who or "office"
    message = message_id(ORIGIN, position, "e-mail", recipient)
    return NoticeSent(of=position, kind=kind, way="e-mail", message=message, person=who, request=request)


def refused_release() -> ActRefused:
    held = Objected(rule="citi-training", about=BEN, wanting="current CITI training", facts=())
    return ActRefused(act="authorise-release", request=REQUEST, objections=(held,))
