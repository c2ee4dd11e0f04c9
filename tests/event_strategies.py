"""Events and facts of every kind that their types allow, for hypothesis; with CAMPAIGN=1 many of them."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any, get_args

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from msgspec.inspect import type_info

from ledger.chain.entry import format_time
from ledger.codec import MAX_INTEGER, Fact, Judged, Precision
from ledger.events import DECLARED, Event
from tests.stores import CAMPAIGN


def examples(usual: int) -> settings:
    """So many examples of whatever is searched for; in a campaign, many times as many."""
    return settings(max_examples=10_000 if CAMPAIGN else usual, deadline=None)


many = examples(100)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
COMMITMENTS = st.from_regex("[0-9a-f]{64}", fullmatch=True)
POSITIONS = st.integers(1, MAX_INTEGER)
PRINCIPALS = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=40)
ZONES = st.builds(timezone, st.integers(-14 * 60, 14 * 60).map(lambda minutes: timedelta(minutes=minutes)))
TIMES = st.builds(
    lambda microseconds, zone: (EPOCH + timedelta(microseconds=microseconds)).astimezone(zone),
    st.integers(-(10**16), 10**16),
    ZONES,
)
NAMES = st.text(st.characters(max_codepoint=127), max_size=12)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)


def members(event: type[msgspec.Struct]) -> tuple[msgspec.inspect.Field, ...]:
    """The members of an event, with their types."""
    struct = type_info(event)
    assert isinstance(struct, msgspec.inspect.StructType)
    return struct.fields


def events(*kinds: type[Event]) -> st.SearchStrategy[Event]:
    """Events of these kinds, or of all that are declared."""
    return st.one_of([_instances(kind) for kind in kinds or DECLARED])


def facts(event: st.SearchStrategy[Event] | None = None) -> st.SearchStrategy[Fact]:
    """Facts in any circumstances."""
    return st.builds(
        Fact,
        event=event or events(),
        actor=PRINCIPALS,
        via=PRINCIPALS,
        on_behalf_of=st.none() | PRINCIPALS,
        cause=st.none() | POSITIONS,
        documents=st.lists(COMMITMENTS, max_size=2).map(tuple),
        occurred_at=st.none() | TIMES,
        precision=st.sampled_from(get_args(Precision)),
        judged=st.none() | JUDGED,
    )


JUDGED = st.builds(
    Judged,
    at=TIMES.map(format_time),
    command=st.dictionaries(NAMES, JSON, max_size=4),
    policy=st.none() | POSITIONS,
    read_to=st.integers(0, MAX_INTEGER),
    rulebook=POSITIONS,
)


def _instances(event: type[Event]) -> st.SearchStrategy[Event]:
    return st.builds(event, **{field.name: _values(field.type) for field in members(event)})


def _values(kind: msgspec.inspect.Type) -> st.SearchStrategy[Any]:
    match kind:
        case msgspec.inspect.Metadata():
            return _values(kind.type)
        case msgspec.inspect.UnionType():
            return st.one_of([_values(one) for one in kind.types])
        case msgspec.inspect.VarTupleType():
            return st.lists(_values(kind.item_type), max_size=4).map(tuple)
        case msgspec.inspect.TupleType():
            return st.tuples(*map(_values, kind.item_types))
        case msgspec.inspect.StrType():
            return st.from_regex(kind.pattern or "", fullmatch=True)
        case msgspec.inspect.IntType():
            return st.integers(kind.ge, kind.le)
        case msgspec.inspect.LiteralType():
            return st.sampled_from(kind.values)
        case msgspec.inspect.DateTimeType():
            return TIMES.map(lambda at: at.astimezone(UTC))
        case msgspec.inspect.DateType():
            return st.dates()
        case msgspec.inspect.StructType():
            return st.builds(kind.cls, **{field.name: _values(field.type) for field in kind.fields})
        case msgspec.inspect.BoolType():
            return st.booleans()
        case msgspec.inspect.NoneType():
            return st.none()
        case _:
            raise AssertionError(f"nothing here makes a {kind}")
