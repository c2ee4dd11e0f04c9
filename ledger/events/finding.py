"""Findings: what the office did about something recorded that shouldn't be so."""

from typing import Literal

from ledger.events.event import Event
from ledger.events.ids import FindingId, PersonId, Position, PrincipalId, RequestId, Sealed

FindingKind = Literal[
    "access by somebody unnamed",
    "copy to somebody unnamed",
    "copy by a non-holder",
    "copy under a closed request",
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


class FindingClosed(Event, name="finding.closed", version=1, sealed_for="finding"):
    """The office closed a finding of this kind, which the entry at a position shows, for a reason.

    `person` is the one whom it is about, None when it is about nobody, or about everybody of that entry.
    """

    finding: FindingId
    entry: Position
    kind: FindingKind
    request: RequestId | None
    person: PersonId | None
    reason: Sealed
