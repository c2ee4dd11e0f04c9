"""What is let in to the desk: whatever is not changes nothing, not even by being refused.

An act comes from somebody whose role entitles to it, and is about a request that the ledger knows. A report comes from
somebody of the office, is of something that is reported, about things that are known, and of a request that has come so
far; its dates do not contradict each other, and do not lie ahead.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from api.errors import NotEntitled
from ledger.chain.entry import format_time
from ledger.errors import Malformed
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
    CopiesDeclared,
    CopyReported,
    DataSetFormChanged,
    DataSetOpened,
    DataSetRegistered,
    DataSetVersionAdded,
    DebarmentLifted,
    DestructionAccepted,
    DestructionAttested,
    DestructionRequired,
    DeterminationEnded,
    DisclosureCompelled,
    DocumentOpened,
    EthicsDetermined,
    Event,
    FactCorrected,
    FindingAssigned,
    FindingClosed,
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
    LedgerOpened,
    LedgerOpenedV1,
    LegalHoldLifted,
    LegalHoldPlaced,
    LogKeyRetired,
    LogKeyRotated,
    NoticeRefused,
    NoticeSent,
    OrganisationRegistered,
    PastDataSetRecorded,
    PastRegisterTakenIn,
    PastReleaseRecorded,
    PersonDebarred,
    PersonDeparted,
    PersonErased,
    PersonMoved,
    PersonRegistered,
    PolicyPublished,
    PublicationNotified,
    PublicationPassed,
    PublicationRecorded,
    PublicationReviewed,
    PublicationWithdrawn,
    QueryAnswered,
    QueryReceived,
    QueryWithdrawn,
    ReleaseAuthorised,
    ReleaseFailed,
    ReleaseHandedOver,
    ReleaseReceived,
    RelianceElected,
    ReminderFellDue,
    RequestApproved,
    RequestClosed,
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
from ledger.events.governance import Role
from ledger.events.ids import PersonId, PrincipalId
from ledger.log import Boundary, about
from projections.acts import DECIDING, DIRECTING, Act, act_from, as_command, of_office
from projections.standing import BEFORE_THE_OFFICE, MOVES, Known, Office, Standing, State, moved, uncorrected

# By the kind of a tag: the event that makes such a thing known.
INTRODUCED_BY: dict[str, type[Event]] = {
    "person": PersonRegistered,
    "organisation": OrganisationRegistered,
    "dataset": DataSetRegistered,
    "determination": EthicsDetermined,
    "request": RequestSubmitted,
    "agreement": AgreementIssued,
    "key": KeyFiled,
    "release": ReleaseAuthorised,
    "apikey": ApiKeyIssued,
    "query": QueryReceived,
    "publication": PublicationNotified,
    "incident": IncidentReported,
    "hold": LegalHoldPlaced,
    "attestation": DestructionAttested,
}
# What makes such a thing known, too.
ALSO_INTRODUCED_BY: dict[str, type[Event]] = {"agreement": AmendmentIssued}
# What comes of an act, of the calendar, of erasing, of opening a ledger or of taking in a register, and cannot be told.
NOT_REPORTED = (
    LedgerOpened,
    LedgerOpenedV1,
    PersonErased,
    RequestApproved,
    RequestDeclined,
    AgreementIssued,
    AgreementExecuted,
    ReleaseAuthorised,
    ReleaseHandedOver,
    AccessPermitted,
    WaiverGranted,
    ActRefused,
    PastDataSetRecorded,
    PastReleaseRecorded,
    PastRegisterTakenIn,
    QueryAnswered,
    PublicationPassed,
    AmendmentIssued,
    AgreementRenewed,
    AgreementExpired,
    ReminderFellDue,
    DestructionRequired,
    NoticeSent,
    NoticeRefused,
    DestructionAccepted,
    HoldingWrittenOff,
    IncidentClosed,
    RequestClosed,
)
# What can be taken back because it was typed in wrongly. What was decided stands, and so does who and what is known; a
# suspension is lifted, which not everybody may who may correct.
CORRECTABLE = (
    AffiliationDetermined,
    EthicsDetermined,
    RelianceElected,
    DeterminationEnded,
    TrainingCertified,
    TrainingVerified,
    LawDetermined,
    RequestReturned,
    RequestWithdrawn,
    AgreementSigned,
    AgreementTerminated,
    ContactDesignated,
    KeyConfirmed,
    KeyRejected,
    KeyRevoked,
    KeyTestPassed,
    KeyTestFailed,
    ReleaseFailed,
    ReleaseReceived,
    DataSetOpened,
    FactCorrected,
    PastReleaseRecorded,
    QueryWithdrawn,
    PublicationReviewed,
    ChangesAsked,
    PublicationRecorded,
    PublicationWithdrawn,
    DisclosureCompelled,
    CopyReported,
    CopiesDeclared,
    DestructionAttested,
    IncidentContained,
    PersonDeparted,
    PersonMoved,
    FindingAssigned,
    FindingClosed,
)
# Where a report stands before it is recorded.
NOWHERE_YET = 0
REPORTING: tuple[Role, ...] = (*DECIDING, "admin")
GRANTING: tuple[Role, ...] = (*DIRECTING, "admin")
# Whoever has the ledger's folder in hand.
OPERATOR = "operator:"
# Who may report what not everybody of the office may, or others may, too.
ENTITLED: dict[type[Event], tuple[Role, ...]] = {
    PolicyPublished: (*DIRECTING, "admin"),
    RoleGranted: (*DIRECTING, "admin"),
    RoleEnded: (*DIRECTING, "admin"),
    SuspensionLifted: DIRECTING,
    DataSetOpened: (*REPORTING, "data server"),
    PersonDebarred: DIRECTING,
    DebarmentLifted: DIRECTING,
    ApiKeyIssued: (*DIRECTING, "admin"),
    ApiKeyRevoked: (*DIRECTING, "admin"),
    LogKeyRotated: (*DIRECTING, "admin"),
    LogKeyRetired: (*DIRECTING, "admin"),
    # A researcher tells what they did themselves, of a request of their own.
    RequestWithdrawn: (*REPORTING, "researcher"),
    ReleaseReceived: (*REPORTING, "researcher"),
    # They direct to the office whoever asks them, and tell what they are going to publish.
    QueryReceived: (*REPORTING, "researcher"),
    PublicationNotified: (*REPORTING, "researcher"),
    CopyReported: (*REPORTING, "researcher"),
    IncidentReported: (*REPORTING, "researcher"),
    DestructionAttested: (*REPORTING, "researcher"),
    AccessRevoked: DIRECTING,
    AccessRestored: DIRECTING,
    LegalHoldLifted: DIRECTING,
    HistoryViewed: get_args(Role),
    DocumentOpened: get_args(Role),
}
# What is said of one and the same request has to fit together.
OF_A_REQUEST = (
    RelianceElected,
    DeterminationEnded,
    AgreementSigned,
    AgreementTerminated,
    KeyConfirmed,
    KeyRejected,
    KeyRevoked,
    KeyTestSent,
    KeyTestPassed,
    KeyTestFailed,
    ReleaseFailed,
    ReleaseReceived,
    PublicationNotified,
    PublicationReviewed,
    ChangesAsked,
    PublicationRecorded,
    PublicationWithdrawn,
)
# When a request can be told to have come in, gone back or gone away.
_TURN: dict[type[Event], str] = {
    RequestSubmitted: "one comes in again once it was returned",
    RequestReturned: "what is returned is before the office, and not decided yet",
    RequestWithdrawn: "what is withdrawn is before the office, and not decided yet",
}
FIRST_DAY = datetime(1970, 1, 1, tzinfo=UTC)


def admit_form(act: Act) -> None:
    """Raise `Malformed` for an act that could not be read back from its judgement."""
    try:
        act_from(as_command(act))
    except (msgspec.ValidationError, TypeError) as error:
        raise Malformed("act", act.name, str(error)) from error


def admit_act(act: Act, actor: str, standing: Standing, at: datetime, occurred_at: datetime | None = None) -> None:
    """Raise `NotEntitled`, or `Malformed` when the ledger does not know the request or whom the act names.

    Who types in what somebody else decided is of the office, too. No act is said to have happened at another time than
    when it is judged: else it might have come before what it rests on.
    """
    if occurred_at is not None:
        raise Malformed("occurred_at", occurred_at.isoformat(), f"is for reports: {act.name} happens when it is judged")
    if standing.office.roles(act.principal, at).isdisjoint(act.roles):
        raise NotEntitled(act.principal, act.name, act.roles)
    if actor != act.principal and standing.office.roles(actor, at).isdisjoint(REPORTING):
        raise NotEntitled(actor, act.name, REPORTING)
    if act.request is not None and standing.request(act.request).submitted is None:
        raise Malformed("request", act.request, "is not in this ledger")
    for person in act.names():
        if standing.person(person).registered is None:
            raise Malformed("person", person, "is not in this ledger")
    _check_order(act)


def admit_office(actor: str, office: Office, at: datetime, what: str) -> None:
    """Raise `NotEntitled` for somebody who is neither of the office nor has the ledger's folder in hand."""
    if not actor.startswith(OPERATOR) and office.roles(actor, at).isdisjoint(REPORTING):
        raise NotEntitled(actor, what, REPORTING)


