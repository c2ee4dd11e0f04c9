"""A model of an office: what it has to write down, and what it must not do, in plain sentences.

It knows nothing of the rules, of standings and of the desk. It keeps what was written down in a list, and looks through
that whenever it is asked.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

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
    Event,
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
        if isinstance(target, AgreementSigned) and self.placed(AgreementExecuted, agreement=target.agreement):
            return False
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
        granted = [one for one in self.told(WaiverGranted, request=request) if day <= one.expires]
        return {labels[one.rule]: one.waiver for one in reversed(granted) if one.rule in labels}

    def said(self, request: str | None) -> Any:
        return self.last(RequestSubmitted, request=request)

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

    def _execute_agreement(self, act: Any) -> Iterator[str]:
        yield from self._granted_and_own_part(act)
        yield from self._request_as_a_whole(act.request, self.day)
        yield from self._untrained(self.said(act.request).study_group, self.day)
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
        said = self.said(act.request)
        asked_for = {(one.dataset, one.form) for one in said.datasets}
        going = {(dataset, self.form(dataset, label)) for dataset, label in things}
        yield from self._granted_and_own_part(act)
        yield from self._request_as_a_whole(act.request, self.day, going & asked_for)
        yield from self._untrained(said.study_group, self.day)
        if not going or going - asked_for or any(self.told(DataSetRetired, dataset=one) for one, _ in going):
            yield "C1.3"
        for who in said.study_group:
            if not self.is_named(who, act.request, self.day, None) or any(
                not self.is_named(who, act.request, self.day, thing) for thing in going & asked_for
            ):
                yield "K1"
        contact = self.last(ContactDesignated, request=act.request)
        if contact is None or contact.person not in said.study_group:
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
        wanted = {(one.dataset, one.form) for one in said.datasets if one.dataset == act.dataset} if said else set()
        if said is None or act.person not in said.study_group or not wanted:
            yield "K1"
        if not all(self.is_named(act.person, act.request, self.day, thing) for thing in wanted or [None]):
            yield "K1"
        yield from self._unfit(act.person, act.request, self.day)
        yield from self._untrained([act.person], self.day)
        if said is not None:
            yield from self._unlawful([act.person], wanted, act.request)

    def _grant_waiver(self, act: Any) -> Iterator[str]:
        yield from self._own_part(act)
        if act.rule not in ("key-tested", "key-address", "agreement-term") or act.expires < self.day:
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
        elected = self.told(RelianceElected, determination=board.determination)
        return any(one.on <= day and one.document for one in elected)

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


STAGES = {
    "request.submitted": "in",
    "request.returned": "back",
    "request.withdrawn": "over",
    "request.approved": "granted",
    "request.declined": "over",
}
DETAILS = (PersonRegistered, PersonDetailsChanged)


def three_years_on(certificate: TrainingCertified) -> tuple[int, int, int]:
    day = certificate.completed
    return day.year + 3, day.month, day.day
