"""Entries: the exact bytes, an independent writer of canonical JSON as oracle, and everything that is refused."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from ledger.chain.entry import (
    MAX_ENTRY_BYTES,
    NO_LEAF,
    Entry,
    Header,
    check_name,
    checked_type,
    format_time,
    make_entry,
    parse_entry,
    parse_time,
    read_entry,
    sorted_tags,
    split_entry,
)
from ledger.errors import Malformed, TooLarge

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
ZEROS = "0" * 64

names = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=63)
positions = st.integers(1, 2**53 - 1)
leaves = st.binary(min_size=32, max_size=32)
times = st.datetimes(timezones=st.just(UTC))
entries = st.builds(
    make_entry, positions, leaves, times, st.lists(names, max_size=64, unique=True), names, st.binary(max_size=300)
)


def entry_of(
    position: int = 7,
    prev: bytes = bytes(range(32)),
    recorded_at: datetime = NOON,
    tags: tuple[str, ...] = ("a", "b"),
    type_: str = "request.submitted.v1",
    payload: bytes = b"{}",
) -> Entry:
    return make_entry(position, prev, recorded_at, tags, type_, payload)


def header_of(
    position: object = 1, prev: object = ZEROS, recorded_at: object = "2026-11-21T12:00:00.000000Z", tags=(), type_="t"
) -> bytes:
    """An entry without payload whose header is canonical JSON, whatever the members are."""
    members = {"position": position, "prev": prev, "recorded_at": recorded_at, "tags": list(tags), "type": type_}
    return json.dumps(members, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def refusal(attempt: Callable[[], object]) -> tuple[type[Malformed], str, object, str]:
    with pytest.raises(Malformed) as refused:
        attempt()
    return type(refused.value), refused.value.what, refused.value.value, refused.value.why


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


# --- Refused: headers that are not canonical JSON with these members. Why is often the decoder's to say, so that the
#     words are not compared.

CANONICAL = (
    '{"position":12,"prev":"'
    + ZEROS[:-1]
    + 'f","recorded_at":"2026-11-21T12:00:00.000000Z","tags":["a","é"],"type":"t"}'
)


def instead(old: str, new: str) -> bytes:
    """The canonical header with something else in one place, and a payload."""
    assert CANONICAL.count(old) == 1
    return CANONICAL.replace(old, new).encode() + b"\n{}"


def test_the_header_that_the_following_ones_vary_is_canonical():
    assert parse_entry(CANONICAL.encode() + b"\n{}").raw == CANONICAL.encode() + b"\n{}"


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(instead('{"position"', '{ "position"'), id="space-after-the-brace"),
        pytest.param(instead('"position":12', '"position": 12'), id="space-after-a-colon"),
        pytest.param(instead("12,", "12, "), id="space-after-a-comma"),
        pytest.param(instead("12,", "12\t,"), id="tab"),
        pytest.param(instead('"t"}', '"t"} '), id="space-at-the-end"),
        pytest.param(instead('"t"}', '"t"}\r'), id="carriage-return-at-the-end"),
        pytest.param(instead("{", " {"), id="space-in-front"),
        pytest.param(instead("{", "\ufeff{"), id="byte-order-mark"),
        pytest.param(instead('],"type":"t"', '],"type":"t","type":"t"'), id="doubled-member"),
        pytest.param(instead('"position":12', '"position":11,"position":12'), id="doubled-member-with-two-values"),
        pytest.param(instead(',"type":"t"', ""), id="missing-member"),
        pytest.param(instead('"t"}', '"t","x":1}'), id="further-member"),
        pytest.param(instead('"t"}', '"t","":null}'), id="further-member-without-a-name"),
        pytest.param(instead('"t"}', '"t","x":' + "[" * 60_000), id="further-member-nested-deeply"),
        pytest.param(instead('"position"', '"Position"'), id="member-in-another-case"),
        pytest.param(instead('"type"', '"\\u0074ype"'), id="escaped-member"),
        pytest.param(instead('["a","é"],"type":"t"', '"t"').replace(b'"tags"', b'"type"'), id="no-tags"),
        pytest.param(b'{"type":"t",' + CANONICAL[1:-10].encode() + b"}\n", id="type-first"),
        pytest.param(b'["position",12]\n', id="list"),
        pytest.param(b"null\n", id="null"),
        pytest.param(b"\n{}", id="empty-line"),
        pytest.param(b"{}\n", id="no-members"),
        pytest.param(instead('"t"}', '"t"}{}'), id="two-objects"),
        pytest.param(instead('"t"}', '"t"'), id="not-closed"),
        pytest.param(instead('"t"}', '"t",}'), id="comma-at-the-end"),
        pytest.param(instead("{", "/**/{"), id="comment"),
        pytest.param(instead('"a"', '"\\u0061"'), id="needless-escape-of-a-letter"),
        pytest.param(instead('"a"', '"\\/"'), id="needless-escape-of-a-slash"),
        pytest.param(instead('"é"', '"\\u00e9"'), id="needless-escape-in-lower-case"),
        pytest.param(instead('"é"', '"\\u00E9"'), id="needless-escape-in-upper-case"),
        pytest.param(instead('"é"', '"\\ud834\\udd1e"'), id="needless-escape-of-a-surrogate-pair"),
        pytest.param(instead('"a"', '"\\u0022"'), id="quote-escaped-by-number"),
        pytest.param(instead('"a"', '"\\u001F"'), id="control-character-in-upper-case"),
        pytest.param(instead('"a"', '"\\u0009"'), id="tab-escaped-by-number"),
        pytest.param(instead('"a"', '"\t"'), id="control-character-unescaped"),
        pytest.param(instead('"a"', '"\\ud800"'), id="lone-high-surrogate"),
        pytest.param(instead('"a"', '"\\udc00"'), id="lone-low-surrogate"),
        pytest.param(instead('"t"', '"\\ud834x"'), id="lone-surrogate-in-the-type"),
        pytest.param(instead('"a"', '"X"').replace(b"X", b"\xed\xa0\x80"), id="surrogate-as-bytes"),
        pytest.param(instead('"a"', '"X"').replace(b"X", b"\xff"), id="no-utf-8-in-a-tag"),
        pytest.param(instead('"t"', '"X"').replace(b"X", b"\xc3"), id="half-a-character-in-the-type"),
        pytest.param(instead('"a"', '"X"').replace(b"X", b"\xc1\xa1"), id="overlong-utf-8"),
        pytest.param(instead('"a"', '"X"').replace(b"X", b"\xf4\x90\x80\x80"), id="beyond-unicode"),
        pytest.param(instead("12,", "012,"), id="leading-zero"),
        pytest.param(instead("12,", "+12,"), id="plus-sign"),
        pytest.param(instead("12,", "-0,"), id="minus-zero"),
        pytest.param(instead("12,", "12.0,"), id="float"),
        pytest.param(instead("12,", "1.2e1,"), id="exponent"),
        pytest.param(instead("12,", "12e0,"), id="whole-number-with-an-exponent"),
        pytest.param(instead("12,", "1e999999999,"), id="endless-exponent"),
        pytest.param(instead("12,", "9" * 60_000 + ","), id="position-of-60000-digits"),
        pytest.param(instead("12,", "NaN,"), id="nan"),
        pytest.param(instead("12,", "true,"), id="position-true"),
        pytest.param(instead("12,", "null,"), id="position-null"),
        pytest.param(instead("12,", '"12",'), id="position-as-text"),
        pytest.param(instead("12,", "[" * 60_000), id="position-nested-deeply"),
        pytest.param(instead('"t"', "1"), id="type-as-number"),
        pytest.param(instead('"t"', "null"), id="type-null"),
        pytest.param(instead('"a"', "1"), id="tag-as-number"),
        pytest.param(instead('"a"', "null"), id="tag-null"),
        pytest.param(instead('["a","é"]', '"a"'), id="tags-as-text"),
        pytest.param(instead('["a","é"]', '{"a":"é"}'), id="tags-as-object"),
        pytest.param(instead('"2026-11-21T12:00:00.000000Z"', "1795262400"), id="time-as-number"),
    ],
)
def test_a_header_that_is_not_canonical_is_refused(raw: bytes):
    for read in (parse_entry, split_entry):
        with pytest.raises(Malformed) as refused:
            read(raw)
        assert (type(refused.value), refused.value.what, refused.value.value) == (
            Malformed,
            "header",
            raw.partition(b"\n")[0],
        )


@pytest.mark.parametrize(
    "raw", [b"", CANONICAL.encode(), CANONICAL.encode() + b"\r"], ids=["nothing", "header-only", "carriage-return"]
)
def test_an_entry_without_a_line_end_is_refused(raw: bytes):
    expected = Malformed, "entry", raw, "has no line end between header and payload"

    assert refusal(lambda: parse_entry(raw)) == refusal(lambda: split_entry(raw)) == expected


@pytest.mark.parametrize(
    "raw",
    [b"", b"null\n", b"{}\n", b"\xff\n", instead('"a"', '"\\ud800"'), instead('"t"}', '"t","x":' + "[" * 60_000)],
    ids=["nothing", "null", "no-members", "no-utf-8", "lone-surrogate", "nested-deeply"],
)
def test_reading_an_entry_of_ones_own_refuses_what_cannot_be_read(raw: bytes):
    assert refusal(lambda: read_entry(raw))[:3] == (Malformed, "header", raw.partition(b"\n")[0])


# --- Refused: members that no entry may have, on writing as on reading.

C0_DEL_C1 = [*range(0x20), *range(0x7F, 0xA0)]


@pytest.mark.parametrize(
    "position",
    [0, -1, 2**53, 2**63, 2**64, 10**4000],
    ids=["0", "-1", "2-to-the-53", "2-to-the-63", "2-to-the-64", "10-to-the-4000"],
)
def test_a_position_outside_1_to_2_to_the_53_is_refused(position: int):
    raw = header_of(position=position)
    expected = Malformed, "position", position, "is not between 1 and 2**53 - 1"

    assert refusal(lambda: parse_entry(raw)) == refusal(lambda: split_entry(raw)) == expected
    assert refusal(lambda: entry_of(position=position)) == expected


@pytest.mark.parametrize("position", [1, 2**53 - 1])
def test_the_first_and_the_last_position_are_fine(position: int):
    assert parse_entry(entry_of(position=position).raw).position == position


@pytest.mark.parametrize(
    "prev",
    ["", "0", ZEROS[:-1], ZEROS + "0", "A" * 64, "0" * 63 + "F", "g" * 64, "0x" + ZEROS[2:], " " * 64, "\u0660" * 64],
    ids=["empty", "short", "63", "65", "upper-case", "one-upper-case", "no-hex", "0x", "blank", "arabic-digits"],
)
def test_a_prev_that_is_no_leaf_in_lower_case_hex_is_refused(prev: str):
    raw = header_of(prev=prev)
    expected = Malformed, "prev", prev, "is not a leaf hash in lower-case hex"

    assert refusal(lambda: parse_entry(raw)) == refusal(lambda: split_entry(raw)) == expected


@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_no_entry_is_made_after_what_is_no_leaf(size: int):
    assert refusal(lambda: entry_of(prev=bytes(size))) == (
        Malformed,
        "prev",
        "00" * size,
        "is not a leaf hash in lower-case hex",
    )


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param("", "is not UTC with six digits", id="empty"),
        pytest.param("2026-11-21T12:00:00Z", "is not UTC with six digits", id="no-fraction"),
        pytest.param("2026-11-21T12:00:00.000Z", "is not UTC with six digits", id="three-digits"),
        pytest.param("2026-11-21T12:00:00.00000Z", "is not UTC with six digits", id="five-digits"),
        pytest.param("2026-11-21T12:00:00.0000000Z", "is not UTC with six digits", id="seven-digits"),
        pytest.param("2026-11-21T12:00:00,000000Z", "is not UTC with six digits", id="comma"),
        pytest.param("2026-11-21T12:00:00.000000", "is not UTC with six digits", id="no-zone"),
        pytest.param("2026-11-21T12:00:00.000000z", "is not UTC with six digits", id="small-z"),
        pytest.param("2026-11-21t12:00:00.000000Z", "is not UTC with six digits", id="small-t"),
        pytest.param("2026-11-21 12:00:00.000000Z", "is not UTC with six digits", id="blank-for-t"),
        pytest.param("2026-11-21T12:00:00.000000+00:00", "is not UTC with six digits", id="offset-zero"),
        pytest.param("2026-11-21T13:00:00.000000+01:00", "is not UTC with six digits", id="offset"),
        pytest.param(" 2026-11-21T12:00:00.000000Z", "is not UTC with six digits", id="blank-in-front"),
        pytest.param("2026-11-21T12:00:00.000000Z ", "is not UTC with six digits", id="blank-behind"),
        pytest.param("20261121T120000.000000Z", "is not UTC with six digits", id="basic-format"),
        pytest.param("2026-W47-6T12:00:00.000000Z", "is not UTC with six digits", id="week"),
        pytest.param("2026-325T12:00:00.000000Z", "is not UTC with six digits", id="day-of-the-year"),
        pytest.param("26-11-21T12:00:00.000000Z", "is not UTC with six digits", id="two-digit-year"),
        pytest.param("+2026-11-21T12:00:00.000000Z", "is not UTC with six digits", id="signed-year"),
        pytest.param("10000-01-01T00:00:00.000000Z", "is not UTC with six digits", id="year-10000"),
        pytest.param(
            "\u0662\u0660\u0662\u0666-11-21T12:00:00.000000Z", "is not UTC with six digits", id="arabic-digits"
        ),
        pytest.param("2026-11-21T12:00:00.00000\uff10Z", "is not UTC with six digits", id="full-width-digit"),
        pytest.param("2026-11-21T24:00:00.000000Z", "is not UTC with six digits", id="hour-24"),
        pytest.param("2026-11-21T12:60:00.000000Z", "is not UTC with six digits", id="minute-60"),
        pytest.param("2026-12-31T23:59:60.000000Z", "is not UTC with six digits", id="leap-second"),
        pytest.param("2026-13-01T12:00:00.000000Z", "month must be in 1..12", id="month-13"),
        pytest.param("2026-00-01T12:00:00.000000Z", "month must be in 1..12", id="month-0"),
        pytest.param("2026-11-31T12:00:00.000000Z", "day is out of range for month", id="30-days-hath-november"),
        pytest.param("2026-11-00T12:00:00.000000Z", "day is out of range for month", id="day-0"),
        pytest.param("2026-02-29T12:00:00.000000Z", "day is out of range for month", id="no-leap-year"),
        pytest.param("1900-02-29T12:00:00.000000Z", "day is out of range for month", id="no-leap-century"),
        pytest.param("0000-01-01T00:00:00.000000Z", "year 0 is out of range", id="year-0"),
    ],
)
def test_a_time_that_would_not_be_written_so_is_refused(text: str, why: str):
    raw = header_of(recorded_at=text)
    expected = Malformed, "time", text, why

    assert refusal(lambda: parse_time(text)) == expected
    assert refusal(lambda: parse_entry(raw)) == refusal(lambda: split_entry(raw)) == expected


BAD_NAMES = [
    pytest.param("", (Malformed, "", "is empty"), id="empty"),
    *(
        pytest.param(f"x{chr(code)}y", (Malformed, f"x{chr(code)}y", "has a control character"), id=f"U+{code:04X}")
        for code in C0_DEL_C1
    ),
    pytest.param("x\n", (Malformed, "x\n", "has a control character"), id="line-end-at-the-end"),
    pytest.param("x" * 256, (TooLarge, "x" * 256, "256 is more than the 255 allowed"), id="256-bytes"),
    pytest.param(
        "é" * 128, (TooLarge, "é" * 128, "256 is more than the 255 allowed"), id="256-bytes-in-128-characters"
    ),
]


@pytest.mark.parametrize(("name", "expected"), BAD_NAMES)
def test_a_tag_that_is_no_name_is_refused(name: str, expected: tuple[type[Malformed], str, str]):
    error, value, why = expected

    assert refusal(lambda: parse_entry(header_of(tags=(name,)))) == (error, "tag", value, why)
    assert refusal(lambda: entry_of(tags=("a", name, "z"))) == (error, "tag", value, why)


@pytest.mark.parametrize(("name", "expected"), BAD_NAMES)
def test_a_type_that_is_no_name_is_refused(name: str, expected: tuple[type[Malformed], str, str]):
    error, value, why = expected

    assert refusal(lambda: parse_entry(header_of(type_=name))) == (error, "type", value, why)
    assert refusal(lambda: entry_of(type_=name)) == (error, "type", value, why)


@pytest.mark.parametrize("code", [0xD800, 0xDBFF, 0xDC00, 0xDFFF], ids=hex)
def test_a_lone_surrogate_is_refused_in_tags_and_type(code: int):
    name, why = f"x{chr(code)}y", "has a lone surrogate, which no UTF-8 can hold"

    assert refusal(lambda: entry_of(tags=("a", name))) == (Malformed, "tag", name, why)
    assert refusal(lambda: entry_of(type_=name)) == (Malformed, "type", name, why)


def test_what_is_no_text_is_no_name():
    nothing: Any = None

    assert refusal(lambda: check_name("tag", nothing)) == (Malformed, "tag", None, "is not text")


@pytest.mark.parametrize(
    "name",
    [
        "x",
        " ",
        "x" * 255,
        "é" * 127 + "x",
        "𝄞" * 63 + "abc",
        "\u00a0",
        "\u2028",
        "\ufeff",
        "\uffff",
        "\U0010ffff",
        "~",
        '"',
        "\\",
    ],
    ids=[
        "letter",
        "blank",
        "255",
        "255-in-128",
        "255-in-66",
        "A0",
        "2028",
        "BOM",
        "FFFF",
        "last",
        "7E",
        "quote",
        "backslash",
    ],
)
def test_a_name_just_inside_the_limits_is_fine(name: str):
    entry = entry_of(tags=(name,), type_=checked_type(name))

    assert parse_entry(entry.raw) == entry
    assert (entry.header.tags, entry.header.type) == ((name,), name)


def test_64_tags_are_fine_and_65_are_refused():
    tags = tuple(f"tag:{number:02}" for number in range(65))

    assert parse_entry(entry_of(tags=tags[:64]).raw).header.tags == tags[:64]
    expected = TooLarge, "tags", tags, "65 is more than the 64 allowed"
    assert refusal(lambda: entry_of(tags=tags)) == refusal(lambda: parse_entry(header_of(tags=tags))) == expected


@pytest.mark.parametrize("tags", [("a", "a"), ("a", "b", "b"), ("é", "é", "x")], ids=["all", "last", "not-ascii"])
def test_a_tag_that_stands_twice_is_refused(tags: tuple[str, ...]):
    (twice,) = {tag for tag in tags if tags.count(tag) == 2}
    expected = Malformed, "tag", twice, "stands twice"

    assert refusal(lambda: entry_of(tags=tags)) == refusal(lambda: parse_entry(header_of(tags=tags))) == expected


@pytest.mark.parametrize(
    "tags",
    [("b", "a"), ("a", "B"), ("a", "c", "b"), ("ab", "a"), ("𝄞", "\uffff"), ("é", "e\u0301")],
    ids=["two", "case", "three", "prefix", "planes", "accents"],
)
def test_tags_are_sorted_by_their_bytes(tags: tuple[str, ...]):
    """Not by UTF-16 units, where U+1D11E comes before U+FFFF, nor by any language's alphabet."""
    by_bytes = tuple(sorted(tags, key=str.encode))

    assert entry_of(tags=tags).header.tags == sorted_tags(tags) == by_bytes
    assert parse_entry(header_of(tags=by_bytes)).header.tags == by_bytes
    assert refusal(lambda: parse_entry(header_of(tags=tags))) == (
        Malformed,
        "tags",
        tags,
        "are not sorted by their bytes",
    )


