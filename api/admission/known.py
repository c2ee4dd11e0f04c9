"""What the ledger knows of what is told, and whether a report fits to it."""

from collections.abc import Iterable, Sequence
from typing import Any

from api.admission.circumstances import check_time_zone
from api.admission.kinds import NOT_REPORTED, own_tag, things
from ledger.errors import Malformed
from ledger.events import (
    AgreementSigned,
    AgreementTerminated,
    ChangesAsked,
    CopyReported,
    DataSetFormChanged,
    DataSetVersionAdded,
    DeterminationEnded,
    Event,
    FactCorrected,
    IncidentContained,
    KeyConfirmed,
    KeyRejected,
    KeyRevoked,
    KeyTestFailed,
    KeyTestPassed,
    KeyTestSent,
    LawDetermined,
    LegalHoldLifted,
    PolicyPublished,
    PublicationNotified,
    PublicationRecorded,
    PublicationReviewed,
    PublicationWithdrawn,
    ReleaseFailed,
    ReleaseReceived,
    RelianceElected,
    RelianceRequested,
    RequestReturned,
    RequestSubmitted,
    RequestWithdrawn,
    RoleEnded,
    RoleGranted,
)
from ledger.events.governance import Role
from projections.standing import BEFORE_THE_OFFICE, MOVES, Known, State, moved, uncorrected

# What is said of one and the same request has to fit together.
OF_A_REQUEST = (
    RelianceRequested,
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


class Knowledge:
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
        """Take in what is told, for what is told after it."""
        self._learn(event)
        self._move(event)

    def _learn(self, event: Event) -> None:
        own = own_tag(event)
        if own is not None:
            self._introduced[own] = event
        if isinstance(event, RoleGranted):
            self._grants.add((event.principal, event.role))
        if isinstance(event, RoleEnded):
            self._grants.discard((event.principal, event.role))
        if isinstance(event, DataSetVersionAdded):
            self._versions.add((event.dataset, event.label))

    def _move(self, event: Any) -> None:
        if type(event) in MOVES:
            self._states[event.request] = moved(self._state_of(event.request), event)
        if isinstance(event, ChangesAsked):
            self._sent_back.add(f"publication:{event.publication}")
        if isinstance(event, PublicationNotified):
            self._sent_back.discard(f"publication:{event.publication}")

    def admit(self, event: Event) -> None:
        """Raise `Malformed` for what is not reported, not known, known already, or not in its turn."""
        if isinstance(event, NOT_REPORTED):
            raise Malformed("report", event.wire_name, "is recorded when this office does it, and not by telling")
        match event:
            case PolicyPublished():
                check_time_zone(event.time_zone)
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
        """Raise `Malformed` for the first of these people whom the ledger does not know."""
        for person in people:
            if f"person:{person}" not in self._introduced:
                raise Malformed("person", person, "is not in this ledger")

    def _check_known(self, event: Event) -> None:
        if isinstance(event, FactCorrected):
            return
        own = own_tag(event)
        for tag, _ in things(event):
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
        for tag, _ in things(event):
            kind, _, id_ = tag.partition(":")
            of = getattr(self._introduced.get(tag), "request", event.request)
            if kind != "request" and of != event.request:
                raise Malformed(kind, id_, f"is about request {of}")

    def _state_of(self, request: str) -> State:
        return self._states.get(request, State.UNKNOWN)
