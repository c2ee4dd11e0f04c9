"""Commands about releases: authorised, handed over, failed, received."""

from datetime import date
from typing import Literal

from api.commands.command import Acting, Command, Drafting, Wish
from api.ids import numbered
from ledger.errors import Malformed
from ledger.events import ReleaseAuthorised, ReleaseFailed, ReleaseHandedOver, ReleaseReceived
from ledger.events.release import Package
from projections.acts import AuthoriseRelease, Chosen, HandOverRelease

Stage = Literal["packing", "handing over", "delivery"]


class Authorise(Command, frozen=True, kw_only=True):
    """Authorise a release of these versions to the request's point of contact, by a channel."""

    request: str
    channel: str
    versions: tuple[Chosen, ...]

    def draft(self, at: Drafting) -> Wish:
        """An act."""
        act = AuthoriseRelease(
            principal=at.principal,
            request=self.request,
            release=numbered("L", self.request, at.request(self.request).releases),
            channel=self.channel,
            versions=self.versions,
        )
        return Acting(act, ReleaseAuthorised)


class HandOver(Command, frozen=True, kw_only=True):
    """Hand a package over to the channel for which its release was authorised."""

    request: str
    release: str
    package: Package
    key_ids: tuple[str, ...]
    extracted_by: str
    learners: int | None = None

    def draft(self, at: Drafting) -> Wish:
        """An act."""
        sealed = at.sealed(ReleaseHandedOver, f"request:{self.request}", {"key_ids": " ".join(self.key_ids)})
        act = HandOverRelease(
            principal=at.principal,
            request=self.request,
            release=self.release,
            package=self.package,
            extracted_by=self.extracted_by,
            learners=self.learners,
            **sealed,
        )
        return Acting(act, ReleaseHandedOver)


class Fail(Command, frozen=True, kw_only=True):
    """A release came to nothing."""

    request: str
    release: str
    stage: Stage
    reason: str | None = None

    def draft(self, at: Drafting) -> Wish:
        """A report."""
        known = at.request(self.request).release(self.release)
        if known.received is not None:
            raise Malformed("release", self.release, f"was received, as entry {known.received.position} says")
        if known.failed is not None:
            raise Malformed("release", self.release, f"failed already, as entry {known.failed.position} says")
        sealed = at.sealed(ReleaseFailed, f"request:{self.request}", {"reason": self.reason})
        return at.reports(ReleaseFailed(release=self.release, request=self.request, stage=self.stage, **sealed))


class Receive(Command, frozen=True, kw_only=True):
    """The contact confirmed to have received and decrypted a package."""

    request: str
    release: str
    on: date | None = None

    def draft(self, at: Drafting) -> Wish:
        """A report."""
        known = at.request(self.request).release(self.release)
        if known.handed_over is None:
            raise Malformed("release", self.release, "was never handed over")
        if known.received is not None:
            raise Malformed("release", self.release, f"was received already, as entry {known.received.position} says")
        contact, on = known.handed_over.event.contact, self.on or at.day
        went_out = at.office.day(at.fact(known.handed_over.position).occurred_at)
        if on < went_out:
            raise Malformed("date", str(on), f"is before it was handed over, on {went_out}")
        return at.reports(ReleaseReceived(release=self.release, request=self.request, contact=contact, on=on))
