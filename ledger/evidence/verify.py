"""Verification of a log from its bytes, in one streaming pass.

For every row it is checked that positions have no gap, that the entry is what it hashes to, that `prev` is the leaf of
the entry before, that each completed subtree is the node above its two halves, that time does not run back, that what
the header says of tags and type is what the index holds, and whatever further checks the caller brings. Each of these
looks at one row and its neighbours, so a finding stands where something was changed; together they say that the root is
the root of exactly these entries.

The log is cut into ranges for as many processes as are wanted. A range begins behind whole chunks of 2**CHUNK_LEVEL
entries, so that each can verify the subtrees up to that level by itself; those above are put together at the end.
"""

import json
from binascii import hexlify
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from hashlib import sha256
from itertools import pairwise
from multiprocessing import get_context, resource_tracker
from signal import SIG_BLOCK, SIG_DFL, SIG_SETMASK, SIG_UNBLOCK, SIGINT, pthread_sigmask, signal
from typing import Protocol

from ledger.chain.entry import MAX_ENTRY_BYTES, NO_LEAF, Header, parse_entry, parse_time
from ledger.chain.merkle import HASH_BYTES, completed_by, node_hash, root_of
from ledger.errors import Damaged, Malformed
from ledger.evidence.report import Finding, Report, altered
from ledger.storage import Store, open_store

CHUNK_LEVEL = 12
CHUNK = 1 << CHUNK_LEVEL
PROGRESS_STEP = 1000

Progress = Callable[[int], None]


class Check(Protocol):
    """Something further to look at in every entry. It may put off its answers, at the latest until `finish`."""

    def entry(self, position: int, type_: str, payload: bytes) -> Iterable[Finding]:
        """Take in an entry."""

    def finish(self) -> Iterable[Finding]:
        """Answer for all entries that are not yet answered for."""


Checks = Callable[[Store], AbstractContextManager[Sequence[Check]]]

CUT_TAIL = (
    "that entries after the last one were cut off, or that the whole log was written anew by whoever owns the database:"
    " nobody gave a checkpoint from an earlier time to compare with"
)

_HEADER = b'{"position":%d,"prev":"%b","recorded_at":"%b","tags":%b,"type":"%b"}'
_TIME_LENGTH = len("2026-11-21T17:00:00.000000Z")
_AFTER_RECORDED_AT = len('","tags":,"type":""}')
_SHORT = 400
_PLAIN = bytes(letter for letter in range(0x20, 0x7F) if letter != ord("\\"))


def no_checks(_: Store) -> AbstractContextManager[Sequence[Check]]:
    """No further checks."""
    return nullcontext(())


def verify_log(
    store: Store,
    checks: Checks = no_checks,
    *,
    url: str = "",
    processes: int = 1,
    progress: Progress = lambda entries: None,
) -> Report:
    """Verify everything that the store holds up to its head, and say what that cannot exclude.

    With `url`, which names the same store, ranges are verified in so many `processes` at once; `checks` is then called
    in each of them and must be something that pickle can hand over. `progress` is told of entries that are done.
    """
    size = store.length()
    findings = _strays(store)
    ranges = _ranges(size, processes if url else 1)
    if len(ranges) > 1:
        results = _in_processes(url, size, ranges, checks, processes, progress)
    else:
        results = [_over(store, size, after, until, checks, progress) for after, until in ranges]
    findings += [finding for result in results for finding in result]
    findings += _upper_levels(store, size)
    try:
        root = root_of(size, store.subtree).hex()
    except Damaged as error:
        findings.append(altered(None, str(error)))
        root = ""
    return Report(size, root, tuple(findings), (CUT_TAIL,))


def _strays(store: Store) -> list[Finding]:
    try:
        return [altered(position, what) for position, what in store.strays()]
    except Damaged as error:
        return [altered(None, str(error))]


