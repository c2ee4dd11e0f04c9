"""Whether custody still holds what the log commits to, and no longer holds what the log says was erased."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec
from eventsourcing.dcb.api import DCBQuery, DCBQueryItem

from ledger.codec import Codec
from ledger.custody import Custody
from ledger.errors import CustodyError, DoesNotFit, Missing, UnknownEvent
from ledger.events import LedgerOpened, PersonErased
from ledger.evidence.report import Finding, altered, unverified
from ledger.storage import Store

BATCH = 256


class _Claim(NamedTuple):
    """That an entry commits to something: in which member of it, for whom."""

    position: int
    commitment: str
    purpose: str
    subject: str


class _Members(msgspec.Struct, frozen=True):
    """The members of a payload that can hold commitments."""

    documents: tuple[str, ...]
    event: msgspec.Raw


class CommitmentCheck:
    """Checks the commitments of entry after entry against custody, many at a time."""

    def __init__(self, store: Store, custody: Custody, codec: Codec) -> None:
        self._custody, self._codec = custody, codec
        self._claims: list[_Claim] = []
        self._erased = _erasures(store, codec)
        self._read = msgspec.json.Decoder(_Members).decode

    def entry(self, position: int, type_: str, payload: bytes) -> Iterable[Finding]:
        """Take in an entry; gives what is wrong with it or with some before it."""
        if position == 1 and type_ != LedgerOpened.wire_type():
            yield altered(1, f"is {type_}, where {LedgerOpened.wire_type()} must stand")
        try:
            self._claims += self._claims_of(position, type_, payload)
        except (UnknownEvent, DoesNotFit) as error:
            yield unverified(position, f"its commitments are not known: {error}")
        if len(self._claims) >= BATCH:
            yield from self.finish()

    def finish(self) -> Iterator[Finding]:
        """What is wrong with the entries that were taken in and not yet answered for."""
        claims, self._claims = self._claims, []
        outcomes = self._custody.check_many((claim.commitment, claim.purpose) for claim in claims)
        for claim, outcome in zip(claims, outcomes, strict=True):
            yield from self._judge(claim, outcome)

    def _claims_of(self, position: int, type_: str, payload: bytes) -> list[_Claim]:
        try:
            members = self._read(payload)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise DoesNotFit(type_, str(error)) from error
        if not members.documents and not self._codec.event_class(type_).sealed_for:
            return []
        event = self._codec.event(type_, members.event)
        subject = event.subject() if event.sealed_for else ""
        named = [*event.sealed().items(), *(("documents", document) for document in members.documents)]
        return [_Claim(position, commitment, f"{event.wire_name}/{member}", subject) for member, commitment in named]

    def _judge(self, claim: _Claim, outcome: CustodyError | None) -> Iterator[Finding]:
        member = claim.purpose.rpartition("/")[2]
        erasure = next(
            (
                position
                for position, details in self._erased.get(claim.subject, ())
                if position > claim.position and (not details or member in details)
            ),
            None,
        )
        match outcome:
            case None if erasure is not None:
                what = f"entry {erasure} says that {member} was erased, but custody still holds it: erase it again"
                yield altered(claim.position, what)
            case Missing() if erasure is None:
                yield altered(claim.position, f"custody has lost its {member}, and no event says that it was erased")
            case None | Missing():
                return
            case _:
                yield altered(claim.position, f"custody does not hold its {member} as it was: {outcome}")


def _erasures(store: Store, codec: Codec) -> dict[str, list[tuple[int, frozenset[str]]]]:
    """By subject, where the log says that details were erased, and which; an empty set means all of them."""
    found: dict[str, list[tuple[int, frozenset[str]]]] = {}
    for entry in store.scan(DCBQuery([DCBQueryItem(codec.wire_types(PersonErased))])):
        event = codec.decode(entry).event
        if isinstance(event, PersonErased):
            found.setdefault(f"person:{event.person}", []).append((entry.position, frozenset(event.details)))
    return found
