"""Events for the views, read as fast as a whole log has to be."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

import msgspec

from ledger.chain.merkle import HASH_BYTES
from ledger.errors import Damaged
from ledger.events import DECLARED, Event
from ledger.events.plain import as_event, payload_decoder, plain_decoder

_TYPE, _RECORDED_AT = b'"type":"', b'"recorded_at":"'
_TYPE_LENGTH, _RECORDED_AT_LENGTH = len(_TYPE), len(_RECORDED_AT)
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_TIME_LENGTH = len("2026-11-21T17:00:00.000000Z")
# In a header `recorded_at` stands behind a position and a leaf hash.
_BEFORE_RECORDED_AT = len('{"position":1,"prev":"",') + 2 * HASH_BYTES


# None is part of a cycle, which need not be looked for.
class Happening(msgspec.Struct, frozen=True, gc=False):
    """An event of a kind, where it stands, and when it happened and was recorded, as entries write times.

    `said` is the event, or as much of it as was asked for; then the payload is there to read all of it from.
    """

    position: int
    kind: type[Event]
    said: Any
    occurred: str
    recorded: str
    payload: bytes | None = None

    @property
    def event(self) -> Event:
        """What has happened. Raises `Damaged`."""
        if self.payload is None:
            return cast(Event, self.said)
        try:
            return as_event(self.kind, plain_decoder(self.kind)(self.payload).event)
        except UNREADABLE as error:
            raise _damaged(self.position, error) from error


class Reader:
    """Finds events of some kinds, in any version, in the bytes of entries.

    Of some of them only so much is read at first as `briefly` says: a struct with some of the event's members.
    """

    def __init__(self, wanted: Iterable[type[Event]], briefly: Mapping[type[Event], type[msgspec.Struct]]) -> None:
        names = {event.wire_name for event in wanted}
        self._kinds = {
            event.wire_type().encode(): (
                event,
                event in briefly,
                payload_decoder(briefly[event], occurred_at=str)
                if event in briefly
                else plain_decoder(event, occurred_at=str),
            )
            for event in DECLARED
            if event.wire_name in names
        }

    def read(self, rows: Iterable[tuple[int, bytes, bytes]]) -> Iterator[Happening]:
        """What entries of the kinds that are wanted say has happened, as a store gives them. Raises `Damaged`."""
        kind_of = self._kinds.get
        for position, _, raw in rows:
            end = raw.find(b"\n")
            # The type is the last member of the header, and a quotation mark in it would be escaped.
            found = kind_of(raw[raw.rfind(_TYPE, 0, end) + _TYPE_LENGTH : end - 2])
            if found is None:
                continue
            kind, is_brief, decode = found
            payload = raw[end + 1 :]
            try:
                read = decode(payload)
            except UNREADABLE as error:
                raise _damaged(position, error) from error
            start = raw.find(_RECORDED_AT, _BEFORE_RECORDED_AT, end) + _RECORDED_AT_LENGTH
            recorded = raw[start : start + _TIME_LENGTH].decode()
            if is_brief:
                yield Happening(position, kind, read.event, read.occurred_at, recorded, payload)
            else:
                event = as_event(kind, read.event)
                yield Happening(position, type(event), event, read.occurred_at, recorded)


def _damaged(position: int, error: Exception) -> Damaged:
    return Damaged("log", f"the entry at position {position} cannot be read: {error}")
