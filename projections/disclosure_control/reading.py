"""A table read from CSV, a row at a time: strictly, so that what is checked is what a spreadsheet would show.

Every error names the row, as spreadsheets count them (the header is row 1), and the column where that can be told.
"""

import csv
import re
from collections.abc import Callable, Iterator
from typing import BinaryIO, NamedTuple

from ledger.errors import Malformed

BOM = b"\xef\xbb\xbf"
OTHER_BOMS = (b"\xff\xfe", b"\xfe\xff")
DELIMITERS = ",;\t"
LONGEST_LINE = 1 << 20

_NUMBER = re.compile(r"[+-]?(\d+|\d{1,3}(,\d{3})+)(\.\d+)?%?", re.ASCII)
_YEAR = re.compile(r"(19|20)\d\d", re.ASCII)
# What stands in place of a count that is not shown.
_HIDDEN = re.compile(r"|\*+|-+|\u2013|\u2014|\.+|\u2026|[<\u2264]\s*\d+|n/?a|s|x|c|suppressed|hidden", re.IGNORECASE)
_BELOW = re.compile(r"(?P<than>[<\u2264])\s*(?P<bound>\d{1,9})", re.ASCII)
# How a cell begins that a spreadsheet may take for a formula, or that has to be looked at without its spaces.
_SUSPECT = tuple("=@+- \t\r\n")
_COUNT = re.compile(r"(\d+|\d{1,3}(,\d{3})+)(\.0*)?", re.ASCII)


class Source(NamedTuple):
    """A table by the name under which errors tell of it, and what opens its bytes, each time from their beginning."""

    name: str
    open: Callable[[], BinaryIO]


def unfit(source: Source, row: int, column: str, why: str) -> Malformed:
    """The error that says what is wrong in a cell; without a column, in a row."""
    shown = column if column.isprintable() else ascii(column)
    return Malformed(f"row {row}{f', column {shown[:60]}' if column else ''} of", source.name, why)


class Row(NamedTuple):
    """A row by its number, with a cell for each column."""

    number: int
    cells: list[str]


def header_of(source: Source) -> list[str]:
    """The names of the columns. Raises `Malformed` for a table without a header, and what `rows` raises."""
    with source.open() as stream:
        return _header(source, _records(source, stream))


def rows(source: Source) -> Iterator[Row]:
    """The rows below the header; empty ones are left out. Raises `Malformed`."""
    with source.open() as stream:
        records = _records(source, stream)
        header = _header(source, records)
        for number, cells in records:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(header):
                why = f"has {len(cells)} cells, and the header names {len(header)} columns"
                raise unfit(source, number, "", why)
            for column, cell in zip(header, cells, strict=True):
                if cell[:1] in _SUSPECT:
                    _check_no_formula(source, number, column, cell.strip())
            yield Row(number, cells)


def count_in(text: str) -> int | None:
    """The count in a cell; None where it is hidden. Raises `ValueError` for what is neither."""
    text = text.strip()
    if _COUNT.fullmatch(text):
        return int(text.partition(".")[0].replace(",", ""))
    if _HIDDEN.fullmatch(text):
        return None
    raise ValueError(text)


def most_in(text: str) -> int | None:
    """What a hidden count is at most, where its mark says so, such as <5."""
    found = _BELOW.fullmatch(text.strip())
    return found and int(found["bound"]) - (found["than"] == "<")


def is_year(text: str) -> bool:
    """Whether a cell holds a year, which looks like a count and is a category."""
    return _YEAR.fullmatch(text.strip()) is not None


def is_number(text: str) -> bool:
    """Whether a cell holds a number, such as a share or a mean, or the mark of a hidden one."""
    text = text.strip()
    return _NUMBER.fullmatch(text) is not None or _HIDDEN.fullmatch(text) is not None


