"""The entry: one fact as it is stored, hashed and proved.

    entry  = header LF payload                     at most 65,535 bytes
    header = RFC 8785 JSON, one line, with exactly these members:
             {"position":1,"prev":"<64 hex>","recorded_at":"2026-11-21T17:00:00.000000Z","tags":["..."],"type":"..."}
    leaf   = SHA-256(0x00 || entry)

`prev` is the leaf of the entry before, 64 zeros in the first. `tags` are sorted by their bytes and unique. The payload
is opaque here. Parsing is strict: what would not be written exactly so is refused.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import msgspec

from ledger.chain.merkle import HASH_BYTES, leaf_hash
from ledger.errors import Malformed, TooLarge

MAX_ENTRY_BYTES = 65_535
MAX_TAGS = 64
MAX_NAME_BYTES = 255
MAX_POSITION = 2**53 - 1
NO_LEAF = bytes(HASH_BYTES)

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
# `\d` would also match other scripts' digits, and some Pythons read hour 24 as the next day.
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{6}Z")
_LEAF = re.compile(r"[0-9a-f]{64}")


# An unknown member is refused at once: to skip a deeply nested one, the decoder would run out of stack. Python need not
# look for cycles where none can be: with many entries in memory, that took longer than reading them.
class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """The first line of an entry; its members are in the order in which RFC 8785 writes them."""

    position: int
    prev: str
    recorded_at: str
    tags: tuple[str, ...]
    type: str


class Entry(msgspec.Struct, frozen=True, gc=False):
    """An entry, parsed; `raw` holds the bytes that are hashed."""

    raw: bytes
    header: Header
    payload: bytes

    @property
    def leaf(self) -> bytes:
        """The entry's leaf in the tree, hashed anew at every call."""
        return leaf_hash(self.raw)

    @property
    def position(self) -> int:
        """The entry's place in the log, from 1."""
        return self.header.position

    @property
    def recorded_at(self) -> datetime:
        """When the ledger wrote it."""
        return parse_time(self.header.recorded_at)


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Header, strict=True).decode


def make_entry(
    position: int, prev: bytes, recorded_at: datetime, tags: Iterable[str], type_: str, payload: bytes
) -> Entry:
    """The entry with these members, its tags sorted. Raises `Malformed` when one breaks the format."""
    entry = write_entry(position, prev, format_time(recorded_at), tags, type_, payload)
    _check_place(entry.header)
    return entry


def write_entry(position: int, prev: bytes, recorded_at: str, tags: Iterable[str], type_: str, payload: bytes) -> Entry:
    """As `make_entry` for a store, which knows where the entry stands and has the time as `format_time` gave it."""
    header = Header(position, prev.hex(), recorded_at, sorted_tags(tags), checked_type(type_))
    raw = b"%b\n%b" % (_encode(header), payload)
    if len(raw) > MAX_ENTRY_BYTES:
        raise TooLarge("entry", len(raw), MAX_ENTRY_BYTES, type_)
    return Entry(raw, header, payload)


def parse_entry(raw: bytes) -> Entry:
    """The entry in these bytes. Raises `Malformed` unless `make_entry` would write exactly the same."""
    header, payload = split_entry(raw)
    check_name("type", header.type)
    if header.tags != sorted_tags(header.tags):
        raise Malformed("tags", header.tags, "are not sorted by their bytes")
    return Entry(raw, header, payload)


def read_entry(raw: bytes) -> Entry:
    """The entry in bytes that `make_entry` wrote. Raises `Malformed` for what cannot be read, and looks no further."""
    line, _, payload = raw.partition(b"\n")
    try:
        return Entry(raw, _decode(line), payload)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Malformed("header", line, str(error)) from error


def split_entry(raw: bytes) -> tuple[Header, bytes]:
    """Header and payload of an entry, checked as by `parse_entry` except for type and tags.

    A verifier of many entries checks those once for each distinct name.
    """
    if len(raw) > MAX_ENTRY_BYTES:
        raise TooLarge("entry", len(raw), MAX_ENTRY_BYTES)
    line, newline, payload = raw.partition(b"\n")
    if not newline:
        raise Malformed("entry", raw, "has no line end between header and payload")
    try:
        header = _decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Malformed("header", line, str(error)) from error
    if _encode(header) != line:
        raise Malformed("header", line, "is not canonical JSON (RFC 8785)")
    _check_place(header)
    parse_time(header.recorded_at)
    return header, payload


def _check_place(header: Header) -> None:
    if not 1 <= header.position <= MAX_POSITION:
        raise Malformed("position", header.position, "is not between 1 and 2**53 - 1")
    if not _LEAF.fullmatch(header.prev):
        raise Malformed("prev", header.prev, "is not a leaf hash in lower-case hex")


def sorted_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """These tags sorted by their bytes. Raises `Malformed` for more than 64, a repeated one or one that is no name."""
    # Code points sort as their UTF-8 bytes do.
    ordered = tuple(sorted(tags))
    if len(ordered) > MAX_TAGS:
        raise TooLarge("tags", len(ordered), MAX_TAGS, ordered)
    if _are_plain_names(ordered):
        return ordered
    before = ""
    for tag in ordered:
        check_name("tag", tag)
        if tag == before:
            raise Malformed("tag", tag, "stands twice")
        before = tag
    return ordered


def _are_plain_names(ordered: Sequence[str]) -> bool:
    """Whether these are different names, as it is seen at a glance; where it is not seen, they may be all the same."""
    if not {*map(type, ordered)} <= {str}:
        return False
    text, sizes = "".join(ordered), {*map(len, ordered)}
    are_sized = 0 not in sizes and max(sizes, default=0) <= MAX_NAME_BYTES
    return are_sized and text.isascii() and text.isprintable() and len({*ordered}) == len(ordered)


def checked_type(type_: str) -> str:
    """This wire name, if it may be one."""
    check_name("type", type_)
    return type_


def check_name(what: str, name: str) -> None:
    """Raise `Malformed` unless `name` is 1 to 255 bytes of UTF-8 without control characters."""
    if not isinstance(name, str):
        raise Malformed(what, name, "is not text")
    if name.isascii() and name.isprintable() and 0 < len(name) <= MAX_NAME_BYTES:
        return
    if not name:
        raise Malformed(what, name, "is empty")
    if _CONTROL.search(name):
        raise Malformed(what, name, "has a control character")
    try:
        size = len(name.encode())
    except UnicodeEncodeError as error:
        raise Malformed(what, name, "has a lone surrogate, which no UTF-8 can hold") from error
    if size > MAX_NAME_BYTES:
        raise TooLarge(what, size, MAX_NAME_BYTES, name)


def format_time(at: datetime) -> str:
    """An instant as entries write it: UTC, six digits.

    Raises `Malformed` for a time without a zone, or one that is outside the years 1 to 9999 in UTC.
    """
    if at.tzinfo is UTC:
        # Whoever appends waits for this, and the standard library takes five times as long.
        text = _encode(at)[1:-1].decode()
        return text if at.microsecond else f"{text[:-1]}.000000Z"
    if at.utcoffset() is None:
        raise Malformed("time", at.isoformat(), "has no time zone")
    try:
        utc = at.astimezone(UTC)
    except OverflowError as error:
        raise Malformed("time", at.isoformat(), "is outside the years 1 to 9999 in UTC") from error
    return utc.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def parse_time(text: str) -> datetime:
    """The instant in this text. Raises `Malformed` unless `format_time` would write exactly the same."""
    if not _TIME.fullmatch(text):
        raise Malformed("time", text, "is not UTC with six digits")
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise Malformed("time", text, str(error)) from error
