"""`make bench`: what the ledger costs, beside the bare library and bare loops in the same run.

Prints a table, and writes the figures to tests/bench/figures.json. `--size N` sets how large the large log is, which on
PostgreSQL is a tenth of that.
"""

import argparse
import json
import os
import platform
import sqlite3
import sys
from collections.abc import Iterable, Iterator
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import eventsourcing.sqlite as library
from eventsourcing.dcb.api import DCBQuery, DCBQueryItem
from eventsourcing.persistence import StoredEvent

sys.path.insert(0, str(Path(__file__).parents[2]))

from ledger.evidence.verify import verify_log
from ledger.storage import Store, create_store, open_store
from ledger.storage.sqlite import ADD_ENTRY, SETTINGS
from ledger.storage.tag_index import ADD_TAG, STEP, index_rows
from tests.bench import checkpoints, decision, grouping, over_http, postgres, views
from tests.bench.engines import Engine, files, server
from tests.bench.measure import Figure, compared, cores, in_turns, microseconds
from tests.bench.workload import BUSY_TAG, Office
from tests.facts import ledger_on
from tests.postgres import program

FIGURES = Path(__file__).with_name("figures.json")
SMALL = 10_000


def new_store(folder: Path, name: str) -> Store:
    url = f"sqlite:///{folder / name}.db"
    create_store(url)
    return open_store(url)


def single_append(folder: Path) -> Figure:
    """A durable append of one event with three tags, against the library's own recorder with the same bytes."""
    office, store = Office(), new_store(folder, "single")
    recorder = library.SQLiteApplicationRecorder(library.SQLiteDatastore(str(folder / "library.db")))
    recorder.create_table()
    events = iter(office.events(4000))
    bodies = iter([event.data for event in Office().events(4000)])
    ratio = in_turns(
        lambda: store.append_entries([next(events)]),
        lambda: recorder.insert_events([StoredEvent(uuid4(), 1, "request.submitted.v1", next(bodies))]),
        rounds=40,
        calls=50,
    )
    sync = bare_sync(folder)
    detail = f"{compared(ratio, 'library')}; a bare write and sync of as many bytes {microseconds(sync)}"
    # Over all calls, because both engines put off work to some of them: SQLite copies its log back now and then.
    return Figure("rate of single durable appends / library's inserts", ratio.throughput, ">= 0.9", detail)


def bare_sync(folder: Path) -> float:
    """The cost of writing 24 KiB to a file and waiting until they are on disk."""
    with (folder / "bare").open("wb", buffering=0) as file:
        block = os.urandom(24 * 1024)

        def write() -> None:
            file.write(block)
            os.fdatasync(file.fileno())

        return in_turns(write, lambda: None, rounds=5, calls=20).ours.median


def batch_append(folder: Path) -> Figure:
    """Batches of 256, against a bare `executemany` of the same rows into the same tables."""
    store, bare = new_store(folder, "batch"), new_store(folder, "rows")
    office = Office()
    batches = iter([office.events(256) for _ in range(80)])
    prepared = []
    source = new_store(folder, "prepared")
    twin = Office()
    for _ in range(80):
        after = source.head().position
        source.append_entries(twin.events(256))
        prepared.append((list(source.rows(after, after + 256)), index_rows(list(source.scan(after=after)))))
    rows = iter(prepared)
    bare.close()
    connection = sqlite3.connect(folder / "rows.db", isolation_level=None)
    for setting in SETTINGS:
        connection.execute(f"PRAGMA {setting}")

    def insert() -> None:
        entry_rows, tag_rows = next(rows)
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(ADD_ENTRY, entry_rows)
        connection.executemany(ADD_TAG, tag_rows)
        connection.execute("COMMIT")

    ratio = in_turns(lambda: store.append_entries(next(batches)), insert, rounds=80)
    connection.close()
    each = microseconds(ratio.ours.mean / 256)
    detail = f"{each} an event; {compared(ratio, 'bare executemany')}"
    # Over all batches, as above.
    return Figure("rate of batches of 256 / bare executemany of the same rows", ratio.throughput, ">= 0.6", detail)


