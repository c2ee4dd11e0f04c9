"""The tag index is asked for all that must be in it, and for nothing else; many headers are read as each by itself."""

import random
import re
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, nullcontext, suppress
from itertools import product
from pathlib import Path

import pytest
from eventsourcing.dcb.api import DCBAppendCondition, DCBEvent, DCBQuery, DCBQueryItem
from hypothesis import given
from hypothesis import strategies as st

from ledger.chain.entry import parse_entry
from ledger.errors import Damaged, LedgerError, Malformed
from ledger.evidence.headers import headers_of
from ledger.evidence.report import Finding, Verdict, altered, unverified
from ledger.evidence.verify import verify_log
from ledger.storage import create_store, open_store
from ledger.storage.tag_index import BUSY, STEP
from tests.store_facts import SIZE, Filled, filled, many, varied_events
from tests.tampering import fill_store, guards_down, places

__all__ = ["filled"]


def positions_by_name(filled: Filled, after: int, until: int) -> dict[str, dict[str, list[int]]]:
    """Where each type and tag stands, which says it without any index."""
    found: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for position, one in enumerate(filled.events[after:until], after + 1):
        for tag in ("", *one.tags):
            found[one.type][tag].append(position)
    return found


# What a store says of its index.


@pytest.mark.parametrize(("after", "until"), [(0, SIZE), (0, STEP), (STEP, 2 * STEP)])
def test_each_tag_leads_to_the_entries_that_have_it(filled: Filled, after: int, until: int):
    reach = min(until, filled.store.indexed_up_to(SIZE))

    for type_, wanted in positions_by_name(filled, after, reach).items():
        assert filled.store.leads(type_, wanted, after, reach)


def test_a_tag_leads_nowhere_that_it_does_not_stand(filled: Filled):
    for type_, wanted in positions_by_name(filled, 0, STEP).items():
        for tag, there in wanted.items():
            for wrong in ([], there[:-1], [*there, STEP], [*there[:-1], there[-1] + 1], [0, *there]):
                assert not filled.store.leads(type_, {**wanted, tag: wrong}, 0, STEP)
        first, *_, last = wanted
        assert not filled.store.leads(type_, {**wanted, first: wanted[last], last: wanted[first]}, 0, STEP)
        assert filled.store.leads(type_, {"unknown": []}, 0, STEP)
        assert not filled.store.leads(type_, {"unknown": [1]}, 0, STEP)


def test_the_rows_of_the_index_are_counted_but_for_those_that_came_later(filled: Filled):
    for size in (0, 1, STEP - 1, STEP, SIZE - STEP, SIZE):
        rows = [1 + len({*one.tags}) for one in filled.events[: filled.store.indexed_up_to(size)]]
        assert filled.store.index_size(size) == sum(rows)


# Many headers at once.


@pytest.fixture
def raws() -> list[bytes]:
    """Entries as they are kept."""
    with open_store("sqlite://") as store:
        store.append(varied_events()[:140])
        return [raw for _, _, raw in store.rows(0, 140)]


@many
@given(changes=st.lists(st.tuples(st.integers(0, 139), st.binary(max_size=3), st.integers(0, 400)), max_size=2))
def test_headers_are_read_together_as_each_by_itself(raws: list[bytes], changes: list[tuple[int, bytes, int]]):
    """Whatever somebody writes over them: it never says that all are well formed when one is not."""
    changed = [*raws]
    for at, what, place in changes:
        raw = changed[at]
        changed[at] = raw[:place] + what + raw[place + len(what) :]
    try:
        expected = [parse_entry(raw).header for raw in changed]
    except Malformed:
        assert headers_of(changed) is None
    else:
        found = headers_of(changed)
        assert found is not None
        assert [(one.position, one.prev, one.recorded_at, tuple(sorted(one.tags)), one.type) for one in found] == [
            (one.position, one.prev, one.recorded_at, one.tags, one.type) for one in expected
        ]


def test_a_header_that_goes_on_in_the_next_entry_is_none(raws: list[bytes]):
    """Together they have the bytes of two headers."""
    line, newline, payload = raws[0].partition(b"\n")

    assert headers_of([line[:40], line[40:] + newline + payload]) is None
    assert headers_of([line + newline + line, payload]) is None
    assert headers_of([raws[0]]) is not None


# What is found where asking fails.


def test_an_index_that_does_not_lead_to_what_stands_in_it_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    url = fill_store(tmp_path / "log.db", 2 * STEP, tags=lambda number: [f"thing:{number}"])
    with open_store(url) as store:
        monkeypatch.setattr(store, "leads", hiding(store.leads, 40))

        assert verify_log(store).findings == (altered(None, "the tag index does not lead to all that stands in it"),)


