"""Releases drawn by lot, for auditors: the same ones for the same seed and the same log."""

from hashlib import sha256

from ledger.codec import Known
from ledger.events import Event, FactCorrected, PastReleaseRecorded, ReleaseHandedOver
from ledger.log import Ledger, about
from projections.standing import uncorrected


def drawn(ledger: Ledger, seed: str, number: int, until: int, *, imported: bool) -> list[Known[Event]]:
    """So many of the releases that stand up to a position, in the order of the log; all, where there are no more.

    They are those with the smallest SHA-256 of seed, line end and position, so nobody chooses them who doesn't choose
    the seed, and everybody can draw them again. A package that never arrived is one, too. With `imported` they are
    drawn from what registers of the past say.
    """
    kind = PastReleaseRecorded if imported else ReleaseHandedOver
    facts = ledger.facts([about(kind, FactCorrected)], until=until)
    known = uncorrected([Known(fact.event, fact.position) for fact in facts])
    lots = [one for one in known if isinstance(one.event, kind)]
    lots.sort(key=lambda one: sha256(f"{seed}\n{one.position}".encode()).digest())
    return sorted(lots[:number], key=lambda one: one.position)
