"""The headers of many entries, read and checked together.

Of entries that are well formed beyond doubt it says so for a third of what `parse_entry` takes for each by itself. Of
others it says nothing.
"""

from collections.abc import Sequence

import msgspec

from ledger.chain.entry import MAX_ENTRY_BYTES, parse_entry
from ledger.errors import Malformed

# In a header so short no name is too long, and there are not too many.
_SHORT = 400


class Read(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """A header whose tags are a set: written with its sets in order, it is the same if they were, and each once."""

    position: int
    prev: str
    recorded_at: str
    tags: frozenset[str]
    type: str


_decode_lines = msgspec.json.Decoder(Read, strict=True).decode_lines
_encode_lines = msgspec.json.Encoder(order="deterministic").encode_lines


def headers_of(entries: Sequence[bytes]) -> list[Read] | None:
    """The headers of these entries, if each of them is as `parse_entry` demands; else, or if in doubt, None.

    Position, `prev` and time are for the caller to compare with those that they must be.
    """
    if max(map(len, entries)) > MAX_ENTRY_BYTES:
        return None
    try:
        lines = [entry[: entry.index(b"\n") + 1] for entry in entries]
        text = b"".join(lines)
        headers = _decode_lines(text)
    except (ValueError, msgspec.DecodeError, RecursionError):
        return None
    if _encode_lines(headers) != text:
        return None
    if max(map(len, lines)) <= _SHORT and _is_plain(text):
        return None if any("" in one.tags or not one.type for one in headers) else headers
    return headers if all(map(_can_be_parsed, entries)) else None


def _is_plain(text: bytes) -> bool:
    """Whether no name in these headers has anything but letters, digits and signs that are visible."""
    return text.isascii() and b"\\" not in text and b"\x7f" not in text


def _can_be_parsed(entry: bytes) -> bool:
    try:
        parse_entry(entry)
    except Malformed:
        return False
    return True
