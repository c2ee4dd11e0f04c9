"""Which keys sign for the log. A change holds from the size on that its own entry gives the log."""

from ledger.events.event import Event
from ledger.events.ids import Name


class LogKeyRotated(Event, name="log-key.rotated", version=1):
    """Another key signs checkpoints too, beside those that do already; as opening the ledger says, by its vkey."""

    log_key: Name


class LogKeyRetired(Event, name="log-key.retired", version=1):
    """A key signs no checkpoint any more."""

    log_key: Name
