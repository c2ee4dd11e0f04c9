"""Erasures applied to what was put back from a copy: what the log says is erased is destroyed again."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from eventsourcing.dcb.api import DCBQuery, DCBQueryItem

from ledger.codec import Codec
from ledger.custody import Custody, Kept, member_of
from ledger.custody.documents import DocumentFolder
from ledger.custody.label import Label, every_label
from ledger.custody.rows import AT_ONCE
from ledger.custody.vault import Vault
from ledger.errors import UnknownEvent
from ledger.events import PersonErased
from ledger.storage import Store

_EVER = datetime.max.replace(tzinfo=UTC)


class _Person(NamedTuple):
    """Somebody of whom something was erased: the erasures by position, and what entries commit to, by commitment."""

    erasures: list[tuple[int, frozenset[str]]]
    named: dict[str, int]

    def is_erased(self, commitment: str, purpose: str) -> bool:
        """Whether what is kept for a commitment was erased; what no entry names was, if that came to be erased."""
        at, member = self.named.get(commitment, 0), member_of(purpose)
        return any(position > at and (not details or member in details) for position, details in self.erasures)


class Erasures:
    """What the log in a store says is erased."""

    def __init__(self, store: Store, codec: Codec) -> None:
        self._people: dict[str, _Person] = {}
        for event, position in _erasures(store, codec):
            person = self._people.setdefault(f"person:{event.person}", _Person([], {}))
            person.erasures.append((position, frozenset(event.details)))
        for tag, person in self._people.items():
            person.named.update(_named(store, codec, tag))

    def destroy(self, custody: Custody) -> None:
        """Destroy what was erased, with keys and salts."""
        doomed = {kept.commitment for kept in custody.commitments() if self._is_erased(kept)}
        custody.sweep(lambda commitment: commitment not in doomed, _EVER)

    def destroy_sealed(self, vault: Vault, documents: DocumentFolder) -> None:
        """Destroy what was erased where there are no keys."""
        doomed = [label.commitment for label in every_label(vault.labels) if self._is_erased(label)]
        for start in range(0, len(doomed), AT_ONCE):
            vault.forget_these(doomed[start : start + AT_ONCE], documents.remove)
        vault.purge()

    def _is_erased(self, kept: Kept | Label) -> bool:
        person = self._people.get(kept.subject)
        commitment = kept.commitment if isinstance(kept.commitment, str) else kept.commitment.hex()
        return person is not None and person.is_erased(commitment, kept.purpose)


def _erasures(store: Store, codec: Codec) -> Iterator[tuple[PersonErased, int]]:
    for entry in store.scan(DCBQuery([DCBQueryItem(codec.wire_types(PersonErased))])):
        event = codec.decode(entry).event
        if isinstance(event, PersonErased):
            yield event, entry.position


def _named(store: Store, codec: Codec, tag: str) -> Iterator[tuple[str, int]]:
    """The commitments that entries make for whoever has this tag, with their positions."""
    for entry in store.scan(DCBQuery([DCBQueryItem(tags=[tag])])):
        try:
            payload = codec.payload(entry)
            event = codec.event(entry.header.type, payload.event)
        except UnknownEvent:
            continue
        if event.sealed_for and event.subject() == tag:
            for commitment in (*event.sealed().values(), *payload.documents):
                yield commitment, entry.position
