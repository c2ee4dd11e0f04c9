"""The keys of a log as the log tells them: the first when it was opened, the others when they were changed.

Each is good for the sizes from the entry on that names it, up to the one before the entry that retires it. What the log
says of its keys is worth as much as the checkpoints over it: who holds one key learns of the next from entries that the
first has signed for. So a key is vouched for when the first, or one that was vouched for before, has signed
a checkpoint over the entry that names it. What was carried over from another log says which keys signed for that one.
"""

from collections.abc import Collection, Iterable, Sequence

from eventsourcing.dcb.api import DCBQuery, DCBQueryItem

from ledger.chain.checkpoint import LogKey, SignedCheckpoint, open_checkpoint
from ledger.chain.entry import Entry
from ledger.chain.merkle import inclusion_path, verify_inclusion
from ledger.chain.note import ED25519, VerifierKey, parse_vkey
from ledger.codec import Codec
from ledger.errors import Damaged, Malformed, ProofFailed, SignatureFailed, UnknownKey
from ledger.events import LedgerOpened, LogKeyRetired, LogKeyRotated
from ledger.evidence.lockstore import LockStore
from ledger.storage import Store

# The wire names of the entries after which other keys may sign.
CHANGES = frozenset({LogKeyRotated.wire_type(), LogKeyRetired.wire_type()})


def log_key(store: Store) -> VerifierKey:
    """The key that signed first for a log, as entry 1 tells it. Raises `Malformed` or `Damaged` when it does not."""
    opened = _opened(store)
    return checked_log_key(opened.log_key, opened.origin)


def log_keys(store: Store, until: int | None = None) -> tuple[LogKey, ...]:
    """All keys that sign or have signed for a log, each with its sizes, in the order in which the log names them.

    With `until`, as far as its first entries up to there tell. Raises `Malformed` or `Damaged` when they do not tell
    it as they should.
    """
    return keys_told(_opened(store), store.scan(DCBQuery([DCBQueryItem(types=sorted(CHANGES))]), until=until))


def keys_told(opened: LedgerOpened, changes: Iterable[Entry]) -> tuple[LogKey, ...]:
    """As `log_keys`, of a log that was opened so, by the entries in it that change its keys."""
    first = checked_log_key(opened.log_key, opened.origin)
    carried_over = 0 if opened.continues is None else opened.continues.size
    keys = {first: LogKey.of(first, 1)}
    for entry in changes:
        if entry.position <= carried_over:
            continue
        event = Codec().decode(entry).event
        match event:
            case LogKeyRotated():
                key = checked_log_key(event.log_key, first.name)
                if key in keys:
                    raise Malformed("log key", event.log_key, "was one of the log's keys before")
                keys[key] = LogKey.of(key, entry.position)
            case LogKeyRetired():
                key = checked_log_key(event.log_key, first.name)
                if key not in keys or not keys[key].is_good_for(entry.position):
                    raise Malformed("log key", event.log_key, "is retired, and did not sign")
                keys[key] = LogKey.of(key, keys[key].first, entry.position - 1)
    return tuple(keys.values())


def _opened(store: Store) -> LedgerOpened:
    entry = store.entry(1)
    opened = None if entry is None else Codec().decode(entry).event
    if not isinstance(opened, LedgerOpened):
        raise Malformed("entry", 1, f"is not {LedgerOpened.wire_type()}")
    return opened


def good_for(size: int, keys: Sequence[LogKey]) -> tuple[LogKey, ...]:
    """Those of these keys that sign at a size, the one that has signed longest first."""
    return tuple(key for key in keys if key.is_good_for(size))


def vouched_keys(store: Store, lock: LockStore) -> tuple[LogKey, ...]:
    """As `log_keys`, as far as what was signed tells, and no further than each key is vouched for in the lock store.

    What others have signed, and what they are given to check with, is held to these.
    """
    keys = log_keys(store, lock.last().size)
    for number, key in enumerate(keys):
        try:
            _check_vouched_for(key, keys[:number], store, lock)
        except (UnknownKey, ProofFailed, SignatureFailed, Malformed, Damaged):
            return log_keys(store, key.first - 1)
    return keys


def check_vouched_for(keys: Sequence[LogKey], store: Store, lock: LockStore) -> None:
    """Raise unless each of a log's keys, in the order of `log_keys`, is the first or vouched for in the lock store.

    Raises `UnknownKey` or `ProofFailed` where it does not; `Malformed`, `SignatureFailed` or `Damaged` for none.
    """
    for number, key in enumerate(keys):
        _check_vouched_for(key, keys[:number], store, lock)


def _check_vouched_for(key: LogKey, before: Sequence[LogKey], store: Store, lock: LockStore) -> None:
    """Raise as `check_vouched_for` does for one key, which those before it vouch for, unless it is the first.

    All that are good for a size sign there, so the first checkpoint over the entry that names a key has to do it.
    """
    if before:
        _check_named(key, _first_over(key.first, before, lock), store)


def _first_over(position: int, keys: Sequence[LogKey], lock: LockStore) -> SignedCheckpoint:
    """The first checkpoint over an entry, signed by one of these keys."""
    stored = lock.first_from(position)
    if stored is None:
        raise Damaged(lock.path, f"it has no checkpoint over entry {position:,}")
    return open_checkpoint(stored.note, keys)


def _check_named(key: LogKey, signed: SignedCheckpoint, store: Store) -> None:
    """Raise `ProofFailed`, or `Damaged`, unless the entry that names a key is one of those that were signed."""
    entry = store.entry(key.first)
    if entry is None:
        raise Damaged("the log", f"entry {key.first} is missing")
    path = inclusion_path(key.first - 1, signed.size, store.subtree)
    verify_inclusion(key.first - 1, signed.size, entry.leaf, path, signed.root)


def public_keys(keys: Collection[VerifierKey]) -> frozenset[bytes]:
    """What tells these keys apart, whatever the sizes that they are good for."""
    return frozenset(key.public for key in keys)


def not_vouched_for(keys: Collection[LogKey]) -> str:
    """That nobody vouches for these keys, in words."""
    which = " and ".join(f"{key.name}+{key.key_id.hex()}, which entry {key.first:,} names" for key in keys)
    return f"no earlier key has signed for {which}"


def checked_log_key(text: str, origin: str) -> VerifierKey:
    """The key in a vkey, if it can sign for the log of this origin. Raises `Malformed`."""
    key = parse_vkey(text)
    if (key.name, key.type) != (origin, ED25519):
        raise Malformed("log key", text, "is not an Ed25519 key with the name of the log's origin")
    return key
