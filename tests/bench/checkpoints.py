"""What checkpoints cost: one for every append or every batch, beside the append alone; and proofs in a large log."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from eventsourcing.dcb.api import DCBEvent

from api.beside import Beside
from ledger.chain.merkle import inclusion_path
from ledger.chain.note import verifier_key
from ledger.codec import Codec, Fact
from ledger.events import LedgerOpened
from ledger.evidence.lockstore import LockStore
from ledger.evidence.notary import Notary
from ledger.storage import Store, open_store
from tests.bench.engines import ORIGIN, Engine
from tests.bench.measure import Figure, Ratio, compared, in_turns
from tests.bench.workload import NOW, Office


@contextmanager
def signed_store(at: Engine, name: str) -> Iterator[tuple[Store, Notary]]:
    """A new store whose first entry names a key, and a notary that signs with it."""
    with at.ledger(name) as url, open_store(url) as store:
        key = Ed25519PrivateKey.generate()
        vkey = verifier_key(ORIGIN, key.public_key().public_bytes_raw())
        opened = Fact(event=LedgerOpened(origin=ORIGIN, log_key=vkey), actor="staff:1", via="bench")
        store.append_entries([DCBEvent(opened.event.wire_type(), Codec().encode(opened, bytes(16), NOW), [])])
        place = at.folder / f"{name}-checkpoint"
        with Notary(open_store(url), LockStore(at.lock_store(url)), lambda: [key], place) as notary:
            notary.checkpoint()
            yield store, notary


def checkpoint_each(at: Engine) -> Figure:
    """A checkpoint for every single append, against the append alone."""
    rounds, calls = 40, 25
    # Made before, so that only what is appended and signed takes time.
    mine, theirs = (iter([office.events(1) for _ in range(rounds * calls)]) for office in (Office(), Office()))
    with signed_store(at, "signed") as (signed, notary), signed_store(at, "alone") as (alone, _):

        def append_and_sign() -> None:
            written = signed.append_entries(next(mine))
            notary.sign(written[-1].position, written)

        ratio = in_turns(append_and_sign, lambda: alone.append_entries(next(theirs)), rounds, calls)
    return figure("append with a checkpoint / alone", 1 / ratio.ratio, "<= 2.3", ratio, "alone")


def checkpoint_batches(at: Engine, count: int) -> Figure:
    """Batches of 256, one after another, until all of them are signed by whom an import has beside it; and alone."""
    batches = [Office().events(256) for _ in range(count // 10)] * 10
    with at.home("signed-batches") as signed, at.home("batches") as alone:

        def append_and_sign() -> None:
            with Beside(signed) as beside:
                for events in batches:
                    beside.appended(signed.ledger.store.append_entries(events))
                assert not beside.signed()

        def append() -> None:
            for events in batches:
                alone.ledger.store.append_entries(events)

        ratio = in_turns(append_and_sign, append, rounds=5)
    return figure(f"{count} batches of 256 with checkpoints / alone", 1 / ratio.ratio, "<= 1.03", ratio, "alone")


def proofs(large: Store) -> Figure:
    """Inclusion proofs of entries anywhere in a large log, in milliseconds, beside reading an entry."""
    size, chance = large.head().position, random.Random(1)

    def prove() -> None:
        large.of_subtrees(partial(inclusion_path, chance.randrange(size), size))

    ratio = in_turns(
        prove,
        lambda: large.entry(chance.randrange(1, size + 1)),
        rounds=20,
        calls=50,
    )
    return figure(f"milliseconds for a proof in {size:,}", ratio.ours.median * 1e3, "< 5", ratio, "reading an entry")


def figure(what: str, number: float, promised: str, ratio: Ratio, other: str) -> Figure:
    """A line of the table."""
    # The table is made by the program that imports this.
    return Figure(what, number, promised, compared(ratio, other))
