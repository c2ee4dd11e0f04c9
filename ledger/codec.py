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

No floats, ASCII member names, integers within +-(2**53 - 1). msgspec's `order="sorted"` gives the bytes of RFC 8785 under
these limits.
"""

from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Raw

from ledger.chain.entry import Entry, format_time, parse_time
from ledger.errors import DoesNotFit, Malformed, UnknownEvent
from ledger.events import DECLARED, Event
from ledger.events.ids import Sealed

MAX_INTEGER = 2**53 - 1
SALT_BYTES = 16

Precision = Literal["instant", "day", "month", "not-later-than"]
Principal = Annotated[str, Meta(min_length=1, max_length=255, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]
Position = Annotated[int, Meta(ge=1, le=MAX_INTEGER)]
Instant = Annotated[str, Meta(pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z$")]


class Judged(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is needed to judge a wish again: when, the whole wish, and what was read for it."""

    at: Instant
    command: Mapping[str, Any]
    policy: Position | None
    read_to: Annotated[int, Meta(ge=0, le=MAX_INTEGER)]
    rulebook: Annotated[int, Meta(ge=1, le=MAX_INTEGER)]


class Fact(msgspec.Struct, frozen=True, kw_only=True):
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


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
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


class Payload(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The members of a payload, the event still in its own bytes."""

    actor: Principal
    cause: Position | None
    documents: tuple[Sealed, ...]
    event: Raw
    judged: Judged | None
    occurred_at: Instant
    on_behalf_of: Principal | None
    precision: Precision
    salt: Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{22}$")]
    via: Principal


_encode = msgspec.json.Encoder(order="sorted").encode
_decode_payload = msgspec.json.Decoder(Payload).decode


class Codec:
    """Payloads of the events on an allow-list."""

    def __init__(self, declared: Iterable[type[Event]] = DECLARED) -> None:
        self._events: dict[str, type[Event]] = {}
        for event in declared:
            if event.wire_type() in self._events:
                raise Malformed("wire name", event.wire_type(), "is declared twice")
            self._events[event.wire_type()] = event
        self._decoders = {type_: msgspec.json.Decoder(event).decode for type_, event in self._events.items()}

    def wire_types(self, *events: type[Event]) -> list[str]:
        """The wire types, in all versions, under which these facts stand in the log. Raises `UnknownEvent`."""
        names = {self.event_class(event.wire_type()).wire_name for event in events}
        return [type_ for type_, event in self._events.items() if event.wire_name in names]

    def event_class(self, wire_type: str) -> type[Event]:
        """The event with this wire type. Raises `UnknownEvent`."""
        try:
            return self._events[wire_type]
        except KeyError:
            raise UnknownEvent(wire_type) from None

    def encode(self, fact: Fact, salt: bytes, now: datetime) -> bytes:
        """The payload of a fact. Raises `UnknownEvent` or `DoesNotFit`; `now` is when it happened if it does not say."""
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
            encoded = _encode(payload)
        except (TypeError, ValueError, OverflowError) as error:
            raise DoesNotFit(wire_type, str(error)) from error
        self._check_shape(wire_type, encoded)
        return encoded

    def decode(self, entry: Entry) -> Recorded:
        """The fact in an entry. Raises `UnknownEvent` or `DoesNotFit`."""
        wire_type = entry.header.type
        payload = self.payload(entry)
        event = self.event(wire_type, payload.event)
        while (newer := event.upcast()) is not event:
            event = newer
        return Recorded(
            position=entry.position,
            recorded_at=entry.recorded_at,
            type=wire_type,
            tags=entry.header.tags,
            event=event,
            actor=payload.actor,
            via=payload.via,
            on_behalf_of=payload.on_behalf_of,
            cause=payload.cause,
            documents=payload.documents,
            occurred_at=parse_time(payload.occurred_at),
            precision=payload.precision,
            judged=payload.judged,
        )

    def payload(self, entry: Entry) -> Payload:
        """The members of an entry's payload. Raises `DoesNotFit`."""
        return _payload_in(entry.header.type, entry.payload)

    def event(self, wire_type: str, raw: Raw) -> Event:
        """The event in its own bytes, in the version in which it was written. Raises `UnknownEvent`, `DoesNotFit`."""
        self.event_class(wire_type)
        try:
            return self._decoders[wire_type](raw)
        except msgspec.DecodeError as error:
            raise DoesNotFit(wire_type, str(error)) from error

    def _check_shape(self, wire_type: str, encoded: bytes) -> None:
        """Refuse what cannot be read back, or what RFC 8785 would write otherwise."""
        payload = _payload_in(wire_type, encoded)
        self.event(wire_type, payload.event)
        if payload.judged is not None:
            check_json(wire_type, payload.judged.command)


def _payload_in(wire_type: str, raw: bytes) -> Payload:
    try:
        return _decode_payload(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DoesNotFit(wire_type, str(error)) from error


def check_json(wire_type: str, value: Any) -> None:
    """Raise `DoesNotFit` for a float, an integer beyond 2**53 - 1, or a member name that is not ASCII."""
    match value:
        case None | str() | bool():
            return
        case int():
            if abs(value) > MAX_INTEGER:
                raise DoesNotFit(wire_type, f"{value} is beyond 2**53 - 1")
        case dict():
            for name, member in value.items():
                if not name.isascii():
                    raise DoesNotFit(wire_type, f"member name {name!r} is not ASCII")
                check_json(wire_type, member)
        case list():
            for member in value:
                check_json(wire_type, member)
        case _:
            raise DoesNotFit(wire_type, f"{value!r} is a {type(value).__name__}, which a payload cannot hold")
