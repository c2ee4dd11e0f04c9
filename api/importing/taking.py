"""Taking a register into the ledger: rows as facts, so many in a transaction.

A row is known again by a mark, a keyed hash of the register's id and of all that stands in the row; the second of two
rows that are alike has another. So whatever was cut off goes on where it stopped, a register that is taken in again
adds nothing, and two who take in the same do it one after the other. What was taken back by a correction stays so.
"""

import hmac
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, time, timedelta
from hashlib import sha256
from itertools import islice
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from api.admission import admit_import
from api.importing.known import KnownPast, is_introduced
from api.importing.mapping import ReadMap
from api.importing.naming import Naming, introduced_by
from api.importing.reading import Bytes, Progress, Register, Row
from api.importing.seen import Seen
from api.signing import nothing_after
from ledger.boundary import Boundary
from ledger.chain.entry import Entry
from ledger.codec import Fact
from ledger.errors import Conflict, Malformed
from ledger.events import (
    DataSetRegistered,
    Event,
    OrganisationRegistered,
    PastDataSetRecorded,
    PastRegisterTakenIn,
    PastReleaseRecorded,
    PersonRegistered,
)
from ledger.home import WISH_KEY, Home
from ledger.log import Reading
from ledger.storage.port import Clock
from projections.acts import of_office
from projections.standing import Office, Standing

Appended = Callable[[Sequence[Entry]], object]

VIA = "import"
# Each batch waits for the disk three times: for keys, for what is sealed, and for the log.
BATCH = 2_048
ATTEMPTS = 8


class Last(NamedTuple):
    """The last entry that was recorded: its leaf commits to all before it."""

    position: int
    leaf: str


class Taken(NamedTuple):
    """What came of it: how many rows were recorded now, and how many were before; the last entry, if there is one."""

    new: int
    before: int
    organisations: int
    datasets: int
    people: int
    last: Last | None


