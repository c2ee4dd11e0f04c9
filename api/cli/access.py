"""Commands of data servers: who may open data, and who did."""

import click

from api.cli.acting import Hand, acting, reporting
from api.cli.kinds import DATA_SET, NAME, REQUEST, TEXT
from api.commands.access import Access, Opened


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
@reporting
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
