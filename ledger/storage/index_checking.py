"""What the index of tags in SQLite is asked for when it is verified: all that it says, and what nobody wrote so."""

import sqlite3
from collections.abc import Mapping, Sequence

import msgspec

from ledger.storage.tag_index import LISTED, STEP, STEP_BEFORE, list_of

# For each of these tags a list of positions, empty where it leads nowhere. Whatever a row says, SQLite takes it to have
# the tag and the type that the search for its range was for, and need not look at "=" again: so they are compared once
# more, by a plus that hides the column, and after "IS". What a row lists belongs to its step, and is text: digits come
# before letters, and what is no text comes after both.
LEADS = f"""
    SELECT group_concat((
        SELECT '[' || COALESCE(group_concat(
            CASE
                WHEN t.earlier = '' THEN t.position
                WHEN t.earlier < 'a' AND CAST(t.earlier AS INTEGER) > {STEP_BEFORE} THEN {list_of("t")}
                ELSE 'misplaced'
            END
        ), '') || ']'
        FROM tags AS t
        WHERE t.tag = wanted.value AND t.type IS ?2 AND t.position > ?3 AND t.position <= ?4
            AND +t.tag = wanted.value AND +t.type = ?2
    ))
    FROM json_each(?1) AS wanted
"""
REACH = f"(SELECT COALESCE(MAX(position), 0) - COALESCE(MAX(position), 0) % {STEP} FROM entries)"
LISTED_BUT_NEWER = f"""
    SELECT CAST(TOTAL({LISTED}) AS INTEGER) FROM tags WHERE (position BETWEEN ? + 1 AND {REACH}) IS NOT TRUE
"""
ROWS_MISPLACED = f"SELECT DISTINCT position FROM tags WHERE (position BETWEEN 1 AND {REACH}) IS NOT TRUE"
# What the rows list in the order of entries; SQLite sorts it in files of its own when it is much. Of what nobody wrote
# so, this shows what it can.
INDEXED_TAGS = f"""
    SELECT
        listed.value AS at,
        CAST(COALESCE(t.type, '') AS BLOB),
        CAST(json_group_array(COALESCE(CAST(t.tag AS TEXT), '')) AS BLOB)
    FROM tags AS t, json_each(
        CASE
            WHEN json_valid('[' || {list_of("t")} || ']') THEN '[' || {list_of("t")} || ']'
            ELSE json_array(t.position)
        END
    ) AS listed
    WHERE typeof(at) = 'integer' AND at > ? AND at <= ?
    GROUP BY at, t.type
"""


def leads(
    connection: sqlite3.Connection, type_: str, wanted: Mapping[str, Sequence[int]], after: int, until: int
) -> bool:
    """Whether the index has just these positions for each of these tags with a type, in whole steps."""
    (found,) = connection.execute(LEADS, (_json([*wanted]), type_, after, until)).fetchone()
    return f"[{found}]" == _json([*wanted.values()])


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