def hiding(leads: Callable[..., bool], position: int) -> Callable[..., bool]:
    """As an index answers of which a search goes past the rows of an entry."""

    def led(type_: str, wanted: Mapping[str, Sequence[int]], after: int, until: int) -> bool:
        return leads(type_, wanted, after, until) and not any(position in found for found in wanted.values())

    return led


def test_a_file_with_pages_that_are_free_is_looked_through_for_them_too(tmp_path: Path):
    """Where none is, as in a ledger that was left alone, nothing can be wrong with them."""
    url = fill_store(tmp_path / "log.db", STEP)
    with closing(sqlite3.connect(tmp_path / "log.db", isolation_level=None)) as connection:
        connection.execute("CREATE TABLE gone AS SELECT entry FROM entries")
        connection.execute("DROP TABLE gone")
        (page_bytes,) = connection.execute("PRAGMA page_size").fetchone()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = bytearray((tmp_path / "log.db").read_bytes())
    with open_store(url) as store:
        assert verify_log(store).findings == ()
    # The first page that is free says which are: now it says that page 1 is (sqlite.org/fileformat2.html, 1.5).
    trunk = int.from_bytes(content[32:36])
    content[page_bytes * (trunk - 1) + 8 : page_bytes * (trunk - 1) + 12] = (1).to_bytes(4)
    (tmp_path / "log.db").write_bytes(content)

    with open_store(url) as store:
        assert places(verify_log(store)) == {None}


def rows_in(file: Path) -> list[tuple[str, str, int, str]]:
    """The rows of the index, from first to last."""
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute("SELECT tag, type, position, earlier FROM tags").fetchall()


@pytest.mark.parametrize("letter", [b"t", b"h", b"n", b"1"], ids=bytes.decode)
def test_a_row_that_stands_where_another_belongs_is_found_though_a_search_takes_it_for_that_one(
    tmp_path: Path, letter: bytes
):
    """SQLite does not read again, row by row, what it has searched for: here what one of them says was changed."""
    file = tmp_path / "log.db"
    url = fill_store(file, 2 * STEP, tags=lambda number: [f"thing:{number % 40}"])
    content, rows = file.read_bytes(), rows_in(file)
    # Each row has its tag, its type and its positions, one after the other; what was moved stands in two places.
    starts = [row.start() for row in re.finditer(b"thing:[0-9]+thing.happened.v1[^\\x00]", content)]
    changes = 0
    for start in random.Random(letter).sample(starts, 40):
        changed = bytearray(content)
        changed[content.find(letter, start)] ^= 0x20
        file.write_bytes(changed)
        if rows_in(file) != rows:
            changes += 1
            with open_store(url) as store:
                assert verify_log(store).verdict is Verdict.ALTERED, start
    assert changes > 10


# Rows that nobody wrote so.

LOOSE, WITHOUT_POSITION = "tag, type, position", "tag, type"
ADDED = {
    "a list that seems to end": (LOOSE, ("a", "t9", 256, "0]\0")),
    "no list, that seems to end": (LOOSE, ("a", "t9", 256, "]\0")),
    "a name in a list that seems to end": (LOOSE, ("a", "t9", 256, '"x"]\0')),
    "names in a list": (LOOSE, ("a", "t9", 256, '"x","y"')),
    "no list for an unknown tag": (LOOSE, ("ghost", "t0", 256, None)),
    "no list for an unknown type": (LOOSE, ("a", "t9", 256, None)),
    "no list for a type alone": (LOOSE, ("", "t9", 256, None)),
    "bytes for a list": (LOOSE, ("a", "t9", 256, b"1,2")),
    "a tag that is a number": (LOOSE, (5, "t0", 256, "")),
    "a tag that is infinite": (LOOSE, (9e999, "t0", 256, "")),
    "a tag that is bytes": (LOOSE, (b"a", "t0", 256, "")),
    "a type that is a number": (LOOSE, ("a", 5, 256, "")),
    "a position that is text": (LOOSE, ("a", "t9", "256", "")),
    "a position that is bytes": (LOOSE, ("a", "t9", b"256", "")),
    "a position and a half": (LOOSE, ("a", "t9", 255.5, "")),
    "no position": (WITHOUT_POSITION, ("a", "t9", None, "")),
}


