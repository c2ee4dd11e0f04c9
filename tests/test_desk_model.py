"""The desk against a model of it: whatever is thrown at it, nothing that it allowed broke a clause at that instant.

The model knows nothing of the rules, of standings and of the desk. It keeps what was written down in a list, looks
through it whenever it is asked, and says in plain sentences what an office must not do and what it has to write down.
"""

import os
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, get_args
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from api.errors import NotEntitled
from ledger.errors import KeyReused, LedgerError, Malformed
from ledger.events import (
    AccessPermitted,
    ActRefused,
    AffiliationDetermined,
    AgreementExecuted,
    AgreementIssued,
    AgreementSigned,
    AgreementTerminated,
    ContactDesignated,
    DataSetFormChanged,
    DataSetOpened,
    DataSetRetired,
    DeterminationEnded,
    EthicsDetermined,
    FactCorrected,
    KeyConfirmed,
    KeyFiled,
    KeyRejected,
    KeyRevoked,
    KeyTestFailed,
    KeyTestPassed,
    KeyTestSent,
    LawDetermined,
    OrganisationRegistered,
    PersonDetailsChanged,
    PersonSuspended,
    PolicyPublished,
    ReleaseAuthorised,
    ReleaseFailed,
    ReleaseHandedOver,
    RelianceElected,
    RequestApproved,
    RequestDeclined,
    RequestReturned,
    RequestWithdrawn,
    RoleEnded,
    RoleGranted,
    SuspensionLifted,
    TrainingCertified,
    TrainingVerified,
    WaiverGranted,
)
from ledger.events.governance import Role
from ledger.events.review import Basis
from ledger.log import IdempotencyKey
from ledger.storage import open_store
from projections.judgement import judge_again
from tests.facts import (
    ANA,
    BEN,
    DATA_SET,
    NOON,
    REQUEST,
    Clock,
    DataSetRegistered,
    DataSetVersionAdded,
    Event,
    LedgerOpened,
    PersonErased,
    PersonRegistered,
    RequestSubmitted,
    commitment,
    ledger_on,
    opened,
    person,
)
from tests.office import (
    CHANNEL,
    COUHES,
    DIRECTOR,
    DUA,
    ELSEWHERE,
    FAR_OFF,
    HEAD,
    HOUSE,
    IRB,
    KEY,
    MOU,
    NOWHERE,
    OTHER_REQUEST,
    RELEASE,
    STRANGER,
    THE_DIRECTOR,
    TODAY,
    TYPIST,
    Act,
    Desk,
    Outcome,
    Party,
    affiliation,
    approve,
    approved,
    authorise,
    authorised,
    board_ended,
    chosen,
    complete,
    correction,
    covered,
    decline,
    designated,
    execute,
    failed,
    form_changed,
    hand_over,
    handed_over,
    head_approval,
    issue,
    key_confirmed,
    key_filed,
    key_rejected,
    key_revoked,
    law,
    let_in,
    lifted,
    memorandum,
    packed,
    ready,
    received,
    recipient,
    request,
    returned,
    role,
    suspended,
    terminated,
    trial_failed,
    trial_passed,
    trial_sent,
    use_agreement,
    waive,
    waived,
    wanted,
    withdrawn,
)
from tests.stores import assert_holds

CAMPAIGN = os.environ.get("CAMPAIGN") == "1"
HOW_MANY = settings(max_examples=2000 if CAMPAIGN else 40, stateful_step_count=50, deadline=None)

NOBODY = "p-" + 32 * "0"
ZONE = ZoneInfo("America/New_York")
ADMIN = "staff:admin"


# What has to be written down.

IDS = re.compile(r'"((?:p|O|D|E|R|A|K|L)-[^"]+)"')
MAKES_KNOWN: dict[type[Event], str] = {
    PersonRegistered: "person",
    OrganisationRegistered: "organisation",
    DataSetRegistered: "dataset",
    EthicsDetermined: "determination",
    RequestSubmitted: "request",
    AgreementIssued: "agreement",
    KeyFiled: "key",
    ReleaseAuthorised: "release",
}
DONE_HERE = (
    *(LedgerOpened, PersonErased, ActRefused, RequestApproved, RequestDeclined, AgreementIssued, AgreementExecuted),
    *(ReleaseAuthorised, ReleaseHandedOver, AccessPermitted, WaiverGranted),
)
STANDS = (
    *DONE_HERE,
    *(PersonRegistered, PersonDetailsChanged, OrganisationRegistered, RequestSubmitted, KeyFiled, KeyTestSent),
    *(DataSetRegistered, DataSetVersionAdded, DataSetFormChanged, DataSetRetired),
    *(PolicyPublished, RoleGranted, RoleEnded, PersonSuspended, SuspensionLifted),
)
GOVERNING = (PolicyPublished, RoleGranted, RoleEnded)
IN_CHARGE = {"director", "acting director"}
DECIDING = IN_CHARGE | {"alternate", "staff"}


