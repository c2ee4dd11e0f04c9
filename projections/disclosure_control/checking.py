"""A table looked at in every way that was asked for."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ledger.errors import Malformed
from projections.disclosure_control.cells import Cells, counted_in, small_cells, tallied, worked_out
from projections.disclosure_control.differences import comparable, differences
from projections.disclosure_control.finding import Finding
from projections.disclosure_control.groups import Groups, groups
from projections.disclosure_control.reading import Source, count_in, header_of, rows

# A table with more rows is no aggregate, unless somebody says what it counts.
MOST_ROWS = 5_000


class Wish(NamedTuple):
    """How a table is to be read, and looked at.

    `by` are the columns of its categories, `counted` the one with its counts: without it rows are counted. Without
    either, whatever columns hold nothing but counts are taken for counts, and all others for categories. `quasi` are
    columns by which people could be recognised.
    """

    smallest: int
    by: tuple[str, ...] = ()
    counted: str | None = None
    quasi: tuple[str, ...] = ()


class Report(NamedTuple):
    """What was found in a table, and how it was read: its categories, its counts, how many cells and rows it has.

    `incomparable` are the tables passed before that have no category in common with it.
    """

    rows: int
    by: tuple[str, ...]
    counts: tuple[str, ...]
    cells: int
    groups: Groups | None
    findings: tuple[Finding, ...]
    compared: tuple[str, ...] = ()
    incomparable: tuple[str, ...] = ()

    @property
    def found(self) -> int:
        """How many findings there are, with the small groups that are not told one by one."""
        untold = self.groups.small - len(self.groups.told) if self.groups else 0
        return len(self.findings) + untold


class _Layout(NamedTuple):
    """Which columns are categories, and which hold counts: none, where rows are counted."""

    by: tuple[str, ...]
    counts: tuple[str, ...]


def check(source: Source, wish: Wish, earlier: Sequence[Source] = ()) -> Report:
    """What in a table, or in it beside the earlier ones, would single people out. Raises `Malformed`."""
    header = header_of(source)
    _check_columns(source, header, (*wish.by, *wish.quasi, *((wish.counted,) if wish.counted else ())))
    found = groups(header, wish.quasi, rows(source), wish.smallest) if wish.quasi else None
    cells, layout, findings = None, _Layout((), ()), list(found.told if found else ())
    number = sum(1 for _ in rows(source))
    if wish.by or wish.counted or not wish.quasi:
        layout = _layout(source, header, wish, number)
        cells = _cells(source, header, layout)
        findings += [*small_cells(cells, wish.smallest), *worked_out(cells, wish.smallest)]
    compared, incomparable = [], []
    for one in earlier if cells else ():
        before = _earlier(one, wish, layout)
        if cells and before and comparable(cells, before):
            compared.append(one.name)
            findings += differences(cells, before, one.name, wish.smallest)
        else:
            incomparable.append(one.name)
    return Report(
        rows=number,
        by=layout.by,
        counts=layout.counts,
        cells=len(cells.at) if cells else 0,
        groups=found,
        findings=tuple(findings),
        compared=tuple(compared),
        incomparable=tuple(incomparable),
    )


def _check_columns(source: Source, header: Sequence[str], wanted: Sequence[str]) -> None:
    for name in wanted:
        if name not in header:
            raise Malformed("column", name, f"is none of {source.name}, which has {', '.join(header)}")


def _layout(source: Source, header: Sequence[str], wish: Wish, number: int) -> _Layout:
    if wish.counted:
        by = wish.by or tuple(name for name in header if name != wish.counted)
        return _Layout(by, (wish.counted,))
    if wish.by:
        return _Layout(wish.by, ())
    if number > MOST_ROWS:
        why = f"has {number:,} rows, as records have and no aggregate: say what it counts, and by what"
        raise Malformed("table", source.name, why)
    counts = tuple(_columns_of_counts(source, header))
    if not counts:
        raise Malformed(
            "table", source.name, "has no column of counts: say by which columns its rows are to be counted"
        )
    return _Layout(tuple(name for name in header if name not in counts), counts)


def _columns_of_counts(source: Source, header: Sequence[str]) -> Iterator[str]:
    """The columns in which there are counts, and nothing but counts and marks of hidden ones."""
    possible, seen = dict.fromkeys(range(len(header))), set()
    for _, cells in rows(source):
        for place in list(possible):
            try:
                if count_in(cells[place]) is not None:
                    seen.add(place)
            except ValueError:
                del possible[place]
    return (header[place] for place in possible if place in seen)


def _cells(source: Source, header: Sequence[str], layout: _Layout) -> Cells:
    if layout.counts:
        return counted_in(source, header, layout.by, layout.counts, rows(source))
    return tallied(header, layout.by, rows(source))


def _earlier(source: Source, wish: Wish, layout: _Layout) -> Cells | None:
    """The cells of a table that was passed, read in the same way if it has the columns; None if it cannot be read."""
    header = header_of(source)
    if not layout.counts or not {*layout.by, *layout.counts} <= set(header):
        try:
            layout = _layout(source, header, Wish(wish.smallest), sum(1 for _ in rows(source)))
        except Malformed:
            return None
    return _cells(source, header, layout)
