"""What the benchmarks write: events as an office writes them, about things that are mostly recent."""

import random
from datetime import UTC, datetime

from eventsourcing.dcb.api import DCBEvent

from ledger.codec import Codec, Fact, Judged
from ledger.events import DataSetVersionAdded, Event, PersonRegistered, RequestSubmitted
from ledger.events.request import Wanted

BUSY_TAG = "dataset:D-busy"
NOW = datetime(2026, 11, 21, 17, 0, tzinfo=UTC)


class Office:
    """A source of events with three tags each, reproducible from its seed."""

    def __init__(self, seed: int = 1) -> None:
        self._random = random.Random(seed)
        self._codec = Codec()
        self._number = 0
        self._people = [self._person() for _ in range(20)]

    def events(self, count: int) -> list[DCBEvent]:
        """So many events; every twentieth carries the busy tag."""
        return [self._event() for _ in range(count)]

    def _person(self) -> str:
        return f"p-{self._random.randbytes(16).hex()}"

    def _event(self) -> DCBEvent:
        self._number += 1
        if self._number % 5 == 0:
            self._people[self._number // 5 % 20] = self._person()
        fact = self._fact()
        tags = sorted({*fact.event.tags(), *([BUSY_TAG] if self._number % 20 == 0 else [])})
        return DCBEvent(fact.event.wire_type(), self._codec.encode(fact, self._random.randbytes(16), NOW), tags)

    def _fact(self) -> Fact:
        person = self._random.choice(self._people)
        request = f"R-2026-{self._number // 20:04d}"
        event: Event
        if self._number % 7 == 0:
            event = PersonRegistered(person=person, name=self._digest(), email=self._digest())
        elif self._number % 11 == 0:
            event = DataSetVersionAdded(dataset="D-6.002x", label="1", form="identified", digest=self._digest())
        else:
            event = RequestSubmitted(
                request=request,
                researcher=person,
                datasets=(Wanted(dataset=f"D-{self._number % 50}", form="identified"),),
                study_group=(person,),
                purposes=("scholarship on teaching and learning",),
                description=self._digest(),
            )
        command = {"command": event.wire_name, "request": request, "person": person, "note": self._digest()}
        judged = Judged(at="2026-11-21T17:00:00.000000Z", command=command, policy=1, read_to=1, rulebook=1)
        return Fact(event=event, actor="staff:1", via="command line", judged=judged)

    def _digest(self) -> str:
        return self._random.randbytes(32).hex()
