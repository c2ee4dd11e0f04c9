"""A register, row by row: what each says in the words of its map, or everything that is wrong with it.

Rows are counted as a spreadsheet shows them, with the heading as row 1. A row that cannot be taken is passed over and
told; a file whose rows nobody can tell apart, because a quotation mark doesn't close or a column isn't there, is none.
"""

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from io import BufferedReader, RawIOBase, TextIOWrapper
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from api.importing.mapping import AgreementPart, DatePart, Part, PersonPart, RegisterMap, precision_of
from ledger.errors import Malformed
from ledger.events.ids import Name, Title
from ledger.events.past import Dated, PastForm, Provided

CELLS_KEPT = 65_536
LONGEST = 255
FIRST_DAY = date(1970, 1, 1)
# What isn't in the encoding, too: it comes as halves of surrogates.
_UNWRITABLE = re.compile("[\x00-\x1f\x7f-\x9f]")
_UNREADABLE = re.compile("[\ud800-\udfff]")
_SEPARATOR = b"\x1f"

Progress = Callable[[int], None]


class Person(NamedTuple):
    """Somebody as a register names them."""

    name: str
    email: str | None


class Row(NamedTuple):
    """What a row says; `content` is all that stands in it, and `place` what row of the file it is."""

    place: int
    content: bytes
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


class Problem(NamedTuple):
    """Why a row cannot be taken: the column, what stands there, and what is wrong with it."""

    row: int
    column: str | None
    value: str
    why: str


