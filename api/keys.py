"""A public key as the office files it: examined, and good for something."""

from datetime import datetime
from typing import NamedTuple

from ledger.custody import caseless
from ledger.openpgp import KeyFacts, examine_key
from ledger.openpgp.errors import NoEncryptionSubkey


class UsableKey(NamedTuple):
    """A key that can be encrypted for: until when, None for ever, and the addresses in its user ids, in lower case."""

    fingerprint: str
    made: datetime
    expires: datetime | None
    addresses: frozenset[str]


def usable_key(key: bytes, at: datetime) -> UsableKey:
    """What is in a key's file. Raises what `examine_key` raises, and `NoEncryptionSubkey` for one of no use then."""
    facts = examine_key(key, at)
    subkey = facts.encrypts_for
    if subkey is None or facts.revoked:
        why = "it is revoked" if facts.revoked else "nothing in it is for that, or still good"
        raise NoEncryptionSubkey(facts.fingerprint, at.isoformat(timespec="seconds"), why)
    ends = [end for end in (facts.expires, subkey.expires) if end is not None]
    return UsableKey(facts.fingerprint, facts.created, min(ends, default=None), _addresses(facts))


def _addresses(facts: KeyFacts) -> frozenset[str]:
    said = [user_id for user_id in facts.user_ids if user_id not in facts.withdrawn]
    return frozenset(caseless(user_id.rpartition("<")[2].rstrip(">").strip()) for user_id in said)