def add_to_index(file: Path, key: str, row: Sequence[object]) -> None:
    """Add a row to the index as its columns would not have it, and leave no trace of how."""
    how = "UPDATE sqlite_schema SET sql = ? WHERE name = 'tags'"
    loose = f"CREATE TABLE tags (tag, type, position, earlier, PRIMARY KEY ({key})) WITHOUT ROWID"
    with closing(sqlite3.connect(file)) as connection, connection:
        (strict,) = connection.execute("SELECT sql FROM sqlite_schema WHERE name = 'tags'").fetchone()
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute(how, (loose,))
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("INSERT INTO tags VALUES (?, ?, ?, ?)", row)
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute(how, (strict,))


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """A log of two types, of whose entries every third has a tag."""
    url = f"sqlite:///{tmp_path / 'log.db'}"
    create_store(url)
    with open_store(url) as store:
        store.append([DCBEvent(f"t{number % 2}", b"{}", ["a"] if number % 3 == 0 else []) for number in range(700)])
    return tmp_path / "log.db"


@pytest.mark.parametrize(("key", "row"), ADDED.values(), ids=ADDED)
def test_a_row_of_the_index_that_nobody_wrote_so_is_found(mixed: Path, key: str, row: Sequence[object]):
    add_to_index(mixed, key, row)

    with open_store(f"sqlite:///{mixed}") as store:
        assert verify_log(store).verdict is Verdict.ALTERED


@pytest.mark.parametrize(("key", "row"), ADDED.values(), ids=ADDED)
@pytest.mark.parametrize("busy", [1, BUSY])
def test_who_asks_for_what_such_a_row_stands_for_has_an_answer_or_an_error_by_name(
    mixed: Path, key: str, row: Sequence[object], busy: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("ledger.storage.tag_index.BUSY", busy)
    add_to_index(mixed, key, row)

    with open_store(f"sqlite:///{mixed}") as store:
        for item in (DCBQueryItem([], ["a"]), DCBQueryItem(["t9"], ["a"]), DCBQueryItem(["t9"]), DCBQueryItem(["t0"])):
            for ask in (
                lambda query: store.page(query, 0, 700, 10),
                lambda query: [*store.scan(query)],
                lambda query: store.append([DCBEvent("t0", b"{}")], DCBAppendCondition(query, 0)),
            ):
                with suppress(LedgerError):
                    ask(DCBQuery([item]))


def test_a_row_beside_others_that_nobody_wrote_so_is_an_error_by_name(mixed: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("ledger.storage.tag_index.BUSY", 0)
    # The rarer of the two leads to what the other has beside it.
    often = ",".join(map(str, range(1, 256)))
    for row in (("a", "t9", 256, ""), ("b", "t9", 255.5, ""), ("b", "t8", 256, often)):
        add_to_index(mixed, LOOSE, row)

    with open_store(f"sqlite:///{mixed}") as store, pytest.raises(Damaged, match=r"'255\.5', which are no positions"):
        store.page(DCBQuery([DCBQueryItem([], ["a", "b"])]), 0, 700, 10)


def test_a_row_that_was_split_leads_to_the_same_entries(tmp_path: Path):
    url = f"sqlite:///{tmp_path / 'log.db'}"
    create_store(url)
    query = DCBQuery([DCBQueryItem([], ["a", "b"])])
    with open_store(url) as store:
        store.append([DCBEvent(f"t{number // 2 % 128}", b"{}", ["a", "b"]) for number in range(512)])
    with closing(sqlite3.connect(tmp_path / "log.db")) as connection, guards_down(connection):
        connection.execute("DELETE FROM tags WHERE type = 't0' AND position = 2 AND tag > ''")
        for tag, position in product("ab", (1, 2)):
            connection.execute("INSERT INTO tags VALUES (?, 't0', ?, '')", (tag, position))
        connection.commit()

    with open_store(url) as store:
        assert [entry.position for entry in store.page(query, 0, 512, 512)] == [*range(1, 513)]


class Unverifiable:
    """A check that can verify nothing."""

    def entry(self, position: int, type_: str, payload: bytes) -> list[Finding]:
        del type_, payload
        return [unverified(position, "cannot be verified")]

    def finish(self) -> list[Finding]:
        return []


def test_what_cannot_be_verified_hides_nothing_that_was_altered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    url = fill_store(tmp_path / "log.db", 2 * STEP, tags=lambda number: [f"thing:{number}"])
    with open_store(url) as store:
        monkeypatch.setattr(store, "leads", hiding(store.leads, 40))

        report = verify_log(store, lambda _: nullcontext([Unverifiable()]))

    assert altered(None, "the tag index does not lead to all that stands in it") in report.findings
