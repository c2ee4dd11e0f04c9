"""How a ledger begins."""

import msgspec

from ledger.events.event import Event
from ledger.events.ids import Digest, Name, Position


class Continued(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A log that is carried on under another origin: how many entries it had when it was put back, and their root.

    `signed` is how many it is known to have signed; what lies between the two is lost. None when nobody could say.
    """

    origin: Name
    size: Position
    root: Digest
    signed: Position | None


class LedgerOpenedV1(Event, name="ledger.opened", version=1):
    """A ledger was opened under this origin; its checkpoints are signed by this key. Always entry 1."""

    origin: Name
    log_key: Name

    def upcast(self) -> "LedgerOpened":
        """It began with nothing before it."""
        return LedgerOpened(origin=self.origin, log_key=self.log_key)


class LedgerOpened(Event, name="ledger.opened", version=2):
    """A ledger was opened under this origin; its checkpoints are signed by this key. Always entry 1.

    Where it carries on another log, that one's entries from the second on stand in it at the same positions.
    """

    origin: Name
    log_key: Name
    continues: Continued | None = None
