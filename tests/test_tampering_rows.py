"""A value, a row, a bit of a file, altered, deleted, inserted or swapped: verify finds it where it stands."""

import os
import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ledger.chain.entry import parse_entry
from ledger.chain.merkle import root_hash
from ledger.errors import LedgerError, NewerSchema, NotALedger, Unreachable
from ledger.evidence.report import Report, Verdict
from tests.stores import CAMPAIGN
from tests.tampered_homes import (
    COLUMNS,
    FACT,
    OF_A_COLUMN,
    OF_A_TABLE,
    Attack,
    Row,
    altered,
    carry_out,
    changed,
    columns,
    columns_of,
    findings,
    home,
    not_excluded,
    not_signed,
    office_on_a_server,
    over_both,
    some_rows,
    tables,
    unnoticed,
    where,
)
from tests.tampering import (
    ANA,
    DATABASES,
    SIZE,
    Operator,
    outcome,
)

__all__ = ["home", "office_on_a_server"]

FILES = {
    "log.db": FACT,
    "log.db-turn": "is empty: a lock on it says whose turn it is to write",
    "log.db-turnstile": "is empty: a lock on it says who comes next",
    "custody.db": FACT,
    "documents": FACT,
    "keys/keys.db": FACT,
    "keys/key-encryption-key": FACT,
    "keys/log-key.pem": "signs what is yet to be signed; what was signed is checked by the public half, in entry 1",
    "lock/checkpoints.db": "holds what was signed, which the tests of the notary lay hands on",
    "checkpoint": "is a copy of the last checkpoint in the lock store",
}

# What nobody commits to is what a crash leaves behind: it is swept one day, and harms nobody.
NOBODY_MINDS = [("custody.db", "sealed"), ("keys.db", "subject_keys"), ("keys.db", "salts"), ("keys.db", "secrets")]


def cuts_off(table: str, row: Row, came: Row) -> bool:
    """Whether the log now ends before its last entry."""
    return table == "entries" and row[0] == SIZE and not (isinstance(came[0], int) and came[0] >= SIZE)


