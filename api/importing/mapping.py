"""The map of a register: which of its columns says what, and what the words in it mean here.

    register = "releases-2020"          the register's own id; rows are known again by it
    encoding = "utf-8"                  and delimiter = ",", when they are others

    [organisation]                      a column; or `fixed`, where all rows have the same
    column = "Organisation"
    [dataset]                           words that `values` doesn't have become types of data of the past
    column = "Data"
    values = { "6.002x grades" = "D-6.002x-pc" }
    [form]                              `values` has every word that can stand in the column
    column = "Identifiable?"
    values = { "Y" = "identified", "N" = "de-identified" }
    [provided]                          transfer, repeated transfer, or system access, which is no transfer
    fixed = "transfer"
    [date]                              `formats` as of strptime; `not_later_than` where the column says nothing
    column = "Sent on"
    formats = ["%d/%m/%Y", "%Y-%m"]
    not_later_than = 2021-02-28

and what a register may have besides: `[agreement]` with a column and a `pattern` of named groups `reference` and
`version`, `[basis]` as `[form]`, `[person]` with the columns `name` and `email`, `[reference]` with a column.
"""

import re
import tomllib
from datetime import date
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal, NamedTuple, get_args

import msgspec
from msgspec import Meta

from ledger.errors import Malformed
from ledger.events.ids import END, DataSetId, Name, RegisterId, Title
from ledger.events.past import PastForm, Provided

MAX_MAP_BYTES = 1_000_000
SHIPPED = files("api") / "registers"

Column = Annotated[str, Meta(min_length=1)]


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where one thing stands that a row says: in a column, or nowhere, because all rows have the same."""

    column: Column | None = None
    fixed: str | None = None
    values: dict[str, str] | None = None


class AgreementPart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the agreement stands, and how reference and version are told apart."""

    column: Column
    pattern: str = r"(?P<reference>.+)"


class DatePart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When it was; `means` says whether the column has the date itself, or one that it wasn't later than."""

    column: Column | None = None
    formats: tuple[str, ...] = ("%Y-%m-%d",)
    means: Literal["on", "not later than"] = "on"
    not_later_than: date | None = None


class PersonPart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the person stands to whom something was given, if any is named."""

    name: Column
    email: Column | None = None


class Reference(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the register's own number of a release stands."""

    column: Column


class RegisterMap(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a register is read."""

    register: RegisterId
    organisation: Part
    dataset: Part
    form: Part
    provided: Part
    date: DatePart
    basis: Part | None = None
    agreement: AgreementPart | None = None
    person: PersonPart | None = None
    reference: Reference | None = None
    encoding: str = "utf-8"
    delimiter: Annotated[str, Meta(pattern=r"^[^\r\n\"]" + END)] = ","

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that are read, once each."""
        parts = (self.organisation, self.dataset, self.form, self.provided, self.date, self.basis, self.agreement)
        named = [part.column for part in (*parts, self.reference) if part]
        people = [self.person.name, self.person.email] if self.person else []
        return tuple(dict.fromkeys(column for column in (*named, *people) if column))


class ReadMap(NamedTuple):
    """A map, and the SHA-256 of the file that it stood in."""

    map: RegisterMap
    digest: str


def read_map(name: str) -> ReadMap:
    """The map in a file, or the one that is shipped under this name. Raises `Malformed` with what is wrong with it."""
    path = Path(name)
    shipped = SHIPPED / f"{name}.toml"
    is_short = not path.exists() and re.fullmatch(r"[a-z0-9][a-z0-9.-]*", name)
    if is_short and shipped.is_file():
        content = shipped.read_bytes()
    elif is_short:
        known = ", ".join(sorted(one.name.removesuffix(".toml") for one in SHIPPED.iterdir() if one.is_file()))
        raise Malformed("map", name, f"is no file, and none of the maps that are shipped: {known}")
    else:
        with path.open("rb") as file:
            content = file.read(MAX_MAP_BYTES + 1)
    if len(content) > MAX_MAP_BYTES:
        raise Malformed("map", name, f"has more than the {MAX_MAP_BYTES:,} bytes allowed")
    try:
        found = msgspec.convert(tomllib.loads(content.decode()), RegisterMap)
        _check(found)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError, _Senseless) as error:
        raise Malformed("map", name, str(error)) from error
    return ReadMap(found, sha256(content).hexdigest())