class Model:
    """An office, simply: everything that it wrote down, in order."""

    def __init__(self, log: Sequence[Event] = ()) -> None:
        self.log: list[Event] = []
        self.wrong: set[int] = set()
        self.known: dict[str, str | None] = {}
        self._by_kind: dict[type[Event], list[tuple[int, Any]]] = {}
        for fact in log:
            self.takes(fact)

    def takes(self, fact: Event) -> None:
        """This has been written down."""
        self.log.append(fact)
        self._by_kind.setdefault(type(fact), []).append((len(self.log), fact))
        if type(fact) in MAKES_KNOWN:
            self.known.setdefault(getattr(fact, MAKES_KNOWN[type(fact)]), getattr(fact, "request", None))
        if isinstance(fact, FactCorrected):
            self.wrong = set()
            for position, one in reversed(self._by_kind[FactCorrected]):
                if position not in self.wrong:
                    self.wrong.add(one.corrected)

    def placed(self, *kinds: type[Event], **members: Any) -> list[tuple[int, Any]]:
        """What counts of these kinds, with these members, in order, each with where it stands."""
        found = [
            (position, fact)
            for kind in kinds
            for position, fact in self._by_kind.get(kind, ())
            if position not in self.wrong and all(getattr(fact, name) == value for name, value in members.items())
        ]
        return sorted(found, key=lambda one: one[0])

    def told(self, *kinds: type[Event], **members: Any) -> list[Any]:
        return [fact for _, fact in self.placed(*kinds, **members)]

    def last(self, *kinds: type[Event], **members: Any) -> Any:
        return next(reversed(self.told(*kinds, **members)), None)

    def roles(self, principal: str, day: date) -> set[str]:
        terms: list[RoleGranted] = []
        for fact in self.told(RoleGranted, RoleEnded, principal=principal):
            terms = [*terms, fact] if isinstance(fact, RoleGranted) else [one for one in terms if one.role != fact.role]
        return {one.role for one in terms if one.starts <= day <= (one.ends or date.max)}

    def may_report(self, actor: str, fact: Event, day: date) -> bool:
        entitled = DECIDING | {"admin"}
        if isinstance(fact, GOVERNING):
            entitled = IN_CHARGE | {"admin"}
        elif isinstance(fact, SuspensionLifted):
            entitled = IN_CHARGE
        elif isinstance(fact, DataSetOpened):
            entitled = entitled | {"data server"}
        return bool(self.roles(actor, day) & entitled)

    def admits(self, fact: Any, day: date) -> bool:
        """Whether a report is well formed: of something that is reported, about what is known, in its turn."""
        if isinstance(fact, FactCorrected):
            return self._admits_correction(fact)
        if isinstance(fact, DONE_HERE) or not self._has_good_dates(fact, day):
            return False
        own = getattr(fact, MAKES_KNOWN.get(type(fact), ""), None)
        if own in self.known and not isinstance(fact, RequestSubmitted):
            return False
        named = set(IDS.findall(msgspec.json.encode(fact).decode())) - {own}
        of_others = [one for one in named if one[0] in "EAKL" and self.known.get(one) != fact.request]
        return named <= self.known.keys() and not of_others and self._is_in_turn(fact)

    def _admits_correction(self, fact: FactCorrected) -> bool:
        if not 1 <= fact.corrected <= len(self.log) or fact.corrected in self.wrong:
            return False
        target = self.log[fact.corrected - 1]
        return not isinstance(target, STANDS) and set(fact.about) == target.tags()

    def _has_good_dates(self, fact: Any, day: date) -> bool:
        happened = [getattr(fact, name, None) or date.min for name in ("on", "completed", "found_on")]
        if max(happened) > day and not isinstance(fact, AgreementTerminated):
            return False
        begins = max(*happened, getattr(fact, "starts", date.min))
        ends = None if isinstance(fact, KeyFiled) else getattr(fact, "expires", None) or getattr(fact, "ends", None)
        return begins <= (ends or date.max)

    def _is_in_turn(self, fact: Any) -> bool:
        match fact:
            case RequestSubmitted():
                return self.stage(fact.request) in ("nowhere", "back")
            case RequestReturned() | RequestWithdrawn():
                return self.stage(fact.request) == "in"
            case LawDetermined():
                return fact.bases != () or not fact.consistent
            case RoleEnded():
                of_it = self.told(RoleGranted, RoleEnded, principal=fact.principal, role=fact.role)
                return bool(of_it) and isinstance(of_it[-1], RoleGranted)
            case DataSetVersionAdded():
                return not self.told(DataSetVersionAdded, dataset=fact.dataset, label=fact.label)
            case DataSetFormChanged():
                return bool(self.told(DataSetVersionAdded, dataset=fact.dataset, label=fact.label))
            case PolicyPublished():
                return fact.time_zone == "America/New_York"
        return True

    def stage(self, request: str) -> str:
        stage = "nowhere"
        moves = (RequestSubmitted, RequestReturned, RequestWithdrawn, RequestApproved, RequestDeclined)
        for fact in self.told(*moves, request=request):
            stage = {
                RequestSubmitted: "in",
                RequestReturned: "back",
                RequestWithdrawn: "over",
                RequestApproved: "granted",
                RequestDeclined: "over",
            }[type(fact)]
        return stage

    # What must not be done.

    def forbids(self, act: Any, now: datetime) -> set[str]:
        """The clauses that doing this would break."""
        day = now.astimezone(ZONE).date()
        return self._broken(act, now) - set(self.waived(act.request, day))

    def excepted(self, act: Any, now: datetime) -> set[str]:
        """The waivers without which doing this would break a clause."""
        waived = self.waived(act.request, now.astimezone(ZONE).date())
        return {waived[clause] for clause in self._broken(act, now) if clause in waived}

    def _broken(self, act: Any, now: datetime) -> set[str]:
        return set(getattr(self, "_" + act.name.replace("-", "_"))(act, now, now.astimezone(ZONE).date()))

    def waived(self, request: str, day: date) -> dict[str, str]:
        """What is excepted for a request, each with the number of the first waiver that does it."""
        labels = {"key-tested": "C3 test", "key-address": "C3 address", "agreement-term": "term"}
        granted = [one for one in self.told(WaiverGranted, request=request) if day <= one.expires]
        return {labels[one.rule]: one.waiver for one in reversed(granted) if one.rule in labels}

    def said(self, request: str | None) -> Any:
        return self.last(RequestSubmitted, request=request)

    def _approve_request(self, act: Any, now: datetime, day: date) -> Iterator[str]:
        if self.stage(act.request) != "in":
            yield "not before the office"
        yield from self._own_part(act)
        yield from self._request_as_a_whole(act.request, day)

    def _decline_request(self, act: Any, now: datetime, day: date) -> Iterator[str]:
        if self.stage(act.request) != "in":
            yield "not before the office"
        yield from self._own_part(act)

    def _issue_agreement(self, act: Any, now: datetime, day: date) -> Iterator[str]:
        said = self.said(act.request)
        yield from self._granted_and_own_part(act)
        if act.agreement in self.known:
            yield "number"
        if not act.recipients or not act.datasets or not self._wants(said, act.datasets):
            yield "K1"
        for one in act.recipients:
            ways = self.ways(one.person, act.request)
            usual = (act.kind, one.organisation) in ways
            for_whom = one.organisation in {organisation for _, organisation in ways}
            if one.person not in said.study_group or not (usual or (for_whom and act.otherwise)):
                yield "K1"
        if any(self.is_barred(who, act.request) for who in said.study_group):
            yield "suspended"

    def _execute_agreement(self, act: Any, now: datetime, day: date) -> Iterator[str]:
        yield from self._granted_and_own_part(act)
        yield from self._request_as_a_whole(act.request, day)
        yield from self._untrained(self.said(act.request).study_group, day)
        paper = self.last(AgreementIssued, request=act.request, agreement=act.agreement)
        over = self.told(AgreementExecuted, AgreementTerminated, request=act.request, agreement=act.agreement)
        if paper is None or over or not self._is_signed(paper):
            yield "C2"
        if (act.ends.year, act.ends.month, act.ends.day) > (act.starts.year + 1, act.starts.month, act.starts.day):
            yield "term"

    def _is_signed(self, paper: AgreementIssued) -> bool:
        researcher = self.said(paper.request).researcher
        signed = {
            (one.capacity, one.organisation)
            for one in self.told(AgreementSigned, agreement=paper.agreement, request=paper.request, text=paper.text)
            if (one.capacity == "researcher") == (one.signer == researcher)
            and (one.attested_by if one.evidence != "openpgp" else one.key and one.fingerprint)
        }
        needed: set[tuple[str, str | None]] = {("researcher", None)}
        if paper.kind == "MOU":
            needed |= {("office", None)}
        else:
            needed |= {("home signatory", None)}
            needed |= {("authorised official", one.organisation) for one in paper.recipients if one.organisation}
        return needed <= signed

    def _authorise_release(self, act: Any, now: datetime, day: date) -> Iterator[str]:
        if act.release in self.known:
            yield "number"
        yield from self._release(act, [(one.dataset, one.label) for one in act.versions], act.channel, now, day)

    def _hand_over_release(self, act: Any, now: datetime, day: date) -> Iterator[str]:
        things = [(one.dataset, one.label) for one in act.package.files]
        given_leave = self.last(ReleaseAuthorised, request=act.request, release=act.release)
        channel = given_leave.channel if given_leave else None
        yield from self._release(act, things, channel, now, day)
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
        to, on = self.record_of(act.request, things, day)
        if not (to <= set(given_leave.parties) and on <= set(given_leave.bases)):
            yield "C3 in turn"

    def _release(
        self, act: Any, things: list[tuple[str, str]], channel: str | None, now: datetime, day: date
    ) -> Iterator[str]:
        said = self.said(act.request)
        asked_for = {(one.dataset, one.form) for one in said.datasets}
        going = {(dataset, self.form(dataset, label)) for dataset, label in things}
        yield from self._granted_and_own_part(act)
        yield from self._request_as_a_whole(act.request, day, going & asked_for)
        yield from self._untrained(said.study_group, day)
        if not going or going - asked_for or any(self.told(DataSetRetired, dataset=one) for one, _ in going):
            yield "C1.3"
        for who in said.study_group:
            if not self.is_named(who, act.request, day, None) or any(
                not self.is_named(who, act.request, day, thing) for thing in going & asked_for
            ):
                yield "K1"
        contact = self.last(ContactDesignated, request=act.request)
        if contact is None or contact.person not in said.study_group:
            yield "C3"
        yield from self._key(act.request, channel, now, day)

    def _key(self, request: str, channel: str | None, now: datetime, day: date) -> Iterator[str]:
        key = self.key_of(request)
        if key is None:
            yield "C3"
            return
        revoked = [one for one in self.told(KeyRevoked, request=request, key=key.key) if one.on <= day]
        confirmed = self.last(KeyConfirmed, request=request, key=key.key)
        if revoked or confirmed is None or (key.expires is not None and key.expires <= now):
            yield "C3"
        if not key.names_address and not (confirmed and confirmed.settles_address):
            yield "C3 address"
        tests = (KeyTestSent, KeyTestPassed, KeyTestFailed)
        needed = channel and self.last(PolicyPublished).key_test_required
        if needed and not isinstance(self.last(*tests, request=request, key=key.key, channel=channel), KeyTestPassed):
            yield "C3 test"

    def _let_in(self, act: Any, now: datetime, day: date) -> Iterator[str]:
        said = self.said(act.request)
        wanted = {(one.dataset, one.form) for one in said.datasets if one.dataset == act.dataset} if said else set()
        if said is None or act.person not in said.study_group or not wanted:
            yield "K1"
        if not all(self.is_named(act.person, act.request, day, thing) for thing in wanted or {None}):
            yield "K1"
        yield from self._unfit(act.person, act.request, day)
        yield from self._untrained([act.person], day)
        if said is not None:
            yield from self._unlawful([act.person], wanted, act.request)

    def _grant_waiver(self, act: Any, now: datetime, day: date) -> Iterator[str]:
        yield from self._own_part(act)
        if act.rule not in ("key-tested", "key-address", "agreement-term") or act.expires < day:
            yield "not waivable"
        if self.told(WaiverGranted, waiver=act.waiver):
            yield "number"

    # What the clauses say.

    def _own_part(self, act: Any) -> Iterator[str]:
        said, contact = self.said(act.request), self.last(ContactDesignated, request=act.request)
        faces = [one.person for one in self.told(RoleGranted, principal=act.principal) if one.person]
        parts = {said.researcher, said.sponsor, *said.personnel, *said.study_group}
        parts |= {said.head_approval.by if said.head_approval else None, contact.person if contact else None}
        if faces and faces[-1] in parts:
            yield "own request"

    def _granted_and_own_part(self, act: Any) -> Iterator[str]:
        if self.stage(act.request) != "granted":
            yield "not approved"
        yield from self._own_part(act)

    def _request_as_a_whole(self, request: str, day: date, going: Any = None) -> Iterator[str]:
        said = self.said(request)
        yield from self._incomplete(said)
        for who in set(said.study_group):
            yield from self._unfit(who, request, day)
        asked_for = {(one.dataset, one.form) for one in said.datasets}
        yield from self._unlawful(said.study_group, asked_for if going is None else going, request)

    def _incomplete(self, said: RequestSubmitted) -> Iterator[str]:
        told = {name for one in self.told(*DETAILS, person=said.researcher) for name in one.sealed()}
        if not {"name", "institution", "department", "address"} <= told or not told & {"email", "phone"}:
            yield "C1.1"
        if said.researcher_is_student and said.sponsor in (None, said.researcher):
            yield "sponsor"
        for answer, by_whom in ((said.funded, said.funding), (said.peer_reviewed, said.reviewers)):
            if answer is None or (answer and not by_whom):
                yield "C1.2"
        above = said.head_approval
        if (
            above is None
            or above.by == said.researcher
            or (said.researcher_heads_department and above.capacity not in ("dean", "next above"))
        ):
            yield "C1.2"
        if not said.datasets or not said.study_group or not set(said.study_group) <= set(said.personnel):
            yield "C1.3"
        if not said.description or not said.purposes:
            yield "C1.7"

    def _unfit(self, who: str, request: str | None, day: date) -> Iterator[str]:
        where, whose = self.home(who, request)
        clear = [one for one in self.told(EthicsDetermined, request=request) if self._clears(one, who, day)]
        at_home = [one for one in clear if one.organisation is None]
        own = [
            one
            for one in clear
            if one.organisation and (one.organisation == whose or (whose is None and who in one.covers))
        ]
        shown_at_home = [one for one in at_home if one.document]
        relied_on = [one for one in own if self._is_relied_on(one, day)]
        if where != "outside" and not shown_at_home:
            yield "C1.4"
        if where != "home" and not ([one for one in own if one.document] and (shown_at_home or relied_on)):
            yield "C1.5"
        if self.is_barred(who, request):
            yield "suspended"

    def _clears(self, board: EthicsDetermined, who: str, day: date) -> bool:
        policy = self.last(PolicyPublished)
        accepted = {"approved", "exempt"} | ({"not human subjects"} if policy.accepts_not_human_subjects else set())
        ends = [one.on for one in self.told(DeterminationEnded, determination=board.determination)]
        return (
            board.outcome in accepted
            and (who in board.covers or board.covers == ())
            and (board.on or date.max) <= day <= (board.expires or date.max)
            and day < min(ends, default=date.max)
        )

    def _is_relied_on(self, board: EthicsDetermined, day: date) -> bool:
        """By the first that elected to, and there is a letter of it."""
        elected = self.told(RelianceElected, determination=board.determination)
        first = min(elected, key=lambda one: one.on, default=None)
        return first is not None and first.on <= day and bool(first.document)

    def _untrained(self, people: Sequence[str], day: date) -> Iterator[str]:
        for who in people:
            verified_ones = {one.certificate for one in self.told(TrainingVerified, person=who)}
            if not any(
                one.document in verified_ones
                and one.completed <= day
                and (day <= one.expires if one.expires else (day.year, day.month, day.day) <= three_years_on(one))
                for one in self.told(TrainingCertified, person=who)
            ):
                yield "C1.6"

    def _unlawful(self, people: Sequence[str], things: set[tuple[str, Any]], request: str) -> Iterator[str]:
        law = next(reversed(self.placed(LawDetermined, request=request)), None)
        submitted = next(reversed(self.placed(RequestSubmitted, request=request)))
        if law is None or law[0] < submitted[0] or not law[1].consistent:
            yield "law"
            return
        carried = {
            (one.dataset, one.form, one.recipients)
            for one in law[1].bases
            if one.form == "de-identified" or one.basis != "34 CFR 99.31(b)"
        }
        if {(*thing, to) for thing in things for to in self.classes(people, request)} - carried:
            yield "law"

    def home(self, who: str, request: str | None) -> tuple[str, str | None]:
        found = self.last(AffiliationDetermined, request=request, person=who)
        return (found.affiliation, found.organisation) if found else ("in doubt", None)

    def classes(self, people: Sequence[str], request: str) -> set[str]:
        wheres = {self.home(who, request)[0] for who in people}
        return {one for where in wheres for one in (("home", "outside") if where == "in doubt" else (where,))}

    def is_barred(self, who: str, request: str | None) -> bool:
        for where in {None, request}:
            if isinstance(self.last(PersonSuspended, SuspensionLifted, person=who, request=where), PersonSuspended):
                return True
        return False

    def _wants(self, said: RequestSubmitted, datasets: Any) -> bool:
        return {(one.dataset, one.form) for one in datasets} <= {(one.dataset, one.form) for one in said.datasets}

    def form(self, dataset: str, label: str) -> str | None:
        of_it = {"dataset": dataset, "label": label}
        version = self.last(DataSetVersionAdded, **of_it)
        found = self.last(DataSetFormChanged, **of_it)
        return (found or version).form if version else None

    def key_of(self, request: str) -> Any:
        contact = self.last(ContactDesignated, request=request)
        rejected = {one.key for one in self.told(KeyRejected, request=request)}
        keys = self.told(KeyFiled, request=request, person=contact.person) if contact else []
        return next((one for one in reversed(keys) if one.key not in rejected), None)

    def ways(self, who: str, request: str) -> set[tuple[str, str | None]]:
        """The kinds of agreement that have to name somebody, each for whom; nobody is outside of we know not what."""
        where, whose = self.home(who, request)
        ways: set[tuple[str, str | None]] = set()
        if where in ("home", "in doubt"):
            ways.add(("MOU", None))
        if where in ("outside", "in doubt"):
            ways.add(("DUA", whose or "nobody knows"))
        return ways

    def papers(self, who: str, request: str, way: tuple[str, str | None], day: date, thing: Any) -> list[Any]:
        """The agreements in force that name somebody so, about this data set in this form, or about any."""
        found = []
        for paper in self.told(AgreementIssued, request=request):
            of_it = {"request": request, "agreement": paper.agreement}
            effect = self.last(AgreementExecuted, **of_it)
            ended = [one.on for one in self.told(AgreementTerminated, **of_it)]
            if effect and effect.starts <= day <= effect.ends and day < min(ended, default=date.max):
                covers = thing is None or thing in {(one.dataset, one.form) for one in paper.datasets}
                names = (who, way[1]) in {(one.person, one.organisation) for one in paper.recipients}
                if covers and names and (paper.kind == way[0] or paper.otherwise):
                    found.append(paper)
        return found

    def is_named(self, who: str, request: str | None, day: date, thing: Any) -> bool:
        return request is not None and all(
            self.papers(who, request, way, day, thing) for way in self.ways(who, request)
        )

    def record_of(self, request: str, things: list[tuple[str, str]], day: date) -> tuple[set[Party], set[Basis]]:
        """To whom data go, for whom, under what, and on which bases."""
        said, law = self.said(request), self.last(LawDetermined, request=request)
        asked_for = {(one.dataset, one.form) for one in said.datasets}
        going = {(dataset, self.form(dataset, label)) for dataset, label in things} & asked_for
        parties = {
            Party(person=who, organisation=way[1], agreement=self.papers(who, request, way, day, thing)[0].agreement)
            for who in said.study_group
            for thing in going
            if self.is_named(who, request, day, thing)
            for way in self.ways(who, request)
        }
        classes = self.classes(said.study_group, request)
        bases = {one for one in (law.bases if law else ()) if (one.dataset, one.form) in going}
        return parties, {one for one in bases if one.recipients in classes}


