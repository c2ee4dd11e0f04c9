"""The figures of a year."""

from datetime import date
from pathlib import Path

import click

from api.cli import options
from api.cli.inquiry import about_a_time, inquiry
from api.cli.kinds import When
from api.cli.tables import Row, Table, answered, show
from api.cli.wording import counted
from projections.views.figures import Figures, figures

SHOWN = {
    "form": "form",
    "kind": "kind",
    "requests": "requests",
    "approved": "approved",
    "declined": "declined",
    "withdrawn": "withdrawn",
    "waiting": "waiting",
    "median_days": "median days",
    "worst_days": "worst days",
}


@click.command()
@options.home
@answered
@about_a_time
@click.option("--year", type=click.IntRange(1970, 9998), required=True, help="The year at the office.")
def stats(path: Path, as_json: bool, as_csv: bool, ids: bool, as_of: When, known_at: When, year: int) -> None:
    """Show how many requests a year had, what was decided, and in how many working days from the first submission.

    By form and kind of the data that were asked for; a request for several counts for each, and once among all.
    """
    with inquiry(path, as_of, known_at) as asked:
        form = asked.form(as_json, as_csv, ids)
        answer = asked.ask(lambda views: figures(views, date(year, 1, 1), date(year, 12, 31)))
        found, refused = answer.rows
        show(Table(SHOWN, [_row(one) for one in found]), answer.position, form, "", year=year, refusals=refused)
        if not form.as_json:
            click.echo(f"Refused by rules in {year}: {counted(refused, 'act')}.", err=form.as_csv)


def _row(one: Figures) -> Row:
    median = one.median_days
    # Half a day comes of an even number of requests; a whole number needs no point.
    return one._asdict() | {"median_days": None if median is None else f"{median:g}"}
