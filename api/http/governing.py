"""How the office itself is governed, as resources: roles, waivers, looks, erasures, and notices that wait."""

from api import governing
from api.http import lists
from api.http.call import Answer, Call, not_found
from api.http.moments import AboutATime, Inquiry
from api.http.reading_in import parameters
from api.notices.outbox import Notice as Waiting
from api.notices.outbox import open_outbox
from api.notices.settings import SETTINGS, settings_in
from ledger.events.ids import PrincipalId
from ledger.log import about


class OfPrincipal(AboutATime, frozen=True, kw_only=True):
    """Only those of a principal."""

    principal: PrincipalId | None = None


def roles(call: Call) -> Answer:
    """Tell who holds which role, and which entry gave it."""
    wanted = parameters(call.request, OfPrincipal)
    asked = Inquiry(call, wanted)
    found = governing.roles(asked.office, asked.at, wanted.principal)
    rows = tuple(lists.Granted.of(one, person_name=call.name(one.person)) for one in found)
    return Answer(lists.Roles(rows=rows), position=asked.log.position)


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
    rows = tuple(lists.Look.of(one, person_name=call.name(one.person)) for one in found)
    return Answer(lists.Looks(rows=rows), position=asked.log.position)


def waivers(call: Call) -> Answer:
    """Tell every waiver: of which rule, for which request, by whom, until when, and what was done under it."""
    asked = Inquiry(call, parameters(call.request, AboutATime))
    rows = tuple(map(lists.Waiver.of, governing.waivers(asked.log, asked.office, asked.today)))
    return Answer(lists.Waivers(rows=rows), position=asked.log.position)


def erasures(call: Call) -> Answer:
    """Tell which people were erased, what of them, when, by whom, and when the last copy of it is gone."""
    asked = Inquiry(call, parameters(call.request, AboutATime))
    rows = tuple(map(lists.Erasure.of, governing.erasures(asked.log, asked.office)))
    return Answer(lists.Erasures(rows=rows), position=asked.log.position)


def notices(call: Call) -> Answer:
    """Tell which notices wait to be sent, and why they could not be sent yet; none do where none are sent."""
    position = call.ledger.store.length()
    if not (call.home.path / SETTINGS).is_file():
        return Answer(lists.Notices(rows=(), sent_from_here=False), position=position)
    with open_outbox(call.home, settings_in(call.home.path)) as outbox:
        rows = tuple(map(_notice, outbox.waiting()))
    return Answer(lists.Notices(rows=rows, sent_from_here=True), position=position)


def _notice(waiting: Waiting) -> lists.Notice:
    return lists.Notice(**{name: getattr(waiting, name) for name in lists.Notice.__struct_fields__})
