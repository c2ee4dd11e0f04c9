"""What checkpoints cost: one for every append or every batch, beside the append alone; and proofs in a large log."""

import random
from pathlib import Path
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from eventsourcing.dcb.api import DCBEvent

from ledger.chain.merkle import inclusion_path
from ledger.chain.note import verifier_key
from ledger.codec import Codec, Fact
from ledger.events import LedgerOpened
from ledger.evidence.lockstore import LockStore, create_lock_store
from ledger.evidence.notary import Notary
from ledger.storage import Store, create_store, open_store
from tests.bench.measure import Ratio, in_turns
from tests.bench.workload import NOW, Office

ORIGIN = "ir.example.edu/dua-ledger"


class Cost(NamedTuple):
    """How many times as long it takes with a checkpoint, and how often it was measured."""

    times: float
    ratio: Ratio


def signed_store(folder: Path, name: str) -> tuple[Store, Notary]:
    """A new store whose first entry names a key, and a notary that signs with it."""
    url, lock = f"sqlite:///{folder / name}.db", f"sqlite:///{folder / name}-lock.db"
    create_store(url)
    create_lock_store(lock)
    key = Ed25519PrivateKey.generate()
    vkey = verifier_key(ORIGIN, key.public_key().public_bytes_raw())
    store = open_store(url)
    opened = Fact(event=LedgerOpened(origin=ORIGIN, log_key=vkey), actor="staff:1", via="bench")
    store.append_entries([DCBEvent(opened.event.wire_type(), Codec().encode(opened, bytes(16), NOW), [])])
    notary = Notary(open_store(url), LockStore(lock), lambda: [key], folder / f"{name}-checkpoint")
    notary.checkpoint()
    return store, notary


def appending(folder: Path, batch: int, rounds: int, calls: int) -> Cost:
    """Appends of `batch` events, each followed by a checkpoint, against the same appends alone."""
    signed, notary = signed_store(folder, f"signed-{batch}")
    alone, _ = signed_store(folder, f"alone-{batch}")
    mine = iter([Office().events(batch) for _ in range(rounds * calls)])
    theirs = iter([Office().events(batch) for _ in range(rounds * calls)])

    def append_and_sign() -> None:
        notary.checkpoint(signed.append_entries(next(mine))[-1].position)

    ratio = in_turns(append_and_sign, lambda: alone.append_entries(next(theirs)), rounds, calls)
    return Cost(1 / ratio.ratio, ratio)


def proving(store: Store) -> Ratio:
    """Inclusion proofs of entries anywhere in a log, against reading the entry alone."""
    size, chance = store.head().position, random.Random(1)
    return in_turns(
        lambda: inclusion_path(chance.randrange(size), size, store.subtree),
        lambda: store.entry(chance.randrange(1, size + 1)),
        rounds=20,
        calls=50,
    )
