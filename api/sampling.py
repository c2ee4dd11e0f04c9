"""Releases drawn by lot, for auditors: the same ones for the same seed and the same log."""

from hashlib import sha256
from typing import NamedTuple, get_args

from api.bundling import bundle_about, bundle_of_past_release
from ledger.boundary import about
from ledger.codec import Known
from ledger.events import Event, FactCorrected, PastReleaseRecorded, ReleaseHandedOver
from ledger.evidence.bundle import Kind
from ledger.home import Home
from ledger.log import Ledger
from projections.standing import uncorrected


class Lot(NamedTuple):
    """A release that was drawn: of a request, or as a register of the past has it; to whom it went, and what."""

    position: int
    release: str | None
    request: str | None
    party: str
    datasets: tuple[str, ...]


def drawn(ledger: Ledger, seed: str, number: int, until: int, *, imported: bool) -> list[Lot]:
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
    return [_lot(one) for one in sorted(lots[:number], key=lambda one: one.position)]


def _lot(one: Known[Event]) -> Lot:
    match one.event:
        case ReleaseHandedOver() as out:
            datasets = tuple(dict.fromkeys(file.dataset for file in out.package.files))
            return Lot(one.position, out.release, out.request, out.contact, datasets)
        case PastReleaseRecorded() as past:
            return Lot(one.position, past.reference, None, past.person or past.organisation, (past.dataset,))
    raise AssertionError(one.event)


def evidence(home: Home, lot: Lot) -> bytes:
    """The audit bundle of a release that was drawn, with details, texts and documents."""
    opening: tuple[Kind, ...] = get_args(Kind)
    if lot.request is None:
        return bundle_of_past_release(home, lot.position, opening)
    return bundle_about(home, f"request:{lot.request}", opening)
