"""What tests fill in: the rest of events and facts, a clock that is handed in, random bytes that repeat."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

from ledger.codec import Codec, Fact, Judged
from ledger.events import (
    ApiKeyIssued,
    DataSetRegistered,
    DataSetVersionAdded,
    Event,
    LedgerOpened,
    PersonErased,
    PersonRegistered,
    RequestSubmitted,
)
from ledger.events.request import Wanted
from ledger.log import Ledger
from ledger.storage import Store

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
ANA, BEN, EVA = "p-" + 32 * "a", "p-" + 32 * "b", "p-" + 32 * "e"
REQUEST = "R-2026-0001"
DATA_SET = "D-6.002x-pc"
OFFICE = "staff:1"
API_KEY = "T-0123456789abcdef"
WISH_KEY = bytes(range(32))


def noon() -> datetime:
    """A clock that stands still."""
    return NOON


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def go(self, by: timedelta) -> None:
        """Go on, or back."""
        self.now += by


def seeded(seed: int = 0) -> Callable[[int], bytes]:
    """A source of random bytes that gives the same for the same seed."""
    return Random(seed).randbytes


def commitment(number: int = 1) -> str:
    return f"{number:064x}"


def opened(origin: str = "ir.example.edu/dua-ledger") -> LedgerOpened:
    return LedgerOpened(origin=origin, log_key=f"{origin}+00000000+AQ==")


def person(who: str = ANA, **details: Any) -> PersonRegistered:
    return PersonRegistered(person=who, **({"name": commitment()} | details))


def api_key(apikey: str = API_KEY, **changes: Any) -> ApiKeyIssued:
    rest: dict[str, Any] = {"principal": OFFICE, "role": "staff", "scope": ("reading",), "digest": 64 * "d"}
    return ApiKeyIssued(apikey=apikey, expires=NOON + timedelta(days=90), **(rest | changes))


def erased(who: str = ANA, details: tuple[Any, ...] = (), lapses: Any = date(2026, 12, 21)) -> PersonErased:
    return PersonErased(person=who, details=details, last_copy_lapses=lapses)


def data_set(dataset: str = DATA_SET) -> DataSetRegistered:
    return DataSetRegistered(dataset=dataset, course_run="course-v1:MITx+6.002x+2012_Spring", kind="person-course")


def version_added(label: str = "1", dataset: str = DATA_SET) -> DataSetVersionAdded:
    return DataSetVersionAdded(dataset=dataset, label=label, form="identified", digest=64 * "5")


def submitted(request: str = REQUEST, researcher: Any = ANA, **others: Any) -> RequestSubmitted:
    rest = {
        "datasets": (Wanted(dataset=DATA_SET, form="identified"),),
        "study_group": (researcher,),
        "purposes": ("scholarship on teaching and learning",),
        "description": commitment(),
    }
    return RequestSubmitted(request=request, researcher=researcher, **(rest | others))


def judged(command: Any, **others: Any) -> Judged:
    rest = {"at": "2026-11-21T12:00:00.000000Z", "policy": None, "read_to": 0, "rulebook": 1}
    return Judged(command=command, **(rest | others))


def fact(event: Event, **circumstances: Any) -> Fact:
    return Fact(event=event, **({"actor": OFFICE, "via": "command line"} | circumstances))


def ledger_on(
    store: Store,
    clock: Callable[[], datetime] = noon,
    random_bytes: Callable[[int], bytes] | None = None,
    codec: Codec | None = None,
) -> Ledger:
    """A ledger on a store; its salts repeat unless they are handed in."""
    return Ledger(store, wish_key=WISH_KEY, random_bytes=random_bytes or seeded(), clock=clock, codec=codec)


@contextmanager
def nothing_written(store: Store) -> Iterator[None]:
    """The store holds the same before and after."""
    before = list(store.rows(0, 2**53 - 1))
    yield
    assert list(store.rows(0, 2**53 - 1)) == before
