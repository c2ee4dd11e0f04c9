"""Commands about agreements in force: amended, renewed."""

from datetime import date

from msgspec.structs import replace

from api.commands.command import Acting, Command, Document, Drafting, Wish
from api.ids import numbered
from ledger.errors import Malformed, Missing
from ledger.events import AgreementIssued, AgreementRenewed, AmendmentIssued
from ledger.events.agreement import Covered, Kind, Recipient
from projections.acts import AmendAgreement, RenewAgreement, changes_nothing
from projections.standing import RequestStanding
from projections.standing.person import months_after


class Amend(Command, frozen=True, kw_only=True):
    """Write an amendment of an agreement in force, and send exactly this text out, to be signed and executed.

    It names whom the agreement names, for whom they act now, and what it is about, with what is added and without what
    is removed. One `beside` it, an addendum such as for somebody from outside, names only what is added; where no data
    sets are, it is about the same. It is of the agreement's kind, if no other is given.
    """

    request: str
    amends: str
    template: str
    template_approved_by: str
    text: Document
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    add_data: tuple[Covered, ...] = ()
    remove_data: tuple[str, ...] = ()
    beside: bool = False
    kind: Kind | None = None
    otherwise: str | None = None

    def draft(self, at: Drafting) -> Wish:
        """An act; one that changes nothing, its very words among it, names the text that there is."""
        request = at.request(self.request)
        amended = request.agreement(self.amends).issued
        if amended is None:
            raise Malformed("agreement", self.amends, f"is none of request {self.request}")
        self._check(amended.event)
        subject = f"request:{self.request}"
        kind = self.kind or amended.event.kind
        act = AmendAgreement(
            principal=at.principal,
            request=self.request,
            agreement=numbered("A", self.request, request.agreements),
            amends=self.amends,
            beside=self.beside,
            kind=kind,
            template=self.template,
            template_approved_by=self.template_approved_by,
            text=amended.event.text,
            recipients=tuple(self._recipients(amended.event, kind, request)),
            datasets=self._datasets(amended.event),
            **at.sealed(AmendmentIssued, subject, {"otherwise": self.otherwise}),
        )
        if changes_nothing(amended.event, act) and self._says_what_is_said(amended.event, at):
            return Acting(act, AmendmentIssued)
        text = at.filed(AmendmentIssued, subject, self.text)
        return Acting(replace(act, text=text), AmendmentIssued, (text,))

    def _says_what_is_said(self, amended: AgreementIssued, at: Drafting) -> bool:
        """Whether its text is that of what it amends, byte for byte, as far as that is kept."""
        try:
            return at.kept(amended.text).content == self.text.content
        except Missing:
            return False

    def _check(self, amended: AgreementIssued) -> None:
        """Raise `Malformed` for who or what is removed and was never there."""
        if self.beside and (self.remove or self.remove_data):
            also = [name for name in ("remove", "remove_data") if getattr(self, name)]
            raise Malformed(
                "amendment", self.amends, "cannot be beside it and take something out of it", "beside", *also
            )
        for person in self.remove:
            if person not in [one.person for one in amended.recipients]:
                raise Malformed("person", person, f"is not named in {self.amends}")
        for dataset in self.remove_data:
            if dataset not in [one.dataset for one in amended.datasets]:
                raise Malformed("dataset", dataset, f"is not in {self.amends}")

    def _recipients(self, amended: AgreementIssued, kind: Kind, request: RequestStanding) -> list[Recipient]:
        before = () if self.beside else tuple(one.person for one in amended.recipients)
        people = [one for one in dict.fromkeys((*before, *self.add)) if one not in self.remove]
        return [
            Recipient(person=person, organisation=organisation)
            for person in people
            for organisation in _acting_for(person, kind, request)
        ]

    def _datasets(self, amended: AgreementIssued) -> tuple[Covered, ...]:
        if self.beside and self.add_data:
            return self.add_data
        kept = [one for one in amended.datasets if one.dataset not in self.remove_data]
        return tuple(dict.fromkeys((*kept, *self.add_data)))


def _acting_for(person: str, kind: Kind, request: RequestStanding) -> list[str | None]:
    """For whom an agreement of this kind names a person, or else the rules will say that it is not for them."""
    needs = request.needs(person)
    return [organisation for needed, organisation in needs if needed == kind] or [needs[0][1]]


class Renew(Command, frozen=True, kw_only=True):
    """Prolong an agreement in force, on a report of use: for as long as policy has it from today, if not said."""

    request: str
    agreement: str
    report: Document
    ends: date | None = None

    def draft(self, at: Drafting) -> Wish:
        """An act."""
        if at.request(self.request).agreement(self.agreement).issued is None:
            raise Malformed("agreement", self.agreement, f"is none of request {self.request}")
        report = at.filed(AgreementRenewed, f"request:{self.request}", self.report)
        act = RenewAgreement(
            principal=at.principal,
            request=self.request,
            agreement=self.agreement,
            ends=self.ends or months_after(at.today, at.office.policy.event.agreement_months),
            report=report,
        )
        return Acting(act, AgreementRenewed, (report,))
