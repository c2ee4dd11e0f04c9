"""What an office has written down: what of it counts, who may report what, and what is well formed.

It knows nothing of the rules, of standings and of the desk. It keeps what was written down in a list, and looks through
that whenever it is asked.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import date
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
    DocumentOpened,
    EthicsDetermined,
    Event,
    FactCorrected,
    HistoryViewed,
    HoldingWrittenOff,
    IncidentClosed,
    IncidentContained,
    IncidentReported,
    KeyFiled,
    KeyRejected,
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
    ReleaseHandedOver,
    ReminderFellDue,
    RequestApproved,
    RequestClosed,
    RequestDeclined,
    RequestReturned,
    RequestWithdrawn,
    RoleEnded,
    RoleGranted,
    SuspensionLifted,
    WaiverGranted,
)
from ledger.events.catalogue import DataSetRegistered, DataSetVersionAdded
from ledger.events.opening import LedgerOpened
from ledger.events.people import PersonErased, PersonRegistered
from ledger.events.request import RequestSubmitted
from tests.facts import NOON

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


class Written:
    """Everything that an office wrote down, in order."""

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

    @property
    def day(self) -> date:
        """Today, at the office."""
        return self.now.astimezone(ZONE).date()

    # What has to be written down.

    def roles(self, principal: str, day: date) -> set[str]:
        terms: list[RoleGranted] = []
        for fact in self.told(RoleGranted, RoleEnded, principal=principal):
            terms = [*terms, fact] if isinstance(fact, RoleGranted) else [one for one in terms if one.role != fact.role]
        return {one.role for one in terms if one.starts <= day <= (one.ends or date.max)}

    def works_here(self, who: str, day: date) -> bool:
        """Whether somebody holds a role on a day by which one works in the office."""
        principals = {one.principal for one in self.told(RoleGranted) if self.face(one.principal) == who}
        return any(self.roles(principal, day) & DECIDING for principal in principals)

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

    # What was said last.

    def said(self, request: str | None) -> Any:
        return self.last(RequestSubmitted, request=request)

    def face(self, principal: str) -> str | None:
        """Which person a principal is, as was last said."""
        faces = [one.person for one in self.told(RoleGranted, principal=principal) if one.person]
        return faces[-1] if faces else None

    def details(self, who: str) -> set[str]:
        """What is known of somebody, and not erased."""
        known: set[str] = set()
        for fact in self.told(*DETAILS, PersonErased, person=who):
            if isinstance(fact, PersonErased):
                known -= {*fact.details} or known
            else:
                known |= fact.sealed().keys()
        return known

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
