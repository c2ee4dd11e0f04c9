"""Questions about who holds what, what ends when, and who opened what."""

import sys
from datetime import date, timedelta
from pathlib import Path

import click

from api.cli import lookup, options
from api.cli.inquiry import about_a_time, inquiry
from api.cli.kinds import When
from api.cli.tables import Row, Table, Who, answered, show
from ledger.home import VIEWS, open_home
from projections.upkeep import Upkeep
from projections.views import answers
from projections.views.answers import Access, Deadline, Holding

HOLDERS = {
    "person": "person",
    "label": "version",
    "form": "form",
    "how": "how",
    "request": "request",
    "agreement": "under",
    "right": "right",
    "state": "state",
}
HOLDINGS = {"dataset": "data set"} | {column: title for column, title in HOLDERS.items() if column != "person"}


_without_right = click.option("--without-right", is_flag=True, help="Only what is held without a right to it.")
_gone = click.option("--gone", is_flag=True, help="Also what is destroyed.")


@click.command()
@options.home
@answered
@about_a_time
@click.argument("dataset")
@click.option(
    "--form", "wanted", type=click.Choice(["identified", "de-identified"]), help="Only versions in this form."
)
@_without_right
@_gone
def holders(
    path: Path,
    as_json: bool,
    as_csv: bool,
    ids: bool,
    as_of: When,
    known_at: When,
    dataset: str,
    wanted: str | None,
    without_right: bool,
    gone: bool,
) -> None:
    """Show who holds DATASET (D-...), which version, under what, and until when.

    Until a group has declared its copies, every recipient in force at receipt is presumed to have one.
    """
    with inquiry(path, as_of, known_at) as asked:
        form, known = asked.form(as_json, as_csv, ids), lookup.known(asked.home, "dataset", dataset)
        answer = asked.ask(lambda views: answers.holders(views, known, wanted, asked.today, gone=gone))
        answer = answer._replace(rows=[one for one in answer.rows if not (without_right and one.right)])
        table = Table(HOLDERS, [_holding(one, asked.today) for one in answer.rows])
        show(table, answer.position, form, f"Nobody holds {dataset}.")


@click.command()
@options.home
@answered
@about_a_time
@click.argument("person", required=False)
@_without_right
@_gone
def holdings(
    path: Path,
    as_json: bool,
    as_csv: bool,
    ids: bool,
    as_of: When,
    known_at: When,
    person: str | None,
    without_right: bool,
    gone: bool,
) -> None:
    """Show what PERSON holds, an id (p-...) or an e-mail address; or what anybody holds --without-right."""
    if person is None and not without_right:
        raise click.UsageError("say whose holdings, or --without-right for those of everybody who has no right to them")
    with inquiry(path, as_of, known_at) as asked:
        form = asked.form(as_json, as_csv, ids)
        if person is None:
            answer = asked.ask(lambda views: answers.held_without_right(views, asked.today))
            table = Table({"dataset": "data set"} | HOLDERS, [_holding(one, asked.today) for one in answer.rows])
            show(table, answer.position, form, "Nobody holds anything without a right to it.")
            return
        known = lookup.person(asked.home, person)
        answer = asked.ask(lambda views: answers.holdings(views, known, asked.today, gone=gone))
        rows = [_holding(one, asked.today) for one in answer.rows if not (without_right and one.right)]
        show(Table(HOLDINGS, rows), answer.position, form, f"{person} holds nothing.")


def _holding(one: Holding, today: date) -> Row:
    row = one._asdict() | {"person": Who(one.person), "in_force": one.right}
    if one.until is None:
        row["right"] = "none"
    elif one.right:
        row["right"] = f"until {one.until}"
    else:
        row["right"] = f"ended {one.until}" if one.until < today else "not yet"
    return row


@click.command()
@options.home
@answered
@about_a_time
@click.option(
    "--within", default=90, show_default=True, type=click.IntRange(0, 36_500), help="So many days from today."
)
def deadlines(path: Path, as_json: bool, as_csv: bool, ids: bool, as_of: When, known_at: When, within: int) -> None:
    """Show what ends of itself in the next days: agreements, determinations, trainings, keys, waivers, and holdings.

    What is held is to be destroyed so many days after the right to it ends, as policy has it.
    """
    with inquiry(path, as_of, known_at) as asked:
        form, today = asked.form(as_json, as_csv, ids), asked.today
        last = today + min(timedelta(within), date.max - today)
        answer = asked.ask(lambda views: answers.deadlines(views, today, last))
        shown = {
            "day": "last day",
            "days": "days",
            "kind": "what",
            "what": "which",
            "request": "request",
            "whom": "whom",
        }
        table = Table(shown, [_deadline(one, today) for one in answer.rows])
        show(table, answer.position, form, f"Nothing ends within {within} days.")


def _deadline(one: Deadline, today: date) -> Row:
    return {
        "day": one.day,
        "days": (one.day - today).days,
        "kind": one.kind,
        "what": one.what,
        "request": one.request,
        "whom": tuple(map(Who, one.whom)),
    }


@click.command()
@options.home
@answered
@click.option("--findings", is_flag=True, help="Only those by somebody whom no agreement in force named for it then.")
def accesses(path: Path, as_json: bool, as_csv: bool, ids: bool, findings: bool) -> None:
    """Show who was let in, was refused, or opened what."""
    with inquiry(path) as asked:
        form = asked.form(as_json, as_csv, ids)
        answer = asked.ask(lambda views: answers.accesses(views, findings=findings))
        shown = {
            "position": "entry",
            "at": "when (UTC)",
            "how": "how",
            "person": "person",
            "dataset": "data set",
            "request": "request",
            "finding": "finding",
        }
        show(Table(shown, [_access(one) for one in answer.rows]), answer.position, form, "No such access.")


def _access(one: Access) -> Row:
    return one._asdict() | {"at": one.at.replace(microsecond=0), "person": Who(one.person) if one.person else None}


@click.command()
@options.home
def rebuild(path: Path) -> None:
    """Drop all views and make them anew from the log; nothing is lost by it."""
    with open_home(path.absolute()) as home:
        hidden = not sys.stderr.isatty()
        length = home.ledger.store.length()
        with click.progressbar(length=length, label="Taking in", file=sys.stderr, hidden=hidden) as bar:
            position = Upkeep(home.path / VIEWS, home.ledger, bar.update).rebuild()
    click.echo(f"The views were made anew. They hold for position {position}.")
