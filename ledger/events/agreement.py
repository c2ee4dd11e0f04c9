"""Agreements: what recipients bind themselves to, and who signed it (C2)."""

from typing import Literal

import msgspec

from ledger.events.catalogue import Form
from ledger.events.event import Event
from ledger.events.ids import (
    AgreementId,
    Cited,
    DataSetId,
    Date,
    Filed,
    Name,
    OrganisationId,
    PersonId,
    RequestId,
    Sealed,
    WaiverId,
)

# The memorandum for people of the home institution, the data use agreement for others; a policy gives them their names.
Kind = Literal["MOU", "DUA"]
Capacity = Literal["researcher", "office", "authorised official", "home signatory"]
Evidence = Literal["openpgp", "scan", "e-signature"]


class Recipient(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A person who is named in an agreement, and for which organisation; None is the home institution."""

    person: PersonId
    organisation: OrganisationId | None


class Covered(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A data set, in a form, that an agreement is about."""

    dataset: DataSetId
    form: Form


class AgreementIssued(Event, name="agreement.issued", version=1, sealed_for="request"):
    """The office wrote an agreement, from a template that somebody had approved, and sent exactly this text out.

    Data go to these recipients and to nobody else (K1). `otherwise` says why it names people for whom the other kind
    would be usual; it is None when it names none.
    """

    agreement: AgreementId
    request: RequestId
    kind: Kind
    template: Name
    template_approved_by: PersonId
    text: Filed
    recipients: tuple[Recipient, ...]
    datasets: tuple[Covered, ...]
    otherwise: Sealed | None = None


class AmendmentIssued(AgreementIssued, name="amendment.issued", version=1, sealed_for="request", kw_only=True):
    """The office wrote an amendment of an agreement, and sent exactly this text out to be signed.

    It says in full whom and what is agreed from the day on which it is in force, and takes the place of what it amends
    then; one that stands `beside` it, an addendum, only adds to it.
    """

    amends: AgreementId
    beside: bool = False


class AgreementSigned(Event, name="agreement.signed", version=1, sealed_for="request"):
    """Somebody signed an agreement: exactly this text.

    An OpenPGP signature was checked, with its key, over the text. Of a scan or an e-signature somebody attests that it
    shows this text. An authorised official signs for an organisation.
    """

    agreement: AgreementId
    request: RequestId
    text: Cited
    signer: PersonId
    capacity: Capacity
    organisation: OrganisationId | None
    on: Date
    evidence: Evidence
    document: Filed
    key: Filed | None = None
    fingerprint: Sealed | None = None
    attested_by: PersonId | None = None


class AgreementExecuted(Event, name="agreement.executed", version=1, sealed_for="request"):
    """An agreement that everybody had signed was put in force, from one day to another, both included."""

    agreement: AgreementId
    request: RequestId
    starts: Date
    ends: Date
    waivers: tuple[WaiverId, ...] = ()


class AgreementRenewed(Event, name="agreement.renewed", version=1, sealed_for="request"):
    """An agreement in force was prolonged to a later day, included, on a report of what the data were used for."""

    agreement: AgreementId
    request: RequestId
    ends: Date
    report: Filed
    waivers: tuple[WaiverId, ...] = ()


class AgreementExpired(Event, name="agreement.expired", version=1, sealed_for="request"):
    """An agreement ran out, because nobody had renewed it: from that day on it is no longer in force."""

    agreement: AgreementId
    request: RequestId
    on: Date


class AgreementTerminated(Event, name="agreement.terminated", version=1, sealed_for="request"):
    """An agreement ended before its time; on that day it is no longer in force."""

    agreement: AgreementId
    request: RequestId
    on: Date
    reason: Sealed | None = None
