"""Commands about findings: who deals with one, and what came of it."""

from collections.abc import Iterable, Sequence
from typing import Any

from api.commands.command import Command, Drafting, Wish
from ledger.boundary import about
from ledger.errors import Malformed
from ledger.events import (
    AccessPermitted,
    CopyReported,
    DataSetOpened,
    Event,
    FactCorrected,
    FindingAssigned,
    FindingClosed,
    HoldingWrittenOff,
    IncidentReported,
    NoticeRefused,
    PastReleaseRecorded,
    PublicationRecorded,
    ReleaseHandedOver,
    ReleaseReceived,
)
from ledger.events.finding import FindingKind
from projections.standing import Holding, holdings, uncorrected

_HELD = (ReleaseHandedOver, ReleaseReceived, CopyReported)
# Which entries can show a finding of a kind.
SHOWN_BY: dict[FindingKind, tuple[type[Event], ...]] = {
    "access by somebody unnamed": (AccessPermitted, DataSetOpened),
    "copy to somebody unnamed": (CopyReported,),
    "copy by a non-holder": (CopyReported,),
    "copy under a closed request": (CopyReported,),
    "held without ethics coverage": _HELD,
    "late incident": (IncidentReported,),
    "notice refused for good": (NoticeRefused,),
    "overdue destruction": _HELD,
    "received without training": _HELD,
    "past release under no agreement": (PastReleaseRecorded,),
    "publication without review": (PublicationRecorded,),
    "written off": (HoldingWrittenOff,),
}


class _OfFinding(Command, frozen=True, kw_only=True):
    """A finding of a kind that an entry shows, about somebody, or about everybody of that entry."""

    entry: int
    kind: FindingKind
    person: str | None = None

    def members(self, at: Drafting) -> dict[str, Any]:
        """What an event says of the finding. Raises `Malformed` for what such an entry cannot show."""
        event = at.fact(self.entry).event
        if not isinstance(event, SHOWN_BY[self.kind]):
            raise Malformed("finding", self.entry, f"is no {self.kind}: that entry is {event.wire_name}")
        requests = event.requests if isinstance(event, IncidentReported) else (getattr(event, "request", None),)
        return {
            "finding": self.id,
            "entry": self.entry,
            "kind": self.kind,
            "request": next(iter(requests), None),
            "person": self.person,
        }

    @property
    def id(self) -> str:
        """The id of the finding: where it stands, and its kind."""
        return f"F-{self.entry}-{self.kind.replace(' ', '-')}"

    def check_open(self, at: Drafting) -> None:
        """Raise `Malformed` when it is closed already."""
        facts = list(at.ledger.facts([about(FindingClosed, tags=[f"finding:{self.id}"])]))
        corrections = at.ledger.facts([about(FactCorrected, tags=[f"finding:{self.id}"])])
        told = sorted([*facts, *corrections], key=lambda fact: fact.position)
        for fact in uncorrected(told):
            if isinstance(fact.event, FindingClosed) and self.is_closed_by(fact.event):
                raise Malformed("finding", self.entry, f"is closed, as entry {fact.position} says")

    def is_closed_by(self, closed: FindingClosed) -> bool:
        """Whether all of it is closed so."""
        return closed.person in (None, self.person) and closed.dataset is None


class AssignFinding(_OfFinding, frozen=True, kw_only=True):
    """A finding gets an owner, who deals with it."""

    owner: str

    def draft(self, at: Drafting) -> Wish:
        """A report."""
        members = self.members(at)
        self.check_open(at)
        if not at.office.roles(self.owner, at.now):
            raise Malformed("owner", self.owner, "holds no role at the office")
        return at.reports(FindingAssigned(owner=self.owner, **members))


class CloseFinding(_OfFinding, frozen=True, kw_only=True):
    """A finding is dealt with, for a reason; what was written off stays a finding for ever.

    Where an entry can show it of several people or data sets, it is said of which; or that `all` are meant.
    """

    reason: str
    dataset: str | None = None
    all: bool = False

    def draft(self, at: Drafting) -> Wish:
        """A report."""
        members = self.members(at)
        if self.kind == "written off":
            raise Malformed("finding", self.entry, "is of what was written off, which stays a finding for ever")
        self.check_open(at)
        self._check_which(at)
        sealed = at.sealed(FindingClosed, f"finding:{self.id}", {"reason": self.reason})
        return at.reports(FindingClosed(reason=sealed["reason"], dataset=self.dataset, **members))

    def is_closed_by(self, closed: FindingClosed) -> bool:
        """Whether all of it is closed so, or what is of this data set."""
        return closed.person in (None, self.person) and closed.dataset in (None, self.dataset)

    def _check_which(self, at: Drafting) -> None:
        """Raise `Malformed` for a data set that is none of them, and where several findings would be closed at once."""
        event = at.fact(self.entry).event
        if not isinstance(event, ReleaseHandedOver | ReleaseReceived):
            self._check_dataset(tag.removeprefix("dataset:") for tag in event.tags())
            return
        shown = [one for one in holdings(at.request(event.request)) if one.position == self.entry]
        if self.kind in ("held without ethics coverage", "overdue destruction"):
            shown = [one for one in shown if one.is_open]
        self._check_dataset(one.dataset for one in shown)
        if not self.all:
            self._check_one([one for one in shown if self.dataset in (None, one.dataset)])

    def _check_dataset(self, datasets: Iterable[str]) -> None:
        if self.dataset is not None and self.dataset not in datasets:
            raise Malformed("data set", self.dataset, f"is none of which entry {self.entry} shows a {self.kind}")

    def _check_one(self, shown: Sequence[Holding]) -> None:
        """Raise `Malformed` where findings of several people, or of several things, would be closed at once."""
        people = sorted({one.person for one in shown})
        if self.person is None and len(people) > 1:
            why = f"is missing: entry {self.entry} is about several, say whose finding it is, or that all are meant"
            raise Malformed("person", ", ".join(people), why)
        of_them = sorted(f"{one.dataset} version {one.label}" for one in shown if self.person in (None, one.person))
        if len(of_them) > 1:
            why = "are closed together: say which data set is meant, or that all are"
            raise Malformed("all", f"{', '.join(of_them)}, findings in entry {self.entry},", why)
