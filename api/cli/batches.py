"""Commands that record one thing after another: what they wait for first, and what they leave signed and witnessed."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from api.beside import Beside
from api.cli import options
from api.cli.acting import clock
from api.cli.wording import warn
from api.signing import have_witnessed, require_witnessed
from ledger.home import Home, open_home

Call = Callable[..., Any]


class Witnesses(NamedTuple):
    """How many witnesses must have cosigned what is there, and how long they may take."""

    required: int
    seconds: float


def batches(command: Call) -> Call:
    """A command with the options of those that record something, as far as these are about witnesses."""
    timed: Call = options.witness_seconds(3.0)(command)
    required: Call = options.require_witness(options.UNLESS_WITNESSED)(timed)
    return required


@contextmanager
def open_for_batches(path: Path, witnesses: Witnesses, *, dry_run: bool) -> Iterator[tuple[Home, Beside]]:
    """A home, and whom to tell of what is appended to it.

    All that was recorded is signed and witnessed in the end, also where something came in between; what could not be is
    said loudly. A dry run waits for nobody and tells nobody.
    """
    with open_home(path.absolute(), clock()) as home, Beside(home) as beside:
        if dry_run:
            yield home, beside
            return
        require_witnessed(home.notary, home.path, *witnesses)
        try:
            yield home, beside
        finally:
            warn([*beside.signed(), *have_witnessed(home.notary, home.path, witnesses.seconds)])
