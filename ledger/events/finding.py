"""Findings: what the office did about something recorded that shouldn't be so."""

from typing import Literal

from msgspec.structs import asdict

from ledger.events.event import Event
from ledger.events.ids import DataSetId, FindingId, PersonId, Position, PrincipalId, RequestId, Sealed

FindingKind = Literal[
    "access by somebody unnamed",
    "copy to somebody unnamed",
    "copy by a non-holder",
    "copy under a closed request",
    "held without ethics coverage",
    "late incident",
    "notice refused for good",
    "overdue destruction",
    "past release under no agreement",
    "publication without review",
    "received without training",
    "written off",
]


class FindingAssigned(Event, name="finding.assigned", version=1, sealed_for="finding"):
    """A finding of this kind, which the entry at a position shows, got an owner.

    `person` is the one whom it is about, None when it is about nobody, or about everybody of that entry.
    """

    finding: FindingId
    entry: Position
    kind: FindingKind
    request: RequestId | None
    person: PersonId | None
    owner: PrincipalId


class FindingClosedV1(Event, name="finding.closed", version=1, sealed_for="finding"):
    """The office closed findings of this kind, of all data sets that the entry at a position shows them of."""

    finding: FindingId
    entry: Position
    kind: FindingKind
    request: RequestId | None
    person: PersonId | None
    reason: Sealed

    def upcast(self) -> "FindingClosed":
        """It was of all data sets."""
        return FindingClosed(**asdict(self))


class FindingClosed(Event, name="finding.closed", version=2, sealed_for="finding"):
    """The office closed a finding of this kind, which the entry at a position shows, for a reason.

    `person` is the one whom it is about, None when it is about nobody, or about everybody of that entry; and `dataset`
    the data set, None when it is about none, or about all of that entry.
    """

    finding: FindingId
    entry: Position
    kind: FindingKind
    request: RequestId | None
    person: PersonId | None
    reason: Sealed
    dataset: DataSetId | None = None
