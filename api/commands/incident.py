"""Commands about incidents, and about access that is taken away and given back."""

from datetime import date

from api.commands.command import Acting, Command, Drafting, Wish
from ledger.boundary import about
from ledger.chain.entry import format_time, parse_time
from ledger.errors import Malformed
from ledger.events import AccessRestored, AccessRevoked, IncidentClosed, IncidentContained, IncidentReported
from ledger.events.ids import Time
from ledger.events.incident import Mishap
from projections.acts import CloseIncident
from projections.standing import IncidentStanding, Standing


class ReportIncident(Command, frozen=True, kw_only=True):
    """Something went wrong with data: discovered then, and told then, now if it is not said."""

    what: Mishap
    discovered: Time
    told: Time | None = None
    requests: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    account: str | None = None

    def draft(self, at: Drafting) -> Wish:
        """A report."""
        # As entries have times; what is none in UTC is turned away.
        discovered, told = (parse_time(format_time(one)) for one in (self.discovered, self.told or at.now))
        if not (self.requests or self.people or self.datasets):
            why = "concerns nothing that is said: name a request, a person, a data set"
            raise Malformed("incident", self.what, why, "requests", "people", "datasets")
        if told > at.now:
            raise Malformed("time", told.isoformat(), "is still to come, and nothing was told then")
        if discovered > told:
            why = f"of discovery is after it was told, {told.isoformat()}"
            raise Malformed("time", self.discovered.isoformat(), why)
        incident = numbered_this_year("I", at, len(list(at.ledger.facts([about(IncidentReported)]))))
        return at.reports(
            IncidentReported(
                incident=incident,
                what=self.what,
                discovered=discovered,
                told=told,
                requests=self.requests,
                people=self.people,
                datasets=self.datasets,
                **at.sealed(IncidentReported, f"incident:{incident}", {"account": self.account}),
            )
        )


class Contain(Command, frozen=True, kw_only=True):
    """What an incident had let happen can go on no more."""

    incident: str
    how: str

    def draft(self, at: Drafting) -> Wish:
        """A report."""
        known = _incident(at, self.incident)
        if known.contained is not None:
            raise Malformed("incident", self.incident, f"is contained, as entry {known.contained.position} says")
        if known.reported is None or known.closed is not None:
            raise Malformed("incident", self.incident, "is not open")
        said = known.reported.event
        return at.reports(
            IncidentContained(
                incident=self.incident,
                requests=said.requests,
                people=said.people,
                datasets=said.datasets,
                **at.sealed(IncidentContained, f"incident:{self.incident}", {"how": self.how}),
            )
        )


class Settle(Command, frozen=True, kw_only=True):
    """Close an incident, for a reason."""

    incident: str
    reason: str

    def draft(self, at: Drafting) -> Wish:
        """An act, of the first request that the incident concerns."""
        reported = _incident(at, self.incident).reported
        requests = reported.event.requests if reported else ()
        act = CloseIncident(
            principal=at.principal,
            request=requests[0] if requests else None,
            incident=self.incident,
            **at.sealed(IncidentClosed, f"incident:{self.incident}", {"reason": self.reason}),
        )
        return Acting(act, IncidentClosed)


class RevokeAccess(Command, frozen=True, kw_only=True):
    """A person has no right under a request any more, from a day on; from today, if it is not said."""

    request: str
    person: str
    on: date | None = None
    reason: str | None = None

    def draft(self, at: Drafting) -> Wish:
        """A report."""
        request = at.request(self.request)
        if request.is_revoked(self.person):
            raise Malformed("person", self.person, f"has no right under {self.request} any more")
        agreements = [one.issued.event for one in request.agreements.values() if one.issued]
        named = {one.person for said in agreements for one in said.recipients}
        if self.person not in {*request.study_group, *named}:
            raise Malformed("person", self.person, f"has no right under {self.request} that could be revoked")
        sealed = at.sealed(AccessRevoked, f"request:{self.request}", {"reason": self.reason})
        return at.reports(AccessRevoked(request=self.request, person=self.person, on=self.on or at.day, **sealed))


class RestoreAccess(Command, frozen=True, kw_only=True):
    """A person has again the right that agreements give."""

    request: str
    person: str
    reason: str | None = None

    def draft(self, at: Drafting) -> Wish:
        """A report."""
        if not at.request(self.request).is_revoked(self.person):
            raise Malformed("person", self.person, f"had no right under {self.request} revoked")
        sealed = at.sealed(AccessRestored, f"request:{self.request}", {"reason": self.reason})
        return at.reports(AccessRestored(request=self.request, person=self.person, **sealed))


def numbered_this_year(prefix: str, at: Drafting, taken: int) -> str:
    """The next id of something that belongs to no request, such as `I-2026-0001`."""
    return f"{prefix}-{at.today.year}-{taken + 1:04}"


def _incident(at: Drafting, incident: str) -> IncidentStanding:
    facts = list(at.ledger.facts([about(*IncidentStanding.folds, tags=[f"incident:{incident}"])]))
    if not facts:
        raise Malformed("incident", incident, "is not in this ledger")
    return Standing(facts).incident(incident)
