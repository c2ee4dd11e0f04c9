"""Which agreements cover which data: those of this office, and those that registers of the past name."""

from pathlib import Path

import click

from api.cli import lookup, options
from api.cli.holding import FORMS
from api.cli.inquiry import about_a_time, inquiry
from api.cli.kinds import When
from api.cli.tables import Form, Row, Table, Who, answered, show
from api.cli.wording import counted
from api.covering import Cover, covered
from api.past import by, called

SHOWN = {
    "agreement": "agreement",
    "how": "how",
    "since": "since",
    "until": "until",
    "forms": "forms",
    "parties": "parties",
    # Last, because there can be dozens: where a row is one line, nothing stands behind them.
    "datasets": "data sets",
}


@click.command()
@options.home
@answered
@about_a_time
@click.option("--form", "wanted", type=click.Choice(FORMS), help="Only what covers data in this form.")
@click.option("--dataset", help="Only what covers this data set, by id or title.")
def agreements(
    path: Path,
    as_json: bool,
    as_csv: bool,
    ids: bool,
    as_of: When,
    known_at: When,
    wanted: str | None,
    dataset: str | None,
) -> None:
    """Show which agreements cover which data; of imported ones it isn't known whether they are in force."""
    with inquiry(path, as_of, known_at) as asked:
        form = asked.form(as_json, as_csv, ids)
        known = lookup.dataset(asked.home, dataset) if dataset else None
        answer = asked.ask(lambda views: covered(views, wanted, known, asked.today))
        rows = [_row(one, form) for one in answer.rows.agreements]
        without = answer.rows.without_agreement
        show(Table(SHOWN, rows), answer.position, form, "No agreement covers it.", without_agreement=without)
        if without and not form.as_json:
            click.echo(f"{counted(without, 'past release')} under no agreement that a register names.", err=form.as_csv)


def _row(one: Cover, form: Form) -> Row:
    row = one._asdict() | {"parties": tuple(map(Who, one.parties))}
    if form.as_json or form.as_csv:
        return row
    return row | {"agreement": called(one.agreement, one.version), "since": by(one.since, one.dated)}
