"""Commands that make a ledger home and take care of it."""

import os
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import cast, get_args

import click

from api.admission import OPERATOR
from api.cli import options, receipts
from api.cli.acting import Hand, acting, clock
from api.cli.evidence import lock_store
from api.cli.failures import CouldNotRun, WrongUsage
from api.cli.kinds import PRINCIPAL
from api.cli.receipts import leave_receipt_in
from api.cli.showing import office_of
from api.cli.verifying import Extent, verify_home
from api.cli.wording import counted, counted_together, printable, warn
from api.commands import Clerk
from api.commands.governance import GrantRole
from api.commands.people import Erase
from api.desk import Circumstances
from api.erasing import erase as erase_details
from api.erasing import remaining
from ledger.backup.lapsing import last_copy_lapses
from ledger.custody import Erasure
from ledger.errors import Malformed
from ledger.events.people import Detail
from ledger.evidence.named import named_commitments
from ledger.evidence.report import Verdict
from ledger.home import KEYS, LOCK, change_key_encryption_key, create_home, erasures_cut_off, join_home, open_home


@click.command()
@options.home
@options.actor
@click.option(
    "--origin", required=True, help="The log's name: a URL without scheme, such as ir.example.edu/dua-ledger."
)
@click.option(
    "--store",
    metavar="URL",
    help="Keep log and custody in a PostgreSQL database that `dua-ledger migrate` prepared, which further homes `join`:"
    " postgresql://user@host/database.",
)
@options.key_store
@lock_store
@click.option(
    "--director",
    type=PRINCIPAL,
    metavar="PRINCIPAL",
    help="Who directs the office from today on, such as staff:1: the second entry gives the first role.",
)
@receipts.receipt
def init(
    path: Path,
    actor: str,
    origin: str,
    store: str | None,
    key_store: str | None,
    lock: str | None,
    director: str | None,
    receipt: Path | None,
) -> None:
    """Make a ledger home: database, documents, keys, and the first entry. Nothing is ever overwritten.

    With DUA_LEDGER_KEY_PASSPHRASE in the environment the key that signs is encrypted by it, which must then be there
    whenever something is signed.
    """
    if director and actor != director and not actor.startswith(OPERATOR):
        raise WrongUsage(f"the first role is given by {director} or an operator, and not by {actor}")
    vkey = create_home(
        path.absolute(),
        origin,
        actor=actor,
        via=options.VIA,
        clock=clock(),
        lock_store=lock,
        store=store,
        key_store=key_store,
    )
    click.echo(f"Opened the ledger {origin} in {path}.")
    if director:
        _direct(path.absolute(), director, Circumstances(actor=actor, via=options.VIA))
    click.echo("Whoever is to check it one day should have its verifier key from you now:")
    click.echo(f"  {vkey}")
    for line in _to_be_kept(path, shared=store is not None, locked_apart=lock is not None):
        click.echo(line)
    if receipt is not None:
        leave_receipt_in(path.absolute(), 2 if director else 1, receipt)


def _to_be_kept(path: Path, *, shared: bool, locked_apart: bool) -> Iterator[str]:
    """What is to be done with the keys of a new home, and with its lock store."""
    if shared:
        yield f"Keep a copy of {path / KEYS}, and no backup of the key store longer than erased data may live on."
        return
    yield f"Back up {path / KEYS} apart from everything else, and not for longer than erased data may live on."
    if not locked_apart:
        yield f"Keep {path / LOCK} out of every backup: a copy of it that is put back would vouch for an older log."


@click.command()
@options.home
@click.option("--store", metavar="URL", required=True, help="The PostgreSQL database that the office is kept in.")
@click.option(
    "--keys",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="A copy of the folder keys of another of its homes. Without, the log can be read and verified.",
)
@options.key_store
@lock_store
def join(path: Path, store: str, keys: Path | None, key_store: str | None, lock: str | None) -> None:
    """Make a further home of an office that is kept in PostgreSQL, as for another machine that serves the same API.

    All homes of an office share log, custody, key store and lock store. Each has the key files, which you copy, and
    views of its own, which are made from the log.
    """
    size = join_home(path.absolute(), store, keys, key_store=key_store, lock_store=lock)
    can = "can read and verify the log, and open nothing" if keys is None else "has all that the office has"
    click.echo(f"Joined, in {path}: {counted(size, 'entry')} so far. This home {can}.")


def _direct(path: Path, director: str, circumstances: Circumstances) -> None:
    """Give the first role: from today on at the office."""
    with open_home(path, clock()) as home:
        starts = office_of(home).day(clock()())
        role = GrantRole(principal=director, role="director", starts=starts)
        clerk = Clerk(home, clock())
        cautions = role.cautions(clerk.drafting(circumstances))
        warn([*clerk.take(role, circumstances).warnings, *cautions])
    click.echo(f"{director} is director from {starts}.")


def _destroyed(erasure: Erasure) -> str:
    return (
        f"{counted(erasure.values, 'text')}, {counted(erasure.documents, 'document')}, "
        f"{counted(erasure.salts, 'salt')}, {counted(erasure.keys, 'key')}"
    )


