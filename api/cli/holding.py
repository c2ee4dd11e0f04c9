"""Questions about who holds what, what ends when, and who opened what."""

import os
import sys
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

import click

from api.cli import lookup, options
from api.cli.inquiry import Inquiry, about_a_time, inquiry
from api.cli.kinds import When
from api.cli.tables import Form, Row, Table, Who, answered, show
from api.cli.wording import counted
from api.past import by, called
from ledger.apart import worth
from ledger.home import VIEWS, open_home, store_url
from projections.pieces import WORTH_A_PROCESS
from projections.upkeep import Answer, Sharing, Upkeep
from projections.views import answers
from projections.views.answers import Access, Deadline, Holding
from projections.views.past import (
    PastHolding,
    WithoutRight,
    past_holders,
    past_holdings_of_organisation,
    past_holdings_of_person,
    past_holdings_without_right,
)
from projections.views.past import without_right as past_without_right

HOLDERS = {
    "person": "person",
    "label": "version",
    "form": "form",
    "how": "how",
    "since": "since",
    "request": "request",
    "agreement": "under",
    "right": "right",
    "state": "state",
}
HOLDINGS = {"dataset": "data set"} | {column: title for column, title in HOLDERS.items() if column != "person"}
FORMS = ["identified", "de-identified", "aggregated"]
Held = tuple[list[Holding], list[PastHolding]]
HeldWithoutRight = tuple[list[Holding], WithoutRight]

NOBODY_WITHOUT_RIGHT = "Nobody holds anything without a right to it."
_without_right = click.option("--without-right", is_flag=True, help="Only what is held without a right to it.")
_gone = click.option("--gone", is_flag=True, help="Also what is destroyed.")


@click.command()
@options.home
@answered
@about_a_time
@click.argument("dataset")
@click.option("--form", "wanted", type=click.Choice(FORMS), help="Only what is in this form.")
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
    """Show who holds DATASET (D-..., or its title in a register of the past), under what, and until when.

    Until a group has declared its copies, every recipient in force at receipt is presumed to have one. What a register
    of the past says is imported: nobody here knows whether it is held still, and access to a system is no holding.
    """
    with inquiry(path, as_of, known_at) as asked:
        form, known = asked.form(as_json, as_csv, ids), lookup.dataset(asked.home, dataset)
        answer = asked.ask(
            lambda views: (
                answers.holders(views, known, wanted, asked.today, gone=gone),
                past_holders(views, known, wanted),
            )
        )
        found = _without_right_only(answer) if without_right else answer
        nothing = f"Nobody holds {dataset}{' without a right to it' if without_right else ''}."
        _show(found, HOLDERS, asked.today, form, nothing)


@click.command()
@options.home
@answered
@about_a_time
@click.argument("person", required=False)
@click.option("--organisation", help="What this organisation holds, and people for it: an id (O-...), or a name.")
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
    organisation: str | None,
    without_right: bool,
    gone: bool,
) -> None:
    """Show what PERSON holds, an id (p-...) or an e-mail address; or what anybody holds --without-right."""
    if person is not None and organisation is not None:
        raise click.UsageError("give PERSON or --organisation, and not both")
    if person is None and organisation is None and not without_right:
        raise click.UsageError(
            "say whose holdings, by PERSON or --organisation; or --without-right, for those of all who have none"
        )
    with inquiry(path, as_of, known_at) as asked:
        form = asked.form(as_json, as_csv, ids)
        if person is not None:
            found, shown = _held_by_person(asked, person, gone=gone), HOLDINGS
        elif organisation is not None:
            found, shown = _held_by_organisation(asked, organisation), {"person": "person"} | HOLDINGS
        else:
            shown = {"dataset": "data set"} | HOLDERS
            _show(_held_without_right(asked), shown, asked.today, form, NOBODY_WITHOUT_RIGHT)
            return
        nothing = f"{person or organisation} holds nothing{' without a right to it' if without_right else ''}."
        _show(_without_right_only(found) if without_right else found, shown, asked.today, form, nothing)


