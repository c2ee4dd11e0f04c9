"""What checkpoints cost: one for every append or every batch, beside the append alone; and proofs in a large log."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from eventsourcing.dcb.api import DCBEvent

from api.beside import Beside
from ledger.chain.merkle import inclusion_path
from ledger.chain.note import verifier_key
from ledger.codec import Codec, Fact
from ledger.events import LedgerOpened
from ledger.evidence.lockstore import LockStore, create_lock_store
from ledger.evidence.notary import Notary
from ledger.home import Home, create_home, open_home
from ledger.storage import Store, create_store, open_store
from tests.bench.measure import Figure, Ratio, compared, in_turns
from tests.bench.workload import NOW, Office

ORIGIN = "ir.example.edu/dua-ledger"


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


def checkpoint_each(folder: Path) -> Figure:
    """A checkpoint for every single append, against the append alone."""
    rounds, calls = 40, 25
    signed, notary = signed_store(folder, "signed")
    alone, _ = signed_store(folder, "alone")
    # Made before, so that only what is appended and signed takes time.
    mine, theirs = (iter([office.events(1) for _ in range(rounds * calls)]) for office in (Office(), Office()))

    def append_and_sign() -> None:
        written = signed.append_entries(next(mine))
        notary.sign(written[-1].position, written)

    ratio = in_turns(append_and_sign, lambda: alone.append_entries(next(theirs)), rounds, calls)
    return figure("append with a checkpoint / alone", 1 / ratio.ratio, "<= 2.3", ratio, "alone")


def checkpoint_batches(folder: Path) -> Figure:
    """Batches of 256, one after another, until all of them are signed by whom an import has beside it; and alone."""
    batches = [Office().events(256) for _ in range(40)] * 10
    with new_home(folder / "signed-batches") as signed, new_home(folder / "batches") as alone:

        def append_and_sign() -> None:
            with Beside(signed) as beside:
                for events in batches:
                    beside.appended(signed.ledger.store.append_entries(events))
                assert not beside.signed()

        def append() -> None:
            for events in batches:
                alone.ledger.store.append_entries(events)

        ratio = in_turns(append_and_sign, append, rounds=5)
    return figure("400 batches of 256 with checkpoints / alone", 1 / ratio.ratio, "<= 1.03", ratio, "alone")


@contextmanager
def new_home(path: Path) -> Iterator[Home]:
    """A new home, open."""
    create_home(path, ORIGIN, actor="staff:1", via="bench")
    with open_home(path) as home:
        yield home


def proofs(large: Store) -> Figure:
    """Inclusion proofs of entries anywhere in a large log, in milliseconds, beside reading an entry."""
    size, chance = large.head().position, random.Random(1)
    ratio = in_turns(
        lambda: inclusion_path(chance.randrange(size), size, large.subtree),
        lambda: large.entry(chance.randrange(1, size + 1)),
        rounds=20,
        calls=50,
    )
    return figure(f"milliseconds for a proof in {size:,}", ratio.ours.median * 1e3, "< 5", ratio, "reading an entry")


def figure(what: str, number: float, promised: str, ratio: Ratio, other: str) -> Figure:
    """A line of the table."""
    # The table is made by the program that imports this.
    return Figure(what, number, promised, compared(ratio, other))
