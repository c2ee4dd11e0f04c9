"""The salted commitment that stands in an event for a value or document kept elsewhere.

    commitment = HMAC-SHA256(key = salt, message = "dua-ledger/v1" LF purpose LF value)     written as 64 hex digits
    salt       = 32 random bytes, one for each value
    purpose    = <wire name without version>/<member>, for instance person.registered/name
    value      = the UTF-8 bytes of the text; for a document its SHA-256 in hex, with the member `documents`

Nothing here draws a random number or opens a file. Errors name the purpose and never show the value.
"""

import hmac
import re

from ledger.chain.entry import check_name
from ledger.errors import Malformed, Tampered

SALT_BYTES = 32

_COMMITMENT = re.compile("[0-9a-f]{64}")


def commit(salt: bytes, purpose: str, value: str) -> str:
    """The commitment to `value` under this salt and purpose.

    Raises `Malformed` for a salt of another length, a purpose that is no name, or a value that UTF-8 cannot hold.
    """
    if len(salt) != SALT_BYTES:
        raise Malformed("salt with a length of", len(salt), f"has to have {SALT_BYTES} bytes")
    check_name("purpose", purpose)
    message = b"dua-ledger/v1\n%b\n%b" % (purpose.encode(), text_bytes(purpose, value))
    return hmac.digest(salt, message, "sha256").hex()


def verify_commitment(commitment: str, salt: bytes, purpose: str, value: str) -> None:
    """Check that `commitment` was made from this salt, purpose and value, in constant time.

    Raises `Tampered` otherwise, and `Malformed` for what `commit` refuses.
    """
    if not hmac.compare_digest(commit(salt, purpose, value).encode(), commitment.encode(errors="replace")):
        raise Tampered(commitment, f"does not commit to what is kept for it as {purpose}")


def parse_commitment(commitment: str) -> bytes:
    """The 32 bytes of a commitment. Raises `Malformed` unless it is 64 lower-case hex digits."""
    if not _COMMITMENT.fullmatch(commitment):
        raise Malformed("commitment", commitment, "is not 64 lower-case hex digits")
    return bytes.fromhex(commitment)


def purpose_of(wire_name: str, member: str) -> str:
    """The purpose of a member of an event. Raises `Malformed` for a name that is none or holds a slash."""
    for what, name in (("wire name", wire_name), ("member", member)):
        check_name(what, name)
        if "/" in name:
            raise Malformed(what, name, "has a slash, which separates wire name and member in a purpose")
    purpose = f"{wire_name}/{member}"
    check_name("purpose", purpose)
    return purpose


def member_of(purpose: str) -> str:
    """The member that a purpose names."""
    return purpose.rpartition("/")[2]


def text_bytes(purpose: str, text: str) -> bytes:
    """The UTF-8 bytes of a text. Raises `Malformed` for a lone surrogate, without showing the text."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        # Neither its message nor its chain: both hold the text.
        why = "has a lone surrogate, which no UTF-8 can hold"
    raise Malformed("text for", purpose, why)
