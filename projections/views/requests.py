"""The rows of requests: what the facts of each add up to, put into the tables.

The facts of a request stand close to one another in a log more often than not. So those that were met last are kept as
they are folded, a number of them at most; the others are written, and if one of them is met again, it is folded once
more from all its facts, when everything is read. That keeps a log of any length from filling the memory. A request that
is met in several pieces of a log, each of which is taken in by itself, is folded once more likewise.
"""

import sqlite3
from collections.abc import Callable, Collection, Iterable
from typing import NamedTuple

from ledger.codec import Recorded
from projections.views.cases import Case, Rows, rows
from projections.views.days import Days
from projections.views.lists import as_json
from projections.views.reading import Happening
from projections.views.tables import of_requests

KEPT = 1024

# The rows in a piece of a log, but for those of some requests.
OTHERS = "SELECT * FROM {table} WHERE request NOT IN (SELECT value FROM json_each(?))"

FactsOf = Callable[[str], Iterable[Recorded]]


class Met(NamedTuple):
    """The requests that were met, and those of them that are to be folded once more from all their facts."""

    requests: set[str]
    again: set[str]


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

    def settle(self) -> Met:
        """Have the tables hold what was taken in, but for what is to be folded once more; what was met so far."""
        for cases in (self._met_before, self._met):
            self._add(cases)
            self._written.update(cases)
        self._met_before, self._met = {}, {}
        return Met(self._written, self._again)

    def join(self, piece: sqlite3.Connection, met: Met) -> None:
        """Take over the tables of another piece of the log."""
        self._again |= met.again | (met.requests & self._written)
        self._written |= met.requests
        self._copy(piece, self._again)

    def share(self, number: int) -> list[list[str]]:
        """What others are to fold once more, in so many shares; as much is left here."""
        again = sorted(self._again)
        shares = [again[begin :: number + 1] for begin in range(number)]
        self._again.difference_update(*shares)
        return shares

    def replace(self, piece: sqlite3.Connection, requests: Collection[str]) -> None:
        """Take over these requests as others have folded them once more."""
        self._forget(requests)
        self._copy(piece)

    def write(self) -> None:
        """Have the tables hold what was taken in."""
        self.settle()
        again = sorted(self._again)
        for begin in range(0, len(again), KEPT):
            some = again[begin : begin + KEPT]
            self._forget(some)
            self._add({request: Case.of(request, self._facts_of(request)) for request in some})
        self._again.clear()

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

    def _forget(self, requests: Collection[str]) -> None:
        for forget in of_requests.FORGET.values():
            self._connection.execute(forget, (as_json([*requests]),))

    def _copy(self, piece: sqlite3.Connection, but: Collection[str] = ()) -> None:
        for table, add in of_requests.ADD.items():
            self._connection.executemany(add, piece.execute(OTHERS.format(table=table), (as_json([*but]),)))

    def _add(self, cases: dict[str, Case]) -> None:
        found: Rows = {table: [] for table in of_requests.ADD}
        for request in sorted(cases):
            for table, more in rows(request, cases[request], self._days).items():
                found[table] += more
        for table, added in found.items():
            if added:
                self._connection.executemany(of_requests.ADD[table], added)
