"""Facts told in words, with their circumstances."""

from api.names import Names
from api.telling.holdings import told_of_holdings
from api.telling.office import told_of_looking, told_of_the_calendar, told_of_the_office
from api.telling.outside import told_outside
from api.telling.people import told_of_people
from api.telling.releases import told_of_releases
from api.telling.requests import told_of_agreements, told_of_contacts, told_of_requests
from api.telling.words import MIT, Words
from ledger import events as e
from ledger.codec import Recorded
from ledger.events.event import current

# Each tells what it knows of, and gives None for the rest.
_TELLERS = (
    told_of_people,
    told_of_requests,
    told_of_agreements,
    told_of_contacts,
    told_of_releases,
    told_of_the_office,
    told_of_looking,
    told_of_the_calendar,
    told_outside,
    told_of_holdings,
)


def told(event: e.Event, names: Names, words: Words = MIT) -> str:
    """An event as a sentence, with names."""
    event = current(event)
    for tell in _TELLERS:
        sentence = tell(event, names, words)
        if sentence is not None:
            return sentence
    raise AssertionError(event)


def circumstances(fact: Recorded, names: Names, words: Words = MIT) -> str:
    """Who recorded it, for whom, when it had happened if that was not when it was recorded, and what shows it."""
    parts = [f"recorded by {fact.actor}"]
    if fact.on_behalf_of:
        parts.append(f"on behalf of {names(fact.on_behalf_of)}")
    happened = words.day(fact.occurred_at)
    if happened != words.day(fact.recorded_at) or fact.precision != "instant":
        exactly = {"instant": "on", "day": "on", "month": "in", "not-later-than": "not later than"}[fact.precision]
        parts.append(f"happened {exactly} {f'{happened:%Y-%m}' if fact.precision == 'month' else happened}")
    if fact.documents:
        parts.append(f"shown by {len(fact.documents)} document{'s' if len(fact.documents) > 1 else ''}")
    return ", ".join(parts)
