"""What entries and queries are asked for by, as people name it: what can be of none is turned away by name."""

from api.ids import doi_in
from ledger.boundary import about
from ledger.chain.entry import check_name
from ledger.errors import Malformed
from ledger.events import DECLARED
from ledger.log import Ledger

_TYPES = frozenset(event.wire_type() for event in DECLARED)
_KINDS = {"D": "dataset", "R": "request", "B": "publication", "Q": "query"}


def check_type(text: str) -> None:
    """Raise `Malformed` for a type that no entry can have, and name those that are called so."""
    if text not in _TYPES:
        meant = sorted(one for one in _TYPES if one.rpartition(".")[0] == text)
        why = "is no type of this program"
        raise Malformed("type", text, f"{why}: {' or '.join(meant)} is" if meant else why)


def subject_in(ledger: Ledger, text: str) -> str:
    """What queries can be about: a DOI, without the address before it, or what the ledger has heard of, by its id.

    Raises `Malformed` for what is neither.
    """
    if "/" in text:
        return doi_in(text)
    kind = _KINDS.get(text.partition("-")[0]) if "-" in text else None
    if kind is None:
        raise Malformed("about", text, "is neither a DOI nor the id of a data set, request, publication or query")
    check_name(kind, f"{kind}:{text}")
    # Whoever asks about what is in no catalogue makes it heard of.
    if next(ledger.facts([about(tags=[f"{kind}:{text}"])]), None) is None:
        raise Malformed("about", text, "is not in this ledger, and nobody has asked about it")
    return text
