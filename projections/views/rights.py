"""Who has a right to what under an agreement, and what ended one: pure, from the standing of a request."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from ledger.events.agreement import Covered, Recipient
from ledger.events.request import Wanted
from projections.acts import bases
from projections.standing import AgreementStanding, RequestStanding, day_before
from projections.views.lists import as_json

Row = tuple[Any, ...]


def rights_under(agreement: AgreementStanding, request: RequestStanding) -> Iterator[Row]:
    """Whom an executed agreement names, for what, from when to when, on which bases as last determined.

    What ended before it began gives no right.
    """
    if agreement.issued is None or agreement.executed is None:
        return
    said, starts, ends = agreement.issued.event, agreement.executed.event.starts, agreement.last_day
    for one in said.recipients:
        leaving = request.leaving(one.person)
        last = min(ends, day_before(leaving.event.on)) if ends and leaving else ends
        if last is None or last < starts:
            continue
        for covered in said.datasets:
            wanted = Wanted(dataset=covered.dataset, form=covered.form)
            found = as_json([basis.basis for basis in bases([one.person], [wanted], request)])
            for first, until in _while_named(one, covered, agreement, request, starts, last):
                yield one.person, covered.dataset, covered.form, said.agreement, str(first), str(until), found


def _while_named(
    one: Recipient, covered: Covered, agreement: AgreementStanding, request: RequestStanding, starts: date, last: date
) -> list[tuple[date, date]]:
    """From when to when it names a recipient for whom they act: somebody who moved, not from that day on.

    Until it is found out for whom they act, and agreements name them for that.
    """
    if not request.moves_of(one.person):
        return [(starts, last)]
    found: list[tuple[date, date]] = []
    days = [day for day in _turning_points(one.person, request) if starts < day <= last]
    for first, until in zip([starts, *days], [*map(day_before, days), last], strict=True):
        needs = [need for need in request.needs(one.person, first) if agreement.names(one.person, *need)]
        if one.organisation in [organisation for _, organisation in needs] and request.naming(
            one.person, first, covered.dataset, covered.form
        ):
            goes_on = bool(found) and found[-1][1] == day_before(first)
            found.append((found.pop()[0] if goes_on else first, until))
    return found


def _turning_points(person: str, request: RequestStanding) -> list[date]:
    """The days on which it may change whether agreements name a person for whom they act."""
    days = {known.event.on for known in request.moves_of(person)}
    for one in request.agreements.values():
        if one.executed and one.is_for(person) and one.last_day:
            days |= {one.executed.event.starts, one.last_day + timedelta(one.last_day < date.max)}
    return sorted(days)


def ended(agreement: AgreementStanding, request: RequestStanding, times: Mapping[int, str]) -> Iterator[Row]:
    """Whose right under an agreement was ended by an entry, on the first day without it: by which, and when that was.

    Where several entries ended it on that day, the first did.
    """
    if agreement.issued is None or agreement.executed is None:
        return
    said, executed = agreement.issued.event, agreement.executed.event
    of_all = [(one.event.on, one.position) for one in (agreement.terminated,) if one]
    of_all += [(one.event.starts, one.position) for one in (agreement.replaced,) if one]
    for recipient in said.recipients:
        person = recipient.person
        leaving, moves = request.leaving(person), request.moves_of(person)
        ends = [*of_all, *([(leaving.event.on, leaving.position)] if leaving else [])]
        ends += [(one.event.on, one.position) for one in moves if not request.naming(person, one.event.on)]
        day, position = min(ends, default=(date.min, 0))
        if position and executed.starts <= day <= (agreement.agreed_end or date.max):
            for covered in said.datasets:
                yield person, covered.dataset, said.agreement, str(day), position, times[position]
