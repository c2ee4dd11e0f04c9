"""Entries that are malformed, in a history with every hash right: verify finds each."""

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest
from msgspec import structs
from msgspec.json import encode as json_encode

from ledger.chain.entry import NO_LEAF, Header, parse_entry
from ledger.chain.merkle import completed_by, leaf_hash
from ledger.evidence.sweep import BLOCK
from ledger.evidence.verify import verify_log
from ledger.storage import create_store, open_store
from ledger.storage.postgres.growth import tag_rows
from ledger.storage.tag_index import STEP
from tests.forging import Forger
from tests.tampered_homes import findings, home, office_on_a_server, over_both
from tests.tampering import (
    SIZE,
    Operator,
    fill_store,
    guards_down,
    places,
)

__all__ = ["home", "office_on_a_server"]

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


@over_both()
@pytest.mark.parametrize(("old", "new"), MALFORMED.values(), ids=MALFORMED)
def test_a_history_rebuilt_around_a_malformed_entry_is_found_there(home: Operator, old: bytes, new: bytes):
    with home.database("log.db") as connection:
        forger = Forger(home, connection)
        position = forger.position_of(b'"dataset:D-60"')
        rebuild(forger, position, old, new)

    assert position in {place for place, _ in findings(home)}


@over_both()
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
        others = [parse_entry(raw) for at, raw in forger.raw.items() if at != position and at <= home.indexed(SIZE)]
        home.index(connection, [*tag_rows(others), *((tag, type_, position) for tag in tags)])

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
    said: list[tuple[str, str, int]] = []
    leaf = NO_LEAF
    with closing(sqlite3.connect(path)) as connection:
        for position, header in enumerate(headers, 1):
            written = structs.replace(header, position=position, prev=leaf.hex())
            raw = (json_encode(written) if '"' not in header.type else pasted(written)) + b"\n" + payload
            leaf = leaf_hash(raw)
            hashes = completed_by(position, leaf, lambda level, index: tree[(index + 1) << level][32 * level :][:32])
            tree[position] = b"".join(hashes)
            connection.execute("INSERT INTO entries VALUES (?, ?, ?)", (position, tree[position], raw))
            said += [(tag, header.type, position) for tag in ("", *header.tags)]
        Operator(path).index(connection, said)
        connection.commit()
    return url


def pasted(header: Header) -> bytes:
    """The header as it would be without any care for what JSON escapes."""
    plain = json_encode(structs.replace(header, type="the type"))
    return plain.replace(b"the type", header.type.encode())


@over_both()
def test_a_header_without_line_end_or_payload_is_found(home: Operator):
    with home.database("log.db") as connection:
        forger = Forger(home, connection)
        rebuild(forger, 70, b"\n" + parse_entry(forger.raw[70]).payload, b"")

    assert 70 in {position for position, _ in findings(home)}


def test_a_tag_that_is_no_text_is_not_taken_for_one_with_a_replacement_character(tmp_path: Path):
    url = fill_store(tmp_path / "log.db", STEP, tags=lambda number: ["person:\ufffd"] if number == 39 else [])
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
