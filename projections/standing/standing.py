"""All parts of a standing together."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from typing import Any, TypeVar

from ledger.events import (
    AccessPermitted,
    ActRefused,
    AgreementIssued,
    AmendmentIssued,
    ApiKeyIssued,
    ApiKeyRevoked,
    DataSetOpened,
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
    LedgerOpened,
    LedgerOpenedV1,
    LogKeyRetired,
    LogKeyRotated,
    NoticeRefused,
    NoticeRevived,
    NoticeSent,
    OrganisationRegistered,
    PastDataSetRecorded,
    PastRegisterTakenIn,
    PersonDebarred,
    PersonSuspended,
    ReleaseAuthorised,
    ReminderFellDue,
    RequestWithdrawnV1,
    WaiverGranted,
)
from projections.standing.concern import HoldStanding, IncidentStanding
from projections.standing.dataset import DataSetStanding
from projections.standing.known import Known, Told
from projections.standing.office import Office
from projections.standing.person import PersonStanding
from projections.standing.publication import PublicationStanding
from projections.standing.query import QueryStanding
from projections.standing.request import RequestStanding

FOLDED: tuple[type[Event], ...] = (
    *Office.folds,
    *PersonStanding.folds,
    *DataSetStanding.folds,
    *RequestStanding.folds,
    *QueryStanding.folds,
    *IncidentStanding.folds,
    *HoldStanding.folds,
    FactCorrected,
)
# No rule asks for these; that one was let in is no reason to judge another access anew.
PASSED_OVER: tuple[type[Event], ...] = (
    LedgerOpened,
    LedgerOpenedV1,
    DebarmentLiftedV1,
    FindingClosedV1,
    RequestWithdrawnV1,
    OrganisationRegistered,
    AccessPermitted,
    DataSetOpened,
    ActRefused,
    ApiKeyIssued,
    ApiKeyRevoked,
    HistoryViewed,
    DocumentOpened,
    LogKeyRotated,
    LogKeyRetired,
    PastDataSetRecorded,
    PastRegisterTakenIn,
    DisclosureCompelled,
    ReminderFellDue,
    DestructionRequired,
    NoticeSent,
    NoticeRefused,
    NoticeRevived,
    FindingAssigned,
    FindingClosed,
)
# A look-up: asking whether an event is one of many classes takes longer than all the rest of folding it.
_OF_OFFICE, _OF_PERSON, _OF_DATA_SET, _OF_REQUEST, _OF_QUERY, _OF_INCIDENT, _OF_HOLD = map(
    frozenset,
    (
        Office.folds,
        PersonStanding.folds,
        DataSetStanding.folds,
        RequestStanding.folds,
        QueryStanding.folds,
        IncidentStanding.folds,
        HoldStanding.folds,
    ),
)
_OF_PEOPLE_AND_DATA = _OF_PERSON | _OF_DATA_SET
_BARRING = frozenset((PersonSuspended, PersonDebarred))
# What an act makes known, with the member that holds its number.
_NUMBERED: dict[type[Event], str] = {
    AgreementIssued: "agreement",
    AmendmentIssued: "agreement",
    ReleaseAuthorised: "release",
    WaiverGranted: "waiver",
}


class Standing:
    """What some facts add up to: the office, and the people, data sets, requests and incidents that they are about.

    A fact that was corrected, as one of them says, adds nothing.
    """

    def __init__(self, facts: Iterable[Told] = ()) -> None:
        self._begin(tuple(facts))

    def _begin(self, told: Sequence[Told]) -> None:
        self.office = Office()
        self._people: defaultdict[str, PersonStanding] = defaultdict(PersonStanding)
        self._datasets: defaultdict[str, DataSetStanding] = defaultdict(DataSetStanding)
        self._requests: defaultdict[str, RequestStanding] = defaultdict(RequestStanding)
        self._queries: defaultdict[str, QueryStanding] = defaultdict(QueryStanding)
        self._incidents: defaultdict[str, IncidentStanding] = defaultdict(IncidentStanding)
        self._holds: defaultdict[str, HoldStanding] = defaultdict(HoldStanding)
        self._numbers: dict[str, int] = {}
        self._barred: set[str] = set()
        self._corrects = False
        self.extend(told)
        if self._corrects and len(counting := uncorrected(told)) < len(told):
            self._begin(counting)

    def widened(self, more: Sequence[Told]) -> "Standing | None":
        """What this standing, which stays as it is, and more facts add up to, if they are about nothing that it knows.

        That is so where they are about people and data sets, and it knows none; None for others.
        """
        knows_them = self._people or self._datasets or self._corrects
        if knows_them or not _OF_PEOPLE_AND_DATA.issuperset([type(fact.event) for fact in more]):
            return None
        wider = copy(self)
        vars(wider).update(_people=defaultdict(PersonStanding), _datasets=defaultdict(DataSetStanding), _barred=set())
        wider.extend(more)
        return wider

    def person(self, person: str) -> PersonStanding:
        """What is known of a person, which may be nothing."""
        return self._people.get(person) or PersonStanding()

    def barred_ever(self, people: Iterable[str]) -> list[str]:
        """Those of these people who were suspended or debarred at some time, be it over or not."""
        return [one for one in people if one in self._barred] if self._barred else []

    def dataset(self, dataset: str) -> DataSetStanding:
        """What is known of a data set, which may be nothing."""
        return self._datasets.get(dataset) or DataSetStanding()

    def request(self, request: str | None) -> RequestStanding:
        """What is known of a request, which may be nothing."""
        return self._requests.get(request or "") or RequestStanding()

    def query(self, query: str) -> QueryStanding:
        """What is known of a query, which may be nothing."""
        return self._queries.get(query) or QueryStanding()

    @property
    def queries(self) -> Mapping[str, QueryStanding]:
        """The queries of which something is known, by their ids."""
        return self._queries

    def publication(self, publication: str) -> PublicationStanding:
        """What is known of a publication, of whichever request, which may be nothing."""
        found = (one.publications[publication] for one in self._requests.values() if publication in one.publications)
        return next(found, PublicationStanding())

    @property
    def requests(self) -> Mapping[str, RequestStanding]:
        """The requests of which something is known, by their ids."""
        return self._requests

    def incident(self, incident: str) -> IncidentStanding:
        """What is known of an incident, which may be nothing."""
        return self._incidents.get(incident) or IncidentStanding()

    @property
    def open_incidents(self) -> Mapping[str, IncidentStanding]:
        """The incidents that nobody has closed yet, by their ids."""
        return {id_: one for id_, one in self._incidents.items() if one.is_open}

    @property
    def holds(self) -> Mapping[str, HoldStanding]:
        """The legal holds of which something is known, by their ids."""
        return self._holds

    def taken(self, number: str) -> int | None:
        """Where an agreement, a release or a waiver got this number, in whichever request; None when it is free."""
        return self._numbers.get(number)

    def fold(self, fact: Told) -> None:
        """Take in a fact that nobody corrected."""
        self.extend((fact,))

    def extend(self, facts: Iterable[Told]) -> None:
        """Take in facts that nobody corrected."""
        people, requests, of_person = self._people, self._requests, PersonStanding.takers
        for fact in _known(facts):
            event = fact.event
            kind = type(event)
            if take := of_person.get(kind):
                take(people[event.person], fact)
                if kind in _BARRING:
                    self._barred.add(event.person)
            elif kind in _OF_REQUEST:
                requests[event.request].fold(fact)
                if kind in _NUMBERED:
                    self._numbers.setdefault(getattr(event, _NUMBERED[kind]), fact.position)
            elif kind in _OF_OFFICE:
                self.office.fold(fact)
            elif kind in _OF_DATA_SET:
                self._datasets[event.dataset].fold(fact)
            elif kind in _OF_QUERY:
                self._queries[event.query].fold(fact)
            elif kind in _OF_INCIDENT:
                self._incidents[event.incident].fold(fact)
            elif kind in _OF_HOLD:
                self._holds[event.hold].fold(fact)
            elif kind is FactCorrected:
                self._corrects = True


def _known(facts: Iterable[Told]) -> Sequence[Known[Any]]:
    """Nothing but the events and where they stand; facts of one kind, as they come from a log."""
    told: Any = tuple(facts)
    return told if {*map(type, told)} == {Known} else [Known(fact.event, fact.position) for fact in told]


F = TypeVar("F", bound=Told)


def uncorrected(facts: Sequence[F]) -> Sequence[F]:
    """Those of these facts that count: not what a later one of them corrects, unless that was corrected itself."""
    corrected: set[int] = set()
    for fact in reversed(facts):
        if isinstance(fact.event, FactCorrected) and fact.position not in corrected:
            corrected.add(fact.event.corrected)
    return [fact for fact in facts if fact.position not in corrected] if corrected else facts
