"""The command that takes in a register of the past."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import click

from api.cli import options, receipts
from api.cli.acting import clock
from api.cli.batches import open_for_batches
from api.cli.failures import CouldNotRun
from api.cli.kinds import FILE
from api.cli.wording import bar_over, counted, in_lines, printable
from api.importing.mapping import read_map
from api.importing.reading import Register
from api.importing.report import Report
from api.importing.survey import Survey, survey
from api.importing.taking import Importer, Taken


@click.command("import")
@options.home
@options.actor
@options.as_json
@options.witnesses
@receipts.receipt
@click.option(
    "--map", "map_", required=True, metavar="MAP", help="What the columns say: a TOML file, or a map that is shipped."
)
@click.option("--dry-run", is_flag=True, help="Look through all of it, and record nothing.")
@click.option(
    "--report",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A new file for every row that cannot be taken, and why; as JSON if it is called so, else as CSV.",
)
@click.argument("register", type=FILE)
def import_register(
    path: Path,
    actor: str,
    as_json: bool,
    witnesses: options.Witnesses,
    receipt: Path | None,
    map_: str,
    dry_run: bool,
    report: Path | None,
    register: Path,
) -> None:
    """Take in what REGISTER, a CSV file, says was released before this ledger was kept.

    Nobody decided it here, and no rule is asked. Rows that were taken in before are passed over, so what was cut off
    goes on when it is called again. Leaves with 1 when some row cannot be taken; all others are.
    """
    read = read_map(map_)
    with (
        open_for_batches(path, witnesses, receipt, dry_run=dry_run) as (home, beside),
        closing(Importer(home, read, actor, clock(), beside.appended)) as importer,
    ):
        file = Register(register, read.map, importer.office.day(clock()()))
        with Report(report) as told, bar_over("Looking through", register.stat().st_size) as bar:
            found = survey(file, told.take, bar.update)
        if dry_run:
            taken = importer.would_take(file)
        else:
            with bar_over("Taking in", found.good) as bar:
                taken = importer.take(file, found.file, found.bad, bar.update)
    if as_json:
        click.echo(json.dumps(_members(read.map.register, found, taken)))
    else:
        click.echo(in_lines(_lines(read.map.register, found, taken, dry_run=dry_run)))
    if found.bad:
        raise CouldNotRun(_left_out(found.bad, told))


def _members(register: str, found: Survey, taken: Taken) -> dict[str, Any]:
    return {
        "register": register,
        "file": found.file,
        "rows": found.good + found.bad,
        "new": taken.new,
        "before": taken.before,
        "left_out": found.bad,
        "organisations": len(found.organisations),
        "datasets": len(found.datasets),
        "agreements": found.agreements,
        "without_agreement": found.without_agreement,
        "forms": dict(found.forms),
        "provided": dict(found.provided),
        "position": taken.last.position if taken.last else None,
        "leaf": taken.last.leaf if taken.last else None,
    }


def _lines(register: str, found: Survey, taken: Taken, *, dry_run: bool) -> Iterator[str]:
    """What people read."""
    organisations, datasets = len(found.organisations), len(found.datasets)
    has = {"organisation": organisations, "type of data": datasets, "agreement": found.agreements}
    about = ", ".join(_counted(number, what) for what, number in has.items())
    yield f"{register} has {counted(found.good + found.bad, 'row')}: {about}"
    for what, many in (found.forms, "form"), (found.provided, "how"):
        yield f"  by {many}: " + ", ".join(f"{number:,} {word}" for word, number in what.most_common())
    if found.without_agreement:
        yield f"  {counted(found.without_agreement, 'row')} under no agreement"
    for names in found.names_alike:
        yield f"  taken for different organisations, though they differ in case alone: {', '.join(names)}"
    would = "would be recorded" if dry_run else "recorded"
    yield f"{counted(taken.new, 'release')} {would}, {taken.before:,} were before, {found.bad:,} cannot be taken"
    if taken.last:
        known = (taken.organisations, "organisation"), (taken.datasets, "type of data"), (taken.people, "person")
        yield f"  became known: {', '.join(_counted(number, what) for number, what in known)}"
        yield f"Recorded up to entry {taken.last.position}, leaf {taken.last.leaf}"
    else:
        yield "Nothing was recorded."


def _counted(number: int, what: str) -> str:
    plural = {"type of data": "types of data", "person": "people"}.get(what)
    return f"{number:,} {plural}" if plural and number != 1 else counted(number, what)


def _left_out(rows: int, told: Report) -> str:
    lines = [f"{counted(rows, 'row')} cannot be taken:"]
    for one in told.first:
        column = f", column {one.column!a}" if one.column else ""
        lines.append(f"  row {one.row}{column}: {one.value[:80]!a} {one.why}")
    if told.count > len(told.first):
        lines.append(f"  and {counted(told.count - len(told.first), 'problem')} more")
    lines.append(f"{told.path} has all of them." if told.path else "--report FILE writes all of them to a file.")
    return printable("\n".join(lines))
