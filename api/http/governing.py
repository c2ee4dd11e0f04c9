"""How the office itself is governed, as resources: roles, waivers, looks, erasures, notices."""

from collections.abc import Collection
from itertools import islice
from typing import Any

from api import governing
from api.http import office_lists
from api.http.call import Answer, Call, not_found
from api.http.listing import Paging, further
from api.http.moments import AboutATime, Inquiry
from api.http.reading_in import parameters
from api.notices.outbox import Notice as Waiting
from api.notices.outbox import open_outbox
from api.notices.settings import SETTINGS, settings_in
from ledger.boundary import about
from ledger.codec import Recorded
from ledger.events import NoticeRefused, NoticeRevived, NoticeSent
from ledger.events.ids import PrincipalId


class WhichNotices(Paging, frozen=True, kw_only=True):
    """Only those that were refused for good, and that nobody had sent again."""

    refused: bool = False


class OfPrincipal(AboutATime, frozen=True, kw_only=True):
    """Only those of a principal."""

    principal: PrincipalId | None = None


def roles(call: Call) -> Answer:
    """Tell who holds which role, and which entry gave it."""
    wanted = parameters(call.request, OfPrincipal)
    asked = Inquiry(call, wanted)
    found = governing.roles(asked.office, asked.at, wanted.principal)
    rows = tuple(office_lists.Granted.of(one, person_name=call.name(one.person)) for one in found)
    return Answer(office_lists.Roles(rows=rows), position=asked.log.position)


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
    found = governing.looks(asked.log, asked.office, tag)
    rows = tuple(office_lists.Look.of(one, person_name=call.name(one.person)) for one in found)
    return Answer(office_lists.Looks(rows=rows), position=asked.log.position)


def waivers(call: Call) -> Answer:
    """Tell every waiver: of which rule, for which request, by whom, until when, and what was done under it."""
    asked = Inquiry(call, parameters(call.request, AboutATime))
    rows = tuple(map(office_lists.Waiver.of, governing.waivers(asked.log, asked.office, asked.today)))
    return Answer(office_lists.Waivers(rows=rows), position=asked.log.position)


def erasures(call: Call) -> Answer:
    """Tell which people were erased, what of them, when, by whom, and when the last copy of it is gone."""
    asked = Inquiry(call, parameters(call.request, AboutATime))
    rows = tuple(map(office_lists.Erasure.of, governing.erasures(asked.log, asked.office)))
    return Answer(office_lists.Erasures(rows=rows), position=asked.log.position)


def notices(call: Call) -> Answer:
    """Tell which notices wait to be sent, and why they could not be sent yet; none do where none are sent."""
    position = call.ledger.store.length()
    if not (call.home.path / SETTINGS).is_file():
        return Answer(office_lists.Notices(rows=(), sent_from_here=False), position=position)
    with open_outbox(call.home, settings_in(call.home.path)) as outbox:
        rows = tuple(_notice(call, one) for one in outbox.waiting())
    return Answer(office_lists.Notices(rows=rows, sent_from_here=True), position=position)


def _notice(call: Call, waiting: Waiting) -> office_lists.Notice:
    members = {name: one for name, one in waiting._asdict().items() if name in office_lists.Notice.__struct_fields__}
    return office_lists.Notice(**members, recipient_name=call.name(waiting.person))


def notices_told(call: Call) -> Answer:
    """Tell which notices were sent, or refused for good."""
    wanted = parameters(call.request, WhichNotices)
    log = Inquiry(call, wanted).log
    revived = ((one.event, one.position) for one in log.facts([about(NoticeRevived)]))
    again = {event.refusal: position for event, position in revived if isinstance(event, NoticeRevived)}
    facts = log.facts([about(NoticeSent, NoticeRefused)], after=wanted.after)
    meant = (one for one in facts if not wanted.refused or _is_given_up(one, again))
    rows = tuple(_told(call, one, again.get(one.position)) for one in islice(meant, wanted.limit))
    links = further(call, rows, wanted.limit, rows[-1].position if rows else 0)
    return Answer(office_lists.NoticesTold(rows=rows), position=log.position, headers=links)


def _is_given_up(fact: Recorded, again: Collection[int]) -> bool:
    return isinstance(fact.event, NoticeRefused) and fact.position not in again


def _told(call: Call, fact: Recorded, again: int | None) -> office_lists.NoticeTold:
    told: Any = fact.event
    return office_lists.NoticeTold(
        position=fact.position,
        recorded_at=fact.recorded_at,
        what="sent" if isinstance(told, NoticeSent) else "refused",
        of_entry=told.of,
        kind=told.kind,
        way=told.way,
        person=told.person,
        person_name=call.name(told.person),
        request=told.request,
        message=told.message,
        again=again,
    )
