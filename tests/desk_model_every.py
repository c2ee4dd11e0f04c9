"""The model of an office turns to what is not asked at its desk: who is forgotten, what a register says, who is told.

Like `tests.desk_model` it knows no rules: it looks through what was written down.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from ledger.events import (
    ActRefused,
    AgreementExecuted,
    AgreementExpired,
    AgreementIssued,
    AgreementSigned,
    AmendmentIssued,
    ChangesAsked,
    CopyReported,
    DataSetOpened,
    DestructionRequired,
    Event,
    FactCorrected,
    FindingAssigned,
    HoldingWrittenOff,
    IncidentClosed,
    IncidentReported,
    LegalHoldLifted,
    LegalHoldPlaced,
    NoticeRefused,
    NoticeRevived,
    NoticeSent,
    PastRegisterTakenIn,
    PastReleaseRecorded,
    PublicationNotified,
    PublicationPassed,
    PublicationRecorded,
    QueryAnswered,
    QueryReceived,
    ReleaseAuthorised,
    ReleaseHandedOver,
    ReminderFellDue,
    RequestApproved,
    RequestDeclined,
    RequestReturned,
    RequestSubmitted,
)
from tests.desk_model_outside import WholeModel

OFFICE = "office"
WHO_IT_IS = {"name", "institution"}
FOUND_BY = {*WHO_IT_IS, "email"}
TAKES_PART = (RequestSubmitted, AgreementIssued, AmendmentIssued, AgreementSigned, ReleaseAuthorised, CopyReported)
FOR_THE_RESEARCHER: dict[type[Event], str] = {
    RequestSubmitted: "request received",
    RequestReturned: "request returned",
    RequestApproved: "request approved",
    RequestDeclined: "request declined",
    AgreementExpired: "agreement expired",
}
SHORTEST, LONGEST = timedelta(minutes=1), timedelta(hours=6)


class Call(NamedTuple):
    """What an entry has somebody told: a notice of a kind, to people by their ids, or to the office."""

    kind: str
    to: Sequence[str]


class Waiting(NamedTuple):
    """How often a notice was tried that waits, and when it is next."""

    kind: str
    tried: int = 0
    again: datetime | None = None


class EveryModel(WholeModel):
    """An office with all that is recorded of it, whoever does it."""

    def __init__(self, log: Sequence[Event] = ()) -> None:
        self.notices: dict[tuple[int, str], Waiting] = {}
        self.told_up_to = 0
        super().__init__(log)

    # Who is forgotten.

    def _erase_details(self, act: Any) -> Iterator[str]:
        who, gone = act.person, {*act.details} or FOUND_BY
        parts = [fact for kind in TAKES_PART for _, fact in self.ever(kind) if f"person:{who}" in fact.tags()]
        requests = {fact.request for fact in parts}
        datasets = {one.dataset for request in requests for one in self._data_of(request)}
        if gone & WHO_IT_IS:
            for request in requests:
                yield from self._needed_for(who, request)
            if self.told(PastReleaseRecorded, person=who):
                yield "record of disclosure"
            for one in self.told(IncidentReported):
                concerned = who in one.people or requests & {*one.requests}
                if concerned and not self.told(IncidentClosed, incident=one.incident):
                    yield "incident"
        if gone & FOUND_BY and self.is_debarred(who):
            yield "debarred"
        for one in self.told(LegalHoldPlaced):
            held = one.request in requests or one.person == who or one.dataset in datasets
            if held and not self.told(LegalHoldLifted, hold=one.hold):
                yield "hold"

    def _needed_for(self, who: str, request: str) -> Iterator[str]:
        """Why an office has to know who somebody is that takes part in a request."""
        for paper in self.papers_of(request):
            signed = self.told(AgreementSigned, request=request, agreement=paper.agreement)
            bound = {one.person for one in paper.recipients} | {one.signer for one in signed}
            if who in bound and self.day < self.over(paper):
                yield "bound"
        for leave in self.told(ReleaseAuthorised, request=request):
            out = self.told(ReleaseHandedOver, request=request, release=leave.release)
            if out and who in {one.person for one in leave.parties}:
                yield "record of disclosure"
        if who in {holder for holder, _, _ in self.held(request)}:
            yield "held"

    def _data_of(self, request: str) -> Iterator[Any]:
        """What is asked for, and all that any agreement is about."""
        said = self.said(request)
        yield from said.datasets if said else ()
        for paper in self.papers_of(request):
            yield from paper.datasets

    def ever(self, kind: type[Event]) -> list[tuple[int, Any]]:
        """What was told of this kind, whether or not it was taken back."""
        return self._by_kind.get(kind, [])

    # What a register of the past says.

    def new_rows(self, rows: Sequence[Any]) -> list[Any]:
        """Which rows of a register are not recorded: of rows that are alike, as many as there are more of now."""
        left = Counter(fact.reference for _, fact in self.ever(PastReleaseRecorded))
        new = []
        for row in rows:
            left[row.reference] -= 1
            if left[row.reference] < 0:
                new.append(row)
        return new

    def is_taken_in(self, file: str) -> bool:
        """Whether a register with just these bytes was read to its end."""
        return any(fact.file == file for _, fact in self.ever(PastRegisterTakenIn))

    # Who is told of what.

    def catch_up(self, findings: set[int]) -> None:
        """Have everybody told of what was written down since; these entries show what should not be so."""
        for position in range(self.told_up_to + 1, len(self.log) + 1):
            fact = self.log[position - 1]
            if isinstance(fact, FactCorrected):
                self.notices = {one: how for one, how in self.notices.items() if one[0] != fact.corrected}
            elif isinstance(fact, NoticeRevived):
                self.notices[fact.of, fact.person or OFFICE] = Waiting(fact.kind)
            elif isinstance(fact, NoticeSent | NoticeRefused):
                self.notices.pop((fact.of, fact.person or OFFICE), None)
            else:
                call = self.calls_for(position, findings)
                self.notices |= {(position, who): Waiting(call.kind) for who in call.to}
        self.told_up_to = len(self.log)

    def put_off(self, notice: tuple[int, str]) -> None:
        """It could not be sent: it waits for twice as long as the last time."""
        kind, tried, _ = self.notices[notice]
        self.notices[notice] = Waiting(kind, tried + 1, self.now + min(SHORTEST * 2**tried, LONGEST))

    def due(self) -> list[tuple[int, str]]:
        """The notices that may be tried now, in order."""
        return sorted(one for one, how in self.notices.items() if how.again is None or how.again <= self.now)

    def is_moot(self, notice: tuple[int, str]) -> bool:
        """Whether somebody would be asked for what nobody wants any more."""
        fact = self.log[notice[0] - 1]
        if not isinstance(fact, RequestSubmitted | RequestReturned):
            return False
        return self.stage(fact.request) == "over"

    def calls_for(self, position: int, findings: set[int]) -> Call:
        """Whom the entry at a position is to be told to."""
        fact: Any = self.log[position - 1]
        request: Any = getattr(fact, "request", None)
        said = [one for _, one in self.ever(RequestSubmitted) if one.request == request]
        researcher = [said[-1].researcher] if said else []
        match fact:
            case ActRefused(act="authorise-release" | "hand-over-release"):
                return Call("release refused", researcher)
            case ReminderFellDue(kind="training expires"):
                return Call("reminder", fact.whom)
            case ReminderFellDue(dataset=str(dataset)):
                entitled = [who for who in fact.whom if who in self._entitled(request, dataset, position)]
                return Call("reminder", [*entitled, *researcher, *([OFFICE] if entitled != [*fact.whom] else [])])
            case ReminderFellDue():
                return Call("reminder", [*fact.whom, *researcher])
            case DestructionRequired(person=who, dataset=dataset):
                once = who in self._entitled(request, dataset, position)
                return Call("destruction required", [who] if once else [OFFICE])
            case FindingAssigned():
                return Call("finding assigned", [OFFICE])
            case QueryReceived():
                return Call("query received", [*([fact.by] if fact.by else []), OFFICE])
            case QueryAnswered(query=query) if fact.outcome != "to counsel":
                (question,) = [one for _, one in self.ever(QueryReceived) if one.query == query]
                sides = (question.by, question.asked, question.referred_by)
                return Call("query answered", [who for who in sides if who])
            case ChangesAsked() | PublicationPassed():
                became = "sent back" if isinstance(fact, ChangesAsked) else "passed"
                notices = [one for at, one in self.ever(PublicationNotified) if at < position]
                notice = [one for one in notices if one.publication == fact.publication][-1]
                writers = [*notice.authors, *([notice.told_by] if notice.told_by else [])]
                return Call(f"publication {became}", [*writers, *researcher])
            case DataSetOpened() | CopyReported() | IncidentReported() | HoldingWrittenOff() | PublicationRecorded():
                return Call("finding", [OFFICE] if position in findings else [])
        kind = FOR_THE_RESEARCHER.get(type(fact))
        return Call(kind, researcher) if kind else Call("", [])

    def _entitled(self, request: str, dataset: str, position: int) -> set[str]:
        """Everybody who was ever named in an agreement on a data set that was executed by then."""
        executed = {one.agreement for at, one in self.ever(AgreementExecuted) if at <= position}
        papers = [one for kind in (AgreementIssued, AmendmentIssued) for _, one in self.ever(kind)]
        return {
            recipient.person
            for paper in papers
            if paper.request == request and paper.agreement in executed
            if dataset in {covered.dataset for covered in paper.datasets}
            for recipient in paper.recipients
        }
