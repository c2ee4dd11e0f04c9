"""How much of a log is known to have been signed, and that a restored one has it the same as far as it goes."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from ledger.backup.manifest import Manifest
from ledger.chain.checkpoint import LogKey, SignedCheckpoint, open_checkpoint, parse_checkpoint
from ledger.chain.merkle import root_of
from ledger.chain.note import parse_note
from ledger.errors import Malformed, NotContinued, SignatureFailed, UnknownKey
from ledger.evidence.commitments import LOST
from ledger.evidence.cosigned import asked_all, parse_asked
from ledger.evidence.lockstore import LockStore
from ledger.evidence.logkeys import log_keys, vouched_keys
from ledger.evidence.report import Finding, Report
from ledger.home import open_log
from ledger.storage import Store


class Claimed(NamedTuple):
    """That a log had so many entries, more than in its backup, by a checkpoint of which nobody here can verify that."""

    name: str
    size: int
    why: str


class SignedBefore(NamedTuple):
    """How many entries a log had when it was signed last, None when nobody knows, and what else is claimed of that."""

    size: int | None
    claimed: tuple[Claimed, ...]


def signed_before(
    path: Path, manifest: Manifest, lock_store: str | None, witnesses: Sequence[str], seconds: float
) -> SignedBefore:
    """How many entries the log of a restored home had when it was signed last, as far as anybody named here knows.

    A key that followed after the backup is not known here: what such a one alone has signed is claimed, the most by
    each who has it. Raises `NotContinued` when it was another log that was signed, or a witness does not say.
    """
    sizes: list[int] = []
    claimed: dict[str, Claimed] = {}
    with open_log(path) as store:
        keys = _known_keys(store, lock_store)
        for name, note in _notes(store, manifest, lock_store, witnesses, seconds):
            found = _opened(store, name, note, keys)
            if isinstance(found, SignedCheckpoint):
                sizes.append(_held_against(store, name, found))
            else:
                claimed[name] = max(found, claimed.get(name, found), key=lambda one: one.size)
    known = max(sizes, default=None)
    return SignedBefore(known, tuple(one for one in claimed.values() if one.size > (known or 0)))


def _known_keys(store: Store, lock_store: str | None) -> tuple[LogKey, ...]:
    """The keys that are vouched for; where no lock store is named, nobody but the log itself tells."""
    if lock_store is None:
        return log_keys(store)
    with LockStore(lock_store) as lock:
        return vouched_keys(store, lock)


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


def _opened(store: Store, name: str, note: bytes, keys: Sequence[LogKey]) -> SignedCheckpoint | Claimed:
    why: Exception
    try:
        return open_checkpoint(note, keys)
    except UnknownKey as error:
        size = _size_beyond(store, note, keys[0].name)
        if size:
            return Claimed(name, size, str(error))
        why = error
    except (Malformed, SignatureFailed) as error:
        why = error
    raise NotContinued(f"a checkpoint that {name} has does not verify: {why}") from why


def _size_beyond(store: Store, note: bytes, origin: str) -> int:
    """How many entries a checkpoint says that this log has; 0 for one of another, or over no more than are here.

    Of these it is known who signed for them.
    """
    try:
        checkpoint = parse_checkpoint(parse_note(note).text)
    except Malformed:
        return 0
    return checkpoint.size if checkpoint.origin == origin and checkpoint.size > store.length() else 0


def _held_against(store: Store, name: str, signed: SignedCheckpoint) -> int:
    if signed.size <= store.length() and root_of(signed.size, store.subtree) != signed.root:
        why = f"the backup has other entries than {name} has a checkpoint of, which is over {signed.size:,}"
        raise NotContinued(why)
    return signed.size
