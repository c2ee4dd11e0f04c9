"""Governance: policy, offices, API keys, waivers, suspensions, acts that were refused, and who looked at what."""

from typing import Literal

import msgspec

from ledger.events.agreement import Capacity
from ledger.events.event import Event
from ledger.events.ids import (
    ApiKeyId,
    Cited,
    Count,
    DataSetId,
    Date,
    Digest,
    Name,
    PersonId,
    Position,
    PrincipalId,
    RequestId,
    Sealed,
    Time,
    WaiverId,
)

Role = Literal[
    "director", "acting director", "alternate", "staff", "auditor", "compliance", "admin", "data server", "researcher"
]
# What a key may be used for, as far as its role may do it.
Scope = Literal["reading", "recording", "access", "governing"]


class PolicyPublished(Event, name="policy.published", version=1):
    """These parameters of policy are in force from now on: how things are called here, and what is required."""

    institution: Name = "MIT"
    office: Name = "Institutional Research"
    board: Name = "COUHES"
    memorandum: Name = "MOU"
    external_agreement: Name = "DUA"
    time_zone: Name = "America/New_York"
    memorandum_capacities: tuple[Capacity, ...] = ("researcher", "office")
    external_agreement_capacities: tuple[Capacity, ...] = ("researcher", "authorised official", "home signatory")
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

    principal: PrincipalId
    person: PersonId | None
    role: Role
    starts: Date
    ends: Date | None


class RoleEnded(Event, name="role.ended", version=1):
    """A principal holds a role no longer."""

    principal: PrincipalId
    role: Role


class ApiKeyIssued(Event, name="api-key.issued", version=1):
    """A principal got a key for programs, in one of its roles; `digest` is SHA-256 of the key, which nobody keeps."""

    apikey: ApiKeyId
    principal: PrincipalId
    role: Role
    scope: tuple[Scope, ...]
    digest: Digest
    expires: Time


class ApiKeyRevoked(Event, name="api-key.revoked", version=1):
    """A key for programs is good for nothing any more."""

    apikey: ApiKeyId


class PersonSuspended(Event, name="person.suspended", version=1, sealed_for="person"):
    """A person may receive and open nothing, in one request or in all."""

    person: PersonId
    request: RequestId | None
    reason: Sealed | None = None


class SuspensionLifted(Event, name="person.suspension-lifted", version=1, sealed_for="person"):
    """A person's suspension, in one request or in all, ended."""

    person: PersonId
    request: RequestId | None


class PersonDebarred(Event, name="person.debarred", version=1, sealed_for="person"):
    """A person takes part in no new request, up to and including a day."""

    person: PersonId
    until: Date
    reason: Sealed | None = None


class DebarmentLiftedV1(Event, name="person.debarment-lifted", version=1, sealed_for="person"):
    """A person may take part in new requests again."""

    person: PersonId

    def upcast(self) -> "DebarmentLifted":
        """Nobody said why."""
        return DebarmentLifted(person=self.person)


class DebarmentLifted(Event, name="person.debarment-lifted", version=2, sealed_for="person"):
    """A person may take part in new requests again, for a reason if one was given."""

    person: PersonId
    reason: Sealed | None = None


class WaiverGranted(Event, name="waiver.granted", version=1, sealed_for="request"):
    """The director excepted a request from a rule, up to and including a day."""

    waiver: WaiverId
    request: RequestId
    rule: Name
    reason: Sealed
    expires: Date


class Objected(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one rule held against an act: about whom or what, what was wanting, and the positions of the facts."""

    rule: Name
    about: Name | None
    wanting: Name
    facts: tuple[Position, ...]


class ActRefused(Event, name="act.refused", version=1, sealed_for="request"):
    """An act was wished for and not done, because rules objected; the wish stands in the judgement.

    `person` and `dataset` say who was not let in to what. There is no request where nobody could say which.
    """

    act: Name
    request: RequestId | None
    objections: tuple[Objected, ...]
    person: PersonId | None = None
    dataset: DataSetId | None = None

    def subject(self) -> str:
        """The request, or where there is none whoever or whatever the act was about."""
        named = (("request", self.request), ("person", self.person), ("dataset", self.dataset))
        return next((f"{kind}:{id_}" for kind, id_ in named if id_ is not None), "")


class HistoryViewed(Event, name="history.viewed", version=1):
    """Somebody looked at what stands in the log of a request or a person, or took a copy of entries along."""

    how: Literal["read", "exported"]
    request: RequestId | None
    person: PersonId | None = None


class DocumentOpened(Event, name="document.opened", version=1):
    """Somebody opened a document that the entry at this position names."""

    entry: Position
    document: Cited
    request: RequestId | None = None
    person: PersonId | None = None
