"""Who holds what under a request, and what became of it: as decisions need it, and as views show it."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import NamedTuple

from ledger.events import CopyReported, HoldingWrittenOff
from ledger.events.holding import Held
from projections.standing.copies import CopiesStanding
from projections.standing.known import Known
from projections.standing.release import ReleaseStanding
from projections.standing.request import RequestStanding

HELD, PRESUMED, HANDED_OVER, COPY = "held", "presumed", "handed over", "copy"


class Holding(NamedTuple):
    """A version of a data set that somebody holds, or held, since a fact at a position made it so.

    The form is None when only the package names the version, the day when only the time of that fact says it, and the
    release is empty when none is known by which the version went out. The other positions say what became of it.
    """

    person: str
    dataset: str
    label: str
    form: str | None
    how: str
    release: str
    since: date | None
    position: int
    attested: int | None = None
    accepted: int | None = None
    written_off: int | None = None

    @property
    def is_open(self) -> bool:
        """Whether nobody has accepted yet that it is destroyed, nor written it off."""
        return self.accepted is None and self.written_off is None

    @property
    def is_attested(self) -> bool:
        """Whether somebody attested that it is destroyed, and nobody gave it up before that was accepted."""
        return self.accepted is not None or (self.attested is not None and self.written_off is None)

    @property
    def what(self) -> tuple[str, str, str]:
        """Who holds which version, however they came by it."""
        return self.person, self.dataset, self.label


class _Copy(NamedTuple):
    dataset: str
    label: str
    form: str | None


def holdings(request: RequestStanding, before: int | None = None) -> list[Holding]:
    """Who got what by releases and by copies: by all that is known, or by what stands before a position.

    Before receipt only the contact may have it, and when a release failed nobody has. Until the group has declared that
    its copies are reported, every other recipient is presumed to have one who was in force at receipt, by what was
    known when that was told: what is told later ends rights, and no holding.
    """
    found: dict[tuple[str, ...], Holding] = {}
    for one in (*_released(request), *_copied(request), *_presumed(request, before)):
        if before is not None and one.position >= before:
            continue
        holding, key = _ended(one, request.copies, before), (one.release, *one.what)
        earlier = found.get(key)
        # What was destroyed and came again is held again; whoever holds a copy is presumed to have no other.
        if earlier is None or (not earlier.is_open and earlier.position < one.position):
            found[key] = holding
    return list(found.values())


def open_holdings(request: RequestStanding) -> list[Holding]:
    """What somebody holds, or is presumed to, and nobody has accepted to be destroyed or written off."""
    return [one for one in holdings(request) if one.is_open]


def attested_by(held: Sequence[Holding]) -> int | None:
    """By which fact it came to be attested that all of this is destroyed; None if it isn't, or there is nothing."""
    if not all(one.is_attested for one in held):
        return None
    return max((one.attested for one in held if one.attested is not None), default=None)


def as_held(holding: Holding) -> Held:
    """A holding as events name it."""
    return Held(person=holding.person, dataset=holding.dataset, label=holding.label)


def _released(request: RequestStanding) -> Iterator[Holding]:
    for number, release in request.releases.items():
        received, handed_over = release.received, release.handed_over
        for copy in _copies(release):
            if received:
                got = received.event
                yield Holding(got.contact, *copy, HELD, number, got.on, received.position)
            elif handed_over and release.failed is None:
                yield Holding(handed_over.event.contact, *copy, HANDED_OVER, number, None, handed_over.position)


def _presumed(request: RequestStanding, before: int | None) -> Iterator[Holding]:
    declared = [one for one in request.copies.declared if before is None or one < before]
    for number, release in request.releases.items():
        received = release.received
        if received is None or any(received.position < one for one in declared):
            continue
        for copy in _copies(release):
            for person in _entitled_to(copy, release):
                if person != received.event.contact:
                    yield Holding(person, *copy, PRESUMED, number, received.event.on, received.position)


def _entitled_to(copy: _Copy, release: ReleaseStanding) -> list[str]:
    """Those who had a right to what was received when it was, once each."""
    return list(
        dict.fromkeys(
            person
            for person, covered in release.entitled
            if covered.dataset == copy.dataset and copy.form in (None, covered.form)
        )
    )


def _copied(request: RequestStanding) -> Iterator[Holding]:
    for known in request.copies.reported:
        copy = known.event
        if copy.person is not None:
            release, form = origin(request, known)
            yield Holding(copy.person, copy.dataset, copy.label, form, COPY, release, copy.since, known.position)


def origin(request: RequestStanding, copy: Known[CopyReported]) -> tuple[str, str | None]:
    """The last release, before a copy was reported, by which its version went out, and in which form."""
    found: tuple[str, str | None] = ("", None)
    for number, release in request.releases.items():
        if release.handed_over and release.handed_over.position < copy.position:
            for one in _copies(release):
                if (one.dataset, one.label) == (copy.event.dataset, copy.event.label):
                    found = (number, one.form)
    return found


def _copies(release: ReleaseStanding) -> list[_Copy]:
    if release.authorised:
        return [_Copy(one.dataset, one.label, one.form) for one in release.authorised.event.versions]
    packed = release.handed_over.event.package.files if release.handed_over else ()
    return [_Copy(one.dataset, one.label, None) for one in packed]


def _ended(one: Holding, copies: CopiesStanding, before: int | None) -> Holding:
    """The holding with what became of it since it began."""

    def since(positions: list[int]) -> int | None:
        counting = [at for at in positions if one.position < at and (before is None or at < before)]
        return max(counting, default=None)

    held = as_held(one)
    named = [
        known for known in copies.attestations.values() if known.attested and held in known.attested.event.holdings
    ]
    attested = since([known.attested.position for known in named if known.attested])
    # What counts is when it was attested: what came in between that and its acceptance is not covered.
    accepted = [
        known.accepted.position
        for known in named
        if known.attested and known.accepted and one.position < known.attested.position
    ]
    gone = [known.position for known in copies.written_off if _what(known.event) == one.what]
    return one._replace(attested=attested, accepted=since(accepted), written_off=since(gone))


def _what(gone: HoldingWrittenOff) -> tuple[str, str, str]:
    return gone.person, gone.dataset, gone.label
