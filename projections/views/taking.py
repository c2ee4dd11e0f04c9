"""Taking facts into the views, one at a time.

Of a request, the standing is folded, the very one that decisions rest on, and its rows are replaced; a request that
was in the views before is folded again from its facts. So is one of whose facts a correction says that it isn't so. A
policy changes what follows from earlier facts, too: with a new one in force, the views have to start over.
"""

import sqlite3
from collections.abc import Iterable
from datetime import timedelta

import msgspec

from ledger.boundary import Boundary, about
from ledger.chain.entry import format_time, parse_time
from ledger.events import (
    AccessPermitted,
    ActRefused,
    ApiKeyIssued,
    ApiKeyRevoked,
    DataSetFormChanged,
    DataSetOpened,
    DataSetRegistered,
    DataSetRetired,
    DataSetVersionAdded,
    DebarmentLifted,
    DebarmentLiftedV1,
    DestructionRequired,
    DisclosureCompelled,
    DocumentOpened,
    Event,
    FactCorrected,
    FindingAssigned,
    FindingClosed,
    FindingClosedV1,
    HistoryViewed,
    IncidentClosed,
    IncidentContained,
    IncidentReported,
    LedgerOpened,
    LedgerOpenedV1,
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
    PersonErased,
    PersonRegistered,
    PersonSuspended,
    PolicyPublished,
    QueryAnswered,
    QueryReceived,
    QueryWithdrawn,
    ReminderFellDue,
    RequestSubmitted,
    RequestWithdrawnV1,
    RoleEnded,
    RoleGranted,
    SuspensionLifted,
    TrainingCertified,
    TrainingVerified,
)
from ledger.log import Ledger
from projections.standing import Known, Office, RequestStanding
from projections.standing.person import end_of
from projections.views.calendar import after
from projections.views.days import Days
from projections.views.disclosing import Wish
from projections.views.inquiring import query_row
from projections.views.lists import as_json
from projections.views.past import past_release
from projections.views.reading import Happening, Reader
from projections.views.requests import FactsOf, Met, Requests
from projections.views.tables import REACH, of_facts

OF_REQUESTS: tuple[type[Event], ...] = RequestStanding.folds
WANTED: tuple[type[Event], ...] = (
    *OF_REQUESTS,
    RequestWithdrawnV1,
    FindingClosedV1,
    DataSetVersionAdded,
    DataSetFormChanged,
    TrainingCertified,
    AccessPermitted,
    DataSetOpened,
    ActRefused,
    PolicyPublished,
    FactCorrected,
    DataSetRegistered,
    PastDataSetRecorded,
    PastReleaseRecorded,
    QueryReceived,
    QueryAnswered,
    QueryWithdrawn,
    IncidentReported,
    IncidentContained,
    IncidentClosed,
    FindingAssigned,
    FindingClosed,
    LegalHoldPlaced,
    LegalHoldLifted,
    DisclosureCompelled,
    NoticeRefused,
    NoticeRevived,
)
# These change nothing that anybody asks the views about.
PASSED_OVER: tuple[type[Event], ...] = (
    LedgerOpened,
    LedgerOpenedV1,
    DebarmentLiftedV1,
    PersonRegistered,
    PersonDetailsChanged,
    PersonErased,
    OrganisationRegistered,
    DataSetRetired,
    TrainingVerified,
    RoleGranted,
    RoleEnded,
    PersonSuspended,
    SuspensionLifted,
    ApiKeyIssued,
    ApiKeyRevoked,
    HistoryViewed,
    DocumentOpened,
    LogKeyRotated,
    LogKeyRetired,
    PastRegisterTakenIn,
    PersonDebarred,
    DebarmentLifted,
    ReminderFellDue,
    DestructionRequired,
    NoticeSent,
)


class Found(msgspec.Struct, frozen=True, gc=False):
    """In which form a version of a data set was found to be."""

    dataset: str
    label: str
    form: str


