"""The private keys of a home, each in a file for its owner alone.

They are encrypted when the environment had DUA_LEDGER_KEY_PASSPHRASE while they were made, which must then be there
whenever something is signed.
"""

import os
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from ledger.chain.note import VerifierKey, parse_vkey, verifier_key
from ledger.errors import Unreachable
from ledger.files import named_os_errors, new_file, read_regular, sync_folder
from ledger.home.layout import KEYS

LOG_KEY = "log-key.pem"
LOG_KEYS = "log-key*.pem"
UNLOCKED_BY = "DUA_LEDGER_KEY_PASSPHRASE"
MAX_KEY_BYTES = 65_536


def keep_log_key(folder: Path, log_key: Ed25519PrivateKey) -> None:
    """Write the key that signs for the log of a home. Raises `AlreadyThere`."""
    new_file(folder / KEYS / LOG_KEY, _pem(log_key))


def _passphrase() -> bytes | None:
    return os.environb.get(UNLOCKED_BY.encode()) or None


def _encryption() -> KeySerializationEncryption:
    passphrase = _passphrase()
    return BestAvailableEncryption(passphrase) if passphrase else NoEncryption()


def read_log_key(path: Path) -> Ed25519PrivateKey:
    """The private key that signed first for the log of a home. Raises as `read_log_keys` does."""
    return _read_key(path / KEYS / LOG_KEY)


def read_log_keys(path: Path) -> list[Ed25519PrivateKey]:
    """The private keys that are in a home. Raises `Unreachable` for one that does not open or that others may read."""
    keys = path / KEYS
    return [_read_key(file) for file in sorted(keys.glob(LOG_KEYS))] or [_read_key(keys / LOG_KEY)]


def key_files(path: Path) -> dict[bytes, Path]:
    """The files of the private keys in a home, by their public keys. Raises as `read_log_keys` does."""
    return {_read_key(file).public_key().public_bytes_raw(): file for file in sorted((path / KEYS).glob(LOG_KEYS))}


def throw_away_key(origin: str) -> str:
    """The verifier key of a private key that nobody has: for trying what would become of a new one."""
    return verifier_key(origin, Ed25519PrivateKey.generate().public_key().public_bytes_raw())


def new_log_key(path: Path, origin: str) -> str:
    """A further private key beside those in a home, on disk when this returns; gives its verifier key."""
    key = Ed25519PrivateKey.generate()
    vkey = parse_vkey(verifier_key(origin, key.public_key().public_bytes_raw()))
    new_file(key_file(path, vkey), _pem(key))
    sync_folder(path / KEYS)
    return str(vkey)


def key_file(path: Path, key: VerifierKey) -> Path:
    """Where a key that came later stands in a home."""
    return path / KEYS / f"log-key-{key.key_id.hex()}.pem"


def _pem(key: Ed25519PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, _encryption())


def _read_key(file: Path) -> Ed25519PrivateKey:
    with named_os_errors(file):
        pem, mode = read_regular(file, MAX_KEY_BYTES)
    encrypted = b"ENCRYPTED" in pem
    if not encrypted and mode & 0o077:
        raise Unreachable(file, f"others than its owner may use it (mode {mode:04o}): chmod 600 {file}")
    passphrase = _passphrase()
    if encrypted and passphrase is None:
        raise Unreachable(file, f"is encrypted, and {UNLOCKED_BY} is not set")
    try:
        key = load_pem_private_key(pem, passphrase if encrypted else None)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise Unreachable(file, "is no private key, or the passphrase is another one") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise Unreachable(file, "is no Ed25519 key")
    return key
