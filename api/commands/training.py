"""Commands about training in the treatment of human subjects."""

from datetime import date

from api.commands.command import Command, Document, Drafting, Wish
from ledger.errors import Malformed
from ledger.events import TrainingCertified, TrainingVerified
from projections.acts import of_person


class RecordTraining(Command, frozen=True, kw_only=True):
    """A person completed the training, as a certificate says."""

    person: str
    completed: date
    certificate: Document
    expires: date | None = None

    def draft(self, at: Drafting) -> Wish:
        """A report."""
        filed = at.filed(TrainingCertified, f"person:{self.person}", self.certificate)
        certified = TrainingCertified(
            person=self.person, completed=self.completed, expires=self.expires, document=filed
        )
        return at.reports(certified, documents=[filed])


class VerifyTraining(Command, frozen=True, kw_only=True):
    """The office found with whoever issued them that a person's certificates are genuine."""

    person: str

    def draft(self, at: Drafting) -> Wish:
        """A report for each certificate that was not verified yet."""
        person = at.standing(of_person(self.person)).person(self.person)
        certificates = [one.event.document for one in person.trainings if not person.is_verified(one)]
        if not certificates:
            raise Malformed("person", self.person, "has no certificate that is still to be verified")
        return at.reports(*(TrainingVerified(person=self.person, certificate=one) for one in certificates))
