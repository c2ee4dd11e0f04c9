"""A whole register, looked through before anything is recorded."""

from collections import Counter
from collections.abc import Callable
from contextlib import closing
from hashlib import blake2b
from typing import NamedTuple

from api.importing.reading import Bytes, Problem, Progress, Register, Row
from api.importing.seen import Seen
from ledger.custody import caseless
from ledger.events.past import PastForm, Provided

Tell = Callable[[Problem], None]


class Survey(NamedTuple):
    """What a register has: how many rows can be taken, how many cannot, and what they are about."""

    file: str
    good: int
    bad: int
    organisations: frozenset[str]
    datasets: frozenset[str]
    agreements: int
    without_agreement: int
    forms: Counter[PastForm]
    provided: Counter[Provided]

    @property
    def names_alike(self) -> list[tuple[str, ...]]:
        """Names of organisations that differ in case or blanks alone, and yet are taken for different ones."""
        alike: dict[str, list[str]] = {}
        for name in sorted(self.organisations):
            alike.setdefault(caseless(name), []).append(name)
        return [tuple(names) for names in alike.values() if len(names) > 1]


def survey(register: Register, tell: Tell, progress: Progress = lambda size: None) -> Survey:
    """What is in a register; `tell` is told of each problem. Raises `Malformed` where no rows can be told apart."""
    read, rows = Bytes(progress), Counter[bool]()
    organisations, datasets = set(), set()
    without_agreement = 0
    forms: Counter[PastForm] = Counter()
    provided: Counter[Provided] = Counter()
    # Each row may have an agreement of its own.
    with closing(Seen()) as agreements:
        for row in register.rows(read):
            rows[isinstance(row, Row)] += 1
            if not isinstance(row, Row):
                for problem in row:
                    tell(problem)
                continue
            organisations.add(row.organisation)
            datasets.add(row.dataset)
            forms[row.form] += 1
            provided[row.provided] += 1
            if row.agreement is None:
                without_agreement += 1
            else:
                agreements.see(_mark(row.agreement, row.agreement_version))
        return Survey(
            read.digest,
            rows[True],
            rows[False],
            frozenset(organisations),
            frozenset(datasets),
            len(agreements),
            without_agreement,
            forms,
            provided,
        )


def _mark(agreement: str, version: str | None) -> bytes:
    return blake2b(repr((agreement, version)).encode(), digest_size=16).digest()