def admit_circumstances(actor: str, on_behalf_of: str | None, occurred_at: datetime | None, now: datetime) -> None:
    """Raise `Malformed` for a name in place of an id, which would stand in the log for ever, and for a time ahead."""
    _check_id("actor", actor, PrincipalId, "such as staff:17")
    if on_behalf_of is not None:
        _check_id("person on whose behalf", on_behalf_of, PersonId, "of a person: p- and 32 letters")
    for time in (now, occurred_at or now):
        format_time(time)
    if occurred_at is not None and occurred_at > now:
        raise Malformed("time", occurred_at.isoformat(), "is still to come, and nothing has happened then")
    if occurred_at is not None and occurred_at < FIRST_DAY:
        raise Malformed("time", occurred_at.isoformat(), "is before 1970")


def admit_import(actor: str, facts: Sequence[Known[Event]], at: datetime) -> None:
    """Raise `NotEntitled` for somebody who may not take in a register, and `Malformed` for no id of an actor."""
    admit_circumstances(actor, None, None, at)
    office = _office(facts)
    if office.has_begun and office.roles(actor, at).isdisjoint(REPORTING):
        raise NotEntitled(actor, "take in a register", REPORTING)


def looked_at(events: Iterable[Event], others: Iterable[str] = ()) -> list[Boundary]:
    """What has to be read to know whether these reports can be let in, and these other people are known."""
    people = [about(PersonRegistered, tags=[f"person:{person}"]) for person in others]
    return [
        of_office(),
        *people,
        *(boundary for event in events for boundary in (*_introductions(event), *_moves(event))),
    ]


