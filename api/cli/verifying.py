"""The command that verifies."""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import click

from api.cli import options
from api.cli.wording import counted
from ledger.codec import Codec
from ledger.errors import Damaged, NotALedger, Tampered, Unreachable
from ledger.evidence.commitments import CommitmentCheck, UnopenedCustody
from ledger.evidence.report import Report, Verdict, unreadable
from ledger.evidence.verify import Check, verify_log
from ledger.home import WISH_KEY, open_custody, open_log, store_url
from ledger.storage import Store


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
def verify(path: Path, as_json: bool, processes: int) -> None:
    """Verify the log and everything that it commits to, from the bytes.

    Prints every finding with its position, and what could not be excluded. Exits with 0 when all holds, 10 when
    something was altered, 12 when some part could not be verified.
    """
    report = verify_home(path.absolute(), processes)
    click.echo(_as_json(report) if as_json else "\n".join(sentences(report)))
    sys.exit(int(report.verdict))


def verify_home(path: Path, processes: int = 1) -> Report:
    """Verify a ledger home, with a progress bar on a terminal."""
    try:
        return _verify(path, processes)
    except Damaged as error:
        return unreadable(str(error))


def _verify(path: Path, processes: int) -> Report:
    hidden = not sys.stderr.isatty()
    with (
        open_log(path) as store,
        click.progressbar(length=store.length(), label="Verifying", file=sys.stderr, hidden=hidden) as bar,
    ):
        checks = partial(commitment_checks, path)
        return verify_log(store, checks, url=store_url(path), processes=processes, progress=bar.update)


@contextmanager
def commitment_checks(path: Path, store: Store) -> Iterator[Sequence[Check]]:
    """The check of a home's commitments, for one process."""
    with ExitStack() as opened:
        try:
            custody = opened.enter_context(open_custody(path))
            custody.secret(WISH_KEY)
        except (Damaged, NotALedger, Tampered, Unreachable) as error:
            yield [UnopenedCustody(error)]
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
    for what in report.not_excluded:
        yield f"Not excluded: {what}."


def _as_json(report: Report) -> str:
    findings = [
        {"verdict": finding.verdict.name.lower(), "position": finding.position, "what": finding.what}
        for finding in report.findings
    ]
    members = {"size": report.size, "root": report.root, "findings": findings, "not_excluded": report.not_excluded}
    return json.dumps(members | {"exit_code": int(report.verdict)}, ensure_ascii=False)
