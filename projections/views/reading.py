"""Events for the views, read as fast as a whole log has to be.

What stands in an entry was held against the patterns of its event before it was written, and `verify` does it again;
here it is only given its types. That takes a third of the time.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import reduce
from operator import or_
from types import UnionType
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec.structs import asdict

from ledger.chain.entry import parse_time
from ledger.errors import Damaged
from ledger.events import DECLARED, Event

_TYPE, _RECORDED_AT = b'"type":"', b'"recorded_at":"'
_TIME_LENGTH = len("2026-11-21T17:00:00.000000Z")


class Happening(NamedTuple):
    """An event, where it stands, and when it happened and was recorded, as entries write times."""

    position: int
    event: Event
    occurred: str
    recorded: str

    @property
    def occurred_at(self) -> datetime:
        """When it happened."""
        return parse_time(self.occurred)


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
        end = raw.find(b"\n")
        # The type is the last member of the header, and a quotation mark in it would be escaped.
        kind = self._kinds.get(raw[raw.rfind(_TYPE, 0, end) + len(_TYPE) : end - 2])
        if kind is None:
            return None
        declared, decode = kind
        try:
            said = decode(raw[end + 1 :])
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Damaged("log", f"the entry at position {position} cannot be read: {error}") from error
        event = declared(**asdict(said.event))
        if declared.upcast is not Event.upcast:
            event = _in_current_version(event)
        start = raw.find(_RECORDED_AT, 0, end) + len(_RECORDED_AT)
        return Happening(position, event, said.occurred_at, raw[start : start + _TIME_LENGTH].decode())


def _in_current_version(event: Event) -> Event:
    while (newer := event.upcast()) is not event:
        event = newer
    return event


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
