"""What a request adds up to, as rows: pure, from its standing and the office's policy."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Any, NamedTuple, Self

from ledger.chain.entry import format_time, parse_time
from ledger.codec import Recorded
from ledger.events import AgreementIssued
from projections.standing import (
    AgreementStanding,
    Known,
    Office,
    ReleaseStanding,
    RequestStanding,
    Standing,
    State,
    uncorrected,
)
from projections.standing.known import Told
from projections.views.disclosing import MOVES, Moves, as_json, decided, disclosed, recipients
from projections.views.reading import Happening
from projections.views.turns import turns

HELD, PRESUMED, HANDED_OVER = "held", "presumed", "handed over"
_OVER = (State.WITHDRAWN, State.DECLINED)

Row = tuple[Any, ...]
Rows = dict[str, list[Row]]


class Case:
    """A request's standing, and when each of its facts happened, as entries write times.

    None can have happened after it was recorded.
    """

    def __init__(self) -> None:
        self.standing = RequestStanding()
        self.times: dict[int, str] = {}
        self.moves: Moves = []

    @classmethod
    def of(cls, request: str, facts: Iterable[Recorded]) -> Self:
        """What these facts of a request add up to, corrections among them."""
        found = tuple(facts)
        case = cls()
        case.standing = Standing(found).request(request)
        for fact in uncorrected(found):
            case.times[fact.position] = format_time(min(fact.occurred_at, fact.recorded_at))
            case._note(fact)
        return case

    def fold(self, fact: Happening) -> None:
        """Take in a fact that nobody has corrected yet."""
        # Folding asks a fact for its event and its position, and for nothing else.
        told: Any = fact
        self.standing.fold(told)
        # Times as entries write them sort as text.
        self.times[fact.position] = min(fact.recorded, fact.occurred)
        self._note(told)

    def _note(self, fact: Told) -> None:
        if isinstance(fact.event, MOVES):
            self.moves.append(Known(fact.event, fact.position))

    def day(self, position: int, office: Office) -> date:
        """The date at the office on which a fact happened."""
        return office.day(parse_time(self.times[position]))


class _Copy(NamedTuple):
    """A version that was released: in which form is None when only the package names it."""

    dataset: str
    label: str
    form: str | None


def rows(request: str, case: Case, office: Office) -> Rows:
    """What every table that is kept by request has about this one."""
    standing = case.standing
    return {
        "requests": [_request(request, case)] if standing.submitted else [],
        "turns": [
            (request, number, one.who, as_json(one.whom), one.next, one.since, case.times[one.since])
            for number, one in enumerate(turns(standing, office.policy.event))
        ],
        "rights": [(request, *right) for agreement in standing.agreements.values() for right in _rights(agreement)],
        "holdings": [
            (request, number, *holding)
            for number, release in standing.releases.items()
            for holding in _holdings(standing, release, case, office)
        ],
        "deadlines": [(request, *deadline) for deadline in _deadlines(standing, office)],
        "recipients": [(request, *one) for one in recipients(standing)],
        "disclosed": [
            (request, number, *one)
            for number, one in enumerate(disclosed(standing, case.moves, lambda at: case.day(at, office)))
        ],
        "decided": [(request, *one) for one in decided(case.moves, lambda at: case.day(at, office))],
    }


def _request(request: str, case: Case) -> Row:
    standing = case.standing
    submitted = standing.submitted
    last = max(case.times)
    return (
        request,
        str(standing.state),
        standing.since,
        case.times[standing.since],
        submitted and submitted.event.researcher,
        as_json(tuple(dict.fromkeys(one.dataset for one in submitted.event.datasets)) if submitted else ()),
        as_json(standing.study_group),
        last,
        case.times[last],
    )


def _rights(agreement: AgreementStanding) -> Iterator[Row]:
    """Whom an executed agreement names, for what, from when to when; one that ended before it began gives no right."""
    if agreement.issued is None or agreement.executed is None:
        return
    said, starts, last = agreement.issued.event, agreement.executed.event.starts, last_day(agreement)
    if last is None or last < starts:
        return
    for one in said.recipients:
        for covered in said.datasets:
            yield one.person, covered.dataset, covered.form, said.agreement, str(starts), str(last)


def last_day(agreement: AgreementStanding) -> date | None:
    """The last day on which an executed agreement binds: it binds no more on the day of its termination."""
    if agreement.executed is None:
        return None
    ends = agreement.executed.event.ends
    if agreement.terminated is None or agreement.terminated.event.on > ends:
        return ends
    ended = agreement.terminated.event.on
    return ended - timedelta(1) if ended > date.min else None


def _holdings(request: RequestStanding, release: ReleaseStanding, case: Case, office: Office) -> Iterator[Row]:
    """Who got what by a release: before receipt only the contact may have it, and when it failed nobody has.

    Until the group has reported its copies, every other recipient in force at receipt is presumed to have one.
    """
    received, handed_over = release.received, release.handed_over
    if received:
        contact, day = received.event.contact, received.event.on
        for copy in _copies(release):
            yield contact, *copy, HELD, str(day)
            for person in _named(request, copy, day):
                if person != contact:
                    yield person, *copy, PRESUMED, str(day)
    elif handed_over and release.failed is None:
        day = office.day(parse_time(case.times[handed_over.position]))
        for copy in _copies(release):
            yield handed_over.event.contact, *copy, HANDED_OVER, str(day)


def _copies(release: ReleaseStanding) -> list[_Copy]:
    if release.authorised:
        return [_Copy(one.dataset, one.label, one.form) for one in release.authorised.event.versions]
    packed = release.handed_over.event.package.files if release.handed_over else ()
    return [_Copy(one.dataset, one.label, None) for one in packed]


def _named(request: RequestStanding, copy: _Copy, day: date) -> dict[str, None]:
    """The recipients of the agreements in force about this data set, once each."""
    agreements = [one for one in request.agreements.values() if one.issued and one.in_force(day)]
    said = [one.issued.event for one in agreements if one.issued and _covers(one.issued.event, copy)]
    return dict.fromkeys(one.person for agreement in said for one in agreement.recipients)


def _covers(said: AgreementIssued, copy: _Copy) -> bool:
    return any(one.dataset == copy.dataset and copy.form in (None, one.form) for one in said.datasets)


def _deadlines(request: RequestStanding, office: Office) -> Iterator[Row]:
    """What ends of itself, unless it has ended otherwise; of a request that came to nothing, only its agreements."""
    for agreement in request.agreements.values():
        if agreement.issued and agreement.executed and agreement.terminated is None:
            said, executed = agreement.issued.event, agreement.executed
            people = tuple(dict.fromkeys(one.person for one in said.recipients))
            yield "agreement ends", said.agreement, as_json(people), str(executed.event.ends), executed.position
    if request.state in _OVER:
        return
    for one in request.determinations.values():
        said_of = one.known.event
        if said_of.expires and one.ended is None:
            whom = as_json(said_of.covers)
            yield "ethics determination expires", said_of.determination, whom, str(said_of.expires), one.known.position
    key = request.contact.key
    if key and key.filed.event.expires and key.revoked is None:
        filed = key.filed.event
        expires = office.day(key.filed.event.expires)
        yield "key expires", filed.key, as_json((filed.person,)), str(expires), key.filed.position
    for waiver in request.waivers:
        yield "waiver expires", waiver.event.waiver, "[]", str(waiver.event.expires), waiver.position
