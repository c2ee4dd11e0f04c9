"""Verification of the OpenPGP signatures over agreements: gpg checks each again, with what custody keeps."""

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from ledger.codec import Codec
from ledger.custody import Custody
from ledger.errors import CustodyError, Damaged, Malformed, OpenPGPError, Unavailable
from ledger.events import AgreementSigned
from ledger.evidence.report import Finding, altered, unverified
from ledger.openpgp import verify_signature
from ledger.storage import Store


class _Signed(NamedTuple):
    """An entry that says of an OpenPGP signature that it was checked."""

    position: int
    event: AgreementSigned
    key: str


class SignatureCheck:
    """Checks the signatures of entry after entry; gpg is called when all have been taken in."""

    def __init__(self, store: Store, custody: Custody, codec: Codec) -> None:
        self._store, self._custody, self._codec = store, custody, codec
        self._types = frozenset(codec.wire_types(AgreementSigned))
        self._signed: list[_Signed] = []

    def entry(self, position: int, type_: str, payload: bytes) -> Iterable[Finding]:
        """Take in an entry; finds nothing yet."""
        del payload
        if type_ in self._types:
            try:
                entry = self._store.entry(position)
                event = None if entry is None else self._codec.decode(entry).event
            except (Malformed, Damaged):
                # What is wrong with the entry is said elsewhere.
                event = None
            if isinstance(event, AgreementSigned) and event.evidence == "openpgp" and event.key:
                self._signed.append(_Signed(position, event, event.key))
        return ()

    def finish(self) -> Iterator[Finding]:
        """What is wrong with the signatures of the entries that were taken in."""
        if self._signed:
            with ThreadPoolExecutor(os.cpu_count()) as pool:
                yield from (finding for finding in pool.map(self._checked, self._signed) if finding)

    def _checked(self, signed: _Signed) -> Finding | None:
        position, event, key = signed
        try:
            text, signature, public = (
                self._custody.read_document(part).content for part in (event.text, event.document, key)
            )
            fingerprint = None if event.fingerprint is None else self._custody.unseal(event.fingerprint)
        except (CustodyError, Malformed, Damaged, Unavailable):
            # What custody does not hold as it was is said where commitments are checked.
            return None
        try:
            entry = self._store.entry(position)
            if entry is None:
                return None
            facts = verify_signature(text, signature, public, entry.recorded_at)
        except Unavailable as error:
            return unverified(position, f"its signature was not checked: {error}")
        except (OpenPGPError, Malformed) as error:
            return altered(position, f"its signature does not hold: {error}")
        if fingerprint not in {None, facts.key}:
            return altered(position, f"it was signed by {facts.key}, and names another key")
        return None
