"""A dishonest operator alters, deletes, inserts, swaps, renumbers: verify finds each, and says what it cannot find."""

import json
import os
import random
import sqlite3
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from click.testing import CliRunner, Result
from msgspec import structs
from msgspec.json import encode as json_encode

from api.cli import main
from ledger.chain.entry import NO_LEAF, Header, parse_entry, write_entry
from ledger.chain.merkle import completed_by, leaf_hash, node_hash, root_hash
from ledger.errors import LedgerError, NewerSchema, NotALedger, Unreachable
from ledger.evidence.checkpoints import BOTH_OWNED
from ledger.evidence.report import Report, Verdict
from ledger.evidence.sweep import BLOCK
from ledger.evidence.verify import CHUNK, verify_log
from ledger.storage import create_store, open_store
from ledger.storage.tag_index import STEP, index_rows
from tests.postgres import Server
from tests.tampering import (
    ANA,
    DATABASES,
    SIZE,
    Operator,
    Superuser,
    fill_store,
    furnish,
    guards_down,
    make_home_with_everything,
    outcome,
    places,
)

CAMPAIGN = os.environ.get("CAMPAIGN") == "1"

FACT = "fact"
COLUMNS = {
    "log.db": {
        "entries": {"position": FACT, "tree": FACT, "entry": FACT},
        "tags": {"tag": FACT, "type": FACT, "position": FACT},
    },
    "custody.db": {
        "sealed": {
            "commitment": FACT,
            "subject": FACT,
            "purpose": FACT,
            "created_at": FACT,
            "document": FACT,
            "box": FACT,
        },
    },
    "keys.db": {
        "opened_by": {"wrapped": FACT},
        "subject_keys": {"subject": FACT, "wrapped": FACT},
        "salts": {
            "commitment": FACT,
            "subject": FACT,
            "purpose": FACT,
            "created_at": FACT,
            "mark": FACT,
            "wrapped": FACT,
        },
        "secrets": {"name": FACT, "wrapped": FACT},
    },
}
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
# On PostgreSQL documents are rows.
SHARED = {**COLUMNS, "custody.db": {**COLUMNS["custody.db"], "documents": {"address": FACT, "box": FACT}}}
KINDS = {"files": COLUMNS, "postgres": SHARED}


Case = tuple[str, ...]


def over_both(
    names: Case = (), cases: Callable[[str], Sequence[Case]] = lambda kind: [()], *, later: bool = False
) -> pytest.MarkDecorator:
    """Run a test on both kinds of homes, in all cases of each; on PostgreSQL only in a campaign, if `later`."""
    marks = {"files": [], "postgres": [pytest.mark.needs("initdb"), *([pytest.mark.campaign] if later else [])]}
    kinds = ["files"] if later and not CAMPAIGN else [*KINDS]
    params = [pytest.param(kind, *case, marks=marks[kind]) for kind in kinds for case in cases(kind)]
    return pytest.mark.parametrize(("home", *names), params, indirect=["home"])


def tables(kind: str) -> list[Case]:
    """Every table of a kind of home."""
    return [(database, table) for database, there in KINDS[kind].items() for table in there]


def columns(kind: str) -> list[Case]:
    """Every column that holds a fact."""
    found = [(*one, column) for one in tables(kind) for column in KINDS[kind][one[0]][one[1]]]
    return [
        (database, table, column) for database, table, column in found if KINDS[kind][database][table][column] == FACT
    ]


OF_A_TABLE = ("database", "table")
OF_A_COLUMN = (*OF_A_TABLE, "column")
# What nobody commits to is what a crash leaves behind: it is swept one day, and harms nobody.
NOBODY_MINDS = [("custody.db", "sealed"), ("keys.db", "subject_keys"), ("keys.db", "salts"), ("keys.db", "secrets")]

Row = tuple[object, ...]


class Attack(NamedTuple):
    """Rows that go and rows that come, and the positions at which that must be found."""

    database: str
    table: str
    gone: Sequence[Row]
    came: Sequence[Row]
    at: set[int | None]


@pytest.fixture(scope="module")
def office_on_a_server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Superuser]:
    """A home with everything in PostgreSQL, which whoever attacks it puts back as it was."""
    server: Server = request.getfixturevalue("postgres_server")
    with server.ledger() as url:
        path = tmp_path_factory.mktemp("on-a-server") / "home"
        make_home_with_everything(path, url)
        yield Superuser(path, url)


@pytest.fixture
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Operator]:
    """A home with everything, in files unless it is to be in PostgreSQL."""
    if getattr(request, "param", "files") == "files":
        yield furnish(tmp_path / "home")
        return
    office: Superuser = request.getfixturevalue("office_on_a_server")
    pristine = office.contents()
    yield office
    office.restore(pristine)


