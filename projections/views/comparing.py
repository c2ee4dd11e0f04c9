"""Whether the views in a file are the ones that a log gives: each table against one that was made anew."""

import sqlite3
from collections.abc import Iterator
from itertools import zip_longest

from projections.views.tables import OF_A_FACT, OF_A_REQUEST

TABLES = (*OF_A_REQUEST, *OF_A_FACT, "undone")
# Of a long row so many characters are shown, so many of them before the first that is different.
SHOWN, LEAD = 120, 40
DECLARED = "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name"

Row = tuple[object, ...]


def different_tables(kept: sqlite3.Connection, fresh: sqlite3.Connection) -> Iterator[str]:
    """What is different in a file from what was made anew: its form, or the first row of a table that is."""
    (found,) = kept.execute("PRAGMA integrity_check(1)").fetchone()
    if found != "ok":
        yield f"SQLite finds the file broken: {found}"
    elif kept.execute(DECLARED).fetchall() != fresh.execute(DECLARED).fetchall():
        yield "its tables are not declared as views are"
    else:
        for table in TABLES:
            for ours, theirs in zip_longest(_rows(kept, table), _rows(fresh, table)):
                if ours != theirs:
                    yield f"{table} {_difference(ours, theirs)}"
                    break


def _rows(connection: sqlite3.Connection, table: str) -> Iterator[Row]:
    columns = len(connection.execute(f"SELECT * FROM {table} LIMIT 0").description)
    order = ", ".join(map(str, range(1, columns + 1)))
    return connection.execute(f"SELECT * FROM {table} ORDER BY {order}")


def _difference(ours: Row | None, theirs: Row | None) -> str:
    """What a row of ours holds, and what the log gives instead; of long ones only where they begin to differ."""
    rows = [row for row in (ours, theirs) if row is not None]
    texts = ["nothing more" if row is None else ascii(row) for row in (ours, theirs)]
    differs = next((at for at, (a, b) in enumerate(zip(*texts, strict=False)) if a != b), 0)
    begin = max(differs - LEAD, 0) if len(rows) == 2 and max(map(len, texts)) > SHOWN else 0
    holds, given = (_part(text, begin) for text in texts)
    return f"of {rows[0][0]!a} holds {holds} where the log gives {given}"


def _part(text: str, begin: int) -> str:
    end = begin + SHOWN
    return f"{'...' * (begin > 0)}{text[begin:end]}{'...' * (len(text) > end)}"
