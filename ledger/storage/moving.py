"""Taking a log from one store to another, byte for byte.

The other store makes its tree and its index anew from the entries, so equal roots say that all of them have arrived,
and that the first store's tree was theirs. What was cut off goes on where it ended.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from ledger.chain.entry import Entry, parse_entry
from ledger.chain.merkle import root_of
from ledger.errors import AlreadyThere, Damaged, Malformed
from ledger.storage import Store, create_store, is_postgres, open_store, sqlite_path, utc_now, without_password
from ledger.storage.connections import Transaction
from ledger.storage.growing import continued
from ledger.storage.sqlite import ADD_ENTRY, SQLiteStore

if TYPE_CHECKING:
    from ledger.storage.postgres import PostgresStore

AT_ONCE = 5000


class Moved(NamedTuple):
    """How many entries were taken over just now, how many there are, and the root of both logs."""

    copied: int
    size: int
    root: bytes


class SQLiteTarget(SQLiteStore):
    """A store on SQLite that takes in what another has written."""

    def append_written(self, entries: Sequence[Entry]) -> None:
        """Add these entries behind the last one, as they are. Raises `Damaged` unless they continue the log."""
        turn: AbstractContextManager[None] = self._turn or nullcontext()
        with turn, self._connections.borrowed() as connection:
            with Transaction(connection):
                tip = self._tip_in(connection)
                trees, tip = continued(tip, entries, self.subtree)
                rows = [(entry.position, tree, entry.raw) for entry, tree in zip(entries, trees, strict=True)]
                connection.executemany(ADD_ENTRY, rows)
                self._index.add_rows(connection, entries)
            self._tip = tip
            self._index.remember(entries)
        self.wake()


def copy_log(source_url: str, target_url: str, progress: Callable[[int, Iterator[Entry]], Iterator[Entry]]) -> Moved:
    """Copy what the log at one URL holds now to the store at another, which is empty or holds the beginning of it.

    `progress` is told how many entries there are to copy, and passes them on. Raises `AlreadyThere` when another log is
    there, and `Damaged` for a log that was altered.
    """
    with open_store(source_url) as source, _made(target_url) as target:
        size, before = source.length(), target.head()
        if before.position and _leaf_at(source, before.position) != before.leaf:
            raise AlreadyThere(without_password(target_url), "holds another log, or a longer one")
        entries = progress(size - before.position, _entries(source, before.position, size))
        while batch := [*islice(entries, AT_ONCE)]:
            target.append_written(batch)
        roots = [root_of(size, store.subtree) for store in (source, target)]
        if target.length() != size or roots[0] != roots[1]:
            raise Damaged(without_password(target_url), "its root is not that of the log that it was copied from")
        return Moved(size - before.position, size, roots[0])


def _made(url: str) -> "SQLiteTarget | PostgresStore":
    """The store to copy to, made if it is a file that is not there: so look first that there is something to copy."""
    if is_postgres(url):
        from ledger.storage.postgres import PostgresStore

        return PostgresStore.at(url, utc_now)
    path = sqlite_path(url)
    if path is None:
        raise Malformed("store URL", url, "is in memory, where nothing stays")
    create_store(url)
    return SQLiteTarget.in_file(path, utc_now)


def _leaf_at(store: Store, position: int) -> bytes | None:
    entry = store.entry(position)
    return None if entry is None else entry.leaf


def _entries(store: Store, after: int, until: int) -> Iterator[Entry]:
    """The entries as they are kept, each read as strictly as by a verification."""
    for position, _, raw in store.rows(after, until):
        try:
            yield parse_entry(raw)
        except Malformed as error:
            raise Damaged("log", f"the entry at position {position} cannot be copied: {error}") from error
