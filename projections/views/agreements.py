"""Which executed agreements of this office cover which data."""

import sqlite3
from datetime import date
from typing import NamedTuple

import msgspec

COVERING = """
    SELECT
        r.agreement, r.request, json_group_array(DISTINCT r.person), json_group_array(DISTINCT r.dataset),
        json_group_array(DISTINCT r.form), MIN(r.starts), MAX(r.last)
    FROM rights AS r
    WHERE (:form IS NULL OR r.form = :form) AND (:dataset IS NULL OR r.dataset = :dataset)
    GROUP BY r.agreement, r.request
    ORDER BY r.agreement
"""


class Covering(NamedTuple):
    """An agreement, whom it names, and what it covers of what was asked about, from when to when."""

    agreement: str
    request: str
    people: tuple[str, ...]
    datasets: tuple[str, ...]
    forms: tuple[str, ...]
    starts: date
    last: date


def covering(connection: sqlite3.Connection, form: str | None, dataset: str | None) -> list[Covering]:
    """The agreements that cover data in a form and a data set, if they are named, in force or not."""
    return [
        Covering(
            agreement, request, _ids(people), _ids(datasets), _ids(forms), *map(date.fromisoformat, (starts, last))
        )
        for agreement, request, people, datasets, forms, starts, last in connection.execute(
            COVERING, {"form": form, "dataset": dataset}
        )
    ]


def _ids(text: str) -> tuple[str, ...]:
    return tuple(sorted(msgspec.json.decode(text, type=list[str])))
