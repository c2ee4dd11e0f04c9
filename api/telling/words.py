"""How things are called where a ledger is kept, and small pieces of sentences."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from ledger import events as e


class Words(NamedTuple):
    """How things are called where a ledger is kept, and in which zone its dates are."""

    institution: str
    office: str
    board: str
    memorandum: str
    external_agreement: str
    zone: str

    def agreement(self, kind: str) -> str:
        """What an agreement of this kind is called."""
        return {"MOU": self.memorandum, "DUA": self.external_agreement}[kind]

    def day(self, at: datetime) -> date:
        """The date at the office."""
        return at.astimezone(ZoneInfo(self.zone)).date()


def words_of(policy: e.PolicyPublished) -> Words:
    """The words that a policy gives."""
    return Words(
        policy.institution,
        policy.office,
        policy.board,
        policy.memorandum,
        policy.external_agreement,
        policy.time_zone,
    )


MIT = words_of(e.PolicyPublished())


def listed(parts: Iterable[str]) -> str:
    """These, one after the other."""
    return ", ".join(parts)


def until(day: date | None) -> str:
    """The last day, where there is one."""
    return f" until {day}" if day else ""


def waived(waivers: Iterable[str]) -> str:
    """The waivers that were used, where any were."""
    used = listed(waivers)
    return f", by waiver {used}" if used else ""
