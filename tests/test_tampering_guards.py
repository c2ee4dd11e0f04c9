"""What keeps the log's tables from being changed, and whatever was added to the database: verify looks at both."""

import sqlite3
import struct
from contextlib import closing

import pytest

from tests.tampered_homes import findings, home, office_on_a_server
from tests.tampering import Operator

__all__ = ["home", "office_on_a_server"]


def test_guards_that_were_taken_down_and_put_back_are_as_before(home: Operator):
    home.run("log.db", "SELECT 1")

    assert findings(home) == []


GUARDS = ["entries_only_grow", "entries_never_change", "entries_never_go", "tags_never_change", "tags_never_go"]


@pytest.mark.parametrize("name", GUARDS)
def test_a_guard_that_is_missing_is_found(home: Operator, name: str):
    with closing(sqlite3.connect(home.path / "log.db")) as connection:
        connection.execute(f"DROP TRIGGER {name}")

    assert findings(home) == [(None, f"{name} is missing from the database")]


@pytest.mark.parametrize("name", GUARDS)
@pytest.mark.parametrize("kind", ["harmless", "one character", "one space"])
def test_a_guard_that_was_altered_is_found(home: Operator, name: str, kind: str):
    with closing(sqlite3.connect(home.path / "log.db")) as connection:
        (sql,) = connection.execute("SELECT sql FROM sqlite_schema WHERE name = ?", (name,)).fetchone()
        connection.execute(f"DROP TRIGGER {name}")
        guard = {
            "harmless": f"CREATE TRIGGER {name} BEFORE UPDATE ON entries BEGIN SELECT 1; END",
            "one character": sql.replace("ABORT", "abORT"),
            "one space": sql.replace("SELECT", "SELECT ", 1),
        }[kind]
        connection.execute(guard)

    assert findings(home) == [(None, f"{name} was declared otherwise")]


@pytest.mark.parametrize(
    ("name", "statement"),
    [
        ("copy", "CREATE TABLE copy (entry BLOB)"),
        ("hidden", "CREATE VIEW hidden AS SELECT * FROM entries"),
        ("quick", "CREATE INDEX quick ON tags (position)"),
        ("swallow", "CREATE TRIGGER swallow BEFORE INSERT ON tags BEGIN SELECT RAISE(IGNORE); END"),
        ("sqlitexswallow", "CREATE TRIGGER sqlitexswallow BEFORE INSERT ON tags BEGIN SELECT RAISE(IGNORE); END"),
    ],
)
def test_whatever_was_added_to_the_database_is_found(home: Operator, name: str, statement: str):
    with closing(sqlite3.connect(home.path / "log.db")) as connection:
        connection.execute(statement)

    assert findings(home) == [(None, f"{name} is no part of a ledger's database")]


def test_a_trigger_under_a_name_of_sqlites_own_is_found(home: Operator):
    trigger = "CREATE TRIGGER sqlite_swallow BEFORE INSERT ON tags BEGIN SELECT RAISE(IGNORE); END"
    with closing(sqlite3.connect(home.path / "log.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        row = ("trigger", "sqlite_swallow", "tags", 0, trigger)
        connection.execute("INSERT INTO sqlite_schema VALUES (?, ?, ?, ?, ?)", row)

    assert findings(home) == [(None, "sqlite_swallow is no part of a ledger's database")]


def test_a_guard_in_another_word_for_trigger_is_found(home: Operator):
    with closing(sqlite3.connect(home.path / "log.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("UPDATE sqlite_schema SET type = 'triggEr' WHERE name = 'tags_never_go'")

    assert findings(home) == [(None, "tags_never_go was declared otherwise")]


def test_statistics_of_the_database_are_no_alteration(home: Operator):
    with closing(sqlite3.connect(home.path / "log.db")) as connection:
        connection.execute("ANALYZE")

    assert findings(home) == []


@pytest.mark.parametrize("table", ["tags", "entries"])
def test_without_a_table_nothing_holds(home: Operator, table: str):
    with closing(sqlite3.connect(home.path / "log.db")) as connection:
        connection.execute(f"DROP TABLE {table}")

    assert {position for position, _ in findings(home)} >= {None}


def test_rows_in_an_order_that_hides_them_from_queries_are_found(home: Operator):
    """A scan of the tag index shows the same rows as before; a search for one of them goes past it."""
    with closing(sqlite3.connect(home.path / "log.db")) as connection:
        (page_bytes,) = connection.execute("PRAGMA page_size").fetchone()
        rows = connection.execute("SELECT * FROM tags ORDER BY position, tag").fetchall()
    file = home.path / "log.db"
    content = bytearray(file.read_bytes())
    page = next(
        start
        for start in range(page_bytes, len(content), page_bytes)
        if content[start] == 0x0A and cells_of(content, start) > 8
    )
    cells = [page + 8 + 2 * number for number in (1, cells_of(content, page) - 2)]
    one, other = (bytes(content[cell : cell + 2]) for cell in cells)
    content[cells[0] : cells[0] + 2], content[cells[1] : cells[1] + 2] = other, one
    file.write_bytes(content)

    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT * FROM tags ORDER BY position, tag").fetchall() == rows
    # Whoever asks the index for what was erased goes past it, too.
    assert None in {position for position, _ in findings(home)}


def cells_of(content: bytes | bytearray, page: int) -> int:
    """How many cells a leaf page of an index has (sqlite.org/fileformat2.html, 1.6)."""
    (count,) = struct.unpack_from(">H", content, page + 3)
    assert isinstance(count, int)
    return count
