"""Commands about the keys that sign for the log."""

from api.commands.command import Command, Drafting, Wish
from ledger.errors import Malformed
from ledger.events import LogKeyRetired, LogKeyRotated
from ledger.evidence.logkeys import checked_log_key, good_for, log_key, log_keys


class RotateLogKey(Command, frozen=True, kw_only=True):
    """Another key signs checkpoints too from now on; `vkey` is its verifier key."""

    vkey: str

    def draft(self, at: Drafting) -> Wish:
        """A report."""
        key = checked_log_key(self.vkey, log_key(at.ledger.store).name)
        if any(known.public == key.public for known in log_keys(at.ledger.store)):
            raise Malformed("log key", self.vkey, "is one of the log's keys, or was")
        return at.reports(LogKeyRotated(log_key=self.vkey))


class RetireLogKey(Command, frozen=True, kw_only=True):
    """A key signs no checkpoint from now on."""

    vkey: str

    def draft(self, at: Drafting) -> Wish:
        """A report."""
        store = at.ledger.store
        key = checked_log_key(self.vkey, log_key(store).name)
        signing = [one.public for one in good_for(store.length() + 1, log_keys(store))]
        if key.public not in signing:
            raise Malformed("log key", self.vkey, "does not sign for this log")
        if len(signing) == 1:
            raise Malformed("log key", self.vkey, "is the only one that signs: `rotate-key` first")
        return at.reports(LogKeyRetired(log_key=self.vkey))