class _Senseless(Exception):
    """A map that is of the right shape, and yet cannot be gone by."""


def _check(found: RegisterMap) -> None:
    for name in ("organisation", "dataset", "form", "provided", "basis"):
        part: Part | None = getattr(found, name)
        if part is not None and (part.column is None) == (part.fixed is None):
            raise _Senseless(f"[{name}] says neither a column nor what is fixed for all rows, or both")
        if part is not None and part.values is not None and part.column is None:
            raise _Senseless(f"[{name}] has values, but no column for them to stand in")
    _check_words("form", found.form, get_args(PastForm))
    _check_words("provided", found.provided, get_args(Provided))
    if found.basis:
        _check_words("basis", found.basis, None)
    for title in (found.organisation.fixed, found.dataset.fixed, *(found.organisation.values or {}).values()):
        if title is not None:
            _check_kind("a name", title, Title)
    for id_ in (found.dataset.values or {}).values():
        _check_kind("[dataset]", id_, DataSetId)
    _check_agreement(found)
    _check_date(found)
    try:
        "".encode(found.encoding)
    except (LookupError, ValueError) as error:
        raise _Senseless(f"encoding {found.encoding!a} is none that this program knows") from error


def _check_words(name: str, part: Part, words: tuple[str, ...] | None) -> None:
    """Whatever enters the log in plain stands in the map, and is one of some words or at least short ASCII."""
    if part.column is not None and not part.values:
        raise _Senseless(f"[{name}] needs values: a table with each word of {part.column!a}, and what it means here")
    for said in [part.fixed] if part.fixed is not None else (part.values or {}).values():
        if words is None:
            _check_kind(f"[{name}]", said, Name)
        elif said not in words:
            raise _Senseless(f"[{name}] has {said!a}, which is none of {', '.join(words)}")


_LOOKS: dict[object, str] = {
    DataSetId: "D- and letters, digits, dots or dashes",
    Name: "1 to 255 signs of ASCII",
    Title: "1 to 255 letters without control characters",
}


def _check_kind(name: str, said: str, kind: object) -> None:
    try:
        msgspec.convert(said, kind)
    except msgspec.ValidationError as error:
        raise _Senseless(f"{name} is {said!a}, which is not {_LOOKS[kind]}") from error


def _check_agreement(found: RegisterMap) -> None:
    if found.agreement is None:
        return
    try:
        groups = re.compile(found.agreement.pattern).groupindex
    except re.error as error:
        raise _Senseless(f"[agreement] has a pattern that is none: {error}") from error
    if "reference" not in groups or set(groups) - {"reference", "version"}:
        raise _Senseless("[agreement] has a pattern with other named groups than `reference` and perhaps `version`")


def _check_date(found: RegisterMap) -> None:
    said = found.date
    if said.column is None and said.not_later_than is None:
        raise _Senseless("[date] says neither a column, nor the day not later than which everything was")
    for form in said.formats:
        if precision_of(form) is None:
            raise _Senseless(f"[date] has the format {form!a}, which tells no year (%Y) with a month or a day")


def precision_of(form: str) -> Literal["day", "month"] | None:
    """How precisely a date in this format is known; None when that is less than a month."""
    signs = set(re.findall(r"%-?([A-Za-z])", form.replace("%%", "")))
    if signs & {"x", "F", "D"}:
        return None
    if not signs & {"Y", "y"}:
        return None
    if ("d" in signs and signs & {"m", "b", "B"}) or "j" in signs:
        return "day"
    return "month" if signs & {"m", "b", "B"} else None