def _without_right_only(found: Answer[Held]) -> Answer[HeldWithoutRight]:
    held, past = found.rows
    return Answer(found.position, ([one for one in held if not one.right], past_without_right(past)))


def _held_without_right(asked: Inquiry) -> Answer[HeldWithoutRight]:
    return asked.ask(lambda views: (answers.held_without_right(views, asked.today), past_holdings_without_right(views)))


def _show(
    found: Answer[Held] | Answer[HeldWithoutRight], shown: Mapping[str, str], today: date, form: Form, nothing: str
) -> None:
    """Print who holds what; of what is held without a right also of how much more nobody knows whether it is."""
    held, past = found.rows
    if not isinstance(past, WithoutRight):
        show(_table(shown, held, past, today, form), found.position, form, nothing)
        return
    table = _table(shown, held, past.past, today, form)
    show(table, found.position, form, nothing, right_not_known=past.not_known)
    if past.not_known and not form.as_json:
        of_more = f"Of {counted(past.not_known, 'imported holding')} more nobody here knows if there is a right to it."
        click.echo(of_more, err=form.as_csv)


def _held_by_person(asked: Inquiry, person: str, *, gone: bool) -> Answer[Held]:
    known = lookup.person(asked.home, person)
    return asked.ask(
        lambda views: (answers.holdings(views, known, asked.today, gone=gone), past_holdings_of_person(views, known))
    )


def _held_by_organisation(asked: Inquiry, organisation: str) -> Answer[Held]:
    known = lookup.organisation_called(asked.home, organisation)
    return asked.ask(
        lambda views: (
            answers.holdings_for(views, known, asked.today),
            past_holdings_of_organisation(views, known),
        )
    )


def _table(shown: Mapping[str, str], held: list[Holding], past: list[PastHolding], today: date, form: Form) -> Table:
    """What is held now, then what registers of the past say; on a terminal without columns that say nothing."""
    rows = [_holding(one, today) for one in held]
    if past:
        rows = [dict(row) | {"organisation": None} for row in rows] + [_past_holding(one) for one in past]
        shown = {"organisation": "organisation"} | dict(shown) | {"since": "since"}
        shown = {column: title for column, title in shown.items() if any(row[column] is not None for row in rows)}
    if not form.as_json and not form.as_csv:
        rows[len(held) :] = [
            dict(row) | {"since": by(one.since, one.dated)} for row, one in zip(rows[len(held) :], past, strict=True)
        ]
    return Table(shown, rows)


def _past_holding(one: PastHolding) -> Row:
    return {
        "person": Who(one.person) if one.person else None,
        "dataset": one.dataset,
        "label": None,
        "form": one.form,
        "how": "imported",
        "request": None,
        "release": None,
        "since": one.since,
        "dated": one.dated,
        "agreement": called(one.agreement, one.agreement_version),
        "until": None,
        "right": "not known" if one.right is None else "none",
        "state": None,
        "due": None,
        "in_force": one.right,
        "organisation": Who(one.organisation),
        "releases": one.releases,
        "registers": one.registers,
    }


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
    """Show what ends of itself in the next days: agreements, determinations, trainings, keys, waivers.

    And by when data are to be destroyed; what is overdue comes first.
    """
    with inquiry(path, as_of, known_at) as asked:
        form, today = asked.form(as_json, as_csv, ids), asked.today
        last = today + min(timedelta(within), date.max - today)
        answer = asked.ask(lambda views: answers.deadlines(views, today, last))
        shown = {
            "day": "last day",
            "days": "calendar days",
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
@options.processes
def rebuild(path: Path, processes: int | None) -> None:
    """Drop all views and make them anew from the log; nothing is lost by it."""
    with open_home(path.absolute()) as home:
        hidden = not sys.stderr.isatty()
        length = home.ledger.store.length()
        with click.progressbar(length=length, label="Taking in", file=sys.stderr, hidden=hidden) as bar:
            sharing = Sharing(processes or worth(length, os.cpu_count() or 1, WORTH_A_PROCESS), store_url(home.path))
            position = Upkeep(home.path / VIEWS, home.ledger, bar.update).rebuild(sharing)
    click.echo(f"The views were made anew. They hold for position {position}.")
