"""What an event is: a frozen fact whose wire name and version are given once, at its declaration.

    class DataSetRetired(Event, name="dataset.retired", version=1):
        \"\"\"A data set is released no more.\"\"\"

        dataset: DataSetId

A later version of a fact is a new class with the same name and the next version; the older class stays, and its
`upcast` says what it means in the newer shape. A changed meaning is a new event with a name of its own.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import repeat
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
        struct = {"frozen": True, "kw_only": True, "forbid_unknown_fields": True} | struct
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
        return {
            f"{kind}:{value}"
            for member, hint in _marked(type(self), TAG).items()
            for kind, value in _found(hint, TAG, getattr(self, member))
        }

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
        ((kind, value),) = _found(_marked(type(self), TAG)[owner], TAG, getattr(self, owner))
        return f"{kind}:{value}"


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


def _found(hint: Any, mark: str, value: object) -> Iterator[tuple[str, str]]:
    """Each text within a value whose type carries this mark, after what the mark says."""
    kind, notes = _parted(hint)
    parts = get_args(kind)
    if isinstance(value, msgspec.Struct):
        for member, part in _marked(type(value), mark).items():
            yield from _found(part, mark, getattr(value, member))
        return
    if isinstance(value, str):
        yield from ((note[mark], value) for note in notes if mark in note)
    if get_origin(kind) is not tuple:
        for part in parts:
            yield from _found(part, mark, value)
    elif isinstance(value, tuple):
        for part, one in zip(repeat(parts[0]) if parts[1:] == (...,) else parts, value, strict=False):
            yield from _found(part, mark, one)


def _parted(hint: Any) -> tuple[Any, list[Mapping[str, Any]]]:
    """A type without its annotations, with what they say."""
    if get_origin(hint) is not Annotated:
        return hint, []
    kind, *notes = get_args(hint)
    return kind, [note.extra for note in notes if isinstance(note, msgspec.Meta) and note.extra]
