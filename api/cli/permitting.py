"""The question whether somebody may read a data set."""

import json
from collections.abc import Iterator
from pathlib import Path

import click

from api.cli import lookup, options
from api.cli.failures import REFUSED
from api.cli.inquiry import Inquiry, about_a_time, inquiry
from api.cli.kinds import DATA_SET, When
from api.cli.showing import objection_lines, objection_members, words_in
from api.cli.wording import in_lines
from api.permission import Permission, Under, may_open


@click.command()
@options.home
@options.as_json
@about_a_time
@click.argument("person")
@click.argument("read", type=click.Choice(["read"]), metavar="read")
@click.argument("dataset", type=DATA_SET)
def may(path: Path, as_json: bool, as_of: When, known_at: When, person: str, read: str, dataset: str) -> None:
    """Say whether PERSON may read DATASET; nothing is recorded. Type the word read between them.

    Exits with 0 for yes, and 3 for no.
    """
    del read
    with inquiry(path, as_of, known_at) as asked:
        who, what = lookup.person(asked.home, person), lookup.known(asked.home, "dataset", dataset)
        permission = may_open(asked.log, who, what, asked.at)
        click.echo(json.dumps(_members(permission, asked)) if as_json else in_lines(_lines(permission, asked)))
    raise click.exceptions.Exit(REFUSED if permission.objections else 0)


def _lines(permission: Permission, asked: Inquiry) -> Iterator[str]:
    names, words = asked.names, words_in(asked.home)
    who = f"{names(permission.person)} may"
    when = "" if asked.moment.is_now else f" at {asked.at.isoformat(timespec='seconds')}"
    if under := permission.under:
        long = f"under {under.agreement} of {under.request}, in force until {under.until}"
        yield f"Yes: {who} read {permission.dataset}{when}, {long}."
    else:
        yield f"No: {who} not read {permission.dataset}{when}."
    yield from objection_lines(permission.objections, names, words)
    yield f"This holds for position {permission.position}."


def _members(permission: Permission, asked: Inquiry) -> dict[str, object]:
    under = permission.under or Under(None, None, None)
    as_of, known_at = (time and time.isoformat() for time in asked.moment)
    return {
        "may": not permission.objections,
        "person": permission.person,
        "dataset": permission.dataset,
        "as_of": as_of,
        "known_at": known_at,
        "request": under.request,
        "agreement": under.agreement,
        "until": under.until and under.until.isoformat(),
        "objections": list(map(objection_members, permission.objections)),
        "position": permission.position,
    }
