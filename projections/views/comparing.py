"""Whether the views in a file are the ones that a log gives: each table against one that was made anew."""

import sqlite3
from collections.abc import Iterator
from itertools import zip_longest

from projections.views.tables import OF_A_FACT, OF_A_REQUEST

TABLES = (*OF_A_REQUEST, *OF_A_FACT, "undone")
DECLARED = "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name"


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
                    yield f"{table} holds {_told(ours)} where the log gives {_told(theirs)}"
                    break


def _rows(connection: sqlite3.Connection, table: str) -> Iterator[tuple[object, ...]]:
    columns = len(connection.execute(f"SELECT * FROM {table} LIMIT 0").description)
    order = ", ".join(map(str, range(1, columns + 1)))
    return connection.execute(f"SELECT * FROM {table} ORDER BY {order}")


def _told(row: tuple[object, ...] | None) -> str:
    return "nothing more" if row is None else ascii(row)
