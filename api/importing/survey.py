"""A whole register, looked through before anything is recorded."""

from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

from api.importing.reading import Bytes, Problem, Progress, Register, Row
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
    seen = Bytes(progress)
    good = bad = without_agreement = 0
    organisations, datasets = set(), set()
    # Each may have one of its own: to count them it is enough to know them again.
    agreements: set[int] = set()
    forms: Counter[PastForm] = Counter()
    provided: Counter[Provided] = Counter()
    for row in register.rows(seen):
        if not isinstance(row, Row):
            bad += 1
            for problem in row:
                tell(problem)
            continue
        good += 1
        organisations.add(row.organisation)
        datasets.add(row.dataset)
        forms[row.form] += 1
        provided[row.provided] += 1
        if row.agreement is None:
            without_agreement += 1
        else:
            agreements.add(hash((row.agreement, row.agreement_version)))
    return Survey(
        seen.digest,
        good,
        bad,
        frozenset(organisations),
        frozenset(datasets),
        len(agreements),
        without_agreement,
        forms,
        provided,
    )
