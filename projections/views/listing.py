"""The question which requests there are, in the order in which each came into its state.

Whoever asks goes on after the last position that was told: a request that has moved on since is told again, at the end,
and none is missed. That one has ended is a matter of the day, and moves it nowhere.
"""

import sqlite3
from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

import msgspec

from ledger.chain.entry import parse_time
from projections.views.stages import STAGES

REQUESTS = f"""
    WITH {STAGES}
    SELECT request, state, since, since_at, researcher, last, last_at FROM requests_now
    WHERE since > :after
        AND (:states IS NULL OR state IN (SELECT value FROM json_each(:states)))
        AND (:among IS NULL OR request IN (SELECT value FROM json_each(:among)))
    ORDER BY since, request
    LIMIT :limit
"""


class Listed(NamedTuple):
    """A request, in its state since the fact at a position; `last` is the position of the last fact about it."""

    request: str
    state: str
    since: int
    since_at: datetime
    researcher: str
    last: int
    last_at: datetime


def requests(
    connection: sqlite3.Connection,
    day: date,
    states: Sequence[str],
    among: Sequence[str] | None,
    after: int,
    limit: int,
) -> list[Listed]:
    """At most so many requests in any of these states on a day (in whichever, if none is named), among these."""
    asked = {
        "day": str(day),
        "states": msgspec.json.encode(states).decode() if states else None,
        "among": None if among is None else msgspec.json.encode(among).decode(),
        "after": after,
        "limit": limit,
    }
    return [
        Listed(request, state, since, parse_time(since_at), researcher, last, parse_time(last_at))
        for request, state, since, since_at, researcher, last, last_at in connection.execute(REQUESTS, asked)
    ]
