"""Answers as tables: for a terminal, as JSON, as CSV."""

import csv
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from io import StringIO
from shutil import get_terminal_size
from typing import Any, NamedTuple, TypeVar

import click

from api.cli.layout import laid_out
from api.cli.wording import printable
from api.names import Names
from api.spreadsheets import as_cell

WIDTH = 100

Command = TypeVar("Command", bound=Callable[..., Any])


class Who(NamedTuple):
    """Somebody, or an organisation, by id; told by name where names may be seen."""

    id: str


Value = str | int | bool | date | datetime | None | Who | Sequence[Who] | Sequence[str] | Sequence[int]
Row = Mapping[str, Value]


class Table(NamedTuple):
    """Rows with named columns; `shown` are the headings of those that a terminal has room for."""

    shown: Mapping[str, str]
    rows: Sequence[Row]


class Form(NamedTuple):
    """How an answer is to be printed."""

    as_json: bool
    as_csv: bool
    names: Names | None


def answered(command: Command) -> Command:
    """The options that every question has."""
    for option in (
        click.option("--ids", is_flag=True, help="Print ids only, no names."),
        click.option("--csv", "as_csv", is_flag=True, help="Print CSV for spreadsheets."),
        click.option("--json", "as_json", is_flag=True, help="Print JSON for programs."),
    ):
        command = option(command)
    return command


def show(table: Table, position: int, form: Form, nothing: str, **further: Any) -> None:
    """Print an answer, and the position that it holds for; `further` members go into JSON alone."""
    if form.as_json:
        rows = [as_members(row, form.names) for row in table.rows]
        click.echo(json.dumps({"position": position, **further, "rows": rows}, ensure_ascii=False))
        return
    holds = f"This holds for position {position}."
    if form.as_csv:
        click.echo(as_csv(table, form.names), nl=False)
        click.echo(holds, err=True)
        return
    # A line that was broken for a terminal could not be searched, or cut into columns.
    width = get_terminal_size((WIDTH, 24)).columns if sys.stdout.isatty() else None
    click.echo(as_text(table, form.names, width) if table.rows else nothing)
    click.echo(holds)


def as_members(row: Row, names: Names | None) -> dict[str, Any]:
    """A row for programs: ids under the column's name, and names beside them where they may be seen."""
    members: dict[str, Any] = {}
    for column, value in row.items():
        members[column] = _plain(value, lambda id_: id_)
        if names and _is_about_people(value):
            members[f"{column}_name"] = _plain(value, names)
    return members


def as_csv(table: Table, names: Names | None) -> str:
    """Rows as RFC 4180 has them, a heading first; no cell is a formula."""
    rows = [as_members(row, names) for row in table.rows]
    columns = list(dict.fromkeys(column for row in rows for column in row)) or list(table.shown)
    text = StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(row.get(column)) for column in columns])
    return text.getvalue()


def as_text(table: Table, names: Names | None, width: int | None = WIDTH) -> str:
    """Rows as `laid_out` has them, by default for a terminal of usual width."""
    rows = [[_word(row[column], names) for column in table.shown] for row in table.rows]
    return laid_out(list(table.shown.values()), rows, width)


def _is_about_people(value: Value) -> bool:
    return isinstance(value, Who) or (isinstance(value, tuple) and any(isinstance(one, Who) for one in value))


def _plain(value: Value, names: Names) -> Any:
    match value:
        case Who(id_):
            return names(id_)
        case str() | int() | None:
            return value
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
        case date():
            return value.isoformat()
    return [_plain(one, names) for one in value]


def _word(value: Value, names: Names | None) -> str:
    said = _plain(value, names or (lambda id_: id_))
    match said:
        case None:
            return ""
        case bool():
            return "yes" if said else "no"
        case list():
            return printable(", ".join(map(str, said)))
    return printable(str(said)).replace("\n", " ")


def _cell(value: Any) -> Any:
    if isinstance(value, list):
        value = "; ".join(map(str, value))
    if isinstance(value, bool):
        value = "yes" if value else "no"
    return as_cell(value) if isinstance(value, str) else value
