"""An agreement: whom it names, who signed it, and when it is in force."""

from datetime import date, timedelta

from ledger.events import (
    AgreementExecuted,
    AgreementExpired,
    AgreementIssued,
    AgreementRenewed,
    AgreementSigned,
    AgreementTerminated,
    AmendmentIssued,
    PolicyPublished,
)
from ledger.events.agreement import Capacity, Kind
from ledger.events.catalogue import Form
from projections.standing.known import Known
from projections.standing.part import Part, takes


class AgreementStanding(Part):
    """What is known of one agreement. Of several terminations the earliest counts."""

    def __init__(self) -> None:
        self.issued: Known[AgreementIssued] | None = None
        self.signatures: list[Known[AgreementSigned]] = []
        self.executed: Known[AgreementExecuted] | None = None
        self.renewed: Known[AgreementRenewed] | None = None
        self.expired: Known[AgreementExpired] | None = None
        self.terminated: Known[AgreementTerminated] | None = None
        # The execution of the amendment that took its place.
        self.replaced: Known[AgreementExecuted] | None = None
        # Whom it names, under each kind that it is or stands for, and for which organisation.
        self.named: frozenset[tuple[str, Kind, str | None]] = frozenset()
        self._datasets: frozenset[tuple[str, Form | None]] = frozenset()

    @takes(AgreementIssued, AmendmentIssued)
    def _agreement_issued(self, fact: Known[AgreementIssued]) -> None:
        self.issued = fact
        said = fact.event
        kinds: tuple[Kind, ...] = (said.kind,) if said.otherwise is None else ("MOU", "DUA")
        self.named = frozenset((one.person, kind, one.organisation) for one in said.recipients for kind in kinds)
        self._datasets = frozenset((one.dataset, form) for one in said.datasets for form in (one.form, None))

    @takes(AgreementSigned)
    def _agreement_signed(self, fact: Known[AgreementSigned]) -> None:
        self.signatures.append(fact)

    @takes(AgreementExecuted)
    def _agreement_executed(self, fact: Known[AgreementExecuted]) -> None:
        self.executed = fact

    @takes(AgreementRenewed)
    def _agreement_renewed(self, fact: Known[AgreementRenewed]) -> None:
        self.renewed = fact

    @takes(AgreementExpired)
    def _agreement_expired(self, fact: Known[AgreementExpired]) -> None:
        self.expired = fact

    @takes(AgreementTerminated)
    def _agreement_terminated(self, fact: Known[AgreementTerminated]) -> None:
        if self.terminated is None or fact.event.on < self.terminated.event.on:
            self.terminated = fact

    def replace(self, amendment: Known[AgreementExecuted]) -> None:
        """Take in that an amendment took its place. Of several the earliest counts."""
        if self.replaced is None or amendment.event.starts < self.replaced.event.starts:
            self.replaced = amendment

    @property
    def amendment(self) -> AmendmentIssued | None:
        """What it amends, and how; None when it is no amendment."""
        said = self.issued and self.issued.event
        return said if isinstance(said, AmendmentIssued) else None

    @property
    def agreed_end(self) -> date | None:
        """The last day for which it was executed, or renewed; None when it was not executed."""
        if self.executed is None:
            return None
        return self.renewed.event.ends if self.renewed else self.executed.event.ends

    @property
    def last_day(self) -> date | None:
        """The last day on which it binds, as far as is known: it binds no more on the day of its termination.

        None when it was not executed, or never bound.
        """
        if self.agreed_end is None or self.executed is None:
            return None
        ends = [self.terminated.event.on] if self.terminated else []
        ends += [self.replaced.event.starts] if self.replaced else []
        if date.min in ends:
            return None
        return min([self.agreed_end, *(day - timedelta(1) for day in ends)])

    def in_force(self, day: date) -> bool:
        """Whether it binds on this day."""
        last = self.last_day
        return self.executed is not None and last is not None and self.executed.event.starts <= day <= last

    def is_over(self, day: date) -> bool:
        """Whether it binds no more, and never will again."""
        return self.over_from is not None and self.over_from <= day

    @property
    def over_from(self) -> date | None:
        """The day from which on it binds no more; None as long as none is known."""
        if self.executed is None:
            return self.terminated.event.on if self.terminated else None
        last = self.last_day
        if last is None:
            return date.min
        return last + timedelta(1) if last < date.max else None

    def names(self, person: str, kind: Kind, organisation: str | None) -> bool:
        """Whether it names this person for this organisation, and is of this kind or says why it is of the other."""
        return (person, kind, organisation) in self.named

    def is_for(self, person: str) -> bool:
        """Whether it names this person, for whatever they act for."""
        return any(person == named for named, _, _ in self.named)

    def covers(self, dataset: str, form: Form | None = None) -> bool:
        """Whether it is about this data set, in this form if one is given."""
        return (dataset, form) in self._datasets

    @property
    def facts(self) -> tuple[int, ...]:
        """The positions of what decides whether it is in force."""
        known = (self.issued, self.executed, self.renewed, self.replaced, self.expired, self.terminated)
        return tuple(sorted(one.position for one in known if one is not None))


def required_signatures(said: AgreementIssued, policy: PolicyPublished) -> list[tuple[Capacity, str | None]]:
    """The capacities in which an agreement has to be signed; an official signs for each organisation that it names."""
    capacities = policy.memorandum_capacities if said.kind == "MOU" else policy.external_agreement_capacities
    organisations = sorted({one.organisation for one in said.recipients if one.organisation})
    return [
        (capacity, organisation)
        for capacity in capacities
        for organisation in (organisations if capacity == "authorised official" else [None])
    ]
