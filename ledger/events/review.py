"""Review: what the office and counsel determined on a request."""

from typing import Literal

import msgspec

from ledger.events.catalogue import Form
from ledger.events.event import Event
from ledger.events.ids import DataSetId, RequestId, Sealed

LegalBasis = Literal[
    "34 CFR 99.31(a)(1)(i)",
    "34 CFR 99.31(a)(6)",
    "34 CFR 99.30",
    "34 CFR 99.31(b)",
]
RecipientClass = Literal["home", "outside"]


class Basis(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """On which legal basis a data set in a form may be disclosed to a class of recipients."""

    dataset: DataSetId
    form: Form
    recipients: RecipientClass
    basis: LegalBasis


class LawDetermined(Event, name="law.determined", version=1, sealed_for="request"):
    """The office determined whether the disclosure is consistent with the law, and on which bases."""

    request: RequestId
    consistent: bool
    bases: tuple[Basis, ...]
    counsel_note: Sealed | None = None


class RequestApproved(Event, name="request.approved", version=1, sealed_for="request"):
    """The office approved a request, with conditions if there are any."""

    request: RequestId
    conditions: Sealed | None = None


class RequestDeclined(Event, name="request.declined", version=1, sealed_for="request"):
    """The office declined a request."""

    request: RequestId
    reason: Sealed
