"""The facts of one request, as an office writes them down, from its packet to its release."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from ledger.events import (
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
    PersonSuspended,
    PolicyPublished,
    ReleaseFailed,
    ReleaseReceived,
    RelianceElected,
    RelianceRequested,
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
from ledger.events.request import HeadApproval, Wanted
from ledger.events.review import Basis
from tests.facts import ANA, BEN, DATA_SET, REQUEST, commitment

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

KEY_EXPIRES = datetime(2027, 6, 1, 12, tzinfo=UTC)
CERTIFICATES = {ANA: commitment(31), BEN: commitment(32), STRANGER: commitment(33)}
WITH_ALL_DETAILS = dict.fromkeys(("institution", "department", "address", "email"), commitment())


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


def reliance_requested(**changes: Any) -> RelianceRequested:
    rest: dict[str, Any] = {"request": REQUEST, "determination": IRB, "on": LONG_AGO}
    return RelianceRequested(**(rest | changes))


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
