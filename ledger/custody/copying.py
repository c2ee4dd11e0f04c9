"""Taking all that custody keeps from one place to another, as it is: wrapped, and encrypted.

Of an attempt that was cut off, what is there already is brought up to date: what was erased since goes from there, too.
"""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from ledger.custody.erasable import ErasableDatabase, Layout, erasable_at
from ledger.custody.keystore import WRAPPED
from ledger.custody.layouts import KEY_STORE, SEALED, VAULT
from ledger.custody.places import Places, made_documents, opened_documents
from ledger.custody.rows import ErasableRows
from ledger.custody.vault import Vault
from ledger.errors import AlreadyThere, Missing
from ledger.sqlite import LOCK_SECONDS
from ledger.storage.tables import ErasableTables


def copy_custody(source: Places, target: Places, *, is_begun: bool) -> None:
    """Have custody at `target` keep what that at `source` does, and nothing else. What is in both stays where it is.

    Nobody may change either meanwhile. Unless it `is_begun`, nothing is at `target` yet. Raises `AlreadyThere` where
    something of another office is, and what opening the places raises.
    """
    if target.keys != source.keys:
        with _both(source.keys, target.keys, KEY_STORE) as (one, other):
            _copy_opener(one, other, is_begun=is_begun)
            for rows in WRAPPED:
                _copy_rows(rows, one, other)
            other.purge()
    if target.vault != source.vault:
        with _both(source.vault, target.vault, VAULT) as (one, other):
            if not is_begun and next(SEALED.pages(other.reading), None):
                raise AlreadyThere(other.path, "has a vault in it already")
            _copy_rows(SEALED, one, other)
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


def _copy_rows(rows: ErasableRows, source: ErasableTables, target: ErasableTables) -> None:
    """Have a table hold the rows that it has at another place, and no others."""
    for page in rows.pages(source.reading):
        there = rows.at(target, [row[0] for row in page])
        with target.writing() as statements:
            pairs = [*zip(page, there, strict=True)]
            rows.remove(statements, [row[0] for row, other in pairs if other not in (None, row)])
            rows.add(statements, [row for row, other in pairs if other != row])
    for page in rows.pages(target.reading):
        keys = [row[0] for row in page]
        gone = [key for key, row in zip(keys, rows.at(source, keys), strict=True) if row is None]
        with target.writing() as statements:
            rows.remove(statements, gone)


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
