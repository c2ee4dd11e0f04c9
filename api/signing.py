"""Signing what was recorded, as soon as it is on disk, and having it witnessed.

That an entry is not signed or not witnessed yet is no reason to say that it is not recorded: it is said beside that,
loudly, and the next call makes up for it.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from ledger.chain.entry import Entry
from ledger.errors import LedgerError
from ledger.evidence.cosigned import behind
from ledger.evidence.notary import Notary
from ledger.evidence.witnessing import WITNESSES, Appointed, Witnessed, check_distinct, read_appointed
from ledger.home import KEYS

After = Callable[[Sequence[Entry]], tuple[str, ...]]


def signing(notary: Notary, announce: Callable[[], None]) -> After:
    """What has the notary sign up to the last of some entries, and `announce` it; gives why not, if it could not."""

    def after(entries: Sequence[Entry]) -> tuple[str, ...]:
        try:
            notary.sign(entries[-1].position, entries)
        except LedgerError as error:
            return (f"recorded, and NOT SIGNED yet: {error}",)
        try:
            announce()
        except LedgerError as error:
            return (f"signed, and not published yet: {error}",)
        return ()

    return after


def nothing_after(entries: Sequence[Entry]) -> tuple[str, ...]:
    """Leave them unsigned, without a word."""
    del entries
    return ()


def appointed_in(path: Path) -> tuple[Appointed, ...]:
    """The witnesses that stand beside the keys of a home. Raises `Malformed` or `Unreachable`."""
    return check_distinct(read_appointed(path / KEYS / WITNESSES))


def not_witnessed(found: Witnessed) -> tuple[str, ...]:
    """A sentence for each witness that has not cosigned a checkpoint."""
    return tuple(behind(one.witness, one.last) + (f": {one.failure}" if one.failure else "") for one in found.behind)


def have_witnessed(notary: Notary, path: Path, seconds: float) -> tuple[str, ...]:
    """Ask the witnesses of a home to cosign what was signed; gives a sentence for each that has not, and why."""
    try:
        appointed = appointed_in(path)
        return not_witnessed(notary.witnessed(appointed, seconds)) if appointed else ()
    except LedgerError as error:
        return (f"not witnessed: {error}",)
