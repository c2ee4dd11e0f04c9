"""What waits for whom: under requests and queries, with open incidents and findings, each since a fact in the log."""

from collections.abc import Iterator
from datetime import UTC, datetime, time
from sqlite3 import Connection
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from ledger.chain.entry import parse_time
from projections.asof import AsOf
from projections.checklist import Line
from projections.standing import GRANTED, Office, RequestStanding, State
from projections.views import answers
from projections.views.answers import Waiting
from projections.views.cases import Case
from projections.views.findings import FOR_EVER, Finding, findings, open_incidents
from projections.views.taking import of_request
from projections.views.turns import turns, working_days

_GRANTED = (*GRANTED, State.CLOSED)


class Due(NamedTuple):
    """Who is to do what next under a request, since a fact at a position, which happened then."""

    who: str
    whom: tuple[str, ...]
    next: str
    since: int
    since_at: datetime


def inbox(views: Connection, office: Office, at: datetime) -> list[Waiting]:
    """Whatever waits at a time, oldest first; findings that are open for ever wait for nobody."""
    return sorted(_all_waiting(views, office, at), key=lambda one: one.since_at)


def _all_waiting(views: Connection, office: Office, at: datetime) -> Iterator[Waiting]:
    today, zone = office.day(at), ZoneInfo(office.policy.event.time_zone)
    yield from answers.waiting(views, today)
    for incident in open_incidents(views):
        yield Waiting(
            who="office",
            whom=incident.people,
            next=f"{'close' if incident.contained else 'contain'} incident {incident.incident}",
            since=incident.since,
            since_at=incident.since_at,
            request=next(iter(incident.requests), None),
            state="incident",
            researcher=None,
        )
    for finding in findings(views, today):
        if finding.kind != FOR_EVER:
            yield Waiting(
                who=finding.owner,
                whom=(finding.person,) if finding.person else (),
                next=f"deal with {finding.kind}{_version_of(finding)}, entry {finding.position}",
                since=finding.position,
                since_at=datetime.combine(finding.since, time(), zone).astimezone(UTC),
                request=finding.request,
                state="finding",
                researcher=None,
            )


def _version_of(finding: Finding) -> str:
    if finding.dataset is None:
        return ""
    return f" ({finding.dataset}{f' version {finding.label}' if finding.label else ''})"


def days_waited(since: datetime, office: Office, at: datetime) -> int:
    """For how many working days something has waited: Monday to Friday where the office is."""
    return working_days(office.day(since), office.day(at))


def turns_of(known: RequestStanding, request: str, log: AsOf, office: Office) -> list[Due]:
    """What a request waits for, and of whom."""
    case = Case.of(request, log.facts([of_request(request)]))
    return [Due(*one, parse_time(case.times[one.since])) for one in turns(known, office.policy.event)]


def needed_for(line: Line, known: RequestStanding) -> Literal["approval", "release"]:
    """Which decision on a request waits for an item of its checklist."""
    return "approval" if line.now and known.state not in _GRANTED else "release"
