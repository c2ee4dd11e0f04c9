"""The facts that count when somebody asks about another time than now, on either clock.

*As of* a time counts what had happened by then: facts whose `occurred_at` isn't later. *Known at* a time counts what
stood in the ledger by then: facts whose `recorded_at` isn't later. A correction says that something has never been so,
so it counts from when it is known, whatever time is asked about; and so does a role, which is granted for days that
the grant itself names, earlier ones among them.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import datetime
from typing import NamedTuple

from ledger.boundary import Boundary
from ledger.chain.entry import format_time
from ledger.codec import Recorded
from ledger.events import FactCorrected, RoleGranted
from ledger.log import Ledger
from projections.acts import Act, of_office
from projections.collecting import uncollected
from projections.standing import Office, Standing
from projections.upkeep import Answer, Question, Rows
from projections.views.database import create_indexes, create_tables
from projections.views.reading import Happening
from projections.views.taking import READER, Views, of_request


class Moment(NamedTuple):
    """What is asked about: what was so as of a time, what was known at a time, or both; None is now."""

    as_of: datetime | None = None
    known_at: datetime | None = None

    @property
    def is_now(self) -> bool:
        """Whether everything in the log counts."""
        return self.as_of is None and self.known_at is None

    def today(self, now: datetime) -> datetime:
        """The time for which something is in force or over."""
        return self.as_of or self.known_at or now

    def counts(self, fact: Recorded) -> bool:
        """Whether a fact had happened by then."""
        return self.as_of is None or fact.occurred_at <= self.as_of or isinstance(fact.event, FactCorrected)

    def counting(self, facts: Iterator[Happening]) -> Iterator[Happening]:
        """Those that had happened by then."""
        if self.as_of is None:
            return facts
        # Times as entries write them sort as text.
        until = format_time(self.as_of)
        return (fact for fact in facts if fact.occurred <= until or fact.kind is FactCorrected)


class AsOf:
    """A ledger at a moment, read up to a position or to its end; `position` is the last of what was known."""

    def __init__(self, ledger: Ledger, moment: Moment, until: int | None = None) -> None:
        self._ledger, self._moment = ledger, moment
        self.position = ledger.store.head().position if until is None else until
        if moment.known_at is not None:
            self.position = _known_up_to(ledger, moment.known_at, self.position)

    def facts(self, boundaries: Sequence[Boundary], after: int = 0) -> Iterator[Recorded]:
        """The facts within these boundaries that count, after a position."""
        return filter(self._moment.counts, self._ledger.facts(boundaries, after, self.position))

    def office(self) -> Office:
        """What the office went by, and who held which role."""
        known = self._ledger.facts([of_office()], 0, self.position)
        return Standing(
            fact for fact in known if self._moment.counts(fact) or isinstance(fact.event, RoleGranted)
        ).office

    def standing(self, act: Act) -> Standing:
        """All that an act would have been judged on."""
        first = list(self.facts(act.first_look()))
        more = act.second_look(Standing(first))
        facts = {fact.position: fact for fact in (*first, *(self.facts(more) if more else ()))}
        return Standing(facts[position] for position in sorted(facts))

    def ask(self, question: Question[Rows]) -> Answer[Rows]:
        """What the views would have answered: they are made from nothing, in memory."""
        with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
            create_tables(connection)
            views = Views(connection, 0, lambda request: self.facts([of_request(request)]), self.office())
            with uncollected():
                views.take(self._moment.counting(READER.read(self._ledger.store.rows(0, self.position))))
                views.write(self.position, b"", "")
            create_indexes(connection)
            return Answer(self.position, question(connection))


def _known_up_to(ledger: Ledger, known_at: datetime, head: int) -> int:
    """The last position that was recorded by then; `recorded_at` never goes backwards along the log."""
    low, high = 0, head
    while low < high:
        middle = (low + high + 1) // 2
        entry = ledger.store.entry(middle)
        if entry is not None and entry.recorded_at <= known_at:
            low = middle
        else:
            high = middle - 1
    return low
