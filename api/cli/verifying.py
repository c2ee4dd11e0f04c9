"""The command that verifies."""

import json
import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import NamedTuple

import click
import msgspec

from api.cli import options
from api.cli.evidence import lock_store, read_at_most, witness_seconds
from api.cli.wording import counted, counted_together
from api.signing import appointed_in
from ledger.chain.checkpoint import parse_log_key
from ledger.chain.note import MAX_NOTE_BYTES, VerifierKey
from ledger.codec import Codec
from ledger.errors import Damaged, NotALedger, Tampered, Unreachable
from ledger.evidence.checkpoints import Given, against_checkpoints
from ledger.evidence.commitments import CommitmentCheck, UnopenedCustody
from ledger.evidence.cosigned import asked_all, parse_asked, with_witnesses
from ledger.evidence.named import named_commitments
from ledger.evidence.report import Report, Verdict, unreadable
from ledger.evidence.verify import Check, verify_log
from ledger.home import SECRETS, open_custody, open_lock_store, open_log, store_url
from ledger.storage import Store, utc_now
from ledger.storage.port import Clock

# What was sealed just now, an entry may be about to name; no wish takes so long.
UNDER_WAY = timedelta(hours=1)


@click.command()
@options.home
@options.as_json
@click.option(
    "--processes",
    default=os.cpu_count() or 1,
    show_default="one for each core",
    type=click.IntRange(1, 1024),
    help="How many processes share the work.",
)
@click.option(
    "--checkpoint",
    "files",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A checkpoint that was kept elsewhere, which the log must continue; may be repeated.",
)
@click.option(
    "--vkey", "keys", multiple=True, help="Trust this verifier key of the log, and not the one that it names."
)
@click.option(
    "--witness",
    "witnesses",
    multiple=True,
    metavar="URL[=VKEY]",
    help="A witness, which is asked what it cosigned last: the log must continue that; may be repeated.",
)
@witness_seconds
@lock_store
def verify(
    path: Path,
    as_json: bool,
    processes: int,
    files: tuple[Path, ...],
    keys: tuple[str, ...],
    witnesses: tuple[str, ...],
    seconds: float,
    lock: str | None,
) -> None:
    """Verify the log and everything that it commits to, from the bytes.

    Prints every finding with its position, what else is worth knowing, and what could not be excluded. Exits with 0
    when all holds, 10 when something was altered, 11 when the log is shorter than a checkpoint or no extension of it,
    12 when some part could not be verified. Every checkpoint in the lock store is compared, those that are given, and
    what each witness that is named has cosigned last.

    Without the keys, which an auditor may not have, nothing in custody can be verified: that is 12. Where the keys are
    and custody.db or the documents are not, what the log commits to is lost: that is 10.
    """
    given = tuple(Given(str(file), read_at_most(file, MAX_NOTE_BYTES + 1)) for file in files)
    against = Against(given, tuple(map(parse_log_key, keys)), lock, witnesses, seconds)
    report = verify_home(path.absolute(), processes, against=against)
    click.echo(_as_json(report) if as_json else "\n".join(sentences(report)))
    sys.exit(int(report.verdict))


class Against(NamedTuple):
    """What a log is compared with.

    Checkpoints that were kept, keys to trust, a lock store that is not the home's, witnesses that are asked, and how
    long they may take.
    """

    given: tuple[Given, ...] = ()
    keys: tuple[VerifierKey, ...] = ()
    lock_store: str | None = None
    witnesses: tuple[str, ...] = ()
    seconds: float = 0.0


NOTHING_MORE = Against()


def verify_home(path: Path, processes: int = 1, clock: Clock = utc_now, against: Against = NOTHING_MORE) -> Report:
    """Verify a ledger home, with a progress bar on a terminal."""
    try:
        return _verify(path, processes, clock() - UNDER_WAY, against)
    except Damaged as error:
        return unreadable(str(error))


def _verify(path: Path, processes: int, settled: datetime, against: Against) -> Report:
    hidden = not sys.stderr.isatty()
    with (
        open_log(path) as store,
        click.progressbar(length=store.length(), label="Verifying", file=sys.stderr, hidden=hidden) as bar,
    ):
        appointed = appointed_in(path)
        asked = [parse_asked(witness, appointed) for witness in against.witnesses]
        checks = partial(commitment_checks, path)
        report = verify_log(store, checks, url=store_url(path), processes=processes, progress=bar.update)
        open_lock = partial(open_lock_store, path, against.lock_store)
        told = asked_all(store, asked, against.keys, against.seconds)
        report = against_checkpoints(report, store, open_lock, (*against.given, *told.given), against.keys)
        report = with_witnesses(report, told, open_lock, appointed)
        # In a log that was altered, what an entry names may be gone for another reason.
        if report.verdict is Verdict.ALTERED:
            return report
        return msgspec.structs.replace(report, remarks=(*report.remarks, *_remarks(path, store, settled)))


def _remarks(path: Path, store: Store, settled: datetime) -> Iterator[str]:
    """What custody keeps from before a time and no entry names."""
    with suppress(Unreachable), open_custody(path) as custody:
        with named_commitments(store) as is_named:
            unnamed = Counter(kept.kind for kept in custody.given_up(is_named, settled))
        if unnamed:
            yield (
                f"custody keeps {counted_together(unnamed)} that no entry names: `dua-ledger sweep` removes what was "
                "given up; if nothing was, the log may be an older copy"
            )


@contextmanager
def commitment_checks(path: Path, store: Store) -> Iterator[Sequence[Check]]:
    """The check of a home's commitments, for one process."""
    with ExitStack() as opened:
        try:
            custody = opened.enter_context(open_custody(path))
            for name in SECRETS:
                custody.secret(name)
        except (Damaged, NotALedger, Tampered, Unreachable) as error:
            yield [UnopenedCustody(store, error)]
        else:
            yield [CommitmentCheck(store, custody, Codec())]


def sentences(report: Report) -> Iterator[str]:
    """A report in words, findings first."""
    for finding in report.findings:
        yield f"{finding.verdict.name.lower()}: {finding}"
    entries, findings = counted(report.size, "entry"), counted(len(report.findings), "finding")
    match report.verdict:
        case Verdict.HOLDS:
            yield f"All holds in {entries}: each hash, the tag index, and all that custody keeps."
        case Verdict.ALTERED:
            yield f"{findings} in {entries}: this ledger is not what was written."
        case Verdict.SHORTER:
            yield f"{findings} in {entries}: this ledger does not continue what it was."
        case Verdict.UNVERIFIED:
            yield f"{findings} in {entries}: nothing is known to be altered, but not all could be verified."
    yield f"Root of the tree: {report.root or 'cannot be told'}"
    for what in report.remarks:
        yield f"Remark: {what}."
    for what in report.not_excluded:
        yield f"Not excluded: {what}."


def _as_json(report: Report) -> str:
    findings = [
        {"verdict": finding.verdict.name.lower(), "position": finding.position, "what": finding.what}
        for finding in report.findings
    ]
    members = {
        "size": report.size,
        "root": report.root,
        "findings": findings,
        "remarks": report.remarks,
        "not_excluded": report.not_excluded,
        "exit_code": int(report.verdict),
    }
    return json.dumps(members, ensure_ascii=False)
