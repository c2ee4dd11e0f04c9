"""API keys: what a program shows to prove who it is; they are made here, shown once, and kept by nobody.

dua_<16 hex digits of the key's id>_<43 letters of base64url: 256 random bits>
"""

import re
from base64 import urlsafe_b64encode
from collections.abc import Callable
from hashlib import sha256
from hmac import compare_digest
from typing import NamedTuple

from ledger.codec import Recorded
from ledger.events import ApiKeyIssued, ApiKeyRevoked

ID_BYTES = 8
SECRET_BYTES = 32
_FORM = re.compile(r"dua_([0-9a-f]{16})_[A-Za-z0-9_-]{43}", re.ASCII)
# What a key that nobody issued is compared with, so that this takes no less time.
_NOBODYS = 64 * "0"


class NewKey(NamedTuple):
    """A key that was just made: its id, the text that its holder gets, and the digest that the log gets."""

    apikey: str
    text: str
    digest: str


def new_key(random_bytes: Callable[[int], bytes]) -> NewKey:
    """A key with 256 bits of these."""
    id_ = random_bytes(ID_BYTES).hex()
    secret = urlsafe_b64encode(random_bytes(SECRET_BYTES)).decode().rstrip("=")
    text = f"dua_{id_}_{secret}"
    return NewKey(f"T-{id_}", text, digest_of(text))


def digest_of(text: str) -> str:
    """What the log has of a key."""
    return sha256(text.encode()).hexdigest()


class Keys:
    """The keys that were issued and not revoked, folded from the log."""

    folds = (ApiKeyIssued, ApiKeyRevoked)

    def __init__(self) -> None:
        self._issued: dict[str, ApiKeyIssued] = {}

    def fold(self, fact: Recorded) -> None:
        """Take in a fact."""
        match fact.event:
            case ApiKeyIssued() as issued:
                self._issued[issued.apikey] = issued
            case ApiKeyRevoked() as revoked:
                self._issued.pop(revoked.apikey, None)

    @property
    def issued(self) -> tuple[ApiKeyIssued, ...]:
        """All of them, expired ones too, in the order in which they were issued."""
        return tuple(self._issued.values())

    def key(self, text: str) -> ApiKeyIssued | None:
        """The key that this text is, expired or not; the comparison takes the same time whatever is wrong with it."""
        form = _FORM.fullmatch(text)
        issued = self._issued.get(f"T-{form[1]}") if form else None
        same = compare_digest(digest_of(text), issued.digest if issued else _NOBODYS)
        return issued if same else None
