"""Events for the views, read as fast as a whole log has to be."""

from collections.abc import Iterable, Iterator
from datetime import datetime

import msgspec

from ledger.chain.entry import parse_time
from ledger.errors import Damaged
from ledger.events import DECLARED, Event
from ledger.events.plain import as_event, plain_decoder

_TYPE, _RECORDED_AT = b'"type":"', b'"recorded_at":"'
_TYPE_LENGTH, _RECORDED_AT_LENGTH = len(_TYPE), len(_RECORDED_AT)
_TIME_LENGTH = len("2026-11-21T17:00:00.000000Z")


class Happening(msgspec.Struct, frozen=True):
    """An event, where it stands, and when it happened and was recorded, as entries write times."""

    position: int
    event: Event
    occurred: str
    recorded: str

    @property
    def occurred_at(self) -> datetime:
        """When it happened."""
        return parse_time(self.occurred)


class Reader:
    """Finds events of some kinds, in any version, in the bytes of entries."""

    def __init__(self, wanted: Iterable[type[Event]]) -> None:
        names = {event.wire_name for event in wanted}
        self._kinds = {
            event.wire_type().encode(): (event, plain_decoder(event, occurred_at=str))
            for event in DECLARED
            if event.wire_name in names
        }

    def read(self, rows: Iterable[tuple[int, bytes, bytes]]) -> Iterator[Happening]:
        """What entries of the kinds that are wanted say has happened, as a store gives them. Raises `Damaged`."""
        kind_of = self._kinds.get
        for position, _, raw in rows:
            end = raw.find(b"\n")
            # The type is the last member of the header, and a quotation mark in it would be escaped.
            kind = kind_of(raw[raw.rfind(_TYPE, 0, end) + _TYPE_LENGTH : end - 2])
            if kind is None:
                continue
            declared, decode = kind
            try:
                said = decode(raw[end + 1 :])
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                raise Damaged("log", f"the entry at position {position} cannot be read: {error}") from error
            start = raw.find(_RECORDED_AT, 0, end) + _RECORDED_AT_LENGTH
            recorded = raw[start : start + _TIME_LENGTH].decode()
            yield Happening(position, as_event(declared, said.event), said.occurred_at, recorded)
