"""What the tests of the views share: facts about few things, so that they meet, and all that the views say."""

import re
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import date, datetime
from pathlib import Path
from sqlite3 import Connection, connect
from typing import Any
from zlib import crc32

import msgspec
from hypothesis import strategies as st

from ledger.chain.entry import NO_LEAF, make_entry
from ledger.codec import SALT_BYTES, Codec, Fact
from ledger.events import (
    AccessPermitted,
    ActRefused,
    AgreementExecuted,
    AgreementIssued,
    AgreementSigned,
    AgreementTerminated,
    ContactDesignated,
    DataSetOpened,
    Event,
    FactCorrected,
    KeyConfirmed,
    KeyFiled,
    KeyTestPassed,
    KeyTestSent,
    PolicyPublished,
    ReleaseAuthorised,
    ReleaseFailed,
    ReleaseHandedOver,
    ReleaseReceived,
    RequestApproved,
    RoleGranted,
    TrainingCertified,
    WaiverGranted,
)
from ledger.events.agreement import Covered, Recipient
from ledger.events.release import Package, Packed, Version
from ledger.log import Ledger
from projections.upkeep import Upkeep
from projections.views.reading import Happening
from projections.views.tables import OF_A_FACT, OF_A_REQUEST
from projections.views.taking import READER, WANTED
from tests.event_strategies import events
from tests.facts import ANA, BEN, DATA_SET, NOON, REQUEST, commitment, fact, version_added
from tests.office_facts import DIRECTOR, FAR_OFF, LONG_AGO, TODAY
from tests.office_requests import complete

PEOPLE = ["p-" + 32 * letter for letter in "abe"]
DAYS = ["2025-12-31", "2026-01-15", "2026-11-20", "2026-11-21", "2026-11-22", "2027-01-15", "0001-01-01", "9999-12-31"]
FEW = {
    r"p-[0-9a-f]{32}": PEOPLE,
    r"R-[0-9]{4}-[0-9]{4,9}": ["R-2026-0001", "R-2026-0002"],
    r"Q-[0-9]{4}-[0-9]{4,9}": ["Q-2026-0001", "Q-2026-0002"],
    r"10\.[0-9]{4,9}/[^\"]+": ["10.1000/1", "10.1000/2"],
    r"([ABDEKLWO])-[A-Za-z0-9._-]{1,80}": [r"\1-1", r"\1-2"],
    r"([DAEKLWOIHX])-[A-Za-z0-9._-]{1,80}": [r"\1-1", r"\1-2"],
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}": DAYS,
    r"[0-9a-f]{64}": [64 * "1", 64 * "2"],
}
ZONES = ["America/New_York", "Pacific/Auckland"]
OTHERS = (RoleGranted,)
CODEC = Codec()

Say = tuple[dict[str, list[Any]], int]


def few(event: Event) -> Event:
    """The same event about one of few people, requests, days and other things."""
    told = msgspec.convert(_fewer(msgspec.to_builtins(event)), type(event))
    if isinstance(told, PolicyPublished):
        return msgspec.structs.replace(told, time_zone=ZONES[told.training_months % len(ZONES)])
    return told


def _fewer(value: Any) -> Any:
    match value:
        case dict():
            return {name: _fewer(member) for name, member in value.items()}
        case list() | tuple():
            return [*map(_fewer, value)]
        case str():
            for pattern, names in FEW.items():
                if found := re.fullmatch(pattern, value):
                    return found.expand(names[crc32(value.encode()) % len(names)])
    return value


def renamed(event: Event, names: Mapping[str, str]) -> Event:
    """The same event about others: each name in it that stands here is another one."""
    text = msgspec.json.encode(event).decode()
    for old, new in names.items():
        text = text.replace(f'"{old}"', f'"{new}"')
    return msgspec.json.decode(text, type=type(event))


def everything(connection: Connection) -> dict[str, list[Any]]:
    """All that stands in the tables."""
    tables = (*OF_A_REQUEST, *OF_A_FACT, "undone")
    return {table: connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall() for table in tables[:-1]} | {
        "undone": connection.execute("SELECT * FROM undone ORDER BY 1").fetchall()
    }


def happened(event: Event, position: int) -> Happening:
    """The event as the views read it from its entry, when it happened at noon and was recorded then."""
    payload = CODEC.encode(fact(event), bytes(SALT_BYTES), NOON)
    entry = make_entry(position, NO_LEAF, NOON, event.tags(), event.wire_type(), payload)
    (read,) = READER.read([(position, entry.leaf, entry.raw)])
    return read


def mark(path: Path) -> None:
    """Put something into a file that is gone when the file is thrown away."""
    with closing(connect(path)) as connection, connection:
        connection.execute("CREATE TABLE IF NOT EXISTS marks (mark)")
        connection.execute("INSERT INTO marks VALUES (1)")


def marks(path: Path) -> int:
    """How often the file was marked since it was made."""
    with closing(connect(path)) as connection:
        (count,) = connection.execute("SELECT COUNT(*) FROM marks").fetchone()
    return int(count)


def said_by(path: Path, ledger: Ledger) -> Say:
    """All that the views in a file say of a ledger, and for which position."""
    answer = Upkeep(path, ledger).ask(everything)
    return answer.rows, answer.position


# The life of a request from its approval on, in few words; a test names what it changes.


def approved(request: str = REQUEST) -> RequestApproved:
    return RequestApproved(request=request)


def issued(agreement: str = "A-1", people: Sequence[str] = (ANA, BEN), **changes: Any) -> AgreementIssued:
    rest: dict[str, Any] = {
        "request": REQUEST,
        "kind": "MOU",
        "template": "mou-1",
        "template_approved_by": DIRECTOR,
        "text": commitment(7),
        "recipients": tuple(Recipient(person=one, organisation=None) for one in people),
        "datasets": (Covered(dataset=DATA_SET, form="identified"),),
    }
    return AgreementIssued(agreement=agreement, **(rest | changes))


