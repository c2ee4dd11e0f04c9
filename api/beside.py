"""Signing beside whoever appends batch after batch: another process signs what is there while more is appended.

That process is only there so that nobody waits. Whatever it did not come to, or could not do, is made up for at the end
by whoever began it, who then says what is not signed, and why.

    python -m api.beside HOME       signs now and then while something comes on standard input, until that ends
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from select import select
from time import monotonic
from typing import Self

from api.signing import signed_up
from ledger.chain.entry import Entry
from ledger.errors import LedgerError
from ledger.home import Home, open_notary

# To begin a process takes as long as to sign so many entries.
WORTH = 20_000
# Each signature waits for the disk, and has whoever appends wait for it: so many seconds are between two.
PAUSE = 0.25


class Beside:
    """Signs what is appended to a home; it is told of each batch, and begins the process once there is much to sign.

    `worth` is how many entries that takes.
    """

    def __init__(self, home: Home, worth: int = WORTH) -> None:
        self._home, self._worth, self._entries = home, worth, 0
        self._signer: _Signer | None = None
        # What was appended last, as far as it was told.
        self.last: Entry | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._end()

    def appended(self, entries: Sequence[Entry]) -> None:
        """Have these signed soon."""
        self._entries += len(entries)
        self.last = entries[-1] if entries else self.last
        if self._signer is None and self._entries > self._worth:
            # Where there can be no process, all is signed in the end.
            with suppress(OSError):
                self._signer = _Signer(self._home.path)
        if self._signer is not None:
            self._signer.tell()

    def signed(self) -> tuple[str, ...]:
        """Have all that was appended signed and published, told or not; gives why not, if that cannot be."""
        self._end()
        return signed_up(self._home.notary)

    def _end(self) -> None:
        if self._signer is not None:
            self._signer.end()
            self._signer = None


class _Signer:
    """The process."""

    def __init__(self, path: Path) -> None:
        # An interruption is for whoever began it, and the folder that one happens to be in has no part in it.
        words = [sys.executable, "-P", "-m", "api.beside", str(path)]
        hears, self._tells = os.pipe()
        try:
            self.process = subprocess.Popen(words, stdin=hears, stdout=subprocess.DEVNULL, start_new_session=True)
        except BaseException:
            os.close(self._tells)
            raise
        finally:
            os.close(hears)
        os.set_blocking(self._tells, False)

    def tell(self) -> None:
        """Say that there is something to sign."""
        # Who has not taken in yet what was said before will sign for this, too. Who has ended is made up for.
        with suppress(BlockingIOError, BrokenPipeError):
            os.write(self._tells, b"\n")

    def end(self) -> None:
        """Wait until it has signed what it was told of."""
        os.close(self._tells)
        self.process.wait()


def main(path: Path) -> None:
    """Sign now and then while something comes on standard input, until that ends or it cannot be."""
    # Whoever began it finds the same, and says so.
    with suppress(LedgerError), open_notary(path) as notary:
        while _told_for(PAUSE):
            notary.sign()
        notary.sign()


def _told_for(seconds: float) -> bool:
    """Take in what is said on standard input for so long, once something is; whether it goes on."""
    told = os.read(sys.stdin.fileno(), 65_536)
    until = monotonic() + seconds
    while told and select([sys.stdin], [], [], max(0.0, until - monotonic()))[0]:
        told = os.read(sys.stdin.fileno(), 65_536)
    return bool(told)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
    # Whoever waits until all is signed need not wait until Python has put away everything that it had out.
    os._exit(0)
