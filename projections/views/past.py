"""What registers of the past say, as rows and as answers: who was given what before this ledger was kept.

Who had access to a system holds nothing by it. Whether somebody still has what they were given, or has a right to it,
nobody here knows; only where a register names no agreement, there was none that it knew of.
"""

import sqlite3
from collections.abc import Sequence
from datetime import date
from typing import Any, Literal, NamedTuple, cast

import msgspec

from ledger.events import PastReleaseRecorded
from ledger.events.past import Dated, PastForm

NOT_UNDONE = "p.position NOT IN (SELECT position FROM undone)"
# SQLite takes what isn't grouped from the row with the smallest day.
HOLDINGS = """
    SELECT
        p.organisation, p.person, p.dataset, p.form, p.agreement, p.agreement_version,
        MIN(p.day), p.dated, COUNT(*), json_group_array(DISTINCT p.register)
    FROM past_releases AS p
    WHERE {which} AND p.provided <> 'system access' AND (:form IS NULL OR p.form = :form) AND {not_undone}
    GROUP BY p.organisation, p.person, p.dataset, p.form, p.agreement, p.agreement_version
    ORDER BY p.dataset, p.form, MIN(p.day), MIN(p.position)
"""
OF_A_DATA_SET = HOLDINGS.format(which="p.dataset = :about", not_undone=NOT_UNDONE)
OF_AN_ORGANISATION = HOLDINGS.format(which="p.organisation = :about", not_undone=NOT_UNDONE)
OF_A_PERSON = HOLDINGS.format(which="p.person = :about", not_undone=NOT_UNDONE)
UNDER_NO_AGREEMENT = HOLDINGS.format(which="p.agreement IS NULL", not_undone=NOT_UNDONE)
NOT_KNOWN = f"""
    SELECT COUNT(*) FROM (
        SELECT DISTINCT p.organisation, p.person, p.dataset, p.form, p.agreement, p.agreement_version
        FROM past_releases AS p
        WHERE p.agreement IS NOT NULL AND p.provided <> 'system access' AND {NOT_UNDONE}
    )
"""

AGREEMENTS = f"""
    SELECT
        p.agreement, p.agreement_version, json_group_array(DISTINCT p.organisation),
        json_group_array(DISTINCT p.dataset), json_group_array(DISTINCT p.form), MIN(p.day), p.dated, COUNT(*)
    FROM past_releases AS p
    WHERE p.agreement IS NOT NULL AND (:form IS NULL OR p.form = :form) AND (:dataset IS NULL OR p.dataset = :dataset)
        AND {NOT_UNDONE}
    GROUP BY p.agreement, p.agreement_version
    ORDER BY p.agreement, p.agreement_version
"""
NO_AGREEMENT = f"""
    SELECT COUNT(*) FROM past_releases AS p
    WHERE p.agreement IS NULL AND (:form IS NULL OR p.form = :form) AND (:dataset IS NULL OR p.dataset = :dataset)
        AND {NOT_UNDONE}
"""


class PastHolding(NamedTuple):
    """What an organisation, or a person there, was given in the past, since when, under which agreement if any."""

    organisation: str
    person: str | None
    dataset: str
    form: PastForm
    agreement: str | None
    agreement_version: str | None
    since: date
    dated: Dated
    releases: int
    registers: tuple[str, ...]

    @property
    def right(self) -> Literal[False] | None:
        """Whether there is a right to it: there is none under no agreement, and of any other nobody here knows."""
        return False if self.agreement is None else None


class WithoutRight(NamedTuple):
    """What was given under no agreement, and of how many other holdings nobody knows whether there is a right."""

    past: list[PastHolding]
    not_known: int


class PastAgreement(NamedTuple):
    """An agreement as registers name it, and what they say was given under it."""

    agreement: str
    version: str | None
    organisations: tuple[str, ...]
    datasets: tuple[str, ...]
    forms: tuple[PastForm, ...]
    since: date
    dated: Dated
    releases: int


def past_release(position: int, event: PastReleaseRecorded) -> tuple[Any, ...]:
    """The row of what a register says."""
    return (
        position,
        event.register,
        event.reference,
        event.organisation,
        event.person,
        event.dataset,
        event.form,
        event.agreement,
        event.agreement_version,
        event.basis,
        event.provided,
        str(event.on),
        event.dated,
    )


def past_holders(connection: sqlite3.Connection, dataset: str, form: str | None = None) -> list[PastHolding]:
    """Who was given a type of data, in a form if one is named."""
    return _holdings(connection, OF_A_DATA_SET, dataset, form)


def past_holdings_of_organisation(connection: sqlite3.Connection, organisation: str) -> list[PastHolding]:
    """What an organisation was given."""
    return _holdings(connection, OF_AN_ORGANISATION, organisation, None)


def past_holdings_of_person(connection: sqlite3.Connection, person: str) -> list[PastHolding]:
    """What a person was given."""
    return _holdings(connection, OF_A_PERSON, person, None)


def without_right(past: Sequence[PastHolding]) -> WithoutRight:
    """Those of some holdings to which there is no right."""
    held = [one for one in past if one.right is False]
    return WithoutRight(held, len(past) - len(held))


def past_holdings_without_right(connection: sqlite3.Connection) -> WithoutRight:
    """What anybody was given without a right to it."""
    (not_known,) = connection.execute(NOT_KNOWN).fetchone()
    return WithoutRight(_holdings(connection, UNDER_NO_AGREEMENT, None, None), int(not_known))


def past_agreements(connection: sqlite3.Connection, form: str | None, dataset: str | None) -> list[PastAgreement]:
    """The agreements under which anything was given, in a form and of a type if they are named."""
    return [
        PastAgreement(
            agreement, version, _list(whom), _list(what), cast(Any, _list(forms)), date.fromisoformat(day), dated, count
        )
        for agreement, version, whom, what, forms, day, dated, count in connection.execute(
            AGREEMENTS, {"form": form, "dataset": dataset}
        )
    ]


def releases_without_agreement(connection: sqlite3.Connection, form: str | None, dataset: str | None) -> int:
    """How many releases there were under no agreement that a register names."""
    (count,) = connection.execute(NO_AGREEMENT, {"form": form, "dataset": dataset}).fetchone()
    return int(count)


def _holdings(connection: sqlite3.Connection, question: str, about: str | None, form: str | None) -> list[PastHolding]:
    return [_holding(*row) for row in connection.execute(question, {"about": about, "form": form})]


def _holding(
    organisation: str,
    person: str | None,
    dataset: str,
    form: PastForm,
    agreement: str | None,
    version: str | None,
    day: str,
    dated: Dated,
    releases: int,
    registers: str,
) -> PastHolding:
    since, told_by = date.fromisoformat(day), _list(registers)
    return PastHolding(organisation, person, dataset, form, agreement, version, since, dated, releases, told_by)


def _list(text: str) -> tuple[str, ...]:
    return tuple(sorted(msgspec.json.decode(text, type=list[str])))
