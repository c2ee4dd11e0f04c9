"""What can go wrong with a backup; `ledger.backup` draws the tree."""

from datetime import date
from pathlib import Path

from ledger.errors import Damaged, LedgerError, NotALedger


class NotABackup(NotALedger):
    """A file that is no backup of this kind."""


class BackupAltered(Damaged):
    """A backup that is not as it was written, or was cut off."""


class Lapsed(LedgerError):
    """A backup of keys whose last day is over: what was erased since may be in it, and was to be gone by now."""

    def __init__(self, path: Path, kept_until: date) -> None:
        self.path, self.kept_until = path, kept_until
        super().__init__(f"{path} was to be kept until {kept_until}, and opens nothing any more: destroy it")
