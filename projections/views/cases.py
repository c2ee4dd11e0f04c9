"""What a request adds up to, as rows: pure, from its standing and the office's policy."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any, Self

from ledger.chain.entry import format_time, parse_time
from ledger.codec import Recorded
from ledger.events import PersonDeparted, RequestSubmitted
from projections.acts import parts
from projections.standing import (
    CAME_IN,
    OVER,
    AgreementStanding,
    Holding,
    Known,
    Office,
    PublicationStanding,
    RequestStanding,
    Standing,
    attested_by,
    holdings,
    uncorrected,
)
from projections.views.calendar import after
from projections.views.coverage import last_covered
from projections.views.days import Days
from projections.views.disclosing import Moves, Wish, disclosed, recipients
from projections.views.findings import shown_by
from projections.views.lists import as_json
from projections.views.reading import Happening
from projections.views.rights import ended, rights_under
from projections.views.turns import turns

OPEN, ATTESTED, DESTROYED, WRITTEN_OFF = "open", "attested", "destroyed", "written off"

Row = tuple[Any, ...]
Rows = dict[str, list[Row]]


class Case:
    """A request's standing, and when each of its facts happened, as entries write times.

    None can have happened after it was recorded.
    """

    def __init__(self) -> None:
        self._standing = RequestStanding()
        # What was said last when the request came in, and since when it has; both wait until somebody asks.
        self._held: Happening | None = None
        self._since = 0
        self._anybody_left = False
        self.times: dict[int, str] = {}
        self.moves = Moves()

    @classmethod
    def of(cls, request: str, facts: Iterable[Recorded]) -> Self:
        """What these facts of a request add up to, corrections among them."""
        found = tuple(facts)
        case = cls()
        case._standing = Standing(found).request(request)
        for fact in uncorrected(found):
            case.times[fact.position] = format_time(min(fact.occurred_at, fact.recorded_at))
            if isinstance(fact.event, RequestSubmitted):
                case.moves.wish(Wish.of(fact.event), fact.position)
            else:
                case.moves.decide(type(fact.event), fact.position)
        return case

    @property
    def standing(self) -> RequestStanding:
        """What the facts so far add up to."""
        if self._held is not None:
            held, self._held = self._held, None
            self._standing.fold(Known(held.event, held.position))
            self._standing.since, self._since = self._since or self._standing.since, 0
        return self._standing

    def fold(self, fact: Happening) -> None:
        """Take in a fact that nobody has corrected yet."""
        kind, position = fact.kind, fact.position
        # Times as entries write them sort as text.
        self.times[position] = fact.recorded
        if fact.occurred < fact.recorded:
            self.times[position] = fact.occurred
        if kind is RequestSubmitted:
            self.moves.wish(fact.said, position)
            if len(self.times) == 1:
                self._since = position
            # A request that comes in again says everything anew, so that what it said before need not be folded; except
            # that whoever had left takes part again when it names them.
            if self._since or (self._standing.state in CAME_IN and not self._anybody_left):
                self._held = fact
                return
        else:
            self.moves.decide(kind, position)
        if kind is PersonDeparted:
            self._anybody_left = True
        self.standing.fold(Known(fact.event, position))


def rows(request: str, case: Case, days: Days) -> Rows:
    """What every table that is kept by request has about this one."""
    standing, office, times, day_of = case.standing, days.office, case.times, days.of
    held = holdings(standing)

    def day(position: int) -> str:
        return day_of(times[position])

    rights = [right for agreement in standing.agreements.values() for right in rights_under(agreement, standing)]
    return {
        "requests": [_request(request, case, held)] if standing.submitted else [],
        "turns": [
            (request, number, one.who, as_json(one.whom), one.next, one.since, times[one.since])
            for number, one in enumerate(turns(standing, office.policy.event))
        ],
        "rights": [(request, *right) for right in rights],
        "ended": [
            (request, *one) for agreement in standing.agreements.values() for one in ended(agreement, standing, times)
        ],
        "holdings": [(request, *holding) for holding in _holdings(held, case, rights, office)],
        "findings": [(request, *finding) for finding in shown_by(standing, times, office)],
        "publications": [
            (request, number, *_publication(one, case, office))
            for number, one in standing.publications.items()
            if one.notified
        ],
        "deadlines": [(request, *deadline) for deadline in deadlines(standing, office)],
        "recipients": [(request, *one) for one in recipients(standing)],
        "disclosed": [(request, *one) for one in disclosed(standing, case.moves, day)],
        "decided": [(request, *one) for one in case.moves.decided(day)],
    }


def _publication(one: PublicationStanding, case: Case, office: Office) -> Row:
    """How far its review has come; it is unreviewed when it appeared unpassed though policy has it reviewed."""
    recorded, apart_from = one.recorded and one.recorded.event, {*parts(case.standing), *one.authors}
    return (
        one.notified.event.kind if one.notified else "",
        one.state,
        one.since,
        case.times[one.since],
        as_json(one.authors),
        as_json(tuple(review.event.reviewer for review in one.latest(apart_from))),
        one.smallest_cell,
        one.passed and one.passed.position,
        recorded and str(recorded.on),
        recorded and recorded.doi,
        int(one.unpassed and office.policy.event.publication_reviewers > 0),
    )


def _request(request: str, case: Case, held: Sequence[Holding]) -> Row:
    standing = case.standing
    submitted = standing.submitted
    last, attested = next(reversed(case.times)), attested_by(held)
    return (
        request,
        str(standing.state),
        standing.since,
        case.times[standing.since],
        submitted and submitted.event.researcher,
        as_json(tuple(dict.fromkeys(one.dataset for one in standing.datasets))),
        as_json(standing.study_group),
        standing.ended_from and str(standing.ended_from),
        attested,
        attested and case.times[attested],
        last,
        case.times[last],
    )


def _holdings(held: Sequence[Holding], case: Case, rights: Sequence[Row], office: Office) -> Iterator[Row]:
    """Who got what, since when, what became of it, and the last days for destroying it and of ethics coverage."""
    holders = {one.person for one in held if one.is_open and one.form == "identified"}
    covered = {person: last_covered(person, case.standing, office) for person in holders}
    for one in held:
        since = one.since or office.day(parse_time(case.times[one.position]))
        what = (one.release, one.person, one.dataset, one.label, one.form, one.how, str(since))
        last = covered.get(one.person)
        yield *what, one.position, _state(one), str(_due(one, since, rights, office)), last and str(last)


def _due(holding: Holding, since: date, rights: Sequence[Row], office: Office) -> date:
    """So many days after the right to it ends, as policy has it; or after it came, where there was never a right."""
    lasts = [
        last
        for person, dataset, form, _, _, last, _ in rights
        if (person, dataset) == (holding.person, holding.dataset) and holding.form in (None, form)
    ]
    ends = date.fromisoformat(max(lasts)) if lasts else since
    return after(ends, office.policy.event.destruction_days)


def _state(one: Holding) -> str:
    """What became of a holding; whether the right to it has ended is a matter of the day."""
    if one.accepted:
        return DESTROYED
    if one.written_off:
        return WRITTEN_OFF
    return ATTESTED if one.attested else OPEN


def deadlines(request: RequestStanding, office: Office) -> Iterator[Row]:
    """What ends of itself, unless it has ended otherwise; of a request that came to nothing, only its agreements."""
    for agreement in request.agreements.values():
        if agreement.issued and agreement.executed and not _ended_otherwise(agreement):
            said, agreed = agreement.issued.event, agreement.renewed or agreement.executed
            people = tuple(dict.fromkeys(one.person for one in said.recipients))
            yield "agreement ends", said.agreement, as_json(people), str(agreed.event.ends), agreed.position
    if request.state in OVER:
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


def _ended_otherwise(agreement: AgreementStanding) -> bool:
    return any((agreement.terminated, agreement.replaced, agreement.expired))
