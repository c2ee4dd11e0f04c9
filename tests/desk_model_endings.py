"""The model of an office goes on after the release: agreements change and end, what is held is destroyed.

Like `tests.desk_model` it knows no rules: it looks through what was written down.
"""

import copy
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, NamedTuple, Self

from ledger.events import (
    AccessRestored,
    AccessRevoked,
    AgreementExecuted,
    AgreementExpired,
    AgreementIssued,
    AgreementRenewed,
    AgreementTerminated,
    AmendmentIssued,
    CopiesDeclared,
    CopyReported,
    DestructionAccepted,
    DestructionAttested,
    HoldingWrittenOff,
    IncidentClosed,
    IncidentContained,
    IncidentReported,
    LegalHoldLifted,
    LegalHoldPlaced,
    PersonDeparted,
    ReleaseAuthorised,
    ReleaseFailed,
    ReleaseHandedOver,
    ReleaseReceived,
)
from ledger.events.request import RequestSubmitted
from tests.desk_model import Model

Thing = tuple[str, Any]


class Members(NamedTuple):
    """Who was named so far, what for, and which agreements are in the place of others."""

    named: set[str]
    wanted: set[Thing]
    executed: list[str]
    replaced: set[str]


class Copy(NamedTuple):
    """A version that somebody has since something was written down."""

    position: int
    person: str
    dataset: str
    label: str

    @property
    def what(self) -> tuple[str, str, str]:
        return self.person, self.dataset, self.label


