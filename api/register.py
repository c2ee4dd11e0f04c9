"""Whom the office knows, found by what only custody holds.

Nobody is looked at but those who are asked for. That custody has sealed something is not enough to be known: an entry
has to name it, or else it is left over from a wish that came to nothing.
"""

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from api.admission import introducing
from api.packets import Register
from ledger.boundary import about
from ledger.codec import Recorded
from ledger.custody import Custody, Findable, caseless
from ledger.errors import Malformed, Missing
from ledger.events import Event, OrganisationRegistered, PersonDetailsChanged, PersonRegistered
from ledger.events.ids import PersonId
from ledger.log import Ledger

_TOLD_BY: dict[Findable, tuple[type[Event], ...]] = {
    "person": (PersonRegistered, PersonDetailsChanged),
    "organisation": (OrganisationRegistered,),
}


def register_of(ledger: Ledger, custody: Custody) -> Register:
    """The people and organisations of a ledger, by address and by name; whoever was erased is found by nothing."""
    known = _Known(ledger, custody)
    return Register(person=known.person, details=known.details, organisation=known.organisation)


def known_person(ledger: Ledger, custody: Custody, who: str) -> str | None:
    """The id of whoever this is the id or address of; None when it is nobody's.

    Raises `Malformed` for an address that several people have.
    """
    if "@" in who:
        return register_of(ledger, custody).person(caseless(who))
    try:
        msgspec.convert(who, PersonId)
    except msgspec.ValidationError:
        return None
    return who if ledger.read([about(*introducing("person"), tags=[f"person:{who}"])]).facts else None


class _Holder(NamedTuple):
    """Whose an address or a name is: since which entry, and whether it still is."""

    id: str
    since: int
    still: bool


class _Known:
    def __init__(self, ledger: Ledger, custody: Custody) -> None:
        self._ledger, self._custody = ledger, custody

    def person(self, address: str) -> str | None:
        """Who has this address, or else who had it.

        A former address goes on finding its person: whoever writes from it would otherwise become somebody new, of whom
        no suspension is known. One that was passed on is its present holder's. Raises `Malformed` when several people
        are left, because only the office can say who is meant.
        """
        holders = self._holders("person", "email", address)
        meant = [one.id for one in holders if one.still] or [one.id for one in holders]
        if len(meant) > 1:
            why = f"is kept for {' and '.join(meant)}: erase it (--detail email) of all but the one whose it is"
            raise Malformed("address", address, why)
        return meant[0] if meant else None

    def organisation(self, name: str) -> str | None:
        """Which organisation has this name; should two have come in at once, always the first."""
        holders = self._holders("organisation", "name", name)
        return min(holders, key=lambda one: one.since).id if holders else None

    def details(self, person: str) -> dict[str, str]:
        """A person's details as they were told last, without those that were erased."""
        latest: dict[str, str] = {}
        for fact in self._facts("person", f"person:{person}"):
            latest |= fact.event.sealed()
        return dict(self._opened(latest))

    def _opened(self, sealed: dict[str, str]) -> Iterator[tuple[str, str]]:
        for member, commitment in sealed.items():
            try:
                yield member, self._custody.unseal(commitment)
            except Missing:
                continue

    def _holders(self, kind: Findable, member: str, text: str) -> list[_Holder]:
        kept = self._custody.find(kind, text)
        commitments = {one.commitment for one in kept}
        holders = []
        for subject in dict.fromkeys(one.subject for one in kept):
            told = [(fact.position, fact.event.sealed().get(member)) for fact in self._facts(kind, subject)]
            told = [(position, commitment) for position, commitment in told if commitment]
            since = [position for position, commitment in told if commitment in commitments]
            if since:
                holders.append(_Holder(subject.partition(":")[2], since[0], told[-1][1] in commitments))
        return holders

    def _facts(self, kind: Findable, subject: str) -> Iterator[Recorded]:
        return self._ledger.facts([about(*_TOLD_BY[kind], tags=[subject])])
