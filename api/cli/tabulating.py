"""Looking at a table before it is published."""

import json
from collections.abc import Iterator
from contextlib import nullcontext
from io import BytesIO
from pathlib import Path
from typing import Any

import click

from api.cli.acting import clock
from api.cli.failures import REFUSED
from api.cli.kinds import FILE
from api.cli.showing import office_of
from api.cli.wording import counted, in_lines
from ledger.errors import Malformed
from ledger.home import Home, open_home
from projections.acts import of_publication, of_request
from projections.disclosure_control import TOTALS, Report, Source, Wish, check
from projections.standing import Standing

# More is printed for programs alone.
PRINTED = 50


class _Columns(click.ParamType[tuple[str, ...]]):
    """Columns, with commas between."""

    name = "COL,COL"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        """Their names."""
        del param, ctx
        return value if isinstance(value, tuple) else tuple(filter(None, map(str.strip, str(value).split(","))))


@click.command("check-table")
@click.option(
    "--home",
    "path",
    envvar="DUA_LEDGER_HOME",
    show_envvar=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="The ledger's folder: whose policy says how small a cell may be, and which tables were passed.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
@click.option("--smallest", type=click.IntRange(2, 100_000), help="The smallest count that may stand in a cell.")
@click.option("--by", multiple=True, metavar="COL", help="A column of categories; repeatable.")
@click.option(
    "--count",
    "counted_in",
    multiple=True,
    metavar="COL",
    help="A column of counts; repeatable. Without it the only one there is, or else rows.",
)
@click.option(
    "--total", "totals", multiple=True, metavar="LABEL", help="What a row or column of totals is called; repeatable."
)
@click.option("--quasi", type=_Columns(), default=(), help="Columns by which people could be recognised.")
@click.option("--against", metavar="REQUEST|PUBLICATION", help="Compare with the tables that were passed for it.")
@click.argument("table", type=FILE)
def check_table(
    path: Path | None,
    as_json: bool,
    smallest: int | None,
    by: tuple[str, ...],
    counted_in: tuple[str, ...],
    totals: tuple[str, ...],
    quasi: tuple[str, ...],
    against: str | None,
    table: Path,
) -> None:
    """Look for what singles people out in TABLE, a CSV file that is to be published.

    Without --by and --count, columns that hold counts alone are taken for counts, and all others for categories.
    Exits with 0 when nothing is found, and 3 when something is.
    """
    if path is None and (smallest is None or against):
        raise click.UsageError("say --home, so that policy and passed tables are known; or --smallest alone")
    with open_home(path.absolute(), clock()) if path else nullcontext() as home:
        least = smallest or (office_of(home).policy.event.smallest_cell if home else 0)
        earlier = _passed(home, against) if home and against else []
        wish = Wish(least, by, tuple(dict.fromkeys(counted_in)), quasi, totals)
        report = check(Source(table.name, lambda: table.open("rb")), wish, earlier)
    click.echo(json.dumps(_members(report, wish)) if as_json else in_lines(_lines(report, wish, table.name)))
    raise click.exceptions.Exit(REFUSED if report.findings else 0)


def _passed(home: Home, against: str) -> list[Source]:
    """The tables of all publications of a request that were passed; of a publication, those of its request."""
    request = against if against.startswith("R-") else _request_of(home, against)
    known = Standing(home.ledger.facts([of_request(request)])).request(request)
    if known.submitted is None:
        raise Malformed("request", against, "is not in this ledger")
    return [
        Source(f"{number}, table {place}", _opener(home, commitment))
        for number, one in known.publications.items()
        if one.passed and one.notified
        for place, commitment in enumerate(one.notified.event.tables, 1)
    ]


def _opener(home: Home, commitment: str) -> Any:
    content = home.custody.read_document(commitment).content
    return lambda: BytesIO(content)


def _request_of(home: Home, publication: str) -> str:
    found = Standing(home.ledger.facts([of_publication(publication)])).publication(publication).notified
    if found is None:
        raise Malformed("publication", publication, "is not in this ledger")
    return found.event.request


def _lines(report: Report, wish: Wish, name: str) -> Iterator[str]:
    yield f"{name}: {counted(report.rows, 'row')}. No cell may count fewer than {wish.smallest}, empty ones aside."
    if report.cells:
        what = f"counts in {', '.join(report.counts)}" if report.counts else "rows"
        yield f"  {counted(report.cells, 'cell')}: {what}, by {', '.join(report.by) or 'nothing'}"
    if report.totals is not None:
        unknown = f"none is called so, as {', '.join(sorted(TOTALS))} are: --total LABEL says what is one"
        yield f"  taken for totals: {', '.join(report.totals) or unknown}"
    if report.others:
        yield f"  not looked at, as they are numbers and no counts, or not said to be: {', '.join(report.others)}"
    if groups := report.groups:
        few = f"{groups.single:,} of a single row, {groups.small:,} of fewer than {wish.smallest}"
        yield f"  {counted(groups.groups, 'group')} by {', '.join(wish.quasi)}: k is {groups.k}; {few}"
    for compared in report.compared:
        yield f"  compared with {compared}"
    for other in report.incomparable:
        yield f"  not compared with {other}: it has no category in common with this one, or cannot be read"
    for finding in report.findings[:PRINTED]:
        yield f"{finding.kind}: {finding}"
    if report.found > PRINTED:
        yield f"and {report.found - PRINTED:,} more: --json lists the first of them"
    yield _verdict(report)


def _verdict(report: Report) -> str:
    if not report.findings:
        return "Nothing was found that singles people out. What the words around it say, people have to read."
    return f"{counted(report.found, 'finding')}: it should not be published so."


def _members(report: Report, wish: Wish) -> dict[str, Any]:
    groups = report.groups
    return {
        "smallest": wish.smallest,
        "rows": report.rows,
        "by": report.by,
        "counts": report.counts,
        "cells": report.cells,
        "groups": groups and {name: value for name, value in groups._asdict().items() if name != "told"},
        "others": report.others,
        "totals": report.totals,
        "found": report.found,
        "compared": report.compared,
        "incomparable": report.incomparable,
        "findings": [one._asdict() | {"where": dict(one.where)} for one in report.findings],
    }
