"""What both stores say of one commitment: whose it is, what for, since when."""

from collections.abc import Collection, Iterable

import msgspec

from ledger.custody.commitment import SALT_BYTES, member_of
from ledger.errors import Damaged
from ledger.storage.tables import Tables

COMMITMENT_BYTES = SALT_BYTES
_YEAR_10000 = 253_402_300_800


class Label(msgspec.Struct, frozen=True):
    """The part of a row that key store and vault have in common; `created_at` is in whole Unix seconds."""

    commitment: bytes
    subject: str
    purpose: str
    created_at: int

    def bound(self) -> tuple[bytes, ...]:
        """The label as associated data: what is encrypted with it opens with no other."""
        return self.commitment, self.subject.encode(), self.purpose.encode(), b"%d" % self.created_at


def read_label(commitment: object, subject: object, purpose: object, created_at: object) -> Label:
    """The label in four columns. Raises `ValueError` when they cannot have been written so."""
    match commitment, subject, purpose, created_at:
        case bytes(), bytes(), bytes(), int() if len(commitment) == COMMITMENT_BYTES and 0 <= created_at < _YEAR_10000:
            return Label(commitment, subject.decode(), purpose.decode(), created_at)
    raise ValueError("a column holds another kind of value")


def labels_in(tables: Tables, table: str, after: bytes, limit: int) -> list[Label]:
    """The next labels in a table, in the order of their commitments.

    Raises `Damaged` for a row that nobody wrote so.
    """
    query = f"""
        SELECT commitment, subject, purpose, created_at FROM {table} WHERE commitment > ? ORDER BY commitment LIMIT ?
    """
    with tables.reading() as statements:
        rows = statements.execute(query, (after, limit)).fetchall()
    try:
        return _read_labels(rows, after)
    except ValueError as error:
        raise Damaged(tables.path, f"{table}: {error}") from error


def _read_labels(rows: Iterable[tuple[object, ...]], after: bytes) -> list[Label]:
    """The labels in these rows. Raises `ValueError` for one that cannot have been written so.

    Their commitments must go up from `after`: in a file that was altered, rows can lead around in a circle.
    """
    labels = []
    for row in rows:
        label = read_label(*row)
        if label.commitment <= after:
            raise ValueError("its rows are out of order")
        after = label.commitment
        labels.append(label)
    return labels


def chosen(rows: Iterable[tuple[object, bytes]], members: Collection[str] | None) -> list[object]:
    """The commitments, among rows of (commitment, purpose), that are for one of these members; for None all of them.

    It reads what may have been altered: a purpose that is no UTF-8 is for no member.
    """
    return [
        commitment
        for commitment, purpose in rows
        if members is None or member_of(purpose.decode(errors="replace")) in members
    ]
