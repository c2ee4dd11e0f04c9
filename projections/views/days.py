"""Dates at the office, of times as entries write them."""

from functools import lru_cache

from ledger.chain.entry import parse_time
from projections.standing import Office

KEPT = 4096


class Days:
    """On which date at an office something happened, as the tables keep dates.

    What was recorded together, or is known by its day alone, happened at the same time; so the last ones are kept.
    """

    def __init__(self, office: Office) -> None:
        self.office = office
        self.of = lru_cache(KEPT)(self._found)

    def _found(self, at: str) -> str:
        return str(self.office.day(parse_time(at)))