def _header(source: Source, records: Iterator[tuple[int, list[str]]]) -> list[str]:
    _, cells = next(records, (1, []))
    names = [cell.strip() for cell in cells]
    if not any(names):
        raise Malformed("table", source.name, "is empty: it has no header")
    for number, name in enumerate(names, 1):
        place = str(number)
        if not name:
            raise unfit(source, 1, place, "has no name: row 1 is the header")
        if _NUMBER.fullmatch(name) and not _YEAR.fullmatch(name):
            raise unfit(source, 1, place, f"holds the number {name} where its name should be: there is no header")
        if names.index(name) + 1 < number:
            raise unfit(source, 1, place, f"has the name of column {names.index(name) + 1}, {name}")
        _check_no_formula(source, 1, name, name)
    return names


def _check_no_formula(source: Source, number: int, column: str, cell: str) -> None:
    if not cell or cell[0] not in "=@+-" or _NUMBER.fullmatch(cell) or _HIDDEN.fullmatch(cell):
        return
    why = f"begins with {cell[0]}, so a spreadsheet takes it for a formula: save the table with values alone"
    raise unfit(source, number, column, why)


def _records(source: Source, stream: BinaryIO) -> Iterator[tuple[int, list[str]]]:
    """The rows, each with its number."""
    lines = _Lines(source, stream)
    first = next(lines, "")
    delimiter = max(DELIMITERS, key=first.count)
    lines.again(first)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    number = 0
    while True:
        number += 1
        lines.begin(number)
        try:
            cells = next(reader, None)
        except csv.Error as error:
            column = _column(lines.begun, delimiter)
            raise unfit(source, number, str(column), _wrong(str(error))) from error
        if cells is None:
            return
        yield number, cells


def _wrong(error: str) -> str:
    if "expected after" in error:
        return "goes on behind a closing quotation mark"
    if "new-line" in error:
        return "holds a line end of its own: save the table with the line ends of this machine"
    return "begins with a quotation mark that is never closed, or is longer than 128 KiB"


def _column(line: str, delimiter: str) -> int:
    """In which column a line goes wrong: behind a closed quotation mark, or where it ends."""
    column, quoted, closed, begins = 1, False, False, True
    for letter in line.rstrip("\r\n"):
        if quoted:
            quoted, closed = letter != '"', letter == '"'
        elif letter == delimiter:
            column, closed, begins = column + 1, False, True
            continue
        elif letter == '"' and (begins or closed):
            quoted, closed = True, False
        elif closed or letter == "\r":
            return column
        begins = False
    return column


class _Lines:
    """The lines of a stream as text; `begun` is the first line of the row that is being read."""

    def __init__(self, source: Source, stream: BinaryIO) -> None:
        self._source, self._stream = source, stream
        self._again: list[str] = []
        self._row, self._line = 1, 0
        self.begun = ""

    def begin(self, row: int) -> None:
        """A row begins."""
        self._row, self.begun = row, ""

    def again(self, line: str) -> None:
        """Give this line once more."""
        self._again = [line] if line else []

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._again.pop() if self._again else self._read()
        if not line:
            raise StopIteration
        self.begun = self.begun or line
        return line

    def _read(self) -> str:
        raw = self._stream.readline(LONGEST_LINE)
        self._line += 1
        if self._line == 1:
            if raw.startswith(OTHER_BOMS):
                raise Malformed("table", self._source.name, "is not UTF-8 but UTF-16: save it as CSV in UTF-8")
            raw = raw.removeprefix(BOM)
        if len(raw) == LONGEST_LINE:
            raise unfit(self._source, self._row, "", "is longer than 1 MiB")
        try:
            line = raw.decode()
        except UnicodeDecodeError as error:
            before = raw[: error.start].decode()
            column = 1 + max(before.count(one) for one in DELIMITERS)
            raise unfit(
                self._source, self._row, str(column), f"is not UTF-8 (byte {raw[error.start]:#04x}): save it as UTF-8"
            ) from error
        if "\0" in line:
            raise unfit(self._source, self._row, "", "holds a zero byte: it is no CSV")
        return line
