"""Acts: what somebody may wish this office to do, and a rule may forbid.

An act is written whole into the judgement of its entry, so it can be judged again from the log alone; what it looks at
follows from it and from what is found on the way.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, ClassVar, TypeVar

import msgspec

from ledger.events import (
    AccessPermitted,
    AgreementExecuted,
    AgreementIssued,
    AgreementSigned,
    Event,
    FactCorrected,
    PersonErased,
    ReleaseAuthorised,
    ReleaseHandedOver,
    RequestApproved,
    RequestDeclined,
    RequestSubmitted,
    WaiverGranted,
)
from ledger.events.agreement import Covered, Kind, Recipient
from ledger.events.governance import Role
from ledger.events.ids import (
    AgreementId,
    Channel,
    DataSetId,
    Filed,
    Name,
    PersonId,
    PrincipalId,
    ReleaseId,
    RequestId,
    Sealed,
    Size,
    WaiverId,
)
from ledger.events.people import Detail
from ledger.events.release import Package, Party, Version
from ledger.events.request import Wanted
from ledger.events.review import Basis
from ledger.log import Boundary, about
from projections.standing import DataSetStanding, Office, PersonStanding, RequestStanding, Standing

DECIDING: tuple[Role, ...] = ("director", "acting director", "alternate", "staff")
DIRECTING: tuple[Role, ...] = ("director", "acting director")

T = TypeVar("T")


class Act(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="act"):
    """Something that is done only when no rule objects. `principal` is who decides.

    `roles` are those that entitle to it: a wish by somebody who holds none of them is nothing to judge.
    """

    roles: ClassVar[tuple[Role, ...]] = DECIDING

    principal: PrincipalId
    request: RequestId | None

    @property
    def name(self) -> str:
        """The act's name, as judgements and refusals carry it."""
        return str(self.__struct_config__.tag)

    def people(self, standing: Standing) -> tuple[str, ...]:
        """Those for whom the rules are judged, person by person: everybody who will have access."""
        return standing.request(self.request).study_group

    def wanted(self, standing: Standing) -> tuple[Wanted, ...]:
        """The data sets for which the rules are judged, each with its form: those that were asked for."""
        submitted = standing.request(self.request).submitted
        return tuple(dict.fromkeys(submitted.event.datasets)) if submitted else ()

    def first_look(self) -> list[Boundary]:
        """What is looked at in any case: the office, and the request."""
        return [of_office(), of_request(self.request)] if self.request else [of_office()]

    def second_look(self, standing: Standing) -> list[Boundary]:
        """What is looked at because of what the first look found: whom and which data sets the rules ask about."""
        people = {*self.asks_about(standing), *self.names()}
        return [*map(of_person, sorted(people)), *map(of_dataset, sorted(self.looks_at(standing)))]

    def asks_about(self, standing: Standing) -> set[str]:
        """Of whom the rules ask what is known: the researcher, and everybody for whom they are judged."""
        submitted = standing.request(self.request).submitted
        return {*self.people(standing), *([submitted.event.researcher] if submitted else ())}

    def names(self) -> tuple[str, ...]:
        """Whom what comes of it will name beside those who are involved in the request."""
        return ()

    def looks_at(self, standing: Standing) -> set[str]:
        """The data sets that it involves."""
        return {one.dataset for one in self.wanted(standing)}

    def done(self, standing: Standing, at: datetime, waivers: tuple[WaiverId, ...]) -> Event:
        """What has happened once it is done, by this standing, under these waivers."""
        raise NotImplementedError


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


class IssueAgreement(Act, frozen=True, kw_only=True, tag="issue-agreement"):
    """Write an agreement from an approved template, for these recipients and data sets, and send this text out."""

    request: RequestId
    agreement: AgreementId
    kind: Kind
    template: Name
    template_approved_by: PersonId
    text: Filed
    recipients: tuple[Recipient, ...]
    datasets: tuple[Covered, ...]
    otherwise: Sealed | None = None

    def first_look(self) -> list[Boundary]:
        """Also whether another request has an agreement of this number."""
        return [*super().first_look(), about(AgreementIssued, tags=[f"agreement:{self.agreement}"])]

    def names(self) -> tuple[str, ...]:
        """Who approved the template, and the recipients."""
        return (self.template_approved_by, *(one.person for one in self.recipients))

    def done(self, standing: Standing, at: datetime, waivers: tuple[WaiverId, ...]) -> Event:
        """As every act says it."""
        del standing, at, waivers
        said = msgspec.structs.asdict(self)
        del said["principal"]
        return AgreementIssued(**said)


class ExecuteAgreement(Act, frozen=True, kw_only=True, tag="execute-agreement"):
    """Put an agreement that everybody has signed in force, from one day to another, both included."""

    request: RequestId
    agreement: AgreementId
    starts: date
    ends: date

    def done(self, standing: Standing, at: datetime, waivers: tuple[WaiverId, ...]) -> Event:
        """As every act says it."""
        del standing, at
        return AgreementExecuted(
            request=self.request, agreement=self.agreement, starts=self.starts, ends=self.ends, waivers=waivers
        )


