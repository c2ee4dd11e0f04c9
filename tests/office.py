"""A small language for what the office decides: given these facts, when this is wished for, then that comes of it.

    given(complete(couhes=None)).when(approve()).then(refused("couhes", about=[ANA]))

`complete` is a request that can be approved, `ready` one that can be released; a test names the fact that it replaces,
or leaves out with None. Whatever comes of an act is compared whole, and every judgement is judged again from the log.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
import pytest

from api.desk import Circumstances, Desk, Outcome
from api.errors import NotEntitled
from ledger.codec import Recorded
from ledger.errors import Malformed
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
    PersonErased,
    PersonSuspended,
    PolicyPublished,
    ReleaseAuthorised,
    ReleaseFailed,
    ReleaseHandedOver,
    ReleaseReceived,
    RelianceElected,
    RequestApproved,
    RequestDeclined,
    RequestReturned,
    RequestSubmitted,
    RequestWithdrawn,
    RoleEnded,
    RoleGranted,
    SuspensionLifted,
    TrainingCertified,
    TrainingVerified,
    WaiverGranted,
)
from ledger.events.agreement import Covered, Recipient
from ledger.events.governance import Objected
from ledger.events.release import Package, Packed, Party, Version
from ledger.events.request import HeadApproval, Wanted
from ledger.events.review import Basis
from ledger.log import Ledger
from ledger.storage import open_store
from projections.acts import (
    Act,
    ApproveRequest,
    AuthoriseRelease,
    Chosen,
    DeclineRequest,
    EraseDetails,
    ExecuteAgreement,
    GrantWaiver,
    HandOverRelease,
    IssueAgreement,
    LetIn,
    as_command,
)
from projections.judgement import judge_again
from projections.rules.rulebook import VERSION, judge
from projections.standing import Standing
from tests.facts import (
    ANA,
    BEN,
    DATA_SET,
    NOON,
    REQUEST,
    Clock,
    commitment,
    data_set,
    ledger_on,
    person,
    version_added,
)

HEAD, DIRECTOR, STRANGER = "p-" + 32 * "c", "p-" + 32 * "d", "p-" + 32 * "5"
THE_DIRECTOR = "staff:director"
ELSEWHERE, NOWHERE = "O-elsewhere", "O-nowhere"
COUHES, IRB = "E-couhes", "E-irb"
MOU, DUA, KEY, RELEASE, WAIVER = "A-mou", "A-dua", "K-ana", "L-1", "W-1"
CHANNEL = "sftp-drop"
OTHER_REQUEST = "R-2026-0002"

TODAY = date(2026, 11, 21)
YESTERDAY, TOMORROW = TODAY - timedelta(days=1), TODAY + timedelta(days=1)
LONG_AGO, FAR_OFF = date(2026, 1, 15), date(2027, 1, 15)
OFFICE_ZONE = "America/New_York"
ACCEPTS_NO_SUBJECTS = PolicyPublished(time_zone=OFFICE_ZONE, accepts_not_human_subjects=True)
TYPIST, SERVER = "staff:typist", "server:notebooks"
HOUSE = Circumstances(actor=TYPIST, via="command line")
BY_THE_DIRECTOR = Circumstances(actor=THE_DIRECTOR, via="command line")
KEY_EXPIRES = datetime(2027, 6, 1, 12, tzinfo=UTC)
CERTIFICATES = {ANA: commitment(31), BEN: commitment(32), STRANGER: commitment(33)}
WITH_ALL_DETAILS = dict.fromkeys(("institution", "department", "address", "email"), commitment())


# Facts.


def role(**changes: Any) -> RoleGranted:
    rest: dict[str, Any] = {
        "principal": THE_DIRECTOR,
        "person": DIRECTOR,
        "role": "director",
        "starts": LONG_AGO,
        "ends": None,
    }
    return RoleGranted(**(rest | changes))


def role_ended(principal: str = THE_DIRECTOR, ended: Any = "director") -> RoleEnded:
    return RoleEnded(principal=principal, role=ended)


def head_approval(by: str = HEAD, capacity: Any = "department head") -> HeadApproval:
    return HeadApproval(by=by, capacity=capacity, document=commitment())


def request(request: str = REQUEST, **changes: Any) -> RequestSubmitted:
    rest: dict[str, Any] = {
        "researcher": ANA,
        "funded": False,
        "peer_reviewed": False,
        "head_approval": head_approval(),
        "datasets": (wanted(),),
        "personnel": (ANA, BEN),
        "study_group": (ANA, BEN),
        "purposes": ("scholarship on teaching and learning",),
        "description": commitment(),
    }
    return RequestSubmitted(request=request, **(rest | changes))


def returned(request: str = REQUEST) -> RequestReturned:
    return RequestReturned(request=request, items=("C1.2",))


def withdrawn(request: str = REQUEST) -> RequestWithdrawn:
    return RequestWithdrawn(request=request)


def wanted(form: Any = "identified", dataset: str = DATA_SET) -> Wanted:
    return Wanted(dataset=dataset, form=form)


def affiliation(who: str, where: Any, organisation: str | None = None) -> AffiliationDetermined:
    return AffiliationDetermined(request=REQUEST, person=who, affiliation=where, organisation=organisation)


def couhes(**changes: Any) -> EthicsDetermined:
    rest: dict[str, Any] = {
        "determination": COUHES,
        "request": REQUEST,
        "organisation": None,
        "protocol": "1211-01",
        "outcome": "approved",
        "on": LONG_AGO,
        "expires": FAR_OFF,
        "covers": (ANA,),
        "document": commitment(),
    }
    return EthicsDetermined(**(rest | changes))


def irb(**changes: Any) -> EthicsDetermined:
    return couhes(**({"determination": IRB, "organisation": ELSEWHERE, "covers": (BEN,)} | changes))


def reliance(**changes: Any) -> RelianceElected:
    rest: dict[str, Any] = {"request": REQUEST, "determination": IRB, "on": LONG_AGO, "document": commitment()}
    return RelianceElected(**(rest | changes))


def board_ended(determination: str, on: date, how: Any = "suspended") -> DeterminationEnded:
    return DeterminationEnded(determination=determination, request=REQUEST, how=how, on=on)


def basis(recipients: Any, **changes: Any) -> Basis:
    rest: dict[str, Any] = {"dataset": DATA_SET, "form": "identified", "basis": "34 CFR 99.31(a)(6)"}
    return Basis(recipients=recipients, **(rest | changes))


def law(*bases: Basis, consistent: bool = True) -> LawDetermined:
    return LawDetermined(request=REQUEST, consistent=consistent, bases=bases or (basis("home"), basis("outside")))


def suspended(who: str, request: str | None = None) -> PersonSuspended:
    return PersonSuspended(person=who, request=request)


def lifted(who: str, request: str | None = None) -> SuspensionLifted:
    return SuspensionLifted(person=who, request=request)


def organisation(id_: str = ELSEWHERE) -> OrganisationRegistered:
    return OrganisationRegistered(organisation=id_, name=commitment())


def certified(who: str, completed: date = LONG_AGO, expires: date | None = FAR_OFF) -> TrainingCertified:
    return TrainingCertified(person=who, completed=completed, expires=expires, document=CERTIFICATES[who])


def verified(who: str) -> TrainingVerified:
    return TrainingVerified(person=who, certificate=CERTIFICATES[who])


def recipient(who: str, organisation: str | None = None) -> Recipient:
    return Recipient(person=who, organisation=organisation)


def covered(form: Any = "identified", dataset: str = DATA_SET) -> Covered:
    return Covered(dataset=dataset, form=form)


def memorandum(**changes: Any) -> AgreementIssued:
    rest: dict[str, Any] = {
        "agreement": MOU,
        "request": REQUEST,
        "kind": "MOU",
        "template": "MOU-2026",
        "template_approved_by": STRANGER,
        "text": commitment(41),
        "recipients": (recipient(ANA),),
        "datasets": (covered(),),
    }
    return AgreementIssued(**(rest | changes))


def use_agreement(**changes: Any) -> AgreementIssued:
    rest: dict[str, Any] = {
        "agreement": DUA,
        "kind": "DUA",
        "template": "DUA-2026",
        "text": commitment(42),
        "recipients": (recipient(BEN, ELSEWHERE),),
    }
    return memorandum(**(rest | changes))


def signed(agreement: AgreementIssued, capacity: Any, signer: str, **changes: Any) -> AgreementSigned:
    rest: dict[str, Any] = {
        "agreement": agreement.agreement,
        "request": agreement.request,
        "text": agreement.text,
        "signer": signer,
        "capacity": capacity,
        "organisation": ELSEWHERE if capacity == "authorised official" else None,
        "on": LONG_AGO,
        "evidence": "scan",
        "document": commitment(43),
        "attested_by": STRANGER,
    }
    return AgreementSigned(**(rest | changes))


def in_force(agreement: str, starts: date = LONG_AGO, ends: date = FAR_OFF) -> AgreementExecuted:
    return AgreementExecuted(agreement=agreement, request=REQUEST, starts=starts, ends=ends)


def terminated(agreement: str, on: date = TODAY) -> AgreementTerminated:
    return AgreementTerminated(agreement=agreement, request=REQUEST, on=on)


def designated(who: str) -> ContactDesignated:
    return ContactDesignated(request=REQUEST, person=who)


def key_filed(**changes: Any) -> KeyFiled:
    rest: dict[str, Any] = {
        "key": KEY,
        "request": REQUEST,
        "person": ANA,
        "fingerprint": commitment(51),
        "document": commitment(52),
        "made": datetime(2026, 1, 15, tzinfo=UTC),
        "expires": KEY_EXPIRES,
        "names_address": True,
    }
    return KeyFiled(**(rest | changes))


def key_confirmed(key: str = KEY, settles_address: bool = False) -> KeyConfirmed:
    return KeyConfirmed(
        key=key,
        request=REQUEST,
        confirmed_to=DIRECTOR,
        by="phone",
        on=LONG_AGO,
        settles_address=settles_address,
    )


def key_rejected(key: str = KEY) -> KeyRejected:
    return KeyRejected(key=key, request=REQUEST)


def key_revoked(on: date = TODAY, key: str = KEY) -> KeyRevoked:
    return KeyRevoked(key=key, request=REQUEST, on=on, why="lost")


def trial_sent(channel: str = CHANNEL, key: str = KEY) -> KeyTestSent:
    return KeyTestSent(key=key, request=REQUEST, channel=channel, nonce=commitment(53))


def trial_passed(channel: str = CHANNEL, key: str = KEY) -> KeyTestPassed:
    return KeyTestPassed(key=key, request=REQUEST, channel=channel)


def trial_failed(channel: str = CHANNEL, key: str = KEY) -> KeyTestFailed:
    return KeyTestFailed(key=key, request=REQUEST, channel=channel)


def form_changed(form: Any = "de-identified", label: str = "1") -> DataSetFormChanged:
    return DataSetFormChanged(
        dataset=DATA_SET, label=label, form=form, found_by=STRANGER, found_on=TODAY, method=commitment(81)
    )


def failed(stage: Any = "packing", release: str = RELEASE) -> ReleaseFailed:
    return ReleaseFailed(release=release, request=REQUEST, stage=stage)


def received(release: str = RELEASE) -> ReleaseReceived:
    return ReleaseReceived(release=release, request=REQUEST, contact=ANA, on=TODAY)


def waiver(rule: str = "key-tested", **changes: Any) -> WaiverGranted:
    rest: dict[str, Any] = {"waiver": WAIVER, "request": REQUEST, "reason": commitment(61), "expires": TODAY}
    return WaiverGranted(rule=rule, **(rest | changes))


def correction(position: int, of: Event) -> FactCorrected:
    return FactCorrected(corrected=position, about=tuple(sorted(of.tags())))


def corrected(facts: list[Event], wrong: Event) -> list[Event]:
    """These facts, and that this one of them is not so."""
    return [*facts, correction(facts.index(wrong) + 1, wrong)]


def complete(**changes: Event | None) -> list[Event]:
    """A request that can be approved, of ANA from here and BEN from elsewhere, all its facts in the order of an office.

    A fact under a name is replaced by the one given, and left out for None.
    """
    return _changed(_to_be_approved(), changes)


def ready(**changes: Event | None) -> list[Event]:
    """A request that can be released, approved and under a memorandum for ANA, an agreement for BEN; as `complete`."""
    return _changed(_to_be_approved() | _to_be_released(), changes)


def _changed(facts: dict[str, Event], changes: dict[str, Event | None]) -> list[Event]:
    assert changes.keys() <= facts.keys(), changes.keys() - facts.keys()
    return [fact for fact in (facts | changes).values() if fact is not None]


def _to_be_released() -> dict[str, Event]:
    mou, dua = memorandum(), use_agreement()
    return {
        "ana_certified": certified(ANA),
        "ana_verified": verified(ANA),
        "ben_certified": certified(BEN),
        "ben_verified": verified(BEN),
        "approved": RequestApproved(request=REQUEST),
        "mou": mou,
        "mou_researcher": signed(mou, "researcher", ANA),
        "mou_office": signed(mou, "office", DIRECTOR),
        "mou_executed": in_force(MOU),
        "dua": dua,
        "dua_researcher": signed(dua, "researcher", ANA),
        "dua_official": signed(dua, "authorised official", STRANGER),
        "dua_signatory": signed(dua, "home signatory", HEAD),
        "dua_executed": in_force(DUA),
        "contact": designated(ANA),
        "key": key_filed(),
        "key_confirmed": key_confirmed(),
        "trial_sent": trial_sent(),
        "test": trial_passed(),
        "version": version_added(),
    }


def _to_be_approved() -> dict[str, Event]:
    return {
        "policy": PolicyPublished(time_zone=OFFICE_ZONE),
        "the_director": person(DIRECTOR),
        "role": role(),
        "typist": role(principal=TYPIST, person=None, role="staff"),
        "admin": role(principal="staff:admin", person=None, role="admin"),
        "elsewhere": organisation(ELSEWHERE),
        "nowhere": organisation(NOWHERE),
        "data_set": data_set(),
        "ana": person(ANA, **WITH_ALL_DETAILS),
        "ben": person(BEN),
        "head": person(HEAD),
        "stranger": person(STRANGER),
        "request": request(),
        "ana_affiliation": affiliation(ANA, "home"),
        "ben_affiliation": affiliation(BEN, "outside", ELSEWHERE),
        "couhes": couhes(),
        "irb": irb(),
        "reliance": reliance(),
        "law": law(),
    }


# Wishes.


def approve(**changes: Any) -> ApproveRequest:
    return ApproveRequest(**({"principal": THE_DIRECTOR, "request": REQUEST} | changes))


def decline(**changes: Any) -> DeclineRequest:
    return DeclineRequest(**({"principal": THE_DIRECTOR, "request": REQUEST, "reason": commitment()} | changes))


def issue(agreement: AgreementIssued, principal: str = THE_DIRECTOR) -> IssueAgreement:
    """The wish that this very agreement be issued."""
    return IssueAgreement(principal=principal, **msgspec.structs.asdict(agreement))


def execute(agreement: str = MOU, **changes: Any) -> ExecuteAgreement:
    rest: dict[str, Any] = {"principal": THE_DIRECTOR, "request": REQUEST, "starts": TODAY, "ends": FAR_OFF}
    return ExecuteAgreement(agreement=agreement, **(rest | changes))


def chosen(label: str = "1", dataset: str = DATA_SET) -> Chosen:
    return Chosen(dataset=dataset, label=label)


def authorise(*versions: Chosen, **changes: Any) -> AuthoriseRelease:
    rest: dict[str, Any] = {"principal": THE_DIRECTOR, "request": REQUEST, "release": RELEASE, "channel": CHANNEL}
    return AuthoriseRelease(versions=versions or (chosen(),), **(rest | changes))


def packed(label: str = "1", dataset: str = DATA_SET, digest: str = 64 * "5") -> Packed:
    return Packed(dataset=dataset, label=label, size=1000, digest=digest)


def package(*files: Packed) -> Package:
    return Package(
        files=files or (packed(),), plain_size=1100, plain_sha256=64 * "6", cipher_size=700, cipher_sha256=64 * "7"
    )


def hand_over(*files: Packed, **changes: Any) -> HandOverRelease:
    rest: dict[str, Any] = {
        "principal": THE_DIRECTOR,
        "request": REQUEST,
        "release": RELEASE,
        "key_ids": commitment(71),
        "extracted_by": STRANGER,
        "learners": 154_763,
    }
    return HandOverRelease(package=package(*files), **(rest | changes))


def let_in(who: str | None = ANA, **changes: Any) -> LetIn:
    rest: dict[str, Any] = {"principal": THE_DIRECTOR, "request": REQUEST, "dataset": DATA_SET}
    return LetIn(person=who, **(rest | changes))


def waive(rule: str = "key-tested", **changes: Any) -> GrantWaiver:
    rest: dict[str, Any] = {
        "principal": THE_DIRECTOR,
        "request": REQUEST,
        "waiver": WAIVER,
        "reason": commitment(61),
        "expires": TODAY,
    }
    return GrantWaiver(rule=rule, **(rest | changes))


def erase(*details: Any, who: str = BEN, **changes: Any) -> EraseDetails:
    rest: dict[str, Any] = {"principal": THE_DIRECTOR, "last_copy_lapses": TOMORROW}
    return EraseDetails(person=who, details=details, **(rest | changes))


# What comes of them.


class Done(NamedTuple):
    """The act was done: this event."""

    event: Event


class Objections(NamedTuple):
    """The act was refused; this is what one rule held against it, about each of these."""

    rule: str
    about: tuple[str | None, ...]
    wanting: tuple[str, ...] | None
    shown_by: tuple[Event, ...] | None


class Unheard(NamedTuple):
    """The wish was not let in, for these reasons, and changed nothing."""

    error: type[Exception]
    fields: dict[str, Any]


def approved(**changes: Any) -> Done:
    return Done(RequestApproved(request=REQUEST, **changes))


def declined() -> Done:
    return Done(RequestDeclined(request=REQUEST, reason=commitment()))


def issued(agreement: AgreementIssued) -> Done:
    return Done(agreement)


def executed(agreement: str = MOU, starts: date = TODAY, ends: date = FAR_OFF, waivers: tuple[str, ...] = ()) -> Done:
    return Done(msgspec.structs.replace(in_force(agreement, starts, ends), waivers=waivers))


ANAS = Party(person=ANA, organisation=None, agreement=MOU)
BENS = Party(person=BEN, organisation=ELSEWHERE, agreement=DUA)


def authorised(**changes: Any) -> Done:
    rest: dict[str, Any] = {
        "release": RELEASE,
        "request": REQUEST,
        "contact": ANA,
        "key": KEY,
        "channel": CHANNEL,
        "versions": (Version(dataset=DATA_SET, label="1", form="identified"),),
        "parties": (ANAS, BENS),
        "bases": (basis("home"), basis("outside")),
    }
    return Done(ReleaseAuthorised(**(rest | changes)))


def handed_over(*files: Packed, **changes: Any) -> Done:
    rest: dict[str, Any] = {
        "release": RELEASE,
        "request": REQUEST,
        "contact": ANA,
        "key": KEY,
        "channel": CHANNEL,
        "package": package(*files),
        "key_ids": commitment(71),
        "extracted_by": STRANGER,
        "learners": 154_763,
    }
    return Done(ReleaseHandedOver(**(rest | changes)))


def permitted(who: str = ANA, agreement: str = MOU, dataset: str = DATA_SET) -> Done:
    return Done(AccessPermitted(request=REQUEST, person=who, dataset=dataset, agreement=agreement))


def waived(rule: str = "key-tested", **changes: Any) -> Done:
    return Done(waiver(rule, **changes))


def given_up(*details: Any, who: str = BEN) -> Done:
    return Done(PersonErased(person=who, details=details, last_copy_lapses=TOMORROW))


def refused(
    rule: str,
    *wanting: str,
    about: Iterable[str | None] = (None,),
    shown_by: Iterable[Event] | None = None,
) -> Objections:
    """What a rule objects: about whom, and where a test says so what is wanting, and which facts show it."""
    return Objections(rule, tuple(about), wanting or None, None if shown_by is None else tuple(shown_by))


def not_entitled(principal: str) -> Unheard:
    return Unheard(NotEntitled, {"principal": principal})


def malformed(what: str, value: Any) -> Unheard:
    return Unheard(Malformed, {"what": what, "value": value})


class Given:
    """Facts in the log."""

    def __init__(self, facts: list[Event]) -> None:
        self.facts = facts

    def when(self, act: Act, at: datetime = NOON) -> "When":
        """Somebody wishes for this at that time."""
        return When(self.facts, act, at)


def given(*facts: Event | Iterable[Event]) -> Given:
    """These facts, in this order, as they may stand in a log."""
    return Given([event for one in facts for event in ([one] if isinstance(one, Event) else one)])


class When(NamedTuple):
    """A wish in the face of facts."""

    facts: list[Event]
    act: Act
    at: datetime

    def then(self, *expected: Done | Objections | Unheard) -> None:
        """Exactly this comes of it: the act is done, or refused by these rules and no others, or not let in."""
        with open_store("sqlite://", Clock(self.at)) as store:
            ledger = written(self.facts, ledger_on(store, Clock(self.at)))
            desk = Desk(ledger, Clock(self.at))
            if isinstance(expected[0], Unheard):
                self._is_unheard(ledger, desk, expected[0])
            else:
                self._is_answered(ledger, desk, *expected)

    def _is_unheard(self, ledger: Ledger, desk: Desk, expected: Unheard) -> None:
        with pytest.raises(expected.error) as caught:
            desk.act(self.act, HOUSE)
        assert {name: getattr(caught.value, name) for name in expected.fields} == expected.fields
        with pytest.raises(expected.error):
            desk.objections(self.act, HOUSE)
        assert ledger.store.head().position == len(self.facts)

    def _is_answered(self, ledger: Ledger, desk: Desk, *expected: Any) -> None:
        said_before = desk.objections(self.act, HOUSE)
        outcome = desk.act(self.act, HOUSE)
        (recorded,) = (ledger.codec.decode(entry) for entry in outcome.entries)
        if isinstance(expected[0], Done):
            assert (outcome.objections, recorded.event) == ((), expected[0].event), outcome.objections
        else:
            self._is_refused(outcome, recorded, expected)
        assert said_before == outcome.objections
        self._is_judged(recorded)
        self._is_judged_alike_again(ledger, recorded, outcome)

    def _is_refused(self, outcome: Outcome, recorded: Recorded, expected: tuple[Objections, ...]) -> None:
        objections = outcome.objections
        assert Counter((one.rule, one.about) for one in objections) == Counter(
            (one.rule, about) for one in expected for about in one.about
        )
        for rule, _, wanting, shown_by in expected:
            mine = [one for one in objections if one.rule == rule]
            assert wanting is None or Counter(wanting) == Counter(one.wanting for one in mine)
            if shown_by is not None:
                facts = tuple(sorted(self.facts.index(event) + 1 for event in shown_by))
                assert {one.facts for one in mine} == {facts}
        whom = {name: getattr(self.act, name, None) for name in ("person", "dataset")}
        assert recorded.event == ActRefused(
            act=self.act.name,
            request=self.act.request,
            objections=tuple(
                Objected(rule=one.rule, about=one.about, wanting=one.wanting, facts=one.facts) for one in objections
            ),
            **whom,
        )

    def _is_judged(self, recorded: Recorded) -> None:
        judged = recorded.judged
        wish = msgspec.json.decode(msgspec.json.encode(as_command(self.act)))
        assert judged is not None
        assert (judged.command, judged.read_to, judged.rulebook) == (wish, len(self.facts), VERSION)
        assert datetime.fromisoformat(judged.at) == self.at
        policies = [position for position, event in enumerate(self.facts, 1) if isinstance(event, PolicyPublished)]
        assert judged.policy == (policies[-1] if policies else None)

    def _is_judged_alike_again(self, ledger: Ledger, recorded: Recorded, outcome: Outcome) -> None:
        """From the log alone; and from the facts alone, which every rule sees twice."""
        explained = judge_again(ledger, recorded, self.at)
        assert explained is not None
        assert (explained.said, explained.then, explained.agrees) == (outcome.objections, outcome.objections, True)
        before = list(ledger.facts(until=recorded.position - 1))
        standing = Standing(before)
        answers = [tuple(judge(self.act, one, self.at)) for one in (standing, standing, Standing(before))]
        assert answers == 3 * [outcome.objections]


def written(facts: Iterable[Event], ledger: Ledger) -> Ledger:
    """The ledger, once these facts stand in it."""
    ledger.append([HOUSE.fact(fact) for fact in facts])
    return ledger


def recorded(facts: Iterable[Event]) -> Iterator[Recorded]:
    """These facts as they would stand in a log."""
    for position, event in enumerate(facts, 1):
        yield Recorded(
            position=position,
            recorded_at=NOON,
            type=event.wire_type(),
            tags=tuple(sorted(event.tags())),
            event=event,
            actor="staff:1",
            via="command line",
            on_behalf_of=None,
            cause=None,
            documents=(),
            occurred_at=NOON,
            precision="instant",
            judged=None,
        )


def standing(*facts: Event) -> Standing:
    """What these facts add up to."""
    return Standing(recorded(facts))


def last_moment_of(day: date, zone: str = OFFICE_ZONE) -> datetime:
    """The last microsecond of a day at the office."""
    return first_moment_of(day + timedelta(days=1), zone) - timedelta(microseconds=1)


def first_moment_of(day: date, zone: str = OFFICE_ZONE) -> datetime:
    """Midnight at the office, in UTC."""
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)