def unnoticed(home: Operator, attacks: Iterator[Attack], at_least: int) -> list[tuple[Attack, object]]:
    """Those of these attacks that verify does not find at every position concerned, with what it says instead."""
    pristine = home.contents()
    missed: list[tuple[Attack, object]] = []
    tried = 0
    enough = float("inf") if CAMPAIGN else home.enough
    for attack in attacks if CAMPAIGN else random.Random(1).sample(every := [*attacks], len(every)):
        if tried >= enough:
            break
        try:
            carry_out(home, attack)
        except home.refusals:
            pass  # the table itself refuses such a row
        else:
            tried += 1
            report = outcome(home.path)
            if not (isinstance(report, Report) and report.verdict is Verdict.ALTERED and attack.at <= places(report)):
                missed.append((attack, report))
        home.restore(pristine)
    assert tried >= min(at_least, enough)
    return missed


def carry_out(home: Operator, attack: Attack) -> None:
    columns = list(SHARED[attack.database][attack.table])
    this_row = " AND ".join(f"{column} IS ?" for column in columns)
    with home.database(attack.database) as connection:
        for row in attack.gone:
            assert connection.execute(f"DELETE FROM {attack.table} WHERE {this_row}", row).rowcount == 1
        for row in attack.came:
            connection.execute(f"INSERT INTO {attack.table} VALUES ({', '.join('?' * len(columns))})", row)


