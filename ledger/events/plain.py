"""Events read from payloads with their types alone, which takes a third of the time.

What stands in an entry was held against the patterns of its event before it was written, and so will be what comes of
reading it. An altered entry is found by its hash; whoever can alter one can as well write what fits the patterns, so
matching them at each reading would protect nothing. A type has to be right: something else would fail over it.
"""

from collections.abc import Callable
from datetime import date, datetime
from functools import cache, reduce
from operator import or_
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec.structs import asdict

from ledger.errors import Malformed
from ledger.events.event import Event, current

_AS_IT_IS = Event.upcast


@cache
def plain_decoder(event: type[Event], **others: type) -> Callable[[bytes], Any]:
    """What reads payloads with this event, and these other members; the rest of a payload is skipped.

    What it gives has an `event` with the same members, of which `as_event` makes the event. Raises what msgspec raises.
    """
    hints = get_type_hints(event, include_extras=True)
    members = [(member, _plain(hints[member])) for member in event.__struct_fields__]
    return payload_decoder(msgspec.defstruct(event.__name__, members, kw_only=True), **others)


def payload_decoder(event: type[msgspec.Struct], **others: type) -> Callable[[bytes], Any]:
    """What reads payloads with so much of an event, and these other members; the rest is skipped."""
    return msgspec.json.Decoder(msgspec.defstruct("Payload", [("event", event), *others.items()])).decode


def as_event(event: type[Event], read: msgspec.Struct) -> Event:
    """The event with the members that were read, in the current version."""
    made = event(**asdict(read))
    # To ask each of them would take a tenth of the time.
    return made if event.upcast is _AS_IT_IS else current(made)


@cache
def check_types(event: type[Event]) -> None:
    """Raise `Malformed` for an event with a member that RFC 8785 could write otherwise: a float, a number too large."""
    for member, hint in get_type_hints(event, include_extras=True).items():
        if member in event.__struct_fields__ and not _is_exact(hint):
            raise Malformed("member", member, f"of {event.__name__} is of a type that has more than one form in JSON")


def _is_exact(hint: Any, largest: int | None = None) -> bool:
    kind = get_origin(hint)
    if kind is Annotated:
        plain, *notes = get_args(hint)
        return _is_exact(plain, next((note.le for note in notes if getattr(note, "le", None) is not None), None))
    if kind is Literal:
        return all(isinstance(choice, str | bool) for choice in get_args(hint))
    if kind in (tuple, Union, UnionType):
        return all(_is_exact(part) for part in get_args(hint) if part is not ...)
    if hint is int:
        return largest is not None and largest < 2**53
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return all(map(_is_exact, get_type_hints(hint, include_extras=True).values()))
    return hint in (str, bool, date, datetime, NoneType)


def _plain(hint: Any) -> Any:
    """A type without what narrows it down; parts that are structs stay as they are, and times keep their zone."""
    kind = get_origin(hint)
    if kind is Annotated:
        plain = get_args(hint)[0]
        return hint if plain is datetime else _plain(plain)
    if kind is tuple:
        first, *rest = get_args(hint)
        return tuple.__class_getitem__((_plain(first), ...)) if rest == [...] else hint
    if kind in (Union, UnionType):
        return reduce(or_, map(_plain, get_args(hint)))
    return hint
