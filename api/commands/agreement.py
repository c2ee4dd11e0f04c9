"""Commands about agreements: issued, signed, executed, terminated."""

from collections.abc import Sequence
from datetime import date
from hashlib import sha256

from api.commands.command import Acting, Command, Document, Drafting, Wish
from api.commands.contact import address_of
from api.ids import numbered
from api.keys import addresses_in
from ledger.errors import Malformed
from ledger.events import AgreementExecuted, AgreementIssued, AgreementSigned, AgreementTerminated
from ledger.events.agreement import Capacity, Covered, Evidence, Kind, Recipient
from ledger.openpgp import examine_key, verify_signature
from projections.acts import ExecuteAgreement, IssueAgreement
from projections.standing import AgreementStanding, RequestStanding
from projections.standing.person import months_after


class Issue(Command, frozen=True, kw_only=True):
    """Write an agreement from an approved template, and send exactly this text out.

    It names everybody of the study group for whom its kind is usual, and what the request asks for; with a reason to do
    `otherwise`, everybody of the study group.
    """

    request: str
    kind: Kind
    template: str
    template_approved_by: str
    text: Document
    otherwise: str | None = None

    def draft(self, at: Drafting) -> Wish:
        """An act."""
        request = at.request(self.request)
        subject = f"request:{self.request}"
        text = at.filed(AgreementIssued, subject, self.text)
        act = IssueAgreement(
            principal=at.principal,
            request=self.request,
            agreement=numbered("A", self.request, request.agreements),
            kind=self.kind,
            template=self.template,
            template_approved_by=self.template_approved_by,
            text=text,
            recipients=tuple(self._recipients(request)),
            datasets=tuple(Covered(dataset=one.dataset, form=one.form) for one in request.datasets if one.form),
            **at.sealed(AgreementIssued, subject, {"otherwise": self.otherwise}),
        )
        return Acting(act, AgreementIssued, (text,))

    def _recipients(self, request: RequestStanding) -> list[Recipient]:
        return [
            Recipient(person=person, organisation=organisation)
            for person in request.study_group
            for kind, organisation in request.needs(person)[: 1 if self.otherwise else None]
            if self.otherwise or kind == self.kind
        ]


class _Signing(Command, frozen=True, kw_only=True):
    """Somebody signed an agreement; an authorised official signs for an organisation."""

    request: str
    agreement: str
    signer: str
    capacity: Capacity
    organisation: str | None = None

    def _issued(self, at: Drafting) -> AgreementIssued:
        request = at.request(self.request)
        known = request.agreement(self.agreement)
        if known.issued is None:
            raise Malformed("agreement", self.agreement, f"is none of request {self.request}")
        if self.capacity in ("office", "home signatory") and self.signer in _takes_part(request):
            raise Malformed("signer", self.signer, f"takes part in request {self.request}, and is no {self.capacity}")
        if self.capacity == "authorised official" and self.organisation is None:
            raise Malformed("organisation", "", "is missing: an authorised official signs for one")
        if self.capacity != "authorised official" and self.organisation is not None:
            why = f"is for an authorised official, and for no {self.capacity}"
            raise Malformed("organisation", self.organisation, why)
        _check_open(self.agreement, known)
        return known.issued.event

    def _check(self, on: date, attested_by: str | None, at: Drafting) -> None:
        """Raise `Malformed` for a signature under what nobody had written yet, and for the word of whom it binds."""
        request = at.request(self.request)
        issued = request.agreement(self.agreement).issued
        sent_out = issued and at.office.day(at.fact(issued.position).occurred_at)
        if sent_out and on < sent_out:
            raise Malformed("date", str(on), f"is before agreement {self.agreement} was issued, on {sent_out}")
        if attested_by == self.signer:
            why = "is who signed: that takes somebody else"
            raise Malformed("person who attests", self.signer, why, "attested_by")
        if request.submitted and attested_by == request.submitted.event.researcher:
            why = f"asks in request {self.request}: that takes somebody else"
            raise Malformed("person who attests", attested_by, why)
        bound = [one.person for one in issued.event.recipients] if issued else []
        if attested_by in (*request.study_group, *bound):
            why = f"is in the study group of request {self.request}: that takes somebody apart from it"
            raise Malformed("person who attests", attested_by, why)

    def _check_new(self, attested_by: str | None, shown_by: Document, at: Drafting) -> None:
        """Raise `Malformed` for a signature that is on record already: by the same, under the same, with this file."""
        said = (self.signer, self.capacity, self.organisation, attested_by)
        for known in at.request(self.request).agreement(self.agreement).signatures:
            event = known.event
            if said != (event.signer, event.capacity, event.organisation, event.attested_by):
                continue
            if at.kept(event.document).content == shown_by.content:
                raise Malformed("signature", shown_by.name, f"is on record already, as entry {known.position} says")


