"""Commands about endings: who left, who moved, what may not be destroyed."""

from datetime import date

from api.commands.command import Command, Drafting, Wish
from api.commands.incident import numbered_this_year
from api.leaving import parts_of
from ledger.boundary import about
from ledger.errors import Malformed
from ledger.events import LegalHoldLifted, LegalHoldPlaced, PersonDeparted, PersonMoved
from projections.standing import HoldStanding, RequestStanding, Standing


class _Leaving(Command, frozen=True, kw_only=True):
    """Somebody leaves one request, or every one in which they take part, on a day; today, if it is not said."""

    person: str
    request: str | None = None
    on: date | None = None

    def parts(self, at: Drafting) -> dict[str, RequestStanding]:
        """The requests that are meant. Raises `Malformed` when they take part in none of them."""
        parts = parts_of(at.ledger, self.person)
        meant = {id_: one for id_, one in parts.items() if self.request in (None, id_)}
        if not meant:
            where = self.request or "any request that is not over"
            raise Malformed("person", self.person, f"takes no part in {where}")
        return meant


class Depart(_Leaving, frozen=True, kw_only=True):
    """A person takes part no more: they left the group, or the institution."""

    reason: str | None = None

    def draft(self, at: Drafting) -> Wish:
        """A report for each request."""
        parts, on = self.parts(at), self.on or at.day
        for request, one in parts.items():
            came_in = one.submitted and at.office.day(at.fact(one.submitted.position).occurred_at)
            if came_in and on < came_in:
                raise Malformed("date", str(on), f"is before {request} came in, on {came_in}, in which they take part")
        return at.reports(
            *(
                PersonDeparted(
                    request=request,
                    person=self.person,
                    on=on,
                    **at.sealed(PersonDeparted, f"request:{request}", {"reason": self.reason}),
                )
                for request in parts
            )
        )


class Move(_Leaving, frozen=True, kw_only=True):
    """A person moved to another institution: for whom they act is in doubt until the office finds it out."""

    organisation: str | None = None

    def draft(self, at: Drafting) -> Wish:
        """A report for each request."""
        return at.reports(
            *(
                PersonMoved(request=request, person=self.person, on=self.on or at.day, organisation=self.organisation)
                for request in self.parts(at)
            )
        )


class PlaceHold(Command, frozen=True, kw_only=True):
    """Nothing of a request, of a data set or of a person may be destroyed until this is lifted."""

    reason: str
    request: str | None = None
    dataset: str | None = None
    person: str | None = None

    def draft(self, at: Drafting) -> Wish:
        """A report."""
        one_of = ("request", "dataset", "person")
        given = [name for name in one_of if getattr(self, name) is not None]
        if len(given) != 1:
            raise Malformed("legal hold", "", "is on one thing: a request, a data set or a person", *(given or one_of))
        hold = numbered_this_year("H", at, len(list(at.ledger.facts([about(LegalHoldPlaced)]))))
        return at.reports(
            LegalHoldPlaced(
                hold=hold,
                request=self.request,
                dataset=self.dataset,
                person=self.person,
                **at.sealed(LegalHoldPlaced, f"hold:{hold}", {"reason": self.reason}),
            )
        )


class LiftHold(Command, frozen=True, kw_only=True):
    """A legal hold ends."""

    hold: str
    reason: str | None = None

    def draft(self, at: Drafting) -> Wish:
        """A report."""
        facts = list(at.ledger.facts([about(*HoldStanding.folds, tags=[f"hold:{self.hold}"])]))
        known = Standing(facts).holds.get(self.hold)
        if known is None or known.placed is None:
            raise Malformed("legal hold", self.hold, "is not in this ledger")
        if known.lifted is not None:
            raise Malformed("legal hold", self.hold, f"was lifted already, as entry {known.lifted.position} says")
        said = known.placed.event
        return at.reports(
            LegalHoldLifted(
                hold=self.hold,
                request=said.request,
                dataset=said.dataset,
                person=said.person,
                **at.sealed(LegalHoldLifted, f"hold:{self.hold}", {"reason": self.reason}),
            )
        )
