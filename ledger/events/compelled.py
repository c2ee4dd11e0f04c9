"""Disclosures that the law compelled, which belong to the record of disclosures (34 CFR 99.31(a)(9), 99.32)."""

from typing import Literal

from ledger.events.event import Event
from ledger.events.ids import DataSetId, Date, Filed, Sealed, Size

Instrument = Literal["subpoena", "court order", "search warrant", "statute", "other"]


class DisclosureCompelled(Event, name="disclosure.compelled", version=1, sealed_for="dataset"):
    """Data were disclosed because an instrument of the law compelled it.

    `to` is who got them, `scope` what of them, `counsel` who was consulted before and what they said. Those concerned
    were given notice on a day, or else `no_notice` says why not. `learners` is None when nobody counted. Further data
    sets stand in `also`.
    """

    instrument: Instrument
    on: Date
    dataset: DataSetId
    to: Sealed
    scope: Sealed
    counsel: Sealed
    document: Filed
    notice_on: Date | None = None
    no_notice: Sealed | None = None
    learners: Size | None = None
    also: tuple[DataSetId, ...] = ()
