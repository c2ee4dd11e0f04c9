"""Names for those who may see them: what custody holds of people and organisations, by their ids."""

from collections.abc import Callable

from ledger.boundary import about
from ledger.custody import Custody
from ledger.errors import Missing
from ledger.events import OrganisationRegistered, PersonDetailsChanged, PersonRegistered, QueryReceived
from ledger.log import Ledger

Names = Callable[[str], str]


def unnamed(id_: str) -> str:
    """The id itself, for those who may not see names."""
    return id_


def names_in(ledger: Ledger, custody: Custody) -> Names:
    """Names as the ledger has them now; an erased person is said to be one, and what has no name stays an id."""
    known: dict[str, str] = {}

    def name(id_: str) -> str:
        if id_ not in known:
            known[id_] = _name(ledger, custody, id_)
        return known[id_]

    return name


def _name(ledger: Ledger, custody: Custody, id_: str) -> str:
    kinds = {
        "p": ("person", (PersonRegistered, PersonDetailsChanged)),
        "O": ("organisation", (OrganisationRegistered,)),
    }
    prefix, dash, _ = id_.partition("-")
    if not dash or prefix not in kinds:
        return id_
    kind, introductions = kinds[prefix]
    commitments = [
        fact.event.sealed()["name"]
        for fact in ledger.facts([about(*introductions, tags=[f"{kind}:{id_}"])])
        if "name" in fact.event.sealed()
    ]
    if not commitments:
        return id_
    try:
        return custody.unseal(commitments[-1])
    except Missing:
        return f"an erased {kind} ({id_[:10]}…)"


def as_typed_in(custody: Custody, commitment: str) -> str:
    """The words that somebody typed in of people whom nobody here knows, as far as they are not erased."""
    try:
        return custody.unseal(commitment)
    except Missing:
        return "(erased)"


def asker_of(ledger: Ledger, custody: Custody, query: int) -> str | None:
    """Who asks, as it was typed in, in the query that was received at a position; None where nothing was."""
    entry = ledger.store.entry(query)
    event = ledger.codec.decode(entry).event if entry else None
    return as_typed_in(custody, event.asker) if isinstance(event, QueryReceived) and event.asker else None