@given(st.lists(names, unique=True, max_size=64))
def test_any_tags_are_sorted_as_their_bytes_are(tags: list[str]):
    assert [tag.encode() for tag in sorted_tags(tags)] == sorted(tag.encode() for tag in tags)


def test_splitting_leaves_types_and_tags_to_the_caller():
    raw = header_of(tags=["b", "a", "a", ""], type_="")

    assert split_entry(raw) == (Header(1, ZEROS, "2026-11-21T12:00:00.000000Z", ("b", "a", "a", ""), ""), b"")


def test_an_entry_of_65535_bytes_is_fine_and_one_more_is_refused():
    room = MAX_ENTRY_BYTES - len(entry_of(payload=b"").raw)
    largest = entry_of(payload=bytes(room))
    why = "65,536 is more than the 65,535 allowed"

    assert len(largest.raw) == 65_535
    assert parse_entry(largest.raw) == largest
    assert refusal(lambda: entry_of(payload=bytes(room + 1))) == (TooLarge, "entry", "request.submitted.v1", why)
    assert refusal(lambda: parse_entry(largest.raw + b"x")) == (TooLarge, "entry", "", why)
    assert refusal(lambda: split_entry(largest.raw + b"x")) == (TooLarge, "entry", "", why)


# --- Times.

