"""Questions as resources: each reads what was asked, asks one thing, and shows the answer."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Annotated

import msgspec
from eventsourcing.dcb.api import DCBQuery, DCBQueryItem

from api.history import history_of
from api.http import shapes
from api.http.call import Answer, Call, not_found
from api.http.commanding import entry_shape
from api.http.listing import MAX_LIMIT, further
from api.http.moments import AboutATime, Inquiry, instant
from api.http.monitor import CONTENT_TYPE
from api.http.public import TEXT, tile_of
from api.http.reading_in import parameters
from api.http.rendering import is_export
from api.permission import may_open
from api.register import register_of
from api.telling import circumstances, told
from ledger.chain.entry import MAX_POSITION, Entry, check_name
from ledger.chain.merkle import completed_by
from ledger.codec import Recorded
from ledger.errors import Malformed, Missing
from ledger.events import DataSetRegistered, DocumentOpened, Event, HistoryViewed, PersonRegistered
from ledger.events.catalogue import Form
from ledger.events.ids import DataSetId, PersonId
from ledger.evidence.logkeys import log_keys
from ledger.log import about
from projections.acts import ApproveRequest, of_request
from projections.checklist import Line, checklist
from projections.judgement import judge_again
from projections.standing import GRANTED, Standing
from projections.views import answers
from projections.views.turns import working_days

# What compliance reads of people: who they are and for whom they act, and no address.
FOR_COMPLIANCE = ("name", "institution")


class Paging(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which entries: after a position, at most so many, of any of these types, with all of these tags."""

    after: Annotated[int, msgspec.Meta(ge=0, le=MAX_POSITION)] = 0
    limit: Annotated[int, msgspec.Meta(ge=1, le=MAX_LIMIT)] = 100
    type: tuple[str, ...] = ()
    tag: tuple[str, ...] = ()


class Nothing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """No parameters."""


class WhichForm(AboutATime, frozen=True, kw_only=True):
    """Only versions in this form."""

    form: Form | None = None


class Within(AboutATime, frozen=True, kw_only=True):
    """So many days from today."""

    within: Annotated[int, msgspec.Meta(ge=0, le=36_500)] = 90


