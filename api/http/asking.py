"""Questions about requests and people, and how this is served, as resources: each asks one thing, and shows it."""

from datetime import date, timedelta
from typing import Annotated

import msgspec

from api.history import facts_of, history_of
from api.http import lists, office_lists, shapes
from api.http.call import Answer, Call, not_found
from api.http.moments import AboutATime, Inquiry, instant
from api.http.monitor import CONTENT_TYPE
from api.http.public import TEXT
from api.http.reading_in import parameters
from api.http.rendering import is_export
from api.http.seeing import last_about, shown
from api.letter import letter
from api.permission import may_open
from api.register import register_of
from ledger.boundary import about
from ledger.events import (
    DataSetRegistered,
    Event,
    HistoryViewed,
    PersonRegistered,
)
from ledger.events.ids import DataSetId, PersonId
from projections.acts import DECIDING, ApproveRequest
from projections.asof import AsOf, Moment
from projections.checklist import checklist
from projections.standing import Standing
from projections.views import answers

# What compliance reads of people: who they are and for whom they act, and no address.
FOR_COMPLIANCE = ("name", "institution")


class Within(AboutATime, frozen=True, kw_only=True):
    """So many days from today."""

    within: Annotated[int, msgspec.Meta(ge=0, le=36_500)] = 90


class WhoAndWhat(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A person, a data set, and the time for which it is asked."""

    person: PersonId
    dataset: DataSetId
    as_of: str | None = None


def request(call: Call) -> Answer:
    """Show how a request stands, whose turn it is, item by item of the checklist; now, or at another time."""
    number, (asked, whole) = call.ids["request"], _asked_about(call)
    version = last_about(number, asked.log) if asked.is_now else None
    body = shown(call, number, asked.log, whole, asked.office, asked.at)
    return Answer(body, position=asked.log.position, version=version)


def _asked_about(call: Call) -> tuple[Inquiry, Standing]:
    """The question about a request that the caller may see, and all that its approval would be judged on."""
    number = call.ids["request"]
    call.standing(number)
    asked = Inquiry(call, parameters(call.request, AboutATime))
    whole = asked.log.standing(ApproveRequest(principal=call.caller.principal, request=number))
    if whole.request(number).submitted is None:
        raise not_found()
    return asked, whole


def request_letter(call: Call) -> Answer:
    """Write what a request lacks, as a text to send to the researcher; now, or at another time."""
    number, (asked, whole) = call.ids["request"], _asked_about(call)
    custody = call.home.custody if call.caller.role in (*DECIDING, "researcher") else None
    text = letter(number, whole, checklist(number, whole, asked.at), call.names, custody)
    return Answer(f"{text}\n".encode(), position=asked.log.position, media_type=TEXT)


def history(call: Call) -> Answer:
    """Tell the history of a request, with the state after each event. That somebody looked is recorded."""
    number = call.ids["request"]
    call.standing(number)
    position = call.looked(HistoryViewed(how="exported" if is_export(call.request) else "read", request=number))
    facts = facts_of(call.ledger, number, position)
    rows = tuple(
        lists.Event(
            position=one.position,
            recorded_at=one.recorded_at,
            type=one.type,
            says=one.words,
            circumstances=one.circumstances,
            state=one.state,
        )
        for one in history_of(number, facts, call.names, None)
    )
    return Answer(lists.History(request=number, rows=rows), position=position)


def person(call: Call) -> Answer:
    """Show what is known of a person, as far as the caller may see it. That somebody looked is recorded."""
    who = call.ids["person"]
    check_known(call, f"person:{who}", PersonRegistered)
    position = call.looked(HistoryViewed(how="read", request=None, person=who))
    details = dict(register_of(call.ledger, call.home.custody).details(who))
    if call.caller.role == "compliance":
        details = {name: text for name, text in details.items() if name in FOR_COMPLIANCE}
    return Answer(shapes.PersonShown(person=who, details=details), position=position)


def check_known(call: Call, tag: str, *introductions: type[Event]) -> None:
    """Raise as for what does not exist, unless one of these events made it known."""
    if tag in call.desks.known:
        return
    if next(call.ledger.facts([about(*introductions, tags=[tag])]), None) is None:
        raise not_found()
    # What is known once stays known.
    call.desks.known.add(tag)


def deadlines(call: Call) -> Answer:
    """Tell what ends of itself in the next days; from today, or from another time on."""
    wanted = parameters(call.request, Within)
    asked = Inquiry(call, wanted)
    first = asked.today
    last = first + min(timedelta(wanted.within), date.max - first)
    viewed = asked.view(lambda views: answers.deadlines(views, first, last))
    rows = tuple(
        lists.Deadline.of(one, days=(one.day - first).days, whom_name=call.called(one.whom)) for one in viewed.rows
    )
    return Answer(lists.Deadlines(rows=rows), position=viewed.position)


def permission(call: Call) -> Answer:
    """Tell whether somebody may open a data set now, or might have at another time; nothing is recorded."""
    asked = parameters(call.request, WhoAndWhat)
    check_known(call, f"person:{asked.person}", PersonRegistered)
    check_known(call, f"dataset:{asked.dataset}", DataSetRegistered)
    as_of = instant("as_of", asked.as_of, call.office)
    found = may_open(AsOf(call.ledger, Moment(as_of)), asked.person, asked.dataset, as_of or call.now)
    shown = shapes.Permission(
        person=found.person,
        dataset=found.dataset,
        permitted=not found.objections,
        objections=tuple(map(call.told, found.objections)),
        request=found.under.request if found.under else None,
        agreement=found.under.agreement if found.under else None,
        until=found.under.until if found.under else None,
    )
    return Answer(shown, position=found.position)


def api_keys(call: Call) -> Answer:
    """List the keys that are not revoked, with the last day of their use."""
    last_use = call.desks.parts.last_use
    rows = tuple(
        office_lists.ApiKeyListed(
            apikey=one.apikey,
            principal=one.principal,
            role=one.role,
            scope=one.scope,
            expires=one.expires,
            last_used=last_use.day(one.apikey),
        )
        for one in call.desks.callers.keys().issued
    )
    return Answer(office_lists.ApiKeys(rows=rows))


def metrics(call: Call) -> Answer:
    """Tell what monitoring reads, of all workers together."""
    waiting = call.desks.views.ask(lambda views: answers.waiting(views, call.now.date())).rows
    since = {"request": [one.since_at for one in waiting if one.researcher is not None]}
    since["query"] = [one.since_at for one in waiting if one.researcher is None]
    ages = {what: max((call.now - one).total_seconds() for one in times) for what, times in since.items() if times}
    return Answer(call.desks.parts.monitor.told(ages), media_type=CONTENT_TYPE)
