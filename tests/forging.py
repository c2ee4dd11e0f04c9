"""Whoever knows how the chain is made: entries written anew, with as many hashes right as are asked for."""

from typing import Any

from ledger.chain.entry import parse_entry
from ledger.chain.merkle import completed_by
from ledger.storage.postgres.growth import tag_rows
from tests.tampering import Operator


class Forger:
    """Rewrites entries of a log, and makes as many of the hashes right again as are asked for."""

    def __init__(self, home: Operator, connection: Any) -> None:
        self.home, self.connection = home, connection
        self.raw: dict[int, bytes] = dict(connection.execute("SELECT position, entry FROM entries"))
        self.tree: dict[int, bytes] = dict(connection.execute("SELECT position, tree FROM entries"))

    def position_of(self, part: bytes) -> int:
        return next(position for position, raw in self.raw.items() if part in raw)

    def subtree(self, level: int, index: int) -> bytes:
        return self.tree[(index + 1) << level][32 * level :][:32]

    def rewrite(self, position: int, old: bytes, new: bytes) -> None:
        """Change an entry's bytes, its leaf, and what else its own row holds."""
        assert old in self.raw[position]
        self.raw[position] = self.raw[position].replace(old, new)
        self.rehash(position)

    def relink(self, position: int) -> None:
        """Name the leaf of the entry before in this one, and make its own row right again."""
        header = parse_entry(self.raw[position]).header
        self.rewrite(position, header.prev.encode(), self.tree[position - 1][:32].hex().encode())

    def rehash(self, position: int) -> None:
        leaf = parse_entry(self.raw[position]).leaf
        self.tree[position] = b"".join(completed_by(position, leaf, self.subtree))

    def save(self) -> None:
        rows = [(self.tree[position], self.raw[position], position) for position in self.raw]
        self.connection.executemany("UPDATE entries SET tree = ?, entry = ? WHERE position = ?", rows)
        (last,) = self.connection.execute("SELECT MAX(position) FROM entries").fetchone()
        indexed = [parse_entry(self.raw[position]) for position in range(1, self.home.indexed(last) + 1)]
        self.home.index(self.connection, tag_rows(indexed))