# Making it takes longer than taking in a fact.
READER = Reader(WANTED, {RequestSubmitted: Wish, DataSetVersionAdded: Found, DataSetFormChanged: Found})
LET_IN = "let-in"
ROWS_KEPT = 4096

_OF_REQUESTS = frozenset(OF_REQUESTS)
_OF_VERSIONS = (DataSetVersionAdded, DataSetFormChanged)


def of_request(request: str) -> Boundary:
    """What the views take in of a request."""
    return about(*OF_REQUESTS, FactCorrected, tags=[f"request:{request}"])


def facts_of(ledger: Ledger, until: int) -> FactsOf:
    """What gives the facts of a request that count at a position."""
    return lambda request: ledger.facts([of_request(request)], until=until)


class Views:
    """The tables in a database, which hold for `position`, on their way to a later one.

    `facts_of` gives the facts of a request that count there, by its id, and `office` is what the office goes by there.
    """

    def __init__(self, connection: sqlite3.Connection, position: int, facts_of: FactsOf, office: Office) -> None:
        self._connection, self._office = connection, office
        self._fresh, self.position = position == 0, position
        self._days = Days(office)
        self.requests = Requests(connection, facts_of, self._days, fresh=self._fresh)
        self._rows: dict[str, list[tuple[object, ...]]] = {table: [] for table in of_facts.ADD}
        self._corrected = False
        self.outdated = False

    def take(self, facts: Iterable[Happening]) -> None:
        """Take in facts, in their order; one that was taken in before changes nothing."""
        fold = self.requests.fold
        for fact in facts:
            if fact.position <= self.position:
                continue
            self.position = fact.position
            if fact.kind in _OF_REQUESTS:
                fold(fact)
            elif fact.kind in _OF_VERSIONS:
                found = fact.said
                self._add("versions", (fact.position, found.dataset, found.label, found.form))
            else:
                self._take(fact)

    def _take(self, fact: Happening) -> None:
        position = fact.position
        match fact.event:
            case TrainingCertified() as certified:
                months = self._office.policy.event.training_months
                last = end_of(Known(certified, position), months)
                self._add("trainings", (position, certified.person, str(certified.completed), str(last)))
            case AccessPermitted() as permitted:
                self._add_access(fact, "permitted", permitted, None, permitted.agreement)
            case DataSetOpened() as opened:
                self._add_access(fact, "opened", opened, opened.label, None)
            case ActRefused(act=act) as refused if act == LET_IN:
                self._add_access(fact, "refused", refused, None, None)
            case ActRefused(act=act) as refused:
                day = self._days.of(fact.occurred)
                self._add("refusals", (position, act, day, refused.request))
            case PolicyPublished():
                self.outdated = not self._fresh
            case IncidentReported() | IncidentContained() | IncidentClosed() as step:
                self._add_incident(fact, step)
            case LegalHoldPlaced() | LegalHoldLifted() as of_hold:
                self._add_hold(fact, of_hold)
            case NoticeRefused() as notice:
                self._add_notice(fact, notice, None)
            case NoticeRevived() as notice:
                self._add_notice(fact, notice, notice.refusal)
            case FactCorrected() as correction:
                self._correct(position, correction)
            case _ as event:
                if row := _row(position, event, fact.occurred):
                    self._add(*row)

    def write(self, position: int, leaf: bytes, boot: str) -> None:
        """Put everything that was taken in into the tables, which hold for this position then; `leaf` is its leaf."""
        self.settle()
        self.requests.write()
        if self._corrected:
            self._undo()
        self._connection.execute(REACH, (position, leaf, boot))

    def settle(self) -> Met:
        """Put what was taken in into the tables, but for what takes the whole log; which requests were met."""
        for table in of_facts.ADD:
            self._flush(table)
        return self.requests.settle()

    def join(self, piece: sqlite3.Connection, met: Met) -> None:
        """Take over the tables of another piece of the log, where these requests were met; this one is settled."""
        self.requests.join(piece, met)
        for table, add in of_facts.ADD.items():
            self._connection.executemany(add, piece.execute(f"SELECT * FROM {table}"))
        # There may be corrections among them.
        self._corrected = True

    def _add_access(
        self,
        fact: Happening,
        how: str,
        event: AccessPermitted | DataSetOpened | ActRefused,
        label: str | None,
        agreement: str | None,
    ) -> None:
        at, day = fact.occurred, self._days.of(fact.occurred)
        account = event.account if isinstance(event, DataSetOpened) else None
        who_and_what = (event.person, event.dataset, label, event.request, agreement, account)
        self._add("accesses", (fact.position, how, at, day, *who_and_what))

    def _add_incident(self, fact: Happening, event: IncidentReported | IncidentContained | IncidentClosed) -> None:
        """One that was reported is late when it was told later than policy has it."""
        at, what, late = fact.occurred, None, False
        if isinstance(event, IncidentReported):
            at, what = format_time(event.told), event.what
            late = event.told - event.discovered > timedelta(hours=self._office.policy.event.incident_hours)
        day = self._days.of(at)
        concerned = map(as_json, (event.requests, event.people, event.datasets))
        step = event.wire_name.partition(".")[2]
        self._add("incidents", (fact.position, event.incident, step, at, day, what, late, *concerned))

    def _add_hold(self, fact: Happening, event: LegalHoldPlaced | LegalHoldLifted) -> None:
        """What was on hold is to be destroyed no sooner than if the right to it had ended when the hold was lifted."""
        due = None
        if isinstance(event, LegalHoldLifted):
            due = str(after(self._office.day(parse_time(fact.occurred)), self._office.policy.event.destruction_days))
        self._add("holds", (fact.position, event.hold, due is None, due, event.request, event.dataset, event.person))

    def _add_notice(self, fact: Happening, event: NoticeRefused | NoticeRevived, refusal: int | None) -> None:
        day = self._days.of(fact.occurred)
        self._add("notices", (fact.position, refusal, event.of, event.request, event.person, day))

    def _correct(self, position: int, correction: FactCorrected) -> None:
        self._corrected = True
        self._add("corrections", (position, correction.corrected))
        for tag in correction.about:
            kind, _, id_ = tag.partition(":")
            if kind == "request":
                self.requests.fold_again(id_)

    def _add(self, table: str, row: tuple[object, ...]) -> None:
        self._rows[table].append(row)
        if len(self._rows[table]) == ROWS_KEPT:
            self._flush(table)

    def _flush(self, table: str) -> None:
        if self._rows[table]:
            self._connection.executemany(of_facts.ADD[table], self._rows[table])
            self._rows[table].clear()

    def _undo(self) -> None:
        """As `uncorrected` has it: a correction that was corrected itself undoes nothing."""
        undone: set[int] = set()
        for position, corrected in self._connection.execute(of_facts.CORRECTIONS):
            if position not in undone:
                undone.add(corrected)
        self._connection.execute(of_facts.FORGET_UNDONE)
        self._connection.executemany(of_facts.UNDO, ((position,) for position in undone))


def _row(position: int, event: Event, occurred: str) -> tuple[str, tuple[object, ...]] | None:
    """What an event adds that says it all by itself: to which table, and the row; None for an event of another kind."""
    match event:
        case DataSetRegistered() as of:
            return "catalogue", (position, of.dataset, of.course_run, of.kind, None)
        case PastDataSetRecorded() as of:
            return "catalogue", (position, of.dataset, None, None, of.title)
        case PastReleaseRecorded() as past:
            return "past_releases", past_release(position, past)
        case QueryReceived() | QueryAnswered() | QueryWithdrawn() as of_query:
            return "queries", query_row(position, of_query, occurred)
        case FindingAssigned() as given:
            return "steps", (position, given.entry, given.kind, given.person, None, given.owner)
        case FindingClosed() as closed:
            return "steps", (position, closed.entry, closed.kind, closed.person, closed.dataset, None)
        case DisclosureCompelled() as told:
            datasets = as_json((told.dataset, *told.also))
            return "compelled", (position, str(told.on), told.instrument, datasets, told.learners, told.to)
    return None
