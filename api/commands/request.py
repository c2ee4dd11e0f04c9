"""Commands about requests: submitted, returned, withdrawn."""

from zoneinfo import ZoneInfo

from api.commands.command import Command, Drafting, Wish
from api.commands.contact import is_new_key
from api.ids import of_year
from api.packets import Office, Packet, as_reports
from api.packets.reports import Report
from api.register import register_of
from ledger.boundary import about
from ledger.custody import caseless
from ledger.errors import Malformed
from ledger.events import RequestReturned, RequestSubmitted, RequestWithdrawn
from ledger.events.request import Item
from projections.acts import of_person, of_request


class Submit(Command, frozen=True, kw_only=True):
    """A request came in as a packet; under a number that it had before, it comes in again."""

    packet: Packet
    request: str | None = None

    def draft(self, at: Drafting) -> list[Report]:
        """Reports of everything that the packet says and the ledger does not know yet. Raises `Rejected`."""
        again = [of_request(self.request)] if self.request else []
        known = register_of(at.ledger, at.custody)
        people = {known.person(caseless(one.email)) for one in self.packet.form.people if one.email}
        standing = at.standing(*again, *(of_person(person) for person in sorted(filter(None, people))))
        if self.request and standing.request(self.request).submitted is None:
            raise Malformed("request", self.request, "never came in, so it cannot come in again")
        office = Office(
            custody=at.keeping,
            zone=ZoneInfo(standing.office.policy.event.time_zone),
            known=known,
            standing=standing,
            now=at.now,
            is_new_key=lambda person, fingerprint: is_new_key(self.request, person, fingerprint, at),
        )
        return as_reports(self.packet, self.request or _next_request(at), at.circumstances, office)


def _next_request(at: Drafting) -> str:
    """The number after the highest of this year."""
    asked = [fact.event for fact in at.ledger.facts([about(RequestSubmitted)])]
    return of_year("R", at.today.year, [one.request for one in asked if isinstance(one, RequestSubmitted)])


class Return(Command, frozen=True, kw_only=True):
    """The office gives a request back, for these items to be completed."""

    request: str
    items: tuple[Item, ...]
    reason: str | None = None

    def draft(self, at: Drafting) -> Wish:
        """A report."""
        sealed = at.sealed(RequestReturned, f"request:{self.request}", {"reason": self.reason})
        return at.reports(RequestReturned(request=self.request, items=self.items, **sealed))


class Withdraw(Command, frozen=True, kw_only=True):
    """The researcher withdrew the request."""

    request: str
    reason: str | None = None

    def draft(self, at: Drafting) -> Wish:
        """A report."""
        sealed = at.sealed(RequestWithdrawn, f"request:{self.request}", {"reason": self.reason})
        return at.reports(RequestWithdrawn(request=self.request, **sealed))
