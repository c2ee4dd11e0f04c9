"""Events: declared once, pinned for ever, found by every id that they hold."""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from datetime import date
from types import ModuleType
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ledger.events
from ledger import codec
from ledger.codec import MAX_INTEGER, Codec
from ledger.errors import Malformed
from ledger.events import DECLARED, Event, FactCorrected, PersonErased, PersonRegistered
from ledger.events.ids import END, SEALED, TAG, DataSetId, Date, Digest, Name, PersonId, RequestId, Sealed
from tests.event_pins_later import AFTER_THE_RELEASE
from tests.event_pins_office import OF_THE_OFFICE
from tests.event_pins_release import TO_THE_RELEASE
from tests.event_strategies import events, many, members
from tests.facts import ANA, BEN, DATA_SET, EVA, REQUEST, commitment, data_set, person, submitted, version_added

PINNED = {**TO_THE_RELEASE, **OF_THE_OFFICE, **AFTER_THE_RELEASE}

PLAIN = (
    msgspec.inspect.LiteralType,
    msgspec.inspect.NoneType,
    msgspec.inspect.DateType,
    msgspec.inspect.BoolType,
)
every_event = pytest.mark.parametrize("event", DECLARED, ids=lambda event: event.wire_type())


class GroupMoved(Event, name="group.moved", version=1, sealed_for="head"):
    """Holds an id in every way in which an event may hold one."""

    head: PersonId
    deputy: PersonId | None = None
    members: tuple[PersonId, ...] = ()
    pairs: tuple[tuple[PersonId, DataSetId], ...] = ()
    requests: tuple[RequestId, ...] | None = None
    reason: Sealed | None = None
    note: Sealed | None = None
    label: Name = "moved"


def test_every_declared_event_is_pinned_with_its_version_and_its_shape():
    assert {event.wire_type(): shape(event) for event in DECLARED} == PINNED


def test_every_event_of_the_package_is_declared():
    assert {event for module in stages() for event in events_in(module)} == set(DECLARED)


@every_event
def test_an_event_stands_in_the_file_of_its_stage_and_can_be_imported_from_the_package(event):
    assert event.__module__ in {module.__name__ for module in stages()}
    assert getattr(ledger.events, event.__name__) is event
    assert event.__name__ in ledger.events.__all__


@every_event
def test_an_event_says_in_a_sentence_what_has_happened(event):
    assert re.fullmatch(r"[A-Z][^\n]+[.]", (event.__doc__ or "").partition("\n")[0])


@every_event
def test_an_event_is_frozen_keyword_only_and_takes_no_unknown_members(event):
    settings = event.__struct_config__
    kinds = {parameter.kind for parameter in inspect.signature(event).parameters.values()}

    assert (settings.frozen, settings.forbid_unknown_fields, kinds) == (True, True, {inspect.Parameter.KEYWORD_ONLY})


def test_an_event_cannot_be_changed():
    registered: Any = person()

    with pytest.raises(AttributeError):
        registered.name = commitment(2)


def test_an_event_takes_no_member_by_its_place():
    by_place: list[Any] = [ANA, (), date(2026, 12, 21)]

    with pytest.raises(TypeError):
        PersonErased(*by_place)


@every_event
def test_each_member_can_be_decoded_and_is_bounded(event):
    assert [(field.name, why) for field in members(event) for why in unfit(field.type)] == []
    assert all(field.name.isascii() for field in members(event))


@pytest.mark.campaign
@many
@given(event=events(*DECLARED, GroupMoved))
def test_every_id_in_an_event_is_a_tag_and_every_commitment_sealed_for_somebody(event):
    held = [
        (name, mark, value)
        for field in members(type(event))
        for name, mark, value in marked(field.name, field.type, getattr(event, field.name))
    ]

    if isinstance(event, FactCorrected):
        return
    assert event.tags() == {f"{mark[TAG]}:{value}" for _, mark, value in held if TAG in mark}
    assert list(event.sealed().items()) == [(name, value) for name, mark, value in held if SEALED in mark]
    assert not event.sealed() or [event.subject()] == [
        f"{mark[TAG]}:{value}" for name, mark, value in held if name == event.sealed_for
    ]


