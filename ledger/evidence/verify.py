"""Verification of a log from its bytes, in one streaming pass.

For every row it is checked that positions have no gap, that the entry is what it hashes to, that `prev` is the leaf of
the entry before, that each completed subtree is the node above its two halves, that time does not run back, that the
tag index leads to it by its type and tags, and whatever further checks the caller brings. Each of these looks at one
row and its neighbours, so a finding stands where something was changed; together they say that the root is the root of
exactly these entries.

The log is cut into ranges for as many processes as are wanted, the caller's among them. A range begins behind whole
chunks of 2**CHUNK_LEVEL entries, so that each can verify the subtrees up to that level by itself; those above are put
together at the end.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import as_completed
from contextlib import AbstractContextManager, nullcontext

from ledger.apart import Apart
from ledger.chain.merkle import completed_by, root_of
from ledger.errors import Damaged
from ledger.evidence.indexed import wrongs
from ledger.evidence.report import Finding, Report, Verdict, altered
from ledger.evidence.sweep import CHUNK, CHUNK_LEVEL, Check, Progress, Sweep, Swept
from ledger.storage import Store, open_store

__all__ = ["CHUNK", "CUT_TAIL", "Check", "Checks", "Progress", "no_checks", "verify_log"]

Checks = Callable[[Store], AbstractContextManager[Sequence[Check]]]

# To begin a process takes as long as to verify so many entries in one that has begun.
WORTH_A_PROCESS = 1 << 14
# To look for what no entry explains takes so much of the time that verifying the entries themselves does.
STRAYS_SHARE = 0.15

Range = tuple[int, int]

CUT_TAIL = (
    "that entries after the last one were cut off, or that everything from some entry on, be it the first, was written"
    " anew by whoever owns the database: nobody gave a checkpoint from an earlier time to compare with"
)


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

    With `url`, which names the same store, ranges are verified in so many `processes` at once, of which this is one;
    `checks` is then called in each of them and must be something that pickle can hand over. `progress` is told of
    entries that are done.
    """
    size = store.length()
    elsewhere, here = _ranges(size, processes if url else 1)
    if elsewhere:
        beside, swept = _in_processes(store, url, size, elsewhere, here, checks, progress)
    else:
        beside, swept = _beside(store, size), [_over(store, size, *here, checks, progress)]
    findings = [finding for one in (beside, *swept) for finding in one.findings]
    findings += _upper_levels(store, size)
    findings += _of_the_index(store, size, beside.indexed, [one.indexed for one in swept], findings)
    try:
        root = root_of(size, store.subtree).hex()
    except Damaged as error:
        findings.append(altered(None, str(error)))
        root = ""
    return Report(size, root, tuple(findings), (CUT_TAIL,))


def _beside(store: Store, size: int) -> Swept:
    """What is wrong beside the entries, and how many positions the index lists in all."""
    try:
        return Swept([altered(position, what) for position, what in store.strays()], store.index_size(size))
    except Damaged as error:
        return Swept([altered(None, str(error))], None)


def _of_the_index(
    store: Store, size: int, listed: int | None, of_ranges: Sequence[int | None], before: Sequence[Finding]
) -> Sequence[Finding]:
    """What is wrong with the tag index, which lists so many positions, and so many for the entries of each range."""
    leading = [count for count in of_ranges if count is not None]
    leads = len(leading) == len(of_ranges)
    if leads and sum(leading) == listed:
        return ()
    findings = [*wrongs(store, size)]
    if not any(finding.verdict is Verdict.ALTERED for finding in (*findings, *before)):
        findings.append(altered(None, "the tag index does not lead to all that stands in it"))
    return findings


def _ranges(size: int, processes: int) -> tuple[list[Range], Range]:
    """The ranges (after, until] of so many processes: those of the others, and the caller's, which may be empty.

    All begin behind whole chunks. The caller's is shorter, because strays are looked for there too.
    """
    if processes == 1 or size <= CHUNK:
        return [], (0, size)
    share = min((1 + STRAYS_SHARE) / processes, 1 / (processes - 1))
    step = max(1, round(size * share / CHUNK)) * CHUNK
    elsewhere = [(after, min(after + step, size)) for after in range(0, size, step)[: processes - 1]]
    return elsewhere, (elsewhere[-1][1], size)


def _in_processes(
    store: Store, url: str, size: int, elsewhere: Sequence[Range], here: Range, checks: Checks, progress: Progress
) -> tuple[Swept, list[Swept]]:
    """What is found beside the entries, and in each range: elsewhere by processes of their own, meanwhile here."""
    with Apart(len(elsewhere)) as apart:
        started = {apart.begin(_pass_at, url, size, *one, checks): one[1] - one[0] for one in elsewhere}
        beside = _beside(store, size)
        last = [_over(store, size, *here, checks, progress)] if here[0] < size else []
        for one in as_completed(started):
            progress(started[one])
        return beside, [*(one.result() for one in started), *last]


def _pass_at(url: str, size: int, after: int, until: int, checks: Checks) -> Swept:
    with open_store(url) as store:
        return _over(store, size, after, until, checks, lambda entries: None)


def _over(store: Store, size: int, after: int, until: int, checks: Checks, progress: Progress) -> Swept:
    with checks(store) as opened:
        return Sweep(store, size, opened, progress).over(after, until)


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
