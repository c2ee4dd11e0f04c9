"""How much of a log is known to have been signed, and that a restored one has it the same as far as it goes."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from ledger.backup.manifest import Manifest
from ledger.chain.checkpoint import LogKey, SignedCheckpoint, open_checkpoint
from ledger.chain.merkle import root_of
from ledger.errors import Malformed, NotContinued, SignatureFailed, UnknownKey
from ledger.evidence.commitments import LOST
from ledger.evidence.cosigned import asked_all, parse_asked
from ledger.evidence.lockstore import LockStore
from ledger.evidence.logkeys import log_keys
from ledger.evidence.report import Finding, Report
from ledger.home import open_log
from ledger.storage import Store


def signed_before(
    path: Path, manifest: Manifest, lock_store: str | None, witnesses: Sequence[str], seconds: float
) -> int | None:
    """How many entries the log of a restored home had when it was signed last, as far as anybody named here knows.

    None when nobody knows. Raises `NotContinued` when it was another log that was signed, or a witness does not say.
    """
    with open_log(path) as store:
        keys = log_keys(store)
        sizes = [
            _held_against(store, name, _opened(name, note, keys))
            for name, note in _notes(store, manifest, lock_store, witnesses, seconds)
        ]
    return max(sizes, default=None)


def lost_since(path: Path, report: Report, keys_made_at: datetime) -> tuple[Finding, ...]:
    """The findings on a restored home which say no more than that the keys are older than what they are to open.

    They are about what custody cannot open and was recorded when the keys had been backed up.
    """
    with open_log(path) as store:
        return tuple(one for one in report.findings if _is_of_older_keys(store, one, keys_made_at))


def _is_of_older_keys(store: Store, finding: Finding, keys_made_at: datetime) -> bool:
    entry = None if finding.position is None else store.entry(finding.position)
    return entry is not None and finding.what.startswith(LOST) and entry.recorded_at >= keys_made_at


def _notes(
    store: Store, manifest: Manifest, lock_store: str | None, witnesses: Sequence[str], seconds: float
) -> Iterator[tuple[str, bytes]]:
    """Every checkpoint that somebody has, by the name of who has it."""
    if manifest.checkpoint is not None:
        yield "the backup", manifest.checkpoint.encode()
    if lock_store is not None:
        with LockStore(lock_store) as lock:
            for stored in lock.all():
                yield "the lock store", stored.note
    told = asked_all(store, [parse_asked(one, ()) for one in witnesses], (), seconds)
    for finding in told.findings:
        raise NotContinued(finding.what)
    for given in told.given:
        yield given.name, given.raw


def _opened(name: str, note: bytes, keys: Sequence[LogKey]) -> SignedCheckpoint:
    try:
        return open_checkpoint(note, keys)
    except (Malformed, SignatureFailed, UnknownKey) as error:
        raise NotContinued(f"a checkpoint that {name} has does not verify: {error}") from error


def _held_against(store: Store, name: str, signed: SignedCheckpoint) -> int:
    if signed.size <= store.length() and root_of(signed.size, store.subtree) != signed.root:
        why = f"the backup has other entries than {name} has a checkpoint of, which is over {signed.size:,}"
        raise NotContinued(why)
    return signed.size
