"""A register, row by row: what each says in the words of its map, or everything that is wrong with it.

Rows are counted as a spreadsheet shows them, with the heading as row 1. A row that cannot be taken is passed over and
told; a file whose rows nobody can tell apart, because a quotation mark doesn't close or a column isn't there, is none.
"""

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from functools import lru_cache
from hashlib import sha256
from io import BufferedReader, RawIOBase, TextIOWrapper
from pathlib import Path
from typing import Any, NamedTuple

from api.importing.cells import Person, Unfit, fields, person_called
from api.importing.mapping import PersonPart, RegisterMap
from ledger.errors import Malformed
from ledger.events.past import Dated, PastForm, Provided

CELLS_KEPT = 4_096
_SEPARATOR = "\x1f"

Progress = Callable[[int], None]


class Row(NamedTuple):
    """What a row says; `cells` are all that stand in it, and `place` what row of the file it is."""

    place: int
    cells: Sequence[str]
    organisation: str
    dataset: str
    form: PastForm
    provided: Provided
    on: date
    dated: Dated
    basis: str | None
    agreement: str | None
    agreement_version: str | None
    person: Person | None
    reference: str | None

    @property
    def content(self) -> bytes:
        """All that stands in it."""
        return _SEPARATOR.join(self.cells).encode("utf-8", "surrogateescape")


class Problem(NamedTuple):
    """Why a row cannot be taken: the column, what stands there, and what is wrong with it."""

    row: int
    column: str | None
    value: str
    why: str


class Register:
    """A file with a register. `today` is the day at the office: nothing in it can have happened later."""

    def __init__(self, path: Path, map_: RegisterMap, today: date) -> None:
        self._path, self._map, self._today = path, map_, today

    def rows(self, seen: "Bytes") -> Iterator[Row | list[Problem]]:
        """Each row, or what is wrong with it, in order; `seen` is told of the bytes as they are read.

        Raises `Malformed` where no rows can be told apart.
        """
        with self._path.open("rb", buffering=0) as file:
            raw = BufferedReader(_Watched(file, seen), 1 << 20)
            with TextIOWrapper(raw, self._encoding(raw.peek(2)[:2]), errors="surrogateescape", newline="") as text:
                records = self._records(text)
                heading = next(records, None)
                if heading is None:
                    raise Malformed("register", str(self._path), "is empty: it has not even a row with the headings")
                form = _Form(self._map, self._places(heading[1]), len(heading[1]), self._today)
                for place, cells in records:
                    if any(cells):
                        yield form.read(place, cells)

    def _encoding(self, start: bytes) -> str:
        encoding = self._map.encoding.lower().replace("_", "-")
        if start in (b"\xff\xfe", b"\xfe\xff") and not encoding.startswith("utf-16"):
            raise Malformed("register", str(self._path), f"begins as UTF-16 does, and its map says {encoding}")
        # A byte-order mark is no letter of the first heading.
        return "utf-8-sig" if encoding in ("utf-8", "utf8") else encoding

    def _records(self, text: TextIOWrapper) -> Iterator[tuple[int, list[str]]]:
        """Each record with its number."""
        reader = csv.reader(text, delimiter=self._map.delimiter, strict=True)
        place, line = 0, 0
        while True:
            place += 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                why = f"cannot be read from row {place} on, which begins in line {line + 1}: {_broken(str(error))}"
                raise Malformed("register", str(self._path), why) from error
            except UnicodeError as error:
                why = f"cannot be read from row {place} on as {self._map.encoding}: {error}"
                raise Malformed("register", str(self._path), why) from error
            line = reader.line_num
            yield place, cells

    def _places(self, heading: Sequence[str]) -> dict[str, int]:
        heading = [name.strip() for name in heading]
        wanted = {name: name.strip() for name in self._map.columns}
        missing = [name for name, stripped in wanted.items() if stripped not in heading]
        if missing:
            why = f"has no column {_listed(missing)}, of which the map speaks: its row 1 has {_listed(heading)}"
            raise Malformed("register", str(self._path), why)
        twice = [name for name, stripped in wanted.items() if heading.count(stripped) > 1]
        if twice:
            raise Malformed("register", str(self._path), f"has more than one column {_listed(twice)}")
        return {name: heading.index(stripped) for name, stripped in wanted.items()}


class Bytes:
    """What was read of a file so far: how much, and its SHA-256."""

    def __init__(self, progress: Progress = lambda size: None) -> None:
        self._hash, self._progress = sha256(), progress

    def take(self, some: bytes) -> None:
        """Take in what was read."""
        self._hash.update(some)
        self._progress(len(some))

    @property
    def digest(self) -> str:
        """The SHA-256."""
        return self._hash.hexdigest()


class _Watched(RawIOBase):
    """A file, of which somebody is told what is read."""

    def __init__(self, file: Any, seen: Bytes) -> None:
        self._file, self._seen = file, seen

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        size: int = self._file.readinto(buffer)
        self._seen.take(bytes(buffer[:size]))
        return size


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(ascii, names))


def _broken(said: str) -> str:
    if "unexpected end" in said or "field larger" in said:
        return "a quotation mark that opens there does not close"
    if "expected after" in said:
        return "something stands between a closing quotation mark and the next delimiter"
    return said


class _Place(NamedTuple):
    """Where something stands that a row says, -1 where no column says it, and how it is read."""

    member: str
    column: str | None
    at: int
    read: Callable[[str], Any]


def _nothing_said() -> dict[str, Any]:
    return {"basis": None, "agreement": (None, None), "person": None, "reference": None}


class _Form:
    """How rows are read that have so many cells, with columns in these places."""

    def __init__(self, map_: RegisterMap, places: dict[str, int], width: int, today: date) -> None:
        self._width, self._encoding = width, map_.encoding
        self._fields = [
            _Place(field.member, field.column, places.get(field.column or "", -1), lru_cache(CELLS_KEPT)(field.read))
            for field in fields(map_, today)
        ]
        self._person, self._places = map_.person, places

    def read(self, place: int, cells: Sequence[str]) -> Row | list[Problem]:
        if len(cells) != self._width:
            why = f"has {len(cells)} cells, where row 1 has {self._width}"
            return [Problem(place, None, cells[0] if cells else "", why)]
        said = _nothing_said()
        try:
            for member, _, at, read in self._fields:
                said[member] = read(cells[at].strip() if at >= 0 else "")
            if self._person is not None:
                said["person"] = self._person_in(self._person, cells)
        except Unfit:
            return list(self._problems(place, cells))
        agreement, version = said.pop("agreement")
        on, dated = said.pop("date")
        return Row(place=place, cells=cells, agreement=agreement, agreement_version=version, on=on, dated=dated, **said)

    def _problems(self, place: int, cells: Sequence[str]) -> Iterator[Problem]:
        """Everything that is wrong with a row."""
        for _, column, at, read in self._fields:
            cell = cells[at] if at >= 0 else ""
            try:
                read(cell.strip())
            except Unfit as error:
                yield Problem(place, column, cell, error.why)
        if self._person is not None:
            try:
                self._person_in(self._person, cells)
            except Unfit as error:
                yield Problem(place, self._person.name, "", error.why)

    def _person_in(self, part: PersonPart, cells: Sequence[str]) -> Person | None:
        name = cells[self._places[part.name]].strip()
        email = cells[self._places[part.email]].strip() if part.email else ""
        return person_called(name, email, part, self._encoding)
