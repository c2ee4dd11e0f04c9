"""Commands about people who are kept out of new requests, and about what the law compelled the office to disclose."""

from datetime import date

from api.commands.command import Command, Document, Drafting, Wish
from ledger.errors import Malformed
from ledger.events import DebarmentLifted, DisclosureCompelled, PersonDebarred
from ledger.events.compelled import Instrument
from projections.acts import of_person


class Debar(Command, frozen=True, kw_only=True):
    """A person takes part in no new request, up to and including a day."""

    person: str
    until: date
    reason: str

    def draft(self, at: Drafting) -> Wish:
        """A report."""
        if self.until < at.today:
            raise Malformed("date", str(self.until), f"is over; it is {at.today} at the office")
        sealed = at.sealed(PersonDebarred, f"person:{self.person}", {"reason": self.reason})
        return at.reports(PersonDebarred(person=self.person, until=self.until, **sealed))


class LiftDebarment(Command, frozen=True, kw_only=True):
    """A person may take part in new requests again."""

    person: str
    reason: str | None = None

    def draft(self, at: Drafting) -> Wish:
        """A report."""
        if not at.standing(of_person(self.person)).person(self.person).debarments_on(at.today):
            raise Malformed("person", self.person, "is not debarred")
        sealed = at.sealed(DebarmentLifted, f"person:{self.person}", {"reason": self.reason})
        return at.reports(DebarmentLifted(person=self.person, **sealed))


class Compelled(Command, frozen=True, kw_only=True):
    """Data were disclosed because an instrument of the law compelled it; this belongs to the record of disclosures."""

    instrument: Instrument
    on: date
    datasets: tuple[str, ...]
    to: str
    scope: str
    counsel: str
    document: Document
    notice_on: date | None = None
    no_notice: str | None = None
    learners: int | None = None

    def draft(self, at: Drafting) -> Wish:
        """A report."""
        if not self.datasets:
            raise Malformed("data sets", "", "are missing", "datasets")
        if (self.notice_on is None) == (self.no_notice is None):
            why = "was given on a day, or there is a reason why not: say one of the two"
            raise Malformed("notice", "", why, "notice_on", "no_notice")
        first, *also = dict.fromkeys(self.datasets)
        subject = f"dataset:{first}"
        document = at.filed(DisclosureCompelled, subject, self.document)
        texts = {"to": self.to, "scope": self.scope, "counsel": self.counsel, "no_notice": self.no_notice}
        disclosed = DisclosureCompelled(
            instrument=self.instrument,
            on=self.on,
            dataset=first,
            also=tuple(also),
            document=document,
            notice_on=self.notice_on,
            learners=self.learners,
            **at.sealed(DisclosureCompelled, subject, texts),
        )
        return at.reports(disclosed, documents=[document])
