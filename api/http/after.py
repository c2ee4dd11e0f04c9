"""Questions about what comes after a release, and about how the office itself is governed, as resources."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time
from sqlite3 import Connection
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import msgspec

from api.http import after_shapes, shapes
from api.http.call import Answer, Call, not_found
from api.http.moments import AboutATime, Inquiry
from api.http.problems import BadField, BadRequest
from api.http.reading_in import parameters
from api.ids import doi_in
from api.leaving import parts_of, what_ends
from api.names import as_typed_in
from api.notices.outbox import open_outbox
from api.notices.settings import SETTINGS, settings_in
from ledger.codec import Recorded
from ledger.events import DECLARED, DocumentOpened, HistoryViewed, WaiverGranted
from ledger.events.finding import FindingKind
from ledger.events.ids import DataSetId, PersonId, PrincipalId, RequestId
from ledger.events.past import PastForm
from ledger.log import about
from projections.views import answers, inquiring
from projections.views.disclosures import Asked, Disclosure
from projections.views.disclosures import disclosures as disclosures_in
from projections.views.figures import figures
from projections.views.findings import FOR_EVER, open_incidents
from projections.views.findings import findings as findings_in
from projections.views.turns import working_days

# Whatever was done under a waiver names it.
UNDER_WAIVERS = tuple(event for event in DECLARED if "waivers" in event.__struct_fields__)


class WhichQueries(AboutATime, frozen=True, kw_only=True):
    """Only queries about a DOI, a data set, a request or a publication; only those that wait for an answer."""

    about: str | None = None
    open: bool = False


class WhichPublications(AboutATime, frozen=True, kw_only=True):
    """Only publications of a request; only those that appeared unpassed though policy had it so."""

    request: RequestId | None = None
    unreviewed: bool = False


class WhichFindings(AboutATime, frozen=True, kw_only=True):
    """Only findings about a request, a data set or a person, or of a kind; `closed` ones, too."""

    about: str | None = None
    kind: FindingKind | None = None
    closed: bool = False


class Period(AboutATime, frozen=True, kw_only=True):
    """From one day to another, both included, and which disclosures between them: of identified data, if not said."""

    first: date = msgspec.field(name="from")
    last: date = msgspec.field(name="to")
    course_run: str | None = None
    person: PersonId | None = None
    dataset: DataSetId | None = None
    form: PastForm | Literal["any"] = "identified"


class OfYear(AboutATime, frozen=True, kw_only=True):
    """The year at the office."""

    year: Annotated[int, msgspec.Meta(ge=1970, le=9998)]


class OfPrincipal(AboutATime, frozen=True, kw_only=True):
    """Only those of a principal."""

    principal: PrincipalId | None = None


class Leaving(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """On which day somebody would leave, today if it is not said, and which request, if not all of theirs."""

    on: date | None = None
    request: RequestId | None = None


def queries(call: Call) -> Answer:
    """Tell who asked whom for what, and what they were told."""
    wanted = parameters(call.request, WhichQueries)
    asked = Inquiry(call, wanted)
    subject = doi_in(wanted.about) if wanted.about and "/" in wanted.about else wanted.about
    viewed = asked.view(lambda views: inquiring.queries(views, subject, open_only=wanted.open))
    rows = tuple(
        after_shapes.Query(
            open=one.is_open,
            working_days=working_days(asked.office.day(one.since_at), asked.today) if one.is_open else None,
            **one._asdict(),
        )
        for one in viewed.rows
    )
    return Answer(after_shapes.Queries(rows=rows), position=viewed.position)


def publications(call: Call) -> Answer:
    """Tell what is to be published or has appeared, and how far its review has come."""
    wanted = parameters(call.request, WhichPublications)
    viewed = Inquiry(call, wanted).view(
        lambda views: inquiring.publications(views, wanted.request, unreviewed=wanted.unreviewed)
    )
    rows = tuple(after_shapes.Publication(**one._asdict()) for one in viewed.rows)
    return Answer(after_shapes.Publications(rows=rows), position=viewed.position)


def findings(call: Call) -> Answer:
    """Tell what is recorded and should not be so, since when, and whose it is to deal with."""
    wanted = parameters(call.request, WhichFindings)
    asked = Inquiry(call, wanted)
    viewed = asked.view(lambda views: findings_in(views, asked.today, closed=wanted.closed))
    rows = tuple(
        after_shapes.Finding(
            person_name=call.name(one.person), working_days=working_days(one.since, asked.today), **one._asdict()
        )
        for one in viewed.rows
        if wanted.about in (None, one.request, one.dataset, one.person) and wanted.kind in (None, one.kind)
    )
    return Answer(after_shapes.Findings(rows=rows), position=viewed.position)


def disclosures(call: Call) -> Answer:
    """Tell every request for, refusal and disclosure of data in a period (34 CFR 99.32)."""
    wanted = parameters(call.request, Period)
    if wanted.last < wanted.first:
        field = BadField(detail=f"is before {wanted.first}", parameter="to")
        raise BadRequest("unprocessable", "A parameter is not as it has to be.", field)
    form = None if wanted.form == "any" else wanted.form
    wish = Asked(wanted.first, wanted.last, form, wanted.person, wanted.dataset, wanted.course_run)
    viewed = Inquiry(call, wanted).view(lambda views: disclosures_in(views, wish))
    rows = tuple(_disclosure(call, one) for one in viewed.rows)
    return Answer(after_shapes.Disclosures(rows=rows), position=viewed.position)


def _disclosure(call: Call, one: Disclosure) -> after_shapes.Disclosure:
    told = one._asdict() | {
        "copies": tuple(after_shapes.Copied(dataset=copy.dataset, form=copy.form) for copy in one.copies),
        "further": tuple(shapes.Somebody(person=person, name=call.name(person)) for person in one.further),
        "party_name": call.name(one.party),
        "recipient": as_typed_in(call.home.custody, one.recipient) if one.recipient and call.sees_names else None,
        "organisation_name": call.name(one.organisation),
    }
    return after_shapes.Disclosure(**told)


def stats(call: Call) -> Answer:
    """Tell how many requests a year had, what was decided, and in how many working days."""
    wanted = parameters(call.request, OfYear)
    first, last = date(wanted.year, 1, 1), date(wanted.year, 12, 31)
    viewed = Inquiry(call, wanted).view(lambda views: figures(views, first, last))
    found, refusals = viewed.rows
    rows = tuple(after_shapes.Figures(**one._asdict()) for one in found)
    return Answer(after_shapes.Stats(year=wanted.year, refusals=refusals, rows=rows), position=viewed.position)


def roles(call: Call) -> Answer:
    """Tell who holds which role, and which entry gave it."""
    wanted = parameters(call.request, OfPrincipal)
    asked = Inquiry(call, wanted)
    rows = tuple(
        after_shapes.Granted(
            principal=one.event.principal,
            person=one.event.person,
            role=one.event.role,
            starts=one.event.starts,
            ends=one.event.ends,
            position=one.position,
        )
        for one in asked.office.grants(asked.at)
        if wanted.principal in (None, one.event.principal)
    )
    return Answer(after_shapes.Roles(rows=rows), position=asked.log.position)


def looks_at_request(call: Call) -> Answer:
    """Tell who looked at the history of a request, took it along, or opened a document of it."""
    call.standing(call.ids["request"])
    return _looks(call, f"request:{call.ids['request']}")


def looks_at_person(call: Call) -> Answer:
    """Tell who looked at what is known of a person, or opened a document about them."""
    return _looks(call, f"person:{call.ids['person']}")


def _looks(call: Call, tag: str) -> Answer:
    asked = Inquiry(call, parameters(call.request, AboutATime))
    if next(asked.log.facts([about(tags=[tag])]), None) is None:
        raise not_found()
    facts = asked.log.facts([about(HistoryViewed, DocumentOpened, tags=[tag])])
    rows = tuple(_look(fact, asked) for fact in facts)
    return Answer(after_shapes.Looks(rows=rows), position=asked.log.position)


def _look(fact: Recorded, asked: Inquiry) -> after_shapes.Look:
    person = asked.office.person(fact.actor)
    return after_shapes.Look(
        position=fact.position,
        at=fact.occurred_at,
        principal=fact.actor,
        person=person.event if person else None,
        how=fact.event.how if isinstance(fact.event, HistoryViewed) else "opened",
        document_of=fact.event.entry if isinstance(fact.event, DocumentOpened) else None,
    )


def waivers(call: Call) -> Answer:
    """Tell every waiver: of which rule, for which request, by whom, until when, and what was done under it."""
    asked = Inquiry(call, parameters(call.request, AboutATime))
    facts = list(asked.log.facts([about(WaiverGranted, *UNDER_WAIVERS)]))
    rows = tuple(_waiver(fact, fact.event, facts, asked) for fact in facts if isinstance(fact.event, WaiverGranted))
    return Answer(after_shapes.Waivers(rows=rows), position=asked.log.position)


def _waiver(fact: Recorded, granted: WaiverGranted, facts: Sequence[Recorded], asked: Inquiry) -> after_shapes.Waiver:
    decided_by = fact.judged.command.get("principal") if fact.judged else None
    return after_shapes.Waiver(
        waiver=granted.waiver,
        request=granted.request,
        rule=granted.rule,
        granted_by=decided_by or fact.actor,
        granted=asked.office.day(fact.occurred_at),
        expires=granted.expires,
        in_force=asked.today <= granted.expires,
        used=tuple(one.position for one in facts if granted.waiver in getattr(one.event, "waivers", ())),
        position=fact.position,
    )


def notices(call: Call) -> Answer:
    """Tell which notices wait to be sent, and why they could not be sent yet."""
    position = call.ledger.store.length()
    if not (call.home.path / SETTINGS).is_file():
        raise BadRequest("not-found", "No notices are sent from here: nothing says by which server.")
    with open_outbox(call.home, settings_in(call.home.path)) as outbox:
        waiting = outbox.waiting()
    members = after_shapes.Notice.__struct_fields__
    rows = tuple(after_shapes.Notice(**{name: getattr(one, name) for name in members}) for one in waiting)
    return Answer(after_shapes.Notices(rows=rows), position=position)


def departure(call: Call) -> Answer:
    """Tell what would end, and would have to be destroyed, if somebody left; nothing is recorded."""
    wanted, person = parameters(call.request, Leaving), call.ids["person"]
    parts = parts_of(call.ledger, person)
    meant = {request: one for request, one in parts.items() if wanted.request in (None, request)}
    if not meant:
        raise not_found()
    on = wanted.on or call.office.day(call.now)
    ends = tuple(what_ends(call.ledger, person, meant, on, call.now))
    return Answer(after_shapes.WhatEnds(person=person, on=on, requests=tuple(meant), ends=ends))


def inbox(call: Call) -> Answer:
    """Tell what waits for whom, oldest first, with open incidents and findings; now, or at another time."""
    asked = Inquiry(call, parameters(call.request, AboutATime))
    viewed = asked.view(lambda views: sorted(_waiting(views, asked), key=lambda one: one.since_at))
    return Answer(shapes.Inbox(rows=tuple(viewed.rows)), position=viewed.position)


def _waiting(views: Connection, asked: Inquiry) -> Iterator[shapes.Waiting]:
    """Whatever waits; findings that are open for ever wait for nobody."""
    for one in answers.waiting(views, asked.today):
        yield _turn(asked, **one._asdict())
    for incident in open_incidents(views):
        verb = "close" if incident.contained else "contain"
        yield _turn(
            asked,
            who="office",
            whom=incident.people,
            next=f"{verb} incident {incident.incident}",
            since=incident.since,
            since_at=incident.since_at,
            request=next(iter(incident.requests), None),
            state="incident",
        )
    zone = ZoneInfo(asked.office.policy.event.time_zone)
    for finding in findings_in(views, asked.today):
        if finding.kind != FOR_EVER:
            yield _turn(
                asked,
                who=finding.owner,
                whom=(finding.person,) if finding.person else (),
                next=f"deal with {finding.kind}, entry {finding.position}",
                since=finding.position,
                since_at=datetime.combine(finding.since, time(), zone).astimezone(UTC),
                request=finding.request,
                state="finding",
            )


def _turn(asked: Inquiry, *, since_at: datetime, researcher: str | None = None, **told: Any) -> shapes.Waiting:
    days = working_days(asked.office.day(since_at), asked.today)
    return shapes.Waiting(since_at=since_at, researcher=researcher, working_days=days, **told)
