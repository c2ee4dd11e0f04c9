"""The fewest people whom a table singles out, where nobody says how it is to be read."""

from ledger.errors import Malformed
from projections.disclosure_control.cells import small_cells, tallied
from projections.disclosure_control.checking import Wish, check
from projections.disclosure_control.columns import columns
from projections.disclosure_control.reading import Source, count_in, header_of, rows


def fewest(source: Source, smallest: int) -> int | None:
    """Fewer than `smallest`, or None where it singles out nobody. Raises `Malformed` for what is no table.

    Records count, too: by their columns of counts, however often the same categories stand in them, or row by row.
    Of a table with shares or means and no counts nobody can tell but people.
    """
    try:
        found = [one.people for one in check(source, Wish(smallest)).findings]
    except Malformed:
        found = _of_records(source, smallest)
    return min(found, default=None)


def _of_records(source: Source, smallest: int) -> list[int]:
    header = header_of(source)
    kinds = columns(header, rows(source))
    if kinds.counts:
        places = [header.index(name) for name in kinds.counts]
        counts = (count_in(cells[place]) for _, cells in rows(source) for place in places)
        return [count for count in counts if count is not None and 0 < count < smallest]
    if kinds.others:
        return []
    cells = tallied(header, kinds.categories, rows(source))
    return [found.people for found in small_cells(cells, smallest)]
