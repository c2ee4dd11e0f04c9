"""The cells of an aggregated table: which counts stand where, which are too small, and which can be worked out.

A cell is found by its categories, one of each dimension. A category such as *total* stands for all others of its
dimension, so that a line, which is all cells that differ in one dimension alone, adds up to its total.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from projections.disclosure_control.finding import Finding
from projections.disclosure_control.reading import Row, Source, count_in, unfit

TOTALS = frozenset({"total", "totals", "grand total", "sum", "all", "overall"})
# The dimension of a table with several columns of counts.
COLUMNS = "column"

Key = tuple[str, ...]


class Cell(NamedTuple):
    """A count, None where it is hidden, with the row and the column in which it stands."""

    row: int
    column: str
    value: int | None


class Cells(NamedTuple):
    """Cells by their categories, one of each of the dimensions."""

    dimensions: tuple[str, ...]
    at: dict[Key, Cell]

    def where(self, key: Key) -> tuple[tuple[str, str], ...]:
        """The categories with their dimensions."""
        return tuple(zip(self.dimensions, key, strict=True))


def is_total(category: str) -> bool:
    """Whether a category stands for all of its dimension."""
    return category.strip().casefold() in TOTALS


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
            at[key] = Cell(number, name, _value(source, number, name, cells[place]))
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


def worked_out(cells: Cells, smallest: int) -> Iterator[Finding]:
    """What totals tell of cells that are hidden, and of those that are left out."""
    lines = list(_lines(cells))
    known = {key: cell.value for key, cell in cells.at.items() if cell.value is not None}
    before = -1
    while before < len(known):
        before = len(known)
        for total, parts in lines:
            found = _told(total, parts, known)
            if found is None:
                continue
            key, value = found
            known[key] = value
            if 0 < value < smallest:
                cell, by = cells.at[key], cells.at[total]
                how = "its cells add up to" if key == total else f"of the total in row {by.row} the others leave"
                why = f"is hidden, and can be worked out: {how} {value}"
                yield Finding("hidden cell", cell.row, cell.column, cells.where(key), value, why)
    for total, parts in lines:
        yield from _rest(cells, total, parts, known, smallest)


def _rest(cells: Cells, total: Key, parts: Sequence[Key], known: Mapping[Key, int], smallest: int) -> Iterator[Finding]:
    """What a total leaves for the cells that stay hidden, or for what the table does not list."""
    if total not in known:
        return
    rest = known[total] - sum(known.get(part, 0) for part in parts)
    if not 0 < rest < smallest:
        return
    hidden = [cells.at[part] for part in parts if part not in known]
    cell = cells.at[total]
    if hidden:
        rows = ", ".join(dict.fromkeys(f"row {one.row}, column {one.column}" for one in hidden))
        why = f"leaves {rest} for {len(hidden)} hidden cells together ({rows})"
    else:
        why = f"is {rest} more than its cells add up to, so those who are not listed are {rest}"
    yield Finding("remainder", cell.row, cell.column, cells.where(total), rest, why)


def _lines(cells: Cells) -> Iterator[tuple[Key, list[Key]]]:
    """Each total with the cells that it is of."""
    for place in range(len(cells.dimensions)):
        totals: dict[Key, Key] = {}
        parts: defaultdict[Key, list[Key]] = defaultdict(list)
        for key in cells.at:
            rest = key[:place] + key[place + 1 :]
            if is_total(key[place]):
                totals[rest] = key
            else:
                parts[rest].append(key)
        yield from ((total, parts[rest]) for rest, total in totals.items() if parts[rest])


def _told(total: Key, parts: Sequence[Key], known: Mapping[Key, int]) -> tuple[Key, int] | None:
    """The one cell of a line that is not known, and what it counts: its total less the others, or their sum."""
    hidden = [part for part in parts if part not in known]
    if total in known and len(hidden) == 1:
        return hidden[0], known[total] - sum(known[part] for part in parts if part in known)
    if total not in known and not hidden:
        return total, sum(known[part] for part in parts)
    return None


def _value(source: Source, number: int, column: str, cell: str) -> int | None:
    try:
        return count_in(cell)
    except ValueError as error:
        why = f"is no count, nor the mark of a hidden one such as * or <5: {cell.strip()!a}"
        raise unfit(source, number, column, why) from error
