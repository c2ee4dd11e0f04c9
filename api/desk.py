"""The desk: the one way in.

An *act* is judged first: it is done when no rule objects, and refused otherwise, and the refusal is recorded with what
the rules held against it. A *report* is of something that has happened: it is recorded when it is well formed. What
`api.admission` does not let in changes nothing.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import NamedTuple, Protocol, TypeVar

import msgspec

from api.admission import (
    admit_act,
    admit_circumstances,
    admit_form,
    admit_reports,
    check_time,
    followed,
    looked_at,
    office_in,
)
from api.errors import NotEntitled, Outdated
from api.signing import After, Before, nothing_after, nothing_before
from api.stages import uses_of
from ledger.chain.entry import Entry
from ledger.codec import Fact, Judged, Precision
from ledger.errors import Conflict
from ledger.events import ActRefused, Event
from ledger.events.governance import Objected
from ledger.log import Appended, IdempotencyKey, Ledger, Reading
from ledger.storage.port import Clock, recording_time
from ledger.turns import Pause
from projections.acts import Act, ApproveRequest
from projections.checklist import NOBODY
from projections.judgement import Judgement, done, judge_now, judged
from projections.rules.rule import Objection
from projections.standing import Office, Standing, State
from projections.views.taking import of_request as of_case

ATTEMPTS = 8
# Whoever gives anybody an address is in the way of all others who do; and nothing has to be judged again.
ATTEMPTS_TO_REPORT = 64

Answer = TypeVar("Answer")


class Circumstances(msgspec.Struct, frozen=True, kw_only=True):
    """Who records something and how it came in: what stands beside every event."""

    actor: str
    via: str
    on_behalf_of: str | None = None
    documents: tuple[str, ...] = ()
    occurred_at: datetime | None = None
    precision: Precision = "instant"

    def admit(self, now: datetime) -> None:
        """Raise `Malformed` for what may not stand beside an event."""
        admit_circumstances(self.actor, self.on_behalf_of, self.occurred_at, now)

    def fact(self, event: Event, judgement: Judged | None = None) -> Fact:
        """The event under these circumstances."""
        return Fact(
            event=event,
            actor=self.actor,
            via=self.via,
            on_behalf_of=self.on_behalf_of,
            documents=self.documents,
            occurred_at=self.occurred_at,
            precision=self.precision,
            judged=judgement,
        )


class Check(Protocol):
    """What has to be so when something is recorded, beside all that it is admitted or judged by."""

    def check(self, ledger: Ledger, reading: Reading) -> Reading:
        """The reading with what this depends on, which may not change before the append. Raises if it is not so."""


class Seen(NamedTuple):
    """What somebody has seen of a request before they act on it.

    `holds` tells whether it is still so when the log is so long, by nothing but what an approval is judged on, and
    whether data that were received are used.
    """

    request: str
    holds: Callable[[int], bool]

    def check(self, ledger: Ledger, reading: Reading) -> Reading:
        """The reading with all that it was seen by: nothing of that may change before the append.

        Raises `Outdated` when it is otherwise by now.
        """
        act = ApproveRequest(principal=NOBODY, request=self.request)
        reading = ledger.widen(reading, [*act.first_look(), of_case(self.request)])
        standing = Standing(reading.facts)
        reading = ledger.widen(reading, act.second_look(standing))
        if standing.request(self.request).state is State.RECEIVED:
            reading = ledger.watch(reading, [uses_of(self.request)])
        if not self.holds(reading.position):
            raise Outdated(self.request, reading.position)
        return reading


class Outcome(msgspec.Struct, frozen=True):
    """What came of a wish: the entries, and for an act that was refused what the rules held against it.

    `again` says that the same wish had this outcome before; `warnings` what is not yet with the entries as it should
    be, such as that they are not signed.
    """

    entries: tuple[Entry, ...]
    objections: tuple[Objection, ...] = ()
    again: bool = False
    warnings: tuple[str, ...] = ()

    @property
    def refused(self) -> bool:
        """Whether an act was refused."""
        return bool(self.objections)


class Desk:
    """Takes wishes for a ledger.

    `before` raises when nothing may be recorded now; `after` is told of what was recorded, and gives warnings.
    """

    def __init__(
        self, ledger: Ledger, clock: Clock, after: After = nothing_after, before: Before = nothing_before
    ) -> None:
        self._ledger, self._clock, self._after, self.check_ready = ledger, clock, after, before
        self._recording, self._following = Pause(), Pause()

    def act(
        self, act: Act, circumstances: Circumstances, key: IdempotencyKey | None = None, seen: Seen | None = None
    ) -> Outcome:
        """Do it, or record that it was refused.

        Raises `NotEntitled` for somebody who may not wish it, `Malformed` for a request that the ledger does not know
        and for an act of another shape, `Outdated` when it is no longer as it was `seen`, `Conflict` when others were
        faster, time and again.
        """
        self.check_ready()
        return self._followed(_persist(lambda: self._act(act, circumstances, key, seen)))

    def objections(
        self, act: Act, circumstances: Circumstances, key: IdempotencyKey | None = None, seen: Seen | None = None
    ) -> tuple[Objection, ...]:
        """What the rules hold against an act now; nothing is recorded. Raises as `act` does."""
        return self._judge(act, circumstances, key, seen).objections

    def earlier(self, key: IdempotencyKey) -> Outcome | None:
        """What came of the wish under this key before; None when nothing did. Raises `KeyReused`."""
        entries = self._ledger.read(key=key).outcome
        if not entries:
            return None
        return self._followed(Outcome(entries, _objections_of(self._ledger, entries), again=True))

    def admit(
        self,
        reports: Sequence[tuple[Event, Circumstances]],
        key: IdempotencyKey | None = None,
        checks: Sequence[Check] = (),
    ) -> None:
        """Raise what `report_together` would raise now; nothing is recorded."""
        self._read(reports, key, checks)

    def report(self, event: Event, circumstances: Circumstances, key: IdempotencyKey | None = None) -> Outcome:
        """Record what has happened; as `report_together` for one event."""
        return self.report_together([(event, circumstances)], key)

    def report_together(
        self,
        reports: Sequence[tuple[Event, Circumstances]],
        key: IdempotencyKey | None = None,
        checks: Sequence[Check] = (),
    ) -> Outcome:
        """Record what has happened, all of it or nothing.

        Raises `Malformed` for what `api.admission` does not let in, `Outdated` and `Conflict` as `act` does.
        """
        self.check_ready()
        return self._followed(_persist(lambda: self._report(reports, key, checks), ATTEMPTS_TO_REPORT))

    def _followed(self, outcome: Outcome) -> Outcome:
        """An outcome with what is said after it was recorded, of an earlier one too: it may not have come so far."""
        with self._following.waiting():
            warnings = self._after(outcome.entries)
        return msgspec.structs.replace(outcome, warnings=warnings) if warnings else outcome

    def _act(self, act: Act, circumstances: Circumstances, key: IdempotencyKey | None, seen: Seen | None) -> Outcome:
        judgement = self._judge(act, circumstances, key, seen)
        if judgement.objections:
            # What documents are about is what was not done, and they belong to no refusal.
            circumstances = msgspec.structs.replace(circumstances, documents=())
            event: Event = _refusal(act, judgement.objections)
        else:
            event = done(judgement)
        appended = self._append([circumstances.fact(event, judged(judgement))], judgement.reading)
        if appended.again:
            return Outcome(appended.entries, _objections_of(self._ledger, appended.entries), again=True)
        return Outcome(appended.entries, judgement.objections)

    def _judge(
        self, act: Act, circumstances: Circumstances, key: IdempotencyKey | None, seen: Seen | None
    ) -> Judgement:
        """What the rules say of it now. What had an outcome before is let in again, whoever may wish it now."""
        admit_form(act)
        at = self._clock()
        circumstances.admit(at)
        judgement = judge_now(self._ledger, act, at, key)
        if not judgement.reading.outcome:
            if seen is not None:
                reading = seen.check(self._ledger, judgement.reading)
                judgement = msgspec.structs.replace(judgement, reading=reading)
            with self._entitled_by_then(at):
                admit_act(act, circumstances.actor, judgement.standing, at, circumstances.occurred_at)
        return judgement

    def _report(
        self, reports: Sequence[tuple[Event, Circumstances]], key: IdempotencyKey | None, checks: Sequence[Check]
    ) -> Outcome:
        reading = self._read(reports, key, checks)
        appended = self._append([circumstances.fact(event) for event, circumstances in reports], reading)
        return Outcome(appended.entries, again=appended.again)

    def _append(self, facts: Sequence[Fact], reading: Reading) -> Appended:
        with self._recording.waiting():
            return self._ledger.append(facts, reading)

    def _read(
        self, reports: Sequence[tuple[Event, Circumstances]], key: IdempotencyKey | None, checks: Sequence[Check]
    ) -> Reading:
        """What the ledger knows of what the reports are about, if they can be let in."""
        at = self._clock()
        events = [event for event, _ in reports]
        people = {circumstances.on_behalf_of for _, circumstances in reports} - {None}
        others = sorted(str(person) for person in people)
        for _, circumstances in reports:
            circumstances.admit(at)
        reading = self._ledger.read(looked_at(events, others), key)
        if not reading.outcome:
            told = [(event, circumstances.actor) for event, circumstances in reports]
            facts = reading.facts
            for check in checks:
                reading = check.check(self._ledger, reading)
            with self._entitled_by_then(at):
                admit_reports(told, facts, at, others)
            self._check_times(reports, office_in(facts), reading.position)
        return reading

    def _check_times(self, reports: Sequence[tuple[Event, Circumstances]], office: Office, position: int) -> None:
        """Raise `Malformed` for what cannot have happened when it is said to have. What happens now always can."""
        for event, circumstances in reports:
            if (at := circumstances.occurred_at) is not None:
                boundaries = followed(event)
                before = [*self._ledger.facts(boundaries, until=position)] if boundaries else []
                check_time(event, at, circumstances.precision, before, office)

    @contextmanager
    def _entitled_by_then(self, at: datetime) -> Iterator[None]:
        """`ClockBehind` in place of `NotEntitled` where the clock is behind: by it nobody may hold a role yet."""
        try:
            yield
        except NotEntitled:
            recording_time(at, self._ledger.store.head())
            raise


def _persist(attempt: Callable[[], Answer], attempts: int = ATTEMPTS) -> Answer:
    """What an attempt gives, made again when somebody else was faster, but not for ever."""
    for _ in range(attempts - 1):
        try:
            return attempt()
        except Conflict:
            continue
    return attempt()


def _refusal(act: Act, objections: Sequence[Objection]) -> ActRefused:
    return ActRefused(
        act=act.name,
        request=act.request,
        person=getattr(act, "person", None),
        dataset=getattr(act, "dataset", None),
        objections=tuple(
            Objected(rule=one.rule, about=one.about, wanting=one.wanting, facts=one.facts) for one in objections
        ),
    )


def _objections_of(ledger: Ledger, entries: Sequence[Entry]) -> tuple[Objection, ...]:
    events = [ledger.codec.decode(entry).event for entry in entries]
    return tuple(
        Objection(said.rule, said.about, said.wanting, said.facts)
        for event in events
        if isinstance(event, ActRefused)
        for said in event.objections
    )
