"""An agreement: whom it names, who signed it, and when it is in force."""

from datetime import date

from ledger.events import AgreementExecuted, AgreementIssued, AgreementSigned, AgreementTerminated, PolicyPublished
from ledger.events.agreement import Capacity, Kind
from ledger.events.catalogue import Form
from projections.standing.known import Known, Told


class AgreementStanding:
    """What is known of one agreement."""

    folds = (AgreementIssued, AgreementSigned, AgreementExecuted, AgreementTerminated)

    def __init__(self) -> None:
        self.issued: Known[AgreementIssued] | None = None
        self.signatures: list[Known[AgreementSigned]] = []
        self.executed: Known[AgreementExecuted] | None = None
        self.terminated: Known[AgreementTerminated] | None = None
        self._recipients: frozenset[tuple[str, str | None]] = frozenset()
        self._datasets: frozenset[tuple[str, Form | None]] = frozenset()

    def fold(self, fact: Told) -> None:
        """Take in a fact. Of several terminations the earliest counts."""
        match fact.event:
            case AgreementIssued() as issued:
                self.issued = Known(issued, fact.position)
                self._recipients = frozenset((one.person, one.organisation) for one in issued.recipients)
                self._datasets = frozenset((one.dataset, form) for one in issued.datasets for form in (one.form, None))
            case AgreementSigned() as signed:
                self.signatures.append(Known(signed, fact.position))
            case AgreementExecuted() as executed:
                self.executed = Known(executed, fact.position)
            case AgreementTerminated() as terminated:
                if self.terminated is None or terminated.on < self.terminated.event.on:
                    self.terminated = Known(terminated, fact.position)

    def in_force(self, day: date) -> bool:
        """Whether it binds on this day."""
        if self.executed is None or (self.terminated and self.terminated.event.on <= day):
            return False
        return self.executed.event.starts <= day <= self.executed.event.ends

    def is_over(self, day: date) -> bool:
        """Whether it binds no more, and never will again."""
        ended = self.executed is not None and self.executed.event.ends < day
        return ended or (self.terminated is not None and self.terminated.event.on <= day)

    def names(self, person: str, kind: Kind, organisation: str | None) -> bool:
        """Whether it names this person for this organisation, and is of this kind or says why it is of the other."""
        said = self.issued and self.issued.event
        if not said or (said.kind != kind and said.otherwise is None):
            return False
        return (person, organisation) in self._recipients

    def is_for(self, person: str) -> bool:
        """Whether it names this person, for whatever they act for."""
        return any(person == recipient for recipient, _ in self._recipients)

    def covers(self, dataset: str, form: Form | None = None) -> bool:
        """Whether it is about this data set, in this form if one is given."""
        return (dataset, form) in self._datasets

    @property
    def facts(self) -> tuple[int, ...]:
        """The positions of what decides whether it is in force."""
        return tuple(one.position for one in (self.issued, self.executed, self.terminated) if one is not None)


def required_signatures(said: AgreementIssued, policy: PolicyPublished) -> list[tuple[Capacity, str | None]]:
    """The capacities in which an agreement has to be signed; an official signs for each organisation that it names."""
    capacities = policy.memorandum_capacities if said.kind == "MOU" else policy.external_agreement_capacities
    organisations = sorted({one.organisation for one in said.recipients if one.organisation})
    return [
        (capacity, organisation)
        for capacity in capacities
        for organisation in (organisations if capacity == "authorised official" else [None])
    ]
