"""How a ledger begins."""

from ledger.events.event import Event
from ledger.events.ids import Name


class LedgerOpened(Event, name="ledger.opened", version=1):
    """A ledger was opened under this origin; its checkpoints are signed by this key. Always entry 1."""

    origin: Name
    log_key: Name
