"""Governance: policy, offices, suspensions, and acts that were refused."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from ledger.events.event import Event
from ledger.events.ids import Date, Name, PersonId, RequestId, Sealed

Role = Literal["director", "acting director", "alternate", "staff", "auditor", "compliance", "admin"]
Count = Annotated[int, Meta(ge=0, le=100_000)]


class PolicyPublished(Event, name="policy.published", version=1):
    """These parameters of policy are in force from now on."""

    time_zone: Name = "America/New_York"
    smallest_cell: Count = 5
    reminder_days: tuple[Count, ...] = (60, 30)
    agreement_months: Count = 12
    incident_hours: Count = 24
    key_test_required: bool = True
    destruction_days: Count = 30
    publication_reviewers: Count = 1
    training_months: Count = 36
    accepts_not_human_subjects: bool = False


class RoleGranted(Event, name="role.granted", version=1):
    """A principal, who is this person, holds a role from one day to another, or until it is ended."""

    principal: Name
    person: PersonId | None
    role: Role
    starts: Date
    ends: Date | None


class RoleEnded(Event, name="role.ended", version=1):
    """A principal holds a role no longer."""

    principal: Name
    role: Role


class PersonSuspended(Event, name="person.suspended", version=1, sealed_for="person"):
    """A person may receive and open nothing, in one request or in all."""

    person: PersonId
    request: RequestId | None
    reason: Sealed | None = None


class SuspensionLifted(Event, name="person.suspension-lifted", version=1):
    """A person's suspension, in one request or in all, ended."""

    person: PersonId
    request: RequestId | None


class Objected(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one rule held against an act: about whom or what, what was wanting, and the positions of the facts."""

    rule: Name
    about: Name | None
    wanting: Name
    facts: tuple[Annotated[int, Meta(ge=1, le=2**53 - 1)], ...]


class ActRefused(Event, name="act.refused", version=1):
    """An act was wished for and not done, because rules objected; the wish stands in the judgement."""

    act: Name
    request: RequestId
    objections: tuple[Objected, ...]
