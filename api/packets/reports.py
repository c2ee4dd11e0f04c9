"""From a checked packet to the reports for the desk, their texts and documents already in custody.

A report says what the packet says and never more. So whatever would say too much if a part of it were left out waits
until that part is there: a determination without its end would have none, and one without the people whom it covers
would cover everybody. What waits is among the packet's problems.
"""

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, tzinfo
from io import BytesIO
from typing import Protocol

import msgspec

from api.desk import Circumstances
from api.ids import numbered
from api.keys import usable_key
from api.packets.form import EVERYBODY, Ethics, Form, Person, same
from api.packets.packet import Packet
from api.packets.problem import Problem
from ledger.custody import caseless
from ledger.custody.documents import Readable
from ledger.errors import Malformed
from ledger.events import (
    AffiliationDetermined,
    ContactDesignated,
    EthicsDetermined,
    Event,
    KeyFiled,
    OrganisationRegistered,
    PersonDetailsChanged,
    PersonRegistered,
    RelianceElected,
    RelianceRequested,
    RequestSubmitted,
    TrainingCertified,
)
from ledger.events.ids import DeterminationId, OrganisationId, PersonId, RequestId
from ledger.events.request import HeadApproval, Wanted
from projections.standing import Determination, Standing

DETAILS = ("name", "institution", "department", "address", "email", "phone")

Report = tuple[Event, Circumstances]


class Keeping(Protocol):
    """What keeps texts and documents, and gives commitments to them; custody does."""

    def seal(self, subject: str, wire_name: str, values: Mapping[str, str]) -> dict[str, str]:
        """As `Custody.seal`."""

    def keep_document(self, subject: str, wire_name: str, stream: Readable, media_type: str) -> str:
        """As `Custody.keep_document`."""


class Rejected(Malformed):
    """A packet that is malformed, with everything that is."""

    def __init__(self, packet: Packet) -> None:
        self.problems: list[Problem] = packet.of_kind("malformed")
        super().__init__("packet", str(packet.folder), "\n".join(["is malformed", *map(str, self.problems)]))


class Register(msgspec.Struct, frozen=True, kw_only=True):
    """Whom the office knows already, with what details. It is asked by e-mail address, or name, made `caseless`."""

    person: Callable[[str], PersonId | None] = lambda address: None
    details: Callable[[PersonId], Mapping[str, str]] = lambda person: {}
    organisation: Callable[[str], OrganisationId | None] = lambda name: None


class Office(msgspec.Struct, frozen=True, kw_only=True):
    """What it takes to report: where texts and documents are kept, whom one knows, and when a day begins.

    `standing` is of the request and its people, where they came in before: what stands there is not told twice, so a
    determination that has ended does not begin again with a packet that came back. `now` is when a key is examined; it
    is not filed without. `is_new_key` tells whether somebody's key with a fingerprint is still to be filed.
    """

    custody: Keeping
    zone: tzinfo
    known: Register = Register()
    standing: Standing = msgspec.field(default_factory=Standing)
    random_bytes: Callable[[int], bytes] = secrets.token_bytes
    now: datetime | None = None
    is_new_key: Callable[[PersonId, str], bool] = lambda person, fingerprint: True


def as_reports(packet: Packet, request: RequestId, circumstances: Circumstances, office: Office) -> list[Report]:
    """What a packet reports of a request, for `Desk.report_together`; it is on behalf of the researcher.

    Raises `Rejected` for a malformed packet, and `Malformed` when two of its people are one whom the office knows, or a
    document is no longer what it was when the packet was checked. Texts and documents are in custody when this returns,
    and nothing else is recorded; should the reports never be, custody's sweep removes them.
    """
    if packet.rejected:
        raise Rejected(packet)
    return list(_Reporting(packet, request, circumstances, office).reports())


