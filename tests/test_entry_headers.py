"""A header that is not canonical JSON with these members is refused.

Why is often the decoder's to say, so that the words are not compared.
"""

import pytest

from ledger.chain.entry import parse_entry, read_entry, split_entry
from ledger.errors import Malformed
from tests.entry_facts import ZEROS, refusal

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
