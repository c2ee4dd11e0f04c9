"""What a verification says of signed checkpoints: in the lock store, published, and kept elsewhere by somebody.

A checkpoint holds when a known key of the log, good for its size, has signed it and the log's first entries have its
root. What the log says of its keys is believed as far as a checkpoint that holds covers it: so whoever holds one of its
keys can check what was signed by those that followed, and a key for which none before it has signed shows nothing. The
hashes that roots are made of are taken as the log keeps
them: that they are those of its bytes is for the rest of the verification.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

import msgspec

from ledger.chain.checkpoint import LogKey, SignedCheckpoint, open_checkpoint, parse_checkpoint
from ledger.chain.entry import MAX_POSITION
from ledger.chain.merkle import Subtree, root_of
from ledger.chain.note import MAX_NOTE_BYTES, Signature, VerifierKey, open_note, parse_note, parse_vkey
from ledger.errors import Damaged, Malformed, NotALedger, SignatureFailed, UnknownKey, Unreachable
from ledger.evidence.lockstore import NOTHING, LockStore, Stored
from ledger.evidence.logkeys import good_for, log_key, log_keys, not_vouched_for
from ledger.evidence.report import Finding, Report, Verdict, altered, unverified
from ledger.files import named_os_errors, read_regular
from ledger.storage import Store

# Neighbouring sizes are made up of nearly the same subtrees.
SUBTREES_KEPT = 256

BOTH_OWNED = (
    "that entries after the last one were cut off, or that everything from some entry on, be it the first, was written"
    " anew by whoever owns both the database and the lock store: nobody gave a checkpoint from an earlier time to"
    " compare with"
)

PUBLISHED = "published checkpoint"

CUT_UNSIGNED = "that entries which were not signed yet were cut off by whoever owns the database alone"


class Given(msgspec.Struct, frozen=True):
    """A checkpoint that somebody kept: what it is called, and its bytes."""

    name: str
    raw: bytes


def against_checkpoints(
    report: Report,
    store: Store,
    open_lock: Callable[[], LockStore],
    given: Sequence[Given] = (),
    keys: Sequence[VerifierKey] = (),
    published: Path | None = None,
) -> Report:
    """The report with what the lock store, the `published` file and the checkpoints that are given say of the log.

    Only `keys` are trusted, and those that follow them, or where there are none the key that entry 1 names.
    """
    try:
        told = _told_by(store)
    except (Malformed, Damaged) as error:
        if not keys:
            if not store.length():
                # That entry 1 is missing is said where all entries are, and graver.
                return report
            found = [unverified(None, f"no checkpoint can be verified, as the log does not name its key: {error}")]
            return msgspec.structs.replace(report, findings=(*report.findings, *found))
        told = ()
    check = _Check(store, keys or told[:1], told)
    found = []
    try:
        with open_lock() as lock:
            found += _locked(check, lock)
            found += _published(check, published, lock)
            found += [finding for one in given for finding in _given(check, one, lock)]
    except (Unreachable, NotALedger, Damaged) as error:
        verdict = Verdict.UNVERIFIED if isinstance(error, Unreachable) else Verdict.ALTERED
        found.append(Finding(verdict, None, f"the lock store cannot be read: {error}"))
        found += _published(check, published, None)
        found += [finding for one in given for finding in _given(check, one, None)]
    unsigned = _unsigned(check, report.size)
    if unsigned:
        found += check.not_handed_over(report.size)
    remarks = [f"recorded and NOT SIGNED yet: {unsigned}, which no checkpoint covers"] if unsigned else []
    return msgspec.structs.replace(
        report,
        findings=(*report.findings, *found),
        remarks=(*report.remarks, *remarks),
        not_excluded=tuple(_not_excluded(check, report, unsigned)),
    )


def _unsigned(check: "_Check", size: int) -> str:
    """The entries, of so many, that no checkpoint is over; empty where there are none, or that cannot be told."""
    signed = max(check.locked_last, check.largest)
    if not 0 < signed < size:
        return ""
    return f"entry {size:,}" if signed + 1 == size else f"entries {signed + 1:,} to {size:,}"


def _not_excluded(check: "_Check", report: Report, unsigned: str) -> Iterator[str]:
    """What the checkpoints that hold leave open."""
    whole = report.size <= check.locked or check.locked == check.locked_last
    if check.largest:
        yield _beyond(check.largest)
    elif report.size and check.locked and whole:
        yield BOTH_OWNED
    else:
        yield from report.not_excluded
        return
    # What is not signed is in the database alone.
    rewritten = f"that whoever owns the database alone wrote {unsigned} anew, or cut off more behind it"
    yield rewritten if unsigned else CUT_UNSIGNED


def _told_by(store: Store) -> tuple[LogKey, ...]:
    """The keys that the log names; the first alone where what it says of the others cannot be had."""
    try:
        return log_keys(store)
    except (Malformed, Damaged):
        # That the index is broken, or an entry, is found where those are looked at.
        return (LogKey.of(log_key(store), 1),)


def _beyond(size: int) -> str:
    return (
        f"that entries after entry {size} were cut off or written anew by whoever owns both the database and the lock "
        "store: no checkpoint that was given is over more"
    )


class _Check:
    """Holds checkpoints against one log; `largest` is the size of the largest that was given and holds.

    `locked` is that of the last in the lock store that holds, `locked_last` that of the last of all, `told` is what the
    log says of its keys.
    """

    def __init__(self, store: Store, keys: Sequence[VerifierKey], told: Sequence[LogKey]) -> None:
        self._store, self._told = store, told
        self._keys = {key.public: key for key in keys}
        self._subtree: Subtree = lru_cache(SUBTREES_KEPT)(store.subtree)
        self.largest = self.locked = self.locked_last = 0

    def opened(self, raw: bytes) -> SignedCheckpoint | Finding:
        """The checkpoint in these bytes, or why it is none that a known key signed."""
        try:
            signed = open_checkpoint(raw, self._keys.values())
            self._check_lines(raw)
        except UnknownKey as error:
            return unverified(None, self._not_vouched_for(raw) or str(error))
        except (Malformed, SignatureFailed) as error:
            return altered(None, str(error))
        return signed

    def _check_lines(self, raw: bytes) -> None:
        """Raise `SignatureFailed` where a key did not sign that the log names, and that is not known yet."""
        strange = self._strange(self._told)
        if strange:
            with suppress(UnknownKey):
                open_note(raw, strange)

    def _strange(self, keys: Sequence[LogKey]) -> list[LogKey]:
        return [key for key in keys if key.public not in self._keys]

    def _not_vouched_for(self, raw: bytes) -> str:
        """That the keys by which this is signed are named by the log alone; empty where that is not so."""
        try:
            signed = open_checkpoint(raw, self._strange(self._told[1:]))
        except (Malformed, SignatureFailed, UnknownKey):
            return ""
        return not_vouched_for([key for key in signed.signers if isinstance(key, LogKey)])

    def not_handed_over(self, size: int) -> Iterator[Finding]:
        """That nobody vouches for the keys that are to sign next, at this size, if that is so."""
        signing = good_for(size, self._told)
        if self.locked and signing and len(self._strange(signing)) == len(signing):
            yield unverified(None, f"what is not signed yet cannot be: {not_vouched_for(signing)}")

    def held_against(self, signed: SignedCheckpoint) -> Finding | None:
        """Why the log is not what was signed, if it is not."""
        length = self._store.length()
        if length < signed.size:
            return Finding(Verdict.SHORTER, None, f"the log has {length:,} entries, and {signed.size:,} were signed")
        try:
            if root_of(signed.size, self._subtree) != signed.root:
                return Finding(Verdict.SHORTER, None, "the entries that it was signed over are not those of the log")
        except Damaged as error:
            return altered(None, str(error))
        self._learn(signed.size)
        return None

    def _learn(self, size: int) -> None:
        """Believe what the log's first entries say of its keys: they are those that were signed."""
        for told in self._told:
            if told.first > size:
                continue
            known = self._keys.get(told.public)
            if known is None:
                self._keys[told.public] = LogKey.of(told, told.first, told.last if told.last < size else MAX_POSITION)
            elif told.last < size:
                first = known.first if isinstance(known, LogKey) else told.first
                self._keys[told.public] = LogKey.of(told, first, told.last)


