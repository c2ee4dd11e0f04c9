"""Commands about where an office is kept: databases prepared, logs copied, homes moved."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from api.cli import options
from api.cli.evidence import lock_store
from api.cli.failures import CouldNotRun
from api.cli.verifying import Extent, verify_home
from api.cli.wording import counted
from ledger.chain.entry import Entry
from ledger.errors import Malformed
from ledger.evidence.report import Verdict
from ledger.home import check_signed, store_url
from ledger.home.moving import Elsewhere, move_home
from ledger.storage import create_store, is_postgres, without_password
from ledger.storage.moving import copy_log


@click.command()
@click.argument("url")
def migrate(url: str) -> None:
    """Prepare the PostgreSQL database at URL for an office: tables, guards, roles, rights.

    There is a schema each for the log, custody, keys and the lock store. Whoever calls has to be allowed to make roles
    and schemas. The tables belong to the role dua_ledger_owner, as which nobody logs in; as whom the service is to log
    in is made a member of dua_ledger_service, which may read and add, and remove what is erased; an auditor, of
    dua_ledger_reader, which may read the log and what was signed. Calling again adds what is missing, and takes
    back the rights that were given beside these.
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


@click.command("move-house")
@options.home
@click.argument("to", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--store",
    metavar="URL",
    help="Keep log and custody in a PostgreSQL database that `dua-ledger migrate` prepared:"
    " postgresql://user@host/database. Without, they are in the folder TO.",
)
@options.key_store
@lock_store
def move_house(path: Path, to: Path, store: str | None, key_store: str | None, lock: str | None) -> None:
    """Move the whole office to a new home in the folder TO, from files to PostgreSQL or back, or to another place.

    Log, custody, keys, lock store and whatever else is in the home are taken along, and what was erased stays erased.
    All of it is compared and verified in the new home; only then does the old one record nothing any more. Stop the
    service first, in every home of the office. Where it is cut off, nothing has changed: call it again.
    """
    old, new = path.absolute(), to.absolute()
    was_at = store_url(old)
    arrived = move_home(old, new, Elsewhere(store, key_store, lock), _check_that_all_holds, _shown)
    click.echo(
        f"Moved to {to}: {counted(arrived.log.size, 'entry')}, {counted(arrived.kept, 'commitment')} and what they are "
        f"to, {counted(arrived.checkpoints, 'checkpoint')}. All of it holds, under the root"
    )
    click.echo(f"  {arrived.log.root.hex()}")
    click.echo(f"In {path} nothing is recorded any more. What is erased from now on can still be opened there, so")
    if is_postgres(was_at):
        click.echo(
            f"destroy it soon, and with it the database {without_password(was_at)}. Until then, take from all who"
        )
        click.echo("log in there the role dua_ledger_service: other homes of the office would go on recording.")
    else:
        click.echo("destroy it soon, and its backups.")


def _check_that_all_holds(home: Path) -> None:
    """Raise `CouldNotRun` unless it does, and what was signed is continued."""
    check_signed(home)
    report = verify_home(home, os.cpu_count() or 1, extent=Extent.CUSTODY)
    if report.verdict is not Verdict.HOLDS:
        found = next(iter(report.findings))
        raise CouldNotRun(f"not all that was moved holds ({found}), so nothing has changed: run dua-ledger verify")


def _shown(count: int, entries: Iterator[Entry]) -> Iterator[Entry]:
    """These entries, with a progress bar on a terminal."""
    with click.progressbar(
        entries, length=count, label="Copying", file=sys.stderr, hidden=not sys.stderr.isatty()
    ) as bar:
        yield from bar
