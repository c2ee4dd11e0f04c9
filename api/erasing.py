"""Erasing: judged and recorded first, then done."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from api.commands import Clerk, Document
from api.commands.people import Erase, nothing_to_erase
from api.desk import Circumstances, Outcome
from ledger.boundary import about
from ledger.custody import Custody, Erasure
from ledger.errors import Missing
from ledger.events import DECLARED
from ledger.home import Home, erase_person, is_erasure_recorded
from ledger.log import IdempotencyKey

_SEALED_FOR_OTHERS = tuple(event for event in DECLARED if event.sealed_for not in ("", "person"))


class Remaining(NamedTuple):
    """What is sealed for something that names a person, such as a request or a query: how many texts and documents."""

    subject: str
    kept: Counter[str]


class Erased(NamedTuple):
    """What came of a wish to erase: the record, if it was not there already, and what was destroyed, if not refused."""

    outcome: Outcome | None
    destroyed: Erasure | None


def erase(
    clerk: Clerk,
    wish: Erase,
    circumstances: Circumstances,
    *,
    key: IdempotencyKey | None = None,
    documents: Sequence[Document] = (),
) -> Erased:
    """Record that a person's details are erased, then destroy them; whatever was cut off is completed by a second call.

    Raises what `Clerk.take` raises, `Malformed` when nothing is left to destroy, and `Busy` when somebody reads what
    is to be destroyed.
    """
    outcome = clerk.earlier(key) if key else None
    if outcome is None and not is_erasure_recorded(clerk.home, wish.person, wish.details):
        outcome = clerk.take(wish, circumstances, key=key, documents=documents)
    if outcome is not None and outcome.refused:
        return Erased(outcome, None)
    destroyed = erase_person(
        clerk.home,
        wish.person,
        wish.details,
        last_copy_lapses=wish.last_copy_lapses,
        actor=circumstances.actor,
        via=circumstances.via,
    )
    if outcome is None and destroyed == Erasure():
        raise nothing_to_erase(wish.person, wish.details)
    return Erased(outcome, destroyed)


def remaining(home: Home, person: str) -> list[Remaining]:
    """What may have a person's words or name and is no part of their details, so that erasing them leaves it.

    It belongs to what others rely on, too: a request, a query, an incident.
    """
    kept: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for fact in home.ledger.facts([about(*_SEALED_FOR_OTHERS, tags=[f"person:{person}"])]):
        sealed = dict.fromkeys(fact.event.sealed().values(), "text") | dict.fromkeys(fact.documents, "document")
        kept[fact.event.subject()].update(what for one, what in sealed.items() if _is_kept(home.custody, one))
    return [Remaining(subject, what) for subject, what in sorted(kept.items()) if what]


def _is_kept(custody: Custody, commitment: str) -> bool:
    try:
        custody.reveal(commitment)
    except Missing:
        return False
    return True