DETAILS = (PersonRegistered, PersonDetailsChanged)


def three_years_on(certificate: TrainingCertified) -> tuple[int, int, int]:
    day = certificate.completed
    return day.year + 3, day.month, day.day


# What may be thrown at a desk.

people = st.sampled_from([ANA, ANA, ANA, BEN, BEN, BEN, STRANGER, HEAD, DIRECTOR, NOBODY])
groups = st.lists(st.sampled_from([ANA, BEN, ANA, BEN, STRANGER]), max_size=3).map(tuple)
organisations = st.sampled_from([None, None, ELSEWHERE, ELSEWHERE, NOWHERE])
requests = st.sampled_from([REQUEST, REQUEST, OTHER_REQUEST, "R-2026-0099"])
determinations = st.sampled_from([COUHES, COUHES, IRB, IRB, "E-1", "E-2"])
agreements = st.sampled_from([MOU, MOU, DUA, DUA, "A-3"])
keys = st.sampled_from([KEY, KEY, KEY, "K-2"])
releases = st.sampled_from([RELEASE, RELEASE, "L-2"])
channels = st.sampled_from([CHANNEL, CHANNEL, CHANNEL, "post"])
hours = st.sampled_from([0, 1, 5, 13, 24, 60])
mostly = st.sampled_from([True, True, True, False])
past = st.integers(-8, 2).map(lambda number: TODAY + timedelta(days=number))
days = st.integers(-4, 12).map(lambda number: TODAY + timedelta(days=number))
principals = st.sampled_from([THE_DIRECTOR, THE_DIRECTOR, "staff:2", "staff:nobody"])
data_sets = st.sampled_from([DATA_SET, DATA_SET, DATA_SET, "D-unknown"])
forms = st.sampled_from(["identified", "de-identified"])
labels = st.sampled_from(["1", "1", "2"])
sealed = st.sampled_from([None, commitment()])
good = ready()
of_a_request = [fact for fact in complete() if "request" in fact.__struct_fields__]
of_a_release = [fact for fact in good if "request" in fact.__struct_fields__]


