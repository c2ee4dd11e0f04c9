"""What is made whole or not at all, also when somebody presses Ctrl-C meanwhile or tells the program to end."""

import os
import signal
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from tempfile import mkstemp

from ledger.errors import AlreadyThere, LedgerError
from ledger.files import named_os_errors, sync_folder

_INTERRUPTING = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}


class Draft:
    """The file that becomes the package, beside the place where it will be."""

    def __init__(self, descriptor: int, path: str) -> None:
        self.path, self._descriptor, self._open = Path(path), descriptor, True
        self.size, self.digest = 0, sha256()

    def write(self, chunk: bytes) -> None:
        """Write a chunk."""
        self.size += len(chunk)
        self.digest.update(chunk)
        rest = memoryview(chunk)
        with named_os_errors(self.path):
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]

    def put(self, target: Path) -> None:
        """Have it at its place too, durably."""
        os.fsync(self._descriptor)
        # A link, unlike a rename, never takes the place of what is there.
        os.link(self.path, target)
        try:
            sync_folder(target.parent)
        except LedgerError:
            target.unlink()
            raise

    def remove(self) -> None:
        """Leave nothing of it at its first place, the first time that this is asked."""
        if self._open:
            os.close(self._descriptor)
            self._open = False
            self.path.unlink(missing_ok=True)


@contextmanager
def draft_of(target: Path) -> Iterator[Draft]:
    """A new file that takes its place when the block ends well, and is removed when it doesn't."""
    with named_os_errors(target):
        if os.path.lexists(target):
            raise AlreadyThere(target)
    draft = None
    try:
        with undisturbed(), named_os_errors(target):
            draft = Draft(*mkstemp(prefix=".dua-ledger-", suffix=".part", dir=target.parent))  # with mode 0600
        yield draft
        with undisturbed(), named_os_errors(target):
            draft.put(target)
            draft.remove()
    finally:
        with undisturbed():
            if draft is not None:
                draft.remove()


@contextmanager
def undisturbed(by: Collection[signal.Signals] = _INTERRUPTING) -> Iterator[None]:
    """Hold back what interrupts while something is made or removed, so that nothing is made and forgotten."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    try:
        # A signal that came just before is told of here, when it is held back already.
        signal.pthread_sigmask(signal.SIG_BLOCK, by)
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
