"""Commands about where a log is kept: databases prepared, logs moved."""

import sys
from collections.abc import Iterator

import click

from api.cli.wording import counted
from ledger.chain.entry import Entry
from ledger.errors import Malformed
from ledger.storage import create_store, is_postgres, without_password
from ledger.storage.moving import copy_log


@click.command()
@click.argument("url")
def migrate(url: str) -> None:
    """Prepare the PostgreSQL database at URL for an office: tables, guards, roles, rights.

    There is a schema each for the log, custody, keys and the lock store. Whoever calls has to be allowed to make roles
    and schemas. The tables belong to the role dua_ledger_owner, as which nobody logs in; as whom the service is to log
    in is made a member of dua_ledger_service, which may read and add, and remove what is erased; an auditor, of
    dua_ledger_reader, which may read the log and what was signed. Calling again adds what is missing.
    """
    if not is_postgres(url):
        raise Malformed("URL", url, "is not postgresql://...: on SQLite, init makes the tables")
    create_store(url)
    click.echo(f"The database {without_password(url)} is ready for a ledger.")


@click.command()
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
def copy(source: str, target: str) -> None:
    """Copy a log, byte for byte, from the store at one URL to that at another, and compare their roots.

    URLs are sqlite:////absolute/path or postgresql://user@host/database. TO is empty, or holds the beginning of the
    same log: what was cut off goes on. What is appended to FROM meanwhile is not copied, so stop the service first.
    """
    moved = copy_log(source, target, _shown)
    click.echo(f"{counted(moved.copied, 'entry')} copied; both logs have {counted(moved.size, 'entry')} and the root")
    click.echo(f"  {moved.root.hex()}")


def _shown(count: int, entries: Iterator[Entry]) -> Iterator[Entry]:
    """These entries, with a progress bar on a terminal."""
    with click.progressbar(
        entries, length=count, label="Copying", file=sys.stderr, hidden=not sys.stderr.isatty()
    ) as bar:
        yield from bar
