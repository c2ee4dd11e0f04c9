"""Signing what was recorded, as soon as it is on disk, and having it witnessed.

That an entry is not signed or not witnessed yet is no reason to say that it is not recorded: it is said beside that,
loudly, and the next call makes up for it.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from ledger.chain.entry import Entry
from ledger.errors import Forked, LedgerError, NotWitnessed
from ledger.evidence.cosigned import behind
from ledger.evidence.notary import Notary
from ledger.evidence.witnessing import WITNESSES, Appointed, Standing, Witnessed, check_distinct, read_appointed
from ledger.home import KEYS, Home

Before = Callable[[], None]
After = Callable[[Sequence[Entry]], tuple[str, ...]]
# As long a checkpoint, or a cosignature, may take before anybody is worried.
SOON = timedelta(minutes=1)
# What begins so is no warning: somebody may have another history of this log.
ALARM = "ALARM: "


def signing(notary: Notary, announce: Callable[[], None]) -> After:
    """What has the notary sign up to the last of some entries, and `announce` it; gives why not, if it could not."""

    def after(entries: Sequence[Entry]) -> tuple[str, ...]:
        return _signed(lambda: notary.sign(entries[-1].position, entries), announce)

    return after


def signed_up(notary: Notary) -> tuple[str, ...]:
    """Have the notary sign and publish whatever is not signed yet; gives why not, if it could not."""
    return _signed(notary.sign, notary.publish)


def _signed(sign: Callable[[], object], announce: Callable[[], None]) -> tuple[str, ...]:
    try:
        sign()
    except LedgerError as error:
        return (f"recorded, and NOT SIGNED yet: {error}",)
    try:
        announce()
    except LedgerError as error:
        return (f"signed, and not published yet: {error}",)
    return ()


def nothing_before() -> None:
    """Let anything be recorded."""


def nothing_after(entries: Sequence[Entry]) -> tuple[str, ...]:
    """Leave them unsigned, without a word."""
    del entries
    return ()


def appointed_in(path: Path) -> tuple[Appointed, ...]:
    """The witnesses that stand beside the keys of a home. Raises `Malformed` or `Unreachable`."""
    return check_distinct(read_appointed(path / KEYS / WITNESSES))


def not_witnessed(found: Witnessed) -> tuple[str, ...]:
    """A sentence for each witness that has not cosigned a checkpoint; alarms come first."""
    return tuple(sorted(map(_why_not, found.behind), key=lambda said: not said.startswith(ALARM)))


def _why_not(standing: Standing) -> str:
    if isinstance(standing.failure, Forked):
        compare = f"`dua-ledger verify --witness {standing.witness.url}` compares; record nothing before it is clear"
        return f"{ALARM}this log has been forked. {standing.failure}. {compare}"
    return behind(standing.witness, standing.last) + (f": {standing.failure}" if standing.failure else "")


def require_witnessed(notary: Notary, path: Path, count: int, seconds: float) -> None:
    """Raise `NotWitnessed` unless so many witnesses of a home have cosigned all that is there, or do so now."""
    if count:
        notary.witnessed(appointed_in(path), seconds, enough=count).require(count)


def have_witnessed(notary: Notary, path: Path, seconds: float) -> tuple[str, ...]:
    """Ask the witnesses of a home to cosign what was signed; gives a sentence for each that has not, and why."""
    try:
        appointed = appointed_in(path)
        return not_witnessed(notary.witnessed(appointed, seconds)) if appointed else ()
    except LedgerError as error:
        return (f"not witnessed: {error}",)


def overdue(home: Home, now: datetime, required: int = 0) -> Iterator[str]:
    """A sentence for whatever has long been recorded, and is not signed, or not cosigned by a witness of the home.

    Nobody is asked for it. Raises `NotWitnessed` when it is overdue with so many witnesses that fewer than `required`
    are left.
    """
    appointed = appointed_in(home.path)
    standing = home.notary.standing(appointed)
    late = _Late(home, now)
    signed = standing.signed.size if standing else 0
    if since := late.since(signed):
        yield f"NOT SIGNED since {since}: the entries from {signed + 1:,} on"
    behind_ = [one for one in (standing.standings if standing else ()) if late.since(one.last.size if one.last else 0)]
    yield from (behind(one.witness, one.last) for one in behind_)
    if len(appointed) - len(behind_) < required:
        raise NotWitnessed(signed, len(appointed) - len(behind_), required)


class _Late:
    """Whether a log has entries behind a size that were recorded long ago."""

    def __init__(self, home: Home, now: datetime) -> None:
        self._store, self._before = home.ledger.store, now - SOON

    def since(self, size: int) -> str:
        """When the first of them was recorded; empty when there is none, or that was just now."""
        entry = self._store.entry(size + 1)
        return entry.header.recorded_at if entry is not None and entry.recorded_at < self._before else ""
