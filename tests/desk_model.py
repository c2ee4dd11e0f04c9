"""A model of an office: what it has to write down, and what it must not do, in plain sentences."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from ledger.events import (
    AgreementExecuted,
    AgreementIssued,
    AgreementSigned,
    AgreementTerminated,
    AmendmentIssued,
    ContactDesignated,
    DataSetRetired,
    KeyConfirmed,
    KeyRevoked,
    KeyTestFailed,
    KeyTestPassed,
    KeyTestSent,
    PolicyPublished,
    ReleaseAuthorised,
    ReleaseFailed,
    ReleaseHandedOver,
    WaiverGranted,
)
from ledger.events.catalogue import DataSetVersionAdded
from tests.desk_model_clauses import Clauses


class Model(Clauses):
    """An office, simply: which clauses each of its acts would break."""

    def forbids(self, act: Any, now: datetime) -> set[str]:
        """The clauses that doing this would break."""
        self.now = now
        return self._broken(act) - set(self.waived(act.request, self.day))

    def excepted(self, act: Any, now: datetime) -> set[str]:
        """The waivers without which doing this would break a clause."""
        self.now = now
        waived = self.waived(act.request, self.day)
        return {waived[clause] for clause in self._broken(act) if clause in waived}

    def _broken(self, act: Any) -> set[str]:
        return set(getattr(self, "_" + act.name.replace("-", "_"))(act))

    def waived(self, request: str, day: date) -> dict[str, str]:
        """What is excepted for a request, each with the number of the first waiver that does it."""
        labels = {"key-tested": "C3 test", "key-address": "C3 address", "agreement-term": "term"}
        labels["second-reviewer"] = "second reviewer"
        granted = [one for one in self.told(WaiverGranted, request=request) if day <= one.expires]
        return {labels[one.rule]: one.waiver for one in reversed(granted) if one.rule in labels}

    def _approve_request(self, act: Any) -> Iterator[str]:
        if self.stage(act.request) != "in":
            yield "not before the office"
        yield from self._own_part(act)
        yield from self._request_as_a_whole(act.request, self.day)

    def _decline_request(self, act: Any) -> Iterator[str]:
        if self.stage(act.request) != "in":
            yield "not before the office"
        yield from self._own_part(act)

    def _issue_agreement(self, act: Any) -> Iterator[str]:
        yield from self._granted_and_own_part(act)
        if act.agreement in self.known:
            yield "number"
        group, going = self.group(act.request), {(one.dataset, one.form) for one in act.datasets}
        if not act.recipients or not going or not going <= self.wanted(act.request):
            yield "K1"
        for one in act.recipients:
            if one.person not in group or not self._may_be_named(act, one):
                yield "K1"
        if act.template_approved_by in {*group, self.said(act.request).researcher}:
            yield "own template"
        yield from self._barred(group, act.request)

    def _may_be_named(self, act: Any, named: Any) -> bool:
        """For whom they act, and by the kind of agreement that is usual, or for a reason."""
        ways = self.ways(named.person, act.request)
        for_whom = named.organisation in {organisation for _, organisation in ways}
        return (act.kind, named.organisation) in ways or (for_whom and act.otherwise is not None)

    def _barred(self, people: set[str], request: str) -> Iterator[str]:
        if any(self.is_barred(who, request) for who in people):
            yield "suspended"
        if any(self.is_debarred(who) for who in {*people, self.said(request).researcher}):
            yield "debarred"

    def _execute_agreement(self, act: Any) -> Iterator[str]:
        people = self.group_after(act.agreement, act.request)
        yield from self._granted_and_own_part(act)
        wanted = self.wanted_after(act.agreement, act.request)
        yield from self._request_as_a_whole(act.request, self.day, wanted, people, {dataset for dataset, _ in wanted})
        yield from self._untrained(people, self.day)
        paper = self.last(AgreementIssued, AmendmentIssued, request=act.request, agreement=act.agreement)
        over = self.told(AgreementExecuted, AgreementTerminated, request=act.request, agreement=act.agreement)
        if paper is None or over or not self._is_signed(paper, act.starts):
            yield "C2"
        yield from self._too_long(act.starts, act.ends)

    def _too_long(self, starts: date, ends: date) -> Iterator[str]:
        if (ends.year, ends.month, ends.day) > (starts.year + 1, starts.month, starts.day):
            yield "term"

    def _is_signed(self, paper: AgreementIssued, by: date) -> bool:
        of_it = self.told(AgreementSigned, agreement=paper.agreement, request=paper.request, text=paper.text)
        shown = [
            one for one in of_it if (one.attested_by if one.evidence != "openpgp" else one.key and one.fingerprint)
        ]
        signed = {
            (one.capacity, one.organisation) for one in shown if one.on <= by and self._can_sign(one, shown, paper)
        }
        needed: set[tuple[str, str | None]] = {("researcher", None)}
        if paper.kind == "MOU":
            needed |= {("office", None)}
        else:
            needed |= {("home signatory", None)}
            needed |= {("authorised official", one.organisation) for one in paper.recipients if one.organisation}
        return needed <= signed

    def _can_sign(self, signed: AgreementSigned, all_of_them: list[Any], paper: AgreementIssued) -> bool:
        """The researcher for themselves; for a side only who gets nothing, is of that side, and signs for no other."""
        said, who = self.said(paper.request), signed.signer
        if signed.capacity == "researcher":
            return bool(who == said.researcher)
        contact = self.last(ContactDesignated, request=paper.request)
        gets = {said.researcher, *self.personnel(paper.request), *self.group(paper.request)}
        if who in gets | self.group_after(paper.agreement, paper.request) or (contact and who == contact.person):
            return False
        official = signed.capacity == "authorised official"
        if any((one.capacity == "authorised official") != official for one in all_of_them if one.signer == who):
            return False
        if official:
            return not self.works_here(who, signed.on)
        head = said.head_approval and said.head_approval.by
        return who != head or (signed.capacity, self.home(said.researcher, paper.request)[0]) == (
            "home signatory",
            "home",
        )

    def _authorise_release(self, act: Any) -> Iterator[str]:
        if act.release in self.known:
            yield "number"
        yield from self._release(act, [(one.dataset, one.label) for one in act.versions], act.channel)

    def _hand_over_release(self, act: Any) -> Iterator[str]:
        things = [(one.dataset, one.label) for one in act.package.files]
        given_leave = self.last(ReleaseAuthorised, request=act.request, release=act.release)
        channel = given_leave.channel if given_leave else None
        yield from self._release(act, things, channel)
        if given_leave is None or self.told(ReleaseHandedOver, ReleaseFailed, request=act.request, release=act.release):
            yield "C3 in turn"
            return
        key = self.key_of(act.request)
        forms = {(*thing, self.form(*thing)) for thing in things}
        if forms != {(one.dataset, one.label, one.form) for one in given_leave.versions}:
            yield "C3 in turn"
        if key is None or (key.key, key.person) != (given_leave.key, given_leave.contact):
            yield "C3 in turn"
        for one in act.package.files:
            version = self.last(DataSetVersionAdded, dataset=one.dataset, label=one.label)
            if version and version.digest != one.digest:
                yield "C3 in turn"
        to, on = self.record_of(act.request, things, self.day)
        if not (to <= set(given_leave.parties) and on <= set(given_leave.bases)):
            yield "C3 in turn"

    def _release(self, act: Any, things: list[tuple[str, str]], channel: str | None) -> Iterator[str]:
        group, asked_for = self.group(act.request), self.wanted(act.request)
        going = {(dataset, self.form(dataset, label)) for dataset, label in things}
        looked_at = {dataset for dataset, _ in (*going, *asked_for)}
        yield from self._granted_and_own_part(act)
        yield from self._request_as_a_whole(act.request, self.day, going & asked_for, group, looked_at)
        yield from self._untrained(group, self.day)
        if not going or going - asked_for or any(self.told(DataSetRetired, dataset=one) for one, _ in going):
            yield "C1.3"
        for who in group:
            if not self.is_named(who, act.request, self.day, None) or any(
                not self.is_named(who, act.request, self.day, thing) for thing in going & asked_for
            ):
                yield "K1"
        contact = self.last(ContactDesignated, request=act.request)
        if contact is None or contact.person not in group:
            yield "C3"
        yield from self._key(act.request, channel)

    def _key(self, request: str, channel: str | None) -> Iterator[str]:
        key = self.key_of(request)
        if key is None:
            yield "C3"
            return
        revoked = [one for one in self.told(KeyRevoked, request=request, key=key.key) if one.on <= self.day]
        confirmed = self.last(KeyConfirmed, request=request, key=key.key)
        if revoked or confirmed is None or (key.expires is not None and key.expires <= self.now):
            yield "C3"
        if not key.names_address and not (confirmed and confirmed.settles_address):
            yield "C3 address"
        tests = (KeyTestSent, KeyTestPassed, KeyTestFailed)
        needed = channel and self.last(PolicyPublished).key_test_required
        if needed and not isinstance(self.last(*tests, request=request, key=key.key, channel=channel), KeyTestPassed):
            yield "C3 test"

    def _let_in(self, act: Any) -> Iterator[str]:
        said = self.said(act.request)
        asked_for = {one for one in self.wanted(act.request) if one[0] == act.dataset} if said else set()
        there = {self.form(act.dataset, one.label) for one in self.told(DataSetVersionAdded, dataset=act.dataset)}
        wanted = {one for one in asked_for if one[1] in there}
        if said is None or act.person not in self.group(act.request) or not wanted:
            yield "K1"
        if not all(self.is_named(act.person, act.request, self.day, thing) for thing in wanted or [None]):
            yield "K1"
        yield from self._unfit(act.person, act.request, self.day)
        yield from self._untrained([act.person], self.day)
        if said is not None:
            yield from self._unlawful([act.person], wanted, act.request)
        yield from self.in_the_way(act.request, {act.person}, {dataset for dataset, _ in asked_for})

    def _grant_waiver(self, act: Any) -> Iterator[str]:
        yield from self._own_part(act)
        if act.rule not in ("key-tested", "key-address", "agreement-term", "second-reviewer") or act.expires < self.day:
            yield "not waivable"
        if self.told(WaiverGranted, waiver=act.waiver):
            yield "number"
