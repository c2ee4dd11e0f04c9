"""What the import of a register costs: releases a second, with everything, beside bare loops over the same rows.

    python tests/bench/importing.py [--rows N] [--register FILE --map MAP]

The register is made up: N releases to N / 15 organisations, as many to each as in a real one, of 79 types of data.
"""

import argparse
import csv
import os
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from functools import partial
from hashlib import sha256
from pathlib import Path
from subprocess import DEVNULL, run
from tempfile import TemporaryDirectory
from time import perf_counter

sys.path.insert(0, str(Path(__file__).parents[2]))

from api.importing.mapping import read_map
from api.importing.reading import Register
from api.importing.survey import survey
from api.importing.taking import Importer
from ledger.home import create_home, open_home
from ledger.storage import utc_now
from projections.upkeep import Upkeep
from projections.views.past import PastHolding, past_agreements, past_holders, past_holdings_of_organisation
from tests.bench.measure import Figure, cores
from tests.past_facts import HEADING, MAP

BATCH = 256
ACTOR = "staff:1"


def made_up(folder: Path, rows: int) -> tuple[Path, Path]:
    """A register of so many rows, and its map."""
    register, map_ = folder / "register.csv", folder / "map.toml"
    map_.write_text(MAP)
    with register.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADING)
        for number in range(rows):
            whom, agreement = f"Organisation of some length {number // 15}", f"NIC-{number // 9}-v{number % 9}.1"
            what, form = f"Type of data {number % 79}", "YN"[number % 8 > 0]
            writer.writerow([number, whom, what, form, "file", agreement, "study", "", "", "31/03/2019"])
    return register, map_


def figures(folder: Path, register: Path, map_: str) -> list[Figure]:
    """Taking it in, taking it in again, and asking about it."""
    path = folder / "home"
    create_home(path, "log.example.com", actor=ACTOR, via="bench")
    first, many = _take_in(path, register, map_)
    bare = _bare(folder, register)
    detail = f"{many / first:,.0f} releases a second ({many:,} in {first:.2f} s); bare loop {bare:.2f} s"
    taken = Figure("bare csv and executemany of the rows / the whole import", bare / first, ">= 5,000/s", detail)
    again, _ = _take_in(path, register, map_)
    passed = Figure("taking it in / taking it in again", first / again, "more", f"{again:.2f} s: nothing is recorded")
    return [taken, passed, *_answers(path), _verified(path)]


def _take_in(path: Path, register: Path, map_: str) -> tuple[float, int]:
    """Seconds from a closed home to the last entry on disk, and how many rows the register has."""
    begun = perf_counter()
    read = read_map(map_)
    with open_home(path) as home, closing(Importer(home, read, ACTOR, utc_now)) as importer:
        file = Register(register, read.map, importer.office.day(utc_now()))
        found = survey(file, print)
        importer.take(file, found.file, found.bad, lambda rows: None)
    return perf_counter() - begun, found.good


def _bare(folder: Path, register: Path) -> float:
    """Reading the rows and inserting them, 256 in a transaction, as durably."""
    begun = perf_counter()
    connection = sqlite3.connect(folder / "bare.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    with register.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file)
        columns = ", ".join(f"c{number}" for number in range(len(next(rows))))
        connection.execute(f"CREATE TABLE releases ({columns})")
        batch = []
        for row in rows:
            batch.append(row)
            if len(batch) == BATCH:
                _insert(connection, batch)
                batch = []
        _insert(connection, batch)
    connection.close()
    return perf_counter() - begun


def _insert(connection: sqlite3.Connection, rows: list[list[str]]) -> None:
    if rows:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(f"INSERT INTO releases VALUES ({', '.join('?' * len(rows[0]))})", rows)
        connection.execute("COMMIT")


def _answers(path: Path) -> list[Figure]:
    """The slowest of the answers about what was taken in, once the views have it."""
    found = []
    with open_home(path) as home:
        upkeep = Upkeep(path / "views.db", home.ledger)
        begun = perf_counter()
        upkeep.ask(lambda views: None)
        told = f"views brought up to date in {perf_counter() - begun:.2f} s"
        found.append(Figure("views of the register", 1.0, "< 1 s", told))
        columns: dict[str, Callable[..., list[PastHolding]]] = {
            "dataset": past_holders,
            "organisation": past_holdings_of_organisation,
        }
        for column, question in columns.items():
            query = f"SELECT {column}, COUNT(*) FROM past_releases GROUP BY 1 ORDER BY 2 DESC LIMIT 1"
            about, many = upkeep.ask(partial(_first, query)).rows
            begun = perf_counter()
            upkeep.ask(partial(_about, question, about))
            told = f"{(perf_counter() - begun) * 1e3:.1f} ms for {about}, with {many} releases"
            found.append(Figure(f"what one {column} has", 1.0, "< 1 s", told))
        begun = perf_counter()
        answer = upkeep.ask(lambda views: past_agreements(views, "identified", None))
        told = f"{(perf_counter() - begun) * 1e3:.1f} ms, {len(answer.rows)} agreements"
        found.append(Figure("which agreements cover identified data", 1.0, "< 1 s", told))
    return found


def _verified(path: Path) -> Figure:
    """The whole of `dua-ledger verify` of what was taken in, against the bare loop over the same entries."""
    begun = perf_counter()
    with closing(sqlite3.connect(path / "log.db")) as log:
        count = sum(
            1 for (entry,) in log.execute("SELECT entry FROM entries ORDER BY position") if sha256(entry).digest()
        )
    bare = perf_counter() - begun
    begun = perf_counter()
    program = Path(sys.executable).with_name("dua-ledger")
    run([program, "verify", "--home", path], check=True, stdout=DEVNULL)
    taken = perf_counter() - begun
    detail = (
        f"{count / taken:,.0f} entries a second by {cores()} processes: log, custody, checkpoints, judgements, views "
        f"({count:,} in {taken:.1f} s); bare loop {bare:.1f} s"
    )
    return Figure("SELECT entry, SHA-256 / the whole of verify", bare / taken, "told", detail)


def _first(query: str, views: sqlite3.Connection) -> tuple[str, int]:
    about, many = views.execute(query).fetchone()
    return str(about), int(many)


def _about(question: Callable[..., list[PastHolding]], about: str, views: sqlite3.Connection) -> list[PastHolding]:
    return question(views, about)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=50_000, help="rows of the made-up register")
    parser.add_argument("--register", type=Path, help="a register of your own")
    parser.add_argument("--map", help="its map")
    given = parser.parse_args()
    with TemporaryDirectory(prefix="dua-bench-", dir=os.environ.get("DUA_BENCH_DIR")) as name:
        register, map_ = given.register, given.map
        if register is None:
            register, made = made_up(Path(name), given.rows)
            map_ = str(made)
        for figure in figures(Path(name), register, map_):
            print(figure.told())


if __name__ == "__main__":
    main()
