"""Questions about how the office itself is governed: roles, waivers, who looked at what, who was erased."""

from pathlib import Path

import click

from api import governing
from api.cli import lookup, options
from api.cli.inquiry import about_a_time, inquiry
from api.cli.kinds import PRINCIPAL, When
from api.cli.tables import Row, Table, Who, answered, show

ROLES = {
    "principal": "principal",
    "person": "person",
    "role": "role",
    "starts": "from",
    "ends": "until",
    "position": "entry",
}
LOOKS = {"position": "entry", "at": "when (UTC)", "principal": "who", "person": "person", "how": "how"}
WAIVERS = {
    "waiver": "waiver",
    "request": "request",
    "rule": "rule",
    "granted_by": "by",
    "granted": "on",
    "expires": "until",
    "used": "used in entries",
}
ERASED = {
    "person": "person",
    "details": "what",
    "erased": "on",
    "by": "by",
    "last_copy_lapses": "last copy gone after",
    "position": "entry",
}


@click.command()
@options.home
@answered
@about_a_time
@click.option("--principal", type=PRINCIPAL, help="Only those of this principal.")
def roles(
    path: Path, as_json: bool, as_csv: bool, ids: bool, as_of: When, known_at: When, principal: str | None
) -> None:
    """Show who holds which role, now or as of a day, and which entry gave it."""
    with inquiry(path, as_of, known_at) as asked:
        form = asked.form(as_json, as_csv, ids)
        rows: list[Row] = [_role(one) for one in governing.roles(asked.office, asked.at, principal)]
        show(Table(ROLES, rows), asked.log.position, form, "Nobody holds such a role.")


def _role(one: governing.Granted) -> Row:
    return one._asdict() | {"person": Who(one.person) if one.person else None}


@click.command("views-of")
@options.home
@answered
@about_a_time
@click.argument("what", metavar="WHAT")
def views_of(path: Path, as_json: bool, as_csv: bool, ids: bool, as_of: When, known_at: When, what: str) -> None:
    """Show who looked at the history of WHAT, a request or a person, took it along, or opened a document of it."""
    with inquiry(path, as_of, known_at) as asked:
        form = asked.form(as_json, as_csv, ids)
        if what.startswith("R-"):
            tag = f"request:{lookup.known(asked.home, 'request', what)}"
        else:
            tag = f"person:{lookup.person(asked.home, what)}"
        table = Table(LOOKS, [_look(one) for one in governing.looks(asked.log, asked.office, tag)])
        show(table, asked.log.position, form, f"Nobody looked at {what}.")


def _look(one: governing.Look) -> Row:
    how = {"read": "read", "exported": "took a copy along", "opened": f"opened a document of entry {one.document_of}"}
    people = {"person": Who(one.person) if one.person else None}
    return one._asdict() | people | {"at": one.at.replace(microsecond=0), "how": how[one.how]}


@click.command()
@options.home
@answered
@about_a_time
def waivers(path: Path, as_json: bool, as_csv: bool, ids: bool, as_of: When, known_at: When) -> None:
    """Show every waiver: of which rule, for which request, by whom, until when, and what was done under it."""
    with inquiry(path, as_of, known_at) as asked:
        form = asked.form(as_json, as_csv, ids)
        rows: list[Row] = [one._asdict() for one in governing.waivers(asked.log, asked.office, asked.today)]
        show(Table(WAIVERS, rows), asked.log.position, form, "No waiver was granted.")


@click.command()
@options.home
@answered
@about_a_time
def erased(path: Path, as_json: bool, as_csv: bool, ids: bool, as_of: When, known_at: When) -> None:
    """Show which people were erased, what of them, when, by whom, and when the last copy of it is gone."""
    with inquiry(path, as_of, known_at) as asked:
        form = asked.form(as_json, as_csv, ids)
        rows: list[Row] = [
            one._asdict() | {"details": one.details or ("everything",)}
            for one in governing.erasures(asked.log, asked.office)
        ]
        show(Table(ERASED, rows), asked.log.position, form, "Nobody was erased.")
