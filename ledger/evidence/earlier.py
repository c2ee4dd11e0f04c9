"""Logs that are carried on under another origin, and whether the later one is what it says of the earlier.

The first entry of a log that carries on another commits to that one's origin, size and root. Each entry from the second
up to that size is the earlier one's at the same position, but for the leaf that it names: time, tags, type and payload
are the same. The earlier log lies beside, in the file `earlier/<number>`, the oldest in the first.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from hmac import compare_digest
from itertools import count
from pathlib import Path
from typing import IO

import msgspec

from ledger.chain.entry import NO_LEAF, Entry, parse_entry, read_entry
from ledger.chain.merkle import completed_by, root_of
from ledger.codec import Codec
from ledger.custody.files import named_os_errors
from ledger.errors import Malformed, Unreachable
from ledger.events import LedgerOpened
from ledger.events.opening import Continued
from ledger.evidence.report import Finding, Report, altered, unverified
from ledger.evidence.stream import unpacked
from ledger.storage import Store

EARLIER = "earlier"

_CHUNK_BYTES = 256 * 1024
_NUMBER = re.compile(r"[1-9][0-9]{0,3}")

Entries = Callable[[], Iterator[Entry]]


def earlier_logs(path: Path) -> list[Path]:
    """The files of the logs that the one in a home carries on, the oldest first. Raises `Malformed` for a gap."""
    folder = path / EARLIER
    with named_os_errors(folder):
        found = {file.name for file in folder.iterdir() if _NUMBER.fullmatch(file.name)} if folder.is_dir() else set()
    names = [str(number) for number in range(1, len(found) + 1)]
    if set(names) != found:
        raise Malformed("earlier logs", ", ".join(sorted(found)), "are not numbered from 1 on")
    return [folder / name for name in names]


def entries_in(file: Path) -> Iterator[Entry]:
    """The entries of an earlier log, parsed and not yet checked. Raises `Malformed` or `Unreachable`."""
    with named_os_errors(file), file.open("rb") as opened:
        yield from map(read_entry, unpacked(_chunks(opened)))


def with_earlier(report: Report, store: Store, path: Path) -> Report:
    """The report with what is wrong with the logs that the one in a home carries on."""
    try:
        files = earlier_logs(path)
        found = list(_found(store, files))
    except Malformed as error:
        found = [altered(None, f"an earlier log cannot be read: {error}")]
    except Unreachable as error:
        found = [unverified(None, f"an earlier log cannot be read: {error}")]
    return msgspec.structs.replace(report, findings=(*report.findings, *found))


def _found(store: Store, files: Sequence[Path]) -> Iterator[Finding]:
    later: Entries = partial(_entries_of, store)
    for number in count(len(files), -1):
        continued = _continued(later)
        if continued is None:
            if number:
                yield altered(None, f"{files[number - 1]} lies there, and no log carries it on")
            return
        if not number:
            yield unverified(1, f"carries on {continued.origin}, which is not here: {EARLIER}/1 is missing")
            return
        file = files[number - 1]
        yield from _compared(continued, file, later)
        later = partial(entries_in, file)


def _entries_of(store: Store) -> Iterator[Entry]:
    for _, _, raw in store.rows(0, store.length()):
        yield parse_entry(raw)


def _continued(log: Entries) -> Continued | None:
    first = next(log(), None)
    event = None if first is None else Codec().decode(first).event
    return event.continues if isinstance(event, LedgerOpened) else None


def _compared(continued: Continued, file: Path, later: Entries) -> Iterator[Finding]:
    """What is wrong with an earlier log, and with what the later one has of it."""
    size, leaf = 0, NO_LEAF
    peaks: dict[int, bytes] = {}

    def left(level: int, _: int) -> bytes:
        return peaks[level]

    theirs = later()
    for size, entry in enumerate(entries_in(file), 1):
        if (entry.position, entry.header.prev) != (size, leaf.hex()):
            yield altered(size, f"{file}: the entry does not follow the one before")
            return
        leaf = entry.leaf
        peaks.update(enumerate(completed_by(size, leaf, left)))
        carried = next(theirs, None)
        if size > 1 and (carried is None or not _is_carried(entry, carried)):
            yield altered(size, f"is not what it was in {continued.origin}, from which it was carried over")
    if size != continued.size or not compare_digest(root_of(size, left).hex(), continued.root):
        yield altered(1, f"{file} is not the log of {continued.size:,} entries that this one commits to")


def _is_carried(entry: Entry, carried: Entry) -> bool:
    before, after = entry.header, carried.header
    return (before.position, before.recorded_at, before.tags, before.type, entry.payload) == (
        after.position,
        after.recorded_at,
        after.tags,
        after.type,
        carried.payload,
    )


def _chunks(file: IO[bytes]) -> Iterable[bytes]:
    while chunk := file.read(_CHUNK_BYTES):
        yield chunk
