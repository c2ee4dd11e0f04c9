"""Entries for the tests of the format: any of them, one with what a test is about, and why bytes are refused."""

import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import strategies as st

from ledger.chain.entry import Entry, make_entry
from ledger.errors import Malformed
from tests.stores import NOON

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