def _locked(check: _Check, lock: LockStore) -> Iterator[Finding]:
    """What there is to say of the checkpoints in the lock store, of each by itself."""
    holds = 0
    for stored in lock.all():
        check.locked_last = stored.size
        finding = _of_locked(check, stored)
        if finding is None:
            holds = stored.size
            continue
        what = f"{_named('lock store', stored.size)}: {finding.what}{_last_that_holds(holds)}"
        yield Finding(finding.verdict, None, what)
    check.locked = holds
    if lock.last() == NOTHING:
        yield altered(None, "the lock store is empty, and every log signs when it begins")


def _last_that_holds(size: int) -> str:
    return f" (the one over {size:,} holds)" if size else ""


def _of_locked(check: _Check, stored: Stored) -> Finding | None:
    if stored.size < 1:
        return altered(None, "a log signs nothing before its first entry")
    signed = check.opened(stored.note)
    if isinstance(signed, Finding):
        return signed
    if signed.size != stored.size:
        return altered(None, f"it is over {signed.size:,}")
    return check.held_against(signed)


def _given(check: _Check, given: Given, lock: LockStore | None) -> Iterable[Finding]:
    signed = check.opened(given.raw)
    if isinstance(signed, Finding):
        # Whatever is wrong with a file that somebody brings, it says nothing of the log.
        yield unverified(None, f"{given.name}: {signed.what}")
        return
    try:
        _check_cosignatures(given.raw, lock)
    except SignatureFailed as error:
        yield unverified(None, f"{given.name}: {error}")
    if check.held_against(signed) is None:
        check.largest = max(check.largest, signed.size)
    yield from _compared(check, given.name, signed, lock)


