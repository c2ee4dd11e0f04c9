"""What custody says of what it keeps, and what it is asked about."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal, NamedTuple

from ledger.custody.commitment import member_of
from ledger.custody.label import Label

DOCUMENTS = "documents"


@dataclass(frozen=True)
class Opened:
    """A commitment, opened: `commit(salt, purpose, value)` gives it again. A document's value is its SHA-256."""

    subject: str
    purpose: str
    value: str = field(repr=False)
    salt: bytes = field(repr=False)


@dataclass(frozen=True)
class Document:
    """A document with what was recorded of it."""

    content: bytes = field(repr=False)
    media_type: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Erasure:
    """What one call destroyed; `keys` counts subjects of whom nothing is left."""

    salts: int = 0
    keys: int = 0
    values: int = 0
    documents: int = 0


@dataclass(frozen=True)
class Kept:
    """That something is kept for a commitment, in the key store, the vault, or both."""

    commitment: str
    subject: str
    purpose: str
    created_at: datetime

    @property
    def kind(self) -> Literal["text", "document"]:
        """What is kept."""
        return "document" if member_of(self.purpose) == DOCUMENTS else "text"


class Claim(NamedTuple):
    """What somebody says a commitment is to: made for this purpose, sealed for this subject; None if they don't say."""

    commitment: str
    purpose: str
    subject: str | None = None


def kept_as(label: Label) -> Kept:
    """What a label says is kept."""
    created_at = datetime.fromtimestamp(label.created_at, UTC)
    return Kept(label.commitment.hex(), label.subject, label.purpose, created_at)