def struct(kind: Any, **members: Any) -> st.SearchStrategy[Any]:
    return st.builds(kind, **members)


submissions = st.fixed_dictionaries(
    {},
    optional={
        "researcher": people,
        "researcher_is_student": st.booleans(),
        "sponsor": st.none() | people,
        "researcher_heads_department": st.booleans(),
        "funded": st.sampled_from([None, False, True]),
        "funding": sealed,
        "peer_reviewed": st.sampled_from([None, False, True]),
        "reviewers": sealed,
        "head_approval": st.sampled_from([None, head_approval(), head_approval(ANA), head_approval(HEAD, "dean")]),
        "datasets": st.sampled_from([(), (wanted(),), (wanted("de-identified"),), (wanted(dataset="D-unknown"),)]),
        "personnel": groups,
        "study_group": groups,
        "purposes": st.sampled_from([(), ("improving teaching and curriculum",)]),
        "description": sealed,
    },
)


def submission(request: str, changes: dict[str, Any]) -> RequestSubmitted:
    """A submission that is complete but for a few things: else hardly any would be."""
    complete_one = next(fact for fact in good if isinstance(fact, RequestSubmitted))
    few = dict(list(changes.items())[:2])
    return msgspec.structs.replace(complete_one, request=request, **few)


def policy(accepts: bool, tests: bool, zone: str) -> PolicyPublished:
    return PolicyPublished(accepts_not_human_subjects=accepts, key_test_required=tests, time_zone=zone)


