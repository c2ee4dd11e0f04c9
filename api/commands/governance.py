"""Commands about the office itself: policy, roles, waivers."""

from datetime import date

from api.commands.command import Acting, Command, Drafting, Wish
from api.ids import numbered
from ledger.errors import Malformed
from ledger.events import PolicyPublished, RoleEnded, RoleGranted, WaiverGranted
from ledger.events.governance import Role
from projections.acts import GrantWaiver


class PublishPolicy(Command, frozen=True, kw_only=True):
    """Parameters of policy are put in force."""

    policy: PolicyPublished

    def draft(self, at: Drafting) -> Wish:
        """A report."""
        return at.reports(self.policy)


class GrantRole(Command, frozen=True, kw_only=True):
    """A principal, who is this person, gets a role from one day to another, or until it is ended."""

    principal: str
    role: Role
    starts: date
    ends: date | None = None
    person: str | None = None

    def draft(self, at: Drafting) -> Wish:
        """A report."""
        if at.office.holds(self.principal, self.role, self.starts, self.ends):
            raise Malformed("role", self.role, f"is held by {self.principal} in that time already")
        return at.reports(
            RoleGranted(
                principal=self.principal, person=self.person, role=self.role, starts=self.starts, ends=self.ends
            )
        )


class EndRole(Command, frozen=True, kw_only=True):
    """A principal holds a role no longer."""

    principal: str
    role: Role

    def draft(self, at: Drafting) -> Wish:
        """A report."""
        return at.reports(RoleEnded(principal=self.principal, role=self.role))


class Waive(Command, frozen=True, kw_only=True):
    """Except a request from a rule, up to and including a day."""

    request: str
    rule: str
    reason: str
    expires: date

    def draft(self, at: Drafting) -> Wish:
        """An act."""
        taken = [one.event.waiver for one in at.request(self.request).waivers]
        act = GrantWaiver(
            principal=at.principal,
            request=self.request,
            waiver=numbered("W", self.request, taken),
            rule=self.rule,
            expires=self.expires,
            **at.sealed(WaiverGranted, f"request:{self.request}", {"reason": self.reason}),
        )
        return Acting(act, WaiverGranted)
