"""Until when backups of a key store are kept: a line for each in `keys/backups`.

    <made at> <day on which the last one is gone of all that had been made by then>

A home that is restored with one of them begins with its line.
"""

import os
from datetime import date
from pathlib import Path

from ledger.backup.manifest import KeysManifest
from ledger.errors import Malformed
from ledger.files import named_os_errors, sync_folder
from ledger.home import KEYS

BACKUPS = "backups"


def note_copy(path: Path, manifest: KeysManifest) -> None:
    """Have a home know of a backup of its key store, on disk when this returns."""
    file = path / KEYS / BACKUPS
    with named_os_errors(file):
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            os.write(descriptor, f"{manifest.made_at} {manifest.last_copy_lapses}\n".encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    sync_folder(file.parent)


def last_copy_lapses(path: Path) -> date | None:
    """The day on which the last backup of the key store is gone; None when none was noted. Raises `Malformed`."""
    file = path / KEYS / BACKUPS
    with named_os_errors(file):
        lines = file.read_text().splitlines() if file.is_file() else []
    try:
        return max((date.fromisoformat(line.split()[1]) for line in lines), default=None)
    except (ValueError, IndexError) as error:
        raise Malformed("list of backups", str(file), "has a line that is not `<made at> <day>`") from error
