"""A person: known details, certified training, suspensions, debarments, and what they once got."""

from calendar import monthrange
from collections.abc import Mapping
from datetime import MAXYEAR, date, timedelta
from typing import Any

from ledger.events import (
    DebarmentLifted,
    PastReleaseRecorded,
    PersonDebarred,
    PersonDetailsChanged,
    PersonErased,
    PersonRegistered,
    PersonSuspended,
    SuspensionLifted,
    TrainingCertified,
    TrainingVerified,
)
from projections.standing.known import Known
from projections.standing.part import Part, takes

NOTHING: Mapping[Any, int] = {}


class PersonStanding(Part):
    """What is known of one person."""

    # Nothing that can be changed: many people are known by a few facts, and none of these is made for all of them.
    registered: int | None = None
    trainings: tuple[Known[TrainingCertified], ...] = ()
    verified: Mapping[str, int] = NOTHING
    debarments: tuple[Known[PersonDebarred], ...] = ()
    _told: tuple[Known[PersonRegistered] | Known[PersonDetailsChanged] | Known[PersonErased], ...] = ()
    _suspensions: Mapping[str | None, int] = NOTHING

    def __init__(self) -> None:
        # A register may have very many of one person.
        self.past: list[Known[PastReleaseRecorded]] = []

    @takes(PersonRegistered, PersonDetailsChanged)
    def _person_registered(self, fact: Known[PersonRegistered] | Known[PersonDetailsChanged]) -> None:
        self.registered = self.registered or fact.position
        self._told = (*self._told, fact)

    @takes(PersonErased)
    def _person_erased(self, fact: Known[PersonErased]) -> None:
        self._told = (*self._told, fact)

    @takes(TrainingCertified)
    def _training_certified(self, fact: Known[TrainingCertified]) -> None:
        self.trainings = (*self.trainings, fact)

    @takes(TrainingVerified)
    def _training_verified(self, fact: Known[TrainingVerified]) -> None:
        self.verified = {**self.verified, fact.event.certificate: fact.position}

    @takes(PersonSuspended)
    def _person_suspended(self, fact: Known[PersonSuspended]) -> None:
        self._suspensions = {**self._suspensions, fact.event.request: fact.position}

    @takes(SuspensionLifted)
    def _suspension_lifted(self, fact: Known[SuspensionLifted]) -> None:
        lifted = fact.event.request
        self._suspensions = {where: at for where, at in self._suspensions.items() if where != lifted}

    @takes(PastReleaseRecorded)
    def _past_release_recorded(self, fact: Known[PastReleaseRecorded]) -> None:
        self.past.append(fact)

    @takes(PersonDebarred)
    def _person_debarred(self, fact: Known[PersonDebarred]) -> None:
        self.debarments = (*self.debarments, fact)

    @takes(DebarmentLifted)
    def _debarment_lifted(self, fact: Known[DebarmentLifted]) -> None:
        del fact
        self.debarments = ()

    @property
    def details(self) -> dict[str, int]:
        """The details that are known and not erased, each with where it was told last."""
        found: dict[str, int] = {}
        for one in self._told:
            if isinstance(erased := one.event, PersonErased):
                found = {detail: at for detail, at in found.items() if erased.details and detail not in erased.details}
            else:
                found |= dict.fromkeys(one.event.sealed(), one.position)
        return found

    def debarments_on(self, day: date) -> list[int]:
        """Where it stands that the person is debarred on this day."""
        return [one.position for one in self.debarments if day <= one.event.until]

    def suspensions_in(self, request: str) -> list[int]:
        """Where it stands that the person is suspended, in this request and in all."""
        return [at for where, at in self._suspensions.items() if where in (request, None)]

    def training_on(self, day: date, valid_months: int) -> Known[TrainingCertified] | None:
        """The training that covers this day and lasts longest, one that is verified before any other.

        A printed expiry wins over policy.
        """
        covering = [one for one in self.trainings if one.event.completed <= day <= end_of(one, valid_months)]
        if len(covering) < 2:
            return covering[0] if covering else None
        return max(covering, key=lambda one: (self.is_verified(one), end_of(one, valid_months)))

    def is_verified(self, training: Known[TrainingCertified]) -> bool:
        """Whether the office found its certificate to be genuine."""
        return training.event.document in self.verified


def end_of(training: Known[TrainingCertified], valid_months: int) -> date:
    """The last day that a training covers."""
    return training.event.expires or months_after(training.event.completed, valid_months)


def months_after(day: date, months: int) -> date:
    """The same day so many months later, or the last of that month when it has no such day."""
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    if year > MAXYEAR:
        return date.max
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def day_before(day: date) -> date:
    """The day before a day, as far as there are dates."""
    return day - timedelta(1) if day > date.min else day
