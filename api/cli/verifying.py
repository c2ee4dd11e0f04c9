"""The command that verifies."""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import click

from api.cli import options
from ledger.codec import Codec
from ledger.evidence.commitments import CommitmentCheck
from ledger.evidence.report import Report
from ledger.evidence.verify import Check, verify_log
from ledger.home import open_custody, open_home
from ledger.storage import Store


@click.command()
@options.home
@options.as_json
@click.option(
    "--processes", default=os.cpu_count() or 1, show_default=True, type=click.IntRange(min=1), help="How many at once."
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
    with open_home(path) as home:
        store = home.ledger.store
        with click.progressbar(
            length=store.head().position, label="Verifying", file=sys.stderr, hidden=not sys.stderr.isatty()
        ) as bar:
            checks = partial(commitment_checks, path)
            return verify_log(store, checks, url=home.url, processes=processes, progress=bar.update)


@contextmanager
def commitment_checks(path: Path, store: Store) -> Iterator[Sequence[Check]]:
    """The check of a home's commitments, for one process."""
    with open_custody(path) as custody:
        yield [CommitmentCheck(store, custody, Codec())]


def sentences(report: Report) -> Iterator[str]:
    """A report in words, findings first."""
    for finding in report.findings:
        yield f"  {finding.verdict.name.lower()}: {finding}"
    if report.findings:
        yield f"Findings: {len(report.findings):,} in {report.size:,} entries."
    else:
        yield f"All holds: {report.size:,} entries, each hash, the tag index, and all that custody keeps."
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
