"""Requests: what researchers ask for (C1.1 to C1.3, C1.6 and C1.7 of the checklist)."""

from typing import Literal

import msgspec

from ledger.events.catalogue import Form
from ledger.events.event import Event
from ledger.events.ids import DataSetId, Filed, PersonId, RequestId, Sealed

Purpose = Literal["improving teaching and curriculum", "scholarship on teaching and learning"]
HeadCapacity = Literal["department head", "equivalent", "dean", "next above"]
Item = Literal["C1.1", "C1.2", "C1.3", "C1.4", "C1.5", "C1.6", "C1.7", "C2", "C3"]


class Wanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A data set that is asked for, with the form in which it is wanted (C1.3); None when that is not said."""

    dataset: DataSetId
    form: Form | None


class HeadApproval(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The approval by the head of the department or an equivalent; for a head, by the next above (C1.2)."""

    by: PersonId
    capacity: HeadCapacity
    document: Filed


class RequestSubmitted(Event, name="request.submitted", version=1, sealed_for="request"):
    """A request came in, or came in again; each time with all that it says. What is missing is None or empty.

    `funding` and `reviewers` are None with `funded` and `peer_reviewed` False, which are answers; None there is none.
    The research is described in a text, a document, or both.
    """

    request: RequestId
    researcher: PersonId
    researcher_is_student: bool = False
    sponsor: PersonId | None = None
    researcher_heads_department: bool = False
    funded: bool | None = None
    funding: Sealed | None = None
    peer_reviewed: bool | None = None
    reviewers: Sealed | None = None
    head_approval: HeadApproval | None = None
    datasets: tuple[Wanted, ...] = ()
    personnel: tuple[PersonId, ...] = ()
    study_group: tuple[PersonId, ...] = ()
    purposes: tuple[Purpose, ...] = ()
    description: Sealed | None = None
    description_document: Filed | None = None


class RequestReturned(Event, name="request.returned", version=1, sealed_for="request"):
    """The office gave a request back, for these items to be completed."""

    request: RequestId
    items: tuple[Item, ...]
    reason: Sealed | None = None


class RequestWithdrawnV1(Event, name="request.withdrawn", version=1, sealed_for="request"):
    """The researcher withdrew the request."""

    request: RequestId

    def upcast(self) -> "RequestWithdrawn":
        """Nobody said why."""
        return RequestWithdrawn(request=self.request)


class RequestWithdrawn(Event, name="request.withdrawn", version=2, sealed_for="request"):
    """The researcher withdrew the request, for a reason if they gave one."""

    request: RequestId
    reason: Sealed | None = None