def admit_reports(
    reports: Sequence[tuple[Event, str]], facts: Sequence[Known[Event]], at: datetime, others: Iterable[str] = ()
) -> None:
    """Raise `NotEntitled`, or `Malformed` for what is not reported, not known, known already, or not in its turn.

    Each is told by an actor. What an earlier one of these reports makes known, moves or corrects, is known, has moved
    and counts no longer for the later ones.
    """
    office = _office(facts)
    told = [*facts]
    known, begun = _Known(told), office.has_begun
    for event, actor in reports:
        _admit_actor(event, office, actor, at)
        if isinstance(event, RoleGranted) and not begun:
            _check_first_role(event, actor, office.day(at))
            begun = True
        if isinstance(event, RoleEnded) and office.has_begun:
            _check_last_role(event, office, at)
        _admit_researcher(event, facts, office, actor, at)
        _check_dates(event, office.day(at))
        if isinstance(event, FactCorrected):
            _check_correction(event, told)
        known.admit(event)
        told.append(Known(event, NOWHERE_YET))
        if isinstance(event, FactCorrected):
            known = _Known(told)
        else:
            known.add(event)
    known.check_people(others)


def _office(facts: Iterable[Known[Event]]) -> Office:
    office = Office()
    for fact in facts:
        if isinstance(fact.event, Office.folds):
            office.fold(fact)
    return office


