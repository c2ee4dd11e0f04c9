"""The past: what a register says that was kept before this ledger. Nobody decided any of it here."""

from typing import Annotated, Literal

from msgspec import Meta

from ledger.events.event import Event
from ledger.events.ids import (
    END,
    DataSetId,
    Date,
    Digest,
    Name,
    OrganisationId,
    PersonId,
    RegisterId,
    Size,
    Title,
)

PastForm = Literal["identified", "de-identified", "aggregated"]
# Access to a system is no transfer: nobody holds anything by it.
Provided = Literal["transfer", "repeated transfer", "system access"]
Dated = Literal["day", "month", "not-later-than"]
# What a row of a register is known again by, which tells nobody what stands in the row.
RowMark = Annotated[str, Meta(pattern="^[0-9a-f]{32}" + END)]


class PastDataSetRecorded(Event, name="past-dataset.recorded", version=1):
    """A register names a type of data under which data were released in the past; it is on no offer here."""

    dataset: DataSetId
    title: Title
    register: RegisterId


class PastReleaseRecorded(Event, name="past-release.recorded", version=1):
    """A register says that an organisation was given data, before this ledger was kept.

    What the register doesn't say is None. `on` is the day, the first day of the month, or the day not later than which
    it was, as `dated` says. `reference` is what the register calls the release.
    """

    register: RegisterId
    row: RowMark
    reference: Name | None
    organisation: OrganisationId
    person: PersonId | None
    dataset: DataSetId
    form: PastForm
    agreement: Name | None
    agreement_version: Name | None
    basis: Name | None
    provided: Provided
    on: Date
    dated: Dated


class PastRegisterTakenIn(Event, name="past-register.taken-in", version=1):
    """A file with a register was read to its end; so many of its rows stand here, the others could not be taken.

    `file` and `map` are the SHA-256 of the register, and of what says how its columns are read.
    """

    register: RegisterId
    file: Digest
    map: Digest
    taken: Size
    left_out: Size
