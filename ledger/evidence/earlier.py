"""Logs that are carried on under another origin, and whether the later one is what it says of the earlier.

The first entry of a log that carries on another commits to that one's origin, size and root. Each entry from the second
up to that size is the earlier one's at the same position, but for the leaf that it names: time, tags, type and payload
are the same. The earlier log lies beside, in the file `earlier/<number>`, the oldest in the first.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from hmac import compare_digest
from itertools import count, islice
from pathlib import Path

import msgspec

from ledger.chain.checkpoint import open_checkpoint
from ledger.chain.entry import NO_LEAF, Entry, parse_entry, read_entry
from ledger.chain.merkle import completed_by, root_of
from ledger.chain.note import VerifierKey, parse_vkey
from ledger.codec import Codec
from ledger.errors import Malformed, SignatureFailed, UnknownKey, Unreachable
from ledger.events import LedgerOpened
from ledger.events.opening import Continued
from ledger.evidence.checkpoints import Given
from ledger.evidence.logkeys import CHANGES, keys_told
from ledger.evidence.report import Finding, Report, Verdict, altered, unverified
from ledger.evidence.stream import unpacked
from ledger.files import chunks_of, named_os_errors
from ledger.storage import Store

EARLIER = "earlier"

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
        yield from map(read_entry, unpacked(chunks_of(opened)))


def with_earlier(
    report: Report, store: Store, path: Path, given: Sequence[Given] = (), keys: Sequence[VerifierKey] = ()
) -> Report:
    """The report with what is wrong with the logs that the one in a home carries on.

    Checkpoints that are `given` are held against the one of their origin; only `keys` of its name are trusted, and
    those that follow them, or where there are none the keys that it names for itself.
    """
    try:
        files = earlier_logs(path)
        found = [*_found(store, files), *(finding for file in files for finding in _unlike(file, given, keys))]
    except Malformed as error:
        found = [altered(None, f"an earlier log cannot be read: {error}")]
    except Unreachable as error:
        found = [unverified(None, f"an earlier log cannot be read: {error}")]
    return msgspec.structs.replace(report, findings=(*report.findings, *found))


def origins_of(path: Path) -> set[str]:
    """The origins of the logs that the one in a home carries on, as far as they can be read."""
    try:
        return {log_key_in(file).name for file in earlier_logs(path)}
    except (Malformed, Unreachable):
        return set()


def log_key_in(file: Path) -> VerifierKey:
    """The key that signed first for an earlier log. Raises `Malformed` or `Unreachable`."""
    return parse_vkey(_opened(file).log_key)


def _opened(file: Path) -> LedgerOpened:
    event = _opening(partial(entries_in, file))
    if event is None:
        raise Malformed("earlier log", str(file), "does not begin as a ledger does")
    return event


def _unlike(file: Path, given: Sequence[Given], keys: Sequence[VerifierKey]) -> Iterator[Finding]:
    """The checkpoints over an earlier log that are not over what was carried on from it."""
    origin = log_key_in(file).name
    of_it = [one for one in given if origin_in(one.raw) == origin]
    told = keys_told(_opened(file), _key_changes(file)) if of_it else ()
    trusted = [key for key in keys if key.name == origin] or [*told]
    for one in of_it:
        try:
            signed = open_checkpoint(one.raw, trusted)
        except (UnknownKey, Malformed, SignatureFailed) as error:
            yield unverified(None, f"{one.name}: {error}")
            continue
        size, root = _root_over(islice(entries_in(file), signed.size))
        name = f"{one.name}, checkpoint over {signed.size:,} entries of {origin}"
        if size < signed.size:
            yield Finding(Verdict.SHORTER, None, f"{name}: {size:,} of them were carried on, and the others are lost")
        elif root != signed.root:
            yield Finding(Verdict.SHORTER, None, f"{name}: it was signed over other entries than were carried on")
        else:
            known = {key.public for key in trusted}
            trusted += [key for key in told if key.first <= size and key.public not in known]


def _key_changes(file: Path) -> Iterator[Entry]:
    return (entry for entry in entries_in(file) if entry.header.type in CHANGES)


def origin_in(raw: bytes) -> str:
    """The origin that a checkpoint says it is of, before anybody has checked that."""
    return raw.partition(b"\n")[0].decode(errors="replace")


def _root_over(entries: Iterable[Entry]) -> tuple[int, bytes]:
    """How many these are, and the root over them."""
    size, peaks = 0, _Peaks()
    for size, entry in enumerate(entries, 1):
        peaks.add(size, entry.leaf)
    return size, peaks.root(size)


class _Peaks:
    """The last completed subtree of each level."""

    def __init__(self) -> None:
        self._last: dict[int, bytes] = {}

    def add(self, position: int, leaf: bytes) -> None:
        self._last.update(enumerate(completed_by(position, leaf, self._at)))

    def root(self, size: int) -> bytes:
        return root_of(size, self._at)

    def _at(self, level: int, index: int) -> bytes:
        del index
        return self._last[level]


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
    event = _opening(log)
    return None if event is None else event.continues


def _opening(log: Entries) -> LedgerOpened | None:
    first = next(log(), None)
    event = None if first is None else Codec().decode(first).event
    return event if isinstance(event, LedgerOpened) else None


def _compared(continued: Continued, file: Path, later: Entries) -> Iterator[Finding]:
    """What is wrong with an earlier log, and with what the later one has of it."""
    size, leaf = 0, NO_LEAF
    peaks = _Peaks()
    theirs = later()
    for size, entry in enumerate(entries_in(file), 1):
        if (entry.position, entry.header.prev) != (size, leaf.hex()):
            yield altered(size, f"{file}: the entry does not follow the one before")
            return
        leaf = entry.leaf
        peaks.add(size, leaf)
        carried = next(theirs, None)
        if size > 1 and (carried is None or not _is_carried(entry, carried)):
            yield altered(size, f"is not what it was in {continued.origin}, from which it was carried over")
    if size != continued.size or not compare_digest(peaks.root(size).hex(), continued.root):
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
