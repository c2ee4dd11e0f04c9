"""Commands that make a ledger home and take care of it."""

from datetime import timedelta
from pathlib import Path
from typing import cast, get_args

import click

from api.cli import options
from ledger.events.people import Detail
from ledger.home import create_home, erase_person, open_home
from ledger.storage import utc_now


@click.command()
@options.home
@options.actor
@click.option(
    "--origin", required=True, help="The log's name: a URL without scheme, such as ir.example.edu/dua-ledger."
)
def init(path: Path, actor: str, origin: str) -> None:
    """Make a ledger home: database, documents, keys, and the first entry. Nothing is ever overwritten."""
    vkey = create_home(path.absolute(), origin, actor=actor, via=options.VIA)
    click.echo(f"Opened the ledger {origin} in {path}.")
    click.echo("Whoever is to check it one day should have its verifier key from you now:")
    click.echo(f"  {vkey}")
    click.echo(f"Back up {path / 'keys'} apart from everything else, and not for longer than erased data may live on.")


@click.command()
@options.home
@options.actor
@click.argument("person")
@click.option(
    "--detail", "details", multiple=True, type=click.Choice(get_args(Detail)), help="Only this; may be repeated."
)
@click.option(
    "--backup-days",
    default=30,
    show_default=True,
    type=click.IntRange(min=0),
    help="For how long a backup of the key store is kept.",
)
@click.confirmation_option("--yes", prompt="What is erased cannot be had back. Erase?")
def erase(path: Path, actor: str, person: str, details: tuple[str, ...], backup_days: int) -> None:
    """Erase the details of PERSON (p-...), or some of them: texts, documents, salts and keys.

    The log keeps saying that there was such a person, and everything still verifies. Calling again completes an
    erasure that was cut off.
    """
    lapses = (utc_now() + timedelta(days=backup_days)).date()
    with open_home(path.absolute()) as home:
        erasure = erase_person(
            home,
            person,
            cast(tuple[Detail, ...], tuple(sorted(set(details)))),
            last_copy_lapses=lapses,
            actor=actor,
            via=options.VIA,
        )
    click.echo(
        f"Erased {', '.join(details) or 'everything'} of {person}: {erasure.values} texts, "
        f"{erasure.documents} documents, {erasure.salts} salts, {erasure.keys} keys."
    )
    click.echo(f"The last backup copy of the keys lapses on {lapses}.")
