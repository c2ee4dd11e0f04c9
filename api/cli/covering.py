"""Which agreements cover which data: those of this office, and those that registers of the past name."""

from datetime import date
from pathlib import Path

import click

from api.cli import lookup, options
from api.cli.holding import FORMS
from api.cli.inquiry import about_a_time, inquiry
from api.cli.kinds import When
from api.cli.tables import Form, Row, Table, Who, answered, show
from api.cli.wording import counted
from api.past import by, called
from projections.views.agreements import Covering, covering
from projections.views.past import PastAgreement, past_agreements, releases_without_agreement

SHOWN = {
    "agreement": "agreement",
    "how": "how",
    "parties": "parties",
    "datasets": "data sets",
    "forms": "forms",
    "since": "since",
    "until": "until",
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
        answer = asked.ask(
            lambda views: (
                covering(views, wanted, known),
                past_agreements(views, wanted, known),
                releases_without_agreement(views, wanted, known),
            )
        )
        own, past, without = answer.rows
        rows = [*(_own(one, asked.today) for one in own), *(_past(one, form) for one in past)]
        show(Table(SHOWN, rows), answer.position, form, "No agreement covers it.", without_agreement=without)
        if without and not form.as_json:
            click.echo(f"{counted(without, 'past release')} under no agreement that a register names.", err=form.as_csv)


def _own(one: Covering, today: date) -> Row:
    how = "in force" if one.starts <= today <= one.last else "ended" if one.last < today else "not yet"
    return {
        "agreement": one.agreement,
        "version": None,
        "how": how,
        "parties": tuple(map(Who, one.people)),
        "datasets": one.datasets,
        "forms": one.forms,
        "since": one.starts,
        "dated": "day",
        "until": one.last,
        "releases": None,
    }


def _past(one: PastAgreement, form: Form) -> Row:
    for_people = not form.as_json and not form.as_csv
    return {
        "agreement": called(one.agreement, one.version) if for_people else one.agreement,
        "version": one.version,
        "how": "imported",
        "parties": tuple(map(Who, one.organisations)),
        "datasets": one.datasets,
        "forms": one.forms,
        "since": by(one.since, one.dated) if for_people else one.since,
        "dated": one.dated,
        "until": None,
        "releases": one.releases,
    }
