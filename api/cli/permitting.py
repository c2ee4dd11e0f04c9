"""The question whether somebody may read a data set."""

import json
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from api.cli import lookup, options
from api.cli.acting import clock
from api.cli.failures import REFUSED
from api.cli.kinds import DATA_SET, TIME, When
from api.cli.showing import objection_lines, objection_members, office_of, words_in
from api.cli.wording import in_lines
from api.names import names_in
from api.permission import Permission, Under, may_open
from ledger.home import Home, open_home


@click.command()
@options.home
@options.as_json
@click.argument("person")
@click.argument("read", type=click.Choice(["read"]), metavar="read")
@click.argument("dataset", type=DATA_SET)
@click.option("--as-of", type=TIME, help="By what had happened then: an instant, or the end of a day or month.")
def may(path: Path, as_json: bool, person: str, read: str, dataset: str, as_of: When | None) -> None:
    """Say whether PERSON may read DATASET; nothing is recorded. Type the word read between them.

    Exits with 0 for yes, and 3 for no.
    """
    del read
    with open_home(path.absolute(), clock()) as home:
        who, what = lookup.person(home, person), lookup.known(home, "dataset", dataset)
        at = as_of.ends(ZoneInfo(office_of(home).policy.event.time_zone)) if as_of else None
        permission = may_open(home.ledger, who, what, clock()(), at)
        click.echo(json.dumps(_members(permission)) if as_json else in_lines(_lines(permission, home)))
    raise click.exceptions.Exit(REFUSED if permission.objections else 0)


def _lines(permission: Permission, home: Home) -> Iterator[str]:
    names, words = names_in(home.ledger, home.custody), words_in(home)
    who = f"{names(permission.person)} may"
    when = f" at {permission.as_of.isoformat(timespec='seconds')}" if permission.as_of else ""
    if under := permission.under:
        long = f"under {under.agreement} of {under.request}, in force until {under.until}"
        yield f"Yes: {who} read {permission.dataset}{when}, {long}."
    else:
        yield f"No: {who} not read {permission.dataset}{when}."
    yield from objection_lines(permission.objections, names, words)
    yield f"This holds for position {permission.position}."


def _members(permission: Permission) -> dict[str, object]:
    under = permission.under or Under(None, None, None)
    return {
        "may": not permission.objections,
        "person": permission.person,
        "dataset": permission.dataset,
        "as_of": permission.as_of and permission.as_of.isoformat(),
        "request": under.request,
        "agreement": under.agreement,
        "until": under.until and under.until.isoformat(),
        "objections": list(map(objection_members, permission.objections)),
        "position": permission.position,
    }
