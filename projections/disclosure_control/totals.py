"""What totals tell of the cells of a table that are hidden: what some count exactly, and between what others lie."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from projections.disclosure_control.bounds import Line, bounds
from projections.disclosure_control.cells import Cells, Key
from projections.disclosure_control.finding import Finding


def worked_out(cells: Cells, smallest: int) -> Iterator[Finding]:
    """What totals tell of cells that are hidden, and of those that are left out."""
    lines = list(lines_of(cells))
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
    yield from _bounded(cells, lines, known, smallest)


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


def lines_of(cells: Cells) -> Iterator[tuple[Key, list[Key]]]:
    """Each total with the cells that it is of."""
    for place in range(len(cells.dimensions)):
        yield from lines_along(cells, place)


def lines_along(cells: Cells, place: int) -> Iterator[tuple[Key, list[Key]]]:
    """Each total of one dimension with the cells that it is of."""
    totals: dict[Key, Key] = {}
    parts: defaultdict[Key, list[Key]] = defaultdict(list)
    for key in cells.at:
        rest = key[:place] + key[place + 1 :]
        if cells.is_total(place, key[place]):
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


def _bounded(
    cells: Cells, lines: Sequence[tuple[Key, list[Key]]], known: Mapping[Key, int], smallest: int
) -> Iterator[Finding]:
    """Cells that stay hidden, of which totals and marks together tell more than that they are too small to be shown."""
    open_lines = [
        Line(known[total] - sum(known.get(part, 0) for part in parts), [part for part in parts if part not in known])
        for total, parts in lines
        if total in known
    ]
    open_lines = [line for line in open_lines if line.counts and line.together >= 0]
    marked = {key: cell.most for key, cell in cells.at.items() if cell.most is not None}
    for key, (least, most) in bounds(open_lines, marked).items():
        cell = cells.at[key]
        says_more = least > 1 or most < min(smallest - 1, marked.get(key, smallest))
        if 0 < least <= most < smallest and says_more:
            counts = f"{most}" if least == most else f"between {least} and {most}"
            why = f"is hidden, and totals leave no more for it than that it counts {counts}"
            yield Finding("bounded cell", cell.row, cell.column, cells.where(key), most, why)
