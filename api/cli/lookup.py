"""What people name at the command line, found in a ledger: by id, by e-mail address, by name."""

import re
from typing import Any

from api.admission import introducing
from api.register import register_of
from ledger.custody import caseless
from ledger.errors import Malformed
from ledger.events import Event
from ledger.home import Home
from ledger.log import about

_PERSON = re.compile(r"p-[0-9a-f]{32}")
_ORGANISATION = re.compile(r"O-[A-Za-z0-9._-]{1,80}")


def person(home: Home, text: str) -> str:
    """The id of somebody known, by id or e-mail address. Raises `Malformed`."""
    if _PERSON.fullmatch(text):
        return known(home, "person", text)
    if "@" not in text:
        why = "is neither an id, which is p- and 32 digits or letters from a to f, nor an e-mail address"
        raise Malformed("person", text, why)
    found = register_of(home.ledger, home.custody).person(caseless(text))
    if found is None:
        raise Malformed("person", text, "is the address of nobody in this ledger")
    return found


def organisation(home: Home, text: str) -> str:
    """The id of a known organisation, by id or name. Raises `Malformed`."""
    found = register_of(home.ledger, home.custody).organisation(caseless(text))
    if found is not None:
        return found
    if not _ORGANISATION.fullmatch(text):
        raise Malformed("organisation", text, "is the name of none in this ledger")
    return known(home, "organisation", text)


def known(home: Home, kind: str, id_: str) -> str:
    """An id, once it is seen that the ledger knows what it names. Raises `Malformed`."""
    _introduction(home, kind, id_)
    return id_


def request_of(home: Home, kind: str, id_: str) -> str:
    """The request that a determination, an agreement or a release belongs to. Raises `Malformed`."""
    event: Any = _introduction(home, kind, id_)
    request: str = event.request
    return request


def _introduction(home: Home, kind: str, id_: str) -> Event:
    """The event that made it known."""
    facts = home.ledger.facts([about(*introducing(kind), tags=[f"{kind}:{id_}"])])
    found = next(facts, None)
    if found is None:
        raise Malformed(kind, id_, "is not in this ledger")
    return found.event
