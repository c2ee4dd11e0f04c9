"""Rows of cells laid out for whoever reads them: in columns that a terminal has room for, or below each other."""

import re
from collections.abc import Callable, Sequence
from itertools import zip_longest
from unicodedata import combining, east_asian_width

GAP = 2
# What is wider is broken wherever it has to be; ids of people and keys of course runs are not.
LONGEST = 40
NARROWEST = 40

_PIECES = re.compile(r".{2,}?[-/:+,]+|.+")
Cells = Sequence[str]
Parts = Callable[[str], Sequence[str]]


def laid_out(titles: Cells, rows: Sequence[Cells], width: int | None) -> str:
    """Rows below their titles, in columns of which all fit into a width; what is too long goes on in the next line.

    Words are broken only where there is no room otherwise, and then behind a hyphen or the like. Where even that does
    not fit, each row is told in lines of its own. Without a width, each row is one line.
    """
    cells = [titles, *rows]
    if width is None:
        widths = _widest(cells, lambda cell: [cell])
        return "\n".join(_line(row, widths) for row in cells)
    width = max(width, NARROWEST)
    fitting = _fitting(cells, width)
    return _stacked(titles, rows, width) if fitting is None else "\n".join(_lines(row, fitting) for row in cells)


def _fitting(cells: Sequence[Cells], width: int) -> list[int] | None:
    """The widths of columns of which all fit: each is narrowed where words end, then within them; None if none do."""
    room = width - GAP * (len(cells[0]) - 1)
    widths = _widest(cells, lambda cell: [cell])
    for parts in (_words, _pieces):
        least = [min(one, LONGEST) for one in _widest(cells, parts)]
        while sum(widths) > room:
            spare = max(range(len(widths)), key=lambda at: (widths[at] > least[at], widths[at]))
            if widths[spare] <= least[spare]:
                break
            widths[spare] -= 1
        else:
            return widths
    return None


def _widest(cells: Sequence[Cells], parts: Parts) -> list[int]:
    """For each column, how wide the widest of the parts of its cells is."""
    return [
        max((_width(part) for cell in column for part in parts(cell)), default=0) for column in zip(*cells, strict=True)
    ]


def _words(cell: str) -> list[str]:
    return cell.split(" ")


def _pieces(cell: str) -> list[str]:
    return [piece for word in _words(cell) for piece in _PIECES.findall(word)]


def _lines(row: Cells, widths: Sequence[int]) -> str:
    wrapped = [_wrapped(cell, room) for cell, room in zip(row, widths, strict=True)]
    return "\n".join(_line(line, widths) for line in zip_longest(*wrapped, fillvalue=""))


def _line(cells: Cells, widths: Sequence[int]) -> str:
    padded = [cell + " " * (room - _width(cell)) for cell, room in zip(cells, widths, strict=True)]
    return (" " * GAP).join(padded).rstrip()


def _stacked(titles: Cells, rows: Sequence[Cells], width: int) -> str:
    """Each row in lines of its own, one for each cell that says something, with an empty line between rows."""
    left = max(map(_width, titles))
    widths = (left, width - left - GAP)
    told = [
        "\n".join(_lines((title, cell), widths) for title, cell in zip(titles, row, strict=True) if cell)
        for row in rows
    ]
    return "\n\n".join(told)


def _wrapped(text: str, width: int) -> list[str]:
    """The text in lines of at most this width, broken between words where that is possible, or within them."""
    lines, line = [], ""
    for word in _words(text):
        candidate = f"{line} {word}" if line else word
        if _width(candidate) <= width:
            line = candidate
            continue
        if line:
            lines.append(line)
        *full, line = _broken(word, width)
        lines += full
    return [*lines, line]


def _broken(word: str, width: int) -> list[str]:
    """A word in lines of at most this width: whole, behind a hyphen or the like, or anywhere."""
    if _width(word) <= width:
        return [word]
    pieces = _PIECES.findall(word)
    lines = [""]
    for part in pieces if max(map(_width, pieces)) <= width else word:
        if _width(lines[-1] + part) > width:
            lines.append("")
        lines[-1] += part
    return lines


def _width(text: str) -> int:
    return sum(_columns(letter) for letter in text)


def _columns(letter: str) -> int:
    return 0 if combining(letter) else 2 if east_asian_width(letter) in "WF" else 1
