"""What the cells of a register say, each for itself: read by its part of the map, or unfit to be taken, and why."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from api.importing.mapping import AgreementPart, DatePart, Part, PersonPart, RegisterMap, precision_of
from ledger.events.past import Dated

LONGEST = 255
FIRST_DAY = date(1970, 1, 1)
_UNWRITABLE = re.compile(r"[\x00-\x1f\x7f-\x9f]")
# What is not in the encoding: it comes as halves of surrogates.
_UNREADABLE = re.compile("[\ud800-\udfff]")


class Person(NamedTuple):
    """Somebody as a register names them."""

    name: str
    email: str | None


class Unfit(Exception):
    """What a cell says cannot be taken."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(why)


class Field(NamedTuple):
    """What a row says, with the column that says it; `read` takes what stands there, and None where none is read."""

    member: str
    column: str | None
    read: Callable[[str], Any]


def fields(map_: RegisterMap, today: date) -> Iterator[Field]:
    """What is read of each row, and how; but for the person, who stands in two columns. Reading raises `Unfit`."""
    encoding = map_.encoding
    yield Field("organisation", map_.organisation.column, _named(map_.organisation, encoding))
    yield Field("dataset", map_.dataset.column, _named(map_.dataset, encoding))
    yield Field("form", map_.form.column, _chosen(map_.form, encoding))
    yield Field("provided", map_.provided.column, _chosen(map_.provided, encoding))
    yield Field("date", map_.date.column, _dated(map_.date, encoding, today))
    basis, agreement, reference = map_.basis, map_.agreement, map_.reference
    if basis:
        yield Field("basis", basis.column, _chosen(basis, encoding, blank=True))
    if agreement:
        yield Field("agreement", agreement.column, _agreement(agreement, encoding))
    if reference:
        yield Field("reference", reference.column, lambda cell: _short(cell, encoding))


def person_called(name: str, email: str, part: PersonPart, encoding: str) -> Person | None:
    """The person with this name and address; None where nobody is named. Raises `Unfit`."""
    if not name and not email:
        return None
    name, email = words_in(name, encoding), words_in(email, encoding)
    if not name and email:
        raise Unfit(f"names nobody, though an address stands in {part.email!a}")
    if email and not re.fullmatch(r"[^@\s]+@[^@\s]+", email):
        raise Unfit(f"has no e-mail address in {part.email!a}, but something else")
    return Person(name, email or None)


def words_in(cell: str, encoding: str) -> str:
    """What stands in a cell, if it can be read and written. Raises `Unfit`."""
    # Most cells are plain: that is told at once.
    if cell.isascii() and cell.isprintable() and len(cell) <= LONGEST:
        return cell
    if _UNREADABLE.search(cell):
        raise Unfit(f"is not {encoding}")
    if _UNWRITABLE.search(cell):
        raise Unfit("has a line end or another control character in it")
    if len(cell) > LONGEST:
        raise Unfit(f"has {len(cell):,} letters, and at most {LONGEST} are taken")
    return cell


def _short(cell: str, encoding: str) -> str | None:
    """What enters the log as it stands: nothing, or short ASCII, whose ends are no blanks."""
    if not words_in(cell, encoding).isascii():
        raise Unfit("has letters that are not ASCII, which a reference has not")
    return cell or None


def _named(part: Part, encoding: str) -> Callable[[str], str]:
    values = {word.strip(): meaning for word, meaning in (part.values or {}).items()}

    def read(cell: str) -> str:
        said = part.fixed if part.fixed is not None else words_in(cell, encoding)
        if not said:
            raise Unfit("is empty")
        return values.get(said, said)

    return read


def _chosen(part: Part, encoding: str, *, blank: bool = False) -> Callable[[str], str | None]:
    values = {word.strip(): meaning for word, meaning in (part.values or {}).items()}

    def read(cell: str) -> str | None:
        if part.fixed is not None:
            return part.fixed
        if (meaning := values.get(words_in(cell, encoding))) is not None:
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
        if part.column is not None and words_in(cell, encoding):
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
