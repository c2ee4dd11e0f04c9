"""What the columns of a table hold, where nobody says it: categories, counts, or other numbers."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from projections.disclosure_control.reading import Row, count_in, is_number, is_year


class Columns(NamedTuple):
    """The names of the columns by what they hold; `others` are numbers that are no counts, such as shares."""

    categories: tuple[str, ...]
    counts: tuple[str, ...]
    others: tuple[str, ...]


class _Column:
    """What a column holds, as far as it was read."""

    def __init__(self) -> None:
        self._counts = self._numbers = self._years = True
        self._shown = False

    def take(self, cell: str) -> None:
        """Take in a cell."""
        self._numbers = self._numbers and is_number(cell)
        if not self._numbers:
            return
        try:
            shown = count_in(cell) is not None
        except ValueError:
            self._counts, shown = False, True
        self._shown = self._shown or shown
        self._years = self._years and (not shown or is_year(cell))

    @property
    def kind(self) -> str:
        """In a word. Years are categories, and a column that shows nothing counts nothing."""
        if not self._numbers or (self._counts and self._years):
            return "category"
        return "count" if self._counts and self._shown else "other"


def columns(header: Sequence[str], rows: Iterable[Row]) -> Columns:
    """What each of the columns holds in these rows."""
    found = [_Column() for _ in header]
    for _, cells in rows:
        for column, cell in zip(found, cells, strict=True):
            column.take(cell)
    named = [(name, column.kind) for name, column in zip(header, found, strict=True)]
    return Columns(
        *(tuple(name for name, kind in named if kind == wanted) for wanted in ("category", "count", "other"))
    )
