"""What is wrong with something that does not have its shape: each bad member, where the reader stops at the first."""

from collections.abc import Iterator
from inspect import isclass
from itertools import islice
from typing import Any, NamedTuple

import msgspec

from api.http.problems import escaped, pointer_in

# Somebody can send any number of members that nobody knows.
MOST = 20


class Fault(NamedTuple):
    """Where it is, as a JSON pointer, and what is wrong with it."""

    pointer: str
    detail: str


def faults(
    value: Any, shape: type[msgspec.Struct], said: msgspec.ValidationError, *, strict: bool = True
) -> list[Fault]:
    """What is wrong with a value that does not have a shape; what was `said` of it when it is in no member alone.

    Of a list it is the first fault alone, and of a member that may have one of several shapes.
    """
    return list(islice(_faults(value, shape, "", strict), MOST)) or [_fault("", said)]


def _faults(value: Any, type_: Any, at: str, strict: bool) -> Iterator[Fault]:
    if isclass(type_) and issubclass(type_, msgspec.Struct) and isinstance(value, dict):
        yield from _faults_of_members(value, type_, at, strict)
        return
    try:
        msgspec.convert(value, type_, strict=strict)
    except msgspec.ValidationError as error:
        yield _fault(at, error)


def _faults_of_members(value: dict[str, Any], shape: type[msgspec.Struct], at: str, strict: bool) -> Iterator[Fault]:
    fields = {field.encode_name: field for field in msgspec.structs.fields(shape)}
    for name, member in value.items():
        if name in fields:
            yield from _faults(member, fields[name].type, f"{at}/{escaped(name)}", strict)
        elif shape.__struct_config__.forbid_unknown_fields and name != shape.__struct_config__.tag_field:
            yield Fault(f"{at}/{escaped(name)}", f"Object contains unknown field `{name}`")
    for name, field in fields.items():
        if field.required and name not in value:
            yield Fault(f"{at}/{escaped(name)}", f"Object missing required field `{name}`")


def _fault(at: str, said: msgspec.ValidationError) -> Fault:
    return Fault(at + pointer_in(str(said)), str(said).partition(" - at ")[0])
