"""What the tests of evidence share: a home whose log is signed, and ways to rewrite it that a dishonest operator has.

Run as a program, `python -m tests.signing HOME COUNT` reports so many data sets, one by one, as the desk takes them,
and prints for each its position and the size of the checkpoint that there is for it by then.
"""

import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from eventsourcing.dcb.api import DCBEvent

from api.desk import Circumstances, Desk
from api.signing import signing
from ledger.chain.checkpoint import SignedCheckpoint, open_checkpoint
from ledger.chain.entry import Entry
from ledger.chain.merkle import Subtree, completed_by, consistency_path, root_hash, verify_consistency
from ledger.evidence.lockstore import LockStore, Stored
from ledger.evidence.logkeys import log_key
from ledger.home import create_home, open_home, open_lock_store, open_log, store_url
from ledger.storage import Store, create_store, is_postgres, open_store
from ledger.storage.postgres.growth import tag_rows
from tests.command_line import dua_ledger
from tests.facts import data_set, fact, noon
from tests.tampering import Superuser

BY = Circumstances(actor="staff:1", via="test")
ORIGIN = "ir.example.edu/dua-ledger"


def new_home(path: Path, lock_store: str | None = None, store: str | None = None) -> Path:
    """A home with its first entry, signed."""
    create_home(path, ORIGIN, actor="staff:1", via="test", clock=noon, store=store, lock_store=lock_store)
    return path


def append(path: Path, count: int = 1) -> None:
    """Append so many entries in one go, and sign nothing."""
    with open_home(path, noon) as home:
        home.ledger.append([fact(data_set(dataset=f"D-{number}")) for number in range(count)])


def sign(path: Path) -> SignedCheckpoint:
    """Sign whatever is new."""
    with open_home(path, noon) as home:
        return home.notary.checkpoint()


def signed_home(path: Path, *sizes: int) -> Path:
    """A home that was signed at each of these sizes, and at 1."""
    new_home(path)
    for size in sizes:
        append(path, size - len(entries_of(path)))
        sign(path)
    return path


def vkey_of(path: Path) -> str:
    """The log's verifier key."""
    with open_log(path) as store:
        return str(log_key(store))


def verified(home: Path, *options: object, **environment: Any) -> tuple[int, list[str]]:
    """The exit code of a verification, and its lines that are findings."""
    told = dua_ledger("verify", *options, home=home, **environment)
    kinds = {"altered", "shorter", "unverified"}
    return told.code, [line for line in told.out.splitlines() if line.partition(":")[0] in kinds]


def entries_of(path: Path) -> list[Entry]:
    with open_log(path) as store:
        return list(store.scan())


def locked(path: Path) -> list[Stored]:
    """All that is in the lock store of a home."""
    with open_lock_store(path) as lock:
        return list(lock.all())


def assert_one_line(path: Path, lock: LockStore) -> None:
    """Every checkpoint in the lock store has the root of the log, is consistent with the one before, and is signed."""
    with open_log(path) as store:
        leaves = [entry.leaf for entry in store.scan()]
        keys = [log_key(store)]
    subtree = subtrees(leaves)
    before: SignedCheckpoint | None = None
    for stored in lock.all():
        signed = open_checkpoint(stored.note, keys)
        assert signed.size == stored.size
        assert signed.root == root_hash(leaves[: signed.size])
        if before is not None:
            proof = consistency_path(before.size, signed.size, subtree)
            verify_consistency(before.size, signed.size, proof, before.root, signed.root)
        before = signed


def subtrees(leaves: Iterable[bytes]) -> Subtree:
    """The completed subtrees over these leaves, and no others."""
    known: dict[tuple[int, int], bytes] = {}

    def subtree(level: int, index: int) -> bytes:
        return known[level, index]

    for position, leaf in enumerate(leaves, 1):
        for level, value in enumerate(completed_by(position, leaf, subtree)):
            known[level, (position >> level) - 1] = value
    return subtree


# What a dishonest operator does.


def rewrite(path: Path, change: Callable[[list[Entry]], Iterable[DCBEvent]]) -> None:
    """Put another log in the place of a home's, with chain, tree and index as if it had always been so."""
    entries = entries_of(path)
    draft = path / "draft.db"
    create_store(f"sqlite:///{draft}")
    with open_store(f"sqlite:///{draft}", lambda: entries[0].recorded_at) as store:
        store.append_entries(list(change(entries)))
        url = store_url(path)
        if is_postgres(url):
            _fill(Superuser(path, url), store)
    for old in path.glob("log.db*"):
        old.unlink()
    for new in path.glob("draft.db*"):
        new.unlink() if is_postgres(url) else new.rename(path / new.name.replace("draft", "log"))


def _fill(superuser: Superuser, draft: Store) -> None:
    """Have a database hold what another store does."""
    with superuser.database("log.db") as shell:
        shell.execute("DELETE FROM entries")
        shell.executemany("INSERT INTO entries VALUES (?, ?, ?)", [*draft.rows(0, draft.length())])
        superuser.index(shell, tag_rows(draft.scan()))


def as_events(entries: Iterable[Entry]) -> Iterator[DCBEvent]:
    for entry in entries:
        yield DCBEvent(entry.header.type, entry.payload, list(entry.header.tags))


def cut(path: Path, size: int) -> None:
    """Leave only the first entries."""
    rewrite(path, lambda entries: as_events(entries[:size]))


def with_altered(position: int) -> Callable[[list[Entry]], Iterator[DCBEvent]]:
    """The same entries, but that one registers a data set of another kind."""

    def change(entries: list[Entry]) -> Iterator[DCBEvent]:
        for event, entry in zip(as_events(entries), entries, strict=True):
            data = (
                event.data.replace(b'"person-course"', b'"tracking-log"') if entry.position == position else event.data
            )
            assert entry.position != position or data != event.data
            yield DCBEvent(event.type, data, event.tags)

    return change


@contextmanager
def copied(path: Path, *names: str) -> Iterator[None]:
    """Keep copies of parts of a home, and put them back when the block ends: last night's backup."""
    kept = path.with_name("backup")
    for name in names:
        place = kept / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(path / name, place) if (path / name).is_dir() else shutil.copy(path / name, place)
    yield
    for name in names:
        if (path / name).is_dir():
            shutil.rmtree(path / name)
            shutil.copytree(kept / name, path / name)
        else:
            for part in path.glob(f"{name}-[ws]*"):
                part.unlink()
            shutil.copy(kept / name, path / name)


def main(path: Path, count: int) -> None:
    with open_home(path, noon) as home:
        desk = Desk(home.ledger, noon, signing(home.notary, home.notary.publish))
        for number in range(count):
            outcome = desk.report(data_set(dataset=f"D-{os.getpid()}-{number}"), BY)
            assert not outcome.warnings, outcome.warnings
            position = outcome.entries[-1].position
            os.write(1, b"%d %d\n" % (position, locked(path)[-1].size))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
