"""Erasing somebody: on record first, and then destroyed."""

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import chain

from ledger.boundary import about
from ledger.chain.entry import check_name
from ledger.codec import Fact, Recorded
from ledger.custody import Erasure
from ledger.errors import Malformed
from ledger.events import DECLARED, Event, PersonErased
from ledger.events.people import Detail
from ledger.home.opening import Home
from ledger.log import Reading

_SEALED_FOR_PEOPLE = tuple(event for event in DECLARED if event.sealed_for == "person")


def erase_person(
    home: Home, person: str, details: tuple[Detail, ...], *, last_copy_lapses: date, actor: str, via: str
) -> Erasure:
    """Record that a person's details (all, if none is named) are erased, then destroy them, keys and salts.

    The event comes first: a detail that is missing without one is tampering. So a call that was cut off, or raised
    `Busy`, is completed by calling again, which records nothing twice unless more was sealed in between. Nothing is
    judged here: whether somebody may be erased is for rules. Raises `Malformed` for a person who is not in the log.
    """
    tag = f"person:{person}"
    home.ledger.store.check_writable()
    recorded, reading = _recorded_erasure(home, person, details)
    if not recorded:
        erased = PersonErased(person=person, details=details, last_copy_lapses=last_copy_lapses)
        home.ledger.append([Fact(event=erased, actor=actor, via=via)], reading)
    return home.custody.erase(tag, details or None)


def is_erasure_recorded(home: Home, person: str, details: tuple[Detail, ...]) -> bool:
    """Whether the log says that these details are erased, and nothing was sealed since. Raises `Malformed`."""
    return _recorded_erasure(home, person, details)[0]


def erasures_cut_off(home: Home) -> Iterator[PersonErased]:
    """What the log says is erased and is not yet destroyed whole; to erase it again completes it."""
    for recorded in home.ledger.facts([about(PersonErased)]):
        if isinstance(erased := recorded.event, PersonErased):
            sealed = home.ledger.facts([about(*_SEALED_FOR_PEOPLE, tags=[f"person:{erased.person}"])])
            given_up = [_given_up(fact, erased) for fact in sealed if fact.position < recorded.position]
            if home.custody.keeps_any([*chain.from_iterable(given_up)]):
                yield erased


def _given_up(sealed: Recorded, erased: PersonErased) -> list[str]:
    """The commitments of a fact that an erasure is about."""
    members = sealed.event.sealed().items()
    if erased.details:
        return [commitment for member, commitment in members if member in erased.details]
    return [*(commitment for _, commitment in members), *sealed.documents]


def _recorded_erasure(home: Home, person: str, details: tuple[Detail, ...]) -> tuple[bool, Reading]:
    tag = f"person:{person}"
    check_name("person", tag)
    reading = home.ledger.read([about(*_SEALED_FOR_PEOPLE, PersonErased, tags=[tag])])
    known = [fact.event for fact in reading.facts]
    last_sealed = max((at for at, event in enumerate(known) if event.sealed_for), default=None)
    if last_sealed is None:
        raise Malformed("person", person, "is not in this ledger")
    since = known[last_sealed:]
    if not details:
        return any(isinstance(event, PersonErased) and not event.details for event in since), reading
    erased = [_erased_last(known, detail) for detail in details]
    return None not in erased and any(erased), reading


def _erased_last(known: Sequence[Event], detail: Detail) -> bool | None:
    """Whether a detail was erased last, and not sealed; False when it never was, and None while it is there."""
    for event in reversed(known):
        if isinstance(event, PersonErased):
            if not event.details or detail in event.details:
                return True
        elif detail in event.sealed():
            return None
    return False
