"""Clerks in processes of their own, who wish for things about the same requests at the same time."""

from collections.abc import Sequence
from functools import partial
from random import Random
from typing import Any, NamedTuple

import msgspec

from api.desk import Circumstances, Desk
from ledger.errors import LedgerError
from ledger.events import Event, RoleEnded
from ledger.storage import open_store
from projections.acts import Act
from tests.endings import ATTESTATION, HOLD, INCIDENT
from tests.facts import REQUEST, ledger_on, noon
from tests.office import HOUSE
from tests.office_facts import COUHES, DUA, IRB, KEY, MOU, RELEASE, THE_DIRECTOR
from tests.outside import PUBLICATION, QUERY
from tests.writers import at_once, meet

BREATHER = 60
LATE = "E-late"
BY_AN_ADMIN = Circumstances(actor="staff:admin", via="command line")


class Came(NamedTuple):
    """What came of one wish: where it stands in the log and whether it was refused, or the error's name."""

    position: int | None
    refused: bool = False
    error: str = ""


def of_round(wish: Any, number: int) -> Any:
    """The same wish or fact, about the request of this round."""
    text = msgspec.json.encode(wish).decode()
    later = (ATTESTATION, HOLD, INCIDENT, QUERY, PUBLICATION)
    for name in (REQUEST, COUHES, IRB, LATE, MOU, DUA, KEY, RELEASE, THE_DIRECTOR, *later):
        text = text.replace(f'"{name}"', f'"{name}{number:04}"')
    return msgspec.json.decode(text, type=type(wish))


def race(url: str, rounds: int, wishes: Sequence[Event | Act]) -> list[list[Came]]:
    """What came of each wish in each round; every wish is a process of its own."""
    clerks = [partial(work, url, rounds, wish, place, len(wishes)) for place, wish in enumerate(wishes)]
    return [list(came) for came in zip(*at_once(clerks), strict=True)]


def work(url: str, rounds: int, wish: Event | Act, place: int, places: int) -> list[Came]:
    """Wish for this in every round, together with the others; in the first rounds one after the other by turns."""
    chance = Random(place)
    came = []
    with open_store(url, noon) as store:
        desk = Desk(ledger_on(store, noon), noon)
        for number in range(rounds):
            mine = of_round(wish, number)
            for turn in range(places if number < places else 1):
                meet()
                if number >= places or (turn + number) % places == place:
                    for _ in range(chance.randrange(BREATHER)):
                        store.head()
                    came.append(wish_for(desk, mine))
    return came


def wish_for(desk: Desk, wish: Event | Act) -> Came:
    circumstances = BY_AN_ADMIN if isinstance(wish, RoleEnded) else HOUSE
    try:
        outcome = desk.act(wish, HOUSE) if isinstance(wish, Act) else desk.report(wish, circumstances)
    except LedgerError as error:
        return Came(None, error=type(error).__name__)
    return Came(outcome.entries[-1].position, outcome.refused)
