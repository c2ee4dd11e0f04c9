"""Files that others read while they are replaced: they see the old content or the new one, and no third."""

import os
from pathlib import Path

from ledger.files import named_os_errors


def replace_file(path: Path, content: bytes, mode: int) -> None:
    """Give the file at `path` this content, at one instant. It need not be on disk yet: `sync_file` waits for that.

    One process at a time may replace a file. Raises `Unreachable` or `StoreFull`.
    """
    draft = path.with_name(draft_name(path.name))
    with named_os_errors(path):
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        draft.replace(path)


def draft_name(name: str) -> str:
    """What a file is called beside the one that it is to replace."""
    return f".{name}.draft"


def sync_file(path: Path) -> None:
    """Wait until what is in the file is on disk."""
    with named_os_errors(path):
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
