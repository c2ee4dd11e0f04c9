"""The figures of a year: how many requests came in, what was decided, and how long that took."""

import sqlite3
from collections.abc import Sequence
from datetime import date
from statistics import median
from typing import NamedTuple

import msgspec

from projections.views.disclosing import APPROVED, DECLINED, WITHDRAWN
from projections.views.turns import working_days

DECIDED = "SELECT submitted, decided, outcome, datasets FROM decided ORDER BY request"
KINDS = "SELECT dataset, kind FROM catalogue WHERE kind IS NOT NULL"
REFUSALS = "SELECT COUNT(*) FROM refusals WHERE day BETWEEN :first AND :last"
ALL, NOT_SAID, NOT_KNOWN = "all", "not said", "not known"


class Figures(NamedTuple):
    """Of requests for data of a form and a kind: how many came in, how they were decided, in how many working days.

    A request for several data sets counts for each form and kind that it asks for, and once among all. `waiting` are
    those that came in within the period and were not decided by its end, whatever became of them since.
    """

    form: str
    kind: str
    requests: int
    approved: int
    declined: int
    withdrawn: int
    waiting: int
    median_days: float | None
    worst_days: int | None


class _Decided(NamedTuple):
    submitted: date
    decided: date | None
    outcome: str | None
    groups: frozenset[tuple[str, str]]


def figures(connection: sqlite3.Connection, first: date, last: date) -> tuple[list[Figures], int]:
    """The figures for a period, both days included, all together first; and how often rules refused an act in it."""
    kinds = dict(connection.execute(KINDS))
    requests = [_decided(kinds, *row) for row in connection.execute(DECIDED)]
    found = [_figures(ALL, ALL, requests, first, last)]
    for form, kind in sorted({group for one in requests for group in one.groups}):
        of_group = _figures(form, kind, [one for one in requests if (form, kind) in one.groups], first, last)
        if of_group.requests or of_group.approved or of_group.declined or of_group.withdrawn:
            found.append(of_group)
    (refused,) = connection.execute(REFUSALS, {"first": str(first), "last": str(last)}).fetchone()
    return found, int(refused)


def _decided(
    kinds: dict[str, str], submitted: str, decided: str | None, outcome: str | None, datasets: str
) -> _Decided:
    wanted = msgspec.json.decode(datasets, type=tuple[tuple[str, str | None], ...])
    groups = frozenset((form or NOT_SAID, kinds.get(dataset, NOT_KNOWN)) for dataset, form in wanted)
    return _Decided(date.fromisoformat(submitted), date.fromisoformat(decided) if decided else None, outcome, groups)


def _figures(form: str, kind: str, requests: Sequence[_Decided], first: date, last: date) -> Figures:
    came_in = [one for one in requests if first <= one.submitted <= last]
    ended = [one for one in requests if one.decided and first <= one.decided <= last]
    days = [
        working_days(one.submitted, one.decided) for one in ended if one.decided and one.outcome in (APPROVED, DECLINED)
    ]
    counted = {outcome: sum(one.outcome == outcome for one in ended) for outcome in (APPROVED, DECLINED, WITHDRAWN)}
    return Figures(
        form,
        kind,
        len(came_in),
        counted[APPROVED],
        counted[DECLINED],
        counted[WITHDRAWN],
        sum(one.decided is None or one.decided > last for one in came_in),
        float(median(days)) if days else None,
        max(days, default=None),
    )
