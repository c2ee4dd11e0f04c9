"""Totals that nobody called so: a first or last category that counts what all others together do.

Where its line is shown in full the numbers prove it; where a cell is hidden it is possible, and then it is told.
"""

from collections.abc import Iterator

from projections.disclosure_control.cells import Cells
from projections.disclosure_control.finding import Finding
from projections.disclosure_control.reading import is_number
from projections.disclosure_control.totals import lines_along, worked_out

# With fewer categories there is none that others together could make up.
FEWEST = 3


def shown_totals(cells: Cells) -> Cells:
    """The cells, with what their numbers prove to be a total. Without a hidden cell, totals give nothing away."""
    return _with(cells, [one for one in _possible(cells) if _is_proved(cells, *one)])


def with_possible_totals(cells: Cells, smallest: int) -> Iterator[Finding]:
    """What could be worked out besides, if categories that may be totals were."""
    places = {(one.row, one.column) for one in worked_out(cells, smallest)}
    for place, category in _possible(cells):
        for one in worked_out(_with(cells, [(place, category)]), smallest):
            if (one.row, one.column) not in places:
                why = f"{one.why}; that is, if {category} is the total of the others, as its count allows"
                yield one._replace(kind="possible total", why=why)


def _with(cells: Cells, totals: list[tuple[int, str]]) -> Cells:
    return cells._replace(shown_totals=cells.shown_totals.union(totals))


def _possible(cells: Cells) -> Iterator[tuple[int, str]]:
    """The category of each dimension without a total that may be one, with the dimension's place.

    That is the last; or the first, where a line proves it, as the first is often but the largest. Years and other
    numbers are none.
    """
    if not cells.has_hidden:
        return
    for place in range(len(cells.dimensions)):
        categories = list(dict.fromkeys(key[place] for key in cells.at))
        if len(categories) < FEWEST or any(cells.is_total(place, one) for one in categories):
            continue
        first, last = categories[0], categories[-1]
        if not is_number(last) and _may_be(cells, place, last):
            yield place, last
        elif not is_number(first) and _may_be(cells, place, first) and _is_proved(cells, place, first):
            yield place, first


def _may_be(cells: Cells, place: int, category: str) -> bool:
    """Whether it counts as many as all others together where these are shown, and nowhere fewer than what is."""
    sums = list(_sums(cells, place, category))
    return any(some for _, some, _ in sums) and all(
        total >= some if hidden else total == some for total, some, hidden in sums
    )


def _is_proved(cells: Cells, place: int, category: str) -> bool:
    """Whether there is a line in which nothing is hidden, so that the sum is no accident of what is left out."""
    return any(some and not hidden for _, some, hidden in _sums(cells, place, category))


def _sums(cells: Cells, place: int, category: str) -> Iterator[tuple[int, int, bool]]:
    """Of each line with this as its total: its count, that of the others as far as shown, whether any is hidden."""
    for key, parts in lines_along(_with(cells, [(place, category)]), place):
        total, counts = cells.at[key].value, [cells.at[part].value for part in parts]
        shown = [count for count in counts if count is not None]
        if total is not None and len(parts) + 1 >= FEWEST:
            yield total, sum(shown), len(shown) < len(counts)