@click.command()
@acting
@click.argument("person")
@click.option(
    "--detail", "details", multiple=True, type=click.Choice(get_args(Detail)), help="Erase only this; may be repeated."
)
@click.option(
    "--backup-days",
    default=30,
    show_default=True,
    type=click.IntRange(0, 36_500),
    help="For how many days other copies of the key store are kept than `backup-keys` made, which it knows of.",
)
@click.option("--yes", is_flag=True, help="Erase without asking.")
def erase(hand: Hand, person: str, details: tuple[str, ...], backup_days: int, yes: bool) -> None:
    """Erase the details of PERSON (an id or address), or some of them: texts, documents, salts and keys.

    Refused where an agreement or the record of a disclosure needs name and institution; the other details can go. The
    log keeps saying that there was such a person, and everything still verifies. Calling again completes an erasure
    that was cut off; where the address is gone already, it says by which id.
    """
    chosen = cast(tuple[Detail, ...], tuple(sorted(set(details))))
    lapses = (clock()() + timedelta(days=backup_days)).date()
    lapses = max(lapses, last_copy_lapses(hand.home.path) or lapses)
    wish = Erase(person=_to_erase(hand, person), details=chosen, last_copy_lapses=lapses)
    if hand.manner.dry_run:
        hand.take(wish)
        return
    what = f"{', '.join(chosen) or 'everything'} of {wish.person}"
    if not yes:
        click.confirm(printable(f"What is erased cannot be had back. Erase {what}?"), abort=True)
    outcome, destroyed = erase_details(hand.clerk, wish, hand.circumstances)
    if outcome is not None:
        hand.show([outcome])
        hand.leave(outcome)
    if destroyed is not None and not hand.manner.as_json:
        click.echo(f"Erased {what}: {_destroyed(destroyed)}.")
        click.echo(f"The last backup copy of their keys lapses on {lapses}.")
        for line in _what_remains(hand, wish.person):
            click.echo(printable(line))


def _to_erase(hand: Hand, person: str) -> str:
    """Their id. Whoever is found no more, because their erasure was cut off, is told by the command that completes it.

    Raises `Malformed`.
    """
    try:
        return hand.person(person)
    except Malformed as error:
        begun = [
            " ".join([one.person, *(f"--detail {detail}" for detail in one.details)])
            for one in erasures_cut_off(hand.home)
        ]
        if not begun:
            raise
        completed = " or ".join(f"`dua-ledger erase {one}`" for one in begun)
        raise WrongUsage(
            f"{error}. An erasure was cut off, after which nobody is found so: complete it by {completed}"
        ) from error


def _what_remains(hand: Hand, person: str) -> Iterator[str]:
    """What names them and is sealed for something else, which erasing a person does not reach."""
    left = remaining(hand.home, person)
    if left:
        yield "Not erased, because it belongs to more than this person; look through it for their words or name:"
    yield from (f"  {one.subject.replace(':', ' ', 1)}: {counted_together(one.kept)}" for one in left)


@click.command("rewrap-keys")
@options.home
def rewrap_keys(path: Path) -> None:
    """Change the key-encryption key: wrap all keys and salts under a new one, and replace it in the home.

    Whoever has the old key opens nothing with it but copies of the key store from before: also what was erased, as long
    as they last. Stop the service first, in every home of the office. Where it is cut off, call it again.
    """
    count = change_key_encryption_key(path.absolute())
    new = path / KEYS / "key-encryption-key"
    click.echo(f"Wrapped anew: {counted(count, 'key')}, salts and secrets included. The new key is in {new}:")
    click.echo(
        "copy it to wherever a copy of the old one is kept, and to other homes of the office, which open nothing"
    )
    click.echo(
        "without. The old one still opens copies of the key store from before, so destroy it with the last of them."
    )


@click.command()
@options.home
@click.option(
    "--older-than-hours",
    "hours",
    default=24,
    show_default=True,
    type=click.IntRange(1, 876_000),
    help="Leave what was sealed within so many hours: an entry may be about to name it.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be removed, and remove nothing.")
@click.option("--yes", is_flag=True, help="Remove without asking.")
def sweep(path: Path, hours: int, dry_run: bool, yes: bool) -> None:
    """Remove what custody keeps and no entry names: texts and documents of wishes that came to nothing.

    The ledger is verified first, and nothing is removed unless all holds. Where the log was put back from an older
    copy, this would destroy what the lost entries named.
    """
    before = clock()() - timedelta(hours=hours)
    _check_that_all_holds(path.absolute())
    with open_home(path.absolute(), clock()) as home, named_commitments(home.ledger.store) as is_named:
        unnamed = Counter(kept.kind for kept in home.custody.given_up(is_named, before))
        if not unnamed:
            click.echo("There is nothing to sweep.")
            return
        if dry_run:
            click.echo(f"It would remove {counted_together(unnamed)}; nothing was removed.")
            return
        # A standby may not have come to the entries yet that name it.
        home.ledger.store.check_writable()
        if not yes:
            click.confirm(f"What is removed cannot be had back. Remove {counted_together(unnamed)}?", abort=True)
        swept = home.custody.sweep(is_named, before)
    click.echo(f"Removed: {_destroyed(swept)}.")


def _check_that_all_holds(path: Path) -> None:
    """Raise `CouldNotRun` unless it does: an entry that was altered may have named what now nobody names."""
    report = verify_home(path, os.cpu_count() or 1, extent=Extent.CUSTODY)
    if report.verdict is not Verdict.HOLDS:
        raise CouldNotRun("not all in this ledger holds, so nothing is swept: run dua-ledger verify")