HOURS_AWAY = timezone(timedelta(hours=5, minutes=45))


@pytest.mark.parametrize(
    ("at", "text"),
    [
        pytest.param(datetime(2026, 11, 21, 17, 0, tzinfo=UTC), "2026-11-21T17:00:00.000000Z", id="no-fraction"),
        pytest.param(datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC), "2026-01-02T03:04:05.000006Z", id="one-microsecond"),
        pytest.param(
            datetime(2026, 1, 2, 3, 4, 5, 999_999, tzinfo=UTC), "2026-01-02T03:04:05.999999Z", id="not-rounded"
        ),
        pytest.param(datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00:00:00.000000Z", id="the-first"),
        pytest.param(datetime(987, 6, 5, tzinfo=UTC), "0987-06-05T00:00:00.000000Z", id="year-of-three-digits"),
        pytest.param(
            datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC), "9999-12-31T23:59:59.999999Z", id="the-last"
        ),
        pytest.param(datetime(2024, 2, 29, tzinfo=UTC), "2024-02-29T00:00:00.000000Z", id="leap-day"),
        pytest.param(datetime(2027, 1, 1, 5, 44, tzinfo=HOURS_AWAY), "2026-12-31T23:59:00.000000Z", id="year-before"),
        pytest.param(
            datetime(2026, 11, 21, 12, tzinfo=timezone(timedelta(microseconds=1))),
            "2026-11-21T11:59:59.999999Z",
            id="offset-of-a-microsecond",
        ),
        pytest.param(
            datetime(2026, 7, 1, 12, tzinfo=ZoneInfo("America/New_York")), "2026-07-01T16:00:00.000000Z", id="summer"
        ),
    ],
)
def test_a_time_is_written_in_utc_with_six_digits(at: datetime, text: str):
    assert format_time(at) == text
    assert parse_time(text) == at
    assert entry_of(recorded_at=at).header.recorded_at == text