def lawful(request: str, consistent: bool, ways: set[tuple[str, str, str, str]]) -> LawDetermined:
    bases = [dict(zip(("dataset", "form", "recipients", "basis"), way, strict=True)) for way in sorted(ways)]
    return msgspec.convert({"request": request, "consistent": consistent, "bases": bases}, LawDetermined)


usual = [(DATA_SET, form, to, "34 CFR 99.30") for form in ("identified", "de-identified") for to in ("home", "outside")]
ways = st.sampled_from([set(usual), set(usual), set(usual[:2]), set(usual[2:])]) | st.sets(
    st.tuples(
        data_sets, forms, st.sampled_from(["home", "outside"]), st.sampled_from(["34 CFR 99.31(b)", "34 CFR 99.30"])
    ),
    max_size=3,
)
boards = struct(
    EthicsDetermined,
    determination=determinations,
    request=requests,
    organisation=organisations,
    protocol=st.just("1211-01"),
    outcome=st.sampled_from(["approved", "approved", "exempt", "not human subjects", "pending"]),
    on=past,
    expires=st.none() | days,
    covers=st.just(()) | groups,
    document=sealed,
)
laws = st.builds(lawful, requests, st.sampled_from([True, True, True, False]), ways)
about_requests = st.one_of(
    st.builds(submission, requests, submissions),
    struct(RequestReturned, request=requests, items=st.just(("C1.2",))),
    struct(RequestWithdrawn, request=requests),
    struct(
        AffiliationDetermined,
        request=requests,
        person=people,
        affiliation=st.sampled_from(["home", "outside", "in doubt"]),
        organisation=organisations,
    ),
    boards,
    struct(RelianceElected, request=requests, determination=determinations, on=past, document=sealed),
    struct(
        DeterminationEnded,
        request=requests,
        determination=determinations,
        how=st.sampled_from(["suspended", "lapsed"]),
        on=past,
    ),
    laws,
)
about_people = st.one_of(
    struct(person, who=people, **dict.fromkeys(("institution", "email"), sealed)),
    struct(PersonDetailsChanged, person=people, **dict.fromkeys(("address", "phone", "department"), sealed)),
    struct(PersonSuspended, person=people, request=st.none() | requests),
    struct(SuspensionLifted, person=people, request=st.none() | requests),
    struct(
        TrainingCertified,
        person=people,
        completed=past,
        expires=st.none() | days,
        document=st.sampled_from([commitment(31), commitment(32)]),
    ),
    struct(TrainingVerified, person=people, certificate=st.sampled_from([commitment(31), commitment(32)])),
    struct(
        RoleGranted,
        principal=principals,
        person=st.none() | people,
        role=st.sampled_from(get_args(Role)),
        starts=past,
        ends=st.none() | days,
    ),
    struct(RoleEnded, principal=principals, role=st.sampled_from(get_args(Role))),
    st.builds(policy, st.booleans(), mostly, st.sampled_from(["America/New_York"] * 4 + ["Middle/Earth"])),
)
signatures = struct(
    AgreementSigned,
    agreement=agreements,
    request=requests,
    text=st.sampled_from([commitment(41), commitment(42)]),
    signer=people,
    capacity=st.sampled_from(["researcher", "office", "authorised official", "home signatory"]),
    organisation=organisations,
    on=past,
    evidence=st.sampled_from(["openpgp", "scan", "e-signature"]),
    document=st.just(commitment(43)),
    key=sealed,
    fingerprint=sealed,
    attested_by=st.none() | people,
)
about_releases = st.one_of(
    signatures,
    struct(AgreementTerminated, agreement=agreements, request=requests, on=days),
    struct(ContactDesignated, request=requests, person=people),
    struct(
        key_filed,
        key=keys,
        request=requests,
        person=people,
        expires=st.none() | days.map(lambda day: datetime(day.year, day.month, day.day, 12, tzinfo=UTC)),
        names_address=mostly,
    ),
    st.builds(key_confirmed, keys, st.booleans()),
    st.builds(key_rejected, keys),
    st.builds(key_revoked, past, keys),
    st.builds(trial_sent, channels, keys),
    st.builds(trial_passed, channels, keys),
    st.builds(trial_passed, channels, keys),
    st.builds(trial_failed, channels, keys),
    st.builds(failed, st.sampled_from(["packing", "delivery"]), releases),
    st.builds(received, releases),
    struct(DataSetVersionAdded, dataset=data_sets, label=labels, form=forms, digest=st.just(64 * "5")),
    st.builds(form_changed, forms, labels),
    struct(DataSetOpened, dataset=data_sets, label=st.none(), person=st.none() | people, request=st.none() | requests),
)
reports = st.one_of(about_requests, about_people, about_releases)
a_number: Any = 7
mishaps = st.one_of(
    reports,
    st.sampled_from([suspended(ANA, REQUEST), suspended(BEN), lifted(BEN), returned(), withdrawn(), request()]),
    st.builds(board_ended, st.sampled_from([COUHES, IRB]), past),
    laws,
)
later_mishaps = st.one_of(
    about_releases,
    st.sampled_from([suspended(ANA, REQUEST), suspended(BEN), key_rejected(), key_revoked(), trial_failed()]),
    st.sampled_from([terminated(MOU), terminated(DUA), designated(BEN), form_changed(), law(), law(consistent=False)]),
    st.sampled_from([board_ended(IRB, TODAY), affiliation(BEN, "home"), affiliation(BEN, "in doubt", ELSEWHERE)]),
)
nonsense = st.sampled_from(
    [
        opened(),
        approved().event,
        memorandum(agreement="A-new"),
        authorised().event,
        handed_over().event,
        waived().event,
        RequestDeclined(request=REQUEST, reason=commitment()),
        ActRefused(act="approve-request", request=REQUEST, objections=()),
        person("p-short"),
        person("p-" + 32 * "7", name="Dr No"),
        PersonSuspended(person=a_number, request=None),
        RequestWithdrawn(request="R-1"),
        RequestWithdrawn(request=REQUEST + "\n"),
        PersonDetailsChanged(person=ANA, phone="+1 617 253 1000"),
        FactCorrected(corrected=1, about=()),
        FactCorrected(corrected=0, about=(f"request:{REQUEST}",)),
    ]
)
decisions = st.one_of(
    st.builds(lambda who, what: approve(principal=who, request=what), principals, requests),
    st.builds(lambda who, what: approve(principal=who, request=what), principals, requests),
    st.builds(lambda who, what: decline(principal=who, request=what), principals, requests),
)
papers = st.builds(
    lambda paper, agreement, kind, named, sets, reason, template: msgspec.structs.replace(
        paper,
        agreement=agreement,
        kind=kind or paper.kind,
        recipients=paper.recipients if named is None else named,
        datasets=paper.datasets if sets is None else sets,
        otherwise=reason,
        template_approved_by=template,
    ),
    st.sampled_from([memorandum(), use_agreement()]),
    agreements,
    st.sampled_from([None, None, "MOU", "DUA"]),
    st.none() | st.lists(st.builds(recipient, people, organisations), max_size=2).map(tuple),
    st.sampled_from([None, None, (), (covered("de-identified"),), (covered(), covered("de-identified"))]),
    sealed,
    st.sampled_from([STRANGER, STRANGER, STRANGER, NOBODY]),
)
acts = st.one_of(
    decisions,
    st.builds(issue, papers, principals),
    st.builds(lambda which, who, starts, ends: execute(which, principal=who, starts=starts, ends=ends),
              agreements, principals, days, st.sampled_from([FAR_OFF, FAR_OFF, date(2028, 1, 1)]) | days),
    st.builds(lambda what, who, how, label: authorise(chosen(label), principal=who, release=what, channel=how),
              releases, principals, channels, labels),
    st.builds(lambda what, who, label, digest: hand_over(packed(label, digest=digest), principal=who, release=what),
              releases, principals, labels, st.sampled_from([64 * "5", 64 * "5", 64 * "5", 64 * "0"])),
    st.builds(lambda who, whose, what, under: let_in(who, principal=whose, dataset=what, request=under),
              people, principals, data_sets, st.sampled_from([REQUEST, REQUEST, REQUEST, None])),
    st.builds(lambda what, who, number, until: waive(what, principal=who, waiver=number, expires=until),
              st.sampled_from(["key-tested", "key-address", "agreement-term", "couhes"]),
              principals, st.sampled_from(["W-1", "W-2", "W-3"]), days),
)  # fmt: skip
mad_acts = st.sampled_from(
    [
        *(approve(principal=""), approve(request="R-1"), approve(conditions="none"), decline(reason=None)),
        *(let_in("p-short"), execute("A mou"), authorise(channel="By Post"), waive(reason=None)),
    ]
)
NAMING_ITSELF = ("determination", "agreement", "key", "release", "waiver")


