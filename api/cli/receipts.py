"""The receipt that a command leaves in a file for the last thing that it recorded."""

from pathlib import Path

import click

from api.cli.failures import CouldNotRun, WrongUsage
from ledger.chain.entry import Entry
from ledger.errors import LedgerError
from ledger.evidence.notary import Notary
from ledger.files import check_free, new_file
from ledger.home import open_log, open_notary

# As the umask has it: a receipt is for handing on.
RECEIPT_MODE = 0o666


def _to_be_free(ctx: click.Context, param: click.Parameter, file: Path | None) -> Path | None:
    """The file that a receipt is to be in. Raises `WrongUsage` or `AlreadyThere` where there can be none."""
    del ctx, param
    if file is None:
        return None
    if not file.absolute().parent.is_dir():
        raise WrongUsage(f"{file}: there is no folder for the receipt")
    check_free(file.absolute())
    return file.absolute()


receipt = click.option(
    "--receipt",
    type=click.Path(path_type=Path, dir_okay=False),
    callback=_to_be_free,
    help="Write the receipt for the last entry that is recorded to this new file; `receipt` gives that of any other.",
)


def unwritten(notary: Notary, entry: Entry | None, file: Path | None) -> LedgerError | None:
    """Write the receipt for an entry, where both are there; gives what keeps it from being there."""
    if file is None or entry is None:
        return None
    try:
        new_file(file, notary.receipt(entry.position).write(), RECEIPT_MODE)
    except LedgerError as error:
        return error
    return None


def recorded_up_to(entry: Entry) -> str:
    """What was recorded; a leaf commits to all entries before it, so that of the last one is a receipt for all."""
    return f"Recorded up to entry {entry.position}, leaf {entry.leaf.hex()}"


def leave_receipt(notary: Notary, entry: Entry | None, file: Path | None) -> None:
    """Write the receipt for an entry, where both are there. Raises `CouldNotRun` that says what is recorded."""
    error = unwritten(notary, entry, file)
    if error is not None and entry is not None:
        raise CouldNotRun(f"{recorded_up_to(entry)}; but its receipt could not be written: {error}") from error


def leave_receipt_in(path: Path, position: int, file: Path) -> None:
    """As `leave_receipt`, for the entry at this position of the log in a home."""
    with open_notary(path) as notary, open_log(path) as store:
        leave_receipt(notary, store.entry(position), file)
