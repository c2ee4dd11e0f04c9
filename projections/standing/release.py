"""A release: how far it has come."""

from ledger.events import ReleaseAuthorised, ReleaseFailed, ReleaseHandedOver, ReleaseReceived
from ledger.events.agreement import Covered
from projections.standing.known import Known, Told


class ReleaseStanding:
    """What is known of one release."""

    folds = (ReleaseAuthorised, ReleaseHandedOver, ReleaseFailed, ReleaseReceived)

    def __init__(self) -> None:
        self.authorised: Known[ReleaseAuthorised] | None = None
        self.handed_over: Known[ReleaseHandedOver] | None = None
        self.failed: Known[ReleaseFailed] | None = None
        self.received: Known[ReleaseReceived] | None = None
        # Who had a right to what when it was received, by what was known then: no later ending takes back a holding.
        self.entitled: tuple[tuple[str, Covered], ...] = ()

    def fold(self, fact: Told) -> None:
        """Take in a fact."""
        match fact.event:
            case ReleaseAuthorised() as authorised:
                self.authorised = Known(authorised, fact.position)
            case ReleaseHandedOver() as handed_over:
                self.handed_over = Known(handed_over, fact.position)
            case ReleaseFailed() as failed:
                self.failed = Known(failed, fact.position)
            case ReleaseReceived() as received:
                self.received = Known(received, fact.position)
