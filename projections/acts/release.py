"""What the office does to give data to the contact of a request."""

from abc import abstractmethod
from collections.abc import Sequence
from datetime import date, datetime

import msgspec

from ledger.boundary import Boundary, about
from ledger.events import Event, ReleaseAuthorised, ReleaseHandedOver
from ledger.events.ids import Channel, DataSetId, Name, PersonId, ReleaseId, RequestId, Sealed, Size, WaiverId
from ledger.events.release import Package, Party, Version
from ledger.events.request import Wanted
from ledger.events.review import Basis
from projections.acts.act import Act, found
from projections.standing import RequestStanding, Standing


class Chosen(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A version of a data set that is to be released."""

    dataset: DataSetId
    label: Name


class Releasing(Act, frozen=True, kw_only=True):
    """What authorising a release and handing it over have in common: both are judged on the same things."""

    request: RequestId
    release: ReleaseId

    @abstractmethod
    def chosen(self, standing: Standing) -> tuple[Chosen, ...]:
        """The versions that go out."""

    @abstractmethod
    def by(self, standing: Standing) -> str | None:
        """The channel by which they go; None when that is not known."""

    def wanted(self, standing: Standing) -> tuple[Wanted, ...]:
        """What goes out, as far as it was asked for in this form."""
        forms = {(one.dataset, standing.dataset(one.dataset).form(one.label)) for one in self.chosen(standing)}
        return tuple(one for one in super().wanted(standing) if (one.dataset, one.form) in forms)

    def looks_at(self, standing: Standing) -> set[str]:
        """Also what goes out and nobody asked for."""
        return {one.dataset for one in self.chosen(standing)} | {one.dataset for one in super().wanted(standing)}


class AuthoriseRelease(Releasing, frozen=True, kw_only=True, tag="authorise-release"):
    """Authorise a release of these versions to the request's point of contact, by a channel."""

    channel: Channel
    versions: tuple[Chosen, ...]

    def first_look(self) -> list[Boundary]:
        """Also whether another request has a release of this number."""
        return [*super().first_look(), about(ReleaseAuthorised, tags=[f"release:{self.release}"])]

    def chosen(self, standing: Standing) -> tuple[Chosen, ...]:
        """Those that the act names."""
        del standing
        return self.versions

    def by(self, standing: Standing) -> str | None:
        """The one that the act names."""
        del standing
        return self.channel

    def done(self, standing: Standing, at: datetime, waivers: tuple[WaiverId, ...]) -> Event:
        """With the record of the disclosure: to whom, for whom, under what, and on which bases."""
        request, day = standing.request(self.request), standing.office.day(at)
        key = found(request.contact.key).filed.event
        wanted = self.wanted(standing)
        return ReleaseAuthorised(
            release=self.release,
            request=self.request,
            contact=key.person,
            key=key.key,
            channel=self.channel,
            versions=tuple(
                Version(dataset=one.dataset, label=one.label, form=found(standing.dataset(one.dataset).form(one.label)))
                for one in self.versions
            ),
            parties=tuple(parties(self.people(standing), wanted, request, day)),
            bases=tuple(bases(self.people(standing), wanted, request)),
            waivers=waivers,
        )


class HandOverRelease(Releasing, frozen=True, kw_only=True, tag="hand-over-release"):
    """Hand a package over to the channel, encrypted for the key for which its release was authorised."""

    package: Package
    key_ids: Sealed
    extracted_by: PersonId
    learners: Size | None = None

    def names(self) -> tuple[str, ...]:
        """Who extracted the data."""
        return (self.extracted_by,)

    def chosen(self, standing: Standing) -> tuple[Chosen, ...]:
        """Those that are in the package."""
        del standing
        return tuple(Chosen(dataset=one.dataset, label=one.label) for one in self.package.files)

    def by(self, standing: Standing) -> str | None:
        """The one for which the release was authorised."""
        authorised = standing.request(self.request).release(self.release).authorised
        return authorised.event.channel if authorised else None

    def done(self, standing: Standing, at: datetime, waivers: tuple[WaiverId, ...]) -> Event:
        """As every act says it."""
        del at
        authorised = found(standing.request(self.request).release(self.release).authorised).event
        return ReleaseHandedOver(
            release=self.release,
            request=self.request,
            contact=authorised.contact,
            key=authorised.key,
            channel=authorised.channel,
            package=self.package,
            key_ids=self.key_ids,
            extracted_by=self.extracted_by,
            learners=self.learners,
            waivers=waivers,
        )


def parties(people: Sequence[str], wanted: Sequence[Wanted], request: RequestStanding, day: date) -> list[Party]:
    """The people to whom these data sets are disclosed, under each of the agreements that name them for one."""
    named = [request.named(people, day, one.dataset, one.form) for one in wanted]
    return list(dict.fromkeys(party for who in people for parties in named for party in parties[who]))


def bases(people: Sequence[str], wanted: Sequence[Wanted], request: RequestStanding) -> list[Basis]:
    """The legal bases on which these data sets go to these people."""
    classes = request.affiliations.institutions(people)
    asked_for = {(one.dataset, one.form) for one in wanted}
    said = request.law.event.bases if request.law else ()
    return [one for one in said if (one.dataset, one.form) in asked_for and one.recipients in classes]
