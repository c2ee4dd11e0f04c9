"""What an event is: a frozen fact whose wire name and version are given once, at its declaration.

    class DataSetRetired(Event, name="dataset.retired", version=1):
        \"\"\"A data set is released no more.\"\"\"

        dataset: DataSetId

A later version of a fact is a new class with the same name and the next version; the older class stays, and its
`upcast` says what it means in the newer shape. A changed meaning is a new event with a name of its own.
"""

import re
from collections.abc import Callable, Mapping
from functools import cache
from operator import attrgetter
from typing import Annotated, Any, ClassVar, dataclass_transform, get_args, get_origin, get_type_hints

import msgspec

from ledger.errors import Malformed
from ledger.events.ids import SEALED, TAG

_WIRE_NAME = re.compile(r"[a-z][a-z-]*(\.[a-z][a-z-]*)+")


@dataclass_transform(frozen_default=True, kw_only_default=True)
class _EventMeta(msgspec.StructMeta):
    """Takes the wire name at the declaration of an event."""

    def __new__(
        mcs,
        class_name: str,
        bases: tuple[type, ...],
        namespace: dict[str, Any],
        *,
        name: str = "",
        version: int = 0,
        sealed_for: str = "",
        **struct: Any,
    ) -> "_EventMeta":
        namespace = namespace | {"wire_name": name, "version": version, "sealed_for": sealed_for}
        # A class would inherit the others, but has to say itself that its members are keyword-only.
        struct = {"frozen": True, "kw_only": True, "forbid_unknown_fields": True, "gc": False} | struct
        declared = super().__new__(mcs, class_name, bases, namespace, **struct)
        if bases != (msgspec.Struct,):
            _check_declaration(declared, name, version)
        return declared


class Event(msgspec.Struct, metaclass=_EventMeta):
    """Something that has happened.

    `sealed_for` names the member whose person or request the sealed members belong to.
    """

    wire_name: ClassVar[str]
    version: ClassVar[int]
    sealed_for: ClassVar[str]

    @classmethod
    def wire_type(cls) -> str:
        """The wire name with its version, as entries carry it."""
        return f"{cls.wire_name}.v{cls.version}"

    def upcast(self) -> "Event":
        """The same fact in the shape of the next version; an event of the current version is its own."""
        return self

    def tags(self) -> set[str]:
        """A tag for every id that the event holds, also in its parts."""
        found: set[str] = set()
        _tags_of_struct(type(self))(self, found)
        return found

    def sealed(self) -> dict[str, str]:
        """The commitments that the event holds, by member; a sealed member that is not given is left out."""
        return {
            member: commitment
            for member in _marked(type(self), SEALED)
            if (commitment := getattr(self, member)) is not None
        }

    def subject(self) -> str:
        """Whom the sealed members belong to, as a tag such as `person:p-...`."""
        owner = self.sealed_for
        found: set[str] = set()
        _tags_of(_marked(type(self), TAG)[owner])(getattr(self, owner), found)
        (tag,) = found
        return tag


def current(event: Event) -> Event:
    """The same fact in the shape of the current version."""
    while (newer := event.upcast()) is not event:
        event = newer
    return event


def _check_declaration(declared: _EventMeta, name: str, version: int) -> None:
    if not _WIRE_NAME.fullmatch(name) or version < 1:
        why = f"of {declared.__name__} is not words and dots with a version"
        raise Malformed("wire name", f"{name}.v{version}", why)
    for member in declared.__struct_fields__:
        if member in vars(Event):
            raise Malformed("member", member, f"of {declared.__name__} hides what every event has under this name")


@cache
def _marked(event: type[msgspec.Struct], mark: str) -> Mapping[str, Any]:
    """The members whose type carries this mark, also within a tuple or beside None, with their types."""
    hints = get_type_hints(event, include_extras=True)
    return {member: hints[member] for member in event.__struct_fields__ if _carries(hints[member], mark)}


def _carries(hint: Any, mark: str) -> bool:
    kind, notes = _parted(hint)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return bool(_marked(kind, mark))
    return any(mark in note for note in notes) or any(_carries(part, mark) for part in get_args(kind))


def _mark_of(hint: Any) -> str | None:
    """How the tag of a text of this type begins, None for a type that is no id itself."""
    _, notes = _parted(hint)
    return next((f"{note[TAG]}:" for note in notes if TAG in note), None)


# What adds the tag of each id within a value. Types are taken apart once: for each value it took ten times as long.
_Tagging = Callable[[Any, set[str]], None]


def _tags_of(hint: Any) -> _Tagging:
    """What finds the ids in values of this type, which has some; a value of another kind, such as None, has none."""
    kind, _ = _parted(hint)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return _tags_of_struct(kind)
    if mark := _mark_of(hint):
        return _tags_of_text(mark)
    if get_origin(kind) is tuple:
        return _tags_of_tuple(*get_args(kind))
    options = [_tags_of(option) for option in get_args(kind) if _carries(option, TAG)]

    def any_of_them(value: Any, found: set[str]) -> None:
        for option in options:
            option(value, found)

    return options[0] if len(options) == 1 else any_of_them


@cache
def _tags_of_struct(kind: type[msgspec.Struct]) -> _Tagging:
    marked = _marked(kind, TAG).items()
    texts = [(attrgetter(member), mark) for member, hint in marked if (mark := _mark_of(hint))]
    others = [(attrgetter(member), _tags_of(hint)) for member, hint in marked if not _mark_of(hint)]

    def of_members(value: Any, found: set[str]) -> None:
        if isinstance(value, kind):
            # As `_tags_of_text` does it, without a call for each of them.
            for text_of, mark in texts:
                if isinstance(text := text_of(value), str):
                    found.add(mark + text)
            for member_of, tags_of in others:
                tags_of(member_of(value), found)

    return of_members


def _tags_of_text(mark: str) -> _Tagging:
    def of_text(value: Any, found: set[str]) -> None:
        if isinstance(value, str):
            found.add(mark + value)

    return of_text


def _tags_of_tuple(*parts: Any) -> _Tagging:
    if parts[1:] == (...,):
        tags_of_each = _tags_of(parts[0])

        def of_all(value: Any, found: set[str]) -> None:
            if isinstance(value, tuple):
                for part in value:
                    tags_of_each(part, found)

        return of_all
    tagging = [(place, _tags_of(part)) for place, part in enumerate(parts) if _carries(part, TAG)]

    def of_parts(value: Any, found: set[str]) -> None:
        if isinstance(value, tuple):
            for place, tags_of in tagging:
                tags_of(value[place], found)

    return of_parts


def _parted(hint: Any) -> tuple[Any, list[Mapping[str, Any]]]:
    """A type without its annotations, with what they say."""
    if get_origin(hint) is not Annotated:
        return hint, []
    kind, *notes = get_args(hint)
    return kind, [note.extra for note in notes if isinstance(note, msgspec.Meta) and note.extra]
