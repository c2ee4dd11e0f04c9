"""The rows of one table of custody, read and written in ranges."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple

from ledger.errors import Damaged
from ledger.storage.tables import ErasableTables, Row, Statements

# How many rows are read in one transaction: writers wait that long at most.
AT_ONCE = 256


class ErasableRows(NamedTuple):
    """A table: its name, its columns, the first of which tells rows apart, and which of them hold text."""

    table: str
    columns: tuple[str, ...]
    texts: tuple[str, ...]

    def pages(self, reading: Callable[[], AbstractContextManager[Statements]]) -> Iterator[Sequence[Row]]:
        """All rows in the order of their keys; each range is read on its own. Raises `Damaged`."""
        after: object = "" if self.columns[0] in self.texts else b""
        query = f"{self._select} WHERE {self.columns[0]} > ? ORDER BY {self.columns[0]} LIMIT ?"
        while True:
            with reading() as statements:
                page = [self._read(row) for row in statements.execute(query, (after, AT_ONCE)).fetchall()]
            if not page:
                return
            yield page
            after = page[-1][0]

    def at(self, tables: ErasableTables, keys: Sequence[object]) -> list[Row | None]:
        """The row with each of these keys. Raises `Damaged`."""
        found = tables.first_of_each(f"{self._select} WHERE {self.columns[0]} = ?", [(key,) for key in keys])
        return [row and self._read(row) for row in found]

    def remove(self, statements: Statements, keys: Sequence[object]) -> None:
        """Remove the rows with these keys."""
        if keys:
            statements.executemany(f"DELETE FROM {self.table} WHERE {self.columns[0]} = ?", [(key,) for key in keys])

    def add(self, statements: Statements, rows: Sequence[Row]) -> None:
        """Add these rows."""
        if rows:
            values = ", ".join("?" * len(self.columns))
            statements.executemany(f"INSERT INTO {self.table} ({', '.join(self.columns)}) VALUES ({values})", rows)

    @property
    def _select(self) -> str:
        return f"SELECT {', '.join(self.columns)} FROM {self.table}"

    def _read(self, row: Row) -> Row:
        try:
            return tuple(
                value.decode() if column in self.texts else value
                for column, value in zip(self.columns, row, strict=True)
            )
        except (AttributeError, UnicodeDecodeError) as error:
            raise Damaged(self.table, "holds text that is none") from error