def test_every_column_is_known_to_hold_facts_or_why_it_holds_none(home: Operator):
    there = {
        database: {
            str(table): [
                str(column) for (column,) in home.run(database, "SELECT name FROM pragma_table_info(?)", table)
            ]
            for (table,) in home.run(database, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY rowid")
        }
        for database in COLUMNS
    }

    assert there == {
        database: {table: list(columns) for table, columns in tables.items()} for database, tables in COLUMNS.items()
    }


def test_every_file_is_known_to_hold_facts_or_why_it_holds_none(home: Operator):
    files = {file.relative_to(home.path) for file in home.files()}

    assert {"documents" if file.parts[0] == "documents" else str(file) for file in files} == set(FILES)


@over_both()
def test_where_nothing_was_altered_nothing_is_found(home: Operator):
    rows = home.run("log.db", "SELECT entry FROM entries ORDER BY position")
    leaves = [parse_entry(raw).leaf for (raw,) in rows if type(raw) is bytes]
    report = outcome(home.path)

    assert report == Report(SIZE, root_hash(leaves).hex(), (), not_excluded(SIZE), (not_signed(SIZE), *home.unchecked))


# One at a time, everywhere


@pytest.mark.campaign
@over_both(OF_A_COLUMN, columns)
def test_an_altered_value_is_found_where_it_stands(home: Operator, database: str, table: str, column: str):
    place = columns_of(home, database, table).index(column)

    def attacks() -> Iterator[Attack]:
        for row in some_rows(home, database, table):
            # What is wrong with the entries that a row lists, it may say of some, or of the whole index.
            at = set() if column == "earlier" else where(home, database, table, row)
            for value in altered(row[place]):
                came = changed(row, place, value)
                if value != row[place] and not cuts_off(table, row, came):
                    yield Attack(database, table, [row], [came], at)

    # No row is altered in a multiple of five ways: so, from row to row, each of them has its turn.
    every = [*attacks()]
    assert unnoticed(home, iter(every if CAMPAIGN or len(every) < 25 else every[::5]), at_least=5) == []


@over_both(OF_A_COLUMN, columns)
def test_two_rows_that_exchange_a_value_are_found(home: Operator, database: str, table: str, column: str):
    place = columns_of(home, database, table).index(column)

    def attacks() -> Iterator[Attack]:
        rows = some_rows(home, database, table)
        for one, other in zip(rows, rows[1:] + rows[:1], strict=True):
            came = [changed(one, place, other[place]), changed(other, place, one[place])]
            if {*came} != {one, other}:
                at = where(home, database, table, one) | where(home, database, table, other)
                at = set() if column == "earlier" else at
                yield Attack(database, table, [one, other], came, at)

    # Few rows have another time than the next, or a mark.
    alone = table in ("opened_by", "secrets") or column in ("created_at", "mark")
    assert unnoticed(home, attacks(), at_least=0 if alone else 2) == []


@over_both(OF_A_TABLE, tables)
def test_a_deleted_row_is_missed(home: Operator, database: str, table: str):
    def attacks() -> Iterator[Attack]:
        for row in some_rows(home, database, table):
            if row[0] != SIZE:  # the last entry: see what cannot be excluded
                yield Attack(database, table, [row], [], where(home, database, table, row))

    assert unnoticed(home, attacks(), at_least=1) == []


@over_both()
@pytest.mark.parametrize("position", [SIZE + 1, SIZE + 1000, 2**62, 0, -1])
def test_an_entry_inserted_beyond_either_end_is_found(home: Operator, position: int):
    def attacks() -> Iterator[Attack]:
        for row in some_rows(home, "log.db", "entries"):
            yield Attack("log.db", "entries", [], [changed(row, 0, position)], {min(position, SIZE + 1)})

    assert unnoticed(home, attacks(), at_least=8 if home.takes(position) else 0) == []


@over_both()
def test_a_row_inserted_into_the_tag_index_is_found(home: Operator):
    def attacks() -> Iterator[Attack]:
        for tag, type_, position, *earlier in some_rows(home, "log.db", "tags"):
            assert isinstance(position, int)
            yield Attack("log.db", "tags", [], [(f"person:{ANA}x", type_, position, *earlier)], {position})
            yield Attack("log.db", "tags", [], [(tag, "ledger.opened.v3", position, *earlier)], {position})
            yield Attack("log.db", "tags", [], [("", "a", position, *earlier)], {position})
            for elsewhere in (-1, 0, home.indexed(SIZE) + 1, SIZE, SIZE + 1, 2**62):
                yield Attack("log.db", "tags", [], [(tag, type_, elsewhere, *earlier)], {elsewhere})

    assert unnoticed(home, attacks(), at_least=40) == []


@over_both()
def test_another_key_store_opener_is_found(home: Operator):
    (row,) = home.run("keys.db", "SELECT wrapped FROM opened_by")

    assert unnoticed(home, iter([Attack("keys.db", "opened_by", [], [row], {None})]), at_least=1) == []


@over_both()
@pytest.mark.parametrize(("database", "table"), NOBODY_MINDS)
def test_a_row_that_nobody_commits_to_is_left_to_be_swept(home: Operator, database: str, table: str):
    row, *_ = some_rows(home, database, table)
    carry_out(home, Attack(database, table, [], [(b"x" * 32 if type(row[0]) is bytes else "x", *row[1:])], set()))

    assert findings(home) == []


# The bytes of the file


@pytest.mark.campaign
@pytest.mark.parametrize("database", COLUMNS)
def test_no_flipped_bit_of_a_file_goes_unnoticed_where_it_changes_a_fact(home: Operator, database: str):
    """Verify finds it, or says by name that it cannot run, or every fact is as before."""
    file = home.path / DATABASES[database]
    pristine = home.contents()
    facts = dump(file, COLUMNS[database])
    every = range(8 * len(pristine[file]))
    for bit in random.Random(os.environ.get("SEED", "flips")).sample(every, 2000 if CAMPAIGN else 40):
        flipped = bytearray(pristine[file])
        flipped[bit // 8] ^= 1 << bit % 8
        file.write_bytes(flipped)
        as_before = dump(file, COLUMNS[database]) == facts
        home.restore(pristine)
        file.write_bytes(flipped)
        report = outcome(home.path)
        home.restore(pristine)

        if isinstance(report, LedgerError):
            # A log that is none, or of a newer program, says its header.
            assert isinstance(report, NotALedger | NewerSchema | Unreachable), (bit, report)
            assert bit < 800, (bit, report)
        else:
            assert report.verdict is not Verdict.HOLDS or as_before, bit


def dump(file: Path, tables: dict[str, dict[str, str]]) -> object:
    """Every fact in a database, told without our own code."""
    selections = {table: list(columns) for table, columns in tables.items()}
    with closing(sqlite3.connect(file)) as connection:
        connection.text_factory = bytes
        try:
            return [
                sorted(connection.execute(f"SELECT {', '.join(columns)} FROM {table}").fetchall(), key=repr)
                for table, columns in {**selections, "sqlite_schema": ["type", "name", "tbl_name", "sql"]}.items()
            ]
        except (sqlite3.Error, UnicodeDecodeError) as error:
            return str(error)
