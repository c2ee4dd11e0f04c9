"""Which agreements cover which data: those of this office, and those that registers of the past name.

Of what a register names nobody here knows whether it is in force.
"""

from datetime import date
from sqlite3 import Connection
from typing import NamedTuple

from ledger.events.past import Dated
from projections.views.agreements import Covering, covering
from projections.views.past import PastAgreement, past_agreements, releases_without_agreement


class Cover(NamedTuple):
    """An agreement, whom it binds, and what it covers of what was asked about; `dated` says how `since` is meant.

    `how` is in force, ended, not yet, or imported. `parties` are people, or organisations of an imported one.
    """

    agreement: str
    version: str | None
    how: str
    parties: tuple[str, ...]
    datasets: tuple[str, ...]
    forms: tuple[str, ...]
    since: date
    dated: Dated
    until: date | None
    releases: int | None


class Covered(NamedTuple):
    """The agreements, and how many past releases there were under none that a register names."""

    agreements: list[Cover]
    without_agreement: int


def covered(views: Connection, form: str | None, dataset: str | None, today: date) -> Covered:
    """What covers data in a form and a data set, if they are named, in force or not; imported ones last."""
    own = [_own(one, today) for one in covering(views, form, dataset)]
    past = [_past(one) for one in past_agreements(views, form, dataset)]
    return Covered([*own, *past], releases_without_agreement(views, form, dataset))


def _own(one: Covering, today: date) -> Cover:
    return Cover(
        agreement=one.agreement,
        version=None,
        how="in force" if one.starts <= today <= one.last else "ended" if one.last < today else "not yet",
        parties=one.people,
        datasets=one.datasets,
        forms=one.forms,
        since=one.starts,
        dated="day",
        until=one.last,
        releases=None,
    )


def _past(one: PastAgreement) -> Cover:
    return Cover(
        agreement=one.agreement,
        version=one.version,
        how="imported",
        parties=one.organisations,
        datasets=one.datasets,
        forms=one.forms,
        since=one.since,
        dated=one.dated,
        until=None,
        releases=one.releases,
    )
