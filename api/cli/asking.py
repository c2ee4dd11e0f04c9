"""Questions about requests."""

from pathlib import Path

import click

from api.cli import options
from api.cli.wording import printable
from api.names import names_in
from api.telling import circumstances, told
from ledger.home import open_home
from ledger.log import about
from projections.standing import Standing


@click.command()
@options.home
@click.argument("request")
def history(path: Path, request: str) -> None:
    """Tell the history of REQUEST in words, with the state after each event."""
    with open_home(path.absolute()) as home:
        names = names_in(home.ledger, home.custody)
        facts = list(home.ledger.facts([about(tags=[f"request:{request}"])]))
        if not facts:
            raise click.ClickException(f"there is no request {request}")
        for number, fact in enumerate(facts, 1):
            standing = Standing(facts[:number])
            click.echo(f"{fact.position:>6}  {fact.recorded_at:%Y-%m-%d %H:%M}Z  {printable(told(fact.event, names))}")
            click.echo(
                printable(f"        {circumstances(fact, names)}; the request is now {standing.request(request).state}")
            )
        click.echo(f"This holds for position {home.ledger.store.length()}.")
