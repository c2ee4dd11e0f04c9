"""What the tests of the views share: facts about few things, so that they meet, and all that the views say."""

import re
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from sqlite3 import Connection
from typing import Any
from zlib import crc32

import msgspec
from hypothesis import strategies as st

from ledger.codec import Fact
from ledger.events import Event, FactCorrected, PolicyPublished, RoleGranted
from ledger.log import Ledger
from projections.upkeep import Upkeep
from projections.views.tables import OF_A_FACT, OF_A_REQUEST
from projections.views.taking import WANTED
from tests.event_strategies import events
from tests.facts import fact

PEOPLE = ["p-" + 32 * letter for letter in "abe"]
DAYS = ["2025-12-31", "2026-01-15", "2026-11-20", "2026-11-21", "2026-11-22", "2027-01-15", "0001-01-01", "9999-12-31"]
FEW = {
    r"p-[0-9a-f]{32}": PEOPLE,
    r"R-[0-9]{4}-[0-9]{4,9}": ["R-2026-0001", "R-2026-0002"],
    r"([DAEKLWO])-[A-Za-z0-9._-]{1,80}": [r"\1-1", r"\1-2"],
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}": DAYS,
    r"[0-9a-f]{64}": [64 * "1", 64 * "2"],
}
ZONES = ["America/New_York", "Pacific/Auckland"]
OTHERS = (RoleGranted,)

Say = tuple[dict[str, list[Any]], int]


def few(event: Event) -> Event:
    """The same event about one of few people, requests, days and other things."""
    text = msgspec.json.encode(event).decode()
    for pattern, names in FEW.items():
        text = re.sub(f'"{pattern}"', lambda found, names=names: found.expand(f'"{_one_of(names, found)}"'), text)
    told = msgspec.json.decode(text, type=type(event))
    if isinstance(told, PolicyPublished):
        return msgspec.structs.replace(told, time_zone=ZONES[told.training_months % len(ZONES)])
    return told


def _one_of(names: Sequence[str], found: re.Match[str]) -> str:
    return names[crc32(found.group().encode()) % len(names)]


@st.composite
def logs(draw: st.DrawFn) -> list[Fact]:
    """Facts in any order, some of which correct others."""
    kinds = [kind for kind in WANTED if kind is not FactCorrected]
    told = [few(event) for event in draw(st.lists(events(*kinds, *OTHERS), min_size=1, max_size=25))]
    for place in draw(st.lists(st.integers(0, 40), max_size=4)):
        corrected = place % len(told)
        about = tuple(sorted(told[corrected].tags()))
        if about:
            told.append(FactCorrected(corrected=corrected + 1, about=about))
    return [fact(event) for event in told]


def everything(connection: Connection) -> dict[str, list[Any]]:
    """All that stands in the tables."""
    tables = (*OF_A_REQUEST, *OF_A_FACT, "undone")
    return {table: connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall() for table in tables[:-1]} | {
        "undone": connection.execute("SELECT * FROM undone ORDER BY 1").fetchall()
    }


def said_by(path: Path, ledger: Ledger) -> Say:
    """All that the views in a file say of a ledger, and for which position."""
    answer = Upkeep(path, ledger).ask(everything)
    return answer.rows, answer.position