def _admit_actor(event: Event, office: Office, actor: str, at: datetime) -> None:
    """Whoever opens the office gives the first role; from then on roles decide.

    Should nobody be left who can give roles, the operator gives one to somebody who can.
    """
    entitled = ENTITLED.get(type(event), REPORTING)
    if not office.has_begun:
        return
    gives = isinstance(event, RoleGranted) and event.role in GRANTING
    if gives and actor.startswith(OPERATOR) and not office.held_by_anybody(GRANTING, at):
        return
    if office.roles(actor, at).isdisjoint(entitled):
        raise NotEntitled(actor, f"report {event.wire_name}", entitled)


def _check_first_role(event: RoleGranted, actor: str, today: date) -> None:
    """Who could give no other role, or not today, would leave the office without anybody who can.

    It is given by the operator, or taken by whoever begins; nobody else speaks for an office that has not begun.
    """
    if actor != event.principal and not actor.startswith(OPERATOR):
        why = f"is the first one: {event.principal} or an operator gives it, and not {actor}"
        raise Malformed("role", event.role, why)
    holds_today = event.starts <= today and (event.ends is None or today <= event.ends)
    if event.role not in GRANTING or not holds_today:
        why = f"is not one to begin with: first comes one of {', '.join(GRANTING)}, from today on, who gives all others"
        raise Malformed("role", event.role, why)


def _check_last_role(event: RoleEnded, office: Office, at: datetime) -> None:
    if event.role in GRANTING and not office.held_by_anybody(GRANTING, at, (event.principal, event.role)):
        why = f"of {event.principal} is the last by which roles are given: grant another first"
        raise Malformed("role", event.role, why)


def _admit_researcher(event: Event, facts: Iterable[Known[Event]], office: Office, actor: str, at: datetime) -> None:
    """Whoever is no more than a researcher tells that they withdrew their own request, and what they received."""
    if office.roles(actor, at) != {"researcher"}:
        return
    whose: set[str | None]
    match event:
        case RequestWithdrawn():
            asked = [one.event for one in facts if isinstance(one.event, RequestSubmitted)]
            whose = {one.researcher for one in asked[-1:]}
        case ReleaseReceived():
            whose = {event.contact}
        case QueryReceived():
            whose = {event.referred_by}
        case PublicationNotified():
            whose = {event.told_by} & _takes_part(facts)
        case CopyReported() | IncidentReported():
            whose = {*_takes_part(facts)}
        case DestructionAttested():
            whose = {event.by}
        case _:
            return
    person = office.person(actor)
    if person is None or person.event not in whose:
        raise NotEntitled(actor, f"report {event.wire_name} of somebody else", REPORTING)


def _check_correction(event: FactCorrected, facts: Sequence[Known[Event]]) -> None:
    fact = next((fact for fact in facts if fact.position == event.corrected), None)
    if fact is None or not isinstance(fact.event, CORRECTABLE):
        why = "is of nothing that can be taken back: what was decided stands, and so does who and what is known"
        raise Malformed("position", event.corrected, why)
    if fact not in uncorrected(facts):
        raise Malformed("position", event.corrected, "was taken back already")
    executed = {one.event.agreement for one in facts if isinstance(one.event, AgreementExecuted)}
    if isinstance(fact.event, AgreementSigned) and fact.event.agreement in executed:
        why = f"is a signature under {fact.event.agreement}, which is executed: terminate that"
        raise Malformed("position", event.corrected, why)
    accepted = {one.event.attestation for one in facts if isinstance(one.event, DestructionAccepted)}
    if isinstance(fact.event, DestructionAttested) and fact.event.attestation in accepted:
        raise Malformed("position", event.corrected, f"is attestation {fact.event.attestation}, which was accepted")
    if fact.event.tags() != set(event.about):
        raise Malformed("tags", event.about, f"are not those of entry {event.corrected}")