def _ranges(size: int, wanted: int) -> list[tuple[int, int]]:
    """Ranges (after, until] that begin behind whole chunks; one that is empty for an empty log."""
    step = max(1, -(-size // (CHUNK * wanted))) * CHUNK
    return list(pairwise([*range(0, max(size, 1), step), size]))


def _in_processes(
    url: str,
    size: int,
    ranges: Sequence[tuple[int, int]],
    checks: Checks,
    processes: int,
    progress: Progress,
) -> list[list[Finding]]:
    # New processes, because a fork would take over the caller's connections and threads.
    with ProcessPoolExecutor(processes, get_context("spawn"), _end_when_interrupted) as pool:
        with _interruptions_put_off():
            started = [pool.submit(_pass_at, url, size, after, until, checks) for after, until in ranges]
        done = {one: until - after for one, (after, until) in zip(started, ranges, strict=True)}
        for one in as_completed(started):
            progress(done[one])
        return [one.result() for one in started]


@contextmanager
def _interruptions_put_off() -> Iterator[None]:
    """Whoever interrupts is heard when the block ends, and by a process that begins in it when it is ready."""
    # What multiprocessing starts first of all would let interruptions through again.
    resource_tracker.ensure_running()
    before = pthread_sigmask(SIG_BLOCK, {SIGINT})
    try:
        yield
    finally:
        pthread_sigmask(SIG_SETMASK, before)


def _end_when_interrupted() -> None:
    """End this process at an interruption without a word: the one that began it will say so."""
    signal(SIGINT, SIG_DFL)
    pthread_sigmask(SIG_UNBLOCK, {SIGINT})


def _pass_at(url: str, size: int, after: int, until: int, checks: Checks) -> list[Finding]:
    with open_store(url) as store:
        return _over(store, size, after, until, checks, lambda entries: None)


def _over(store: Store, size: int, after: int, until: int, checks: Checks, progress: Progress) -> list[Finding]:
    with checks(store) as opened:
        return _Pass(store, size, opened, progress).over(after, until)


class _Pass:
    """One pass over a range, row by row.

    After a given row, with a given time, payload and index, there is just one row that the ledger would have written. A
    row that is equal to it is right and needs no parsing; one that is not is taken apart to say why.
    """

    def __init__(self, store: Store, size: int, checks: Sequence[Check], progress: Progress) -> None:
        self._store, self._checks, self._progress = store, checks, progress
        self._findings: list[Finding] = []
        self._index = _TagIndex((), self._altered)
        self._indexed = store.indexed_up_to(size)
        self._left = [b""] * (CHUNK_LEVEL + 1)
        # Of the row before, as headers write them; None when it could not be read.
        self._leaf: bytes | None = None
        self._recorded_at = b""

    def over(self, after: int, until: int) -> list[Finding]:
        """What there is to say of the rows after `after` up to `until`."""
        expected = after + 1
        try:
            self._begin_after(after)
            with closing(self._store.indexed_tags(after, until)) as indexed:
                self._index = _TagIndex(indexed, self._altered)
                for position, tree, raw in self._store.rows(after, until):
                    if position != expected:
                        self._missing(expected, position - 1)
                    expected = position
                    self._row(position, tree, raw)
                    expected += 1
                    if not (position - after) % PROGRESS_STEP:
                        self._progress(PROGRESS_STEP)
                if expected <= until:
                    self._missing(expected, until)
                self._index.finish()
        except Damaged as error:
            self._altered(min(expected, until), f"what comes from here on cannot be read: {error}")
        for check in self._checks:
            self._findings += check.finish()
        self._progress((until - after) % PROGRESS_STEP)
        return self._findings

    def _begin_after(self, position: int) -> None:
        """Take the row before the range as it is: the range that it belongs to is where it is checked."""
        if position == 0:
            self._leaf = hexlify(NO_LEAF)
        for _, tree, raw in self._store.rows(position - 1, position):
            self._leaf = hexlify(tree[:HASH_BYTES])
            try:
                self._recorded_at = parse_entry(raw).header.recorded_at.encode()
            except Malformed:
                self._leaf = None

    def _row(self, position: int, tree: bytes, raw: bytes) -> None:
        """Check a row, and keep what the next one is compared with."""
        leaf = sha256(b"\x00" + raw).digest()
        if tree != self._completed(position, leaf):
            self._explain_tree(position, tree, leaf)
            leaf = tree[:HASH_BYTES]
        line, newline, payload = raw.partition(b"\n")
        type_, tags = self._index.at(position)
        odd = position > self._indexed or not newline or len(raw) > MAX_ENTRY_BYTES
        if odd or not self._is_as_written(position, line, type_, tags):
            header = self._explain_header(position, raw, type_, tags)
            if header is None:
                return
            type_ = header.type.encode()
        self._leaf = hexlify(leaf)
        for check in self._checks:
            self._findings += check.entry(position, type_.decode(), payload)

    def _is_as_written(self, position: int, line: bytes, type_: bytes, tags: bytes) -> bool:
        """Whether this is the very header that the ledger would have written, and well formed beyond doubt."""
        # The empty tag stands in the index for the type, and in no header.
        if tags[:4] == b'["",':
            listed = b"[" + tags[4:]
        elif tags == b'[""]':
            listed = b"[]"
        else:
            return False
        end = len(line) - len(listed) - len(type_) - _AFTER_RECORDED_AT
        recorded_at = line[end - _TIME_LENGTH : end]
        if self._leaf is None or line != _HEADER % (position, self._leaf, recorded_at, listed, type_):
            return False
        # Short and plain, so no name is too long, too many, or has a control character. The index escapes tags as JSON
        # does, and the type not at all.
        if len(line) >= _SHORT or line.translate(None, _PLAIN) or not type_ or b'"' in type_:
            return False
        if recorded_at != self._recorded_at:
            if recorded_at < self._recorded_at or not _is_time(recorded_at):
                return False
            self._recorded_at = recorded_at
        return True

    def _completed(self, position: int, leaf: bytes) -> bytes:
        """The hashes of the subtrees that this entry completes, up to those of a chunk, from the halves kept before."""
        left = self._left
        level, tree = 0, leaf
        while not position >> level & 1 and level < CHUNK_LEVEL:
            leaf = sha256(b"\x01" + left[level] + leaf).digest()
            tree += leaf
            level += 1
        left[level] = leaf
        return tree

    def _explain_tree(self, position: int, tree: bytes, leaf: bytes) -> None:
        """Say which of the hashes kept are wrong, and go on from those that are kept."""
        completes = (position & -position).bit_length()
        kept = [tree[start : start + HASH_BYTES] for start in range(0, len(tree), HASH_BYTES)]
        if len(tree) != completes * HASH_BYTES:
            self._altered(position, f"{len(tree)} bytes of hashes are kept, not {completes * HASH_BYTES}")
        if kept[:1] != [leaf]:
            self._altered(position, "its bytes are not those that were hashed")
        for level, (below, node) in enumerate(pairwise(kept[: CHUNK_LEVEL + 1])):
            if node_hash(self._left[level], below) != node:
                self._altered(position, f"the hash kept for the subtree of level {level + 1} is not that of its halves")
        top = min(completes - 1, CHUNK_LEVEL)
        if top < len(kept):
            self._left[top] = kept[top]

    def _explain_header(self, position: int, raw: bytes, type_: bytes, tags: bytes) -> Header | None:
        """Say what is wrong with a header by itself, after the row before, and against the index."""
        before, self._leaf = self._leaf, None
        try:
            header = parse_entry(raw).header
        except Malformed as error:
            self._altered(position, str(error))
            return None
        if header.position != position:
            self._altered(position, f"it says of itself that it is entry {header.position}")
        if before is not None and header.prev.encode() != before:
            self._altered(position, "its prev is not the leaf of the entry before")
        if header.recorded_at.encode() < self._recorded_at:
            self._altered(position, "it says that it was recorded before the entry before")
        self._recorded_at = header.recorded_at.encode()
        said = {(header.type, tag) for tag in ("", *header.tags)}
        kept = _pairs(type_, tags) | self._index.others_at(position)
        # What the index need not hold yet, it may hold by now: the log grows while it is read.
        if position > self._indexed and not kept:
            return header
        for wire_type, tag in sorted(said - kept):
            self._altered(position, f"the tag index does not have {tag!r} with type {wire_type!r}")
        for wire_type, tag in sorted(kept - said):
            self._altered(position, f"the tag index has {tag!r} with type {wire_type!r}, and the entry does not")
        return header

    def _missing(self, first: int, last: int) -> None:
        self._leaf = None
        self._altered(first, "is missing" if first == last else f"is missing, and so are all up to entry {last}")

    def _altered(self, position: int, what: str) -> None:
        self._findings.append(altered(position, what))


class _TagIndex:
    """The tag index, read beside the entries in their order."""

    def __init__(self, indexed: Iterable[tuple[int, bytes, bytes]], report: Callable[[int, str], None]) -> None:
        self._indexed, self._report = iter(indexed), report
        self._coming = next(self._indexed, None)

    def at(self, position: int) -> tuple[bytes, bytes]:
        """Type and JSON list of tags, the empty one first, that the index holds for a position."""
        coming = self._coming
        while coming is not None and coming[0] < position:
            for wire_type, tag in sorted(_pairs(coming[1], coming[2])):
                self._report(coming[0], f"the tag index has {tag!r} with type {wire_type!r}, and no entry does")
            coming = self._coming = next(self._indexed, None)
        if coming is None or coming[0] != position:
            return b"", b"[]"
        self._coming = next(self._indexed, None)
        return coming[1], coming[2]

    def others_at(self, position: int) -> set[tuple[str, str]]:
        """What else it holds for the position, under other types."""
        found: set[tuple[str, str]] = set()
        while self._coming is not None and self._coming[0] == position:
            found |= _pairs(self._coming[1], self._coming[2])
            self._coming = next(self._indexed, None)
        return found

    def finish(self) -> None:
        """Report what no entry explained."""
        while self._coming is not None:
            self.at(self._coming[0] + 1)


def _pairs(type_: bytes, tags: bytes) -> set[tuple[str, str]]:
    """Rows of the index, as (type, tag)."""
    # What is no UTF-8 must not look like anything that is.
    return {
        (type_.decode(errors="surrogateescape"), str(tag)) for tag in json.loads(tags.decode(errors="surrogateescape"))
    }


def _is_time(text: bytes) -> bool:
    try:
        parse_time(text.decode())
    except Malformed:
        return False
    return True


def _upper_levels(store: Store, size: int) -> Iterator[Finding]:
    """Check each subtree above chunks against its two halves."""

    def half(level: int, index: int) -> bytes:
        return store.subtree(CHUNK_LEVEL + level, index)

    for number in range(1, size // CHUNK + 1):
        try:
            for level, node in enumerate(completed_by(number, half(0, number - 1), half)):
                if half(level, (number >> level) - 1) != node:
                    what = f"the hash kept for the subtree of level {CHUNK_LEVEL + level} is not that of its halves"
                    yield altered(number * CHUNK, what)
        except Damaged as error:
            yield altered(number * CHUNK, str(error))
            # A position that somebody made up may be as high as they like.
            return
