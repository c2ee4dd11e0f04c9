"""Whether the file of a store on SQLite is whole: what SQLite finds in it, what is declared, and rows out of place."""

import sqlite3
from collections.abc import Callable
from contextlib import closing

from ledger.storage.index_checking import ROWS_MISPLACED

Strays = list[tuple[int | None, str]]

# Everything that somebody declared, also under a name that looks like SQLite's own; statistics hold no facts.
DECLARED = """
    SELECT name, type, tbl_name, sql FROM sqlite_schema
    WHERE sql IS NOT NULL AND NOT (type = 'table' AND name IN ('sqlite_stat1', 'sqlite_stat4'))
"""
# Where nothing was ever deleted there are no free pages, which would have to be checked too: so a look at the entries
# is enough, if the tag index is asked for all that must be in it.
FREE_PAGES = "PRAGMA freelist_count"
BROKEN_ENTRIES = "PRAGMA integrity_check(entries)"
BROKEN = "PRAGMA integrity_check(20)"
MISPLACED = "SELECT position FROM entries WHERE position < 1"
# What reads everything once is faster where each page takes the place of one that the processor still has at hand.
CACHE = "PRAGMA cache_size"
SMALL = -256


def strays(connection: sqlite3.Connection, declare: Callable[[sqlite3.Connection], None]) -> Strays:
    """What is broken, declared otherwise than this declares it, or an entry where none can be."""
    has_free_pages = connection.execute(FREE_PAGES).fetchone() != (0,)
    broken = _broken(connection, BROKEN if has_free_pages else BROKEN_ENTRIES)
    found = _declared(connection)
    with closing(sqlite3.connect(":memory:")) as fresh:
        declare(fresh)
        expected = _declared(fresh)
    return [
        *broken,
        *((None, f"{name} is missing from the database") for name in sorted(expected.keys() - found.keys())),
        *((None, f"{name} is no part of a ledger's database") for name in sorted(found.keys() - expected.keys())),
        *(
            (None, f"{name} was declared otherwise")
            for name, declared in expected.items()
            if found.get(name, declared) != declared
        ),
        *_misplaced(connection, MISPLACED, "entries"),
    ]


def index_strays(connection: sqlite3.Connection) -> Strays:
    """What is broken anywhere, and rows of the tag index where none can be."""
    return [*_broken(connection, BROKEN), *_misplaced(connection, ROWS_MISPLACED, "the tag index")]


def _broken(connection: sqlite3.Connection, check: str) -> Strays:
    (usual,) = connection.execute(CACHE).fetchone()
    connection.execute(f"{CACHE} = {SMALL}")
    try:
        said = [what for (what,) in connection.execute(check)]
    finally:
        connection.execute(f"{CACHE} = {usual}")
    return [(None, f"SQLite finds the file broken: {what}") for what in said if what != "ok"]


def _misplaced(connection: sqlite3.Connection, query: str, table: str) -> Strays:
    found = connection.execute(query).fetchall()
    return [(position, f"it has no place in {table}, but stands there") for (position,) in found]


def _declared(connection: sqlite3.Connection) -> dict[str, list[str]]:
    return {name: declared for name, *declared in connection.execute(DECLARED)}
