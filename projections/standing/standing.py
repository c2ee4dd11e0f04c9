"""All parts of a standing together."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from ledger.codec import Recorded
from ledger.events import (
    ActRefused,
    DataSetFormChanged,
    DataSetRegistered,
    DataSetRetired,
    DataSetVersionAdded,
    Event,
    LedgerOpened,
    OrganisationRegistered,
)
from projections.standing.office import Office
from projections.standing.person import PersonStanding
from projections.standing.request import RequestStanding

FOLDED: tuple[type[Event], ...] = (*Office.folds, *PersonStanding.folds, *RequestStanding.folds)
# No rule asks for these yet.
PASSED_OVER: tuple[type[Event], ...] = (
    LedgerOpened,
    OrganisationRegistered,
    DataSetRegistered,
    DataSetVersionAdded,
    DataSetFormChanged,
    DataSetRetired,
    ActRefused,
)
# A look-up: asking whether an event is one of many classes takes longer than all the rest of folding it.
_OF_OFFICE, _OF_PERSON, _OF_REQUEST = map(frozenset, (Office.folds, PersonStanding.folds, RequestStanding.folds))


class Standing:
    """What some facts add up to: the office, and the people and requests that they are about."""

    def __init__(self, facts: Iterable[Recorded] = ()) -> None:
        self.office = Office()
        self._people: defaultdict[str, PersonStanding] = defaultdict(PersonStanding)
        self._requests: defaultdict[str, RequestStanding] = defaultdict(RequestStanding)
        for fact in facts:
            self.fold(fact)

    def person(self, person: str) -> PersonStanding:
        """What is known of a person, which may be nothing."""
        return self._people.get(person) or PersonStanding()

    def request(self, request: str) -> RequestStanding:
        """What is known of a request, which may be nothing."""
        return self._requests.get(request) or RequestStanding()

    def fold(self, fact: Recorded) -> None:
        """Take in a fact, wherever it belongs."""
        event: Any = fact.event
        kind = type(event)
        if kind in _OF_PERSON:
            self._people[event.person].fold(fact)
        elif kind in _OF_REQUEST:
            self._requests[event.request].fold(fact)
        elif kind in _OF_OFFICE:
            self.office.fold(fact)
