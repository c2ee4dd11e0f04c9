"""Holdings: copies that were passed on, and what became of what was held."""

import msgspec

from ledger.events.event import Event
from ledger.events.ids import AttestationId, Count, DataSetId, Date, Name, PersonId, RequestId, Sealed


class Held(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A version of a data set that somebody holds, or held."""

    person: PersonId
    dataset: DataSetId
    label: Name


class CopyReported(Event, name="copy.reported", version=1, sealed_for="request"):
    """A copy of a version was passed on under a request: by whom, to whom, where it lies, since when.

    `by` is None when nobody says who passed it on; `person` is None when nobody knows who got it, and then `account`
    is all that is known of them.
    """

    request: RequestId
    dataset: DataSetId
    label: Name
    by: PersonId | None
    person: PersonId | None
    since: Date
    place: Sealed | None = None
    account: Sealed | None = None


class CopiesDeclared(Event, name="copies.declared", version=1, sealed_for="request"):
    """The group of a request said that all copies of what it had received until then are reported.

    From then on nobody is presumed to hold one of them.
    """

    request: RequestId
    by: PersonId


class DestructionAttested(Event, name="destruction.attested", version=1, sealed_for="request"):
    """Somebody attested that these holdings are destroyed, on which media, by which method, and how many copies.

    `exceptions` says what of them is left; None when nothing is.
    """

    attestation: AttestationId
    request: RequestId
    by: PersonId
    on: Date
    holdings: tuple[Held, ...]
    copies: Count
    media: Sealed
    method: Sealed
    exceptions: Sealed | None = None


class DestructionAccepted(Event, name="destruction.accepted", version=1, sealed_for="request"):
    """The office accepted an attestation: these holdings are no more.

    `reason` says why it did so in spite of an exception.
    """

    attestation: AttestationId
    request: RequestId
    holdings: tuple[Held, ...]
    reason: Sealed | None = None


class HoldingWrittenOff(Event, name="holding.written-off", version=1, sealed_for="request"):
    """The director gave up to see a holding destroyed, for a reason; that stays a finding for ever."""

    request: RequestId
    person: PersonId
    dataset: DataSetId
    label: Name
    reason: Sealed
