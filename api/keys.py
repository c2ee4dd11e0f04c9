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
    if facts.encrypts_for is None or facts.revoked:
        raise NoEncryptionSubkey(facts.fingerprint, at.isoformat(timespec="seconds"), _why_not(facts, at))
    return UsableKey(facts.fingerprint, facts.created, _ends(facts), addresses_in(facts))


def _why_not(facts: KeyFacts, at: datetime) -> str:
    if facts.revoked:
        return "it is revoked"
    if facts.expires and facts.expires <= at:
        return f"it expired at {facts.expires.isoformat(timespec='seconds')}"
    return "what is in it for that is no longer good" if facts.encryption_subkeys else "nothing in it is for that"


def _ends(facts: KeyFacts) -> datetime | None:
    """Until when gpg finds something in a key to encrypt for: when one subkey expires, it takes the newest of the rest.

    None of them outlives the key.
    """
    usable = [subkey.expires for subkey in facts.encryption_subkeys if subkey.usable]
    last = None if None in usable else max(end for end in usable if end is not None)
    return min((end for end in (facts.expires, last) if end is not None), default=None)


def addresses_in(facts: KeyFacts) -> frozenset[str]:
    """The addresses in the user ids of a key that were not withdrawn, in lower case."""
    said = [user_id for user_id in facts.user_ids if user_id not in facts.withdrawn]
    return frozenset(caseless(user_id.rpartition("<")[2].rstrip(">").strip()) for user_id in said)
