"""Something that is published of a request: how far its review has come, and whether it appeared."""

from collections.abc import Collection

from ledger.events import (
    ChangesAsked,
    PublicationNotified,
    PublicationPassed,
    PublicationRecorded,
    PublicationReviewed,
    PublicationWithdrawn,
)
from projections.standing.known import Known
from projections.standing.part import Part, takes


class PublicationStanding(Part):
    """What is known of one publication.

    What was reviewed before it came in anew was reviewed in another form. It appeared when it was first told to have.
    """

    def __init__(self) -> None:
        self.notified: Known[PublicationNotified] | None = None
        self.reviews: list[Known[PublicationReviewed]] = []
        self.sent_back: Known[ChangesAsked] | None = None
        self.passed: Known[PublicationPassed] | None = None
        self.recorded: Known[PublicationRecorded] | None = None
        self.withdrawn: Known[PublicationWithdrawn] | None = None

    @takes(PublicationNotified)
    def _publication_notified(self, fact: Known[PublicationNotified]) -> None:
        self.notified = fact
        self.reviews, self.sent_back, self.passed = [], None, None

    @takes(PublicationReviewed)
    def _publication_reviewed(self, fact: Known[PublicationReviewed]) -> None:
        self.reviews.append(fact)

    @takes(ChangesAsked)
    def _changes_asked(self, fact: Known[ChangesAsked]) -> None:
        self.sent_back, self.passed = fact, None

    @takes(PublicationPassed)
    def _publication_passed(self, fact: Known[PublicationPassed]) -> None:
        self.passed = fact

    @takes(PublicationRecorded)
    def _publication_recorded(self, fact: Known[PublicationRecorded]) -> None:
        self.recorded = self.recorded or fact

    @takes(PublicationWithdrawn)
    def _publication_withdrawn(self, fact: Known[PublicationWithdrawn]) -> None:
        self.withdrawn = fact

    @property
    def state(self) -> str:
        """How far it has come, in words."""
        stages = (
            (self.withdrawn, "withdrawn"),
            (self.recorded, "appeared"),
            (self.passed, "passed"),
            (self.sent_back, "sent back"),
            (self.notified, "under review"),
        )
        return next((state for fact, state in stages if fact), "unknown")

    @property
    def is_under_review(self) -> bool:
        """Whether it waits for the office to pass it or to send it back."""
        return self.state == "under review"

    @property
    def since(self) -> int:
        """The position of the fact that made its state so; 0 when nothing is known."""
        stages = (self.withdrawn, self.recorded, self.passed, self.sent_back, self.notified)
        return next((fact.position for fact in stages if fact), 0)

    @property
    def facts(self) -> tuple[int, ...]:
        """The positions of what decides its state."""
        known = (self.notified, self.sent_back, self.passed, self.recorded, self.withdrawn)
        return tuple(sorted(one.position for one in known if one is not None))

    @property
    def authors(self) -> tuple[str, ...]:
        """The authors whom the office knows."""
        return self.notified.event.authors if self.notified else ()

    @property
    def smallest_cell(self) -> int | None:
        """The smallest count that anybody has found in it; None where nobody found one."""
        return min(
            (one.event.smallest_cell for one in self.reviews if one.event.smallest_cell is not None), default=None
        )

    @property
    def unpassed(self) -> bool:
        """Whether it appeared before the office had passed it, or without."""
        if self.recorded is None:
            return False
        return self.passed is None or self.passed.position > self.recorded.position

    def latest(self, apart_from: Collection[str]) -> list[Known[PublicationReviewed]]:
        """The last review by each reviewer who is none of these people."""
        by_reviewer = {one.event.reviewer: one for one in self.reviews if one.event.reviewer not in apart_from}
        return list(by_reviewer.values())

    def fit(self, apart_from: Collection[str]) -> list[Known[PublicationReviewed]]:
        """Those of the last reviews that found it fit to be published."""
        return [one for one in self.latest(apart_from) if one.event.result == "fit to be published"]
