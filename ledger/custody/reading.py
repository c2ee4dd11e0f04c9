"""Reading what is kept for a commitment, once it has been shown to be what the commitment was made from."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

from ledger.custody.commitment import parse_commitment, verify_commitment
from ledger.custody.documents import Documents, Record, open_document
from ledger.custody.kept import Claim
from ledger.custody.keystore import Keys, KeyStore
from ledger.custody.vault import Vault, unseal
from ledger.errors import Malformed, Tampered
from ledger.storage.tables import Row

# What the vault and the key store have for a commitment.
Rows = tuple[Row | None, Row | None]


@dataclass(frozen=True)
class Found:
    """What opens it, the text or the record of a document, and where that document is."""

    keys: Keys
    content: str | Record
    document: bytes | None

    @property
    def value(self) -> str:
        """What the commitment is to."""
        return self.content.sha256 if isinstance(self.content, Record) else self.content


class Reading:
    """Reads from the parts that custody has."""

    def __init__(self, keys: KeyStore, vault: Vault, documents: Documents) -> None:
        self._keys, self._vault, self._documents = keys, vault, documents

    def rows(self, commitments: Sequence[str]) -> Iterator[Rows]:
        """What there is for each of these, still closed."""
        wanted = [parse_commitment(commitment) for commitment in commitments]
        return zip(self._vault.rows(wanted), self._keys.rows(wanted), strict=True)

    def one(self, commitment: str) -> Found:
        """What is kept for a commitment. Raises as `opened` does."""
        (rows,) = self.rows([commitment])
        return self.opened(commitment, rows)

    def opened(self, commitment: str, rows: Rows) -> Found:
        """What is in these rows. Raises `Missing`, and `Tampered` for what the commitment was not made from."""
        row, key_row = rows
        keys = self._keys.unwrap(commitment, key_row)
        plain, document = unseal(commitment, row, keys)
        try:
            content = plain.decode() if document is None else msgspec.json.decode(plain, type=Record)
        except (ValueError, msgspec.DecodeError) as error:
            raise Tampered(commitment, "what is sealed for it is neither text nor the record of a document") from error
        found = Found(keys, content, document)
        verify_commitment(commitment, keys.salt, keys.label.purpose, found.value)
        return found

    def check(self, claim: Claim, rows: Rows) -> None:
        """Raise `Missing` or `Tampered` unless what is in these rows is what is claimed; a document is read."""
        commitment, purpose, subject = claim
        found = self.opened(commitment, rows)
        label = found.keys.label
        if label.purpose != purpose:
            raise Tampered(commitment, f"was made for {label.purpose}, not for {purpose}")
        if subject is not None and label.subject != subject:
            raise Tampered(commitment, f"is kept as one of {label.subject}, not of {subject}")
        if isinstance(found.content, Record):
            self.document(commitment, found)

    def document(self, commitment: str, found: Found) -> bytes:
        """The document itself. Raises `Missing`, `Tampered`, or `Malformed` for a text."""
        if found.document is None or not isinstance(found.content, Record):
            raise Malformed("commitment", commitment, "stands for a text, not for a document")
        box = self._documents.read(commitment, found.document)
        return open_document(commitment, found.keys, found.content, found.document, box)
