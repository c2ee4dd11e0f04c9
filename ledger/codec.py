"""Between events and the payload bytes of entries: an allow-list of wire names, strict shapes, upcasts.

A payload is RFC 8785 JSON with exactly these members:

    actor           who did it, the authenticated principal
    cause           position of the entry that led to it, or null
    documents       commitments to the documents that show it
    event           the fact itself
    judged          null for what was not judged, else {"at", "command", "policy", "read_to", "rulebook"}
    occurred_at     UTC, six digits
    on_behalf_of    for whom it was recorded, or null
    precision       how precisely occurred_at is known: instant, day, month, not-later-than
    salt            16 random bytes, base64url without padding: without it a leaf could be guessed from its hash
    via             command line, API with key id, import, ...

No floats, ASCII member names, integers within +-(2**53 - 1), at most 64 objects and lists within each other. msgspec's
`order="sorted"` gives the bytes of RFC 8785 under these limits.
"""

from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Annotated, Any, Generic, Literal, TypeVar, final

import msgspec
from msgspec import Meta, Raw

from ledger.chain.entry import Entry, format_time, parse_time
from ledger.errors import DoesNotFit, Malformed, UnknownEvent
from ledger.events import DECLARED, Event
from ledger.events.event import current
from ledger.events.ids import END, Sealed
from ledger.events.plain import as_event, check_types, plain_decoder

MAX_INTEGER = 2**53 - 1
MAX_DEPTH = 64  # what is nested without end could be written here and there, and not be read back
SALT_BYTES = 16

E = TypeVar("E")
Precision = Literal["instant", "day", "month", "not-later-than"]
Principal = Annotated[str, Meta(pattern=r"^[^\x00-\x1f\x7f-\x9f]{1,255}" + END)]
Position = Annotated[int, Meta(ge=1, le=MAX_INTEGER)]
# Sixteen bytes leave four bits for the last of 22 letters.
Salt = Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{21}[AQgw]" + END)]


