"""The rows of requests: what the facts of each add up to, put into the tables.

The facts of a request stand close to one another in a log more often than not. So those that were met last are kept as
they are folded, a number of them at most; the others are written, and if one of them is met again, it is folded once
more from all its facts, when everything is read. That keeps a log of any length from filling the memory.
"""

import sqlite3
from collections.abc import Callable, Iterable

from ledger.codec import Recorded
from projections.views.cases import Case, Rows, rows
from projections.views.days import Days
from projections.views.lists import as_json
from projections.views.reading import Happening
from projections.views.tables import of_requests

KEPT = 1024

FactsOf = Callable[[str], Iterable[Recorded]]


class Requests:
    """The requests in a database; `fresh` says that there is none yet.

    `facts_of` gives all facts of a request that count, by its id.
    """

    def __init__(self, connection: sqlite3.Connection, facts_of: FactsOf, days: Days, *, fresh: bool) -> None:
        self._connection, self._facts_of, self._days, self._fresh = connection, facts_of, days, fresh
        # Those that were met since some were written the last time, and those that were met before.
        self._met: dict[str, Case] = {}
        self._met_before: dict[str, Case] = {}
        self._written: set[str] = set()
        self._again: set[str] = set()

    def fold(self, fact: Happening) -> None:
        """Take in a fact that nobody has corrected yet."""
        request: str = fact.said.request
        case = self._met.get(request) or self._case(request)
        if case is not None:
            case.fold(fact)

    def fold_again(self, request: str) -> None:
        """Have a request folded from all its facts, whatever is known of it."""
        self._met.pop(request, None)
        self._met_before.pop(request, None)
        self._written.add(request)
        self._again.add(request)

    def write(self) -> None:
        """Have the tables hold what was taken in."""
        self._add(self._met_before)
        self._add(self._met)
        again = sorted(self._again)
        for begin in range(0, len(again), KEPT):
            some = again[begin : begin + KEPT]
            for forget in of_requests.FORGET.values():
                self._connection.execute(forget, (as_json(some),))
            self._add({request: Case.of(request, self._facts_of(request)) for request in some})

    def _case(self, request: str) -> Case | None:
        """A request that wasn't met lately; None for one that is to be folded from all its facts."""
        if not self._fresh or request in self._written:
            self._again.add(request)
            return None
        case = self._met_before.pop(request, None) or Case()
        if len(self._met) == KEPT:
            self._add(self._met_before)
            self._written.update(self._met_before)
            self._met_before, self._met = self._met, {}
        self._met[request] = case
        return case

    def _add(self, cases: dict[str, Case]) -> None:
        found: Rows = {table: [] for table in of_requests.ADD}
        for request in sorted(cases):
            for table, more in rows(request, cases[request], self._days).items():
                found[table] += more
        for table, added in found.items():
            if added:
                self._connection.executemany(of_requests.ADD[table], added)
