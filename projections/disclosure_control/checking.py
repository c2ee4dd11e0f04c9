"""A table looked at in every way that was asked for."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from ledger.errors import Malformed
from projections.disclosure_control.cells import TOTALS, Cells, counted_in, small_cells, tallied
from projections.disclosure_control.columns import columns
from projections.disclosure_control.differences import comparable, differences
from projections.disclosure_control.finding import Finding
from projections.disclosure_control.groups import TOLD, Groups, groups
from projections.disclosure_control.reading import Source, header_of, rows
from projections.disclosure_control.totals import worked_out
from projections.disclosure_control.unnamed_totals import shown_totals, with_possible_totals

# A table with more rows is no aggregate, unless somebody says what it counts.
MOST_ROWS = 5_000


class Wish(NamedTuple):
    """How a table is to be read, and looked at.

    `by` are the columns of its categories, `counted` those with its counts: without any, that is the only other one
    that holds nothing but counts, and where none or several do rows are counted. Without either, columns that hold
    nothing but counts are taken for counts, and those that hold no numbers, or years, for categories. `quasi` are
    columns by which people could be recognised, `totals` categories that stand for all others beside those that are
    called so.
    """

    smallest: int
    by: tuple[str, ...] = ()
    counted: tuple[str, ...] = ()
    quasi: tuple[str, ...] = ()
    totals: tuple[str, ...] = ()


class Report(NamedTuple):
    """What was found in a table, and how it was read: its categories, its counts, how many cells and rows it has.

    `found` is how many findings there are, of which `findings` has the first thousand of each kind.
    `others` are columns of other numbers, such as shares, which nobody looked at. `incomparable` are the tables passed
    before that have no category in common with it. `totals` are its categories that were taken for totals: None, where
    it hides no cell that they could give away.
    """

    rows: int
    by: tuple[str, ...]
    counts: tuple[str, ...]
    cells: int
    groups: Groups | None
    findings: tuple[Finding, ...]
    found: int
    others: tuple[str, ...] = ()
    compared: tuple[str, ...] = ()
    incomparable: tuple[str, ...] = ()
    totals: tuple[str, ...] | None = None


class _Layout(NamedTuple):
    """Which columns are categories, and which hold counts: none, where rows are counted. Others are not looked at."""

    by: tuple[str, ...]
    counts: tuple[str, ...]
    others: tuple[str, ...] = ()


class _Tally(NamedTuple):
    """The first findings of each kind, and how many there are in all."""

    findings: list[Finding]
    found: int

    def with_all(self, more: Iterator[Finding]) -> "_Tally":
        """With these, too."""
        first = list(islice(more, TOLD))
        return _Tally([*self.findings, *first], self.found + len(first) + sum(1 for _ in more))


def check(source: Source, wish: Wish, earlier: Sequence[Source] = ()) -> Report:
    """What in a table, or in it beside the earlier ones, would single people out. Raises `Malformed`."""
    header = header_of(source)
    _check_columns(source, header, (*wish.by, *wish.quasi, *wish.counted))
    alike = groups(header, wish.quasi, rows(source), wish.smallest) if wish.quasi else None
    tally = _Tally(list(alike.told), alike.small) if alike else _Tally([], 0)
    cells, layout, number = None, _Layout((), ()), sum(1 for _ in rows(source))
    if wish.by or wish.counted or not wish.quasi:
        layout = _layout(source, header, wish, number)
        cells = _named_totals(source, _cells(source, header, layout), wish)
        tally = tally.with_all(small_cells(cells, wish.smallest))
        cells = shown_totals(cells)
        tally = tally.with_all(worked_out(cells, wish.smallest))
        tally = tally.with_all(with_possible_totals(cells, wish.smallest))
    compared, incomparable = [], []
    for one in earlier:
        before = _earlier(one, wish, layout) if cells else None
        if cells and before and comparable(cells, before):
            compared.append(one.name)
            tally = tally.with_all(differences(cells, before, one.name, wish.smallest))
        else:
            incomparable.append(one.name)
    return Report(
        rows=number,
        by=layout.by,
        counts=layout.counts,
        cells=len(cells.at) if cells else 0,
        groups=alike,
        findings=tuple(tally.findings),
        found=tally.found,
        others=layout.others,
        compared=tuple(compared),
        incomparable=tuple(incomparable),
        totals=cells.total_labels if cells and cells.has_hidden else None,
    )


def _check_columns(source: Source, header: Sequence[str], wanted: Sequence[str]) -> None:
    for name in wanted:
        if name not in header:
            raise Malformed("column", name, f"is none of {source.name}, which has {', '.join(header)}")


def _layout(source: Source, header: Sequence[str], wish: Wish, number: int) -> _Layout:
    if wish.by:
        return _Layout(wish.by, wish.counted) if wish.counted else _by_alone(source, header, wish.by)
    if number > MOST_ROWS:
        why = f"has {number:,} rows, as records have and no aggregate: say what it counts, and by what"
        raise Malformed("table", source.name, why)
    found = columns(header, rows(source))
    if wish.counted:
        others = tuple(name for name in (*found.counts, *found.others) if name not in wish.counted)
        return _Layout(tuple(name for name in found.categories if name not in wish.counted), wish.counted, others)
    if not found.counts:
        why = "has no column of counts: say by which columns its rows are to be counted"
        raise Malformed("table", source.name, why)
    return _Layout(*found)


def _by_alone(source: Source, header: Sequence[str], by: tuple[str, ...]) -> _Layout:
    """By these categories: the counts in the one column that has any; or rows, where none or several have."""
    found = columns(header, rows(source))
    counts, others = (tuple(name for name in names if name not in by) for names in (found.counts, found.others))
    if len(counts) != 1:
        return _Layout(by, (), (*counts, *others))
    if any(cell.value > 1 for cell in tallied(header, by, rows(source)).at.values() if cell.value is not None):
        why = (
            f"of {source.name} holds counts, or else its rows are records: say that it is what is counted,"
            " by all columns of categories; or look at records by columns by which people could be recognised"
        )
        raise Malformed("column", counts[0], why)
    return _Layout(by, counts, others)


def _cells(source: Source, header: Sequence[str], layout: _Layout) -> Cells:
    if layout.counts:
        return counted_in(source, header, layout.by, layout.counts, rows(source))
    return tallied(header, layout.by, rows(source))


def _named_totals(source: Source, cells: Cells, wish: Wish) -> Cells:
    """With the totals that somebody named. Raises `Malformed` for one that the table does not have."""
    categories = {category.casefold() for key in cells.at for category in key}
    for label in wish.totals:
        if label.strip().casefold() not in categories:
            raise Malformed("total", label, f"is neither a category of {source.name} nor one of its columns of counts")
    return cells._replace(totals=_totals(wish))


def _totals(wish: Wish) -> frozenset[str]:
    return TOTALS.union(label.strip().casefold() for label in wish.totals)


def _earlier(source: Source, wish: Wish, layout: _Layout) -> Cells | None:
    """The cells of a table that was passed: as it is, or else read as this one is; None if neither can be."""
    for way in (_as_it_is, lambda *_: layout):
        try:
            header = header_of(source)
            read = way(source, header, wish)
            _check_columns(source, header, (*read.by, *read.counts))
            return _cells(source, header, read)._replace(totals=_totals(wish))
        except Malformed:
            continue
    return None


def _as_it_is(source: Source, header: Sequence[str], wish: Wish) -> _Layout:
    counted = tuple(name for name in wish.counted if name in header)
    return _layout(source, header, Wish(wish.smallest, counted=counted), sum(1 for _ in rows(source)))