class Judged(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """What is needed to judge a wish again: when, the whole wish, and what was read for it."""

    at: str
    command: Mapping[str, Any]
    policy: Position | None
    read_to: Annotated[int, Meta(ge=0, le=MAX_INTEGER)]
    rulebook: Annotated[int, Meta(ge=1, le=MAX_INTEGER)]


class Fact(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An event with its circumstances, as it is handed in to be recorded. Without `occurred_at` it happens now."""

    event: Event
    actor: str
    via: str
    on_behalf_of: str | None = None
    cause: int | None = None
    documents: tuple[str, ...] = ()
    occurred_at: datetime | None = None
    precision: Precision = "instant"
    judged: Judged | None = None


class Recorded(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A fact as it stands in the log, its event in the current version."""

    position: int
    recorded_at: datetime
    type: str
    tags: tuple[str, ...]
    event: Event
    actor: str
    via: str
    on_behalf_of: str | None
    cause: int | None
    documents: tuple[str, ...]
    occurred_at: datetime
    precision: Precision
    judged: Judged | None


@final
class Known(msgspec.Struct, Generic[E], frozen=True, gc=False):
    """An event and its position in the log."""

    event: E
    position: int


class Payload(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """The members of a payload, the event still in its own bytes."""

    actor: Principal
    cause: Position | None
    documents: tuple[Sealed, ...]
    event: Raw
    judged: Judged | None
    occurred_at: str
    on_behalf_of: Principal | None
    precision: Precision
    salt: Salt
    via: Principal


_encode = msgspec.json.Encoder(order="sorted").encode
_decode_payload = msgspec.json.Decoder(Payload).decode
# A fact usually happens when it is recorded, and facts that were recorded together share that time.
_instant = lru_cache(1024)(parse_time)


class Codec:
    """Payloads of the events on an allow-list."""

    def __init__(self, declared: Iterable[type[Event]] = DECLARED) -> None:
        self._events: dict[str, type[Event]] = {}
        for event in declared:
            if event.wire_type() in self._events:
                raise Malformed("wire name", event.wire_type(), "is declared twice")
            check_types(event)
            self._events[event.wire_type()] = event
        self._decoders = {type_: msgspec.json.Decoder(event).decode for type_, event in self._events.items()}
        self._wire_types: dict[tuple[type[Event], ...], list[str]] = {}

    def wire_types(self, *events: type[Event]) -> list[str]:
        """The wire types, in all versions, under which these facts stand in the log. Raises `UnknownEvent`."""
        if events not in self._wire_types:
            names = {self.event_class(event.wire_type()).wire_name for event in events}
            self._wire_types[events] = [type_ for type_, event in self._events.items() if event.wire_name in names]
        return list(self._wire_types[events])

    def event_class(self, wire_type: str) -> type[Event]:
        """The event with this wire type. Raises `UnknownEvent`."""
        try:
            return self._events[wire_type]
        except KeyError:
            raise UnknownEvent(wire_type) from None

    def encode(self, fact: Fact, salt: bytes, now: datetime) -> bytes:
        """The payload of a fact; as `written` without what is read back."""
        return self.written(fact, salt, now)[0]

    def written(self, fact: Fact, salt: bytes, now: datetime) -> tuple[bytes, Event]:
        """The payload of a fact, and the event as it is read back; `now` is when it happened if it does not say.

        Raises `UnknownEvent`, `DoesNotFit`, or `Malformed` for a time without a zone.
        """
        wire_type = fact.event.wire_type()
        if self.event_class(wire_type) is not type(fact.event):
            raise UnknownEvent(wire_type)
        payload = {
            "actor": fact.actor,
            "cause": fact.cause,
            "documents": fact.documents,
            "event": fact.event,
            "judged": fact.judged,
            "occurred_at": format_time(fact.occurred_at or now),
            "on_behalf_of": fact.on_behalf_of,
            "precision": fact.precision,
            "salt": urlsafe_b64encode(salt).decode().rstrip("="),
            "via": fact.via,
        }
        try:
            # The members of an event have exact types, which reading it back below checks; a command holds anything.
            if fact.judged is not None:
                _check_json(wire_type, fact.judged.command, MAX_DEPTH - 2)
            encoded = _encode(payload)
        except (TypeError, ValueError, OverflowError, RecursionError) as error:
            raise DoesNotFit(wire_type, str(error)) from error
        # What cannot be read back is not written.
        return encoded, current(self.event(wire_type, _payload_in(wire_type, encoded).event))

    def decode(self, entry: Entry) -> Recorded:
        """The fact in an entry. Raises `UnknownEvent` or `DoesNotFit`."""
        header = entry.header
        wire_type = header.type
        self.event_class(wire_type)
        payload = _payload_in(wire_type, entry.payload)
        return Recorded(
            position=header.position,
            recorded_at=_instant(header.recorded_at),
            type=wire_type,
            tags=header.tags,
            event=current(self.event(wire_type, payload.event)),
            actor=payload.actor,
            via=payload.via,
            on_behalf_of=payload.on_behalf_of,
            cause=payload.cause,
            documents=payload.documents,
            occurred_at=_instant(payload.occurred_at),
            precision=payload.precision,
            judged=payload.judged,
        )

    def known(self, entry: Entry) -> Known[Event]:
        """The event in an entry in the current version, with right types but not held against its patterns again.

        Raises `UnknownEvent` or `DoesNotFit`.
        """
        header = entry.header
        declared = self.event_class(header.type)
        try:
            read = plain_decoder(declared)(entry.payload)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise DoesNotFit(header.type, str(error)) from error
        return Known(as_event(declared, read.event), header.position)

    def payload(self, entry: Entry) -> Payload:
        """The members of an entry's payload. Raises `DoesNotFit`."""
        return _payload_in(entry.header.type, entry.payload)

    def event(self, wire_type: str, raw: Raw) -> Event:
        """The event in its own bytes, in the version in which it was written. Raises `UnknownEvent`, `DoesNotFit`."""
        self.event_class(wire_type)
        try:
            return self._decoders[wire_type](raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise DoesNotFit(wire_type, str(error)) from error


def _payload_in(wire_type: str, raw: bytes) -> Payload:
    try:
        payload = _decode_payload(raw)
        _instant(payload.occurred_at)
        if payload.judged is not None:
            _instant(payload.judged.at)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, Malformed) as error:
        raise DoesNotFit(wire_type, str(error)) from error
    return payload


def _check_json(wire_type: str, value: object, depth: int) -> None:
    """Raise `DoesNotFit` for what RFC 8785 would write otherwise, and for what is nested deeper than `depth`."""
    if value is None or isinstance(value, (str, bool)):
        return
    match value:
        case int() if abs(value) <= MAX_INTEGER:
            return
        case int():
            raise DoesNotFit(wire_type, f"{value} is beyond 2**53 - 1")
        case dict() | list() | tuple() if depth == 0:
            raise DoesNotFit(wire_type, f"is nested deeper than {MAX_DEPTH} levels")
        case dict():
            for name, member in value.items():
                if not isinstance(name, str) or not name.isascii():
                    raise DoesNotFit(wire_type, f"member name {name!r} is not ASCII text")
                _check_json(wire_type, member, depth - 1)
        case list() | tuple():
            for member in value:
                _check_json(wire_type, member, depth - 1)
        case _:
            raise DoesNotFit(wire_type, f"{value!r} is a {type(value).__name__}, which a payload cannot hold")