def signed(capacity: Any, signer: str = ANA, agreement: str = "A-1", **changes: Any) -> AgreementSigned:
    rest: dict[str, Any] = {
        "request": REQUEST,
        "text": commitment(7),
        "organisation": None,
        "on": LONG_AGO,
        "evidence": "scan",
        "document": commitment(8),
        "attested_by": DIRECTOR,
    }
    return AgreementSigned(agreement=agreement, signer=signer, capacity=capacity, **(rest | changes))


def executed(agreement: str = "A-1", starts: date = LONG_AGO, ends: date = FAR_OFF) -> AgreementExecuted:
    return AgreementExecuted(agreement=agreement, request=REQUEST, starts=starts, ends=ends)


def terminated(on: date, agreement: str = "A-1") -> AgreementTerminated:
    return AgreementTerminated(agreement=agreement, request=REQUEST, on=on)


def designated(who: str = ANA) -> ContactDesignated:
    return ContactDesignated(request=REQUEST, person=who)


def key_filed(key: str = "K-1", who: str = ANA, expires: datetime | None = None) -> KeyFiled:
    return KeyFiled(
        key=key,
        request=REQUEST,
        person=who,
        fingerprint=commitment(9),
        document=commitment(10),
        made=NOON,
        expires=expires,
        names_address=True,
    )


def key_confirmed(key: str = "K-1") -> KeyConfirmed:
    return KeyConfirmed(key=key, request=REQUEST, confirmed_to=DIRECTOR, by="phone", on=LONG_AGO)


def sent_test(key: str = "K-1") -> KeyTestSent:
    return KeyTestSent(key=key, request=REQUEST, channel="sftp-drop", nonce=commitment(11))


def passed_test(key: str = "K-1") -> KeyTestPassed:
    return KeyTestPassed(key=key, request=REQUEST, channel="sftp-drop")


def authorised(release: str = "L-1", label: str = "1") -> ReleaseAuthorised:
    return ReleaseAuthorised(
        release=release,
        request=REQUEST,
        contact=ANA,
        key="K-1",
        channel="sftp-drop",
        versions=(Version(dataset=DATA_SET, label=label, form="identified"),),
        parties=(),
        bases=(),
    )


def handed_over(release: str = "L-1", label: str = "1") -> ReleaseHandedOver:
    file = Packed(dataset=DATA_SET, label=label, size=3, digest=64 * "5")
    package = Package(files=(file,), plain_size=3, plain_sha256=64 * "6", cipher_size=9, cipher_sha256=64 * "7")
    return ReleaseHandedOver(
        release=release,
        request=REQUEST,
        contact=ANA,
        key="K-1",
        channel="sftp-drop",
        package=package,
        key_ids=commitment(12),
        extracted_by=DIRECTOR,
        learners=None,
    )


def failed(release: str = "L-1", stage: Any = "delivery") -> ReleaseFailed:
    return ReleaseFailed(release=release, request=REQUEST, stage=stage)


def received(release: str = "L-1", on: date = TODAY) -> ReleaseReceived:
    return ReleaseReceived(release=release, request=REQUEST, contact=ANA, on=on)


def permitted(who: str = ANA) -> AccessPermitted:
    return AccessPermitted(request=REQUEST, person=who, dataset=DATA_SET, agreement="A-1")


def opened_by(who: str | None, request: str | None = REQUEST) -> DataSetOpened:
    return DataSetOpened(dataset=DATA_SET, label="1", person=who, request=request)


def not_let_in(who: str) -> ActRefused:
    return ActRefused(act="let-in", request=REQUEST, objections=(), person=who, dataset=DATA_SET)


def waiver(expires: date) -> WaiverGranted:
    return WaiverGranted(waiver="W-1", request=REQUEST, rule="key-tested", reason=commitment(), expires=expires)


def trained(who: str, completed: date, expires: date | None = None) -> TrainingCertified:
    return TrainingCertified(person=who, completed=completed, expires=expires, document=commitment(13))


def corrected(position: int, event: Event) -> FactCorrected:
    return FactCorrected(corrected=position, about=tuple(sorted(event.tags())))


AGREED = [approved(), issued(), signed("researcher"), signed("office", DIRECTOR), executed()]
KEYED = [designated(), key_filed(), key_confirmed(), sent_test(), passed_test()]
RELEASED = [*AGREED, *KEYED, authorised(), handed_over(), received()]
LATER = [
    permitted(),
    opened_by(BEN),
    trained(ANA, LONG_AGO),
    terminated(TODAY),
    opened_by(BEN),
    PolicyPublished(training_months=1),
]


@st.composite
def logs(draw: st.DrawFn) -> list[Fact]:
    """The life of a request with some facts left out, others of any kind in between, and some corrected."""
    kinds = [kind for kind in WANTED if kind is not FactCorrected]
    life = draw(st.sampled_from([[], [*complete(), version_added(), *RELEASED, *LATER]]))
    left_out = draw(st.sets(st.integers(0, 40), max_size=3))
    told = [event for place, event in enumerate(life) if place not in left_out]
    for event in draw(st.lists(events(*kinds, *OTHERS), max_size=12)):
        told.insert(draw(st.integers(0, len(told))), few(event))
    told = told or [RELEASED[0]]
    for place in draw(st.lists(st.integers(0, 60), max_size=4)):
        at = len(told) - 1 - place % len(told)
        if told[at].tags():
            told.append(corrected(at + 1, told[at]))
    return [fact(event) for event in told]
