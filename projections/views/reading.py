"""Events for the views, read as fast as a whole log has to be.

What stands in an entry was held against the patterns of its event before it was written, and `verify` does it again;
here it is only given its types. That takes a third of the time.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import lru_cache, reduce
from operator import or_
from types import UnionType
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec.structs import asdict

from ledger.chain.entry import parse_time
from ledger.errors import Damaged, Malformed
from ledger.events import DECLARED, Event

_TYPE, _RECORDED_AT = b'"type":"', b'"recorded_at":"'
_TIME_LENGTH = len("2026-11-21T17:00:00.000000Z")
_instant = lru_cache(4096)(parse_time)


class Happening(NamedTuple):
    """An event, where it stands, when it happened, and when it was recorded."""

    position: int
    event: Event
    occurred_at: datetime
    recorded_at: datetime


class _Payload(msgspec.Struct):
    event: msgspec.Struct
    occurred_at: str


class Reader:
    """Finds events of some kinds, in any version, in the bytes of entries."""

    def __init__(self, wanted: Iterable[type[Event]]) -> None:
        names = {event.wire_name for event in wanted}
        self._kinds = {
            event.wire_type().encode(): (event, _payload_with(event)) for event in DECLARED if event.wire_name in names
        }

    def read(self, position: int, raw: bytes) -> Happening | None:
        """What an entry says has happened; None when it is of no kind that is wanted. Raises `Damaged`."""
        line, _, payload = raw.partition(b"\n")
        # The type is the last member of the header, and a quotation mark in it would be escaped.
        kind = self._kinds.get(line[line.rfind(_TYPE) + len(_TYPE) : -2])
        if kind is None:
            return None
        declared, decode = kind
        try:
            said = decode(payload)
            event = declared(**asdict(said.event))
            while (newer := event.upcast()) is not event:
                event = newer
            occurred_at, recorded_at = _instant(said.occurred_at), _instant(_recorded_at(line))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, Malformed) as error:
            raise Damaged("log", f"the entry at position {position} cannot be read: {error}") from error
        return Happening(position, event, occurred_at, recorded_at)


def _recorded_at(line: bytes) -> str:
    start = line.find(_RECORDED_AT) + len(_RECORDED_AT)
    return line[start : start + _TIME_LENGTH].decode()


def _payload_with(event: type[Event]) -> Callable[[bytes], Any]:
    """What reads payloads with this event, whose members it doesn't hold against their patterns."""
    hints = get_type_hints(event, include_extras=True)
    members = [(member, _plain(hints[member])) for member in event.__struct_fields__]
    twin = msgspec.defstruct(event.__name__, members, kw_only=True)
    # The other members of the payload are skipped.
    payload = msgspec.defstruct("Payload", [("event", twin), ("occurred_at", str)], bases=(_Payload,))
    return msgspec.json.Decoder(payload).decode


def _plain(hint: Any) -> Any:
    """A type without what narrows it down; parts that are structs stay as they are."""
    kind = get_origin(hint)
    if kind is Annotated:
        return _plain(get_args(hint)[0])
    if kind is tuple:
        first, *rest = get_args(hint)
        return tuple.__class_getitem__((_plain(first), ...)) if rest == [...] else hint
    if kind in (Union, UnionType):
        return reduce(or_, map(_plain, get_args(hint)))
    return hint
