"""Taking all that custody keeps from one place to another, as it is: wrapped, and encrypted.

Of an attempt that was cut off, what is there already is brought up to date: what was erased since goes from there, too.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import NamedTuple

from ledger.custody.erasable import ErasableDatabase, Layout, erasable_at
from ledger.custody.keystore import LAYOUT as KEYS
from ledger.custody.places import Places, made_documents, opened_documents
from ledger.custody.vault import LAYOUT as VAULT
from ledger.custody.vault import Vault
from ledger.errors import AlreadyThere, Damaged, Missing
from ledger.sqlite import LOCK_SECONDS
from ledger.storage.tables import ErasableTables, Row

_AT_ONCE = 256


class _Table(NamedTuple):
    """A table: its columns, the first of which tells rows apart, and which of them hold text."""

    name: str
    columns: tuple[str, ...]
    texts: tuple[str, ...]


_KEYS = (
    _Table("subject_keys", ("subject", "wrapped"), ("subject",)),
    _Table("salts", ("commitment", "subject", "purpose", "created_at", "mark", "wrapped"), ("subject", "purpose")),
    _Table("secrets", ("name", "wrapped"), ("name",)),
)
_SEALED = _Table(
    "sealed", ("commitment", "subject", "purpose", "created_at", "document", "box"), ("subject", "purpose")
)


def copy_custody(source: Places, target: Places, *, is_begun: bool) -> None:
    """Have custody at `target` keep what that at `source` does, and nothing else. What is in both stays where it is.

    Nobody may change either meanwhile. Unless it `is_begun`, nothing is at `target` yet. Raises `AlreadyThere` where
    something of another office is, and what opening the places raises.
    """
    if target.keys != source.keys:
        with _both(source.keys, target.keys, KEYS) as (one, other):
            _copy_opener(one, other, is_begun=is_begun)
            for table in _KEYS:
                _copy_rows(_Rows(one, table), _Rows(other, table))
            other.purge()
    if target.vault != source.vault:
        with _both(source.vault, target.vault, VAULT) as (one, other):
            if not is_begun and next(_Rows(other, _SEALED).pages(), None):
                raise AlreadyThere(other.path, "has a vault in it already")
            _copy_rows(_Rows(one, _SEALED), _Rows(other, _SEALED))
        _copy_documents(source, target)


@contextmanager
def _both(source: Path | str, target: Path | str, layout: Layout) -> Iterator[tuple[ErasableTables, ErasableTables]]:
    with ExitStack() as opened:
        one = opened.enter_context(closing(erasable_at(source, layout, LOCK_SECONDS)))
        if isinstance(target, Path):
            ErasableDatabase.create(target, layout, LOCK_SECONDS).close()
        yield one, opened.enter_context(closing(erasable_at(target, layout, LOCK_SECONDS)))


def _copy_opener(source: ErasableTables, target: ErasableTables, *, is_begun: bool) -> None:
    """Copy what says by which key-encryption key the rest is opened, the same each time that it is wrapped."""
    with source.reading() as statements:
        (opener,) = statements.execute("SELECT wrapped FROM opened_by").fetchall()
    with target.writing() as statements:
        there = statements.execute("SELECT wrapped FROM opened_by").fetchall()
        if there and (there != [opener] or not is_begun):
            raise AlreadyThere(target.path, "has a key store in it already")
        if not there:
            statements.execute("INSERT INTO opened_by VALUES (?)", opener)


class _Rows:
    """The rows of one table, which are read and written in ranges."""

    def __init__(self, tables: ErasableTables, table: _Table) -> None:
        self._tables, self._table = tables, table
        self._key = table.columns[0]

    def pages(self) -> Iterator[Sequence[Row]]:
        """All rows in the order of their keys."""
        after: object = "" if self._key in self._table.texts else b""
        query = f"{self._select} WHERE {self._key} > ? ORDER BY {self._key} LIMIT ?"
        while True:
            with self._tables.reading() as statements:
                page = [self._read(row) for row in statements.execute(query, (after, _AT_ONCE)).fetchall()]
            if not page:
                return
            yield page
            after = page[-1][0]

    def at(self, keys: Sequence[object]) -> list[Row | None]:
        """The row with each of these keys."""
        found = self._tables.first_of_each(f"{self._select} WHERE {self._key} = ?", [(key,) for key in keys])
        return [row and self._read(row) for row in found]

    def replace(self, gone: Sequence[object], come: Sequence[Row]) -> None:
        """Remove the rows with some keys, and add others."""
        with self._tables.writing() as statements:
            if gone:
                doomed = [(key,) for key in gone]
                statements.executemany(f"DELETE FROM {self._table.name} WHERE {self._key} = ?", doomed)
            if come:
                values = ", ".join("?" * len(self._table.columns))
                columns = ", ".join(self._table.columns)
                statements.executemany(f"INSERT INTO {self._table.name} ({columns}) VALUES ({values})", come)

    @property
    def _select(self) -> str:
        return f"SELECT {', '.join(self._table.columns)} FROM {self._table.name}"

    def _read(self, row: Row) -> Row:
        try:
            return tuple(
                value.decode() if column in self._table.texts else value
                for column, value in zip(self._table.columns, row, strict=True)
            )
        except (AttributeError, UnicodeDecodeError) as error:
            raise Damaged(self._tables.path, f"{self._table.name}: holds text that is none") from error


def _copy_rows(source: _Rows, target: _Rows) -> None:
    """Have a table hold the rows of another, and no others."""
    for page in source.pages():
        keys = [row[0] for row in page]
        pairs = [*zip(page, target.at(keys), strict=True)]
        target.replace(
            [row[0] for row, there in pairs if there and there != row], [row for row, there in pairs if there != row]
        )
    for page in target.pages():
        keys = [row[0] for row in page]
        gone = [key for key, there in zip(keys, source.at(keys), strict=True) if there is None]
        if gone:
            target.replace(gone, [])


def _copy_documents(source: Places, target: Places) -> None:
    with ExitStack() as opened:
        wanted = opened.enter_context(closing(Vault.open(target.vault))).documents()
        one = opened.enter_context(closing(opened_documents(source.documents)))
        place = made_documents if isinstance(target.documents, Path) else opened_documents
        other = opened.enter_context(closing(place(target.documents)))
        have = other.addresses()
        for address in sorted(have - wanted):
            other.remove(address)
        for address in sorted(wanted - have):
            try:
                box = one.read(f"document {address.hex()}", address)
            except Missing:
                # Whether anybody committed to it is for a verification to say.
                continue
            other.write(address, box)
