"""Publications: what recipients make public, and the office's review of it (K3)."""

from typing import Literal

from ledger.events.event import Event
from ledger.events.ids import Count, Date, Doi, Filed, PersonId, PublicationId, RequestId, Sealed, WaiverId

Work = Literal["article", "thesis", "preprint", "talk", "report", "data set", "other"]
Verdict = Literal["fit to be published", "changes needed"]


class PublicationNotified(Event, name="publication.notified", version=1, sealed_for="request"):
    """The office was told what is to be published of a request, or told anew after it had asked for changes.

    `told_by` is None for what nobody told of and the office came across. `tables` are those that are to be published,
    each a document of its own, so that later ones are compared with them.
    """

    publication: PublicationId
    request: RequestId
    kind: Work
    title: Sealed
    told_by: PersonId | None = None
    authors: tuple[PersonId, ...] = ()
    manuscript: Filed | None = None
    tables: tuple[Filed, ...] = ()


class PublicationReviewed(Event, name="publication.reviewed", version=1, sealed_for="request"):
    """Somebody looked through what is to be published for what could identify a learner.

    `smallest_cell` is the smallest count that they found in it, empty cells aside; None where nothing is counted.
    """

    publication: PublicationId
    request: RequestId
    reviewer: PersonId
    on: Date
    smallest_cell: Count | None
    result: Verdict
    note: Sealed | None = None


class ChangesAsked(Event, name="publication.changes-asked", version=1, sealed_for="request"):
    """The office sent back what was to be published: it is not to appear so."""

    publication: PublicationId
    request: RequestId
    reason: Sealed


class PublicationPassed(Event, name="publication.passed", version=1, sealed_for="request"):
    """The office had nothing against it that this appears."""

    publication: PublicationId
    request: RequestId
    waivers: tuple[WaiverId, ...] = ()


class PublicationRecorded(Event, name="publication.recorded", version=1, sealed_for="request"):
    """It appeared, on this day and under this DOI if it has one, whether it had been passed or not."""

    publication: PublicationId
    request: RequestId
    on: Date
    doi: Doi | None = None


class PublicationWithdrawn(Event, name="publication.withdrawn", version=1, sealed_for="request"):
    """It is not to appear any more, or was retracted."""

    publication: PublicationId
    request: RequestId
    on: Date
    reason: Sealed | None = None
