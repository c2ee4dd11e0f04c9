"""Members that no entry may have are refused, on writing as on reading."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.chain.entry import (
    MAX_ENTRY_BYTES,
    Header,
    check_name,
    checked_type,
    parse_entry,
    parse_time,
    sorted_tags,
    split_entry,
)
from ledger.errors import Malformed, TooLarge
from tests.entry_facts import ZEROS, entry_of, header_of, names, refusal

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