class AnyDesk(RuleBasedStateMachine):
    """Acts and reports in any order, sense and nonsense, while time goes on."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock(NOON)
        self.store = open_store("sqlite://", self.clock)
        self.ledger = ledger_on(self.store, self.clock)
        self.desk = Desk(self.ledger, self.clock)
        self.model = Model()
        self.current = REQUEST
        self.keys: dict[str, tuple[Act | Event, Outcome]] = {}

    @initialize()
    def an_office_opens(self) -> None:
        """With its people, its organisations and its catalogue."""
        facts = [fact for fact in good if "request" not in fact.__struct_fields__]
        facts.append(role(principal=ADMIN, person=None, role="admin"))
        self.desk.report_together([(fact, HOUSE) for fact in facts])
        self.is_written(*facts)

    @rule(
        wanting=st.sampled_from(of_a_request), mishaps=st.lists(mishaps, max_size=2), hours=st.sampled_from([0, 13, 60])
    )
    def a_request_comes_in_and_is_decided(self, wanting: Event, mishaps: list[Event], hours: int) -> None:
        """Complete, or with one thing wanting, or with something happening to it in between."""
        self.the_office_is_in_order()
        self.another_request(without=None if mishaps else wanting)
        for mishap in mishaps:
            self.tell(self.about_this(mishap))
        self.clock.go(timedelta(hours=hours))
        self.wish(approve(request=self.current))

    @rule(
        wanting=st.none() | st.sampled_from(of_a_release),
        before=st.lists(later_mishaps, max_size=1),
        between=st.lists(later_mishaps, max_size=1),
        hours=st.sampled_from([0, 1, 13]),
        excepted=st.sampled_from([None, None, None, "key-tested", "key-address"]),
    )
    def a_release_is_made(
        self, wanting: Event | None, before: list[Event], between: list[Event], hours: int, excepted: str | None
    ) -> None:
        """Of a request that is ready for it, or lacks one thing, while something may happen to it."""
        self.the_office_is_in_order()
        self.another_request(without=None)
        wanting = trial_passed() if excepted == "key-tested" else wanting
        for fact in of_a_release[len(of_a_request) :]:
            if fact != wanting:
                self.step(self.about_this(fact))
        for mishap in before:
            self.tell(self.about_this(mishap))
        if excepted is not None:
            self.wish(self.about_this(waive(excepted, expires=self.today)))
        self.wish(self.about_this(authorise()))
        for mishap in between:
            self.tell(self.about_this(mishap))
        self.clock.go(timedelta(hours=hours))
        self.wish(self.about_this(hand_over()))
        self.wish(self.about_this(let_in(BEN)))

    @rule()
    def a_request_comes_in(self) -> None:
        """Complete; what happens from now on is mostly about this one."""
        self.another_request(without=None)

    @rule(report=reports, here=mostly)
    def something_has_happened(self, report: Event, here: bool) -> None:
        self.tell(self.about_this(report) if here else report)

    @rule(report=reports, who=principals)
    def somebody_reports(self, report: Event, who: str) -> None:
        self.tell(self.about_this(report), who)

    @rule(back=st.integers(0, 30), wrongly=st.sampled_from([False] * 7 + [True]))
    def something_is_corrected(self, back: int, wrongly: bool) -> None:
        """One of the last things that were written down, or with other tags than it has."""
        position = max(1, len(self.model.log) - back)
        report = correction(position, self.model.log[position - 1])
        if wrongly:
            report = msgspec.structs.replace(report, about=(f"person:{ANA}", "organisation:O-none"))
        if report.about:
            self.tell(report)

    @rule(back=st.integers(0, 3))
    def a_correction_is_corrected(self, back: int) -> None:
        corrections = [at for at, fact in enumerate(self.model.log, 1) if isinstance(fact, FactCorrected)]
        if corrections:
            position = corrections[-1 - min(back, len(corrections) - 1)]
            self.tell(correction(position, self.model.log[position - 1]))

    @rule(who=st.sampled_from([ANA, BEN]), here=st.booleans())
    def somebody_is_suspended(self, who: str, here: bool) -> None:
        self.tell(PersonSuspended(person=who, request=self.current if here else None))

    @rule(who=st.sampled_from([ANA, BEN]), here=st.booleans())
    def a_suspension_is_lifted(self, who: str, here: bool) -> None:
        self.tell(SuspensionLifted(person=who, request=self.current if here else None))

    @rule(several=st.lists(reports, min_size=2, max_size=3), here=mostly)
    def several_things_have_happened(self, several: list[Event], here: bool) -> None:
        several = [self.about_this(report) if here else report for report in several]
        self.tell_together([(report, self.clerk(report)) for report in several])

    @rule(report=nonsense)
    def nonsense_is_told(self, report: Event) -> None:
        with pytest.raises(Malformed):
            self.desk.report(report, HOUSE)
        self.nothing_is_written()

    @rule(act=acts, here=mostly)
    def somebody_wishes(self, act: Act, here: bool) -> None:
        self.wish(self.about_this(act) if here else act)

    @precondition(lambda self: self.model.roles(THE_DIRECTOR, self.today) & IN_CHARGE)
    @rule(act=acts)
    def the_director_wishes(self, act: Any) -> None:
        """Whatever is wanting."""
        self.wish(self.about_this(msgspec.structs.replace(act, principal=THE_DIRECTOR)))

    @rule(act=mad_acts)
    def nonsense_is_wished(self, act: Act) -> None:
        with pytest.raises(Malformed):
            self.desk.act(act, HOUSE)
        self.nothing_is_written()

    @rule(act=acts, name=st.sampled_from(["k-1", "k-2", "k-3"]))
    def somebody_wishes_under_a_key(self, act: Act, name: str) -> None:
        key = IdempotencyKey("staff:typist", name, msgspec.json.encode(act))
        if name not in self.keys:
            outcome = self.wish(act, key)
            if outcome is not None:
                self.keys[name] = (act, outcome)
            return
        before, outcome = self.keys[name]
        if act == before:
            assert self.desk.act(act, HOUSE, key) == msgspec.structs.replace(outcome, again=True)
        else:
            with pytest.raises(KeyReused):
                self.desk.act(act, HOUSE, key)
        self.nothing_is_written()

    @rule(hours=hours)
    def time_goes_on(self, hours: int) -> None:
        self.clock.go(timedelta(hours=hours))

    def the_office_is_in_order(self) -> None:
        """Somebody may decide, nobody is suspended in all requests, and the data set is what it was."""
        if not self.model.roles(THE_DIRECTOR, self.today) & IN_CHARGE:
            self.tell(role(starts=self.today))
        for who in (ANA, BEN, STRANGER, HEAD, DIRECTOR):
            if self.model.is_barred(who, None):
                self.tell(SuspensionLifted(person=who, request=None))
        if self.model.form(DATA_SET, "1") != "identified":
            self.tell(form_changed("identified"))

    def another_request(self, without: Event | None) -> None:
        self.current = f"R-2026-{sum(one.startswith('R-') for one in self.model.known) + 1:04}"
        facts = [self.about_this(fact) for fact in of_a_request if fact != without]
        self.tell_together([(fact, TYPIST) for fact in facts])

    def step(self, fact: Any) -> None:
        """This is done, if it is something that this office does, and else told."""
        match fact:
            case RequestApproved():
                self.wish(approve(request=fact.request))
            case AgreementIssued():
                self.wish(issue(fact))
            case AgreementExecuted():
                self.wish(execute(fact.agreement, request=fact.request, starts=fact.starts, ends=fact.ends))
            case _:
                self.tell(fact)

    def clerk(self, report: Event) -> str:
        """Who usually reports such things."""
        if isinstance(report, GOVERNING):
            return ADMIN
        return THE_DIRECTOR if isinstance(report, SuspensionLifted) else TYPIST

    def tell(self, report: Event, actor: str | None = None) -> None:
        """It is written down, if it is well formed and somebody tells it who may."""
        self.tell_together([(report, actor or self.clerk(report))])

    def tell_together(self, told: Sequence[tuple[Event, str]]) -> None:
        reports = [(report, msgspec.structs.replace(HOUSE, actor=actor)) for report, actor in told]
        expected = self.what_is_wrong(told)
        if expected is not None:
            with pytest.raises(expected):
                self.desk.report_together(reports)
            self.nothing_is_written()
            return
        self.desk.report_together(reports)
        self.is_written(*(report for report, _ in told))

    def what_is_wrong(self, told: Sequence[tuple[Event, str]]) -> type[LedgerError] | None:
        """The first thing that is, each report after those before it; roles are those of the beginning."""
        ahead = Model(self.model.log) if len(told) > 1 else self.model
        for report, actor in told:
            if not self.model.may_report(actor, report, self.today):
                return NotEntitled
            if not ahead.admits(report, self.today):
                return Malformed
            if len(told) > 1:
                ahead.takes(report)
        return None

    def about_this(self, fact: Any) -> Any:
        """The same of the current request, if it is about any, and of an agreement, a key and so on of its own."""
        changes = {"request": self.current} if getattr(fact, "request", None) else {}
        for name in NAMING_ITSELF:
            number = getattr(fact, name, None) or ""
            if "request" in fact.__struct_fields__ and number[1:2] == "-":
                changes[name] = f"{number}-{self.current}"
        return msgspec.structs.replace(fact, **changes)

    def wish(self, act: Any, key: IdempotencyKey | None = None) -> Outcome | None:
        """The act is done when the model forbids nothing, refused when it does, and else not let in."""
        expected = self.what_turns_away(act)
        if expected is not None:
            with pytest.raises(expected):
                self.desk.act(act, HOUSE, key)
            self.nothing_is_written()
            return None
        broken = self.model.forbids(act, self.clock.now)
        excepted = self.model.excepted(act, self.clock.now)
        outcome = self.desk.act(act, HOUSE, key)
        (entry,) = outcome.entries
        event: Any = self.ledger.codec.decode(entry).event
        assert (outcome.refused, isinstance(event, ActRefused)) == (broken != set(), broken != set()), broken
        if isinstance(event, ReleaseAuthorised | ReleaseHandedOver):
            assert set(event.waivers) == excepted
        if isinstance(event, ReleaseAuthorised):
            things = [(one.dataset, one.label) for one in event.versions]
            assert (set(event.parties), set(event.bases)) == self.model.record_of(event.request, things, self.today)
        self.is_written(event)
        return outcome

    def what_turns_away(self, act: Any) -> type[LedgerError] | None:
        roles = DECIDING | ({"data server"} if act.name == "let-in" else set())
        if not self.model.roles(act.principal, self.today) & (IN_CHARGE if act.name == "grant-waiver" else roles):
            return NotEntitled
        named = [getattr(act, name, None) for name in ("template_approved_by", "extracted_by")]
        named += [one.person for one in getattr(act, "recipients", ())]
        unknown = act.request is not None and self.model.said(act.request) is None
        if unknown or {*named} - {None} - self.model.known.keys():
            return Malformed
        return Malformed if act.name == "execute-agreement" and act.ends < act.starts else None

    def is_written(self, *facts: Event) -> None:
        """These are in the log now, at its end, and nothing else is new."""
        after = len(self.model.log)
        assert [fact.event for fact in self.ledger.facts(after=after)] == list(facts)
        for fact in facts:
            self.model.takes(fact)

    def nothing_is_written(self) -> None:
        assert self.store.head().position == len(self.model.log)

    @property
    def today(self) -> date:
        return self.clock.now.astimezone(ZONE).date()

    def teardown(self) -> None:
        """The log is what was written, an auditor finds nothing, and every judgement is explained."""
        facts = list(self.ledger.facts())
        assert [fact.event for fact in facts] == self.model.log
        for fact in facts:
            explanation = judge_again(self.ledger, fact, self.clock.now)
            assert (explanation is None) == (fact.judged is None)
            assert explanation is None or explanation.agrees
        assert_holds(self.store)
        self.store.close()


@pytest.mark.campaign
def test_whatever_is_thrown_at_the_desk_it_does_as_the_model_does():
    run_state_machine_as_test(AnyDesk, settings=HOW_MANY)