class Importer:
    """Takes the register that a map is for into a ledger home, as an actor; it has to be closed.

    `appended` is told of each batch. Raises `NotEntitled` for an actor who may not, and `Malformed` for a data set in
    the map that the ledger has not.
    """

    def __init__(self, home: Home, read: ReadMap, actor: str, clock: Clock, appended: Appended = nothing_after) -> None:
        self._home, self._actor, self._clock, self._appended = home, actor, clock, appended
        self._read, self._map = read, read.map
        reading = home.ledger.read([of_office()])
        admit_import(actor, reading.facts, clock())
        self.office: Office = Standing(reading.facts).office
        self._zone = ZoneInfo(self.office.policy.event.time_zone)
        self._secret = home.custody.secret(WISH_KEY)
        catalogued = sorted(set((self._map.dataset.values or {}).values()))
        for dataset in catalogued:
            if not is_introduced(home.ledger, f"dataset:{dataset}", DataSetRegistered):
                raise Malformed("data set", dataset, "is in the map, but not in this ledger")
        self._known = KnownPast(home.ledger, self._map.register)
        self._naming = Naming(home, self._known, self._map.register, catalogued, self._keyed)
        self._made: Counter[type[Event]] = Counter()
        self._last: Last | None = None

    def close(self) -> None:
        """Be done with it."""
        self._known.close()

    def marked(self, rows: Iterable[Row]) -> Iterator[tuple[Row, str]]:
        """Rows, each with what it is known again by."""
        with closing(Seen()) as seen:
            for row in rows:
                content = sha256(row.content).hexdigest()
                mark = self._mark(content, 1)
                times = seen.see(bytes.fromhex(mark))
                yield row, mark if times == 1 else self._mark(content, times)

    def _mark(self, content: str, times: int) -> str:
        return self._keyed("row", self._map.register, content, str(times))

    def is_recorded(self, mark: str) -> bool:
        """Whether a row with this mark was recorded before."""
        return bytes.fromhex(mark) in self._known.marks

    def would_take(self, register: Register) -> Taken:
        """What would come of it now, as far as rows go."""
        rows = self.marked(row for row in register.rows(Bytes()) if isinstance(row, Row))
        recorded = Counter(self.is_recorded(mark) for _, mark in rows)
        return Taken(recorded[False], recorded[True], 0, 0, 0, None)

    def take(self, register: Register, file: str, left_out: int, progress: Progress) -> Taken:
        """Record what isn't recorded yet of a register whose file had this SHA-256 when it was looked through.

        Raises `Conflict` when others were faster, time and again, and `Malformed` when the file is another now.
        """
        seen = Bytes()
        new = before = 0
        rows = self.marked(row for row in register.rows(seen) if isinstance(row, Row))
        while batch := list(islice(rows, BATCH)):
            recorded = self._persist(batch)
            new, before = new + recorded, before + len(batch) - recorded
            progress(len(batch))
        if seen.digest != file:
            raise Malformed("register", self._map.register, "was changed while it was read: take it in once more")
        self._close(file, new + before, left_out, anything=new > 0)
        made = self._made
        return Taken(
            new, before, made[OrganisationRegistered], made[PastDataSetRecorded], made[PersonRegistered], self._last
        )

    def _persist(self, batch: Sequence[tuple[Row, str]]) -> int:
        """How many of these rows were recorded now."""
        for _ in range(ATTEMPTS - 1):
            try:
                return self._record(batch)
            except Conflict:
                self._known.catch_up()
        return self._record(batch)

    def _record(self, batch: Sequence[tuple[Row, str]]) -> int:
        rows = [(row, mark) for row, mark in batch if not self.is_recorded(mark)]
        if not rows:
            return 0
        introductions = self._naming.learn([row for row, _ in rows])
        facts = [*map(self._fact, introductions), *(self._release(row, mark) for row, mark in rows)]
        self._append(facts, introduced_by(introductions))
        self._naming.keep()
        self._made.update(map(type, introductions))
        return len(rows)

    def _append(self, facts: Sequence[Fact], boundaries: Sequence[Boundary]) -> None:
        known, ledger = self._known, self._home.ledger
        query = ledger.query([*known.boundaries, *boundaries])
        entries = ledger.append(facts, Reading((), known.position, query, None)).entries
        known.add(fact.event for fact in facts)
        known.position = entries[-1].position
        self._appended(entries)
        self._last = Last(entries[-1].position, entries[-1].leaf.hex())

    def _close(self, file: str, taken: int, left_out: int, *, anything: bool) -> None:
        """Record that the file was read to its end, unless that is known, and nothing came of it."""
        if not anything and file in self._known.files:
            return
        register = self._map.register
        closing = PastRegisterTakenIn(
            register=register, file=file, map=self._read.digest, taken=taken, left_out=left_out
        )
        self._append([self._fact(closing)], ())

    def _release(self, row: Row, mark: str) -> Fact:
        event = PastReleaseRecorded(
            register=self._map.register,
            row=mark,
            reference=row.reference,
            organisation=self._naming.organisation(row.organisation),
            person=self._naming.person(row.organisation, row.person),
            dataset=self._naming.dataset(row.dataset),
            form=row.form,
            agreement=row.agreement,
            agreement_version=row.agreement_version,
            basis=row.basis,
            provided=row.provided,
            on=row.on,
            dated=row.dated,
        )
        return self._fact(event, occurred_at=self._time(row), precision=row.dated)

    def _time(self, row: Row) -> datetime:
        """When it was: where a day or month begins, or where the day ends not later than which it was."""
        if row.dated != "not-later-than":
            return datetime.combine(row.on, time(), self._zone)
        ends = datetime.combine(row.on + timedelta(1), time(), self._zone) - timedelta(microseconds=1)
        return min(ends.astimezone(UTC), self._clock())

    def _fact(self, event: Event, **when: Any) -> Fact:
        return Fact(event=event, actor=self._actor, via=VIA, **when)

    def _keyed(self, *texts: str) -> str:
        """What only this ledger makes of some texts: nobody can find them by trying, and it is the same each time."""
        message = b"dua-ledger/v1 import\n" + "\n".join(texts).encode()
        return hmac.digest(self._secret, message, "sha256")[:16].hex()