class SignByKey(_Signing, frozen=True, kw_only=True):
    """Somebody signed by OpenPGP: a detached signature over exactly the text that was issued, and the key that made it.

    Somebody attests that the key is the signer's, unless it is one that they confirmed as the contact.
    """

    signature: Document
    key: Document
    attested_by: str | None = None

    def draft(self, at: Drafting) -> Wish:
        """A report, once the signature has been checked. Raises what `verify_signature` raises."""
        issued = self._issued(at)
        text = at.kept(issued.text).content
        facts = verify_signature(text, self.signature.content, self.key.content, at.now)
        if self.attested_by is None and not self._is_confirmed(facts.key, at):
            why = "is missing: who knows that this key is the signer's, who has confirmed no such key?"
            raise Malformed("person who attests", "", why, "attested_by")
        self._check_new(self.attested_by, self.signature, at)
        signed_on = at.office.day(facts.signed_at)
        self._check(signed_on, self.attested_by, at)
        subject = f"request:{self.request}"
        signature = at.filed(AgreementSigned, subject, self.signature)
        key = at.filed(AgreementSigned, subject, self.key)
        signed = AgreementSigned(
            agreement=self.agreement,
            request=self.request,
            text=issued.text,
            signer=self.signer,
            capacity=self.capacity,
            organisation=self.organisation,
            on=signed_on,
            evidence="openpgp",
            document=signature,
            key=key,
            attested_by=self.attested_by,
            **at.sealed(AgreementSigned, subject, {"fingerprint": facts.key}),
        )
        return at.reports(signed, documents=[signature, key])

    def cautions(self, at: Drafting) -> Sequence[str]:
        """That nothing but somebody's word says that the key is the signer's: no user id has their address."""
        facts = examine_key(self.key.content, at.now)
        if self._is_confirmed(facts.fingerprint, at) or address_of(self.signer, at) in addresses_in(facts):
            return ()
        return ["no user id of this key has the signer's address: only who attests it says that it is theirs"]

    def _is_confirmed(self, fingerprint: str, at: Drafting) -> bool:
        keys = at.request(self.request).contact.keys.values()
        return any(
            at.custody.unseal(key.filed.event.fingerprint) == fingerprint
            for key in keys
            if key.filed.event.person == self.signer and key.confirmed and not key.rejected
        )


class SignOnPaper(_Signing, frozen=True, kw_only=True):
    """Somebody signed in ink or by an e-signature, as this document shows; somebody attests that it is this text."""

    on: date
    document: Document
    text: Document
    attested_by: str
    evidence: Evidence = "scan"

    def draft(self, at: Drafting) -> Wish:
        """A report."""
        issued = self._issued(at)
        if sha256(self.text.content).digest() != sha256(at.kept(issued.text).content).digest():
            raise Malformed("text", self.text.name, f"is not the text of agreement {self.agreement} as it was issued")
        self._check_new(self.attested_by, self.document, at)
        self._check(self.on, self.attested_by, at)
        filed = at.filed(AgreementSigned, f"request:{self.request}", self.document)
        signed = AgreementSigned(
            agreement=self.agreement,
            request=self.request,
            text=issued.text,
            signer=self.signer,
            capacity=self.capacity,
            organisation=self.organisation,
            on=self.on,
            evidence=self.evidence,
            document=filed,
            attested_by=self.attested_by,
        )
        return at.reports(signed, documents=[filed])


class Execute(Command, frozen=True, kw_only=True):
    """Put an agreement that everybody has signed in force: from today for as long as policy has it, if not said."""

    request: str
    agreement: str
    starts: date | None = None
    ends: date | None = None

    def draft(self, at: Drafting) -> Wish:
        """An act."""
        at.request(self.request)
        office = at.office
        starts = self.starts or office.day(at.now)
        act = ExecuteAgreement(
            principal=at.principal,
            request=self.request,
            agreement=self.agreement,
            starts=starts,
            ends=self.ends or months_after(starts, office.policy.event.agreement_months),
        )
        return Acting(act, AgreementExecuted)


class Terminate(Command, frozen=True, kw_only=True):
    """An agreement ended before its time; on that day it is no longer in force."""

    request: str
    agreement: str
    on: date
    reason: str | None = None

    def draft(self, at: Drafting) -> Wish:
        """A report."""
        known = at.request(self.request).agreement(self.agreement)
        if known.terminated and known.terminated.event.on <= self.on:
            said = known.terminated
            why = f"is terminated on {said.event.on} already, as entry {said.position} says"
            raise Malformed("agreement", self.agreement, why)
        if known.executed and self.on < known.executed.event.starts:
            raise Malformed("date", str(self.on), f"is before it is in force, on {known.executed.event.starts}")
        sealed = at.sealed(AgreementTerminated, f"request:{self.request}", {"reason": self.reason})
        return at.reports(AgreementTerminated(request=self.request, agreement=self.agreement, on=self.on, **sealed))


def _takes_part(request: RequestStanding) -> set[str | None]:
    submitted = request.submitted
    return {*request.study_group, submitted and submitted.event.researcher}


def _check_open(agreement: str, known: AgreementStanding) -> None:
    if known.executed or known.terminated:
        raise Malformed("agreement", agreement, "is executed, or has ended, and nobody signs it any more")