class WhoAndWhat(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A person, a data set, and the time for which it is asked."""

    person: PersonId
    dataset: DataSetId
    as_of: str | None = None


def entries(call: Call) -> Answer:
    """List entries of the log. Taking them along as CSV or NDJSON is recorded."""
    asked = parameters(call.request, Paging)
    query = _query(asked)
    until = call.ledger.store.length()
    found = call.ledger.store.page(query, asked.after, until, asked.limit)
    if is_export(call.request):
        _looked(call, HistoryViewed(how="exported", request=None))
    after = found[-1].position if len(found) == asked.limit else None
    page = shapes.Page(rows=tuple(entry_shape(call, entry) for entry in found), next=after)
    links = further(call, page.rows, asked.limit, after or 0)
    return Answer(page, position=until, headers=links)


def _query(asked: Paging) -> DCBQuery:
    for wire_type in asked.type:
        check_name("type", wire_type)
    for tag in asked.tag:
        check_name("tag", tag)
    return DCBQuery([DCBQueryItem(list(asked.type), list(asked.tag))]) if asked.type or asked.tag else DCBQuery()


def entry(call: Call) -> Answer:
    """Show an entry whole, and how it was judged."""
    found = _entry(call)
    fact = call.ledger.codec.decode(found)
    hashes = completed_by(found.position, found.leaf, call.ledger.store.subtree)
    shown = shapes.EntryShown(
        position=found.position,
        prev=found.header.prev,
        recorded_at=fact.recorded_at,
        type=fact.type,
        tags=fact.tags,
        leaf=found.leaf.hex(),
        subtrees=tuple(value.hex() for value in hashes[1:]),
        payload=msgspec.json.decode(found.payload),
        says=told(fact.event, call.names, call.words),
        circumstances=circumstances(fact, call.names, call.words),
        explanation=_explained(call, fact),
    )
    return Answer(shown)


def bundle(call: Call) -> Answer:
    """Give a bundle of entries of a tree that was signed, as tlog-tiles has them. Taking them along is recorded."""
    found = tile_of(call.home, f"tile/entries/{call.ids['bundle']}")
    return found._replace(position=_looked(call, HistoryViewed(how="exported", request=None)), headers={})


def verifier_key(call: Call) -> Answer:
    """Give the key by which anybody can check what this log has signed."""
    return Answer("".join(f"{key}\n" for key in log_keys(call.ledger.store)).encode(), media_type=TEXT)


def _entry(call: Call) -> Entry:
    found = call.ledger.store.entry(call.ids["position"])
    if found is None:
        raise not_found()
    return found


def _explained(call: Call, fact: Recorded) -> shapes.Explained | None:
    again = judge_again(call.ledger, fact, call.now)
    if again is None:
        return None
    return shapes.Explained(
        agrees=again.agrees,
        then=None if again.then is None else tuple(map(call.told, again.then)),
        today=None if again.today is None else tuple(map(call.told, again.today)),
        why=again.why,
    )


def request(call: Call) -> Answer:
    """Show how a request stands, item by item of the checklist; now, or at another time."""
    number = call.ids["request"]
    call.standing(number)
    asked = Inquiry(call, parameters(call.request, AboutATime))
    whole = asked.log.standing(ApproveRequest(principal=call.caller.principal, request=number))
    known = whole.request(number)
    if known.submitted is None:
        raise not_found()
    said = known.submitted.event
    shown = shapes.RequestShown(
        request=number,
        state=str(known.state_on(asked.today)),
        since=known.since,
        researcher=_somebody(call, said.researcher),
        datasets=tuple(shapes.Asked(dataset=one.dataset, form=one.form) for one in known.datasets),
        study_group=tuple(_somebody(call, person) for person in known.study_group),
        contact=_somebody(call, known.contact.person) if known.contact.person else None,
        agreements=tuple(known.agreements),
        releases=tuple(known.releases),
        checklist=tuple(_item(call, line, number, whole) for line in checklist(number, whole, asked.at)),
    )
    return Answer(shown, position=asked.log.position, version=_last_about(call, number, asked))


def _last_about(call: Call, request: str, asked: Inquiry) -> int | None:
    """The position of the last entry about a request that is shown as it is now."""
    if not asked.is_now:
        return None
    facts = call.ledger.facts([of_request(request)], until=asked.log.position)
    return max((fact.position for fact in facts), default=None)


def _somebody(call: Call, person: str) -> shapes.Somebody:
    return shapes.Somebody(person=person, name=call.name(person))


def _item(call: Call, line: Line, number: str, standing: Standing) -> shapes.Item:
    return shapes.Item(
        rule=line.rule,
        source=line.source,
        about=line.about,
        about_name=call.name(line.about),
        status=line.status,
        wanting=line.wanting,
        needed_for="approval" if line.now and standing.request(number).state not in GRANTED else "release",
        facts=line.facts,
    )


def history(call: Call) -> Answer:
    """Tell the history of a request, with the state after each event. That somebody looked is recorded."""
    number = call.ids["request"]
    call.standing(number)
    position = _looked(call, HistoryViewed(how="exported" if is_export(call.request) else "read", request=number))
    facts = list(call.ledger.facts([about(tags=[f"request:{number}"])], until=position))
    rows = tuple(
        shapes.Event(
            position=one.position,
            recorded_at=one.recorded_at,
            type=one.type,
            says=one.words,
            circumstances=one.circumstances,
            state=one.state,
        )
        for one in history_of(number, facts, call.names, None)
    )
    return Answer(shapes.History(request=number, rows=rows), position=position)


def person(call: Call) -> Answer:
    """Show what is known of a person, as far as the caller may see it. That somebody looked is recorded."""
    who = call.ids["person"]
    _check_known(call, f"person:{who}", PersonRegistered)
    position = _looked(call, HistoryViewed(how="read", request=None, person=who))
    details = dict(register_of(call.ledger, call.home.custody).details(who))
    if call.caller.role == "compliance":
        details = {name: text for name, text in details.items() if name in FOR_COMPLIANCE}
    return Answer(shapes.PersonShown(person=who, details=details), position=position)


def _looked(call: Call, event: Event) -> int:
    """Record that the caller looked, before anything is shown; the position of that."""
    return call.desks.desk.report(event, call.circumstances()).entries[-1].position


def _check_known(call: Call, tag: str, introduction: type[Event]) -> None:
    if tag in call.desks.known:
        return
    if next(call.ledger.facts([about(introduction, tags=[tag])]), None) is None:
        raise not_found()
    # What is known once stays known.
    call.desks.known.add(tag)


def document(call: Call) -> Answer:
    """Open a document that an entry names. That somebody opened it is recorded."""
    found = _entry(call)
    commitment = call.ids["document"]
    fact = call.ledger.codec.decode(found)
    requests, people = ids_in(fact, "request"), ids_in(fact, "person")
    if commitment not in fact.documents or not sees_one_of(call, requests):
        raise not_found()
    try:
        kept = call.home.custody.read_document(commitment)
    except Malformed as error:
        raise Missing(commitment, "is no document") from error
    position = _looked(
        call,
        DocumentOpened(
            entry=found.position,
            document=commitment,
            request=next(iter(requests), None),
            person=next(iter(people), None) if not requests else None,
        ),
    )
    # Whatever is in it is taken along as a file, and shown by nothing of ours.
    attached = {"Content-Disposition": f'attachment; filename="{commitment[:16]}"'}
    return Answer(kept.content, position=position, headers=attached, media_type=kept.media_type)


def ids_in(fact: Recorded, kind: str) -> list[str]:
    """The ids of a kind that a fact carries."""
    return [tag.partition(":")[2] for tag in fact.tags if tag.startswith(f"{kind}:")]


def sees_one_of(call: Call, requests: list[str]) -> bool:
    """Whether the caller may see one of these requests; what is of no request is for those who see all."""
    if call.caller.role != "researcher":
        return True
    standings = Standing(call.ledger.facts([about(tags=[f"request:{one}"]) for one in requests])) if requests else None
    return standings is not None and any(call.may_see(standings.request(one)) for one in requests)


def holders(call: Call) -> Answer:
    """Tell who holds versions of a data set; now, or at another time."""
    wanted, dataset = parameters(call.request, WhichForm), call.ids["dataset"]
    asked = Inquiry(call, wanted)
    _check_known(call, f"dataset:{dataset}", DataSetRegistered)
    viewed = asked.view(lambda views: answers.holders(views, dataset, wanted.form, asked.today))
    return Answer(shapes.Holdings(rows=tuple(_holdings(call, viewed.rows))), position=viewed.position)


def holdings(call: Call) -> Answer:
    """Tell what a person holds; now, or at another time."""
    who, asked = call.ids["person"], Inquiry(call, parameters(call.request, AboutATime))
    _check_known(call, f"person:{who}", PersonRegistered)
    viewed = asked.view(lambda views: answers.holdings(views, who, asked.today))
    return Answer(shapes.Holdings(rows=tuple(_holdings(call, viewed.rows))), position=viewed.position)


def _holdings(call: Call, rows: list[answers.Holding]) -> Iterator[shapes.Holding]:
    for one in rows:
        yield shapes.Holding(person_name=call.name(one.person), **one._asdict())


def deadlines(call: Call) -> Answer:
    """Tell what ends of itself in the next days; from today, or from another time on."""
    wanted = parameters(call.request, Within)
    asked = Inquiry(call, wanted)
    first = asked.today
    last = first + min(timedelta(wanted.within), date.max - first)
    viewed = asked.view(lambda views: answers.deadlines(views, first, last))
    rows = tuple(shapes.Deadline(**one._asdict()) for one in viewed.rows)
    return Answer(shapes.Deadlines(rows=rows), position=viewed.position)


def inbox(call: Call) -> Answer:
    """Tell what waits for whom, oldest first; now, or at another time."""
    asked = Inquiry(call, parameters(call.request, AboutATime))
    viewed = asked.view(lambda views: answers.waiting(views, asked.today))
    rows = tuple(
        shapes.Waiting(working_days=working_days(asked.office.day(one.since_at), asked.today), **one._asdict())
        for one in viewed.rows
    )
    return Answer(shapes.Inbox(rows=rows), position=viewed.position)


def permission(call: Call) -> Answer:
    """Tell whether somebody may open a data set now, or might have at another time; nothing is recorded."""
    asked = parameters(call.request, WhoAndWhat)
    _check_known(call, f"person:{asked.person}", PersonRegistered)
    _check_known(call, f"dataset:{asked.dataset}", DataSetRegistered)
    as_of = instant("as_of", asked.as_of, call.office)
    found = may_open(call.ledger, asked.person, asked.dataset, call.now, as_of)
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
    keys = tuple(
        shapes.ApiKeyListed(
            apikey=one.apikey,
            principal=one.principal,
            role=one.role,
            scope=one.scope,
            expires=one.expires,
            last_used=last_use.day(one.apikey),
        )
        for one in call.desks.callers.keys().issued
    )
    return Answer(shapes.ApiKeys(keys=keys))


def metrics(call: Call) -> Answer:
    """Tell what monitoring reads, of all workers together."""
    return Answer(call.desks.parts.monitor.told(), media_type=CONTENT_TYPE)
