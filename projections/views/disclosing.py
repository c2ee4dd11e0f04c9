"""What of a request belongs in the record of disclosures (34 CFR 99.32), and in the figures of a year.

Whatever was asked for is in it as well as what was handed over, in whichever form; whoever asks says which form.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec

from ledger.events import Event, ReleaseHandedOver, RequestApproved, RequestDeclined, RequestSubmitted, RequestWithdrawn
from projections.standing import Known, ReleaseStanding, RequestStanding, origin
from projections.views.lists import as_json

MOVES = (RequestSubmitted, RequestApproved, RequestDeclined, RequestWithdrawn)
REQUESTED, DECLINED, DISCLOSED, LOST = "requested", "declined", "disclosed", "lost on the way"
PASSED_ON = "passed on outside the agreement"
APPROVED, WITHDRAWN = "approved", "withdrawn"


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


# What moved a request, as far as the record asks for it, and where that stands.
Moves = Sequence[tuple[Event, int]]
Day = Callable[[int], str]
Row = tuple[Any, ...]


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


def decided(moves: Moves, day: Day) -> Iterator[Row]:
    """When a request first came in, what it asks for, and the last that was decided."""
    first: int | None = None
    last: RequestSubmitted | None = None
    decided_on = outcome = None
    for event, position in moves:
        match event:
            case RequestSubmitted() as last:
                first = first or position
                decided_on = outcome = None
            case RequestApproved():
                decided_on, outcome = position, APPROVED
            case RequestDeclined():
                decided_on, outcome = position, DECLINED
            case RequestWithdrawn():
                decided_on, outcome = position, WITHDRAWN
    if first and last:
        wanted = as_json([(one.dataset, one.form) for one in last.datasets])
        yield day(first), decided_on and day(decided_on), outcome, wanted


def _asked(request: RequestStanding, moves: Moves, day: Day) -> Iterator[Row]:
    """What was asked for, each time that it was something else; and that it was declined."""
    asked: RequestSubmitted | None = None
    for event, position in moves:
        last = asked
        if isinstance(event, RequestSubmitted):
            asked = event
            if last is not None and last.datasets == event.datasets:
                continue
            what = REQUESTED
        elif isinstance(event, RequestDeclined) and asked is not None:
            what = DECLINED
        else:
            continue
        who = asked.researcher
        wish = who, request.organisation(who), asked.datasets, asked.purposes, asked.study_group
        yield position, what, day(position), None, wish


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
