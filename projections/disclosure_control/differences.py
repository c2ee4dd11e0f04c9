"""Tables that say more together than each alone: cells that differ by few from what was passed before."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from projections.disclosure_control.cells import Cell, Cells, Key
from projections.disclosure_control.finding import Finding


def differences(cells: Cells, earlier: Cells, name: str, smallest: int) -> Iterator[Finding]:
    """Cells about the same people, by the dimensions that both tables have, that differ by fewer than policy has it."""
    shared = tuple(one for one in cells.dimensions if _known(one, earlier.dimensions))
    if not shared:
        return
    now, before = _summed(cells, shared), _summed(earlier, shared)
    for key, cell in now.items():
        other = before.get(key)
        if other is None or cell.value is None or other.value is None:
            continue
        apart = abs(cell.value - other.value)
        if 0 < apart < smallest:
            why = f"counts {cell.value}, and the table {name} (row {other.row}) {other.value}: that tells of {apart}"
            yield Finding("difference", cell.row, cell.column, tuple(zip(shared, key, strict=True)), apart, why)


def comparable(cells: Cells, earlier: Cells) -> bool:
    """Whether two tables have a dimension in common."""
    return any(_known(one, earlier.dimensions) for one in cells.dimensions)


def _known(dimension: str, among: Sequence[str]) -> bool:
    return dimension.casefold() in {one.casefold() for one in among}


def _summed(cells: Cells, shared: Sequence[str]) -> dict[Key, Cell]:
    """The cells by these dimensions alone: along any other, its total, or else all of it added up.

    What has a hidden part has no sum. Categories are compared without regard to case, and totals are one category.
    """
    folded = [one.casefold() for one in cells.dimensions]
    places = [folded.index(one.casefold()) for one in shared]
    others = [place for place in range(len(folded)) if place not in places]
    totals: dict[Key, Cell] = {}
    parts: defaultdict[Key, list[Cell]] = defaultdict(list)
    for key, cell in cells.at.items():
        kept = tuple("total" if cells.is_total(place, key[place]) else key[place].casefold() for place in places)
        across = [cells.is_total(place, key[place]) for place in others]
        if all(across):
            totals[kept] = cell
        elif not any(across):
            parts[kept].append(cell)
    return {key: _sum(found) for key, found in parts.items()} | totals


def _sum(cells: Sequence[Cell]) -> Cell:
    first, counts = cells[0], [one.value for one in cells]
    known = [one for one in counts if one is not None]
    return first._replace(value=sum(known) if len(known) == len(counts) else None)
