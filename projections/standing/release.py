"""A release: how far it has come."""

from ledger.events import ReleaseAuthorised, ReleaseFailed, ReleaseHandedOver, ReleaseReceived
from ledger.events.agreement import Covered
from projections.standing.known import Known
from projections.standing.part import Part, takes


class ReleaseStanding(Part):
    """What is known of one release."""

    def __init__(self) -> None:
        self.authorised: Known[ReleaseAuthorised] | None = None
        self.handed_over: Known[ReleaseHandedOver] | None = None
        self.failed: Known[ReleaseFailed] | None = None
        self.received: Known[ReleaseReceived] | None = None
        # Who had a right to what when it was received, by what was known then: no later ending takes back a holding.
        self.entitled: tuple[tuple[str, Covered], ...] = ()

    @takes(ReleaseAuthorised)
    def _release_authorised(self, fact: Known[ReleaseAuthorised]) -> None:
        self.authorised = fact

    @takes(ReleaseHandedOver)
    def _release_handed_over(self, fact: Known[ReleaseHandedOver]) -> None:
        self.handed_over = fact

    @takes(ReleaseFailed)
    def _release_failed(self, fact: Known[ReleaseFailed]) -> None:
        self.failed = fact

    @takes(ReleaseReceived)
    def _release_received(self, fact: Known[ReleaseReceived]) -> None:
        self.received = fact