def test_a_parsed_time_is_in_utc():
    assert parse_time("2026-11-21T12:00:00.000000Z").tzinfo is UTC


def test_the_two_passes_of_a_repeated_hour_stay_apart():
    """They compare equal and have one hash, whatever is remembered by it."""
    first = datetime(2026, 11, 1, 1, 30, tzinfo=ZoneInfo("America/New_York"))
    second = first.replace(fold=1)

    assert first == second
    assert [format_time(at) for at in (first, second, first)] == [
        "2026-11-01T05:30:00.000000Z",
        "2026-11-01T06:30:00.000000Z",
        "2026-11-01T05:30:00.000000Z",
    ]


def test_a_time_without_a_zone_is_refused():
    at = NOON.replace(tzinfo=None)
    expected = Malformed, "time", "2026-11-21T12:00:00", "has no time zone"

    assert refusal(lambda: format_time(at)) == refusal(lambda: entry_of(recorded_at=at)) == expected


@pytest.mark.parametrize(
    ("at", "shown"),
    [
        (datetime(1, 1, 1, tzinfo=HOURS_AWAY), "0001-01-01T00:00:00+05:45"),
        (datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-1))), "9999-12-31T23:00:00-01:00"),
    ],
    ids=["before-the-first", "after-the-last"],
)
def test_a_time_that_utc_cannot_hold_is_refused(at: datetime, shown: str):
    expected = Malformed, "time", shown, "is outside the years 1 to 9999 in UTC"

    assert refusal(lambda: format_time(at)) == refusal(lambda: entry_of(recorded_at=at)) == expected


zones = st.timedeltas(timedelta(hours=-23, minutes=-59), timedelta(hours=23, minutes=59)).map(timezone) | st.timezones()


@given(st.datetimes(NOON.replace(year=1, tzinfo=None), NOON.replace(year=9999, tzinfo=None), timezones=zones))
def test_every_time_comes_back_as_the_same_instant(at: datetime):
    text = format_time(at)

    assert parse_time(text) - at.astimezone(UTC) == timedelta(0)
    assert format_time(parse_time(text)) == text


@given(times, times)
def test_texts_sort_as_their_times_do(one: datetime, other: datetime):
    assert (format_time(one) < format_time(other)) == (one < other)
