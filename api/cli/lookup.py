"""What people name at the command line, found in a ledger: by id, by e-mail address, by name."""

import re
from typing import Any

from api.admission import introducing
from api.register import register_of
from ledger.boundary import about
from ledger.custody import caseless
from ledger.errors import Malformed
from ledger.events import DataSetRegistered, Event, PastDataSetRecorded
from ledger.home import Home

_PERSON = re.compile(r"p-[0-9a-f]{32}")
_DATA_SET = re.compile(r"D-[A-Za-z0-9._-]{1,80}")
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


def organisation_called(home: Home, text: str) -> str:
    """As `organisation`; of several whose names differ in case alone, the one with this very name. Raises `Malformed`.

    A register of the past can have such names, and nobody here knows which of them mean the same.
    """
    called = home.custody.find("organisation", text)
    exact = [one for one in called if home.custody.unseal(one.commitment) == text]
    ids = list(dict.fromkeys(one.subject.partition(":")[2] for one in exact or called))
    known_ids = [id_ for id_ in ids if _is_known(home, "organisation", id_)]
    if len(known_ids) > 1:
        raise Malformed("organisation", text, f"is the name of several: {', '.join(known_ids)}")
    return known_ids[0] if known_ids else organisation(home, text)


def dataset(home: Home, text: str) -> str:
    """The id of a data set, or of a type of data of the past, by id or title. Raises `Malformed`."""
    if _DATA_SET.fullmatch(text):
        tag = f"dataset:{text}"
        if next(home.ledger.facts([about(DataSetRegistered, PastDataSetRecorded, tags=[tag])]), None):
            return text
    for fact in home.ledger.facts([about(PastDataSetRecorded)]):
        if isinstance(fact.event, PastDataSetRecorded) and fact.event.title == text:
            return fact.event.dataset
    raise Malformed("dataset", text, "is not in this ledger")


def _is_known(home: Home, kind: str, id_: str) -> bool:
    return next(home.ledger.facts([about(*introducing(kind), tags=[f"{kind}:{id_}"])]), None) is not None


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
