"""Commands that give, and check, evidence which stands without the ledger."""

import re
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import click

from api.cli import options
from api.cli.reading import warn_if_not_continued
from api.cli.wording import counted, warn
from api.signing import appointed_in, not_witnessed
from ledger.chain.checkpoint import LogKey, parse_log_key
from ledger.chain.entry import MAX_POSITION
from ledger.chain.receipt import MAX_RECEIPT_BYTES, check_receipt
from ledger.errors import Damaged, Malformed, NotALedger, ProofFailed, SignatureFailed, UnknownKey, Unreachable
from ledger.evidence.logkeys import log_keys, not_vouched_for, public_keys
from ledger.evidence.report import Verdict
from ledger.evidence.tiles import write_tiles
from ledger.evidence.witnessing import check_distinct, parse_appointed
from ledger.files import check_free, new_file
from ledger.home import LOCK, LOCKED, open_log, open_notary

# As the umask has it: evidence is for handing on.
MODE = 0o666
MAX_READ = 2 * MAX_RECEIPT_BYTES

# A URL, or a typing error in one, is no path.
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


def _as_url(ctx: click.Context, param: click.Parameter, said: str | None) -> str | None:
    """The URL of a lock store that is named by its file, by the folder that this is in, or by the home that has it."""
    del ctx, param
    if said is None or not said or _SCHEME.match(said):
        return said
    path = Path(said).absolute()
    if path.is_dir():
        of_home = path / LOCK / LOCKED
        path = of_home if of_home.exists() else path / LOCKED
    return f"sqlite:///{path}"


lock_store = click.option(
    "--lock-store",
    "lock",
    callback=_as_url,
    envvar="DUA_LEDGER_LOCK_STORE",
    show_envvar=True,
    metavar="URL",
    help="The lock store: its URL, sqlite:////path or postgresql://..., or its file, or the folder that it is in;"
    " by default the one that the ledger has.",
)
witness_seconds = options.witness_seconds(10.0)
_file = click.Path(path_type=Path, exists=True, dir_okay=False)
_new_file = click.Path(path_type=Path, dir_okay=False)


def read_at_most(file: Path, limit: int) -> bytes:
    """The file's content, or as much of it as is too much anyway."""
    with file.open("rb") as opened:
        return opened.read(limit)


@click.command()
@options.home
def vkey(path: Path) -> None:
    """Print the verifier key, by which anybody can check what this log has signed.

    Whoever is to check it should have the key from a person, and early: a log that was made anew names another. Where
    the key was changed, each stands in a line of its own, with the sizes of the log that it is good for.
    """
    warn_if_not_continued(path)
    for key in _keys_to_hand_out(path.absolute()):
        click.echo(key)


def _keys_to_hand_out(path: Path) -> Sequence[LogKey]:
    """The keys of a home's log that are vouched for; without a lock store, all that the log names."""
    with open_log(path) as store:
        named = log_keys(store)
    with suppress(Unreachable, NotALedger, Damaged), open_notary(path) as notary:
        vouched = notary.vouched_keys()
        strange = [key for key in named if key.public not in public_keys(vouched)]
        warn([not_vouched_for(strange)] if strange else [])
        return vouched
    return named


@click.command()
@options.home
@lock_store
@click.option(
    "--witness",
    "more",
    multiple=True,
    metavar="URL=VKEY",
    help="Ask this witness too, beside those that stand in keys/witnesses, one in a line; may be repeated.",
)
@options.require_witness("How many witnesses have to have cosigned it: with fewer, it is not printed.")
@witness_seconds
def checkpoint(path: Path, lock: str | None, more: tuple[str, ...], required: int, seconds: float) -> None:
    """Sign whatever is new, have it witnessed, and print the checkpoint with the cosignatures.

    Keep it elsewhere: `verify --checkpoint` compares with it. Witnesses that have not cosigned it are named on standard
    error. What is recorded is signed by itself, so this is for checkpoints to keep, and for what could not be signed.

    Exits with 11, and prints none, when a witness says that it has cosigned another history of this log.
    """
    appointed = check_distinct([*appointed_in(path.absolute()), *map(parse_appointed, more)])
    with open_notary(path.absolute(), lock) as notary:
        found = notary.confirmed(appointed, seconds)
    warn(not_witnessed(found))
    if found.forked:
        sys.exit(int(Verdict.SHORTER))
    found.require(required)
    click.echo(found.note, nl=False)


@click.command()
@options.home
@lock_store
@click.argument("position", type=click.IntRange(1, MAX_POSITION))
@click.option("--to", type=_new_file, help="Write the receipt to this new file, not to standard output.")
@click.option("--entry", type=_new_file, help="Write the entry itself to this new file: a receipt holds only its hash.")
def receipt(path: Path, lock: str | None, position: int, to: Path | None, entry: Path | None) -> None:
    """Give the receipt for the entry at POSITION, which shows for ever that it stands there.

    `check-receipt` checks it without this ledger, and so does any program for c2sp.org/tlog-proof.
    """
    if to is not None and entry is not None and to.absolute() == entry.absolute():
        raise click.UsageError("--to and --entry are files of their own")
    for wanted in filter(None, (to, entry)):
        check_free(wanted.absolute())
    with open_notary(path.absolute(), lock) as notary, open_log(path.absolute()) as store:
        written = notary.receipt(position).write()
        found = store.entry(position)
    if entry is not None and found is not None:
        new_file(entry.absolute(), found.raw, MODE)
    if to is None:
        click.echo(written, nl=False)
    else:
        new_file(to.absolute(), written, MODE)


@click.command("check-receipt")
@click.argument("file", type=_file)
@click.option("--entry", required=True, type=_file, help="The entry's bytes, as `receipt --entry` writes them.")
@click.option(
    "--vkey", "keys", required=True, multiple=True, help="A verifier key of the log, as you had it from a person."
)
def check_receipt_command(file: Path, entry: Path, keys: tuple[str, ...]) -> None:
    """Check the receipt in FILE, which needs no ledger and no network.

    Exits with 0 when the entry stands where the receipt says, 10 when one of the two was altered, 12 when no key that
    was given has signed it.
    """
    trusted = [parse_log_key(key) for key in keys]
    try:
        signed = check_receipt(read_at_most(file, MAX_READ), read_at_most(entry, MAX_READ), trusted)
    except UnknownKey as error:
        click.echo(f"unverified: {error}")
        sys.exit(int(Verdict.UNVERIFIED))
    except (Malformed, ProofFailed, SignatureFailed) as error:
        click.echo(f"altered: {error}")
        sys.exit(int(Verdict.ALTERED))
    click.echo(f"This entry is one of the first {signed.size:,} of {signed.checkpoint.origin}, as it was signed.")


@click.command()
@options.home
@lock_store
@click.option("--check", is_flag=True, help="Read all files that are there, too, and make again what is damaged.")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
def tiles(path: Path, lock: str | None, check: bool, folder: Path) -> None:
    """Write the log into FOLDER as static files (c2sp.org/tlog-tiles), or bring them up to date.

    Signs whatever is new first. What is there already is not all read: files that are missing or cut off are found, and
    tiles that do not lead to what was signed, and then everything is read, and made again where it is wrong. --check
    does that in any case. In a folder with anything else nothing is written. The bundles of entries below tile/entries
    are for auditors only.
    """
    with open_notary(path.absolute(), lock) as notary, open_log(path.absolute()) as store:
        signed = notary.checkpoint()
        written = write_tiles(store, signed, notary.vouched_keys(), folder.absolute(), whole=check)
    click.echo(f"Wrote {counted(written, 'file')}: {folder} holds {counted(signed.size, 'entry')}.")
