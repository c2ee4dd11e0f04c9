"""A desk on a ledger of its own, on a store of each kind, with a clock that goes when it is told to."""

from collections.abc import Iterator

import pytest

from api.desk import Desk
from ledger.codec import Recorded
from ledger.events import Event
from ledger.log import IdempotencyKey
from ledger.storage import Store, open_store
from tests.conftest import POSTGRES, url_of
from tests.facts import Clock, ledger_on
from tests.office import written
from tests.office_requests import complete

UNKNOWN_PERSON = "p-" + 32 * "0"


class Office:
    """A desk on a ledger, with a clock that goes when it is told to."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store, self.clock = store, clock
        self.ledger = ledger_on(store, clock)
        self.desk = Desk(self.ledger, clock)

    def holds(self, *facts: Event) -> "Office":
        if facts:
            written(facts, self.ledger)
        return self

    @property
    def facts(self) -> list[Recorded]:
        return list(self.ledger.facts())

    @property
    def last(self) -> Recorded:
        return self.facts[-1]


@pytest.fixture(params=["file", "memory", POSTGRES])
def office(request: pytest.FixtureRequest) -> Iterator[Office]:
    """An office with an empty ledger, on a store of each kind."""
    clock = Clock()
    with open_store(url_of(request.param, request), clock) as store:
        yield Office(store, clock)


@pytest.fixture
def prepared(office: Office) -> Office:
    """An office that has a request which can be approved."""
    return office.holds(*complete())


def key(name: str = "k-1", body: bytes = b"approve", principal: str = "staff:typist") -> IdempotencyKey:
    return IdempotencyKey(principal, name, body)
