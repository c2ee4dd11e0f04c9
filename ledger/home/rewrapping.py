"""Changing the key-encryption key of a home, which everything in its key store is wrapped with."""

from pathlib import Path

from ledger.custody.rewrapping import rewrap
from ledger.home.entering import alone_in, check_not_left, check_unused
from ledger.home.layout import places


def change_key_encryption_key(path: Path) -> int:
    """Wrap everything in the key store of a home under a new key; gives how many keys and salts that are.

    Raises `Unreachable` while anybody works there, and what `rewrap` raises. Other homes of the office open nothing
    until they are given the new file.
    """
    with alone_in(path):
        check_not_left(path)
        at = places(path)
        if isinstance(at.keys, str):
            check_unused(at.keys)
        return rewrap(at.keys, at.key_encryption_key)
