"""The cells of an aggregated table: which counts stand where, and which are too small.

A cell is found by its categories, one of each dimension. A category such as *total* stands for all others of its
dimension, so that a line, which is all cells that differ in one dimension alone, adds up to its total.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from projections.disclosure_control.finding import Finding
from projections.disclosure_control.reading import Row, Source, count_in, most_in, unfit

TOTALS = frozenset({"total", "totals", "grand total", "sum", "all", "overall"})
# The same in other languages: German, French, Spanish and Portuguese, Italian, Dutch.
TOTALS |= {"gesamt", "gesamtsumme", "insgesamt", "summe", "alle", "somme", "ensemble", "tous", "suma", "soma", "todos"}
TOTALS |= {"totale", "totali", "tutti", "totaal", "som"}
# The dimension of a table with several columns of counts.
COLUMNS = "column"

Key = tuple[str, ...]


class Cell(NamedTuple):
    """A count, None where it is hidden, with the row and the column in which it stands.

    `most` is what a hidden one counts at most, where its mark says so, as <5 does.
    """

    row: int
    column: str
    value: int | None
    most: int | None = None


class Cells(NamedTuple):
    """Cells by their categories, one of each of the dimensions."""

    dimensions: tuple[str, ...]
    at: dict[Key, Cell]
    totals: frozenset[str] = TOTALS
    # The dimension, by its place, and the category of what its numbers show to be a total, whatever it is called.
    shown_totals: frozenset[tuple[int, str]] = frozenset()

    def is_total(self, place: int, category: str) -> bool:
        """Whether a category of the dimension at this place stands for all of it."""
        return category.strip().casefold() in self.totals or (place, category) in self.shown_totals

    @property
    def total_labels(self) -> tuple[str, ...]:
        """The categories that are taken for totals."""
        of = (category for key in self.at for place, category in enumerate(key) if self.is_total(place, category))
        return tuple(dict.fromkeys(of))

    @property
    def has_hidden(self) -> bool:
        """Whether any count is hidden."""
        return any(cell.value is None for cell in self.at.values())

    def where(self, key: Key) -> tuple[tuple[str, str], ...]:
        """The categories with their dimensions."""
        return tuple(zip(self.dimensions, key, strict=True))


def counted_in(
    source: Source, header: Sequence[str], by: Sequence[str], counts: Sequence[str], rows: Iterable[Row]
) -> Cells:
    """Cells as the columns of counts have them. Raises `Malformed` for what is no count, and for a cell given twice."""
    places, several = [header.index(name) for name in by], len(counts) > 1
    columns = [(name, header.index(name)) for name in counts]
    at: dict[Key, Cell] = {}
    for number, cells in rows:
        categories = tuple(cells[place].strip() for place in places)
        for name, place in columns:
            key = (*categories, name) if several else categories
            if key in at:
                where = f"row {at[key].row}, {', '.join(key) or 'none'}"
                why = f"has the categories of {where}: say by which columns the table counts"
                raise unfit(source, number, name, why)
            at[key] = Cell(number, name, _value(source, number, name, cells[place]), most_in(cells[place]))
    return Cells((*by, COLUMNS) if several else tuple(by), at)


def tallied(header: Sequence[str], by: Sequence[str], rows: Iterable[Row]) -> Cells:
    """Cells that count rows: those that have the same categories. Each stands where the first of them does."""
    places = [header.index(name) for name in by]
    found: dict[Key, list[int]] = {}
    for number, cells in rows:
        found.setdefault(tuple(cells[place].strip() for place in places), [number, 0])[1] += 1
    column = ", ".join(by)
    return Cells(tuple(by), {key: Cell(first, column, count) for key, (first, count) in found.items()})


def small_cells(cells: Cells, smallest: int) -> Iterator[Finding]:
    """Cells that count somebody, and fewer than policy has it. An empty cell counts nobody."""
    for key, cell in cells.at.items():
        if cell.value is not None and 0 < cell.value < smallest:
            why = f"counts {cell.value}, and policy has it that a cell counts {smallest} or more"
            yield Finding("small cell", cell.row, cell.column, cells.where(key), cell.value, why)


def _value(source: Source, number: int, column: str, cell: str) -> int | None:
    try:
        return count_in(cell)
    except ValueError as error:
        why = f"is no count, nor the mark of a hidden one such as * or <5: {cell.strip()!a}"
        raise unfit(source, number, column, why) from error