def test_a_correction_is_found_by_whatever_finds_the_fact_that_it_corrects():
    corrected = FactCorrected(corrected=7, about=(f"person:{ANA}", f"request:{REQUEST}"), reason=commitment())

    assert corrected.tags() == {f"person:{ANA}", f"request:{REQUEST}"}
    assert corrected.subject() == f"request:{REQUEST}"


@every_event
def test_an_event_that_can_seal_something_belongs_to_somebody(event):
    # Documents belong to the same person or request, so an event may belong to somebody and seal nothing.
    assert bool(event.sealed_for) or not any("sealed" in held for held in shape(event).values())


@pytest.mark.parametrize(
    "kind",
    [PersonId, DataSetId, RequestId, Sealed, Digest, Name, codec.Principal, codec.Salt],
    ids=["PersonId", "DataSetId", "RequestId", "Sealed", "Digest", "Name", "Principal", "Salt"],
)
@many
@given(data=st.data())
def test_nothing_may_follow_what_a_member_holds(kind, data):
    fits = data.draw(st.from_regex(kind.__metadata__[0].pattern, fullmatch=True))
    tail = data.draw(st.sampled_from(["\n", "\r", "\0", " \n"]))

    assert msgspec.convert(fits, kind) == fits
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(fits + tail, kind)


@pytest.mark.parametrize(
    "text",
    ["2026-02-29", "2026-02-30", "2026-13-01", "2026-00-10", "2026-1-1", "20260101", "2026-01-01\n", "٢٠٢٦-01-01"],
)
def test_a_day_that_is_in_no_calendar_is_no_date(text):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(text, Date)


def test_every_id_is_a_tag():
    moved = GroupMoved(head=ANA, deputy=BEN, members=(EVA, ANA), pairs=((BEN, DATA_SET),), requests=(REQUEST,))

    assert moved.tags() == {
        *(f"person:{ANA}", f"person:{BEN}", f"person:{EVA}"),
        *(f"dataset:{DATA_SET}", f"request:{REQUEST}"),
    }


def test_what_is_not_given_is_no_tag():
    assert GroupMoved(head=ANA).tags() == {f"person:{ANA}"}


def test_the_commitments_that_are_given_are_sealed_for_somebody():
    moved = GroupMoved(head=ANA, deputy=BEN, reason=commitment(7))

    assert (moved.sealed(), moved.subject()) == ({"reason": commitment(7)}, f"person:{ANA}")


def test_the_tags_of_events_of_ours():
    assert person().tags() == {f"person:{ANA}"}
    assert data_set().tags() == version_added().tags() == {f"dataset:{DATA_SET}"}
    assert submitted(researcher=ANA, study_group=(ANA, BEN)).tags() == {
        *(f"request:{REQUEST}", f"dataset:{DATA_SET}"),
        *(f"person:{ANA}", f"person:{BEN}"),
    }


def test_what_events_of_ours_seal():
    assert person(email=commitment(2)).sealed() == {"name": commitment(1), "email": commitment(2)}
    assert (submitted().sealed(), submitted().subject()) == ({"description": commitment()}, f"request:{REQUEST}")


@pytest.mark.parametrize(
    ("name", "version"),
    [
        *(("", 1), ("person", 1), ("Person.registered", 1), ("person.Registered", 1), ("person..registered", 1)),
        *((".registered", 1), ("person.", 1), ("person.registered\n", 1), ("person.registered.v1", 1), ("pérson.x", 1)),
        *(("person/x.y", 1), ("person registered.x", 1), ("person.registered", 0), ("person.registered", -1)),
    ],
)
def test_a_declaration_with_a_bad_name_or_version_is_refused(name, version):
    with pytest.raises(Malformed) as refusal:
        type("Bad", (Event,), {"__annotations__": {"person": PersonId}}, name=name, version=version)

    assert (refusal.value.what, refusal.value.value) == ("wire name", f"{name}.v{version}")


def test_a_declaration_without_name_and_version_is_refused():
    with pytest.raises(Malformed, match="Nameless"):
        type("Nameless", (Event,), {})


@pytest.mark.parametrize("member", ["version", "wire_name", "sealed_for", "tags", "subject", "sealed", "upcast"])
def test_a_member_that_would_hide_what_every_event_has_is_refused(member):
    with pytest.raises(Malformed) as refusal:
        type("Hiding", (Event,), {"__annotations__": {member: Name}}, name="thing.hidden", version=1)

    assert (refusal.value.what, refusal.value.value) == ("member", member)