def growth(small: Store, large: Store, office: Office) -> list[Figure]:
    """Append and a typed boundary query at the small and the large size, on recent things."""
    figures = []
    ratio = in_turns(
        lambda: large.append_entries(office.events(1)), lambda: small.append_entries(office.events(1)), 40, 25
    )
    figures.append(Figure(f"append at {SMALL:,} / at the large size", ratio.ratio, ">= 0.67", compared(ratio, "small")))

    for store in (small, large):
        # The same part of both is in the tag index, and the same number of entries behind it.
        store.append_entries(office.events(STEP - store.head().position % STEP + STEP // 2))

    def query(store: Store) -> object:
        head = store.head().position
        recent = {tag for entry in store.scan(after=head - 5) for tag in entry.header.tags}
        tag = max(tag for tag in recent if tag.startswith("person:"))
        items = [
            DCBQueryItem(["request.submitted.v1"], [tag]),
            DCBQueryItem(["person.registered.v1"], [tag]),
            DCBQueryItem(["dataset.version-added.v1"], [tag]),
        ]
        return store.page(DCBQuery(items), 0, head, 500)

    ratio = in_turns(lambda: query(large), lambda: query(small), 40, 25)
    what = f"typed boundary query at {SMALL:,} / at the large size"
    figures.append(Figure(what, ratio.ratio, ">= 0.67", compared(ratio, "small")))
    return figures


def rare_and_busy(large: Store) -> Figure:
    """A rare tag together with one on 5% of all entries, against the rare tag alone."""
    head = large.head().position
    recent = next(
        entry
        for entry in large.scan(DCBQuery([DCBQueryItem(tags=[BUSY_TAG])]), head // 2)
        if len(entry.header.tags) > 2
    )
    rare = next(tag for tag in recent.header.tags if tag.startswith("person:"))
    both, alone = DCBQuery([DCBQueryItem(tags=[rare, BUSY_TAG])]), DCBQuery([DCBQueryItem(tags=[rare])])
    found = len(large.page(both, 0, head, 500)), len(large.page(alone, 0, head, 500))
    ratio = in_turns(lambda: large.page(both, 0, head, 500), lambda: large.page(alone, 0, head, 500), 40, 25)
    detail = f"finds {found[0]} of {found[1]}; {compared(ratio, 'rare tag alone')}"
    return Figure("rare tag with a busy one / rare tag alone", ratio.ratio, "about 1", detail)


def verification(at: Engine, url: str, large: Store) -> list[Figure]:
    """`verify` against the bare loop over the same entries, on one core and on all."""
    size = large.head().position

    def bare() -> None:
        for entry in at.entries(url):
            sha256(entry).digest()

    def verify(processes: int) -> None:
        report = verify_log(large, url=url, processes=processes)
        assert not report.findings, report.findings[:3]

    length = sum(map(len, at.entries(url))) / size
    one = in_turns(lambda: verify(1), bare, rounds=5)
    many = in_turns(lambda: verify(cores()), lambda: verify(1), rounds=3)
    per_second = f"{size / one.ours.median:,.0f} entries a second of {length:.0f} bytes on average"
    return [
        Figure(
            "verify on one core / SELECT entry, SHA-256", one.ratio, ">= 0.2", f"{per_second}; {compared(one, 'bare')}"
        ),
        Figure(f"verify with {cores()} processes / with one", many.ratio, "more", compared(many, "one")),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=1_000_000, help="entries of the large log")
    parser.add_argument("--only", choices=("SQLite", "PostgreSQL"), help="what is measured of one engine, not written")
    asked = parser.parse_args()
    if asked.only is not None:
        (on_sqlite if asked.only == "SQLite" else on_postgres)(asked.size)
    else:
        write(on_sqlite(asked.size), on_postgres(asked.size), asked.size)


class Measured(NamedTuple):
    """What was measured on an engine: figures, what it was, and how much of a disk an entry takes."""

    figures: list[Figure]
    made_of: dict[str, Any]
    bytes_an_entry: int


def on_sqlite(size: int) -> Measured:
    """All figures of ledgers in files."""
    with files() as at:
        figures = told(append(at.folder) for append in (single_append, batch_append))
        figures += told(alone(at, 400))
        of_the_large, bytes_an_entry = grown(at, size)
        print("Serving as many over HTTP", file=sys.stderr)
        figures += [*of_the_large, *told(over_http.figures(size, at.folder)), *told(grouping.on_sqlite(at.folder))]
        return Measured(figures, at.made_of, bytes_an_entry)


def on_postgres(size: int) -> Measured:
    """All figures of ledgers on a server, none where PostgreSQL is not installed; the large log is a tenth as large."""
    if program("initdb") is None:
        return Measured([], {}, 0)
    with server() as at:
        figures = [*told(grouping.on_postgres(at.server)), *told(postgres.figures(at), at.prefix)]
        figures += told(alone(at, 100), at.prefix)
        of_the_large, bytes_an_entry = grown(at, size // 10)
        return Measured([*figures, *of_the_large], at.made_of, bytes_an_entry)


def alone(at: Engine, batches: int) -> Iterator[Figure]:
    """What needs no large log."""
    yield from decision.figures(at)
    yield checkpoints.checkpoint_each(at)
    yield checkpoints.checkpoint_batches(at, batches)


def grown(at: Engine, size: int) -> tuple[list[Figure], int]:
    """What is asked of a large log, beside a small one, and how many bytes of a disk an entry takes there."""
    print(f"Building a log of {size:,} entries", file=sys.stderr)
    with (
        at.ledger("small") as small_url,
        at.ledger("large") as url,
        open_store(small_url) as small,
        open_store(url) as large,
    ):
        office = Office(2)
        views.fill(small, Office(2), SMALL)
        views.fill(large, office, size)
        figures = told(of_the_large(at, url, small, large, office), at.prefix)
        each = at.size(url) / large.head().position
    print(f"{each:,.0f} bytes of disk an entry, index and hashes included, at {size:,} entries", flush=True)
    return figures, round(each)


def of_the_large(at: Engine, url: str, small: Store, large: Store, office: Office) -> Iterator[Figure]:
    """What is asked of a large log."""
    yield from views.figures(at, url, ledger_on(large))
    yield from growth(small, large, office)
    yield rare_and_busy(large)
    yield checkpoints.proofs(large)
    yield from verification(at, url, large)


def told(figures: Iterable[Figure], prefix: str = "") -> list[Figure]:
    """The same, each printed as soon as it is there."""
    found = []
    for figure in figures:
        found.append(figure._replace(what=prefix + figure.what))
        print(found[-1].told(), flush=True)
    return found


def write(on_sqlite: Measured, on_postgres: Measured, size: int) -> None:
    """Put all figures into a file, with what they were taken on."""
    machine = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "eventsourcing": version("eventsourcing"),
        "sqlite": on_sqlite.made_of,
        "postgresql": on_postgres.made_of,
        "large_log": size,
        "bytes_an_entry": on_sqlite.bytes_an_entry,
        "figures": [
            figure._asdict() | {"ratio": round(figure.ratio, 3)}
            for figure in (*on_sqlite.figures, *on_postgres.figures)
        ],
    }
    FIGURES.write_text(json.dumps(machine, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
