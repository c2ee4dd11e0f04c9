"""From a table of TOML to the form, with a finding for everything that is unknown or of the wrong kind.

A converter of whole structures would stop at the first mistake, so each value is converted by itself, in strict mode.
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, time
from difflib import get_close_matches
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from api.packets.problem import At, Finding, shown

LONGEST_LIST = 60
YEARS = range(1970, 2200)
# Python refuses to write out integers without end.
_LARGE = 10**12

S = TypeVar("S", bound=msgspec.Struct)


def fill(kind: type[S], table: Mapping[str, Any], at: At, findings: list[Finding]) -> S:
    """The part of the form that a table is; what cannot be in it becomes a finding, and is left out."""
    hints = _hints(kind)
    findings += [_unknown(name, hints, at) for name in table if name not in hints]
    given = {name: _value(hint, table[name], (*at, name), findings) for name, hint in hints.items() if name in table}
    return kind(**{name: value for name, value in given.items() if value is not None})


@cache
def _hints(kind: type[msgspec.Struct]) -> Mapping[str, Any]:
    return get_type_hints(kind, include_extras=True)


def _unknown(name: str, known: Mapping[str, Any], at: At) -> Finding:
    close = get_close_matches(name[:60], known, n=1)
    instead = f"did you mean {close[0]}?" if close else "known here are " + ", ".join(known)
    return Finding((*at, name), f"is not known here; {instead}")


def _value(hint: Any, value: object, at: At, findings: list[Finding]) -> object:
    """The value as the form holds it; None when it is blank or cannot be in the form."""
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        if isinstance(value, dict):
            return fill(hint, value, at, findings)
        findings.append(Finding(at, f"has to be a table under {_header(at)}, not {_kind_of(value)}"))
        return None
    if isinstance(value, str) and not value.strip():
        return None
    if get_origin(hint) is tuple:
        return _list(get_args(hint)[0], value, at, findings)
    return _scalar(hint, value, at, findings)


def _list(hint: Any, value: object, at: At, findings: list[Finding]) -> object:
    if not isinstance(value, list):
        findings.append(Finding(at, f"has to be {_list_of(hint, at)}, not {_kind_of(value)}"))
        return None
    if len(value) > LONGEST_LIST:
        findings.append(Finding(at, f"has {len(value):,} entries, and there may be {LONGEST_LIST}"))
        return None
    # What cannot be read keeps its place, so that the others keep their numbers.
    nothing = hint() if isinstance(hint, type) and issubclass(hint, msgspec.Struct) else ""
    filled = [_entry(hint, one, (*at, number), findings) for number, one in enumerate(value, 1)]
    return tuple(nothing if one is None else one for one in filled)


def _entry(hint: Any, value: object, at: At, findings: list[Finding]) -> object:
    if isinstance(value, str) and not value.strip():
        findings.append(Finding(at, "is blank"))
        return None
    return _value(hint, value, at, findings)


def _scalar(hint: Any, value: object, at: At, findings: list[Finding]) -> object:
    for arm in _arms(hint):
        try:
            converted: object = msgspec.convert(value, arm, builtin_types=(date,))
        except msgspec.ValidationError:
            continue
        if not isinstance(converted, date) or converted.year in YEARS:
            return converted
    wanted = " or ".join(_wanted(arm) for arm in _arms(hint))
    findings.append(Finding(at, f"has to be {wanted}, not {_kind_of(value)}"))
    return None


def _arms(hint: Any) -> Iterator[Any]:
    """The alternatives of a type, None excepted."""
    if get_origin(hint) in (Union, UnionType):
        for arm in get_args(hint):
            yield from _arms(arm)
    elif hint is not NoneType:
        yield hint


def _wanted(hint: Any) -> str:
    if get_origin(hint) is Annotated:
        return " and ".join(mark.description for mark in hint.__metadata__ if mark.description)
    if get_origin(hint) is Literal:
        return " or ".join(f'"{one}"' if isinstance(one, str) else str(one) for one in get_args(hint))
    return "true or false, without quotes"


def _list_of(hint: Any, at: At) -> str:
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return f"tables, each under {_header((*at, 1))}"
    return "a list in [ ]"


def _header(at: At) -> str:
    return f"[[{at[-2]}]]" if isinstance(at[-1], int) else f"[{at[-1]}]"


def _kind_of(value: object) -> str:
    match value:
        case str():
            return shown(value)
        case bool():
            return str(value).lower()
        case datetime() | time():
            return "a time"
        case date():
            return value.isoformat()
        case list():
            return "a list"
        case dict():
            return "a table"
        case int() if abs(value) < _LARGE:
            return str(value)
    return "a number"