def test_a_wire_name_and_version_that_is_declared_twice_is_refused():
    class PersonMet(Event, name="person.registered", version=1):
        """Somebody was met."""

    with pytest.raises(Malformed) as refusal:
        Codec([PersonRegistered, PersonMet])

    assert refusal.value.value == "person.registered.v1"


@every_event
def test_every_version_leads_up_to_the_newest_of_its_name(event):
    versions = sorted(other.version for other in DECLARED if other.wire_name == event.wire_name)

    assert versions == list(range(1, len(versions) + 1))
    assert ("upcast" in vars(event)) == (event.version < len(versions))


def shape(event: type[Event]) -> dict[str, str]:
    """The members of an event, each with what it may hold; a question mark says that it need not be given."""
    return {field.encode_name + ("" if field.required else "?"): spelled(field.type) for field in members(event)}


def spelled(kind: msgspec.inspect.Type) -> str:
    match kind:
        case msgspec.inspect.StrType():
            return (kind.pattern or "text").removesuffix(END)
        case msgspec.inspect.Metadata():
            marks = [mark if value is True else value for mark, value in (kind.extra or {}).items()]
            return " ".join([spelled(kind.type), *marks])
        case msgspec.inspect.LiteralType():
            return " | ".join(map(str, kind.values))
        case msgspec.inspect.UnionType():
            return " | ".join(map(spelled, kind.types))
        case msgspec.inspect.VarTupleType():
            return f"({spelled(kind.item_type)})*"
        case msgspec.inspect.StructType():
            return "{" + ", ".join(f"{field.encode_name}: {spelled(field.type)}" for field in kind.fields) + "}"
        case msgspec.inspect.IntType():
            return f"{kind.ge} to {kind.le}"
        case msgspec.inspect.NoneType():
            return "null"
        case _:
            return type(kind).__name__.removesuffix("Type").lower()


def stages() -> list[ModuleType]:
    """The modules of the package in which events are declared."""
    names = [module.name for module in pkgutil.iter_modules(ledger.events.__path__)]
    return [importlib.import_module(f"ledger.events.{name}") for name in names if name not in {"event", "ids"}]


def events_in(module: ModuleType) -> Iterator[type[Event]]:
    for _, found in inspect.getmembers(module, inspect.isclass):
        if issubclass(found, Event) and found.__module__ == module.__name__:
            yield found


def unfit(kind: msgspec.inspect.Type) -> Iterator[str]:
    """Why this type cannot stand in a payload, or could hold what RFC 8785 would write otherwise."""
    match kind:
        case msgspec.inspect.Metadata():
            yield from unfit(kind.type)
        case msgspec.inspect.UnionType():
            for one in kind.types:
                yield from unfit(one)
        case msgspec.inspect.VarTupleType():
            yield from unfit(kind.item_type)
        case msgspec.inspect.TupleType():
            for one in kind.item_types:
                yield from unfit(one)
        case msgspec.inspect.StructType():
            for field in kind.fields:
                yield from unfit(field.type)
        case msgspec.inspect.StrType():
            if kind.pattern is None:
                yield "is text without a pattern"
        case msgspec.inspect.IntType():
            if kind.ge is None or kind.le is None or kind.ge < -MAX_INTEGER or kind.le > MAX_INTEGER:
                yield "is a number without bounds within 2**53 - 1"
        case msgspec.inspect.DateTimeType() if kind.tz:
            return
        case _ if isinstance(kind, PLAIN):
            return
        case _:
            yield f"is of a kind that no event holds yet: {kind}"


def marked(name: str, kind: msgspec.inspect.Type, value: Any) -> Iterator[tuple[str, dict[str, Any], str]]:
    """The texts within a member that are marked, with their marks."""
    match kind, value:
        case msgspec.inspect.Metadata(), str():
            yield name, kind.extra or {}, value
        case msgspec.inspect.UnionType(), _:
            for one in kind.types:
                yield from marked(name, one, value)
        case msgspec.inspect.VarTupleType(), tuple():
            for item in value:
                yield from marked(name, kind.item_type, item)
        case msgspec.inspect.TupleType(), tuple():
            for one, item in zip(kind.item_types, value, strict=True):
                yield from marked(name, one, item)
        case msgspec.inspect.StructType(), msgspec.Struct():
            for field in kind.fields:
                yield from marked(field.name, field.type, getattr(value, field.name))