class _Reporting:
    """The reports of one packet, with the ids that people, organisations and determinations have in them."""

    def __init__(self, packet: Packet, request: RequestId, circumstances: Circumstances, office: Office) -> None:
        self._packet, self._request, self._office = packet, request, office
        self._form: Form = packet.form
        self._strangers: set[PersonId] = set()
        self._people = {caseless(one.email): self._person_id(one.email) for one in self._form.people if one.email}
        if len(set(self._people.values())) < len(self._people):
            raise Malformed(
                "packet", str(packet.folder), "two addresses in it are those of one person whom the office knows"
            )
        on_behalf_of = circumstances.on_behalf_of or self._id_of(self._form.researcher.person)
        self._circumstances = msgspec.structs.replace(circumstances, on_behalf_of=on_behalf_of, documents=())
        self._letters = circumstances.documents
        self._organisations: dict[str, OrganisationId] = {}
        self._standing = office.standing.request(request)

    def reports(self) -> Iterator[Report]:
        """In an order in which each is about what is known already."""
        yield from self._organisations_registered()
        for person in self._form.people:
            yield from self._person_registered(person)
        yield self._submitted()
        yield from self._affiliations_determined()
        for one in self._form.ethics:
            yield from self._determined(one)
        for person in self._form.people:
            yield from self._certified(person)
        yield from self._contact()

    def _person_id(self, address: str) -> PersonId:
        known = self._office.known.person(caseless(address))
        if known is not None:
            return known
        fresh = f"p-{self._office.random_bytes(16).hex()}"
        self._strangers.add(fresh)
        return fresh

    def _of(self, person: Person) -> PersonId:
        # Who is listed without an address makes a packet malformed.
        return self._people[caseless(person.email or "")]

    def _id_of(self, address: str | None) -> PersonId | None:
        return None if address is None else self._people[caseless(address)]

    def _organisations_registered(self) -> Iterator[Report]:
        institutions = [person.institution for person in self._form.people if person.from_outside]
        for name in (*institutions, *(one.board for one in self._form.ethics if not one.home)):
            if name is None or caseless(name) in self._organisations:
                continue
            known = self._office.known.organisation(caseless(name))
            organisation = known or f"O-{self._office.random_bytes(16).hex()}"
            self._organisations[caseless(name)] = organisation
            if known is None:
                sealed = self._seal(f"organisation:{organisation}", OrganisationRegistered, {"name": name})
                yield OrganisationRegistered(organisation=organisation, **sealed), self._circumstances

    def _person_registered(self, person: Person) -> Iterator[Report]:
        id_ = self._of(person)
        said = {detail: value for detail in DETAILS if (value := getattr(person, detail)) is not None}
        if id_ in self._strangers:
            sealed = self._seal(f"person:{id_}", PersonRegistered, said)
            yield PersonRegistered(person=id_, **sealed), self._circumstances
            return
        held = self._office.known.details(id_)
        changed = {detail: value for detail, value in said.items() if not _is_held(detail, value, held)}
        if changed:
            sealed = self._seal(f"person:{id_}", PersonDetailsChanged, changed)
            yield PersonDetailsChanged(person=id_, **sealed), self._circumstances

    def _submitted(self) -> Report:
        form = self._form
        texts = {
            "funding": None if form.funding.none else form.funding.source,
            "reviewers": form.peer_review.by,
            "description": form.research.description,
        }
        approval = self._approval()
        proposal = self._keep(RequestSubmitted, form.research.document)
        submitted = RequestSubmitted(
            request=self._request,
            researcher=self._people[caseless(form.researcher.person or "")],
            researcher_is_student=form.researcher.student,
            sponsor=self._id_of(form.researcher.faculty_sponsor),
            researcher_heads_department=form.researcher.heads_department,
            funded=None if form.funding.source is None else not form.funding.none,
            peer_reviewed=form.peer_review.reviewed,
            head_approval=approval,
            datasets=tuple(Wanted(dataset=one.id, form=one.form) for one in form.data_sets if one.id),
            personnel=tuple(self._of(one) for one in form.people if one.involved),
            study_group=tuple(self._of(one) for one in form.people if one.member),
            purposes=form.research.purposes,
            description_document=proposal,
            **self._seal(
                f"request:{self._request}", RequestSubmitted, {name: text for name, text in texts.items() if text}
            ),
        )
        return submitted, self._with(*self._letters, approval.document if approval else None, proposal)

    def _approval(self) -> HeadApproval | None:
        said = self._form.head_approval
        by = self._id_of(said.by)
        if by is None or said.capacity is None or said.document not in self._packet.documents:
            return None
        document = self._keep(RequestSubmitted, said.document)
        return None if document is None else HeadApproval(by=by, capacity=said.capacity, document=document)

    def _affiliations_determined(self) -> Iterator[Report]:
        known = self._standing.affiliations
        for person in self._form.people:
            if person.involved and person.affiliation is not None:
                organisation = self._organisations.get(caseless(person.institution or ""))
                found = AffiliationDetermined(
                    request=self._request,
                    person=self._of(person),
                    affiliation=person.affiliation,
                    organisation=organisation if person.from_outside else None,
                )
                if found.person not in known or known[found.person].event != found:
                    yield found, self._with()

    def _determined(self, one: Ethics) -> Iterator[Report]:
        if not (one.decided or one.pending) or one.protocol is None or one.outcome is None:
            return
        everybody = one.covers == EVERYBODY
        determined = EthicsDetermined(
            determination=f"E-{self._office.random_bytes(16).hex()}",
            request=self._request,
            organisation=None if one.home else self._organisations[caseless(one.board or "")],
            protocol=one.protocol,
            outcome=one.outcome,
            on=one.on,
            expires=one.expires if isinstance(one.expires, date) else None,
            covers=() if everybody else tuple(self._people[caseless(address)] for address in one.covers),
            document=None,
        )
        before = self._told_before(determined)
        known = self._as_told(before, one.document)
        if known is None:
            document = self._keep(EthicsDetermined, one.document)
            yield msgspec.structs.replace(determined, document=document), self._with(document, on=one.on)
        determination = known.known.event.determination if known else determined.determination
        if one.reliance == "pending":
            yield from self._requested(determination, before)
        if one.reliance == "elected":
            yield from self._relied_on(one, determination, known)

    def _told_before(self, determined: EthicsDetermined) -> list[Determination]:
        """The same determination as it stands in the log, with a document of it or without."""
        found = []
        for known in self._standing.determinations.values():
            said = known.known.event
            if msgspec.structs.replace(determined, determination=said.determination, document=said.document) == said:
                found.append(known)
        return found

    def _as_told(self, before: Sequence[Determination], document: str | None) -> Determination | None:
        """Of what was told before that which stands, unless there is a document of it only now."""
        news = self._is_news
        return next((one for one in before if one.ended or not news(one.known.event.document, document)), None)

    def _requested(self, determination: DeterminationId, before: Sequence[Determination]) -> Iterator[Report]:
        if not any(one.requested or one.reliance or one.ended for one in before):
            yield RelianceRequested(request=self._request, determination=determination, on=None), self._with()

    def _relied_on(self, one: Ethics, determination: DeterminationId, known: Determination | None) -> Iterator[Report]:
        if one.reliance_on is None:
            return
        if known is not None:
            told = known.reliance.event if known.reliance else None
            if told and told.on == one.reliance_on and not self._is_news(told.document, one.reliance_document):
                return
        document = self._keep(RelianceElected, one.reliance_document)
        elected = RelianceElected(
            request=self._request, determination=determination, on=one.reliance_on, document=document
        )
        yield elected, self._with(document, on=one.reliance_on)

    def _is_news(self, kept: str | None, document: str | None) -> bool:
        return kept is None and document in self._packet.documents

    def _certified(self, person: Person) -> Iterator[Report]:
        completed, expires, id_ = person.citi_completed, person.citi_expires, self._of(person)
        if completed is None or expires is None or person.citi_document not in self._packet.documents:
            return
        ends = expires if isinstance(expires, date) else None
        known = [one.event for one in self._office.standing.person(id_).trainings]
        if any((one.completed, one.expires) == (completed, ends) for one in known):
            return
        document = self._keep(TrainingCertified, person.citi_document, f"person:{id_}")
        if document is not None:
            certified = TrainingCertified(person=id_, completed=completed, expires=ends, document=document)
            yield certified, self._with(document, on=completed)

    def _contact(self) -> Iterator[Report]:
        """Who is the point of contact, and their key, if it can be encrypted for."""
        contact, person = self._standing.contact, self._id_of(self._form.contact.person)
        if person is None:
            return
        if contact.person != person:
            yield ContactDesignated(request=self._request, person=person), self._with()
        key, now = self._packet.key, self._office.now
        if key is None or now is None:
            return
        usable = usable_key(key.content(), now)
        if not self._office.is_new_key(person, usable.fingerprint):
            return
        subject = f"person:{person}"
        content = BytesIO(key.content())
        document = self._office.custody.keep_document(subject, KeyFiled.wire_name, content, key.media_type)
        filed = KeyFiled(
            key=numbered("K", self._request, contact.keys),
            request=self._request,
            person=person,
            document=document,
            made=usable.made,
            expires=usable.expires,
            names_address=caseless(self._form.contact.person or "") in usable.addresses,
            **self._seal(subject, KeyFiled, {"fingerprint": usable.fingerprint}),
        )
        yield filed, self._with(document)

    def _seal(self, subject: str, event: type[Event], texts: Mapping[str, str]) -> dict[str, str]:
        return self._office.custody.seal(subject, event.wire_name, texts)

    def _keep(self, event: type[Event], name: str | None, subject: str | None = None) -> str | None:
        """The commitment to a document, of the request if of nobody else; None when there is none to keep."""
        document = self._packet.documents.get(name or "")
        if document is None:
            return None
        content = BytesIO(document.content())
        subject = subject or f"request:{self._request}"
        return self._office.custody.keep_document(subject, event.wire_name, content, document.media_type)

    def _with(self, *documents: str | None, on: date | None = None) -> Circumstances:
        """The circumstances of what these documents show, and which happened on a day if one is given."""
        shown = tuple(document for document in documents if document is not None)
        circumstances = msgspec.structs.replace(self._circumstances, documents=shown)
        if on is None:
            return circumstances
        begins = datetime.combine(on, time(), self._office.zone)
        return msgspec.structs.replace(circumstances, occurred_at=begins, precision="day")


def _is_held(detail: str, value: str, held: Mapping[str, str]) -> bool:
    """Whether a detail is known so already; an address is the same in another case."""
    known = held.get(detail)
    return known is not None and (same(known, value) if detail == "email" else known == value)
