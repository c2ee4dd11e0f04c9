"""What of a request belongs in the record of disclosures (34 CFR 99.32), and in the figures of a year.

Whatever was asked for is in it as well as what was handed over, in whichever form; whoever asks says which form.
"""

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import msgspec

from ledger.events import ReleaseHandedOver, RequestApproved, RequestDeclined, RequestSubmitted, RequestWithdrawn
from projections.standing import Known, ReleaseStanding, RequestStanding
from projections.views.lists import as_json

MOVES = (RequestSubmitted, RequestApproved, RequestDeclined, RequestWithdrawn)
REQUESTED, DECLINED, DISCLOSED, LOST = "requested", "declined", "disclosed", "lost on the way"
APPROVED, WITHDRAWN = "approved", "withdrawn"


class Copy(msgspec.Struct, frozen=True):
    """A data set in the form that was asked for or given; None where that isn't said."""

    dataset: str
    form: str | None = None


class Said(msgspec.Struct, array_like=True, frozen=True):
    """To which party, of what, why, to whom beside that, on which basis: as the table keeps it, in one piece.

    What events are made of is put there as it is; among those who got it the party can stand, too.
    """

    party: str
    organisation: str | None
    copies: tuple[Copy, ...]
    interest: tuple[str, ...]
    everybody: tuple[str, ...]
    bases: tuple[str, ...] = ()
    learners: int | None = None

    @property
    def further(self) -> tuple[str, ...]:
        """To whom beside the party, once each."""
        return tuple(one for one in dict.fromkeys(self.everybody) if one != self.party)


Moves = list[Known[RequestSubmitted | RequestApproved | RequestDeclined | RequestWithdrawn]]
Day = Callable[[int], date]
Row = tuple[Any, ...]


def recipients(request: RequestStanding) -> Iterator[Row]:
    """Whom the request's agreements name for which organisation; the home institution is none."""
    for agreement in request.agreements.values():
        for one in agreement.issued.event.recipients if agreement.issued else ():
            if one.organisation is not None:
                yield one.person, one.organisation


def disclosed(request: RequestStanding, moves: Moves, day: Day) -> Iterator[Row]:
    """What was asked for, each time that it was something else; that it was declined; and what was handed over."""
    asked: RequestSubmitted | None = None
    for event, position in moves:
        match event:
            case RequestSubmitted():
                if asked is None or event.datasets != asked.datasets:
                    yield _asked(REQUESTED, request, event, position, day)
                asked = event
            case RequestDeclined() if asked is not None:
                yield _asked(DECLINED, request, asked, position, day)
    for number, release in request.releases.items():
        if release.handed_over:
            yield _handed_over(number, request, release, release.handed_over, day)


def decided(moves: Moves, day: Day) -> Iterator[Row]:
    """When a request first came in, what it asks for, and the last that was decided."""
    submitted = [(one.event, one.position) for one in moves if isinstance(one.event, RequestSubmitted)]
    if not submitted:
        return
    outcome: str | None = None
    decided_on: date | None = None
    for event, position in moves:
        match event:
            case RequestSubmitted():
                outcome, decided_on = None, None
            case RequestApproved():
                outcome, decided_on = APPROVED, day(position)
            case RequestDeclined():
                outcome, decided_on = DECLINED, day(position)
            case RequestWithdrawn():
                outcome, decided_on = WITHDRAWN, day(position)
    (_, first), (last, _) = submitted[0], submitted[-1]
    wanted = as_json([(one.dataset, one.form) for one in last.datasets])
    yield str(day(first)), decided_on and str(decided_on), outcome, wanted


def _asked(what: str, request: RequestStanding, event: RequestSubmitted, position: int, day: Day) -> Row:
    who = event.researcher
    said = (who, request.organisation(who), event.datasets, event.purposes, event.study_group)
    return position, what, str(day(position)), None, as_json(said)


def _handed_over(
    number: str, request: RequestStanding, release: ReleaseStanding, out: Known[ReleaseHandedOver], day: Day
) -> Row:
    told, contact = release.authorised, out.event.contact
    parties = told.event.parties if told else ()
    lost = release.failed is not None and release.received is None
    said = (
        contact,
        next((one.organisation for one in parties if one.person == contact), None),
        (told.event.versions if told else ()) or out.event.package.files,
        request.submitted.event.purposes if request.submitted else (),
        [one.person for one in parties],
        list(dict.fromkeys(one.basis for one in told.event.bases)) if told else (),
        out.event.learners,
    )
    return out.position, LOST if lost else DISCLOSED, str(day(out.position)), number, as_json(said)
