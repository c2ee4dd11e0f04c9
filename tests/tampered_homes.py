"""A home with everything in files or in PostgreSQL, attacks upon its rows, and what verify says of them."""

import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from ledger.evidence.checkpoints import BOTH_OWNED
from ledger.evidence.report import Report, Verdict
from tests.postgres import Server
from tests.stores import CAMPAIGN
from tests.tampering import SIZE, Operator, Superuser, furnish, make_home_with_everything, outcome, places

FACT = "fact"
COLUMNS = {
    "log.db": {
        "entries": {"position": FACT, "tree": FACT, "entry": FACT},
        "tags": {"tag": FACT, "type": FACT, "position": FACT, "earlier": FACT},
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

# On PostgreSQL documents are rows, and the tag index has a row for each tag of each entry.
SHARED = {
    **COLUMNS,
    "log.db": {**COLUMNS["log.db"], "tags": {"tag": FACT, "type": FACT, "position": FACT}},
    "custody.db": {**COLUMNS["custody.db"], "documents": {"address": FACT, "box": FACT}},
}
KINDS = {"files": COLUMNS, "postgres": SHARED}

Case = tuple[str, ...]


def over_both(names: Case = (), cases: Callable[[str], Sequence[Case]] = lambda kind: [()]) -> pytest.MarkDecorator:
    """Run a test on both kinds of homes, in all cases of each."""
    marks = {"files": [], "postgres": [pytest.mark.needs("initdb")]}
    params = [pytest.param(kind, *case, marks=marks[kind]) for kind in KINDS for case in cases(kind)]
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


def columns_of(home: Operator, database: str, table: str) -> list[str]:
    """The columns of a table of this home that hold facts, in their order."""
    return [*KINDS["postgres" if isinstance(home, Superuser) else "files"][database][table]]


OF_A_TABLE = ("database", "table")
OF_A_COLUMN = (*OF_A_TABLE, "column")

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
    with server.served() as url:
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
    columns = columns_of(home, attack.database, attack.table)
    this_row = " AND ".join(f"{column} IS ?" for column in columns)
    with home.database(attack.database) as connection:
        for row in attack.gone:
            assert connection.execute(f"DELETE FROM {attack.table} WHERE {this_row}", row).rowcount == 1
        for row in attack.came:
            connection.execute(f"INSERT INTO {attack.table} VALUES ({', '.join('?' * len(columns))})", row)


def some_rows(home: Operator, database: str, table: str) -> list[Row]:
    """The first, the last, and some in between: of entries, those which complete many subtrees."""
    columns = ", ".join(columns_of(home, database, table))
    order = "document, commitment" if table == "sealed" else "1"
    rows = home.run(database, f"SELECT {columns} FROM {table} ORDER BY {order}")
    if table == "entries":
        return [rows[position - 1] for position in (1, 2, 63, 64, 65, 128, SIZE - 1, SIZE)]
    if table == "tags":
        # Mostly every other row has the empty tag, which each entry has, so that nobody can take it from another.
        some = sorted(rows, key=lambda row: (row[2], row[0]))[:: len(rows) // 16 * 2]
        return [*some, *sorted(({*rows} - {*some}), key=lambda row: (len(str(row[-1])), row))[-4:]]
    return [*rows[: -1 : max(1, len(rows) // 5)], rows[-1]]


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


def changed(row: Row, place: int, value: object) -> Row:
    return (*row[:place], value, *row[place + 1 :])


def not_signed(size: int) -> str:
    return f"recorded and NOT SIGNED yet: entries 2 to {size}, which no checkpoint covers"


def not_excluded(size: int) -> tuple[str, str]:
    """What is left open of a log of which only entry 1 is signed."""
    return BOTH_OWNED, f"that whoever owns the database alone wrote entries 2 to {size} anew, or cut off more behind it"


def findings(home: Operator) -> list[tuple[int | None, str]]:
    report = outcome(home.path)
    assert isinstance(report, Report)
    assert {finding.verdict for finding in report.findings} <= {Verdict.ALTERED}
    return [(finding.position, finding.what) for finding in report.findings]
