"""Entries: the exact bytes, an independent writer of canonical JSON as oracle, and what is read back."""

from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import msgspec
import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from ledger.chain.entry import NO_LEAF, Entry, Header, make_entry, parse_entry, read_entry, split_entry
from ledger.errors import Malformed
from tests.entry_facts import entries, entry_of, leaves, names, positions, times
from tests.stores import NOON

# --- The bytes.


def test_an_entry_is_exactly_these_bytes():
    entry = make_entry(
        2,
        bytes.fromhex("6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
        datetime(2026, 11, 21, 17, 0, 0, 42, tzinfo=UTC),
        ["request:R-2026-0001", "dataset:D-7", 'Zoë "Ω" \\ / 𝄞'],
        "request.submitted.v1",
        b'{"any":"bytes"}\n\x00\xff',
    )

    assert entry == Entry(
        raw=b'{"position":2,"prev":"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",'
        b'"recorded_at":"2026-11-21T17:00:00.000042Z",'
        b'"tags":["Zo\xc3\xab \\"\xce\xa9\\" \\\\ / \xf0\x9d\x84\x9e","dataset:D-7","request:R-2026-0001"],'
        b'"type":"request.submitted.v1"}\n{"any":"bytes"}\n\x00\xff',
        header=Header(
            2,
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "2026-11-21T17:00:00.000042Z",
            ('Zoë "Ω" \\ / 𝄞', "dataset:D-7", "request:R-2026-0001"),
            "request.submitted.v1",
        ),
        payload=b'{"any":"bytes"}\n\x00\xff',
    )
    assert entry.position == 2
    assert entry.recorded_at == datetime(2026, 11, 21, 17, 0, 0, 42, tzinfo=UTC)
    assert entry.leaf.hex() == "f50e82e6110dbfdd0e73af35df5d2e20558ff7eb7e3021968d133dc422dfd154"


def test_the_first_entry_names_64_zeros():
    assert make_entry(1, NO_LEAF, NOON, [], "ledger.opened.v1", b"").raw == (
        b'{"position":1,"prev":"0000000000000000000000000000000000000000000000000000000000000000",'
        b'"recorded_at":"2026-11-21T12:00:00.000000Z","tags":[],"type":"ledger.opened.v1"}\n'
    )


@given(entries)
def test_a_leaf_is_the_hash_of_a_zero_byte_and_the_whole_entry(entry: Entry):
    assert entry.leaf == sha256(b"\x00" + entry.raw).digest()


@given(positions, leaves, times, st.lists(names, max_size=64, unique=True), names, st.binary(max_size=300))
def test_the_header_is_what_another_writer_of_rfc_8785_writes(
    position: int, prev: bytes, at: datetime, tags: list[str], type_: str, payload: bytes
):
    members: Any = {
        "type": type_,
        "tags": sorted(tags, key=str.encode),
        "recorded_at": f"{at.year:04}-{at:%m-%dT%H:%M:%S.%f}Z",
        "prev": prev.hex(),
        "position": position,
    }

    assert make_entry(position, prev, at, tags, type_, payload).raw == rfc8785.dumps(members) + b"\n" + payload


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.dictionaries(st.text(st.characters(max_codepoint=127), max_size=9), inner, max_size=5)
    ),
    max_leaves=25,
)


@given(json_values)
@example("".join(map(chr, range(0xD800))))
@example("".join(map(chr, range(0xE000, 0x11000))))
@example(["".join(map(chr, range(plane << 16, (plane << 16) + 0x400))) for plane in range(1, 17)])
@example({chr(code): code for code in range(127, -1, -1)})
@example([2**53 - 1, 1 - 2**53, 0, -0, True, False, None, [], {}, ""])
def test_sorted_msgspec_is_rfc_8785_for_text_whole_numbers_and_ascii_names(value: Any):
    assert msgspec.json.encode(value, order="sorted") == rfc8785.dumps(value)


# --- Reading back.


@given(entries)
def test_what_is_made_is_read_back_the_same(entry: Entry):
    assert parse_entry(entry.raw) == entry
    assert read_entry(entry.raw) == entry
    assert split_entry(entry.raw) == (entry.header, entry.payload)


@given(entries)
def test_what_is_parsed_is_made_again_the_same(entry: Entry):
    parsed = parse_entry(entry.raw)

    assert entry == make_entry(
        parsed.position,
        bytes.fromhex(parsed.header.prev),
        parsed.recorded_at,
        reversed(parsed.header.tags),
        parsed.header.type,
        parsed.payload,
    )


@pytest.mark.parametrize(
    "payload",
    [b"", b"\n", b"\n\n{}", b"\r\n", b"\x00", bytes(range(256)), b"\xed\xa0\x80", b"\xef\xbb\xbf"],
    ids=["empty", "line-end", "line-ends", "crlf", "nul", "every-byte", "surrogate", "bom"],
)
def test_a_payload_may_be_any_bytes(payload: bytes):
    assert parse_entry(entry_of(payload=payload).raw).payload == payload


def test_no_flipped_bit_leaves_an_entry_as_it_was():
    """Either it is refused, or it is another entry with another leaf."""
    entry = make_entry(12, bytes(range(32)), NOON, ["person:p-1", "é", "𝄞"], "request.submitted.v1", b'{"a":1}\n')

    for bit in range(8 * len(entry.raw)):
        altered = (int.from_bytes(entry.raw) ^ 1 << bit).to_bytes(len(entry.raw))
        try:
            other = parse_entry(altered)
        except Malformed:
            continue
        assert other.raw == altered
        assert other.leaf != entry.leaf
        assert (other.header, other.payload) != (entry.header, entry.payload)
        assert remade(other) == altered


def remade(entry: Entry) -> bytes:
    """What `make_entry` writes with the members of this entry."""
    header = entry.header
    return make_entry(
        header.position, bytes.fromhex(header.prev), entry.recorded_at, header.tags, header.type, entry.payload
    ).raw


line_bytes = st.sampled_from(
    [b'"', b"\\", b"\\u00e9", b",", b"[", b"]", b"{", b"}", b"\n", b" ", b"0", b"1", b"-", b".", b"e", b"\x7f", b"\xc3"]
) | st.binary(min_size=1, max_size=3)


@given(entries, st.lists(st.tuples(st.integers(0, 400), st.integers(0, 3), line_bytes), min_size=1, max_size=3))
def test_altered_bytes_are_refused_by_name_or_are_an_entry_of_their_own(
    entry: Entry, edits: list[tuple[int, int, bytes]]
):
    raw = entry.raw
    for at, cut, put in edits:
        raw = raw[:at] + put + raw[at + cut :]
    try:
        parsed = parse_entry(raw)
    except Malformed:
        return
    assert remade(parsed) == raw


@given(st.binary(max_size=400))
def test_any_bytes_at_all_are_refused_by_name(raw: bytes):
    with pytest.raises(Malformed):
        parse_entry(raw)
