"""What a verification says: what it found, what it could not verify, and what it could not exclude."""

from collections.abc import Iterable
from enum import IntEnum

import msgspec


class Verdict(IntEnum):
    """How grave a finding is, as the exit code of `dua-ledger verify`; the gravest is the smallest of those above 0."""

    HOLDS = 0
    ALTERED = 10
    SHORTER = 11
    UNVERIFIED = 12


class Finding(msgspec.Struct, frozen=True):
    """Something that is not as it must be, with the position of the entry concerned, if it is one."""

    verdict: Verdict
    position: int | None
    what: str

    def __str__(self) -> str:
        where = "log" if self.position is None else f"entry {self.position}"
        return f"{where}: {self.what}"


class Report(msgspec.Struct, frozen=True):
    """The outcome of a verification of the log's first `size` entries, with the root of the tree over them.

    A remark is worth knowing and nothing that must not be.
    """

    size: int
    root: str
    findings: tuple[Finding, ...]
    not_excluded: tuple[str, ...]
    remarks: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """The gravest finding's."""
        return gravest(finding.verdict for finding in self.findings)


def gravest(verdicts: Iterable[Verdict]) -> Verdict:
    """Altered before shorter before unverified; holds when there are none."""
    return min((verdict for verdict in verdicts if verdict), default=Verdict.HOLDS)


def unreadable(why: str) -> Report:
    """The report on a log of which nothing can be read."""
    return Report(0, "", (altered(None, why),), ())


def altered(position: int | None, what: str) -> Finding:
    """A finding that something is not what was written."""
    return Finding(Verdict.ALTERED, position, what)


def unverified(position: int | None, what: str) -> Finding:
    """A finding that something cannot be told."""
    return Finding(Verdict.UNVERIFIED, position, what)
