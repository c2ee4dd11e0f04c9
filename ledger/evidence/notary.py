"""The notary: signs what a log has come to, and never anything that does not continue what was signed before.

What is new since the last checkpoint is read again, its leaves and its root are computed from its bytes, and only that
root is signed. The new checkpoint goes into the lock store, on condition that no other was added meanwhile, and then
into a file for everybody to fetch. One checkpoint covers whatever was appended until then.

A crash leaves no more than entries that are not signed yet, or a checkpoint that is stored and not yet published; the
next call makes up for both. The log is not trusted: what is taken from it is either computed anew or leads to the root
of the last checkpoint.
"""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.chain.checkpoint import Checkpoint, SignedCheckpoint, open_checkpoint, sign_checkpoint
from ledger.chain.entry import NO_LEAF, Header, parse_entry
from ledger.chain.merkle import HASH_BYTES, completed_by, inclusion_path, leaf_hash, node_hash, verify_inclusion
from ledger.chain.note import ED25519, SignatureFailed, UnknownKey, VerifierKey, parse_vkey
from ledger.chain.receipt import Receipt
from ledger.codec import Codec
from ledger.custody.files import named_os_errors
from ledger.errors import Damaged, LedgerError, Malformed, ProofFailed
from ledger.events import LedgerOpened
from ledger.evidence.lockstore import NOTHING, LockStore, Stored
from ledger.evidence.publishing import replace_file
from ledger.storage import Store

PUBLISHED_MODE = 0o600