class _Known:
    """What the ledger knows, as far as it was looked at. What was corrected moves nothing, but its number is taken."""

    def __init__(self, facts: Sequence[Known[Event]]) -> None:
        self._introduced: dict[str, Event] = {}
        self._states: dict[str, State] = {}
        self._grants: set[tuple[str, Role]] = set()
        self._versions: set[tuple[str, str]] = set()
        self._sent_back: set[str] = set()
        for fact in facts:
            self._learn(fact.event)
        for fact in uncorrected(facts):
            self._move(fact.event)

    def add(self, event: Event) -> None:
        self._learn(event)
        self._move(event)

    def _learn(self, event: Event) -> None:
        own = _own_tag(event)
        if own is not None:
            self._introduced[own] = event
        if isinstance(event, RoleGranted):
            self._grants.add((event.principal, event.role))
        if isinstance(event, RoleEnded):
            self._grants.discard((event.principal, event.role))
        if isinstance(event, DataSetVersionAdded):
            self._versions.add((event.dataset, event.label))

    def _move(self, event: Event) -> None:
        if isinstance(event, MOVES):
            self._states[event.request] = moved(self._state_of(event.request), event)
        if isinstance(event, ChangesAsked):
            self._sent_back.add(f"publication:{event.publication}")
        if isinstance(event, PublicationNotified):
            self._sent_back.discard(f"publication:{event.publication}")

    def admit(self, event: Event) -> None:
        if isinstance(event, NOT_REPORTED):
            raise Malformed("report", event.wire_name, "is recorded when this office does it, and not by telling")
        match event:
            case PolicyPublished():
                _check_time_zone(event.time_zone)
            case LawDetermined(consistent=True, bases=()):
                raise Malformed("legal determination", event.request, "is consistent with the law on no basis")
            case RoleEnded() if (event.principal, event.role) not in self._grants:
                raise Malformed("role", event.role, f"was not given to {event.principal}")
            case DataSetVersionAdded() if (event.dataset, event.label) in self._versions:
                raise Malformed("version", event.label, f"of {event.dataset} is in this ledger already")
            case DataSetFormChanged() | CopyReported() if (event.dataset, event.label) not in self._versions:
                raise Malformed("version", event.label, f"of {event.dataset} is not in this ledger")
        self._check_known(event)
        self._check_turn(event)
        self._check_same_concern(event)
        if isinstance(event, OF_A_REQUEST):
            self._check_same_request(event)

    def check_people(self, people: Iterable[str]) -> None:
        for person in people:
            if f"person:{person}" not in self._introduced:
                raise Malformed("person", person, "is not in this ledger")

    def _check_known(self, event: Event) -> None:
        if isinstance(event, FactCorrected):
            return
        own = _own_tag(event)
        for tag, _ in _things(event):
            kind, _, id_ = tag.partition(":")
            if tag == own:
                # Whether a request may come in again is a matter of its turn; a publication does once it was sent back.
                if tag in self._introduced and kind != "request" and tag not in self._sent_back:
                    raise Malformed(kind, id_, "is in this ledger already")
            elif tag not in self._introduced:
                raise Malformed(kind, id_, "is not in this ledger")

    def _check_turn(self, event: Event) -> None:
        match event:
            case RequestSubmitted(request=request):
                before: tuple[State, ...] = (State.UNKNOWN, State.RETURNED)
            case RequestReturned(request=request) | RequestWithdrawn(request=request):
                before = BEFORE_THE_OFFICE
            case _:
                return
        state = self._state_of(request)
        if state not in before:
            raise Malformed("request", request, f"is {state}: {_TURN[type(event)]}")

    def _check_same_concern(self, event: Event) -> None:
        """A hold is lifted from what it is on, an incident contained in all that it concerns: else nobody sees it."""
        match event:
            case LegalHoldLifted(hold=hold):
                placed: Any = self._introduced[f"hold:{hold}"]
                if (event.request, event.dataset, event.person) != (placed.request, placed.dataset, placed.person):
                    raise Malformed("hold", hold, "is on something else")
            case IncidentContained(incident=incident):
                said: Any = self._introduced[f"incident:{incident}"]
                if (event.requests, event.people, event.datasets) != (said.requests, said.people, said.datasets):
                    raise Malformed("incident", incident, "concerns something else")

    def _check_same_request(self, event: Any) -> None:
        """What is told of a determination, an agreement, a key or a release is told of the request that it is of."""
        for tag, _ in _things(event):
            kind, _, id_ = tag.partition(":")
            of = getattr(self._introduced.get(tag), "request", event.request)
            if kind != "request" and of != event.request:
                raise Malformed(kind, id_, f"is about request {of}")

    def _state_of(self, request: str) -> State:
        return self._states.get(request, State.UNKNOWN)


