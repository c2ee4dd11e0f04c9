"""What falls due by the calendar alone: pure, from what is known and the day.

An agreement that nobody renewed expires on the day after its last. Reminders go out as many days before an end as
policy has it; one that was missed is not made up for once the next is due, or the end has passed. Data are to be
destroyed some days after the right to them ended: that is required at once, reminded of on the day, and once more 30
days later. Where a legal hold forbade it meanwhile, the days are counted anew from when the last was lifted.
"""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from hashlib import sha256
from typing import NamedTuple

import msgspec

from ledger.events import AgreementExpired, DestructionRequired, Event, ReminderFellDue
from projections.standing import Office, PersonStanding, RequestStanding
from projections.standing.person import end_of
from projections.views.answers import Holding
from projections.views.calendar import after
from projections.views.cases import deadlines

OVERDUE_DAYS = 30
REMINDED = ("agreement ends", "ethics determination expires", "key expires")


class Due(NamedTuple):
    """Something that fell due, on which day, and the name by which it is known that it was recorded."""

    event: Event
    since: date
    name: str


def of_a_request(request: str, known: RequestStanding, office: Office, day: date) -> Iterator[Due]:
    """The agreements that ran out, and what is to be reminded of that ends soon."""
    for id_, one in known.agreements.items():
        last = one.agreed_end
        if last is not None and last < day and last == one.last_day and one.expired is None:
            on = after(last, 1)
            yield Due(AgreementExpired(agreement=id_, request=request, on=on), on, _name("expired", id_, on))
    executed = [one for one in known.agreements.values() if one.executed]
    is_over = bool(executed) and all(one.is_over(day) for one in executed)
    for kind, what, whom, ends, _ in deadlines(known, office):
        last = date.fromisoformat(ends)
        days = reminder(last, day, office.policy.event.reminder_days)
        named = msgspec.json.decode(whom, type=tuple[str, ...]) or known.study_group
        # Who left has nothing to renew.
        people = tuple(one for one in named if not known.has_departed(one))
        if kind in REMINDED and people and days is not None and not is_over:
            event = ReminderFellDue(kind=kind, what=what, day=last, days=days, whom=people, request=request)
            yield Due(event, day, _name(kind, request, what, last, days))


def of_a_person(person: str, known: PersonStanding, office: Office, day: date) -> Iterator[Due]:
    """What is to be reminded of when their training ends soon."""
    policy = office.policy.event
    last = max((end_of(one, policy.training_months) for one in known.trainings), default=date.min)
    days = reminder(last, day, policy.reminder_days)
    if days is not None:
        event = ReminderFellDue(kind="training expires", what=person, day=last, days=days, whom=(person,))
        yield Due(event, day, _name(event.kind, person, last, days))


def of_a_holding(held: Holding, day: date) -> Iterator[Due]:
    """That it is to be destroyed, once the right to it has ended, and what is to be reminded of when that is due.

    Where there was never a right to it, that is so from the day on which it came.
    """
    ended, due = after(held.until, 1) if held.until else held.since, held.due
    if held.right or day < ended:
        return
    # Asked for before a legal hold came between, it is asked for again once that was lifted, by another day.
    what = (held.request, held.person, held.dataset, held.label, ended, *([due] if held.put_off else []))
    required = DestructionRequired(
        request=held.request, person=held.person, dataset=held.dataset, label=held.label, ended=ended, due=due
    )
    yield Due(required, ended, _name("destruction", *what))
    if day < due:
        return
    is_overdue = day >= after(due, OVERDUE_DAYS)
    reminded = ReminderFellDue(
        kind="destruction overdue" if is_overdue else "destruction due",
        what=held.label,
        day=due,
        days=OVERDUE_DAYS if is_overdue else 0,
        whom=(held.person,),
        request=held.request,
        dataset=held.dataset,
    )
    yield Due(reminded, day, _name(reminded.kind, *what))


def reminder(last: date, day: date, reminder_days: Sequence[int]) -> int | None:
    """Of the reminders before a last day the latest that is due; None before the first of them, and after that day."""
    due = [days for days in reminder_days if day <= last and last - day <= timedelta(days)]
    return min(due, default=None)


def _name(*parts: object) -> str:
    return f"due {sha256(repr(tuple(map(str, parts))).encode()).hexdigest()}"
