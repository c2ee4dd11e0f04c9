"""Entries as a stream of bytes, each behind its length in 2 bytes, big-endian, as in a tile of entries."""

from collections.abc import Iterable, Iterator
from itertools import islice

from ledger.errors import Malformed

# So many entries stand in one piece, and are held in memory while it is written.
PART = 4096

_LENGTH_BYTES = 2


def packed(entries: Iterable[bytes]) -> Iterator[bytes]:
    """Entries behind their lengths, in pieces of so many."""
    remaining = iter(entries)
    while some := list(islice(remaining, PART)):
        yield b"".join(len(entry).to_bytes(_LENGTH_BYTES) + entry for entry in some)


def unpacked(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The entries in a stream of bytes. Raises `Malformed` when the last one was cut off."""
    pending = b""
    for chunk in chunks:
        pending += chunk
        at = 0
        while len(pending) - at >= _LENGTH_BYTES:
            end = at + _LENGTH_BYTES + int.from_bytes(pending[at : at + _LENGTH_BYTES])
            if end > len(pending):
                break
            yield pending[at + _LENGTH_BYTES : end]
            at = end
        pending = pending[at:]
    if pending:
        raise Malformed("entries", pending[:20], "end within one")
