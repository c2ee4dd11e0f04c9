"""Changing the key-encryption key: everything in a key store is wrapped under another.

The key that comes is on disk before the key store knows it, and takes the place of the old one afterwards. Who opens
the key store in between, after somebody was cut off, finds by which of the two it opens, and goes on from there.
"""

from contextlib import closing
from pathlib import Path

from ledger.custody.keyfile import coming, new_key_encryption_key, put_in_force
from ledger.custody.keystore import KeyStore


def rewrap(place: Path | str, key_encryption_key: Path) -> int:
    """Wrap everything in a key store under a new key, which replaces that in the file; gives how many keys and salts.

    The old key is gone from the file, and what it opens from the key store. Raises `Tampered` for what does not open,
    and then nothing has changed, `Busy` while somebody reads, and what opening the key store raises.
    """
    with closing(KeyStore.open(place, key_encryption_key)) as keys:
        coming(key_encryption_key).unlink(missing_ok=True)
        count = keys.rewrap(new_key_encryption_key(coming(key_encryption_key)))
        put_in_force(key_encryption_key)
        keys.purge()
    return count
