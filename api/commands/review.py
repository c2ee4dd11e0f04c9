"""Commands about the office's review: the law, the approval."""

from api.commands.command import Acting, Command, Drafting, Wish
from ledger.events import LawDetermined, RequestApproved, RequestDeclined
from ledger.events.review import Basis
from projections.acts import ApproveRequest, DeclineRequest


class Determine(Command, frozen=True, kw_only=True):
    """Counsel found whether the disclosure is consistent with the law, and on which bases."""

    request: str
    consistent: bool
    bases: tuple[Basis, ...] = ()
    counsel_note: str | None = None

    def draft(self, at: Drafting) -> Wish:
        """A report."""
        sealed = at.sealed(LawDetermined, f"request:{self.request}", {"counsel_note": self.counsel_note})
        return at.reports(LawDetermined(request=self.request, consistent=self.consistent, bases=self.bases, **sealed))


class Approve(Command, frozen=True, kw_only=True):
    """Approve a request, with conditions if there are any."""

    request: str
    conditions: str | None = None

    def draft(self, at: Drafting) -> Wish:
        """An act."""
        sealed = at.sealed(RequestApproved, f"request:{self.request}", {"conditions": self.conditions})
        return Acting(ApproveRequest(principal=at.principal, request=self.request, **sealed), RequestApproved)


class Decline(Command, frozen=True, kw_only=True):
    """Decline a request."""

    request: str
    reason: str

    def draft(self, at: Drafting) -> Wish:
        """An act."""
        sealed = at.sealed(RequestDeclined, f"request:{self.request}", {"reason": self.reason})
        return Acting(DeclineRequest(principal=at.principal, request=self.request, **sealed), RequestDeclined)
