"""What the tests of packets share: copies of the worked packets to break, and a writer of TOML."""

import json
import re
import shutil
import tomllib
from collections.abc import Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, get_args, get_type_hints

import msgspec
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from api.packets import Packet, Problem, read_packet
from api.packets.form import Form
from tests.letters import EXAMPLES
from tests.stores import CAMPAIGN

MIT, OUTSIDE, MIXED = "mit-researcher", "outside-with-reliance", "mixed-group"
TODAY = date(2026, 11, 21)
GONE = object()

PENDING_RELIANCE = "pending C1.5 ethics[1].reliance: whether the home board relies on it is pending"
NO_CERTIFICATE = "missing C1.6 people[2].citi_document: no CITI certificate is given"
NO_KEY = "missing C3 contact.key_file: is missing"
PENDING_OUTCOME = "pending C1.5 ethics[3].outcome: the board's decision is pending"

AS_SHIPPED = {
    MIT: [],
    OUTSIDE: [NO_CERTIFICATE, NO_KEY, PENDING_RELIANCE],
    MIXED: [
        "missing C1.2 peer_review.reviewed: is missing; false is an answer",
        "missing C1.3 data_sets[2].form: is missing",
        "missing C1.6 people[2].citi_expires: the certificate ended on 2025-01-31; a current one is needed",
        PENDING_OUTCOME,
    ],
}

SCALARS = st.one_of(
    st.booleans(),
    st.integers(),
    st.floats(),
    st.dates(),
    st.datetimes(),
    st.times(),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
    st.sampled_from(
        [
            *("", "none", "home", "all personnel", "pending", "elected", "outside", "in doubt", "study group", "dean"),
            *("rosa.quill@example.edu", "tom.abara@example.edu", "Lakeside College", "D-6.002x-pc"),
            *("citi-abara.pdf", ".", date(2026, 1, 1), date(2027, 1, 1)),
        ]
    ),
)
NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
VALUES = st.recursive(
    SCALARS, lambda some: st.lists(some, max_size=4) | st.dictionaries(NAMES, some, max_size=4), max_leaves=8
)


def anything(examples: int, full: int) -> settings:
    """How many examples hypothesis tries, with CAMPAIGN=1 the full number."""
    count = full if CAMPAIGN else examples
    checks = [HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much, HealthCheck.too_slow]
    return settings(deadline=None, max_examples=count, suppress_health_check=checks)


class Folder:
    """A copy of a worked packet."""

    def __init__(self, path: Path, example: str = MIT) -> None:
        self.path = path
        shutil.copytree(EXAMPLES / example, path)

    @property
    def request(self) -> Path:
        return self.path / "request.toml"

    def table(self) -> dict[str, Any]:
        return tomllib.loads(self.request.read_text(encoding="utf-8"))

    def put(self, field: str, value: Any = GONE) -> None:
        """Give a field, such as `people[2].email`, this value, or take it away."""
        table: Any = self.table()
        *way, last = steps(field)
        here = table
        for step in way:
            here = here[step]
        if value is GONE:
            del here[last]
        elif isinstance(last, int) and last == len(here):
            here.append(value)
        else:
            here[last] = value
        self.write(table)

    def write(self, table: dict[str, Any]) -> None:
        self.request.write_text(toml(table), encoding="utf-8")

    def edit(self, old: str, new: str) -> None:
        """Put `new` in the place of `old`, which stands once in the request, and leave every other line as it is."""
        text = self.request.read_text(encoding="utf-8")
        assert text.count(old) == 1
        self.request.write_text(text.replace(old, new), encoding="utf-8")

    def read(self, **others: Any) -> Packet:
        return read_packet(self.path, **({"today": TODAY} | others))

    def problems(self) -> list[str]:
        return told(self.read().problems)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """The packet of a researcher of the institution's own, to break."""
    return Folder(tmp_path / "packet")


def found(field: str, *said: str) -> list[str]:
    """What `told` tells, where `said` leaves out what goes without saying: the field, and that it is malformed."""
    return sorted(_in_full(field, one) for one in said)


def _in_full(field: str, said: str) -> str:
    if re.match(r"(malformed|missing|pending) \S+ \S+: ", said):
        return said
    short = re.match(r"((?:malformed|missing|pending) \S+): (.*)", said, re.DOTALL)
    return f"{short[1]} {field}: {short[2]}" if short else f"malformed - {field}: {said}"


def told(problems: Sequence[Problem]) -> list[str]:
    """Each problem without its line, in the order of their fields."""
    return sorted(f"{one.kind} {one.item or '-'} {one.field}: {one.what}" for one in problems)


def steps(field: str) -> list[str | int]:
    """The way to a field; places in a list are counted from 1 in `field`, and from 0 here."""
    way: list[str | int] = []
    for part in field.split("."):
        name, _, number = part.partition("[")
        way += [name, int(number.rstrip("]")) - 1] if number else [name]
    return way


def toml(table: dict[str, Any]) -> str:
    """A table as a TOML file, one line for each of its fields."""
    return "".join(f"{_string(name)} = {_value(value)}\n" for name, value in table.items())


def _value(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return str(value)
        case str():
            return _string(value)
        case date() | datetime() | time():
            return value.isoformat()
        case list():
            return f"[{', '.join(map(_value, value))}]"
        case dict():
            return "{" + ", ".join(f"{_string(name)} = {_value(one)}" for name, one in value.items()) + "}"
    raise TypeError(value)


def _string(text: str) -> str:
    # JSON's strings are TOML's but for this one character.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


@st.composite
def broken_tables(draw, ways: Sequence[str] = ("replace", "take away", "add")) -> dict[str, Any]:
    """The request of a worked packet with some values replaced, taken away or added, wherever they stand."""
    example = draw(st.sampled_from(sorted(AS_SHIPPED)))
    broken = tomllib.loads((EXAMPLES / example / "request.toml").read_text(encoding="utf-8"))
    for _ in range(draw(st.integers(1, 6))):
        here = broken
        while (inner := _inner(here)) and draw(st.integers(0, 3)):
            here = draw(st.sampled_from(inner))
        _break(draw, here, draw(st.sampled_from(ways)))
    return broken


def _inner(table: Any) -> list[Any]:
    values = table.values() if isinstance(table, dict) else table
    return [value for value in values if isinstance(value, dict | list)]


def _break(draw, here: Any, what: str) -> None:
    places = list(here) if isinstance(here, dict) else list(range(len(here)))
    if what == "add" and isinstance(here, dict):
        here[draw(NAMES | st.sampled_from(sorted(fields_of(Form))))] = draw(VALUES)
    elif what == "add":
        here.append(draw(VALUES))
    elif places and what == "replace":
        here[draw(st.sampled_from(places))] = draw(VALUES)
    elif places:
        del here[draw(st.sampled_from(places))]


def fields_of(kind: type[msgspec.Struct]) -> set[str]:
    """The names of the form's fields that hold something else than tables."""
    found = set()
    for name, hint in get_type_hints(kind).items():
        tables = [one for one in (hint, *get_args(hint)) if isinstance(one, type) and issubclass(one, msgspec.Struct)]
        found |= fields_of(tables[0]) if tables else {name}
    return found
