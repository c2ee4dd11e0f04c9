"""Whom the office knows, found by what only custody holds.

It opens the details of everybody registered: an index by a keyed hash of their addresses is not kept yet.
"""

from collections.abc import Mapping

from api.packets import Register
from ledger.custody import Custody
from ledger.errors import Missing
from ledger.events import OrganisationRegistered, PersonDetailsChanged, PersonRegistered
from ledger.log import Ledger, about


def register_of(ledger: Ledger, custody: Custody) -> Register:
    """The people and organisations of a ledger, by address and by name; whoever was erased is found by nothing."""
    details: dict[str, dict[str, str]] = {}
    organisations: dict[str, str] = {}
    for fact in ledger.facts([about(PersonRegistered, PersonDetailsChanged, OrganisationRegistered)]):
        match fact.event:
            case OrganisationRegistered() as event:
                organisations |= {
                    name.lower(): event.organisation for name in _opened(custody, event.sealed()).values()
                }
            case PersonRegistered() | PersonDetailsChanged() as event:
                details.setdefault(event.person, {}).update(_opened(custody, event.sealed()))
    people = {known["email"].lower(): person for person, known in details.items() if "email" in known}
    return Register(person=people.get, details=lambda person: details.get(person, {}), organisation=organisations.get)


def _opened(custody: Custody, sealed: Mapping[str, str]) -> dict[str, str]:
    opened = {}
    for member, commitment in sealed.items():
        try:
            opened[member] = custody.unseal(commitment)
        except Missing:
            continue
    return opened
