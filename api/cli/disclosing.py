"""The record of disclosures."""

from datetime import date
from pathlib import Path

import click

from api.cli import lookup, options
from api.cli.holding import FORMS
from api.cli.inquiry import about_a_time, inquiry
from api.cli.kinds import DAY, When
from api.cli.tables import Form, Row, Table, Who, answered, show
from api.names import as_typed_in
from api.past import by
from ledger.custody import Custody
from projections.views.disclosures import Asked, Disclosure
from projections.views.disclosures import disclosures as disclosures_in

SHOWN = {
    "date": "date",
    "what": "what",
    "party": "party",
    "datasets": "data sets",
    "course_runs": "course runs",
    "learners": "learners",
    "interest": "interest",
    "basis": "legal basis",
    "further_parties": "further parties",
}
EVERY = "any"


@click.command()
@options.home
@answered
@about_a_time
@click.option("--from", "first", type=DAY, required=True, help="The first day.")
@click.option("--to", "last", type=DAY, required=True, help="The last day.")
@click.option("--course-run", help="Only what is about this course run, by the key of its platform.")
@click.option("--person", help="Only what went, or was to go, to this person: an id, or an e-mail address.")
@click.option("--dataset", help="Only what is about this data set, by id or title.")
@click.option(
    "--form",
    "wanted",
    type=click.Choice([*FORMS, EVERY]),
    default="identified",
    show_default=True,
    help="Of data in which form.",
)
def disclosures(
    path: Path,
    as_json: bool,
    as_csv: bool,
    ids: bool,
    as_of: When,
    known_at: When,
    first: date,
    last: date,
    course_run: str | None,
    person: str | None,
    dataset: str | None,
    wanted: str,
) -> None:
    """Show every request for, refusal and disclosure of identified data in a period (34 CFR 99.32).

    Whom a data server let in, or did not, stands there once a day for each data set; so does each copy and each opening
    that is reported of somebody whom no agreement names for it.
    What a register of the past dates no better than "not later than" is shown wherever it may have been in the period.
    """
    if last < first:
        raise click.UsageError(f"--to {last} is before --from {first}")
    with inquiry(path, as_of, known_at) as asked:
        form = asked.form(as_json, as_csv, ids)
        wish = Asked(
            first,
            last,
            None if wanted == EVERY else wanted,
            lookup.person(asked.home, person) if person else None,
            lookup.dataset(asked.home, dataset) if dataset else None,
            course_run,
        )
        answer = asked.ask(lambda views: disclosures_in(views, wish))
        table = Table(SHOWN, [_row(one, form, asked.home.custody) for one in answer.rows])
        show(table, answer.position, form, "Nothing was asked for or disclosed.")


def _row(one: Disclosure, form: Form, custody: Custody) -> Row:
    for_people = not form.as_json and not form.as_csv
    people = tuple(Who(id_) for id_ in (one.party, one.organisation) if id_)
    recipient = as_typed_in(custody, one.recipient) if one.recipient and form.names else None
    return {
        "date": by(one.day, one.dated) if for_people else one.day,
        "dated": one.dated,
        "what": one.what,
        "party": recipient if recipient and for_people else people,
        "datasets": tuple(f"{copy.dataset} ({copy.form or 'form not said'})" for copy in one.copies),
        "course_runs": one.course_runs,
        "learners": one.learners,
        "interest": one.interest,
        "basis": one.bases,
        "further_parties": tuple(map(Who, one.further)),
        "request": one.request,
        "release": one.release,
        "source": one.source,
        "recipient": recipient,
        "position": one.position,
    }
