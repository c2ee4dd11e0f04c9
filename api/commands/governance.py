"""Commands about the office itself: policy, roles, API keys, waivers."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime

from api.commands.command import Acting, Command, Drafting, Wish
from api.ids import numbered
from ledger.boundary import about
from ledger.errors import Malformed
from ledger.events import ApiKeyIssued, ApiKeyRevoked, PolicyPublished, RoleEnded, RoleGranted, WaiverGranted
from ledger.events.governance import Role, Scope
from projections.acts import DECIDING, GrantWaiver, parts
from projections.rules.rulebook import rule
from projections.standing import Standing

# The least that makes sense: a cell of one is a person, and nothing is in force for no month.
LEAST = {"smallest_cell": 2, "agreement_months": 1, "training_months": 1}

NOBODY_KNOWS = (
    "nobody knows which person {} is, so no rule keeps them from deciding in requests of their own: register the "
    "person, then grant the role again and name them"
)


class PublishPolicy(Command, frozen=True, kw_only=True):
    """Parameters of policy are put in force."""

    policy: PolicyPublished

    def draft(self, at: Drafting) -> Wish:
        """A report. Raises `Malformed` for what no office could go by, and for what is in force as it is."""
        if not at.office.has_begun:
            raise Malformed("policy", "", "comes from who gives roles, and nobody does yet: grant the first one")
        if at.circumstances.occurred_at is not None:
            raise Malformed(
                "occurred_at", at.circumstances.occurred_at.isoformat(), "is too early: it counts from now on"
            )
        for name, least in LEAST.items():
            said = getattr(self.policy, name)
            if said < least:
                raise Malformed(name.replace("_", " "), said, f"is less than {least}")
        published = at.office.policy
        if published.position and published.event == self.policy:
            raise Malformed("policy", "", f"is in force as it is, as entry {published.position} says")
        return at.reports(self.policy)


class GrantRole(Command, frozen=True, kw_only=True):
    """A principal, who is this person, gets a role from one day to another, or until it is ended."""

    principal: str
    role: Role
    starts: date
    ends: date | None = None
    person: str | None = None

    def draft(self, at: Drafting) -> Wish:
        """A report; of a role that is held already, only if it says for the first time who the principal is."""
        names = self.person is not None and at.office.person(self.principal) is None
        if not names and at.office.holds(self.principal, self.role, self.starts, self.ends):
            raise Malformed("role", self.role, f"is held by {self.principal} in that time already")
        return at.reports(
            RoleGranted(
                principal=self.principal, person=self.person, role=self.role, starts=self.starts, ends=self.ends
            )
        )

    def cautions(self, at: Drafting) -> Sequence[str]:
        """That nobody knows who decides, or that they decided in requests of their own until it is known."""
        known = at.office.person(self.principal)
        if self.person is None:
            return [NOBODY_KNOWS.format(self.principal)] if known is None and self.role in DECIDING else []
        if known is not None and known.event == self.person:
            return []
        return [
            f"{self.principal} decided in {request}, in which this person takes part, as {_entries(positions)} "
            "and no rule could object: have somebody else look at it again"
            for request, positions in _decided_in_own(self.principal, self.person, at)
        ]


class EndRole(Command, frozen=True, kw_only=True):
    """A principal holds a role no longer."""

    principal: str
    role: Role

    def draft(self, at: Drafting) -> Wish:
        """A report."""
        return at.reports(RoleEnded(principal=self.principal, role=self.role))


class IssueApiKey(Command, frozen=True, kw_only=True):
    """A principal gets a key for programs, in one of its roles; `digest` is SHA-256 of the key, in hex."""

    apikey: str
    digest: str
    principal: str
    role: Role
    expires: datetime
    scope: tuple[Scope, ...]

    def draft(self, at: Drafting) -> Wish:
        """A report."""
        if self.role not in at.office.roles(self.principal, at.now):
            raise Malformed("role", self.role, f"is not held by {self.principal}, who could do nothing with the key")
        if self.expires.tzinfo is None or self.expires <= at.now:
            raise Malformed("expires", self.expires.isoformat(), "is over already, or says no time zone")
        if not self.scope:
            raise Malformed("scope", "", "is empty, and the key would be good for nothing")
        return at.reports(
            ApiKeyIssued(
                apikey=self.apikey,
                principal=self.principal,
                role=self.role,
                scope=tuple(sorted(set(self.scope))),
                digest=self.digest,
                expires=self.expires,
            )
        )


class RevokeApiKey(Command, frozen=True, kw_only=True):
    """A key for programs is good for nothing any more."""

    apikey: str

    def draft(self, at: Drafting) -> Wish:
        """A report."""
        revoked = next(at.ledger.facts([about(ApiKeyRevoked, tags=[f"apikey:{self.apikey}"])]), None)
        if revoked is not None:
            raise Malformed("apikey", self.apikey, f"was revoked already, as entry {revoked.position} says")
        return at.reports(ApiKeyRevoked(apikey=self.apikey))


class Waive(Command, frozen=True, kw_only=True):
    """Except a request from a rule, up to and including a day."""

    request: str
    rule: str
    reason: str
    expires: date

    def draft(self, at: Drafting) -> Wish:
        """An act. Raises `Malformed` for what is no rule at all."""
        try:
            rule(self.rule)
        except KeyError as error:
            raise Malformed("rule", self.rule, "is none: `request` shows those that something lacks") from error
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


def _decided_in_own(principal: str, person: str, at: Drafting) -> Iterator[tuple[str, list[int]]]:
    """What a principal decided in the requests in which a person plays a part, by request."""
    facts = at.ledger.facts([about(tags=[f"person:{person}"])])
    requests = {tag.removeprefix("request:") for fact in facts for tag in fact.tags if tag.startswith("request:")}
    for request in sorted(requests):
        told = list(at.ledger.facts([about(tags=[f"request:{request}"])]))
        decided = [one.position for one in told if one.judged and one.judged.command.get("principal") == principal]
        if decided and person in parts(Standing(told).request(request)):
            yield request, decided


def _entries(positions: Sequence[int]) -> str:
    one = "entry" if len(positions) == 1 else "entries"
    return f"{one} {', '.join(map(str, positions))} {'says' if len(positions) == 1 else 'say'},"
