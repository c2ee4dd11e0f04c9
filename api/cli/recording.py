"""What the commands share that record many things, one after the other, without the clerk.

What they recorded is signed, published and shown to the witnesses once, when they end, however they do.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any

from api.cli import options
from api.cli.acting import clock
from api.cli.wording import warn
from api.signing import have_witnessed, require_witnessed, signing
from ledger.home import Home, open_home

Call = Callable[..., Any]

_SHARED = (
    options.as_json,
    options.require_witness("Record nothing unless so many witnesses have cosigned what is there."),
    options.witness_seconds(3.0),
    options.actor,
    options.home,
)


def recording(command: Call) -> Call:
    """A command that is handed an open home, and has a dry run."""

    @wraps(command)
    def call(path: Path, seconds: float, required: int, dry_run: bool, **own: Any) -> None:
        with open_home(path.absolute(), clock()) as home:
            if required and not dry_run:
                require_witnessed(home.notary, home.path, required, seconds)
            with _signed(home, seconds):
                command(home, dry_run=dry_run, **own)

    for option in _SHARED:
        call = option(call)
    return call


@contextmanager
def _signed(home: Home, seconds: float) -> Iterator[None]:
    """Whatever is recorded in here is signed and witnessed afterwards; what keeps it from that is said loudly."""
    before = home.ledger.store.length()
    try:
        yield
    finally:
        last = home.ledger.store.entry(home.ledger.store.length())
        if last is not None and last.position > before:
            sign = signing(home.notary, home.notary.publish)
            warn([*sign([last]), *have_witnessed(home.notary, home.path, seconds)])
