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
from ledger.events.holding import Held
from projections.acts import AcceptAttestation, CloseRequest, WriteOff
from projections.standing import RequestStanding, as_held, holdings, open_holdings


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
            raise Malformed("person", self.person or "", "has the copy, or an account of whoever has: say one of them")
        label = self.label or _only_version(at.request(self.request), self.dataset)
        sealed = at.sealed(CopyReported, f"request:{self.request}", {"place": self.place, "account": self.account})
        return at.reports(
            CopyReported(
                request=self.request,
                dataset=self.dataset,
                label=label,
                by=self.by,
                person=self.person,
                since=self.since or at.today,
                **sealed,
            )
        )


class DeclareCopies(Command, frozen=True, kw_only=True):
    """The group of a request says, by one of them, that all copies of what it received are reported."""

    request: str
    by: str

    def draft(self, at: Drafting) -> Wish:
        """A report."""
        request = at.request(self.request)
        if not any(one.received for one in request.releases.values()):
            raise Malformed("request", self.request, "has received nothing yet, of which there could be copies")
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
        texts = {"media": self.media, "method": self.method, "exceptions": self.exceptions}
        return at.reports(
            DestructionAttested(
                attestation=numbered("X", self.request, request.copies.attestations),
                request=self.request,
                by=self._attester(),
                on=self.on or at.today,
                holdings=tuple(self._named(request)),
                copies=self.copies,
                **at.sealed(DestructionAttested, f"request:{self.request}", texts),
            )
        )

    def _attester(self) -> str:
        if self.by is not None:
            return self.by
        if len(self.people) != 1:
            raise Malformed("person who attests", "", "is missing: for several people it has to be said who does")
        return self.people[0]

    def _named(self, request: RequestStanding) -> list[Held]:
        held = [one for one in open_holdings(request) if not self.datasets or one.dataset in self.datasets]
        for person in self.people:
            if not any(one.person == person for one in held):
                of = f" of {', '.join(self.datasets)}" if self.datasets else ""
                raise Malformed("person", person, f"holds nothing{of} under {self.request}, as far as is known")
        return list(dict.fromkeys(as_held(one) for one in held if one.person in self.people))


class Accept(Command, frozen=True, kw_only=True):
    """Accept that what an attestation names is destroyed; in spite of exceptions only for a reason."""

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
            label=self.label or _only_version(at.request(self.request), self.dataset, self.person),
            **at.sealed(HoldingWrittenOff, f"request:{self.request}", {"reason": self.reason}),
        )
        return Acting(act, HoldingWrittenOff)


class Close(Command, frozen=True, kw_only=True):
    """Close a request under which nobody holds anything any more."""

    request: str

    def draft(self, at: Drafting) -> Wish:
        """An act."""
        return Acting(CloseRequest(principal=at.principal, request=self.request), RequestClosed)


def _only_version(request: RequestStanding, dataset: str, person: str | None = None) -> str:
    """The one version of a data set that is, or was, held under a request: by somebody, or by this person."""
    labels = {one.label for one in holdings(request) if one.dataset == dataset and person in (None, one.person)}
    if len(labels) != 1:
        which = f"one of {', '.join(sorted(labels))}" if labels else "none is held"
        raise Malformed("version", "", f"of {dataset} has to be said: {which}")
    return labels.pop()
