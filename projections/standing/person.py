"""A person: known details, certified training, suspensions, debarments, and what they once got."""

from calendar import monthrange
from datetime import MAXYEAR, date, timedelta

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
from projections.standing.known import Known, Told


class PersonStanding:
    """What is known of one person."""

    folds = (
        PersonRegistered,
        PersonDetailsChanged,
        PersonErased,
        TrainingCertified,
        TrainingVerified,
        PersonSuspended,
        SuspensionLifted,
        PastReleaseRecorded,
        PersonDebarred,
        DebarmentLifted,
    )

    def __init__(self) -> None:
        self.details: dict[str, int] = {}
        self.registered: int | None = None
        self.trainings: list[Known[TrainingCertified]] = []
        self.verified: dict[str, int] = {}
        self.past: list[Known[PastReleaseRecorded]] = []
        self._suspensions: dict[str | None, int] = {}
        self.debarments: list[Known[PersonDebarred]] = []

    def fold(self, fact: Told) -> None:
        """Take in a fact."""
        match fact.event:
            case PersonRegistered() | PersonDetailsChanged() as said:
                self.registered = self.registered or fact.position
                self.details |= dict.fromkeys(said.sealed(), fact.position)
            case PersonErased() as erased:
                self.details = {
                    detail: at for detail, at in self.details.items() if erased.details and detail not in erased.details
                }
            case TrainingCertified() as certified:
                self.trainings.append(Known(certified, fact.position))
            case TrainingVerified() as verified:
                self.verified[verified.certificate] = fact.position
            case PersonSuspended() as suspended:
                self._suspensions[suspended.request] = fact.position
            case SuspensionLifted() as lifted:
                self._suspensions.pop(lifted.request, None)
            case PastReleaseRecorded() as past:
                self.past.append(Known(past, fact.position))
            case PersonDebarred() as debarred:
                self.debarments.append(Known(debarred, fact.position))
            case DebarmentLifted():
                self.debarments.clear()

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
        covering = [known for known in self.trainings if known.event.completed <= day <= end_of(known, valid_months)]
        if len(covering) == 1:
            return covering[0]
        return max(covering, key=lambda one: (self.is_verified(one), end_of(one, valid_months)), default=None)

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
