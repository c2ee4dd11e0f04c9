"""Commands about who may open data, and who did."""

import json
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from api.cli import options
from api.cli.acting import Hand, acting, clock, objection_for_programs, office_of, telling, words_in
from api.cli.failures import REFUSED
from api.cli.kinds import DATA_SET, NAME, REQUEST, TEXT, TIME, When
from api.cli.wording import printable
from api.commands import Clerk
from api.commands.access import Access, Opened
from api.desk import Circumstances
from api.names import names_in
from api.permission import Permission, Under, may_open
from api.telling import objected, shown_by
from ledger.home import Home, open_home


@click.command()
@acting
@click.argument("person")
@click.argument("dataset", type=DATA_SET)
@click.option("--request", type=REQUEST, help="Under this request; without it, under any that lets them in.")
def access(hand: Hand, person: str, dataset: str, request: str | None) -> None:
    """Ask, as a data server does, whether PERSON may open DATASET, and record the answer."""
    who, what = hand.person(person), hand.known("dataset", dataset)
    hand.take(Access(person=who, dataset=what, request=request))


@click.command()
@telling
@click.argument("dataset", type=DATA_SET)
@click.option("--person", help="Who opened it: an id or address.")
@click.option("--account", type=TEXT, help="All that is known of whom nobody knows; kept in custody.")
@click.option("--label", type=NAME, help="Which version.")
@click.option("--request", type=REQUEST, help="Under which request.")
def opened(
    hand: Hand, dataset: str, person: str | None, account: str | None, label: str | None, request: str | None
) -> None:
    """Record that somebody opened DATASET."""
    if (person is None) == (account is None):
        raise click.UsageError("say who it was by --person, or what is known of them by --account")
    who = person and hand.person(person)
    hand.take(Opened(dataset=dataset, person=who, account=account, label=label, request=request))


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
        hand = Hand(Clerk(home, clock()), Circumstances(actor="operator:local", via=options.VIA))
        at = as_of.ends(ZoneInfo(office_of(home).policy.event.time_zone)) if as_of else None
        permission = may_open(home.ledger, hand.person(person), hand.known("dataset", dataset), clock()(), at)
        answer = json.dumps(_members(permission)) if as_json else "\n".join(_lines(permission, home))
        click.echo(answer if as_json else printable(answer))
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
    for objection in permission.objections:
        yield f"  {objected(objection, names, words)}{shown_by(objection)}"
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
        "objections": list(map(objection_for_programs, permission.objections)),
        "position": permission.position,
    }