def _takes_part(facts: Iterable[Known[Event]]) -> set[str | None]:
    """The researchers and study groups of the requests that these facts are about, as amendments have left them."""
    requests = Standing(facts).requests.values()
    asked = [one.submitted.event for one in requests if one.submitted]
    named = (person for said in asked for person in (said.researcher, *said.study_group))
    return {*named, *(person for one in requests for person in one.study_group)}


def introducing(kind: str) -> list[type[Event]]:
    """The events that make a thing of this kind known."""
    return [by[kind] for by in (INTRODUCED_BY, ALSO_INTRODUCED_BY) if kind in by]


def _introductions(event: Event) -> list[Boundary]:
    return [about(*introducing(tag.partition(":")[0]), tags=[tag]) for tag, _ in _things(event)]


def _moves(event: Event) -> list[Boundary]:
    match event:
        case RequestSubmitted() | RequestReturned() | RequestWithdrawn():
            return [about(*MOVES, FactCorrected, tags=[f"request:{event.request}"])]
        case DataSetVersionAdded() | DataSetFormChanged():
            return [about(DataSetVersionAdded, tags=[f"dataset:{event.dataset}"])]
        case CopyReported():
            version = about(DataSetVersionAdded, tags=[f"dataset:{event.dataset}"])
            return [version, *_groups([event.request])]
        case IncidentReported():
            return _groups(event.requests)
        case PublicationNotified():
            sent_back = about(ChangesAsked, FactCorrected, tags=[f"publication:{event.publication}"])
            return [sent_back, *_groups([event.request])]
        case FactCorrected():
            # Of a signature or an attestation, the first tag is that of its agreement, or its own.
            return [about(*CORRECTABLE, AgreementExecuted, DestructionAccepted, tags=event.about[:1])]
    return []


def _groups(requests: Iterable[str]) -> list[Boundary]:
    """Who takes part in these requests."""
    kinds = (RequestSubmitted, AgreementIssued, AmendmentIssued, AgreementExecuted, FactCorrected)
    return [about(*kinds, tags=[f"request:{request}"]) for request in requests]


def _things(event: Event) -> list[tuple[str, type[Event]]]:
    """The tags of what an event is about, each with the event that makes it known."""
    known = [(tag, INTRODUCED_BY.get(tag.partition(":")[0])) for tag in sorted(event.tags())]
    return [(tag, introduction) for tag, introduction in known if introduction is not None]


def _own_tag(event: Event) -> str | None:
    """The tag of what this very event makes known."""
    for kind, introduction in INTRODUCED_BY.items():
        if isinstance(event, introduction):
            return f"{kind}:{getattr(event, kind)}"
    return None


def _check_time_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Malformed("time zone", name, "is none that this machine knows") from error


def _check_id(what: str, value: str, kind: Any, such_as: str) -> None:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise Malformed(what, value, f"is not an id {such_as}") from error


def _check_dates(event: Any, today: date) -> None:
    """What has happened has not happened tomorrow; that an agreement will end can be told before."""
    for member in ("on", "completed", "found_on", "notice_on", "since"):
        day = getattr(event, member, None)
        if day is not None and day > today and not isinstance(event, AgreementTerminated):
            raise Malformed(member, str(day), f"is still to come; it is {today} at the office")
    _check_order(event)


def _check_order(told: Any) -> None:
    """Nothing that is told or wished ends before it begins."""
    begins = next((day for name in ("on", "completed", "starts") if (day := getattr(told, name, None))), None)
    for member in ("expires", "ends"):
        day = getattr(told, member, None)
        if isinstance(begins, date) and type(day) is date and day < begins:
            raise Malformed(member, str(day), f"is before it begins, on {begins}")