class LaterModel(Model):
    """An office that also knows how things end."""

    # Groups and agreements that change.

    def paper(self, agreement: str, request: str) -> Any:
        return self.last(AgreementIssued, AmendmentIssued, request=request, agreement=agreement)

    def _members(self, request: str | None) -> Members:
        said = self.said(request)
        now = Members(set(said.study_group), {(one.dataset, one.form) for one in said.datasets}, [], set())
        for effect in self.told(AgreementExecuted, request=request):
            paper = self.paper(effect.agreement, effect.request)
            if isinstance(paper, AmendmentIssued):
                now = self._amended(now, paper)
            now.executed.append(effect.agreement)
        return now

    def _amended(self, now: Members, paper: AmendmentIssued) -> Members:
        """Whom it names takes part; whom only what it replaces named does not any more."""
        mentioned = {one.person for one in paper.recipients}
        wanted = now.wanted | {(one.dataset, one.form) for one in paper.datasets}
        if paper.beside:
            return now._replace(named=now.named | mentioned, wanted=wanted)
        before = self.paper(paper.amends, paper.request)
        others = set(now.executed) - now.replaced - {paper.amends}
        kept = {one.person for which in others for one in self.paper(which, paper.request).recipients}
        dropped = {one.person for one in before.recipients} - kept - mentioned if before else set()
        return Members((now.named | mentioned) - dropped, wanted, now.executed, now.replaced | {paper.amends})

    def group(self, request: str | None) -> set[str]:
        return {who for who in self._members(request).named if self.left(who, request) is None}

    def named(self, request: str | None) -> set[str]:
        return self._members(request).named

    def personnel(self, request: str | None) -> set[str]:
        """Everybody involved: nobody who once was is forgotten by an amendment."""
        now, joined = self.said(request), set()
        for effect in self.told(AgreementExecuted, request=request):
            paper = self.paper(effect.agreement, effect.request)
            joined |= {one.person for one in paper.recipients} if isinstance(paper, AmendmentIssued) else set()
        return {*now.personnel, *joined, *(now.study_group if joined else ())}

    def wanted(self, request: str | None) -> set[Thing]:
        return self._members(request).wanted

    def group_after(self, agreement: str, request: str) -> set[str]:
        paper, now = self.paper(agreement, request), self._members(request)
        named = self._amended(now, paper).named if isinstance(paper, AmendmentIssued) else now.named
        return {who for who in named if self.left(who, request) is None}

    def wanted_after(self, agreement: str, request: str) -> set[Thing]:
        paper, now = self.paper(agreement, request), self._members(request)
        return self._amended(now, paper).wanted if isinstance(paper, AmendmentIssued) else now.wanted

    def departures(self, who: str, request: str | None) -> list[date]:
        """When somebody left; who is named anew when the request comes in again is back."""
        back = [at for at, one in self.placed(RequestSubmitted, request=request) if who in one.study_group]
        return [
            one.on for at, one in self.placed(PersonDeparted, request=request, person=who) if at > max(back, default=0)
        ]

    def left(self, who: str, request: str | None) -> date | None:
        """Since when somebody takes part no more, or has no right any more."""
        back = [at for at, _ in self.placed(AccessRestored, request=request, person=who)]
        gone = self.placed(AccessRevoked, request=request, person=who)
        days = [one.on for at, one in gone if at > max(back, default=0)]
        return min([*days, *self.departures(who, request)], default=None)

    def over(self, paper: Any) -> date:
        """The first day on which an agreement binds no more; one that was never in force does not end but by word."""
        of_it = {"request": paper.request, "agreement": paper.agreement}
        ends = [one.on for one in self.told(AgreementTerminated, **of_it)]
        if effect := self.last(AgreementExecuted, **of_it):
            renewed = self.last(AgreementRenewed, **of_it)
            ends.append((renewed or effect).ends + timedelta(1))
        for other in self.told(AmendmentIssued, request=paper.request, amends=paper.agreement, beside=False):
            instead = self.last(AgreementExecuted, request=paper.request, agreement=other.agreement)
            ends += [instead.starts] if instead else []
        return min(ends, default=date.max)

    def binds(self, paper: AgreementIssued, day: date) -> bool:
        effect = self.last(AgreementExecuted, request=paper.request, agreement=paper.agreement)
        return bool(effect) and effect.starts <= day < self.over(paper)

    def is_named(self, who: str, request: str | None, day: date, thing: Any) -> bool:
        left = self.left(who, request)
        return (left is None or day < left) and super().is_named(who, request, day, thing)

    def _amend_agreement(self, act: Any) -> Iterator[str]:
        yield from self._granted_and_own_part(act)
        if act.agreement in self.known:
            yield "number"
        if not act.recipients or not act.datasets or any(one.dataset not in self.known for one in act.datasets):
            yield "K1"
        if any(not self._may_be_named(act, one) for one in act.recipients):
            yield "K1"
        before = self.paper(act.amends, act.request)
        if before is None or not self.binds(before, self.day) or (before.kind != act.kind and not act.beside):
            yield "C2"
        people = self.group(act.request) | {one.person for one in act.recipients}
        if act.template_approved_by in {*people, self.said(act.request).researcher}:
            yield "own template"
        yield from self._barred(people, act.request)

    def _execute_agreement(self, act: Any) -> Iterator[str]:
        yield from super()._execute_agreement(act)
        paper = self.paper(act.agreement, act.request)
        if isinstance(paper, AmendmentIssued):
            before = self.paper(paper.amends, paper.request)
            if not self.binds(before, self.day) or act.starts > self.day:
                yield "C2"
            if paper.beside and act.ends >= self.over(before):
                yield "C2"

    def _renew_agreement(self, act: Any) -> Iterator[str]:
        paper = self.paper(act.agreement, act.request)
        yield from self._granted_and_own_part(act)
        yield from self._request_as_a_whole(act.request, self.day)
        yield from self._untrained(self.group(act.request), self.day)
        yield from self._too_long(self.day, act.ends)
        of_it = {"request": act.request, "agreement": act.agreement}
        ended = [one.on for one in self.told(AgreementTerminated, **of_it)]
        in_force = paper is not None and self.binds(paper, self.day) and not self.told(AgreementExpired, **of_it)
        if not in_force or act.ends < self.over(paper) or act.ends >= min(ended, default=date.max):
            yield "C2"

    def expired(self) -> set[tuple[str, date]]:
        """The agreements that ran out and nobody has said so yet, with the day since when."""
        found = set()
        for effect in self.told(AgreementExecuted):
            of_it = {"request": effect.request, "agreement": effect.agreement}
            runs_out = (self.last(AgreementRenewed, **of_it) or effect).ends + timedelta(1)
            over = self.over(self.paper(effect.agreement, effect.request))
            if runs_out <= self.day and over == runs_out and not self.told(AgreementExpired, **of_it):
                found.add((effect.agreement, runs_out))
        return found

    # What is in the way.

    def in_the_way(self, request: str | None, people: set[str], datasets: set[str]) -> Iterator[str]:
        yield from self.held_by_law(request, people, datasets)
        for one in self.told(IncidentReported):
            meant = request in one.requests if one.requests else people & {*one.people} or datasets & {*one.datasets}
            if meant and not self.told(IncidentClosed, incident=one.incident):
                yield "incident"

    def held_by_law(self, request: str | None, people: set[str], datasets: set[str]) -> Iterator[str]:
        for one in self.told(LegalHoldPlaced):
            meant = (one.request and one.request == request) or one.person in people or one.dataset in datasets
            if meant and not self.told(LegalHoldLifted, hold=one.hold):
                yield "hold"

    def _close_incident(self, act: Any) -> Iterator[str]:
        reported = self.last(IncidentReported, incident=act.incident)
        concerned = [*reported.requests] if reported else []
        sides = {who for one in concerned for who in self.parts(one)} | {*(reported.people if reported else ())}
        yield from self._own_part(act, sides)
        if not self.told(IncidentContained, incident=act.incident) or self.told(IncidentClosed, incident=act.incident):
            yield "incident"

    # What is held, and how that ends.

    def copies(self, request: str) -> Iterator[Copy]:
        """Whatever ever made somebody a holder under a request, presumed ones too."""
        declared = [at for at, _ in self.placed(CopiesDeclared, request=request)]
        for leave in self.told(ReleaseAuthorised, request=request):
            of_it = {"request": request, "release": leave.release}
            received = self.placed(ReleaseReceived, **of_it)[-1:]
            failed = self.told(ReleaseFailed, **of_it)
            handed_over = [] if received or failed else self.placed(ReleaseHandedOver, **of_it)
            for one in leave.versions:
                for at, fact in (*received, *handed_over):
                    yield Copy(at, fact.contact, one.dataset, one.label)
                for at, fact in received:
                    if at >= max(declared, default=0):
                        for who in self._as_of(at)._named_for(request, fact.on, (one.dataset, one.form)):
                            yield Copy(at, who, one.dataset, one.label)
        for at, said in self.placed(CopyReported, request=request):
            if said.person:
                yield Copy(at, said.person, said.dataset, said.label)

    def _as_of(self, position: int) -> Self:
        """What was known at a position, of what still counts."""
        then = copy.copy(self)
        then._by_kind = {kind: [one for one in placed if one[0] <= position] for kind, placed in self._by_kind.items()}
        return then

    def _named_for(self, request: str, day: date, thing: Thing) -> set[str]:
        return {
            one.person
            for paper in self.papers_of(request)
            if self.binds(paper, day) and thing in {(of.dataset, of.form) for of in paper.datasets}
            for one in paper.recipients
            if day < (self.left(one.person, request) or date.max)
        }

    def held(self, request: str, before: int | None = None) -> set[tuple[str, str, str]]:
        """Who has what still, of what was there before a position if one is given."""
        ends = [
            (at, (one.person, one.dataset, one.label)) for at, one in self.placed(HoldingWrittenOff, request=request)
        ]
        for accepted in self.told(DestructionAccepted, request=request):
            (at, attested), *_ = self.placed(DestructionAttested, attestation=accepted.attestation)
            ends += [(at, (one.person, one.dataset, one.label)) for one in attested.holdings]
        return {
            one.what
            for one in self.copies(request)
            if (before is None or one.position < before)
            and not any(at > one.position and what == one.what for at, what in ends)
        }

    def _accept_attestation(self, act: Any) -> Iterator[str]:
        found = self.placed(DestructionAttested, request=act.request, attestation=act.attestation)
        if not found:
            yield from self._own_part(act)
            yield "unknown"
            yield from self.held_by_law(act.request, set(), set())
            return
        ((at, said),) = found
        whose = {one.person for one in said.holdings}
        yield from self._own_part(act, {*whose, said.by})
        if self.told(DestructionAccepted, attestation=act.attestation):
            yield "twice"
        if said.exceptions and not act.reason:
            yield "exceptions"
        if len(whose) > 1 and any(self.departures(who, act.request) for who in whose):
            yield "not alone"
        if not {(one.person, one.dataset, one.label) for one in said.holdings} <= self.held(act.request, at):
            yield "not held"
        yield from self.held_by_law(act.request, whose, {one.dataset for one in said.holdings})

    def _write_off(self, act: Any) -> Iterator[str]:
        yield from self._own_part(act, {act.person})
        if (act.person, act.dataset, act.label) not in self.held(act.request):
            yield "not held"

    def _close_request(self, act: Any) -> Iterator[str]:
        held = self.held(act.request)
        yield from self._granted_and_own_part(act)
        if held:
            yield "held"
        for effect in self.told(AgreementExecuted, request=act.request):
            if self.day < self.over(self.paper(effect.agreement, act.request)):
                yield "in force"
        for leave in self.told(ReleaseAuthorised, request=act.request):
            if not self.told(ReleaseHandedOver, ReleaseFailed, request=act.request, release=leave.release):
                yield "under way"
        people = self.group(act.request) | {who for who, _, _ in held}
        datasets = {dataset for dataset, _ in self.wanted(act.request)} | {dataset for _, dataset, _ in held}
        yield from self.in_the_way(act.request, people, datasets)
