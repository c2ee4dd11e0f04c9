"""Recording what has fallen due by the calendar, each thing once, however often, late or often at once it is called.

What may be due is asked of the views, and decided by the facts: each is recorded on condition that nothing newer is
known of its request or person, so that an agreement that is renewed at the last moment never expires afterwards. Every
due thing has a key of its own, by which a second machine finds that it was recorded.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, time
from functools import partial
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from api.admission import admit_office
from api.desk import ATTEMPTS, Circumstances
from ledger.boundary import Boundary, about
from ledger.chain.entry import Entry
from ledger.codec import Fact
from ledger.errors import Conflict
from ledger.home import VIEWS, Home
from ledger.log import IdempotencyKey, Reading
from projections.acts import of_office, of_person, of_request
from projections.due import Due, of_a_holding, of_a_person, of_a_request
from projections.standing import HoldStanding, Standing
from projections.upkeep import Upkeep
from projections.views import answers
from projections.views.answers import Holding
from projections.views.calendar import candidates, rightless

# No principal is called so: whoever calls, a due thing has one key.
CALENDAR = "calendar"

Find = Callable[[Standing], Iterable[Due]]
Read = Callable[[IdempotencyKey], Reading | None]


class Came(NamedTuple):
    """Something that fell due, and the entry that says so; none where nothing is recorded."""

    due: Due
    entry: Entry | None


class Calendar:
    """What the calendar brings to a ledger at a time. A dry run records nothing."""

    def __init__(self, home: Home, now: datetime, circumstances: Circumstances, *, dry_run: bool = False) -> None:
        """Raises `NotEntitled` for somebody who may record nothing."""
        circumstances.admit(now)
        self._ledger, self._circumstances, self._dry_run = home.ledger, circumstances, dry_run
        self._views = Upkeep(home.path / VIEWS, home.ledger)
        self._office = Standing(home.ledger.facts([of_office()])).office
        self._now, self._day = now, self._office.day(now)
        admit_office(circumstances.actor, self._office, now, "record what fell due")

    def tick(self) -> Iterator[Came]:
        """Everything that fell due and was not recorded before. Raises `Conflict` where others are always faster."""
        office, day = self._office, self._day
        furthest = max(office.policy.event.reminder_days, default=0)
        found = self._views.ask(lambda tables: candidates(tables, day, furthest)).rows
        for request in found.requests:
            yield from self._of([of_request(request)], partial(self._of_request, request))
        for person in found.people:
            yield from self._of([of_person(person)], partial(self._of_person, person))
        holdings = self._views.ask(lambda tables: rightless(tables, day))
        for held in holdings.rows:
            for due in of_a_holding(held, day):
                yield from self._once(due, partial(self._still_held, held, holdings.position))

    def _of(self, boundaries: Sequence[Boundary], find: Find) -> Iterator[Came]:
        for due in list(find(Standing(self._ledger.read(boundaries).facts))):
            yield from self._once(due, partial(self._still_due, boundaries, find, due))

    def _once(self, due: Due, read: Read) -> Iterator[Came]:
        """Record it, unless it was recorded or is due no longer by what is read for it."""
        key = IdempotencyKey(CALENDAR, due.name, due.name.encode())
        for attempt in range(1, ATTEMPTS + 1):
            reading = read(key)
            if reading is None or reading.outcome:
                return
            if self._dry_run:
                yield Came(due, None)
                return
            try:
                appended = self._ledger.append([self._fact(due)], reading)
            except Conflict:
                if attempt == ATTEMPTS:
                    raise
                continue
            if not appended.again:
                yield Came(due, appended.entries[0])
            return

    def _still_due(self, boundaries: Sequence[Boundary], find: Find, due: Due, key: IdempotencyKey) -> Reading | None:
        reading = self._ledger.read(boundaries, key)
        return reading if reading.outcome or due in find(Standing(reading.facts)) else None

    def _still_held(self, held: Holding, position: int, key: IdempotencyKey) -> Reading | None:
        """What the views said for a position is asked again when something newer is known of the request.

        The reading comes first: what the views say then holds for it or for later, and what is newer is a conflict.
        Nothing that a legal hold is on is to be destroyed.
        """
        concerned = [f"person:{held.person}", f"dataset:{held.dataset}"]
        on_hold = [about(*HoldStanding.folds, tags=[tag]) for tag in concerned]
        reading = self._ledger.read([of_request(held.request), *on_hold], key)
        if reading.outcome:
            return reading
        holds = Standing(reading.facts).holds.values()
        if any(one.holds((held.request,), (held.person,), (held.dataset,)) for one in holds):
            return None
        if all(fact.position <= position for fact in reading.facts):
            return reading
        holdings = self._views.ask(lambda tables: answers.holdings(tables, held.person, self._day)).rows
        return reading if held in holdings else None

    def _fact(self, due: Due) -> Fact:
        """What ended of itself ended at the midnight before, whenever that is recorded."""
        if due.since == self._day:
            return self._circumstances.fact(due.event)
        zone = ZoneInfo(self._office.policy.event.time_zone)
        since = datetime.combine(due.since, time(), zone).astimezone(UTC)
        return msgspec.structs.replace(self._circumstances, occurred_at=since, precision="day").fact(due.event)

    def _of_request(self, request: str, standing: Standing) -> Iterator[Due]:
        return of_a_request(request, standing.request(request), self._office, self._day)

    def _of_person(self, person: str, standing: Standing) -> Iterator[Due]:
        return of_a_person(person, standing.person(person), self._office, self._day)
