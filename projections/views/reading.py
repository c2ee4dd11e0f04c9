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
from msgspec import Raw

from ledger.chain.entry import parse_time
from ledger.errors import Damaged, Malformed
from ledger.events import DECLARED, Event

_TYPE = b'"type":"'
_instant = lru_cache(4096)(parse_time)


class Happening(NamedTuple):
    """An event, where it stands, when it happened, and when it was recorded."""

    position: int
    event: Event
    occurred_at: datetime
    recorded_at: datetime


class _Payload(msgspec.Struct):
    event: Raw
    occurred_at: str


class _Header(msgspec.Struct):
    recorded_at: str


_payload_in = msgspec.json.Decoder(_Payload).decode
_header_in = msgspec.json.Decoder(_Header).decode


class Reader:
    """Finds events of some kinds, in any version, in the bytes of entries."""

    def __init__(self, wanted: Iterable[type[Event]]) -> None:
        names = {event.wire_name for event in wanted}
        self._decoders = {
            event.wire_type().encode(): unchecked(event) for event in DECLARED if event.wire_name in names
        }

    def read(self, position: int, raw: bytes) -> Happening | None:
        """What an entry says has happened; None when it is of no kind that is wanted. Raises `Damaged`."""
        line, _, payload = raw.partition(b"\n")
        # Canonical JSON: the type is the last member of the header, and holds no quotation mark that is not escaped.
        decode = self._decoders.get(line[line.rfind(_TYPE) + len(_TYPE) : -2])
        if decode is None:
            return None
        try:
            said = _payload_in(payload)
            event = decode(said.event)
            while (newer := event.upcast()) is not event:
                event = newer
            occurred_at, recorded_at = _instant(said.occurred_at), _instant(_header_in(line).recorded_at)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, Malformed) as error:
            raise Damaged("log", f"the entry at position {position} cannot be read: {error}") from error
        return Happening(position, event, occurred_at, recorded_at)


def unchecked(event: type[Event]) -> Callable[[bytes | Raw], Event]:
    """What reads an event from its own bytes without holding its members against their patterns."""
    hints = get_type_hints(event, include_extras=True)
    twin = msgspec.defstruct(
        event.__name__, [(member, _plain(hints[member])) for member in event.__struct_fields__], kw_only=True
    )
    decode, members = msgspec.json.Decoder(twin).decode, msgspec.structs.asdict

    def read(raw: bytes | Raw) -> Event:
        return event(**members(decode(raw)))

    return read


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
