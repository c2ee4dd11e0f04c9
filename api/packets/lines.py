"""In which line of a TOML file each table and field begins.

`tomllib` tells no lines, but it can tell whether a text is complete. So the file is cut into its statements, each as
long as it has to be to parse alone, and each of those is read by itself.
"""

import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from api.packets.problem import At

# Whatever may end a value of several lines stands in its last line.
_ENDS = ('"""', "'''", "]", "}")
# To find the end of a value costs the square of its length: behind a longer one no line is told.
_LONGEST = 20_000


def lines_of(text: str) -> dict[At, int]:
    """The lines, counted from 1, in a text that `tomllib` can read."""
    lines: dict[At, int] = {}
    tables: dict[At, int] = {}
    here: At = ()
    for number, statement in _statements(text):
        table = tomllib.loads(statement)
        if statement.lstrip().startswith("["):
            here = _header(table, tables)
            lines.setdefault(here, number)
        else:
            for at in _fields(table):
                lines.setdefault((*here, *at), number)
    return lines


def line_of(at: At, lines: Mapping[At, int]) -> int | None:
    """The line of a field, or else of what it would stand in."""
    while at and at not in lines:
        at = at[:-1]
    return lines.get(at)


def _statements(text: str) -> Iterator[tuple[int, str]]:
    statement, begins = "", 1
    for number, line in enumerate(text.split("\n"), 1):
        begins = begins if statement else number
        first = not statement
        statement += f"{line}\n"
        if len(statement) > _LONGEST:
            return
        if (first or any(end in line for end in _ENDS)) and _is_complete(statement):
            yield begins, statement
            statement = ""


def _is_complete(statement: str) -> bool:
    try:
        tomllib.loads(statement)
    except tomllib.TOMLDecodeError:
        return False
    return True


def _header(table: Mapping[str, Any], tables: dict[At, int]) -> At:
    """Where a header leads: `tables` counts those under [[ ]], and the last one is meant where none is named."""
    at: At = ()
    rest: Any = table
    while rest:
        ((name, rest),) = rest.items()
        at = (*at, name)
        if isinstance(rest, list):
            rest = rest[0]
            tables[at] = tables.get(at, 0) + 1
        if at in tables:
            at = (*at, tables[at])
    return at


def _fields(table: Mapping[str, Any]) -> Iterator[At]:
    for name, value in table.items():
        yield (name,)
        if isinstance(value, dict):
            yield from ((name, *rest) for rest in _fields(value))