class Unfit(Exception):
    """What a cell says cannot be taken."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(why)


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
            there = ", ".join(ascii(name) for name in heading)
            raise Malformed("columns", ", ".join(missing), f"are not in {self._path}, whose row 1 has {there}")
        twice = [name for name, stripped in wanted.items() if heading.count(stripped) > 1]
        if twice:
            raise Malformed("columns", ", ".join(twice), f"stand in {self._path} more than once")
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


def _broken(said: str) -> str:
    if "unexpected end" in said or "field larger" in said:
        return "a quotation mark that opens there does not close"
    if "expected after" in said:
        return "something stands between a closing quotation mark and the next delimiter"
    return said


class _Field(NamedTuple):
    """What a row says, with the column that says it; `read` takes what stands there, and None where none is read."""

    member: str
    column: str | None
    read: Callable[[str], Any]


class _Form:
    """How rows are read that have so many cells, with columns in these places."""

    def __init__(self, map_: RegisterMap, places: dict[str, int], width: int, today: date) -> None:
        self._places, self._width, self._encoding = places, width, map_.encoding
        self._person = map_.person
        self._fields = [
            _Field(field.member, field.column, lru_cache(CELLS_KEPT)(field.read)) for field in _fields(map_, today)
        ]

    def read(self, place: int, cells: Sequence[str]) -> Row | list[Problem]:
        if len(cells) != self._width:
            why = f"has {len(cells)} cells, where row 1 has {self._width}"
            return [Problem(place, None, cells[0] if cells else "", why)]
        said: dict[str, Any] = {"basis": None, "agreement": (None, None), "reference": None}
        problems = []
        for member, column, read in self._fields:
            cell = cells[self._places[column]] if column is not None else ""
            try:
                said[member] = read(cell.strip())
            except Unfit as error:
                problems.append(Problem(place, column, cell, error.why))
        try:
            said["person"] = self._person_in(cells)
        except Unfit as error:
            problems.append(Problem(place, self._person.name if self._person else None, "", error.why))
        if problems:
            return problems
        agreement, version = said.pop("agreement")
        on, dated = said.pop("date")
        content = _SEPARATOR.join(cell.encode("utf-8", "surrogateescape") for cell in cells)
        return Row(
            place=place, content=content, agreement=agreement, agreement_version=version, on=on, dated=dated, **said
        )

    def _person_in(self, cells: Sequence[str]) -> Person | None:
        part: PersonPart | None = self._person
        if part is None:
            return None
        name = _words(cells[self._places[part.name]].strip(), self._encoding)
        email = _words(cells[self._places[part.email]].strip(), self._encoding) if part.email else ""
        if not name and email:
            raise Unfit(f"names nobody, though an address stands in {part.email!a}")
        if email and not re.fullmatch(r"[^@\s]+@[^@\s]+", email):
            raise Unfit(f"has no e-mail address in {part.email!a}, but something else")
        return Person(name, email or None) if name else None


def _fields(map_: RegisterMap, today: date) -> Iterator[_Field]:
    encoding = map_.encoding
    yield _Field("organisation", map_.organisation.column, _named(map_.organisation, encoding))
    yield _Field("dataset", map_.dataset.column, _named(map_.dataset, encoding))
    yield _Field("form", map_.form.column, _chosen(map_.form, encoding))
    yield _Field("provided", map_.provided.column, _chosen(map_.provided, encoding))
    yield _Field("date", map_.date.column, _dated(map_.date, encoding, today))
    basis, agreement, reference = map_.basis, map_.agreement, map_.reference
    if basis:
        yield _Field("basis", basis.column, _chosen(basis, encoding, blank=True))
    if agreement:
        yield _Field("agreement", agreement.column, _agreement(agreement, encoding))
    if reference:
        yield _Field("reference", reference.column, lambda cell: _short(cell, encoding))


def _words(cell: str, encoding: str) -> str:
    """What stands in a cell, if it can be read and written."""
    if _UNREADABLE.search(cell):
        raise Unfit(f"is not {encoding}")
    if _UNWRITABLE.search(cell):
        raise Unfit("has a line end or another control character in it")
    if len(cell) > LONGEST:
        raise Unfit(f"has {len(cell):,} letters, and at most {LONGEST} are taken")
    return cell


def _short(cell: str, encoding: str) -> str | None:
    """What enters the log as it stands: nothing, or short ASCII."""
    if not _words(cell, encoding):
        return None
    try:
        return msgspec.convert(cell, Name)
    except msgspec.ValidationError as error:
        raise Unfit("has letters that are not ASCII, which a reference has not") from error


def _named(part: Part, encoding: str) -> Callable[[str], str]:
    values = {word.strip(): meaning for word, meaning in (part.values or {}).items()}

    def read(cell: str) -> str:
        said = part.fixed if part.fixed is not None else _words(cell, encoding)
        if not said:
            raise Unfit("is empty")
        return msgspec.convert(values.get(said, said), Title)

    return read


def _chosen(part: Part, encoding: str, *, blank: bool = False) -> Callable[[str], str | None]:
    values = {word.strip(): meaning for word, meaning in (part.values or {}).items()}

    def read(cell: str) -> str | None:
        if part.fixed is not None:
            return part.fixed
        if (meaning := values.get(_words(cell, encoding))) is not None:
            return meaning
        if not cell and blank:
            return None
        raise Unfit("is not among the values of the map" if cell else "is empty")

    return read


def _agreement(part: AgreementPart, encoding: str) -> Callable[[str], tuple[str | None, str | None]]:
    pattern = re.compile(part.pattern)

    def read(cell: str) -> tuple[str | None, str | None]:
        if _short(cell, encoding) is None:
            return None, None
        found = pattern.fullmatch(cell)
        if found is None or not found["reference"]:
            raise Unfit("is not as the map's pattern for agreements has it")
        return found["reference"], found.groupdict().get("version") or None

    return read


def _dated(part: DatePart, encoding: str, today: date) -> Callable[[str], tuple[date, Dated]]:
    def read(cell: str) -> tuple[date, Dated]:
        if part.column is not None and _words(cell, encoding):
            found, precision = _day(cell, part)
            if part.means == "not later than":
                found, precision = _last(found, precision), "not-later-than"
        elif part.not_later_than is not None:
            found, precision = part.not_later_than, "not-later-than"
        else:
            raise Unfit("is empty, and the map has no day not later than which it was")
        if found > today:
            raise Unfit(f"is still to come; it is {today} at the office")
        if found < FIRST_DAY:
            raise Unfit("is before 1970")
        return found, precision

    return read


def _day(cell: str, part: DatePart) -> tuple[date, Dated]:
    for form in part.formats:
        precision = precision_of(form)
        try:
            found = datetime.strptime(cell, form).replace(tzinfo=UTC).date()
        except ValueError:
            continue
        return found, precision or "day"
    raise Unfit(f"is no date such as {' or '.join(part.formats)}")


def _last(day: date, precision: Dated) -> date:
    if precision != "month":
        return day
    return (day.replace(day=28) + timedelta(4)).replace(day=1) - timedelta(1)
