"""Commands that record one thing after another: what they wait for first, and what they leave signed and witnessed."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from api.beside import Beside
from api.cli import options
from api.cli.acting import clock
from api.cli.receipts import leave_receipt
from api.cli.wording import warn
from api.signing import have_witnessed, require_witnessed
from ledger.home import Home, open_home


@contextmanager
def open_for_batches(
    path: Path, witnesses: options.Witnesses, receipt: Path | None, *, dry_run: bool
) -> Iterator[tuple[Home, Beside]]:
    """A home, and whom to tell of what is appended to it.

    All that was recorded is signed and witnessed in the end, also where something came in between; what could not be is
    said loudly. Then the receipt for the last of it is written, where it is wanted. A dry run waits for nobody and
    tells nobody.
    """
    with open_home(path.absolute(), clock()) as home, Beside(home) as beside:
        if dry_run:
            yield home, beside
            return
        home.check_takes_records()
        home.ledger.store.check_writable()
        require_witnessed(home.notary, home.path, *witnesses)
        try:
            yield home, beside
        finally:
            warn([*beside.signed(), *have_witnessed(home.notary, home.path, witnesses.seconds)])
        leave_receipt(home.notary, beside.last, receipt)
