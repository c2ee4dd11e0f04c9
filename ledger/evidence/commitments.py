"""Whether custody still holds what the log commits to, and no longer holds what the log says was erased."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec
from eventsourcing.dcb.api import DCBQuery, DCBQueryItem

from ledger.chain.entry import Entry, read_entry
from ledger.codec import Codec
from ledger.custody import DOCUMENTS, Claim, Custody, member_of, purpose_of
from ledger.errors import (
    CustodyError,
    Damaged,
    DoesNotFit,
    LedgerError,
    Malformed,
    Missing,
    NotALedger,
    UnknownEvent,
    Unreachable,
)
from ledger.events import LedgerOpened, PersonErased
from ledger.events.ids import Sealed
from ledger.evidence.report import Finding, altered, unverified
from ledger.storage import Store

BATCH = 256
LOST = "custody has lost its "
# What has to be opened, or read in what was opened.
UNCHECKED = "; no detail, document or signature on an agreement was checked"
OPENINGS = Codec().wire_types(LedgerOpened)

_UNREADABLE = (Damaged, NotALedger, Unreachable)


class _Claim(NamedTuple):
    """That the entry at a position commits to something."""

    position: int
    said: Claim

    @property
    def member(self) -> str:
        return member_of(self.said.purpose)


class _Members(msgspec.Struct, frozen=True):
    """The members of a payload that can hold commitments."""

    documents: tuple[Sealed, ...]
    event: msgspec.Raw


class CommitmentCheck:
    """Checks the commitments of entry after entry against custody, many at a time.

    Whether something that was erased is still there is asked at the end. What belongs to no entry, such as a file
    among the documents that nobody put there, is reported by the check that is handed entry 1.
    """

    def __init__(self, store: Store, custody: Custody, codec: Codec) -> None:
        self._store, self._custody, self._codec = store, custody, codec
        self._erasures = _Erasures(store, codec)
        self._claims: list[_Claim] = []
        self._erased: dict[str, tuple[_Claim, int]] = {}
        self._begins_the_log = False
        self._read = msgspec.json.Decoder(_Members).decode

    def entry(self, position: int, type_: str, payload: bytes) -> Iterable[Finding]:
        """Take in an entry; gives what is wrong with it or with some before it."""
        if position == 1:
            self._begins_the_log = True
            yield from _opening(type_)
        try:
            claims = self._claims_of(position, type_, payload)
        except (UnknownEvent, DoesNotFit) as error:
            yield unverified(position, f"its commitments are not known: {error}")
            return
        for claim in claims:
            erasure = self._erasures.of(claim)
            if erasure is None:
                self._claims.append(claim)
            else:
                self._erased[claim.said.commitment] = claim, erasure
        if len(self._claims) >= BATCH:
            yield from self._answer()

    def finish(self) -> Iterator[Finding]:
        """What is wrong with the entries that were taken in and not yet answered for."""
        yield from self._answer()
        try:
            yield from self._still_kept()
            if self._begins_the_log:
                self._custody.check_files()
                yield from self._strays()
        except _UNREADABLE as error:
            yield _unreadable(None, error)
        yield from _emptiness(self._store)

    def _claims_of(self, position: int, type_: str, payload: bytes) -> list[_Claim]:
        try:
            members = self._read(payload)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise DoesNotFit(type_, str(error)) from error
        if not members.documents and not self._codec.event_class(type_).sealed_for:
            return []
        event = self._codec.event(type_, members.event)
        named = [*event.sealed().items(), *((DOCUMENTS, document) for document in members.documents)]
        # Only events with sealed members say whose they are, and then the documents beside them are theirs too.
        subject = event.subject() if named and event.sealed_for else None
        return [
            _Claim(position, Claim(commitment, purpose_of(event.wire_name, member), subject))
            for member, commitment in named
        ]

    def _answer(self) -> Iterator[Finding]:
        claims, self._claims = self._claims, []
        for claim, outcome in zip(claims, self._outcomes(claims), strict=True):
            match outcome:
                case Missing():
                    # It may have been erased since this verification began.
                    self._erasures.read_on()
                    if self._erasures.of(claim) is None:
                        what = f"{LOST}{claim.member}, and no event says that it was erased"
                        yield altered(claim.position, what)
                case CustodyError():
                    yield altered(claim.position, f"custody does not hold its {claim.member} as it was: {outcome}")
                case LedgerError():
                    yield _unreadable(claim.position, outcome)

    def _outcomes(self, claims: Sequence[_Claim]) -> list[LedgerError | None]:
        try:
            return list(self._custody.check_many(claim.said for claim in claims))
        except _UNREADABLE:
            return [self._outcome(claim) for claim in claims]

    def _outcome(self, claim: _Claim) -> LedgerError | None:
        try:
            self._custody.check(claim.said)
        except (CustodyError, *_UNREADABLE) as error:
            return error
        return None

    def _still_kept(self) -> Iterator[Finding]:
        if not self._erased:
            return
        for kept in self._custody.commitments():
            if kept.commitment in self._erased:
                claim, erasure = self._erased[kept.commitment]
                still = "was erased, but custody still holds it: erase it again"
                yield altered(claim.position, f"entry {erasure} says that {claim.member} {still}")

    def _strays(self) -> Iterator[Finding]:
        for stray in self._custody.strays():
            yield altered(None, f"{stray} lies among the documents and belongs to none of them")


class UnopenedCustody:
    """Stands in for `CommitmentCheck` where custody does not open, and says so.

    To be without the keys is no alteration: an auditor may not have them. To have the keys and nothing that they open
    is one, for what is missing without an erasure is tampering.
    """

    def __init__(self, store: Store, error: LedgerError) -> None:
        self._store, self._error = store, error

    def entry(self, position: int, type_: str, payload: bytes) -> Iterable[Finding]:
        """Says it once, at entry 1."""
        del payload
        if position == 1:
            yield from _opening(type_)
            yield _unreadable(None, self._error, UNCHECKED)

    def finish(self) -> Iterable[Finding]:
        """Says that there is no entry 1, if there is none."""
        return _emptiness(self._store)


def _opening(type_: str) -> Iterator[Finding]:
    if type_ not in OPENINGS:
        yield altered(1, f"is {type_}, where {LedgerOpened.wire_name} must stand")


def _emptiness(store: Store) -> Iterator[Finding]:
    if store.length() == 0:
        yield altered(1, f"is missing: every ledger begins with {LedgerOpened.wire_name}")


def _unreadable(position: int | None, error: LedgerError, consequence: str = "") -> Finding:
    what = f"custody cannot be read: {error}"
    return unverified(position, what + consequence) if isinstance(error, Unreachable) else altered(position, what)


class _Erasures:
    """Which details the log says were erased: by subject, where it says so, and which; an empty set means all."""

    def __init__(self, store: Store, codec: Codec) -> None:
        self._store, self._codec = store, codec
        self._types = codec.wire_types(PersonErased)
        self._read_to = 0
        self._found: dict[str, list[tuple[int, frozenset[str]]]] = {}
        self.read_on()

    def read_on(self) -> None:
        """Take in what the log has come to say since."""
        after, self._read_to = self._read_to, self._store.length()
        for entry in self._between(after, self._read_to):
            try:
                event = self._codec.decode(entry).event
            except Malformed:
                continue
            if isinstance(event, PersonErased):
                found = self._found.setdefault(f"person:{event.person}", [])
                found.append((entry.position, frozenset(event.details)))

    def of(self, claim: _Claim) -> int | None:
        """Where the log says that what was claimed is erased."""
        for position, details in self._found.get(claim.said.subject or "", ()):
            if position > claim.position and (not details or claim.member in details):
                return position
        return None

    def _between(self, after: int, until: int) -> list[Entry]:
        """The entries that erase. Those that cannot be read are reported where all entries are."""
        try:
            return list(self._store.scan(DCBQuery([DCBQueryItem(self._types)]), after, until))
        except Damaged:
            return list(self._readable(after, until))

    def _readable(self, after: int, until: int) -> Iterator[Entry]:
        try:
            for _, _, raw in self._store.rows(after, until):
                try:
                    entry = read_entry(raw)
                except Malformed:
                    continue
                if entry.header.type in self._types:
                    yield entry
        except Damaged:
            return