def some_rows(home: Operator, database: str, table: str) -> list[Row]:
    """The first, the last, and some in between: of entries, those which complete many subtrees."""
    columns = ", ".join(SHARED[database][table])
    rows = home.run(database, f"SELECT {columns} FROM {table} ORDER BY 1")
    if table == "entries":
        return [rows[position - 1] for position in (1, 2, 63, 64, 65, 128, SIZE - 1, SIZE)]
    if table == "tags":
        # Mostly every other row has the empty tag, which each entry has, so that nobody can take it from another.
        return sorted(rows, key=lambda row: (row[2], row[0]))[:: len(rows) // 16 * 2]
    return rows[:: max(1, len(rows) // 5)]


def where(home: Operator, database: str, table: str, row: Row) -> set[int | None]:
    """The positions of the entries that a row is about."""
    if database == "log.db":
        position = row[0] if table == "entries" else row[2]
        assert isinstance(position, int)
        return {position}
    commitments = home.commitments()
    if table in ("sealed", "salts"):
        assert isinstance(row[0], bytes)
        return {commitments[row[0]]}
    if table == "documents":
        ((commitment,),) = home.run("custody.db", "SELECT commitment FROM sealed WHERE document = ?", row[0])
        assert isinstance(commitment, bytes)
        return {commitments[commitment]}
    if table == "subject_keys":
        salts = home.run("keys.db", "SELECT commitment FROM salts WHERE subject = ?", row[0])
        return {commitments[commitment] for (commitment,) in salts if isinstance(commitment, bytes)}
    return {None}


def altered(value: object) -> Iterator[object]:
    """The value with a bit or a character changed, longer, shorter, or gone."""
    match value:
        case bytes():
            for place in {0, len(value) // 3, len(value) // 2, len(value) - 1}:
                yield value[:place] + bytes([value[place] ^ 1 << place % 8]) + value[place + 1 :]
            yield from (value[:-1], value[32:], value[:-32], value + b"\x00", value + value[:32], b"")
        case str():
            for place in {0, len(value) - 1} if value else set():
                yield value[:place] + chr(ord(value[place]) ^ 1) + value[place + 1 :]
            yield from (value[:-1], value + "\x00", value + "x", "")
        case int():
            yield from (value + 1, value + 1000, -value, 0, 2**62)
        case None:
            yield bytes(32)
    yield None


def cuts_off(table: str, row: Row, came: Row) -> bool:
    """Whether the log now ends before its last entry."""
    return table == "entries" and row[0] == SIZE and not (isinstance(came[0], int) and came[0] >= SIZE)


def changed(row: Row, place: int, value: object) -> Row:
    return (*row[:place], value, *row[place + 1 :])


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


def not_signed(size: int) -> str:
    return f"recorded and NOT SIGNED yet: entries 2 to {size}, which no checkpoint covers"


def not_excluded(size: int) -> tuple[str, str]:
    """What is left open of a log of which only entry 1 is signed."""
    return BOTH_OWNED, f"that whoever owns the database alone wrote entries 2 to {size} anew, or cut off more behind it"


@over_both()
def test_where_nothing_was_altered_nothing_is_found(home: Operator):
    rows = home.run("log.db", "SELECT entry FROM entries ORDER BY position")
    leaves = [parse_entry(raw).leaf for (raw,) in rows if type(raw) is bytes]
    report = outcome(home.path)

    assert report == Report(SIZE, root_hash(leaves).hex(), (), not_excluded(SIZE), (not_signed(SIZE), *home.unchecked))


# One at a time, everywhere


@pytest.mark.campaign
@over_both(OF_A_COLUMN, columns, later=True)
def test_an_altered_value_is_found_where_it_stands(home: Operator, database: str, table: str, column: str):
    place = list(SHARED[database][table]).index(column)

    def attacks() -> Iterator[Attack]:
        for row in some_rows(home, database, table):
            at = where(home, database, table, row)
            for value in altered(row[place]):
                came = changed(row, place, value)
                if value != row[place] and not cuts_off(table, row, came):
                    yield Attack(database, table, [row], [came], at)

    # No row is altered in a multiple of five ways: so, from row to row, each of them has its turn.
    every = [*attacks()]
    assert unnoticed(home, iter(every if CAMPAIGN or len(every) < 25 else every[::5]), at_least=5) == []


@over_both(OF_A_COLUMN, columns, later=True)
def test_two_rows_that_exchange_a_value_are_found(home: Operator, database: str, table: str, column: str):
    place = list(SHARED[database][table]).index(column)

    def attacks() -> Iterator[Attack]:
        rows = some_rows(home, database, table)
        for one, other in zip(rows, rows[1:] + rows[:1], strict=True):
            came = [changed(one, place, other[place]), changed(other, place, one[place])]
            if {*came} != {one, other}:
                at = where(home, database, table, one) | where(home, database, table, other)
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
        for tag, type_, position in some_rows(home, "log.db", "tags"):
            assert isinstance(position, int)
            yield Attack("log.db", "tags", [], [(f"person:{ANA}x", type_, position)], {position})
            yield Attack("log.db", "tags", [], [(tag, "ledger.opened.v3", position)], {position})
            yield Attack("log.db", "tags", [], [("", "a", position)], {position})
            for elsewhere in (-1, 0, home.indexed(SIZE) + 1, SIZE, SIZE + 1, 2**62):
                yield Attack("log.db", "tags", [], [(tag, type_, elsewhere)], {elsewhere})

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


def findings(home: Operator) -> list[tuple[int | None, str]]:
    report = outcome(home.path)
    assert isinstance(report, Report)
    assert {finding.verdict for finding in report.findings} <= {Verdict.ALTERED}
    return [(finding.position, finding.what) for finding in report.findings]


# Documents and keys, as files


DOCUMENT_ATTACKS: dict[str, Callable[[Path], object]] = {
    "a bit of its nonce": lambda file: flip(file, 0),
    "a bit of its middle": lambda file: flip(file, file.stat().st_size // 2),
    "a bit of its end": lambda file: flip(file, file.stat().st_size - 1),
    "cut short": lambda file: file.write_bytes(file.read_bytes()[:-1]),
    "made longer": lambda file: file.write_bytes(file.read_bytes() + b"\n"),
    "emptied": lambda file: file.write_bytes(b""),
    "removed": lambda file: file.unlink(),
    "renamed": lambda file: file.rename(file.with_name("0" * 62)),
    "replaced by a folder": lambda file: file.rename(file.with_name("elsewhere")).with_name(file.name).mkdir(),
    "replaced by a link to itself elsewhere": lambda file: file.symlink_to(file.rename(file.with_name("elsewhere"))),
}


def flip(file: Path, place: int) -> None:
    content = bytearray(file.read_bytes())
    content[place] ^= 0x10
    file.write_bytes(content)


def documents(home: Operator) -> dict[Path, int]:
    """Every document's file, with the position of the entry that commits to it."""
    commitments = home.commitments()
    return {
        home.document(address): commitments[commitment]
        for commitment, address in home.run("custody.db", "SELECT commitment, document FROM sealed")
        if isinstance(commitment, bytes) and isinstance(address, bytes)
    }


@pytest.mark.parametrize("attack", DOCUMENT_ATTACKS.values(), ids=DOCUMENT_ATTACKS)
def test_an_altered_document_is_found_at_its_entry(home: Operator, attack: Callable[[Path], object]):
    for file, position in documents(home).items():
        pristine = home.contents()
        attack(file)

        assert position in {place for place, _ in findings(home)}
        if file.is_dir():
            file.rmdir()
        home.restore(pristine)


def test_two_documents_that_changed_places_are_found(home: Operator):
    (one, at_one), (other, at_other), *_ = documents(home).items()
    content = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(content)

    assert {place for place, _ in findings(home)} == {at_one, at_other}


@pytest.mark.parametrize("name", ["letter.pdf", "ab/letter.pdf", "ab/" + "0" * 62, "ab/" + "0" * 62 + ".part"])
def test_a_file_that_somebody_put_among_the_documents_is_found(home: Operator, name: str):
    file = home.path / "documents" / name
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(b"%PDF")

    assert findings(home) == [(None, f"{file} lies among the documents and belongs to none of them")]


@pytest.mark.parametrize("place", [0, 64, 127])
def test_an_altered_key_encryption_key_is_found(home: Operator, place: int):
    file = home.path / "keys" / "key-encryption-key"
    key = bytearray(file.read_bytes())
    key[place] = ord("0") if key[place] != ord("0") else ord("1")
    file.write_bytes(key)

    assert {position for position, _ in findings(home)} == {None}


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("keys/keys.db", Verdict.UNVERIFIED),
        ("keys/key-encryption-key", Verdict.UNVERIFIED),
        ("custody.db", Verdict.ALTERED),
    ],
)
def test_without_a_file_of_custody_the_log_is_verified_and_the_rest_is_not(home: Operator, name: str, verdict: Verdict):
    (home.path / name).unlink()

    report = outcome(home.path)

    assert isinstance(report, Report)
    assert (report.size, report.verdict) == (SIZE, verdict)
    assert [finding.position for finding in report.findings] == [None]
    assert name.rpartition("/")[2] in report.findings[0].what


def test_without_its_folder_no_document_is_there(home: Operator):
    at = set(documents(home).values())
    (home.path / "documents").rename(home.path / "elsewhere")
    (home.path / "documents").mkdir()

    assert {position for position, _ in findings(home)} == at


# Guards


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
    assert {position for position, _ in findings(home)} == {None}


def cells_of(content: bytes | bytearray, page: int) -> int:
    """How many cells a leaf page of an index has (sqlite.org/fileformat2.html, 1.6)."""
    (count,) = struct.unpack_from(">H", content, page + 3)
    assert isinstance(count, int)
    return count


# Whoever knows how the chain is made


class Forger:
    """Rewrites entries of a log, and makes as many of the hashes right again as are asked for."""

    def __init__(self, home: Operator, connection: Any) -> None:
        self.home, self.connection = home, connection
        self.raw: dict[int, bytes] = dict(connection.execute("SELECT position, entry FROM entries"))
        self.tree: dict[int, bytes] = dict(connection.execute("SELECT position, tree FROM entries"))

    def position_of(self, part: bytes) -> int:
        return next(position for position, raw in self.raw.items() if part in raw)

    def subtree(self, level: int, index: int) -> bytes:
        return self.tree[(index + 1) << level][32 * level :][:32]

    def rewrite(self, position: int, old: bytes, new: bytes) -> None:
        """Change an entry's bytes, its leaf, and what else its own row holds."""
        assert old in self.raw[position]
        self.raw[position] = self.raw[position].replace(old, new)
        self.rehash(position)

    def relink(self, position: int) -> None:
        """Name the leaf of the entry before in this one, and make its own row right again."""
        header = parse_entry(self.raw[position]).header
        self.rewrite(position, header.prev.encode(), self.tree[position - 1][:32].hex().encode())

    def rehash(self, position: int) -> None:
        leaf = parse_entry(self.raw[position]).leaf
        self.tree[position] = b"".join(completed_by(position, leaf, self.subtree))

    def save(self) -> None:
        rows = [(self.tree[position], self.raw[position], position) for position in self.raw]
        self.connection.executemany("UPDATE entries SET tree = ?, entry = ? WHERE position = ?", rows)
        (last,) = self.connection.execute("SELECT MAX(position) FROM entries").fetchone()
        indexed = [parse_entry(self.raw[position]) for position in range(1, self.home.indexed(last) + 1)]
        self.connection.execute("DELETE FROM tags")
        self.connection.executemany("INSERT INTO tags VALUES (?, ?, ?)", index_rows(indexed))


@over_both(later=True)
@pytest.mark.parametrize(("position", "noticed"), [(70, 71), (63, 64), (64, 65), (127, 128), (SIZE - 1, SIZE)])
def test_an_entry_rewritten_with_its_own_hashes_is_found_at_the_next(home: Operator, position: int, noticed: int):
    with home.database("log.db") as connection:
        forger = Forger(home, connection)
        forger.rewrite(position, b"forum", b"other")
        forger.save()

    assert (noticed, "its prev is not the leaf of the entry before") in findings(home)


@over_both(later=True)
def test_an_entry_rewritten_with_the_link_from_the_next_is_found_at_the_one_after(home: Operator):
    with home.database("log.db") as connection:
        forger = Forger(home, connection)
        forger.rewrite(70, b"forum", b"other")
        forger.relink(71)
        forger.save()

    assert (72, "its prev is not the leaf of the entry before") in findings(home)


@over_both(later=True)
def test_a_chain_made_right_again_to_its_end_is_found_by_a_tree_that_was_not(home: Operator):
    with home.database("log.db") as connection:
        forger = Forger(home, connection)
        kept = {position: tree[32:] for position, tree in forger.tree.items()}
        forger.rewrite(70, b"forum", b"other")
        for position in range(71, SIZE + 1):
            forger.relink(position)
        forger.tree = {position: tree[:32] + kept[position] for position, tree in forger.tree.items()}
        forger.save()

    assert {position for position, _ in findings(home)} == set(range(70, SIZE + 1, 2))


@over_both(later=True)
def test_a_tree_made_right_again_is_found_by_the_chain(home: Operator):
    with home.database("log.db") as connection:
        forger = Forger(home, connection)
        forger.rewrite(70, b"forum", b"other")
        for position in range(71, SIZE + 1):
            forger.rehash(position)
        forger.save()

    assert findings(home) == [(71, "its prev is not the leaf of the entry before")]


@over_both(later=True)
def test_two_entries_that_changed_places_with_their_numbers_are_found(home: Operator):
    with home.database("log.db") as connection:
        forger = Forger(home, connection)
        one, other = forger.raw[70], forger.raw[80]
        forger.raw[70] = other.replace(b'{"position":80', b'{"position":70')
        forger.raw[80] = one.replace(b'{"position":70', b'{"position":80')
        forger.rehash(70)
        forger.rehash(80)
        forger.save()

    assert {70, 71, 80, 81} <= {position for position, _ in findings(home)}


@over_both(later=True)
def test_a_subtree_that_was_made_up_is_found_where_it_stands(home: Operator):
    with home.database("log.db") as connection:
        forger = Forger(home, connection)
        hashes = [forger.tree[128][start : start + 32] for start in range(0, 256, 32)]
        hashes[5] = node_hash(hashes[4], hashes[4])
        forger.tree[128] = b"".join(hashes)
        forger.save()

    assert [position for position, _ in findings(home)] == [128, 128]


MALFORMED = {
    "tags that are not sorted": (b'"tags":["dataset:D-60"]', b'"tags":["dataset:D-60","a"]'),
    "a tag twice": (b'"tags":["dataset:D-60"]', b'"tags":["dataset:D-60","dataset:D-60"]'),
    "another member": (b'"type":"dataset.registered.v1"}', b'"type":"dataset.registered.v1","x":"y"}'),
    "a space": (b'"tags":[', b'"tags": ['),
    "a time that is none": (b"T12:00:00.000000Z", b"T12:00:60.000000Z"),
    "a time before the entry before": (b"T12:00:00.000000Z", b"T11:59:59.999999Z"),
    "no line end": (b"}\n{", b"} {"),
    "too many bytes": (b'"via":"test"', b'"via":"test"' + b" " * 65_536),
}


@over_both(later=True)
@pytest.mark.parametrize(("old", "new"), MALFORMED.values(), ids=MALFORMED)
def test_a_history_rebuilt_around_a_malformed_entry_is_found_there(home: Operator, old: bytes, new: bytes):
    with home.database("log.db") as connection:
        forger = Forger(home, connection)
        position = forger.position_of(b'"dataset:D-60"')
        rebuild(forger, position, old, new)

    assert position in {place for place, _ in findings(home)}


@over_both(later=True)
@pytest.mark.parametrize(
    ("type_", "tags"),
    [
        ('dataset.registered.v1","x":"y', ["", "dataset:D-60"]),
        ("dataset.registered.v1", ["x"]),
        ("", ["", "dataset:D-60"]),
    ],
    ids=["a type that ends the string", "a tag in place of the empty one", "no type"],
)
def test_an_index_made_to_fit_a_malformed_header_does_not_make_it_well_formed(
    home: Operator, type_: str, tags: list[str]
):
    """Whoever makes up the header can make up what the index says of it."""
    listed = json.dumps(tags, separators=(",", ":"))
    listed = "[" + listed[4:] if listed.startswith('["",') else listed[:1] + listed[3:]
    with home.database("log.db") as connection:
        forger = Forger(home, connection)
        position = forger.position_of(b'"dataset:D-60"')
        rebuild(
            forger,
            position,
            b'"tags":["dataset:D-60"],"type":"dataset.registered.v1"',
            f'"tags":{listed},"type":"{type_}"'.encode(),
        )
        connection.execute("DELETE FROM tags WHERE position = ?", (position,))
        connection.executemany("INSERT INTO tags VALUES (?, ?, ?)", [(tag, type_, position) for tag in tags])

    assert position in {place for place, _ in findings(home)}


GOOD_TIME = "2026-11-21T12:00:00.000000Z"
MALFORMED_FROM_SOMEWHERE_ON = {
    "a day that is none": ("2026-02-30T12:00:00.000000Z", ["x"], "t"),
    "an hour that is none": ("2026-11-21T24:00:00.000000Z", ["x"], "t"),
    "a type with a control character": (GOOD_TIME, ["x"], "t\x7f"),
    "a type that is too long": (GOOD_TIME, ["x"], "t" * 256),
    "a type that ends the string": (GOOD_TIME, ["x"], 't","x":"y'),
    "no type": (GOOD_TIME, ["x"], ""),
    "a tag with a control character": (GOOD_TIME, ["x\x7f"], "t"),
    "a tag with another": (GOOD_TIME, ["x\x85"], "t"),
    "a tag that is too long": (GOOD_TIME, ["x" * 256], "t"),
    "too many tags": (GOOD_TIME, [chr(letter) for letter in range(0x23, 0x23 + 66) if letter != 0x5C], "t"),
    "a tag twice": (GOOD_TIME, ["x", "x"], "t"),
    "tags that are not sorted": (GOOD_TIME, ["y", "x"], "t"),
    "an empty tag": (GOOD_TIME, ["", "x"], "t"),
}


@pytest.mark.parametrize(
    ("recorded_at", "tags", "type_"), MALFORMED_FROM_SOMEWHERE_ON.values(), ids=MALFORMED_FROM_SOMEWHERE_ON
)
def test_a_log_that_is_malformed_from_somewhere_on_is_found_so_at_each_entry(
    tmp_path: Path, recorded_at: str, tags: list[str], type_: str
):
    """Every hash, link and row of the index is right, as whoever makes up a history would make them."""
    good = Header(0, "", "2026-01-01T12:00:00.000000Z", ("x",), "t")
    url = made_up(tmp_path / "log.db", [good] * BLOCK + [Header(0, "", recorded_at, tuple(tags), type_)] * BLOCK)

    with open_store(url) as store:
        assert places(verify_log(store)) == {*range(BLOCK + 1, 2 * BLOCK + 1)}


def test_entries_that_are_too_long_are_found(tmp_path: Path):
    url = made_up(tmp_path / "log.db", [Header(0, "", GOOD_TIME, ("x",), "t")] * 2 * BLOCK, b" " * 65_536)

    with open_store(url) as store:
        assert places(verify_log(store)) == {*range(1, 2 * BLOCK + 1)}


@pytest.mark.parametrize("position", [2, BLOCK // 2, BLOCK, BLOCK + 1, 2 * BLOCK])
def test_time_that_runs_back_is_found_where_it_does(tmp_path: Path, position: int):
    header = Header(0, "", GOOD_TIME, ("x",), "t")
    earlier = structs.replace(header, recorded_at="2026-11-21T11:59:59.999999Z")
    url = made_up(tmp_path / "log.db", [header] * (position - 1) + [earlier] * (2 * BLOCK + 1 - position))

    with open_store(url) as store:
        report = verify_log(store)

    assert [str(finding) for finding in report.findings] == [
        f"entry {position}: it says that it was recorded before the entry before"
    ]


def made_up(path: Path, headers: Sequence[Header], payload: bytes = b"{}") -> str:
    """A log with just these types, tags and times, well formed or not, and all else right; gives its URL."""
    url = f"sqlite:///{path}"
    create_store(url)
    tree: dict[int, bytes] = {}
    leaf = NO_LEAF
    with closing(sqlite3.connect(path)) as connection:
        for position, header in enumerate(headers, 1):
            written = structs.replace(header, position=position, prev=leaf.hex())
            raw = (json_encode(written) if '"' not in header.type else pasted(written)) + b"\n" + payload
            leaf = leaf_hash(raw)
            hashes = completed_by(position, leaf, lambda level, index: tree[(index + 1) << level][32 * level :][:32])
            tree[position] = b"".join(hashes)
            connection.execute("INSERT INTO entries VALUES (?, ?, ?)", (position, tree[position], raw))
            rows = [(tag, header.type, position) for tag in ("", *header.tags)]
            connection.executemany("INSERT OR IGNORE INTO tags VALUES (?, ?, ?)", rows)
        connection.commit()
    return url


def pasted(header: Header) -> bytes:
    """The header as it would be without any care for what JSON escapes."""
    plain = json_encode(structs.replace(header, type="the type"))
    return plain.replace(b"the type", header.type.encode())


@over_both(later=True)
def test_a_header_without_line_end_or_payload_is_found(home: Operator):
    with home.database("log.db") as connection:
        forger = Forger(home, connection)
        rebuild(forger, 70, b"\n" + parse_entry(forger.raw[70]).payload, b"")

    assert 70 in {position for position, _ in findings(home)}


def test_a_tag_that_is_no_text_is_not_taken_for_one_with_a_replacement_character(tmp_path: Path):
    url = fill_store(tmp_path / "log.db", STEP, tags=lambda number: ["person:\ufffd"])
    with closing(sqlite3.connect(tmp_path / "log.db")) as connection, guards_down(connection):
        connection.execute("UPDATE tags SET tag = CAST(x'706572736f6e3aff' AS TEXT) WHERE tag > '' AND position = 40")
        connection.commit()

    with open_store(url) as store:
        assert [str(finding) for finding in verify_log(store).findings] == [
            "entry 40: the tag index does not have 'person:\ufffd' with type 'thing.happened.v1'",
            "entry 40: the tag index has 'person:\\udcff' with type 'thing.happened.v1', and the entry does not",
        ]


def rebuild(forger: Forger, position: int, old: bytes, new: bytes) -> None:
    """Write the history anew from `position` on, whatever it then says there, with every hash right."""
    assert old in forger.raw[position]
    forger.raw[position] = forger.raw[position].replace(old, new)
    for later in range(position, SIZE + 1):
        raw = forger.raw[later]
        if later > position:
            start = raw.index(b'"prev":"') + 8
            raw = forger.raw[later] = raw[:start] + forger.tree[later - 1][:32].hex().encode() + raw[start + 64 :]
        forger.tree[later] = b"".join(completed_by(later, leaf_hash(raw), forger.subtree))
    rows = [(forger.tree[later], forger.raw[later], later) for later in range(position, SIZE + 1)]
    forger.connection.executemany("UPDATE entries SET tree = ?, entry = ? WHERE position = ?", rows)


# What cannot be excluded


@over_both(later=True)
def test_a_cut_off_tail_is_not_found_and_verify_says_so(home: Operator):
    length = SIZE - 20
    with home.database("log.db") as connection:
        connection.execute("DELETE FROM entries WHERE position > ?", (length,))
        connection.execute("DELETE FROM tags WHERE position > ?", (home.indexed(length),))

    report = outcome(home.path)

    assert isinstance(report, Report)
    assert (report.size, report.findings, report.not_excluded) == (length, (), not_excluded(length))
    assert "cut off more behind it" in report.not_excluded[-1]


@over_both(later=True)
def test_a_tail_cut_off_without_the_tag_index_is_found(home: Operator):
    home.run("log.db", "DELETE FROM entries WHERE position > ?", SIZE - 20)

    assert {position for position, _ in findings(home)} == set(
        range(home.indexed(SIZE - 20) + 1, home.indexed(SIZE) + 1)
    )


@over_both(later=True)
def test_a_log_cut_off_down_to_nothing_has_lost_its_first_entry(home: Operator):
    with home.database("log.db") as connection:
        connection.execute("DELETE FROM entries")
        connection.execute("DELETE FROM tags")

    assert findings(home) == [(1, "is missing: every ledger begins with ledger.opened")]


@over_both(later=True)
@pytest.mark.parametrize(
    "position", [SIZE, 70, 2], ids=["its last entry", "the half of it", "all of it but the opening"]
)
def test_a_history_rebuilt_with_every_hash_right_is_not_found_and_verify_says_so(home: Operator, position: int):
    before = outcome(home.path)
    with home.database("log.db") as connection:
        forger = Forger(home, connection)
        forger.rewrite(position, b'"via":"test"', b'"via":"fest"')
        for later in range(position + 1, SIZE + 1):
            forger.relink(later)
        forger.save()

    report = outcome(home.path)

    assert isinstance(before, Report)
    assert isinstance(report, Report)
    assert (report.size, report.findings, report.not_excluded) == (SIZE, (), not_excluded(SIZE))
    assert report.root != before.root
    assert "from some entry on, be it the first, was written anew" in report.not_excluded[0]


@over_both(later=True)
def test_an_entry_added_with_every_hash_right_is_not_found(home: Operator):
    with home.database("log.db") as connection:
        forger = Forger(home, connection)
        header = parse_entry(forger.raw[SIZE]).header
        leaf = forger.tree[SIZE][:32]
        payload = parse_entry(forger.raw[SIZE]).payload
        added = write_entry(SIZE + 1, leaf, header.recorded_at, header.tags, header.type, payload)
        tree = b"".join(completed_by(SIZE + 1, added.leaf, forger.subtree))
        connection.execute("INSERT INTO entries VALUES (?, ?, ?)", (SIZE + 1, tree, added.raw))

    report = outcome(home.path)

    assert isinstance(report, Report)
    assert (report.size, report.findings) == (SIZE + 1, ())


# Chunks, of which each process verifies whole ones


LONG = 2 * CHUNK + STEP + 77
BOUNDARY = [CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK - 1, 2 * CHUNK, 2 * CHUNK + 1]
LONG_ATTACKS = {
    "a bit of the entry": "UPDATE entries SET entry = CAST(replace(entry, '{}', '{ ') AS BLOB) WHERE position = ?",
    "its leaf": "UPDATE entries SET tree = CAST(x'00' || substr(tree, 2) AS BLOB) WHERE position = ?",
    "its highest subtree": (
        "UPDATE entries SET tree = CAST(substr(tree, 1, length(tree) - 1) || x'00' AS BLOB) WHERE position = ?"
    ),
    "its highest subtree is gone": "UPDATE entries SET tree = substr(tree, 1, length(tree) - 32) WHERE position = ?",
    "a subtree more": "UPDATE entries SET tree = CAST(tree || substr(tree, 1, 32) AS BLOB) WHERE position = ?",
    "its leaf twice": "UPDATE entries SET tree = CAST(substr(tree, 1, 32) || tree AS BLOB) WHERE position = ?",
    "a tag": "UPDATE tags SET tag = 'thing:other' WHERE tag LIKE 'thing:%' AND position = ?",
    "its type": "UPDATE tags SET type = 'thing.happened.v2' WHERE position = ?",
    "the row": "DELETE FROM entries WHERE position = ?",
    "its number": "UPDATE entries SET position = 1000000000000 + position WHERE position = ?",
}


@pytest.fixture(scope="module")
def long_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("long") / "log.db"
    fill_store(path, LONG, tags=lambda number: [f"thing:{number % 500}"])
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


@pytest.fixture
def a_long_log(long_log: Path, tmp_path: Path) -> Path:
    path = tmp_path / "log.db"
    path.write_bytes(long_log.read_bytes())
    return path


@pytest.mark.parametrize("attack", LONG_ATTACKS.values(), ids=LONG_ATTACKS)
def test_an_alteration_where_chunks_meet_is_found(a_long_log: Path, attack: str):
    pristine = a_long_log.read_bytes()
    for position in BOUNDARY:
        with closing(sqlite3.connect(a_long_log, isolation_level=None)) as connection, guards_down(connection):
            assert connection.execute(attack, (position,)).rowcount
        with open_store(f"sqlite:///{a_long_log}") as store:
            assert position in places(verify_log(store))
        a_long_log.write_bytes(pristine)


@pytest.mark.parametrize(
    ("attack", "position"),
    [
        ("a bit of the entry", CHUNK),
        ("its leaf", CHUNK),
        ("the row", CHUNK),
        ("its highest subtree", 2 * CHUNK),
        ("a tag", CHUNK + 1),
    ],
)
def test_several_processes_find_what_one_finds(a_long_log: Path, attack: str, position: int):
    with closing(sqlite3.connect(a_long_log, isolation_level=None)) as connection, guards_down(connection):
        connection.execute(LONG_ATTACKS[attack], (position,))
    with closing(sqlite3.connect(a_long_log)) as connection:
        connection.execute("DROP TRIGGER tags_never_go")
    url = f"sqlite:///{a_long_log}"

    with open_store(url) as store:
        alone = verify_log(store)

        assert verify_log(store, url=url, processes=3) == alone
    assert position in places(alone)


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


# The command


@over_both()
def test_the_command_prints_every_finding_with_its_position_and_exits_with_10(home: Operator):
    carry_out(home, Attack("log.db", "tags", [], [("thing:x", "ledger.opened.v1", 1)], set()))

    result = invoke("verify", "--home", str(home.path), "--processes", "1")

    what = "the tag index has 'thing:x' with type 'ledger.opened.v1', and the entry does not"
    assert result.exit_code == 10
    assert result.output.splitlines()[:2] == [
        f"altered: entry 1: {what}",
        f"1 finding in {SIZE} entries: this ledger is not what was written.",
    ]
    assert result.output.splitlines()[-2:] == [f"Not excluded: {what}." for what in not_excluded(SIZE)]


def test_the_command_prints_for_programs_what_was_found(home: Operator):
    row = home.run("log.db", "SELECT * FROM entries WHERE position = 70")[0]
    carry_out(home, Attack("log.db", "entries", [row], [], set()))

    result = invoke("verify", "--home", str(home.path), "--json", "--processes", "1")

    report = json.loads(result.output)
    assert result.exit_code == report["exit_code"] == 10
    assert report["findings"][0] == {"verdict": "altered", "position": 70, "what": "is missing"}
    assert report["not_excluded"] == [*not_excluded(SIZE)]


@pytest.mark.parametrize(
    ("statement", "code"),
    [("SELECT 1", 0), ("UPDATE tags SET tag = 'person:' WHERE position = 70 AND tag > ''", 10)],
    ids=["untouched", "altered"],
)
def test_the_program_itself_exits_so(home: Operator, statement: str, code: int):
    home.run("log.db", statement)

    done = subprocess.run(
        [Path(sys.executable).with_name("dua-ledger"), "verify", "--home", home.path, "--json"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (code, "")
    assert [finding["position"] for finding in json.loads(done.stdout)["findings"]] == ([70, 70] if code else [])


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, catch_exceptions=False)
