"""What the office does to bind recipients by an agreement."""

from datetime import date, datetime

import msgspec

from ledger.boundary import Boundary, about
from ledger.events import AgreementExecuted, AgreementIssued, AgreementRenewed, AmendmentIssued, Event
from ledger.events.agreement import Covered, Kind, Recipient
from ledger.events.ids import AgreementId, Filed, Name, PersonId, RequestId, Sealed, WaiverId
from ledger.events.request import Wanted
from projections.acts.act import Act
from projections.standing import Standing


class IssueAgreement(Act, frozen=True, kw_only=True, tag="issue-agreement"):
    """Write an agreement from an approved template, for these recipients and data sets, and send this text out."""

    request: RequestId
    agreement: AgreementId
    kind: Kind
    template: Name
    template_approved_by: PersonId
    text: Filed
    recipients: tuple[Recipient, ...]
    datasets: tuple[Covered, ...]
    otherwise: Sealed | None = None

    def first_look(self) -> list[Boundary]:
        """Also whether another request has an agreement of this number."""
        return [*super().first_look(), about(AgreementIssued, AmendmentIssued, tags=[f"agreement:{self.agreement}"])]

    def names(self) -> tuple[str, ...]:
        """Who approved the template, and the recipients."""
        return (self.template_approved_by, *(one.person for one in self.recipients))

    def done(self, standing: Standing, at: datetime, waivers: tuple[WaiverId, ...]) -> Event:
        """As every act says it."""
        del standing, at, waivers
        said = msgspec.structs.asdict(self)
        del said["principal"]
        return AgreementIssued(**said)


class AmendAgreement(IssueAgreement, frozen=True, kw_only=True, tag="amend-agreement"):
    """Write an amendment of an agreement in force, and send this text out; one `beside` it only adds to it."""

    amends: AgreementId
    beside: bool = False

    def people(self, standing: Standing) -> tuple[str, ...]:
        """The study group, and whom the amendment names."""
        return tuple(dict.fromkeys((*super().people(standing), *(one.person for one in self.recipients))))

    def looks_at(self, standing: Standing) -> set[str]:
        """Also the data sets that it adds."""
        return super().looks_at(standing) | {one.dataset for one in self.datasets}

    def done(self, standing: Standing, at: datetime, waivers: tuple[WaiverId, ...]) -> Event:
        """As every act says it."""
        del standing, at, waivers
        said = msgspec.structs.asdict(self)
        del said["principal"]
        return AmendmentIssued(**said)


def changes_nothing(amended: AgreementIssued, amendment: AmendAgreement) -> bool:
    """Whether an amendment names those whom the agreement names, and covers what that covers; words aside.

    One beside it does when it adds nobody and nothing.
    """
    before, after = (
        (one.kind, {*one.recipients}, {*one.datasets}, one.otherwise is None) for one in (amended, amendment)
    )
    if amendment.beside:
        return after[0] == before[0] and after[1] <= before[1] and after[2] <= before[2]
    return before == after


class ExecuteAgreement(Act, frozen=True, kw_only=True, tag="execute-agreement"):
    """Put an agreement that everybody has signed in force, from one day to another, both included."""

    request: RequestId
    agreement: AgreementId
    starts: date
    ends: date

    def people(self, standing: Standing) -> tuple[str, ...]:
        """Everybody who will have access once it is in force."""
        return standing.request(self.request).group_under(self.agreement)

    def wanted(self, standing: Standing) -> tuple[Wanted, ...]:
        """Also the data sets that an amendment adds."""
        return standing.request(self.request).datasets_under(self.agreement)

    def done(self, standing: Standing, at: datetime, waivers: tuple[WaiverId, ...]) -> Event:
        """As every act says it."""
        del standing, at
        return AgreementExecuted(
            request=self.request, agreement=self.agreement, starts=self.starts, ends=self.ends, waivers=waivers
        )


class RenewAgreement(Act, frozen=True, kw_only=True, tag="renew-agreement"):
    """Prolong an agreement in force to a later day, on a report of what the data were used for."""

    request: RequestId
    agreement: AgreementId
    ends: date
    report: Filed

    def done(self, standing: Standing, at: datetime, waivers: tuple[WaiverId, ...]) -> Event:
        """As every act says it."""
        del standing, at
        return AgreementRenewed(
            request=self.request, agreement=self.agreement, ends=self.ends, report=self.report, waivers=waivers
        )
