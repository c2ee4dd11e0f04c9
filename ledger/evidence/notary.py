"""The notary: signs what a log has come to, and never anything that does not continue what was signed before.

What is new since the last checkpoint is read again, its leaves and its root are computed from its bytes, and only that
root is signed, with each key of which the log says that it signs; unless no earlier key has signed for any of them, as
where somebody else has written into the log that their key took over. The new checkpoint goes into the lock store, on
condition that no other was added meanwhile: who is late reads again, and gives the one that was faster if that covers
what was asked for. One checkpoint covers whatever was appended until then. To publish it is to put it, with the
cosignatures that the lock store has, into a file for everybody to fetch.

A crash leaves no more than entries that are not signed yet, or a checkpoint that is stored and not yet published; the
next call makes up for both. The log is not trusted: what is taken from it is either computed anew or leads to the root
of the last checkpoint.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from threading import RLock
from typing import Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.chain.checkpoint import Checkpoint, LogKey, SignedCheckpoint, note_signed_by, open_checkpoint
from ledger.chain.entry import MAX_POSITION, Entry, parse_entry
from ledger.chain.merkle import inclusion_path, verify_inclusion
from ledger.chain.note import Signer, VerifierKey, parse_vkey
from ledger.chain.receipt import Receipt
from ledger.errors import (
    Damaged,
    Malformed,
    NotContinued,
    ProofFailed,
    SignatureFailed,
    Unavailable,
    UnknownKey,
    WrongKey,
)
from ledger.evidence.frontier import Frontier
from ledger.evidence.lockstore import NOTHING, LockStore, Stored
from ledger.evidence.logkeys import check_vouched_for, good_for, log_keys, not_vouched_for, public_keys, vouched_keys
from ledger.evidence.publishing import replace_file
from ledger.evidence.witnessing import (
    Appointed,
    Standing,
    Witnessed,
    cosignatures_that_hold,
    cosigned_note,
    kept_cosignature,
    witnessed,
)
from ledger.files import named_os_errors
from ledger.storage import Store
from ledger.turns import held

PUBLISHED_MODE = 0o600
# Who is left behind by no more than so many reads them again, rather than the hashes that lead to where others are.
FEW = 500
NOT_HANDED_OVER = (
    "the old one was retired before it had signed over that entry. It has to sign there first, or somebody else has"
    " written into the log; what has not been signed can be recorded again in a copy of the log from before"
)


class Notary:
    """Signs for one log. Any number of threads may, and of processes, if they share the lock store.

    `keys` gives the private keys when they are needed: who only looks needs none.
    """

    def __init__(
        self, store: Store, lock: LockStore, keys: Callable[[], Sequence[Ed25519PrivateKey]], published: Path
    ) -> None:
        self._store, self._lock, self._read_keys, self._path = store, lock, keys, published
        self._frontier = Frontier()
        self._checked: SignedCheckpoint | None = None
        self._taken_up: SignedCheckpoint | None = None
        # Whether nobody else has signed, when it was last looked at.
        self._alone = False
        self._keys: tuple[LogKey, ...] = ()
        # The public keys that the last checkpoint vouches for: what is signed by one of them vouches for the others.
        self._vouched: frozenset[bytes] = frozenset()
        self._signers: dict[bytes, Signer] = {}
        self._turn = RLock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._store.close()
        self._lock.close()

    def take_up(self) -> None:
        """Check that the log continues what was signed, and make up for what a crash left unsigned or unpublished.

        Raises `NotContinued`, also for what is not signed yet, and then nothing may be written. That there is no key at
        hand to sign with, or that nothing can be written here, is no fault.
        """
        # Whoever records something is told that it is not signed, or not published, and why.
        with held(self._turn):
            if self._continued() > self._frontier.size:
                with suppress(Unavailable, WrongKey):
                    self._store.check_writable()
                    self.sign()
        with suppress(Unavailable):
            self.publish()

    def check(self) -> None:
        """Check that the log continues what was signed. Raises `NotContinued`."""
        with held(self._turn):
            self._continued()

    def checkpoint(self, position: int | None = None) -> SignedCheckpoint:
        """As `sign`, and published."""
        signed = self.sign(position)
        self.publish()
        return signed

    def sign(self, position: int | None = None, written: Sequence[Entry] = ()) -> SignedCheckpoint:
        """A checkpoint over the entries up to this position (the last, if none is given), and maybe more.

        `written` are entries that were just written: what is read again is compared with them.
        Signs what is new if there is none yet. Raises `NotContinued`; `Malformed` for a position that no entry has;
        `WrongKey`, or what reading the keys raises, when it cannot sign.
        """
        # Whoever waits here finds, mostly, that the one before has signed for both.
        with held(self._turn):
            signed = self._sign_on(position, written)
            while signed is None:
                signed = self._sign(position, written)
            return signed

    def cosigned(self) -> SignedCheckpoint:
        """As `checkpoint`, with the cosignatures that the lock store has of it, whose keys are among its signers."""
        signed = self.checkpoint()
        kept = cosignatures_that_hold(self._lock, signed.size)
        signers = (*signed.signers, *(parse_vkey(one.witness) for one in kept))
        return SignedCheckpoint(signed.raw + b"".join(one.line for one in kept), signed.checkpoint, signers)

    def has_signed(self, first: int, beyond: int) -> bool:
        """Whether a checkpoint was signed over at least `first` entries, and fewer than `beyond`."""
        return self._lock.has_between(first, beyond)

    def vouched_keys(self) -> tuple[LogKey, ...]:
        """The keys of the log that are vouched for, each with its sizes: what others are to check with."""
        return vouched_keys(self._store, self._lock)

    def vouches_for(self, keys: Sequence[VerifierKey]) -> bool:
        """Whether one of these keys may sign alone from now on: an earlier one has signed for it.

        Raises `NotContinued`.
        """
        with held(self._turn):
            self._last()
            return not self._vouched.isdisjoint(public_keys(keys))

    def receipt(self, position: int) -> Receipt:
        """The receipt for the entry at this position, by the last of the checkpoints that most witnesses have cosigned.

        Signs forward first if need be. Raises as `sign` does.
        """
        signed = self._most_cosigned(position, self.sign(position))
        path = self._store.of_subtrees(partial(inclusion_path, position - 1, signed.size))
        for _, _, raw in self._store.rows(position - 1, position):
            try:
                # A log that was altered since must not have a receipt made of it.
                verify_inclusion(position - 1, signed.size, parse_entry(raw).leaf, path, signed.root)
            except (Malformed, ProofFailed) as error:
                raise NotContinued(f"entry {position} is not the one that was signed: {error}") from error
            return Receipt(position - 1, tuple(path), cosigned_note(self._lock, Stored(signed.size, signed.raw)))
        raise NotContinued(f"entry {position} is missing")

    def _most_cosigned(self, position: int, last: SignedCheckpoint) -> SignedCheckpoint:
        sizes = {last.size, *(size for size in self._lock.cosigned_sizes() if size >= position)}
        best = max(sizes, key=lambda size: (len(self._lock.cosignatures_over(size)), size))
        stored = None if best == last.size else self._lock.at(best)
        return last if stored is None else self._opened(stored)[0]

    def witnessed(self, witnesses: Sequence[Appointed], seconds: float, enough: int | None = None) -> Witnessed:
        """A checkpoint over the whole log, published with what these witnesses gave for it within so many seconds.

        Once `enough` have cosigned it, the others are not waited for. Raises as `sign` does.
        """
        found = witnessed(self.sign, self._lock, witnesses, self._store.subtree, seconds, enough)
        self.publish()
        return found

    def confirmed(self, witnesses: Sequence[Appointed], seconds: float) -> Witnessed:
        """As `witnessed`; who has cosigned it is asked whether they have come further, and this was put back."""
        found = witnessed(self.sign, self._lock, witnesses, self._store.subtree, seconds, again=True)
        self.publish()
        return found

    def standing(self, witnesses: Sequence[Appointed]) -> Witnessed | None:
        """The last checkpoint that was signed, with how things stand with these witnesses; None when there is none.

        Nobody is asked. Raises `NotContinued`, and `Damaged` for a cosignature that does not hold.
        """
        with held(self._turn):
            last = self._last()
        if last is None:
            return None
        return Witnessed(last, tuple(Standing(one, kept_cosignature(self._lock, one.key)) for one in witnesses))

    def publish(self) -> None:
        """Put the last checkpoint where everybody finds it, with the cosignatures that it has by now."""
        last = self._lock.last()
        if last == NOTHING or cosigned_note(self._lock, last) == self._found():
            return
        # Under the lock, so that an older one never takes the place of a newer one.
        with self._lock.held() as stored:
            replace_file(self._path, cosigned_note(self._lock, stored), PUBLISHED_MODE)

    def _found(self) -> bytes:
        with named_os_errors(self._path):
            return self._path.read_bytes() if self._path.is_file() else b""

    def _last(self) -> SignedCheckpoint | None:
        """The last checkpoint that was signed; None for a log that has just begun."""
        stored = self._lock.last()
        if stored == NOTHING:
            if self._store.length() > 1:
                raise NotContinued(f"{self._lock.path} is empty, and holds what every log signs when it begins")
            return None
        self._alone = self._checked is not None and stored.note == self._checked.raw
        if not self._alone:
            # Whoever signed it may have done so with a key that is new.
            self._checked, self._keys = self._opened(stored)
        return self._checked

    def _opened(self, stored: Stored) -> tuple[SignedCheckpoint, tuple[LogKey, ...]]:
        """A checkpoint in the lock store, with the keys that sign there by what the log says. Raises `NotContinued`."""
        try:
            keys = log_keys(self._store, stored.size)
            signed = open_checkpoint(stored.note, keys)
            self._check_vouched_for(keys)
        except (Malformed, SignatureFailed, UnknownKey, Damaged) as error:
            why = f"the checkpoint over {stored.size:,} entries in {self._lock.path} does not verify: {error}"
            raise NotContinued(why) from error
        if signed.size != stored.size:
            raise NotContinued(f"{self._lock.path} keeps a checkpoint over {signed.size} entries under {stored.size}")
        return signed, good_for(signed.size, keys)

    def _check_vouched_for(self, keys: Sequence[LogKey]) -> None:
        """Raise `NotContinued` unless what was signed vouches for these keys, as the log names them up to there."""
        public = public_keys(keys)
        if public <= self._vouched:
            return
        try:
            check_vouched_for(keys, self._store, self._lock)
        except (UnknownKey, ProofFailed) as error:
            raise NotContinued(f"{not_vouched_for(keys[1:])}: {error}") from error
        self._vouched |= public

    def _continued(self) -> int:
        """How long the log is, which continues what was signed. Raises `NotContinued`."""
        self._stand_at(self._last())
        return self._length()

    def _length(self) -> int:
        """How long the log is. Raises `NotContinued` for one that was cut off since it was looked at."""
        length, signed = self._store.length(), self._frontier.size
        if length < signed:
            raise NotContinued(f"{signed:,} entries were signed, and it has {length:,}")
        return length

    def _stand_at(self, last: SignedCheckpoint | None) -> None:
        """Have the frontier at the last checkpoint, from a log that leads to it. Raises `NotContinued`."""
        ours = self._frontier
        if last is None or last is self._taken_up:
            return
        if 0 < ours.size < last.size <= ours.size + FEW:
            ours = ours.after(self._store.pages(ours.size, last.size))
        if ours.size != last.size or ours.root() != last.root:
            ours = Frontier.of(last, self._store)
        self._frontier, self._taken_up = ours, last

    def _sign_on(self, position: int | None, written: Sequence[Entry]) -> SignedCheckpoint | None:
        """As `sign`, behind what was signed here last; None when that is not to be relied on, or somebody was faster.

        Where one alone signs, it need not look what others have: the lock store takes only what follows its last.
        """
        last = self._taken_up
        if not self._alone or last is None or position is None or position <= last.size:
            return None
        frontier = self._ahead(written)
        return self._sign_forward(last, frontier) if position <= frontier.size else None

    def _sign(self, position: int | None, written: Sequence[Entry]) -> SignedCheckpoint | None:
        """As `sign`; None when somebody else was faster, and has not signed for so many."""
        last = self._last()
        self._stand_at(last)
        if last is not None and position is not None and 1 <= position <= last.size:
            self._length()
            return last
        signed, frontier = self._frontier.size, self._ahead(written)
        if frontier.size == signed:
            self._length()
        wanted = frontier.size if position is None else position
        if not 1 <= wanted <= frontier.size:
            raise Malformed("position", wanted, f"no entry has it; the last is {frontier.size}")
        return self._sign_forward(last, frontier) if frontier.size > signed else last

    def _ahead(self, written: Sequence[Entry]) -> Frontier:
        """The frontier behind whatever is there by now, and not only what is asked for: others wait for theirs."""
        return self._frontier.after(self._store.pages(self._frontier.size, MAX_POSITION), written)

    def _sign_forward(self, last: SignedCheckpoint | None, frontier: Frontier) -> SignedCheckpoint | None:
        """Sign what the log has come to since; None when somebody else has signed something by now."""
        signing, vouched = self._keys_at(frontier)
        if not signing:
            raise NotContinued("by what it says, no key signs for it any more")
        before = NOTHING if last is None else Stored(last.size, last.raw)
        if not vouched:
            # Somebody else may have signed the handover meanwhile.
            if self._lock.last() != before:
                return None
            raise NotContinued(f"{not_vouched_for(signing)}: {NOT_HANDED_OVER}")
        checkpoint = Checkpoint(signing[0].name, frontier.size, frontier.root())
        raw = note_signed_by(checkpoint, self._signers_of(signing))
        if not self._lock.add(Stored(frontier.size, raw), before):
            return None
        self._frontier, self._keys, self._vouched = frontier, signing, vouched
        self._checked = self._taken_up = SignedCheckpoint(raw, checkpoint, signing)
        return self._checked

    def _keys_at(self, frontier: Frontier) -> tuple[tuple[LogKey, ...], frozenset[bytes]]:
        """The keys that sign there by what the log says, whose entries were read for the frontier.

        With them, all for which they vouch then: none where nobody has vouched for them.
        """
        if self._keys and frontier.keys_changed <= self._frontier.size:
            return self._keys, self._vouched
        try:
            keys = log_keys(self._store, frontier.size)
        except (Malformed, Damaged) as error:
            raise NotContinued(f"it does not say which keys sign: {error}") from error
        signing, trusted = good_for(frontier.size, keys), self._vouched or public_keys(keys[:1])
        return signing, frozenset() if trusted.isdisjoint(public_keys(signing)) else public_keys(keys)

    def _signers_of(self, keys: Sequence[LogKey]) -> list[Signer]:
        """The private keys of these. Raises `WrongKey`."""
        try:
            return [self._signers[key.public] for key in keys]
        except KeyError:
            found = [Signer.of(keys[0].name, one) for one in self._read_keys()]
            self._signers = {signer.key.public: signer for signer in found}
        missing = [key for key in keys if key.public not in self._signers]
        if missing:
            raise WrongKey(", ".join(str(one.key) for one in found), ", ".join(map(str, missing)))
        return [self._signers[key.public] for key in keys]
