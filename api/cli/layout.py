"""What people read, laid out for the terminal that they read it on: sentences, and rows of cells."""

import re
import sys
from collections.abc import Callable, Sequence
from itertools import zip_longest
from shutil import get_terminal_size
from textwrap import fill
from unicodedata import combining, east_asian_width

GAP = 2
# What is wider is broken wherever it has to be; ids of people and keys of course runs are not.
LONGEST = 40
NARROWEST, USUAL = 40, 100

# What a line begins with, below which it goes on: the number of an entry, or blanks.
_BEGINNING = re.compile(r" *\d+  | *")
_PIECES = re.compile(r".{2,}?[-/:+,]+|.+")
Cells = Sequence[str]
Parts = Callable[[str], Sequence[str]]


def room() -> int | None:
    """How many columns the terminal has on which it is printed; None where it goes elsewhere, as into a file."""
    return max(get_terminal_size((USUAL, 0)).columns, NARROWEST) if sys.stdout.isatty() else None


def folded(line: str, width: int | None) -> str:
    """A line that goes on in the next where it is longer than a width, between words alone; as it is without one."""
    if width is None or _width(line) <= width:
        return line
    begins = _BEGINNING.match(line)
    below = " " * (begins.end() if begins and begins.group().strip() else len(line) - len(line.lstrip()) + 2)
    return fill(line, width, subsequent_indent=below, break_long_words=False, break_on_hyphens=False)


def laid_out(titles: Cells, rows: Sequence[Cells], width: int | None) -> str:
    """Rows below their titles, in columns of which all fit into a width; what is too long goes on in the next line.

    Words are broken only where there is no room otherwise, and then behind a hyphen or the like. Where even that does
    not fit, or takes more lines, each row is told in lines of its own. Without a width, each row is one line.
    """
    cells = [titles, *rows]
    widths = _widest(cells, lambda cell: [cell])
    if width is None or _is_within(widths, width):
        return "\n".join(_line(row, widths) for row in cells)
    ways = [_stacked(titles, rows, width)]
    if fitting := _fitting(cells, widths, width):
        ways.insert(0, "\n".join(_lines(row, fitting) for row in cells))
    return min(ways, key=lambda told: told.count("\n"))


def _is_within(widths: Sequence[int], width: int) -> bool:
    return sum(widths) + GAP * (len(widths) - 1) <= width


def _fitting(cells: Sequence[Cells], widths: Sequence[int], width: int) -> list[int] | None:
    """The widths of columns of which all fit: each is narrowed where words end, then within them; None if none do."""
    widths = [*widths]
    for parts in (_words, _pieces):
        least = [min(one, LONGEST) for one in _widest(cells, parts)]
        while not _is_within(widths, width):
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
