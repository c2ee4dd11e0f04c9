"""Commands about what is held: copies that were passed on, destruction, and the end of a request."""

from datetime import date

from api.commands.command import Acting, Command, Drafting, Wish
from api.ids import numbered
from ledger.errors import Malformed
from ledger.events import (
    CopiesDeclared,
    CopyReported,
    DestructionAccepted,
    DestructionAttested,
    HoldingWrittenOff,
    RequestClosed,
)
from projections.acts import AcceptAttestation, CloseRequest, WriteOff
from projections.standing import Holding, RequestStanding, as_held, holdings, open_holdings


class ReportCopy(Command, frozen=True, kw_only=True):
    """A copy of a version was passed on; the version need not be said where only one of the data set went out.

    `account` is all that is known of whom nobody knows.
    """

    request: str
    dataset: str
    label: str | None = None
    by: str | None = None
    person: str | None = None
    account: str | None = None
    since: date | None = None
    place: str | None = None

    def draft(self, at: Drafting) -> Wish:
        """A report."""
        if (self.person is None) == (self.account is None):
            why = "has the copy, or an account of whoever has: say one of them"
            raise Malformed("person", self.person or "", why, "person", "account")
        request, since = at.request(self.request), self.since or at.day
        label = self.label or self._label(request)
        went_out = self._went_out(request, label, at)
        if went_out and since < went_out:
            why = f"is before {self.dataset} version {label} was handed over, on {went_out}"
            raise Malformed("date", str(since), why)
        sealed = at.sealed(CopyReported, f"request:{self.request}", {"place": self.place, "account": self.account})
        return at.reports(
            CopyReported(
                request=self.request,
                dataset=self.dataset,
                label=label,
                by=self.by,
                person=self.person,
                since=since,
                **sealed,
            )
        )

    def _label(self, request: RequestStanding) -> str:
        label = _only_version(request, self.dataset)
        if label is None:
            raise Malformed("data set", self.dataset, f"nothing of it was released under {self.request}")
        return label

    def _went_out(self, request: RequestStanding, label: str, at: Drafting) -> date | None:
        """The day on which the version was first handed over; None for what nobody was given here."""
        first = (
            one.handed_over.position
            for one in request.releases.values()
            if one.handed_over
            and any((file.dataset, file.label) == (self.dataset, label) for file in one.handed_over.event.package.files)
        )
        return min((_day(position, at) for position in first), default=None)


class DeclareCopies(Command, frozen=True, kw_only=True):
    """The group of a request says, by one of them, that all copies of what it received are reported."""

    request: str
    by: str

    def draft(self, at: Drafting) -> Wish:
        """A report."""
        request = at.request(self.request)
        if not any(one.received for one in request.releases.values()):
            raise Malformed("request", self.request, "has received nothing yet, of which there could be copies")
        if self.by not in _group(request):
            raise Malformed("person", self.by, f"is not of the group of {self.request}, whose copies these are")
        return at.reports(CopiesDeclared(request=self.request, by=self.by))


class Attest(Command, frozen=True, kw_only=True):
    """Somebody attests that what these people hold under a request is destroyed: all of it, or of these data sets."""

    request: str
    people: tuple[str, ...]
    media: str
    method: str
    copies: int
    by: str | None = None
    on: date | None = None
    datasets: tuple[str, ...] = ()
    exceptions: str | None = None

    def draft(self, at: Drafting) -> Wish:
        """A report."""
        request = at.request(self.request)
        by, held, on = self._attester(), self._named(request), self.on or at.day
        for one in held:
            since = one.since or _day(one.position, at)
            if on < since:
                why = f"is before {one.dataset} version {one.label} was held, since {since}"
                raise Malformed("date", str(on), why)
        texts = {"media": self.media, "method": self.method, "exceptions": self.exceptions}
        return at.reports(
            DestructionAttested(
                attestation=numbered("X", self.request, request.copies.attestations),
                request=self.request,
                by=by,
                on=on,
                holdings=tuple(dict.fromkeys(as_held(one) for one in held)),
                copies=self.copies,
                **at.sealed(DestructionAttested, f"request:{self.request}", texts),
            )
        )

    def _attester(self) -> str:
        if self.by is not None:
            return self.by
        if len(self.people) != 1:
            why = "are several: it has to be said which of them attests it, or who else does"
            raise Malformed("people", ", ".join(self.people), why, "people", "by")
        return self.people[0]

    def _named(self, request: RequestStanding) -> list[Holding]:
        held = [one for one in open_holdings(request) if not self.datasets or one.dataset in self.datasets]
        for person in self.people:
            if not any(one.person == person for one in held):
                of = f" of {', '.join(self.datasets)}" if self.datasets else ""
                raise Malformed("person", person, f"holds nothing{of} under {self.request}, as far as is known")
        return [one for one in held if one.person in self.people]


class Accept(Command, frozen=True, kw_only=True):
    """Accept that what an attestation names is destroyed; with exceptions, or of no copies, only for a reason."""

    request: str
    attestation: str
    reason: str | None = None

    def draft(self, at: Drafting) -> Wish:
        """An act."""
        sealed = at.sealed(DestructionAccepted, f"request:{self.request}", {"reason": self.reason})
        act = AcceptAttestation(principal=at.principal, request=self.request, attestation=self.attestation, **sealed)
        return Acting(act, DestructionAccepted)


class GiveUp(Command, frozen=True, kw_only=True):
    """Write off what somebody holds; the version need not be said where they hold only one of the data set."""

    request: str
    person: str
    dataset: str
    reason: str
    label: str | None = None

    def draft(self, at: Drafting) -> Wish:
        """An act."""
        act = WriteOff(
            principal=at.principal,
            request=self.request,
            person=self.person,
            dataset=self.dataset,
            label=self.label or self._label(at),
            **at.sealed(HoldingWrittenOff, f"request:{self.request}", {"reason": self.reason}),
        )
        return Acting(act, HoldingWrittenOff)

    def _label(self, at: Drafting) -> str:
        label = _only_version(at.request(self.request), self.dataset, self.person)
        if label is None:
            why = f"holds nothing of {self.dataset} under {self.request}, as far as is known"
            raise Malformed("person", self.person, why)
        return label


class Close(Command, frozen=True, kw_only=True):
    """Close a request under which nobody holds anything any more."""

    request: str

    def draft(self, at: Drafting) -> Wish:
        """An act."""
        return Acting(CloseRequest(principal=at.principal, request=self.request), RequestClosed)


def _group(request: RequestStanding) -> set[str]:
    """Who asked, the study group, and whomever an agreement ever named: also those of them who have left since."""
    said = request.submitted.event if request.submitted else None
    agreements = [one.issued.event for one in request.agreements.values() if one.issued]
    recipients = {one.person for agreement in agreements for one in agreement.recipients}
    return {*((said.researcher, *said.study_group) if said else ()), *request.study_group, *recipients}


def _day(position: int, at: Drafting) -> date:
    """The date at the office on which a fact happened."""
    return at.office.day(at.fact(position).occurred_at)


def _only_version(request: RequestStanding, dataset: str, person: str | None = None) -> str | None:
    """The one version of a data set that is, or was, held under a request: by somebody, or by this person.

    None when there is none. Raises `Malformed` for several.
    """
    labels = {one.label for one in holdings(request) if one.dataset == dataset and person in (None, one.person)}
    if len(labels) > 1:
        why = f"was released in several versions, of which one has to be said: {', '.join(sorted(labels))}"
        raise Malformed("data set", dataset, why)
    return labels.pop() if labels else None