class NotContinued(LedgerError):
    """A log that does not continue what was signed, or a lock store that is not this log's."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(f"this log does not continue what was signed: {why}")


class WrongKey(LedgerError):
    """A private key that is not the one of which the log says that it signs."""

    def __init__(self, found: str, expected: str) -> None:
        self.found, self.expected = found, expected
        super().__init__(f"the key that is here, {found}, is not the log's, {expected}")


def log_key(store: Store) -> VerifierKey:
    """The key that signs for a log, as entry 1 tells it. Raises `Malformed` or `Damaged` when it does not."""
    entry = store.entry(1)
    opened = None if entry is None else Codec().decode(entry).event
    if not isinstance(opened, LedgerOpened):
        raise Malformed("entry", 1, f"is not {LedgerOpened.wire_type()}")
    key = parse_vkey(opened.log_key)
    if (key.name, key.type) != (opened.origin, ED25519):
        raise Malformed("log key", opened.log_key, "is not an Ed25519 key with the name of the log's origin")
    return key


class Frontier(NamedTuple):
    """A log up to one size: its last leaf and when that was recorded, and the completed subtrees that make up its root.

    `peaks` has each of those with its level, from the highest down.
    """

    size: int = 0
    leaf: bytes = NO_LEAF
    recorded_at: str = ""
    peaks: tuple[tuple[int, bytes], ...] = ()

    def root(self) -> bytes:
        """The root of the tree over them, of which there is at least one."""
        (_, found), *larger = reversed(self.peaks)
        for _, peak in larger:
            found = node_hash(peak, found)
        return found

    @classmethod
    def of(cls, signed: SignedCheckpoint, store: Store) -> Self:
        """The frontier that a checkpoint signs, from a log that leads to its root. Raises `NotContinued`."""
        size = signed.size
        for _, tree, raw in store.rows(size - 1, size):
            try:
                last = parse_entry(raw)
                leaf = last.leaf
                if tree[:HASH_BYTES] != leaf:
                    # What is appended next would name it.
                    raise ProofFailed(f"the leaf kept for entry {size} is not that of its bytes")
                verify_inclusion(size - 1, size, leaf, inclusion_path(size - 1, size, store.subtree), signed.root)
                found = cls(size, leaf, last.header.recorded_at, tuple(_peaks(size, store)))
                if found.root() != signed.root:
                    raise ProofFailed(f"the subtrees kept do not make up the root of size {size}")
            except (Malformed, ProofFailed, Damaged) as error:
                raise NotContinued(f"it is not the log whose {size:,} entries were signed: {error}") from error
            return found
        raise NotContinued(f"{size:,} entries were signed, and it has {store.length():,}")

    def after(self, rows: Iterable[tuple[int, bytes, bytes]]) -> Self:
        """The frontier behind these rows, each of which must be what the log writes there. Raises `NotContinued`."""
        size, leaf, recorded_at, peaks = self.size, self.leaf, self.recorded_at, dict(self.peaks)
        for position, tree, raw in rows:
            size += 1
            header = _header_of(position, raw)
            if (position, header.position) != (size, size):
                raise NotContinued(f"entry {size} is missing")
            if header.prev != leaf.hex():
                raise NotContinued(f"entry {size} does not name the leaf of the entry before")
            if header.recorded_at < recorded_at:
                raise NotContinued(f"entry {size} says that it was recorded before the entry before")
            leaf, recorded_at = leaf_hash(raw), header.recorded_at
            completed = completed_by(size, leaf, lambda level, index: peaks[level])
            if b"".join(completed) != tree:
                raise NotContinued(f"the hashes kept for entry {size} are not those of its bytes")
            for level in range(len(completed) - 1):
                del peaks[level]
            peaks[len(completed) - 1] = completed[-1]
        return type(self)(size, leaf, recorded_at, tuple(sorted(peaks.items(), reverse=True)))


def _peaks(size: int, store: Store) -> Iterable[tuple[int, bytes]]:
    for level in reversed(range(size.bit_length())):
        if size >> level & 1:
            yield level, store.subtree(level, (size >> level) - 1)


def _header_of(position: int, raw: bytes) -> Header:
    try:
        return parse_entry(raw).header
    except Malformed as error:
        raise NotContinued(f"entry {position} cannot be read: {error}") from error


class Notary:
    """Signs for one log. Any number of processes may, if they share the lock store.

    `keys` gives the private keys when they are needed: who only looks needs none.
    """

    def __init__(
        self, store: Store, lock: LockStore, keys: Callable[[], Sequence[Ed25519PrivateKey]], published: Path
    ) -> None:
        self._store, self._lock, self._keys, self._path = store, lock, keys, published
        self._frontier = Frontier()
        self._key: VerifierKey | None = None
        self._private: Sequence[Ed25519PrivateKey] = ()
        self._checked: SignedCheckpoint | None = None
        self._published = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._store.close()
        self._lock.close()

    def take_up(self) -> None:
        """Check that the log continues what was signed, and publish what a crash left unpublished.

        Raises `NotContinued`, and then nothing may be written. A log that is ahead is no fault.
        """
        last = self._last()
        if last is not None:
            self._continue(last)
            self._publish_anew(last)

    def checkpoint(self, position: int | None = None) -> SignedCheckpoint:
        """A checkpoint over the entries up to this position (the last, if none is given), and maybe more.

        Signs what is new if there is none yet, and publishes. Raises `NotContinued`, and `Malformed` for a position
        that no entry has.
        """
        wanted = self._store.length() if position is None else position
        while True:
            last = self._last()
            if last is not None:
                self._continue(last)
            if not 1 <= wanted <= self._store.length():
                raise Malformed("position", wanted, f"no entry has it; the last is {self._store.length()}")
            if last is not None and last.size >= wanted:
                self._publish_anew(last)
                return last
            signed = self._sign_forward(last)
            if signed is not None:
                self._publish()
                return signed

    def has_signed(self, first: int, beyond: int) -> bool:
        """Whether a checkpoint was signed over at least `first` entries, and fewer than `beyond`."""
        return self._lock.has_between(first, beyond)

    def receipt(self, position: int) -> Receipt:
        """The receipt for the entry at this position; signs forward first if need be. Raises as `checkpoint` does."""
        signed = self.checkpoint(position)
        path = inclusion_path(position - 1, signed.size, self._store.subtree)
        for _, _, raw in self._store.rows(position - 1, position):
            try:
                # A log that was altered since must not have a receipt made of it.
                verify_inclusion(position - 1, signed.size, parse_entry(raw).leaf, path, signed.root)
            except (Malformed, ProofFailed) as error:
                raise NotContinued(f"entry {position} is not the one that was signed: {error}") from error
            return Receipt(position - 1, tuple(path), signed.raw)
        raise NotContinued(f"entry {position} is missing")

    def _last(self) -> SignedCheckpoint | None:
        """The last checkpoint that was signed; None for a log that has just begun."""
        stored = self._lock.last()
        if stored == NOTHING:
            if self._store.length() > 1:
                raise NotContinued(f"{self._lock.path} is empty, and holds what every log signs when it begins")
            return None
        if self._checked is None or stored.note != self._checked.raw:
            self._checked = self._opened(stored)
        return self._checked

    def _opened(self, stored: Stored) -> SignedCheckpoint:
        try:
            signed = open_checkpoint(stored.note, [self._log_key()])
        except (Malformed, SignatureFailed, UnknownKey) as error:
            raise NotContinued(f"the last checkpoint in {self._lock.path} does not verify: {error}") from error
        if signed.size != stored.size:
            raise NotContinued(f"{self._lock.path} keeps a checkpoint over {signed.size} entries under {stored.size}")
        return signed

    def _continue(self, last: SignedCheckpoint) -> None:
        """Have the frontier at a checkpoint, from a log that continues it."""
        if self._store.length() < last.size:
            raise NotContinued(f"{last.size:,} entries were signed, and it has {self._store.length():,}")
        if self._frontier.size != last.size or self._frontier.root() != last.root:
            self._frontier = Frontier.of(last, self._store)

    def _sign_forward(self, last: SignedCheckpoint | None) -> SignedCheckpoint | None:
        """Sign what is new since; None when somebody else has by now."""
        frontier = self._frontier.after(self._store.rows(self._frontier.size, self._store.length()))
        key = self._log_key()
        checkpoint = Checkpoint(key.name, frontier.size, frontier.root())
        raw = sign_checkpoint(checkpoint, self._private_keys(key))
        before = NOTHING if last is None else Stored(last.size, last.raw)
        if not self._lock.add(Stored(frontier.size, raw), before):
            return None
        self._frontier, self._checked = frontier, SignedCheckpoint(raw, checkpoint, (key,))
        return self._checked

    def _log_key(self) -> VerifierKey:
        if self._key is None:
            self._key = log_key(self._store)
        return self._key

    def _private_keys(self, key: VerifierKey) -> Sequence[Ed25519PrivateKey]:
        if not self._private:
            keys = self._keys()
            found = [VerifierKey(key.name, ED25519, one.public_key().public_bytes_raw()) for one in keys]
            if key not in found:
                raise WrongKey(", ".join(map(str, found)), str(key))
            self._private = keys
        return self._private

    def _publish_anew(self, last: SignedCheckpoint) -> None:
        """Publish what a crash, or somebody slow, has left unpublished."""
        if last.raw != self._published and last.raw != self._found():
            self._publish()

    def _publish(self) -> None:
        """Put the last checkpoint where everybody finds it."""
        # Under the lock, so that an older one never takes the place of a newer one.
        with self._lock.held() as stored:
            replace_file(self._path, stored.note, PUBLISHED_MODE)
            self._published = stored.note

    def _found(self) -> bytes:
        with named_os_errors(self._path):
            return self._path.read_bytes() if self._path.is_file() else b""
