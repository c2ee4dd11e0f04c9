"""A model of an office: what it has to write down, and what it must not do, in plain sentences.

It knows nothing of the rules, of standings and of the desk. It keeps what was written down in a list, and looks through
that whenever it is asked.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from ledger.events import (
    AccessPermitted,
    AccessRestored,
    AccessRevoked,
    ActRefused,
    AffiliationDetermined,
    AgreementExecuted,
    AgreementExpired,
    AgreementIssued,
    AgreementRenewed,
    AgreementSigned,
    AgreementTerminated,
    AmendmentIssued,
    ApiKeyIssued,
    ApiKeyRevoked,
    ChangesAsked,
    ContactDesignated,
    CopyReported,
    DataSetFormChanged,
    DataSetOpened,
    DataSetRetired,
    DebarmentLifted,
    DestructionAccepted,
    DestructionAttested,
    DestructionRequired,
    DeterminationEnded,
    DocumentOpened,
    EthicsDetermined,
    Event,
    FactCorrected,
    HistoryViewed,
    HoldingWrittenOff,
    IncidentClosed,
    IncidentContained,
    IncidentReported,
    KeyConfirmed,
    KeyFiled,
    KeyRejected,
    KeyRevoked,
    KeyTestFailed,
    KeyTestPassed,
    KeyTestSent,
    LawDetermined,
    LegalHoldLifted,
    LegalHoldPlaced,
    LogKeyRetired,
    LogKeyRotated,
    NoticeRefused,
    NoticeRevived,
    NoticeSent,
    OrganisationRegistered,
    PastDataSetRecorded,
    PastRegisterTakenIn,
    PastReleaseRecorded,
    PersonDebarred,
    PersonDetailsChanged,
    PersonMoved,
    PersonSuspended,
    PolicyPublished,
    PublicationNotified,
    PublicationPassed,
    QueryAnswered,
    QueryReceived,
    ReleaseAuthorised,
    ReleaseFailed,
    ReleaseHandedOver,
    RelianceElected,
    ReminderFellDue,
    RequestApproved,
    RequestClosed,
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
from ledger.events.catalogue import DataSetRegistered, DataSetVersionAdded
from ledger.events.opening import LedgerOpened
from ledger.events.people import PersonErased, PersonRegistered
from ledger.events.release import Party
from ledger.events.request import RequestSubmitted
from ledger.events.review import Basis
from tests.facts import (
    NOON,
)

ZONE = ZoneInfo("America/New_York")


# What has to be written down.

IDS = re.compile(r'"((?:p|O|D|E|R|A|K|L|Q|B|I|H|X|T)-[^"]+)"')
MAKES_KNOWN: dict[type[Event], str] = {
    PersonRegistered: "person",
    OrganisationRegistered: "organisation",
    DataSetRegistered: "dataset",
    EthicsDetermined: "determination",
    RequestSubmitted: "request",
    AgreementIssued: "agreement",
    KeyFiled: "key",
    ReleaseAuthorised: "release",
    AmendmentIssued: "agreement",
    QueryReceived: "query",
    PublicationNotified: "publication",
    IncidentReported: "incident",
    LegalHoldPlaced: "hold",
    DestructionAttested: "attestation",
    ApiKeyIssued: "apikey",
}
DONE_HERE = (
    *(LedgerOpened, PersonErased, ActRefused, RequestApproved, RequestDeclined, AgreementIssued, AgreementExecuted),
    *(ReleaseAuthorised, ReleaseHandedOver, AccessPermitted, WaiverGranted),
    *(AmendmentIssued, AgreementRenewed, AgreementExpired, DestructionRequired, ReminderFellDue, NoticeSent),
    *(
        NoticeRefused,
        NoticeRevived,
        QueryAnswered,
        PublicationPassed,
        DestructionAccepted,
        HoldingWrittenOff,
        IncidentClosed,
    ),
    RequestClosed,
    *(PastDataSetRecorded, PastReleaseRecorded, PastRegisterTakenIn),
)
STANDS = (
    *(kind for kind in DONE_HERE if kind is not PastReleaseRecorded),
    *(PersonRegistered, PersonDetailsChanged, OrganisationRegistered, RequestSubmitted, KeyFiled, KeyTestSent),
    *(DataSetRegistered, DataSetVersionAdded, DataSetFormChanged, DataSetRetired),
    *(PolicyPublished, RoleGranted, RoleEnded, PersonSuspended, SuspensionLifted),
    *(PersonDebarred, DebarmentLifted, AccessRevoked, AccessRestored, LegalHoldPlaced, LegalHoldLifted),
    *(QueryReceived, PublicationNotified, IncidentReported),
    *(ApiKeyIssued, ApiKeyRevoked, HistoryViewed, DocumentOpened, LogKeyRotated, LogKeyRetired),
)
GOVERNING = (PolicyPublished, RoleGranted, RoleEnded, ApiKeyIssued, ApiKeyRevoked, LogKeyRotated, LogKeyRetired)
# Whoever holds any role is told by the log to have looked at something.
LOOKING = (HistoryViewed, DocumentOpened)
# What only who is in charge can report.
GRAVE = (SuspensionLifted, PersonDebarred, DebarmentLifted, AccessRevoked, AccessRestored, LegalHoldLifted)
IN_CHARGE = {"director", "acting director"}
DECIDING = IN_CHARGE | {"alternate", "staff"}


class Model:
    """An office, simply: everything that it wrote down, in order."""

    def __init__(self, log: Sequence[Event] = ()) -> None:
        self.now = NOON
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
        elif isinstance(fact, GRAVE):
            entitled = IN_CHARGE
        elif isinstance(fact, DataSetOpened):
            entitled = entitled | {"data server"}
        elif isinstance(fact, LOOKING):
            return bool(self.roles(actor, day))
        return bool(self.roles(actor, day) & entitled)

    def admits(self, fact: Any, day: date) -> bool:
        """Whether a report is well formed: of something that is reported, about what is known, in its turn."""
        if isinstance(fact, FactCorrected):
            return self._admits_correction(fact)
        if isinstance(fact, DONE_HERE) or not self._has_good_dates(fact, day):
            return False
        own = getattr(fact, MAKES_KNOWN.get(type(fact), ""), None)
        if own in self.known and not isinstance(fact, RequestSubmitted | PublicationNotified):
            return False
        named = set(IDS.findall(msgspec.json.encode(fact).decode())) - {own}
        whole = named | {own} if own in self.known else named
        part_of_one = "EAKL" if isinstance(fact, QueryReceived) else "EAKLB"
        of_others = [one for one in whole if one[0] in part_of_one and self.known.get(one) != fact.request]
        return named <= self.known.keys() and not of_others and self._is_in_turn(fact)

    def _admits_correction(self, fact: FactCorrected) -> bool:
        if not 1 <= fact.corrected <= len(self.log) or fact.corrected in self.wrong:
            return False
        target = self.log[fact.corrected - 1]
        if isinstance(target, AgreementSigned) and self.placed(AgreementExecuted, agreement=target.agreement):
            return False
        if isinstance(target, DestructionAttested) and self.placed(DestructionAccepted, attestation=target.attestation):
            return False
        return not isinstance(target, STANDS) and set(fact.about) == target.tags()

    def _has_good_dates(self, fact: Any, day: date) -> bool:
        happened = [getattr(fact, name, None) or date.min for name in HAPPENED]
        if max(happened) > day and not isinstance(fact, AgreementTerminated):
            return False
        begins = max(*happened, getattr(fact, "starts", date.min))
        ends = getattr(fact, "expires", None) or getattr(fact, "ends", None)
        if isinstance(fact, KeyFiled | ApiKeyIssued):
            return True
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
            case DataSetFormChanged() | CopyReported():
                return bool(self.told(DataSetVersionAdded, dataset=fact.dataset, label=fact.label))
            case PublicationNotified():
                turns = self.told(PublicationNotified, ChangesAsked, publication=fact.publication)
                return not turns or isinstance(turns[-1], ChangesAsked)
            case LegalHoldLifted():
                (placed,) = self.told(LegalHoldPlaced, hold=fact.hold)
                return all(getattr(fact, one) == getattr(placed, one) for one in ("request", "dataset", "person"))
            case IncidentContained():
                (reported,) = self.told(IncidentReported, incident=fact.incident)
                return all(getattr(fact, one) == getattr(reported, one) for one in ("requests", "people", "datasets"))
            case PolicyPublished():
                return fact.time_zone == "America/New_York"
        return True

    def stage(self, request: str) -> str:
        stage = "nowhere"
        moves = (RequestSubmitted, RequestReturned, RequestWithdrawn, RequestApproved, RequestDeclined, RequestClosed)
        for fact in self.told(*moves, request=request):
            stage = STAGES[fact.wire_name]
        return stage

    # What must not be done.

    def forbids(self, act: Any, now: datetime) -> set[str]:
        """The clauses that doing this would break."""
        self.now = now
        return self._broken(act) - set(self.waived(act.request, self.day))

    def excepted(self, act: Any, now: datetime) -> set[str]:
        """The waivers without which doing this would break a clause."""
        self.now = now
        waived = self.waived(act.request, self.day)
        return {waived[clause] for clause in self._broken(act) if clause in waived}

    @property
    def day(self) -> date:
        """Today, at the office."""
        return self.now.astimezone(ZONE).date()

    def _broken(self, act: Any) -> set[str]:
        return set(getattr(self, "_" + act.name.replace("-", "_"))(act))

    def waived(self, request: str, day: date) -> dict[str, str]:
        """What is excepted for a request, each with the number of the first waiver that does it."""
        labels = {"key-tested": "C3 test", "key-address": "C3 address", "agreement-term": "term"}
        labels["second-reviewer"] = "second reviewer"
        granted = [one for one in self.told(WaiverGranted, request=request) if day <= one.expires]
        return {labels[one.rule]: one.waiver for one in reversed(granted) if one.rule in labels}

    def said(self, request: str | None) -> Any:
        return self.last(RequestSubmitted, request=request)

    # What a request comes to mean later; whoever knows more of that says it otherwise.

    def group(self, request: str | None) -> set[str]:
        """Everybody who will have access."""
        return set(self.said(request).study_group)

    def personnel(self, request: str | None) -> set[str]:
        """Everybody involved."""
        return set(self.said(request).personnel)

    def wanted(self, request: str | None) -> set[tuple[str, Any]]:
        """The data sets that it is about, each with its form."""
        return {(one.dataset, one.form) for one in self.said(request).datasets}

    def group_after(self, agreement: str, request: str) -> set[str]:
        """Everybody who will have access once this is in force."""
        del agreement
        return self.group(request)

    def wanted_after(self, agreement: str, request: str) -> set[tuple[str, Any]]:
        """The data sets that it is about once this is in force."""
        del agreement
        return self.wanted(request)

    def binds(self, paper: AgreementIssued, day: date) -> bool:
        """Whether an agreement is in force."""
        of_it = {"request": paper.request, "agreement": paper.agreement}
        effect = self.last(AgreementExecuted, **of_it)
        ended = [one.on for one in self.told(AgreementTerminated, **of_it)]
        return bool(effect) and effect.starts <= day <= effect.ends and day < min(ended, default=date.max)

    def papers_of(self, request: str) -> list[Any]:
        """Its agreements and their amendments, as they were issued."""
        return self.told(AgreementIssued, AmendmentIssued, request=request)

    def in_the_way(self, request: str | None, people: set[str], datasets: set[str]) -> Iterator[str]:
        """What stands in the way of whatever is done for these."""
        del request, people, datasets
        return iter(())

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
        researcher = self.said(paper.request).researcher
        signed = {
            (one.capacity, one.organisation)
            for one in self.told(AgreementSigned, agreement=paper.agreement, request=paper.request, text=paper.text)
            if one.on <= by
            and (one.capacity == "researcher") == (one.signer == researcher)
            and (one.attested_by if one.evidence != "openpgp" else one.key and one.fingerprint)
        }
        needed: set[tuple[str, str | None]] = {("researcher", None)}
        if paper.kind == "MOU":
            needed |= {("office", None)}
        else:
            needed |= {("home signatory", None)}
            needed |= {("authorised official", one.organisation) for one in paper.recipients if one.organisation}
        return needed <= signed

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
        wanted = {one for one in self.wanted(act.request) if one[0] == act.dataset} if said else set()
        if said is None or act.person not in self.group(act.request) or not wanted:
            yield "K1"
        if not all(self.is_named(act.person, act.request, self.day, thing) for thing in wanted or [None]):
            yield "K1"
        yield from self._unfit(act.person, act.request, self.day)
        yield from self._untrained([act.person], self.day)
        if said is not None:
            yield from self._unlawful([act.person], wanted, act.request)
        yield from self.in_the_way(act.request, {act.person}, {dataset for dataset, _ in wanted})

    def _grant_waiver(self, act: Any) -> Iterator[str]:
        yield from self._own_part(act)
        if act.rule not in ("key-tested", "key-address", "agreement-term", "second-reviewer") or act.expires < self.day:
            yield "not waivable"
        if self.told(WaiverGranted, waiver=act.waiver):
            yield "number"

    # What the clauses say.

    def _own_part(self, act: Any, sides: Iterable[str | None] = ()) -> Iterator[str]:
        face = self.face(act.principal)
        if face and face in self.parts(act.request) | {*sides}:
            yield "own request"

    def face(self, principal: str) -> str | None:
        """Which person a principal is, as was last said."""
        faces = [one.person for one in self.told(RoleGranted, principal=principal) if one.person]
        return faces[-1] if faces else None

    def parts(self, request: str | None) -> set[str | None]:
        """Everybody who plays a part in a request."""
        said, contact = self.said(request), self.last(ContactDesignated, request=request)
        if said is None:
            return set()
        others = {said.head_approval.by if said.head_approval else None, contact.person if contact else None}
        return {said.researcher, said.sponsor, *self.personnel(request), *self.group(request), *others}

    def _granted_and_own_part(self, act: Any) -> Iterator[str]:
        if self.stage(act.request) != "granted":
            yield "not approved"
        yield from self._own_part(act)

    def _request_as_a_whole(
        self, request: str, day: date, going: Any = None, people: Any = None, datasets: Any = None
    ) -> Iterator[str]:
        people = self.group(request) if people is None else people
        wanted = self.wanted(request)
        yield from self._incomplete(self.said(request))
        for who in people:
            yield from self._unfit(who, request, day)
        yield from self._unlawful(people, wanted if going is None else going, request)
        if any(self.is_debarred(who) for who in {*people, self.said(request).researcher}):
            yield "debarred"
        looked_at = {dataset for dataset, _ in wanted} if datasets is None else datasets
        yield from self.in_the_way(request, set(people), looked_at)

    def _incomplete(self, said: RequestSubmitted) -> Iterator[str]:
        told = self.details(said.researcher)
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
        if not said.datasets or not said.study_group or not self.group(said.request) <= self.personnel(said.request):
            yield "C1.3"
        if not said.description or not said.purposes:
            yield "C1.7"

    def details(self, who: str) -> set[str]:
        """What is known of somebody, and not erased."""
        known: set[str] = set()
        for fact in self.told(*DETAILS, PersonErased, person=who):
            if isinstance(fact, PersonErased):
                known -= {*fact.details} or known
            else:
                known |= fact.sealed().keys()
        return known

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
        elected = self.told(RelianceElected, determination=board.determination)
        return any(one.on <= day and one.document for one in elected)

    def _untrained(self, people: Iterable[str], day: date) -> Iterator[str]:
        for who in people:
            verified_ones = {one.certificate for one in self.told(TrainingVerified, person=who)}
            if not any(
                one.document in verified_ones
                and one.completed <= day
                and (day <= one.expires if one.expires else (day.year, day.month, day.day) <= three_years_on(one))
                for one in self.told(TrainingCertified, person=who)
            ):
                yield "C1.6"

    def _unlawful(self, people: Iterable[str], things: set[tuple[str, Any]], request: str) -> Iterator[str]:
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
        found = self.last(AffiliationDetermined, PersonMoved, request=request, person=who)
        return (getattr(found, "affiliation", "in doubt"), found.organisation) if found else ("in doubt", None)

    def classes(self, people: Iterable[str], request: str) -> set[str]:
        wheres = {self.home(who, request)[0] for who in people}
        return {one for where in wheres for one in (("home", "outside") if where == "in doubt" else (where,))}

    def is_barred(self, who: str, request: str | None) -> bool:
        for where in {None, request}:
            if isinstance(self.last(PersonSuspended, SuspensionLifted, person=who, request=where), PersonSuspended):
                return True
        return False

    def is_debarred(self, who: str) -> bool:
        """Whether somebody takes part in nothing new today."""
        told = self.told(PersonDebarred, DebarmentLifted, person=who)
        lifted = [at for at, one in enumerate(told) if isinstance(one, DebarmentLifted)]
        return any(self.day <= one.until for one in told[lifted[-1] + 1 if lifted else 0 :])

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
        for paper in self.papers_of(request):
            covers = thing is None or thing in {(one.dataset, one.form) for one in paper.datasets}
            names = (who, way[1]) in {(one.person, one.organisation) for one in paper.recipients}
            if covers and names and (paper.kind == way[0] or paper.otherwise) and self.binds(paper, day):
                found.append(paper)
        return found

    def is_named(self, who: str, request: str | None, day: date, thing: Any) -> bool:
        return request is not None and all(
            self.papers(who, request, way, day, thing) for way in self.ways(who, request)
        )

    def record_of(self, request: str, things: list[tuple[str, str]], day: date) -> tuple[set[Party], set[Basis]]:
        """To whom data go, for whom, under what, and on which bases."""
        group, law = self.group(request), self.last(LawDetermined, request=request)
        going = {(dataset, self.form(dataset, label)) for dataset, label in things} & self.wanted(request)
        parties = {
            Party(person=who, organisation=way[1], agreement=self.papers(who, request, way, day, thing)[0].agreement)
            for who in group
            for thing in going
            if self.is_named(who, request, day, thing)
            for way in self.ways(who, request)
        }
        classes = self.classes(group, request)
        bases = {one for one in (law.bases if law else ()) if (one.dataset, one.form) in going}
        return parties, {one for one in bases if one.recipients in classes}


STAGES = {
    "request.submitted": "in",
    "request.returned": "back",
    "request.withdrawn": "over",
    "request.approved": "granted",
    "request.declined": "over",
    "request.closed": "over",
}
DETAILS = (PersonRegistered, PersonDetailsChanged)
HAPPENED = ("on", "completed", "found_on", "notice_on", "since")


def three_years_on(certificate: TrainingCertified) -> tuple[int, int, int]:
    day = certificate.completed
    return day.year + 3, day.month, day.day
