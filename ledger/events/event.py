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
        declared = super().__new__(mcs, class_name, bases, namespace, **struct)
        if bases != (msgspec.Struct,) and (not _WIRE_NAME.fullmatch(name) or version < 1):
            raise Malformed("wire name", f"{name}.v{version}", f"of {class_name} is not words and dots with a version")
        return declared


class Event(msgspec.Struct, metaclass=_EventMeta, frozen=True, kw_only=True, forbid_unknown_fields=True):
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
        """A tag for every id that the event holds."""
        return {
            f"{kind}:{value}"
            for member, kind in _marked(type(self), TAG).items()
            for value in _each(getattr(self, member))
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
        return f"{_marked(type(self), TAG)[self.sealed_for]}:{getattr(self, self.sealed_for)}"


@cache
def _marked(event: type[Event], mark: str) -> Mapping[str, Any]:
    """The members whose type carries this mark, also within a tuple or beside None, with what the mark says."""
    hints = get_type_hints(event, include_extras=True)
    return {
        member: extra[mark] for member in event.__struct_fields__ for extra in _extras(hints[member]) if mark in extra
    }


def _extras(hint: Any) -> Iterator[Mapping[str, Any]]:
    if get_origin(hint) is Annotated:
        kind, *marks = get_args(hint)
        yield from (mark.extra for mark in marks if isinstance(mark, msgspec.Meta) and mark.extra)
        yield from _extras(kind)
    else:
        for part in get_args(hint):
            yield from _extras(part)


def _each(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for one in value:
            yield from _each(one)
