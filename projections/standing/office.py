"""The office: the policy in force, and who holds which role."""

from collections.abc import Collection
from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from ledger.events import PolicyPublished, RoleEnded, RoleGranted
from ledger.events.governance import Role
from projections.standing.known import Known
from projections.standing.part import Part, takes

UNPUBLISHED = PolicyPublished()
# The roles by which one works in the office.
WORKING: tuple[Role, ...] = ("director", "acting director", "alternate", "staff")


class Office(Part):
    """What the office goes by. Until a policy is published, the parameters are those it would have by default."""

    def __init__(self) -> None:
        self.policy = Known(UNPUBLISHED, 0)
        self._grants: dict[str, list[Known[RoleGranted]]] = {}
        self._people: dict[str, Known[str]] = {}

    @takes(PolicyPublished)
    def _policy_published(self, fact: Known[PolicyPublished]) -> None:
        self.policy = fact

    @takes(RoleGranted)
    def _role_granted(self, fact: Known[RoleGranted]) -> None:
        self._grants.setdefault(fact.event.principal, []).append(fact)
        if fact.event.person:
            self._people[fact.event.principal] = Known(fact.event.person, fact.position)

    @takes(RoleEnded)
    def _role_ended(self, fact: Known[RoleEnded]) -> None:
        grants = self._grants.get(fact.event.principal, [])
        self._grants[fact.event.principal] = [one for one in grants if one.event.role != fact.event.role]

    def roles(self, principal: str, at: datetime) -> set[Role]:
        """The roles that a principal holds at a time, by any of the terms for which they were granted."""
        today = self.day(at)
        return {known.event.role for known in self._grants.get(principal, ()) if _covers(known.event, today)}

    def grants(self, at: datetime) -> list[Known[RoleGranted]]:
        """The roles that anybody holds at a time, each as it was granted, in the order of the log."""
        today = self.day(at)
        held = [one for grants in self._grants.values() for one in grants if _covers(one.event, today)]
        return sorted(held, key=lambda one: one.position)

    def employs(self, person: str, day: date) -> bool:
        """Whether a person holds a role by which one works in the office on a day."""
        own = (principal for principal, known in self._people.items() if known.event == person)
        grants = (one.event for principal in own for one in self._grants.get(principal, ()))
        return any(one.role in WORKING and _covers(one, day) for one in grants)

    @property
    def has_begun(self) -> bool:
        """Whether a role was ever given: until then there is nobody who could."""
        return bool(self._grants)

    def held_by_anybody(self, roles: Collection[Role], at: datetime, aside: tuple[str, str] = ("", "")) -> bool:
        """Whether anybody holds one of these roles at a time; one of somebody's may be left aside."""
        return any(
            role in roles and (principal, role) != aside
            for principal in self._grants
            for role in self.roles(principal, at)
        )

    def holds(self, principal: str, role: Role, starts: date, ends: date | None) -> bool:
        """Whether a principal has a role for some day of a term already."""
        grants = [known.event for known in self._grants.get(principal, ()) if known.event.role == role]
        return any((ends is None or one.starts <= ends) and (one.ends is None or starts <= one.ends) for one in grants)

    def person(self, principal: str) -> Known[str] | None:
        """Which person a principal is, as the last grant that names one says, whatever became of the role."""
        return self._people.get(principal)

    def day(self, at: datetime) -> date:
        """The date at the office."""
        return _day(at, self.policy.event.time_zone)


@lru_cache(64)
def _day(at: datetime, zone: str) -> date:
    return at.astimezone(ZoneInfo(zone)).date()


def _covers(granted: RoleGranted, day: date) -> bool:
    return granted.starts <= day and (granted.ends is None or day <= granted.ends)
