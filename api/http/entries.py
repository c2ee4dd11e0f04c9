"""Entries of the log as resources: listed, shown whole, with the documents that they name and their receipts."""

from typing import Annotated

import msgspec
from eventsourcing.dcb.api import DCBQuery, DCBQueryItem

from api.http import lists, shapes
from api.http.call import Answer, Call, not_found
from api.http.commanding import entry_shape
from api.http.listing import MAX_LIMIT, further
from api.http.public import TEXT, tile_of
from api.http.reading_in import naming, parameters
from api.http.rendering import is_export
from api.subjects import check_type
from api.telling import circumstances, told
from ledger.boundary import about
from ledger.chain.entry import MAX_POSITION, Entry, check_name
from ledger.chain.merkle import completed_by
from ledger.codec import Recorded
from ledger.errors import Malformed, Missing
from ledger.events import DocumentOpened, HistoryViewed
from projections.judgement import judge_again
from projections.standing import Standing


class Paging(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which entries: after a position, at most so many, of any of these types, with all of these tags."""

    after: Annotated[int, msgspec.Meta(ge=0, le=MAX_POSITION)] = 0
    limit: Annotated[int, msgspec.Meta(ge=1, le=MAX_LIMIT)] = 100
    type: tuple[str, ...] = ()
    tag: tuple[str, ...] = ()


def entries(call: Call) -> Answer:
    """List entries of the log. Taking them along as CSV or NDJSON is recorded."""
    asked = parameters(call.request, Paging)
    query = _query(asked)
    until = call.ledger.store.length()
    found = call.ledger.store.page(query, asked.after, until, asked.limit)
    if is_export(call.request):
        call.looked(HistoryViewed(how="exported", request=None))
    after = found[-1].position if len(found) == asked.limit else None
    page = lists.Page(rows=tuple(entry_shape(call, entry) for entry in found), next=after)
    links = further(call, page.rows, asked.limit, after or 0)
    return Answer(page, position=until, headers=links)


def _query(asked: Paging) -> DCBQuery:
    with naming("type"):
        for wire_type in asked.type:
            check_name("type", wire_type)
            check_type(wire_type)
    with naming("tag"):
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
    return found._replace(position=call.looked(HistoryViewed(how="exported", request=None)), headers={})


def verifier_key(call: Call) -> Answer:
    """Give the key by which anybody can check what this log has signed."""
    return Answer("".join(f"{key}\n" for key in call.home.notary.vouched_keys()).encode(), media_type=TEXT)


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
    position = call.looked(
        DocumentOpened(
            entry=found.position,
            document=commitment,
            request=next(iter(requests), None),
            person=next(iter(people), None) if not requests else None,
        )
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


def receipt(call: Call) -> Answer:
    """Give the receipt for an entry (c2sp.org/tlog-proof), which is signed first if it is not yet."""
    entry = call.ledger.store.entry(call.ids["position"])
    if entry is None:
        raise not_found()
    fact = call.ledger.codec.decode(entry)
    if fact.actor != call.caller.principal and not sees_one_of(call, ids_in(fact, "request")):
        raise not_found()
    return Answer(call.home.notary.receipt(entry.position).write(), media_type=TEXT)