class Chosen(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A version of a data set that is to be released."""

    dataset: DataSetId
    label: Name


class Releasing(Act, frozen=True, kw_only=True):
    """What authorising a release and handing it over have in common: both are judged on the same things."""

    request: RequestId
    release: ReleaseId

    def chosen(self, standing: Standing) -> tuple[Chosen, ...]:
        """The versions that go out."""
        raise NotImplementedError

    def by(self, standing: Standing) -> str | None:
        """The channel by which they go; None when that is not known."""
        raise NotImplementedError

    def wanted(self, standing: Standing) -> tuple[Wanted, ...]:
        """What goes out, as far as it was asked for in this form."""
        forms = {(one.dataset, standing.dataset(one.dataset).form(one.label)) for one in self.chosen(standing)}
        return tuple(one for one in super().wanted(standing) if (one.dataset, one.form) in forms)

    def looks_at(self, standing: Standing) -> set[str]:
        """Also what goes out and nobody asked for."""
        return {one.dataset for one in self.chosen(standing)} | {one.dataset for one in super().wanted(standing)}


class AuthoriseRelease(Releasing, frozen=True, kw_only=True, tag="authorise-release"):
    """Authorise a release of these versions to the request's point of contact, by a channel."""

    channel: Channel
    versions: tuple[Chosen, ...]

    def first_look(self) -> list[Boundary]:
        """Also whether another request has a release of this number."""
        return [*super().first_look(), about(ReleaseAuthorised, tags=[f"release:{self.release}"])]

    def chosen(self, standing: Standing) -> tuple[Chosen, ...]:
        """Those that the act names."""
        del standing
        return self.versions

    def by(self, standing: Standing) -> str | None:
        """The one that the act names."""
        del standing
        return self.channel

    def done(self, standing: Standing, at: datetime, waivers: tuple[WaiverId, ...]) -> Event:
        """With the record of the disclosure: to whom, for whom, under what, and on which bases."""
        request, day = standing.request(self.request), standing.office.day(at)
        key = _found(request.contact.key).filed.event
        wanted = self.wanted(standing)
        return ReleaseAuthorised(
            release=self.release,
            request=self.request,
            contact=key.person,
            key=key.key,
            channel=self.channel,
            versions=tuple(
                Version(
                    dataset=one.dataset, label=one.label, form=_found(standing.dataset(one.dataset).form(one.label))
                )
                for one in self.versions
            ),
            parties=tuple(parties(self.people(standing), wanted, request, day)),
            bases=tuple(bases(self.people(standing), wanted, request)),
            waivers=waivers,
        )


class HandOverRelease(Releasing, frozen=True, kw_only=True, tag="hand-over-release"):
    """Hand a package over to the channel, encrypted for the key for which its release was authorised."""

    package: Package
    key_ids: Sealed
    extracted_by: PersonId
    learners: Size | None = None

    def names(self) -> tuple[str, ...]:
        """Who extracted the data."""
        return (self.extracted_by,)

    def chosen(self, standing: Standing) -> tuple[Chosen, ...]:
        """Those that are in the package."""
        del standing
        return tuple(Chosen(dataset=one.dataset, label=one.label) for one in self.package.files)

    def by(self, standing: Standing) -> str | None:
        """The one for which the release was authorised."""
        authorised = standing.request(self.request).release(self.release).authorised
        return authorised.event.channel if authorised else None

    def done(self, standing: Standing, at: datetime, waivers: tuple[WaiverId, ...]) -> Event:
        """As every act says it."""
        del at
        authorised = _found(standing.request(self.request).release(self.release).authorised).event
        return ReleaseHandedOver(
            release=self.release,
            request=self.request,
            contact=authorised.contact,
            key=authorised.key,
            channel=authorised.channel,
            package=self.package,
            key_ids=self.key_ids,
            extracted_by=self.extracted_by,
            learners=self.learners,
            waivers=waivers,
        )


class LetIn(Act, frozen=True, kw_only=True, tag="let-in"):
    """Let a person open a data set on a server; there is no request when nobody can say which it would be under."""

    roles: ClassVar[tuple[Role, ...]] = (*DECIDING, "data server")

    request: RequestId | None
    person: PersonId
    dataset: DataSetId

    def people(self, standing: Standing) -> tuple[str, ...]:
        """The person alone."""
        del standing
        return (self.person,)

    def asks_about(self, standing: Standing) -> set[str]:
        """The person alone."""
        del standing
        return {self.person}

    def wanted(self, standing: Standing) -> tuple[Wanted, ...]:
        """The data set alone, in the forms that were asked for."""
        return tuple(one for one in super().wanted(standing) if one.dataset == self.dataset)

    def done(self, standing: Standing, at: datetime, waivers: tuple[WaiverId, ...]) -> Event:
        """As every act says it, under the agreement that names the person for the data set."""
        del waivers
        request, day = standing.request(self.request), standing.office.day(at)
        party = _found(next(iter(request.naming(self.person, day, self.dataset)), None))
        return AccessPermitted(
            request=_found(self.request), person=self.person, dataset=self.dataset, agreement=party.agreement
        )


class GrantWaiver(Act, frozen=True, kw_only=True, tag="grant-waiver"):
    """Except a request from a rule, up to and including a day."""

    roles: ClassVar[tuple[Role, ...]] = DIRECTING

    request: RequestId
    waiver: WaiverId
    rule: Name
    reason: Sealed
    expires: date

    def first_look(self) -> list[Boundary]:
        """Also whether another request has a waiver of this number."""
        return [*super().first_look(), about(WaiverGranted, tags=[f"waiver:{self.waiver}"])]

    def done(self, standing: Standing, at: datetime, waivers: tuple[WaiverId, ...]) -> Event:
        """As every act says it."""
        del standing, at, waivers
        return WaiverGranted(
            request=self.request, waiver=self.waiver, rule=self.rule, reason=self.reason, expires=self.expires
        )


class EraseDetails(Act, frozen=True, kw_only=True, tag="erase-details"):
    """Give up what is known of a person, or some of it, for destruction; an empty list means all of it."""

    roles: ClassVar[tuple[Role, ...]] = (*DIRECTING, "admin")

    request: None = None
    person: PersonId
    details: tuple[Detail, ...]
    last_copy_lapses: date

    def names(self) -> tuple[str, ...]:
        """The person."""
        return (self.person,)

    def people(self, standing: Standing) -> tuple[str, ...]:
        """The person alone."""
        del standing
        return (self.person,)

    def first_look(self) -> list[Boundary]:
        """The office, and every request in which the person has a part."""
        events = (RequestSubmitted, AgreementIssued, AgreementSigned, ReleaseAuthorised)
        parts = about(*events, tags=[f"person:{self.person}"])
        return [of_office(), parts]

    def second_look(self, standing: Standing) -> list[Boundary]:
        """What became of these requests, and what is known of the person."""
        return [of_person(self.person), *map(of_request, sorted(standing.requests))]

    def done(self, standing: Standing, at: datetime, waivers: tuple[WaiverId, ...]) -> Event:
        """As every act says it."""
        del standing, at, waivers
        return PersonErased(person=self.person, details=self.details, last_copy_lapses=self.last_copy_lapses)


AnyAct = (
    ApproveRequest
    | DeclineRequest
    | IssueAgreement
    | ExecuteAgreement
    | AuthoriseRelease
    | HandOverRelease
    | LetIn
    | GrantWaiver
    | EraseDetails
)


def act_from(command: Mapping[str, Any]) -> Act:
    """The act that a judgement was about. Raises `msgspec.ValidationError` when this program knows none such."""
    act: Act = msgspec.convert(command, AnyAct)
    return act


def as_command(act: Act) -> dict[str, Any]:
    """The whole act, as a judgement keeps it."""
    command: dict[str, Any] = msgspec.to_builtins(act)
    return command


def of_office() -> Boundary:
    """What is known of the office."""
    return about(*Office.folds)


def of_request(request: str) -> Boundary:
    """What is known of a request, and of what followed from it."""
    return about(*RequestStanding.folds, FactCorrected, tags=[f"request:{request}"])


def of_person(person: str) -> Boundary:
    """What is known of a person."""
    return about(*PersonStanding.folds, FactCorrected, tags=[f"person:{person}"])


def of_dataset(dataset: str) -> Boundary:
    """What is known of a data set."""
    return about(*DataSetStanding.folds, FactCorrected, tags=[f"dataset:{dataset}"])


def involved(act: Act, standing: Standing) -> set[str]:
    """Everybody who plays a part in the request."""
    request = standing.request(act.request)
    if request.submitted is None:
        return set()
    said = request.submitted.event
    others: Iterable[str | None] = (
        said.sponsor,
        said.head_approval.by if said.head_approval else None,
        request.contact.person,
    )
    return {said.researcher, *said.personnel, *said.study_group, *(one for one in others if one)}


def parties(people: Sequence[str], wanted: Sequence[Wanted], request: RequestStanding, day: date) -> list[Party]:
    """The people to whom these data sets are disclosed, under each of the agreements that name them for one."""
    named = (party for who in people for one in wanted for party in request.naming(who, day, one.dataset, one.form))
    return list(dict.fromkeys(named))


def bases(people: Sequence[str], wanted: Sequence[Wanted], request: RequestStanding) -> list[Basis]:
    """The legal bases on which these data sets go to these people."""
    affiliations = {request.affiliation(person) for person in people}
    classes = {"home", "outside"} if "in doubt" in affiliations else affiliations
    asked_for = {(one.dataset, one.form) for one in wanted}
    said = request.law.event.bases if request.law else ()
    return [one for one in said if (one.dataset, one.form) in asked_for and one.recipients in classes]


def _found(value: T | None) -> T:
    """What a rule has seen to be there."""
    if value is None:
        raise AssertionError("an act was done that no rule has let through")
    return value
