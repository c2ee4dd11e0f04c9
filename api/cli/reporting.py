"""What a verification reports, in words and as JSON."""

import json
from collections.abc import Iterator

from api.cli.wording import counted
from ledger.evidence.report import Report, Verdict


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


def as_json(report: Report) -> str:
    """A report as JSON for programs."""
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


def bundle_sentences(report: Report) -> Iterator[str]:
    """A report on a bundle in words, findings first."""
    for finding in report.findings:
        where = finding.what if finding.position is None else str(finding)
        yield f"{finding.verdict.name.lower()}: {where}"
    if report.verdict is Verdict.HOLDS:
        yield f"All holds: what is here stands in the ledger as it was signed over {counted(report.size, 'entry')}."
    for what in report.remarks:
        yield f"Remark: {what}."
    for what in report.not_excluded:
        yield f"Not excluded: {what}."
