"""Every event, declared once, in a file for each stage of the life of a request.

Nothing in here decides, reads or writes. `DECLARED` is the allow-list: what is not on it is not an event of ours.
A wire name that stands in a released version is never edited, and its event never removed.
"""

from ledger.events.catalogue import DataSetRegistered, DataSetVersionAdded
from ledger.events.event import Event
from ledger.events.opening import LedgerOpened
from ledger.events.people import PersonErased, PersonRegistered
from ledger.events.request import RequestSubmitted

__all__ = [
    "DECLARED",
    "DataSetRegistered",
    "DataSetVersionAdded",
    "Event",
    "LedgerOpened",
    "PersonErased",
    "PersonRegistered",
    "RequestSubmitted",
]

DECLARED: tuple[type[Event], ...] = (
    LedgerOpened,
    PersonRegistered,
    PersonErased,
    DataSetRegistered,
    DataSetVersionAdded,
    RequestSubmitted,
)