def _published(check: _Check, file: Path | None, lock: LockStore | None) -> Iterator[Finding]:
    """What everybody is shown that is not what was signed, if there is anything: it may be behind, and never ahead."""
    if file is None or not os.path.lexists(file):
        return
    try:
        with named_os_errors(file):
            raw, _ = read_regular(file, MAX_NOTE_BYTES + 1)
    except Unreachable as error:
        yield unverified(None, f"{PUBLISHED} cannot be read: {error}")
        return
    try:
        size = parse_checkpoint(parse_note(raw).text).size
        _check_cosignatures(raw, lock)
    except (Malformed, SignatureFailed) as error:
        yield altered(None, f"{PUBLISHED}: {error}")
        return
    stored = None if lock is None else lock.at(size)
    if lock is None or stored is None or not raw.startswith(stored.note):
        yield from _unlike_locked(check, raw, lock)
    else:
        yield from _strangers(raw, parse_note(stored.note).signatures, _witnesses(lock))


def _check_cosignatures(raw: bytes, lock: LockStore | None) -> None:
    """Raise `SignatureFailed` where somebody has not cosigned this of whom the lock store has cosignatures."""
    # Nobody has to have cosigned it.
    with suppress(UnknownKey):
        open_note(raw, [] if lock is None else _witnesses(lock))


def _strangers(raw: bytes, signed: Sequence[Signature], witnesses: Sequence[VerifierKey]) -> Iterator[Finding]:
    """Each line below a note by somebody of whom the lock store has no cosignature."""
    known = {(key.name, key.key_id) for key in witnesses}
    for line in parse_note(raw).signatures:
        if line not in signed and (line.name, line.key_id) not in known:
            yield unverified(None, f"{PUBLISHED}: the lock store has no cosignature by {line.name}+{line.key_id.hex()}")


def _unlike_locked(check: _Check, raw: bytes, lock: LockStore | None) -> Iterator[Finding]:
    """What there is to say of what is published, and is not in the lock store as it is."""
    signed = check.opened(raw)
    if isinstance(signed, Finding):
        yield Finding(signed.verdict, None, f"{PUBLISHED}: {signed.what}")
    else:
        yield from _compared(check, PUBLISHED, signed, lock)


def _witnesses(lock: LockStore) -> list[VerifierKey]:
    """The keys of those whose cosignatures are kept."""
    keys = []
    for vkey in lock.witnesses():
        # What is no key is said where cosignatures are.
        with suppress(Malformed):
            keys.append(parse_vkey(vkey))
    return keys


def _compared(check: _Check, what: str, signed: SignedCheckpoint, lock: LockStore | None) -> Iterator[Finding]:
    """Where the log is not what was signed so, and where the lock store does not have it."""
    name = _named(what, signed.size)
    finding = check.held_against(signed)
    if finding is not None:
        yield Finding(finding.verdict, None, f"{name}: {finding.what}")
    if lock is not None and not _is_locked(check, signed, lock):
        yield Finding(Verdict.SHORTER, None, f"{name}: the lock store does not have it, and keeps all that is signed")


def _is_locked(check: _Check, signed: SignedCheckpoint, lock: LockStore) -> bool:
    stored = lock.at(signed.size)
    opened = None if stored is None else check.opened(stored.note)
    return isinstance(opened, SignedCheckpoint) and opened.checkpoint == signed.checkpoint


def _named(name: str, size: int) -> str:
    return f"{name}, checkpoint over {size:,} {'entry' if size == 1 else 'entries'}"
