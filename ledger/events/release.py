"""Releases: what was authorised, packed, handed over, and received."""

from typing import Literal

import msgspec

from ledger.events.catalogue import Form
from ledger.events.event import Event
from ledger.events.ids import (
    AgreementId,
    Channel,
    DataSetId,
    Date,
    Digest,
    KeyId,
    Name,
    OrganisationId,
    PersonId,
    ReleaseId,
    RequestId,
    Sealed,
    Size,
    WaiverId,
)
from ledger.events.review import Basis


class Version(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A version of a data set, in the form that it had when it was released."""

    dataset: DataSetId
    label: Name
    form: Form


class Party(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody to whom data are disclosed, for which organisation (None is the home institution), under what."""

    person: PersonId
    organisation: OrganisationId | None
    agreement: AgreementId


class Packed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file in a package: a version of a data set, byte for byte."""

    dataset: DataSetId
    label: Name
    size: Size
    digest: Digest


class Package(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was packed, its size and SHA-256 before and after it was encrypted."""

    files: tuple[Packed, ...]
    plain_size: Size
    plain_sha256: Digest
    cipher_size: Size
    cipher_sha256: Digest


class ReleaseAuthorised(Event, name="release.authorised", version=1, sealed_for="request"):
    """The office authorised a release: these versions, to these parties, on these bases, by way of the contact.

    That is the record of a disclosure (34 CFR 99.32), together with what was handed over.
    """

    release: ReleaseId
    request: RequestId
    contact: PersonId
    key: KeyId
    channel: Channel
    versions: tuple[Version, ...]
    parties: tuple[Party, ...]
    bases: tuple[Basis, ...]
    waivers: tuple[WaiverId, ...] = ()


class ReleaseHandedOver(Event, name="release.handed-over", version=1, sealed_for="request"):
    """A package, encrypted for the contact's key alone, was handed over to the channel.

    `key_ids` are those that were read back from the encrypted package. `learners` is how many learners it is about,
    None when nobody counted.
    """

    release: ReleaseId
    request: RequestId
    contact: PersonId
    key: KeyId
    channel: Channel
    package: Package
    key_ids: Sealed
    extracted_by: PersonId
    learners: Size | None
    waivers: tuple[WaiverId, ...] = ()


class ReleaseFailed(Event, name="release.failed", version=1, sealed_for="request"):
    """A release came to nothing: its package was not made, not handed over, or never arrived."""

    release: ReleaseId
    request: RequestId
    stage: Literal["packing", "handing over", "delivery"]
    reason: Sealed | None = None


class ReleaseReceived(Event, name="release.received", version=1, sealed_for="request"):
    """The contact confirmed to have received and decrypted a package."""

    release: ReleaseId
    request: RequestId
    contact: PersonId
    on: Date
