"""What of a request belongs in the record of disclosures (34 CFR 99.32), and in the figures of a year.

Whatever was asked for is in it as well as what was handed over, in whichever form; whoever asks says which form.
"""

from collections.abc import Callable, Iterator
from typing import Any, Self

import msgspec

from ledger.events import (
    Event,
    ReleaseHandedOver,
    RequestApproved,
    RequestDeclined,
    RequestSubmitted,
    RequestWithdrawn,
)
from projections.standing import Known, ReleaseStanding, RequestStanding, origin
from projections.views.lists import as_json, as_raw

REQUESTED, DECLINED, DISCLOSED, LOST = "requested", "declined", "disclosed", "lost on the way"
PASSED_ON = "passed on outside the agreement"
APPROVED, WITHDRAWN = "approved", "withdrawn"
OUTCOMES: dict[type[Event], str] = {
    RequestApproved: APPROVED,
    RequestDeclined: DECLINED,
    RequestWithdrawn: WITHDRAWN,
}


class Copy(msgspec.Struct, frozen=True):
    """A data set in the form that was asked for or given; None where that isn't said."""

    dataset: str
    form: str | None = None


class Said(msgspec.Struct, array_like=True, frozen=True):
    """To which party, of what, why, to whom beside that, on which basis: as the table keeps it, in one piece.

    What events are made of is put there as it is; among those who got it the party can stand, too. Where nobody knows
    the party, `recipient` is the commitment to all that is known of them.
    """

    party: str | None
    organisation: str | None
    copies: tuple[Copy, ...]
    interest: tuple[str, ...]
    everybody: tuple[str, ...]
    bases: tuple[str, ...] = ()
    learners: int | None = None
    recipient: str | None = None

    @property
    def further(self) -> tuple[str, ...]:
        """To whom beside the party, once each."""
        return tuple(one for one in dict.fromkeys(self.everybody) if one != self.party)


class Line(msgspec.Struct, array_like=True, frozen=True):
    """A line of the record: which entry says so, that it was asked for or given, on which day, by which release."""

    position: int
    what: str
    day: str
    release: str | None
    said: Said


_copies = msgspec.json.Decoder(tuple[Copy, ...]).decode

Day = Callable[[int], str]
Row = tuple[Any, ...]


class Wish(msgspec.Struct, frozen=True, gc=False):
    """What a request asks for as it comes in: who asks, for what, why, and for whom.

    The lists are as JSON, the same in entries and in the tables: what goes from one to the other need not be read.
    """

    request: str
    researcher: str
    datasets: msgspec.Raw
    purposes: msgspec.Raw
    study_group: msgspec.Raw

    @classmethod
    def of(cls, event: RequestSubmitted) -> Self:
        """What an event says of it, as it is read from entries."""
        lists = (event.datasets, event.purposes, event.study_group)
        return cls(event.request, event.researcher, *map(as_raw, lists))


class Moves:
    """What was asked for by a request, each time that it was something else, and what was decided of it last."""

    def __init__(self) -> None:
        self.wishes: list[tuple[int, str, Wish]] = []
        self._first = 0
        self._last: Wish | None = None
        self._decided: tuple[int, str] | None = None

    def wish(self, said: Wish, position: int) -> None:
        """Take in that the request came in."""
        last, self._last, self._decided = self._last, said, None
        if last is None:
            self._first = position
        if last is None or last.datasets != said.datasets:
            self.wishes.append((position, REQUESTED, said))

    def decide(self, kind: type[Event], position: int) -> None:
        """Take in an event that may decide about it."""
        if kind in OUTCOMES:
            self._decided = position, OUTCOMES[kind]
            if kind is RequestDeclined and self._last is not None:
                self.wishes.append((position, DECLINED, self._last))

    def decided(self, day: Day) -> Iterator[Row]:
        """When the request first came in, what it asks for, and the last that was decided."""
        if self._last is not None:
            position, outcome = self._decided or (0, None)
            wanted = as_json([(one.dataset, one.form) for one in _copies(self._last.datasets)])
            yield day(self._first), day(position) if position else None, outcome, wanted


def recipients(request: RequestStanding) -> Iterator[Row]:
    """Whom the request's agreements name for which organisation; the home institution is none."""
    for agreement in request.agreements.values():
        for one in agreement.issued.event.recipients if agreement.issued else ():
            if one.organisation is not None:
                yield one.person, one.organisation


def disclosed(request: RequestStanding, moves: Moves, day: Day) -> Iterator[Row]:
    """All lines of the record that a request has, in one piece, with the first and the last day among them."""
    lines = [*_asked(request, moves, day), *_handed_over(request, day), *_passed_on(request)]
    if lines:
        days = [line[2] for line in lines]
        yield min(days), max(days), as_json(lines)


def _asked(request: RequestStanding, moves: Moves, day: Day) -> list[Row]:
    """What was asked for, each time that it was something else; and that it was declined."""
    organisation = request.organisation
    return [
        (
            position,
            what,
            day(position),
            None,
            (one.researcher, organisation(one.researcher), one.datasets, one.purposes, one.study_group),
        )
        for position, what, one in moves.wishes
    ]


def _handed_over(request: RequestStanding, day: Day) -> Iterator[Row]:
    for number, release in request.releases.items():
        if release.handed_over:
            out = release.handed_over
            lost = release.failed is not None and release.received is None
            what, said = LOST if lost else DISCLOSED, _release(request, release, out)
            yield out.position, what, day(out.position), number, said


def _passed_on(request: RequestStanding) -> Iterator[Row]:
    """The copies that came to somebody whom no agreement in force on that day names for the data set."""
    for known in request.copies.reported:
        copy, person = known.event, known.event.person
        if person is None or not request.naming(person, copy.since, copy.dataset):
            _, form = origin(request, known)
            organisation = request.organisation(person) if person else None
            said = Said(person, organisation, (Copy(copy.dataset, form),), (), (), recipient=copy.account)
            yield known.position, PASSED_ON, str(copy.since), None, said


def _release(request: RequestStanding, release: ReleaseStanding, out: Known[ReleaseHandedOver]) -> Row:
    told, contact = release.authorised, out.event.contact
    parties = told.event.parties if told else ()
    return (
        contact,
        next((one.organisation for one in parties if one.person == contact), None),
        (told.event.versions if told else ()) or out.event.package.files,
        request.submitted.event.purposes if request.submitted else (),
        [one.person for one in parties],
        list(dict.fromkeys(one.basis for one in told.event.bases)) if told else (),
        out.event.learners,
    )
