"""A process, fed and heard as either side is ready: in one thread, so nothing can lock up."""

import os
import selectors
import subprocess
from collections.abc import Callable, Iterable

from ledger.openpgp.errors import GnuPGFailed
from ledger.openpgp.package import CHUNK_BYTES

# How long gpg may neither take nor give anything. A compressed packet of a few kilobytes can keep it busy for hours.
PATIENCE_SECONDS = 60.0


class _Input:
    """What gpg is fed, and how far it has got."""

    def __init__(self, feed: Iterable[bytes]) -> None:
        self._chunks, self._rest = iter(feed), memoryview(b"")

    def give(self, descriptor: int) -> bool:
        """Hand over as much as is taken at once; False when there is no more, or nobody who takes it."""
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return False
            self._rest = memoryview(chunk)
        try:
            self._rest = self._rest[os.write(descriptor, self._rest) :]
        except BrokenPipeError:
            # gpg ends early when it has seen enough, or too much: what it says tells which.
            return False
        return True


def converse(
    task: str,
    process: "subprocess.Popen[bytes]",
    feed: Iterable[bytes],
    sink: Callable[[bytes], object],
) -> None:
    """Give a process its input, and take its output. Raises `GnuPGFailed` when nothing goes on for too long."""
    stdin, stdout, given = process.stdin, process.stdout, _Input(feed)
    if stdin is None or stdout is None:
        raise ValueError("the process has no pipes")
    os.set_blocking(stdin.fileno(), False)
    with selectors.DefaultSelector() as ready:
        ready.register(stdin, selectors.EVENT_WRITE)
        ready.register(stdout, selectors.EVENT_READ)
        while ready.get_map():
            events = ready.select(PATIENCE_SECONDS)
            if not events:
                raise GnuPGFailed(task, f"has neither taken nor given anything for {PATIENCE_SECONDS:g} seconds")
            for event, _ in events:
                if event.fileobj is stdin:
                    if not given.give(event.fd):
                        ready.unregister(stdin)
                        stdin.close()
                elif chunk := os.read(event.fd, CHUNK_BYTES):
                    sink(chunk)
                else:
                    ready.unregister(stdout)


def end(process: "subprocess.Popen[bytes] | None") -> None:
    """Nothing is left of a process afterwards."""
    if process is None:
        return
    process.kill()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
    process.wait()
