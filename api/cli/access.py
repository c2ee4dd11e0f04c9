"""Commands of data servers: who may open data, and who did."""

import click

from api.cli.acting import Hand, acting, reporting
from api.cli.kinds import DATA_SET, NAME, REQUEST, TEXT
from api.commands.access import Access, Opened
from api.register import known_person


@click.command()
@acting
@click.argument("person", type=TEXT)
@click.argument("dataset", type=DATA_SET)
@click.option("--request", type=REQUEST, help="Under this request; without it, under any that lets them in.")
def access(hand: Hand, person: str, dataset: str, request: str | None) -> None:
    """Ask, as a data server does, whether PERSON may open DATASET, and record the answer.

    Who is nobody's id or address is refused, and what they are called is kept in custody.
    """
    what = hand.known("dataset", dataset)
    who = known_person(hand.home.ledger, hand.home.custody, person)
    hand.take(Access(person=who, account=None if who else person, dataset=what, request=request))


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
