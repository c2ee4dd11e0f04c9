"""Commands that make a ledger home and take care of it."""

from datetime import timedelta
from pathlib import Path
from typing import cast, get_args

import click

from api.cli import options
from api.cli.wording import counted, printable
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
    "--detail", "details", multiple=True, type=click.Choice(get_args(Detail)), help="Erase only this; may be repeated."
)
@click.option(
    "--backup-days",
    default=30,
    show_default=True,
    type=click.IntRange(0, 36_500),
    help="For how many days a backup of the key store is kept.",
)
@click.option("--yes", is_flag=True, help="Erase without asking.")
def erase(path: Path, actor: str, person: str, details: tuple[str, ...], backup_days: int, yes: bool) -> None:
    """Erase the details of PERSON (p-...), or some of them: texts, documents, salts and keys.

    The log keeps saying that there was such a person, and everything still verifies. Calling again completes an
    erasure that was cut off.
    """
    chosen = cast(tuple[Detail, ...], tuple(sorted(set(details))))
    what = f"{', '.join(chosen) or 'everything'} of {person}"
    if not yes:
        click.confirm(printable(f"What is erased cannot be had back. Erase {what}?"), abort=True)
    lapses = (utc_now() + timedelta(days=backup_days)).date()
    with open_home(path.absolute()) as home:
        erasure = erase_person(home, person, chosen, last_copy_lapses=lapses, actor=actor, via=options.VIA)
    click.echo(
        f"Erased {what}: {counted(erasure.values, 'text')}, {counted(erasure.documents, 'document')}, "
        f"{counted(erasure.salts, 'salt')}, {counted(erasure.keys, 'key')}."
    )
    click.echo(f"The last backup copy of their keys lapses on {lapses}.")
