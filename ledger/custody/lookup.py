"""The mark by which a subject is found again: a keyed hash of a person's address or an organisation's name.

    mark = HMAC-SHA256(key = the secret `lookup` of the key store, message = kind LF caseless(text))

A mark stands in the key store beside the salt of the text that it was made from, so it is destroyed with that salt, and
is in no backup that outlives it. Without the secret nobody can try out addresses on it.
"""

import hmac
from typing import Literal
from unicodedata import normalize

from ledger.custody.commitment import text_bytes

Findable = Literal["person", "organisation"]

LOOKUP_KEY = "lookup"

_FOUND_BY: dict[str, str] = {"person": "email", "organisation": "name"}


def caseless(text: str) -> str:
    """What texts have in common that differ only in case, in the width of blanks, or in how letters are put together.

    This is Unicode's canonical caseless matching (section 3.13, D145), told in NFC. NFKC would take more for the same,
    such as a ligature and its two letters, and so one mailbox for another (RFC 6532 section 3.1). An `xn--` label of a
    domain is not taken for what it stands for.
    """
    return " ".join(normalize("NFC", normalize("NFD", text).casefold()).split())


def kind_found_by(subject: str, member: str) -> str | None:
    """The kind of a subject, when its kind is found by this member of its events."""
    kind = subject.partition(":")[0]
    return kind if _FOUND_BY.get(kind) == member else None


def mark(secret: bytes, kind: str, text: str) -> bytes:
    """The mark of whoever of this kind has this text. Raises `Malformed` for a lone surrogate."""
    return hmac.digest(secret, b"%b\n%b" % (kind.encode(), text_bytes(kind, caseless(text))), "sha256")
