"""What the office decides about a request."""

from datetime import datetime

from ledger.events import Event, RequestApproved, RequestDeclined
from ledger.events.ids import RequestId, Sealed, WaiverId
from projections.acts.act import Act
from projections.standing import Standing


class ApproveRequest(Act, frozen=True, kw_only=True, tag="approve-request"):
    """Approve a request, with conditions if there are any."""

    request: RequestId
    conditions: Sealed | None = None

    def done(self, standing: Standing, at: datetime, waivers: tuple[WaiverId, ...]) -> Event:
        """As every act says it."""
        del standing, at, waivers
        return RequestApproved(request=self.request, conditions=self.conditions)


class DeclineRequest(Act, frozen=True, kw_only=True, tag="decline-request"):
    """Decline a request."""

    request: RequestId
    reason: Sealed

    def done(self, standing: Standing, at: datetime, waivers: tuple[WaiverId, ...]) -> Event:
        """As every act says it."""
        del standing, at, waivers
        return RequestDeclined(request=self.request, reason=self.reason)
