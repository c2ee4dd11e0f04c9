"""Payloads: the exact bytes, read back in the current version; what does not fit is refused by name."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any, cast

import msgspec
import pytest
import rfc8785
from hypothesis import given

from ledger.boundary import about
from ledger.chain.entry import Entry, make_entry
from ledger.codec import MAX_DEPTH, MAX_INTEGER, Codec, Fact, Known, Recorded
from ledger.errors import DoesNotFit, Malformed, TooLarge, UnknownEvent
from ledger.events import DECLARED, Event, PersonErased, PersonRegistered
from ledger.events.ids import Name, PersonId
from ledger.storage import Store
from tests.event_strategies import facts, many
from tests.facts import (
    ANA,
    BEN,
    NOON,
    commitment,
    data_set,
    erased,
    fact,
    judged,
    ledger_on,
    nothing_written,
    person,
    submitted,
    version_added,
)
from tests.office_facts import key_filed

SALT = bytes(range(16))
SUBMITTED = (
    b'{"actor":"staff:1","cause":4,'
    b'"documents":["00000000000000000000000000000000000000000000000000000000000000d0"],'
    b'"event":{"datasets":[{"dataset":"D-6.002x-pc","form":"identified"}],'
    b'"description":"0000000000000000000000000000000000000000000000000000000000000001",'
    b'"description_document":null,"funded":null,"funding":null,"head_approval":null,'
    b'"peer_reviewed":null,"personnel":[],'
    b'"purposes":["scholarship on teaching and learning"],'
    b'"request":"R-2026-0001",'
    b'"researcher":"p-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",'
    b'"researcher_heads_department":false,"researcher_is_student":false,"reviewers":null,"sponsor":null,'
    b'"study_group":["p-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","p-bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"]},'
    b'"judged":{"at":"2026-11-21T12:00:00.000000Z",'
    b'"command":{"kind":"submit","note":"\\"\xc3\xa4\\"\\n","of":["R-2026-0001",1,true,null]},'
    b'"policy":2,"read_to":4,"rulebook":1},'
    b'"occurred_at":"2026-11-19T23:30:00.250000Z",'
    b'"on_behalf_of":"p-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",'
    b'"precision":"day","salt":"AAECAwQFBgcICQoLDA0ODw","via":"command line"}'
)
ERASED = (
    b'{"actor":"staff:1","cause":null,"documents":[],'
    b'"event":{"details":["email","phone"],"last_copy_lapses":"2026-12-21","person":"p-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},'
    b'"judged":null,"occurred_at":"2026-11-21T12:00:00.000000Z","on_behalf_of":null,"precision":"instant",'
    b'"salt":"AAECAwQFBgcICQoLDA0ODw","via":"command line"}'
)


class Measured(msgspec.Struct, frozen=True):
    """A part of an event that holds what may not stand in one."""

    share: float


def weighed(kind: Any) -> type[Event]:
    """An event with a member of this type."""

    class Weighed(Event, name="thing.weighed", version=1):
        weight: kind

    return Weighed


class MemberNamed(Event, name="member.named", version=1):
    """A member got a name."""

    person: PersonId
    name: Name

    def upcast(self) -> "MemberNamedInParts":
        given, _, family = self.name.partition(" ")
        return MemberNamedInParts(person=self.person, given=given, family=family or None)


class MemberNamedInParts(Event, name="member.named", version=2):
    """A member got a given name and a family name."""

    person: PersonId
    given: Name
    family: Name | None

    def upcast(self) -> "MemberNamedInFull":
        return MemberNamedInFull(person=self.person, names=tuple(filter(None, [self.given, self.family])))


class MemberNamedInFull(Event, name="member.named", version=3):
    """A member got names, as many as there are."""

    person: PersonId
    names: tuple[Name, ...]


class MemberLeft(Event, name="member.left", version=1):
    """A member left."""

    person: PersonId


MEMBERS = Codec([MemberNamed, MemberNamedInParts, MemberNamedInFull, MemberLeft])


def test_a_payload_has_exactly_these_bytes():
    wish = {"of": ["R-2026-0001", 1, True, None], "note": '"ä"\n', "kind": "submit"}
    five_hours_west = timezone(-timedelta(hours=5))
    submission = fact(
        submitted(study_group=(ANA, BEN)),
        cause=4,
        documents=(commitment(0xD0),),
        judged=judged(wish, policy=2, read_to=4),
        on_behalf_of=ANA,
        occurred_at=datetime(2026, 11, 19, 18, 30, 0, 250_000, five_hours_west),
        precision="day",
    )

    assert Codec().encode(submission, SALT, NOON) == SUBMITTED


def test_what_a_fact_does_not_say_is_null_and_it_happened_now():
    assert Codec().encode(fact(erased(details=("email", "phone"))), SALT, NOON) == ERASED


def test_a_payload_reads_back_with_what_its_entry_says():
    assert Codec().decode(entry("request.submitted.v1", SUBMITTED, ["request:R-2026-0001"])) == Recorded(
        position=7,
        recorded_at=NOON,
        type="request.submitted.v1",
        tags=("request:R-2026-0001",),
        event=submitted(study_group=(ANA, BEN)),
        actor="staff:1",
        via="command line",
        on_behalf_of=ANA,
        cause=4,
        documents=(commitment(0xD0),),
        occurred_at=datetime(2026, 11, 19, 23, 30, 0, 250_000, UTC),
        precision="day",
        judged=judged({"kind": "submit", "note": '"ä"\n', "of": ["R-2026-0001", 1, True, None]}, policy=2, read_to=4),
    )


@pytest.mark.campaign
@many
@given(written=facts())
def test_every_fact_is_written_as_rfc_8785_says_and_reads_back_the_same(written):
    payload = Codec().encode(written, SALT, NOON)
    read = Codec().decode(entry(written.event.wire_type(), payload))

    assert payload == rfc8785.dumps(msgspec.json.decode(payload))
    assert read == recorded(written, read)


@pytest.mark.campaign
@many
@given(written=facts())
def test_what_is_known_of_every_fact_is_its_event(written):
    told = entry(written.event.wire_type(), Codec().encode(written, SALT, NOON))

    assert Codec().known(told) == Known(written.event.upcast(), told.position)


def test_an_old_version_reads_as_the_current_one():
    first = MEMBERS.encode(fact(MemberNamed(person=ANA, name="Ana Ejemplo")), SALT, NOON)
    second = MEMBERS.encode(fact(MemberNamedInParts(person=ANA, given="Ana", family=None)), SALT, NOON)

    assert MEMBERS.decode(entry("member.named.v1", first)).event == MemberNamedInFull(
        person=ANA, names=("Ana", "Ejemplo")
    )
    assert MEMBERS.decode(entry("member.named.v2", second)).event == MemberNamedInFull(person=ANA, names=("Ana",))


def test_an_old_version_can_be_read_as_it_was_written():
    old = MemberNamed(person=ANA, name="Ana Ejemplo")
    stored = entry("member.named.v1", MEMBERS.encode(fact(old), SALT, NOON))

    assert MEMBERS.event("member.named.v1", MEMBERS.payload(stored).event) == old


@pytest.mark.parametrize("asked", [MemberNamed, MemberNamedInParts, MemberNamedInFull])
def test_a_boundary_of_one_version_finds_all_versions(store: Store, asked):
    ledger = ledger_on(store, codec=MEMBERS)
    versions = [
        MemberNamed(person=ANA, name="Ana Ejemplo"),
        MemberNamedInParts(person=ANA, given="Ana", family="Ejemplo"),
        MemberNamedInFull(person=ANA, names=("Ana", "Ejemplo")),
    ]
    ledger.append([fact(version) for version in [*versions, MemberLeft(person=ANA)]])

    boundary = about(asked, tags=[f"person:{ANA}"])

    assert [(one.position, one.type, one.event) for one in ledger.facts([boundary])] == [
        (1, "member.named.v1", versions[-1]),
        (2, "member.named.v2", versions[-1]),
        (3, "member.named.v3", versions[-1]),
    ]
    assert ledger.read([boundary]).facts == tuple(Known(versions[-1], position) for position in (1, 2, 3))


@pytest.mark.parametrize("wire_type", ["person.registered.v2", "person.registered", "nobody.knows.v1"])
def test_an_unknown_wire_name_is_not_read(wire_type):
    with pytest.raises(UnknownEvent) as refusal:
        Codec().decode(entry(wire_type, b"whatever its program wrote"))

    assert refusal.value.wire_type == wire_type


@pytest.mark.parametrize("event", [MemberLeft(person=ANA), MemberNamedInFull(person=ANA, names=())])
def test_an_event_that_is_not_declared_is_neither_written_nor_asked_for(store: Store, event):
    ledger = ledger_on(store)

    with nothing_written(store), pytest.raises(UnknownEvent) as refusal:
        ledger.append([fact(person()), fact(event)])
    with pytest.raises(UnknownEvent):
        ledger.read([about(type(event))])

    assert refusal.value.wire_type == event.wire_type()


def test_another_event_under_a_declared_wire_name_is_not_written(store: Store):
    class PersonMet(Event, name="person.registered", version=1):
        """Somebody was met."""

        person: PersonId

    with nothing_written(store), pytest.raises(UnknownEvent):
        ledger_on(store).append([fact(PersonMet(person=ANA))])


def deep(levels: int) -> dict[str, Any]:
    """A wish with objects and lists in each other; the payload and what was judged are two levels more."""
    inner: Any = "bottom"
    for level in range(levels - 3):
        inner = [inner] if level % 2 else {"in": inner}
    return {"in": inner}


def endless() -> dict[str, Any]:
    wish: dict[str, Any] = {}
    wish["again"] = [wish]
    return wish


UNFIT: dict[str, Fact] = {
    "a member that is missing": fact(version_added(label=cast(Any, None))),
    "a member of another type": fact(person(name=7)),
    "a list where a text must be": fact(submitted(researcher=[ANA])),
    "a text where a list must be": fact(submitted(study_group=ANA)),
    "an id of another pattern": fact(person("p-1")),
    "an id in capitals": fact(person(ANA.upper())),
    "an id with a line end": fact(person(ANA + "\n")),
    "a commitment with a line end": fact(person(name=commitment() + "\n")),
    "a name with a lone surrogate": fact(data_set("D-\ud800")),
    "a choice that is none": fact(erased(details=("shoe size",))),
    "a day in no calendar": fact(erased(lapses="2026-02-30")),
    "a time where a day must be": fact(erased(lapses=NOON)),
    "a float": fact(person(), judged=judged({"share": 0.5})),
    "a float that is whole": fact(person(), judged=judged({"share": 1.0})),
    "what is no number": fact(person(), judged=judged({"share": float("nan")})),
    "an infinite number": fact(person(), judged=judged({"deep": [{"share": float("-inf")}]})),
    "an integer beyond 2**53 - 1": fact(person(), judged=judged({"count": MAX_INTEGER + 1})),
    "an integer below -(2**53 - 1)": fact(person(), judged=judged({"count": [-MAX_INTEGER - 1]})),
    "an integer of 65 bits": fact(person(), judged=judged({"count": 2**64})),
    "an integer of 20,000 bits": fact(person(), judged=judged({"count": 2**20_000})),
    "a member name that is not ASCII": fact(person(), judged=judged({"größe": 1})),
    "a member name deep inside that is not ASCII": fact(person(), judged=judged({"a": [{"b": {"ü": 1}}]})),
    "a member name that is a number": fact(person(), judged=judged({"a": {1: 2}})),
    "a member name with a lone surrogate": fact(person(), judged=judged({"\ud800": 1})),
    "a text with a lone surrogate": fact(person(), judged=judged({"note": "\udfff"})),
    "an object of Python": fact(person(), judged=judged({"note": object()})),
    "one level too deep": fact(person(), judged=judged(deep(MAX_DEPTH + 1))),
    "ten thousand levels deep": fact(person(), judged=judged(deep(10_000))),
    "a wish within itself": fact(person(), judged=judged(endless())),
    "a wish that is a list": fact(person(), judged=judged(["submit"])),
    "a judgement in month 13": fact(person(), judged=judged({}, at="2026-13-01T00:00:00.000000Z")),
    "a judgement on 30 February": fact(person(), judged=judged({}, at="2026-02-30T00:00:00.000000Z")),
    "a judgement at an hour of another script": fact(person(), judged=judged({}, at="2026-11-21T1٢:00:00.000000Z")),
    "a judgement at a time without a zone": fact(person(), judged=judged({}, at="2026-11-21T12:00:00.000000")),
    "a judgement with a line end": fact(person(), judged=judged({}, at="2026-11-21T12:00:00.000000Z\n")),
    "a policy at position 0": fact(person(), judged=judged({}, policy=0)),
    "a reading below 0": fact(person(), judged=judged({}, read_to=-1)),
    "a rulebook without a version": fact(person(), judged=judged({}, rulebook=None)),
    "no actor": fact(person(), actor=None),
    "an actor without a name": fact(person(), actor=""),
    "an actor with a line end": fact(person(), actor="staff:1\n"),
    "an actor with a control character": fact(person(), actor="staff:\x9b1"),
    "an actor with a lone surrogate": fact(person(), actor="staff:\ud83d"),
    "an actor of 256 letters": fact(person(), actor=256 * "a"),
    "an empty via": fact(person(), via=""),
    "an empty somebody": fact(person(), on_behalf_of=""),
    "a cause at position 0": fact(person(), cause=0),
    "a cause beyond 2**53 - 1": fact(person(), cause=MAX_INTEGER + 1),
    "a cause that is a truth": fact(person(), cause=True),
    "a document that is no commitment": fact(person(), documents=("letter.pdf",)),
    "a precision that is none": fact(person(), precision="year"),
}


@pytest.mark.parametrize("unfit", UNFIT.values(), ids=UNFIT.keys())
def test_what_does_not_fit_is_not_written(store: Store, unfit):
    with nothing_written(store), pytest.raises(DoesNotFit) as refusal:
        ledger_on(store).append([fact(data_set()), unfit])

    assert refusal.value.wire_type == unfit.event.wire_type()


FITTING: dict[str, Fact] = {
    "the largest integers": fact(person(), judged=judged({"count": [MAX_INTEGER, -MAX_INTEGER]})),
    "as deep as may be": fact(person(), judged=judged(deep(MAX_DEPTH))),
    "an actor of 255 letters": fact(person(), actor=255 * "ä"),
    "29 February of a leap year": fact(erased(lapses=date(2028, 2, 29))),
    "the first day": fact(erased(lapses=date(1, 1, 1))),
}


@pytest.mark.parametrize("fitting", FITTING.values(), ids=FITTING.keys())
def test_what_just_fits_is_written_and_read(store: Store, fitting):
    ledger = ledger_on(store)
    ledger.append([fitting])

    (read,) = ledger.facts()

    assert read == recorded(fitting, read)


@pytest.mark.parametrize(
    "occurred_at",
    [NOON.replace(tzinfo=None), datetime.min.replace(tzinfo=timezone(timedelta(hours=14)))],
    ids=["no zone", "before the year 1 in UTC"],
)
def test_a_time_that_is_no_instant_is_not_written(store: Store, occurred_at):
    with nothing_written(store), pytest.raises(Malformed) as refusal:
        ledger_on(store).append([fact(person(), occurred_at=occurred_at)])

    assert (refusal.value.what, refusal.value.value) == ("time", occurred_at.isoformat())


@pytest.mark.parametrize("size", [0, 15, 17, 32])
def test_a_salt_of_another_length_is_not_written(store: Store, size):
    with nothing_written(store), pytest.raises(DoesNotFit):
        ledger_on(store, random_bytes=lambda _: bytes(size)).append([fact(person())])


@pytest.mark.parametrize(
    "too_large",
    [
        fact(submitted(study_group=tuple(f"p-{number:032x}" for number in range(63)))),
        fact(submitted(purposes=2000 * ("scholarship on teaching and learning",))),
    ],
    ids=["65 tags", "70,000 bytes"],
)
def test_what_is_too_large_for_an_entry_is_not_written(store: Store, too_large):
    with nothing_written(store), pytest.raises(TooLarge):
        ledger_on(store).append([fact(data_set()), too_large])


def test_two_equal_facts_have_different_leaves(store: Store):
    ledger = ledger_on(store)
    first, second = (ledger.append([fact(person())]).entries[0] for _ in range(2))

    assert ledger.codec.decode(first).event == ledger.codec.decode(second).event
    assert ledger.codec.payload(first).salt != ledger.codec.payload(second).salt
    assert first.payload != second.payload


ALTERED: dict[str, tuple[bytes, bytes]] = {
    "a member missing from the event": (b'"last_copy_lapses":"2026-12-21",', b""),
    "a member too many in the event": (b'"details"', b'"and":1,"details"'),
    "a member missing from the payload": (b'"cause":null,', b""),
    "a member too many in the payload": (b'"cause":null,', b'"cause":null,"cost":1,'),
    "a member of another type": (b'["email","phone"]', b'"email"'),
    "a choice that is none": (b'"phone"', b'"shoe size"'),
    "another pattern": (b"p-aaaa", b"p-AAAA"),
    "a day in month 13": (b"2026-12-21", b"2026-13-01"),
    "30 February": (b"2026-12-21", b"2026-02-30"),
    "a time in month 13": (b"2026-11-21T", b"2026-13-21T"),
    "hour 24": (b"T12:", b"T24:"),
    "a time of five digits": (b".000000Z", b".00000Z"),
    "a time in another zone": (b".000000Z", b".000000+00:00"),
    "an event that is null": (ERASED[ERASED.index(b'{"details"') : ERASED.index(b',"judged"')], b"null"),
    "a judgement that is a text": (b'"judged":null', b'"judged":"yes"'),
    "a judgement without its time": (
        b'"judged":null',
        b'"judged":{"at":"now","command":{},"policy":null,"read_to":0,"rulebook":1}',
    ),
    "a float": (b'"cause":null', b'"cause":1.5'),
    "a position beyond 2**53 - 1": (b'"cause":null', b'"cause":9007199254740992'),
    "a salt of 15 bytes": (b"AAECAwQFBgcICQoLDA0ODw", b"AAECAwQFBgcICQoLDA0O"),
    "a salt of 132 bits": (b"AAECAwQFBgcICQoLDA0ODw", b"AAECAwQFBgcICQoLDA0ODx"),
    "a salt with padding": (b"AAECAwQFBgcICQoLDA0ODw", b"AAECAwQFBgcICQoLDA0ODw=="),
    "bytes that are no UTF-8": (b"staff:1", b"staff:\xff"),
    "half a surrogate pair": (b"staff:1", b"staff:\\ud800"),
    "something after the end": (b'line"}', b'line"} {}'),
    "an end that is missing": (b'line"}', b'line"'),
    "a wish that is nested without end": (
        b'"judged":null',
        b'"judged":{"at":"2026-11-21T12:00:00.000000Z","command":{"a":%b},"policy":null,"read_to":0,"rulebook":1}'
        % (20_000 * b"[" + 20_000 * b"]"),
    ),
}


@pytest.mark.parametrize(("old", "new"), ALTERED.values(), ids=ALTERED.keys())
def test_what_does_not_fit_is_not_read(old, new):
    assert ERASED.count(old) == 1

    with pytest.raises(DoesNotFit) as refusal:
        Codec().decode(entry("person.erased.v1", ERASED.replace(old, new)))

    assert refusal.value.wire_type == "person.erased.v1"


# What would be read as something else, or make whoever uses it fail.
WRONG_EVENTS = (
    "a member missing from the event",
    "a member of another type",
    "a choice that is none",
    "a day in month 13",
    "30 February",
    "an event that is null",
    "something after the end",
    "an end that is missing",
    "a wish that is nested without end",
)


@pytest.mark.parametrize("altered", WRONG_EVENTS)
def test_an_event_of_wrong_types_is_not_known(altered):
    old, new = ALTERED[altered]

    with pytest.raises(DoesNotFit) as refusal:
        Codec().known(entry("person.erased.v1", ERASED.replace(old, new)))

    assert refusal.value.wire_type == "person.erased.v1"


def test_a_time_without_a_zone_is_not_known():
    filed = Codec().encode(fact(key_filed(expires=NOON)), SALT, NOON)
    zoneless = filed.replace(b'"expires":"2026-11-21T12:00:00Z"', b'"expires":"2026-11-21T12:00:00"')
    assert zoneless != filed

    with pytest.raises(DoesNotFit):
        Codec().known(entry("key.filed.v1", zoneless))


def test_an_event_that_is_known_is_not_held_against_its_patterns_again():
    old, new = ALTERED["another pattern"]

    known = Codec().known(entry("person.erased.v1", ERASED.replace(old, new)))

    assert isinstance(known.event, PersonErased)
    assert known.event.person == ANA.replace("p-aaaa", "p-AAAA")


@pytest.mark.parametrize("payload", [b"", b"null", b"[]", b"{}", b"\xff", b"{"])
def test_what_is_no_payload_is_not_read(payload):
    for read in (Codec().decode, Codec().known):
        with pytest.raises(DoesNotFit):
            read(entry("person.erased.v1", payload))


def test_only_what_is_on_the_allow_list_is_known():
    known = Codec([PersonRegistered])

    assert {event.wire_type(): Codec().event_class(event.wire_type()) for event in DECLARED} == {
        event.wire_type(): event for event in DECLARED
    }
    with pytest.raises(UnknownEvent):
        known.decode(entry("person.erased.v1", ERASED))
    with pytest.raises(UnknownEvent):
        known.known(entry("person.erased.v1", ERASED))


def entry(wire_type: str, payload: bytes, tags: list[str] | None = None) -> Entry:
    return make_entry(7, bytes(32), NOON, tags or [], wire_type, payload)


def recorded(fact: Fact, read: Recorded) -> Recorded:
    """A fact as it must read, where `read` says what its entry says."""
    return Recorded(
        position=read.position,
        recorded_at=read.recorded_at,
        type=fact.event.wire_type(),
        tags=read.tags,
        event=fact.event.upcast(),
        actor=fact.actor,
        via=fact.via,
        on_behalf_of=fact.on_behalf_of,
        cause=fact.cause,
        documents=fact.documents,
        occurred_at=fact.occurred_at or NOON,
        precision=fact.precision,
        judged=fact.judged,
    )


@pytest.mark.parametrize(
    "kind", [float, int, dict[str, str], Any, list[str], bytes, tuple[float, ...], float | None, Measured]
)
def test_an_event_with_a_member_that_json_could_write_in_two_ways_is_not_taken_on(kind):
    declared = weighed(kind)

    with pytest.raises(Malformed) as refused:
        Codec([declared])

    assert refused.value.what == "member"
    assert refused.value.value == "weight"
