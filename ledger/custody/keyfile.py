"""The file with the key-encryption key: 128 hex digits and a line end, mode 0600.

While keys are wrapped anew, the one that comes lies beside it. Which of them is the right one says the key store.
"""

import os
import re
from contextlib import suppress
from pathlib import Path

from ledger.custody.cipher import KEY_ENCRYPTION_KEY_BYTES, Wrapping
from ledger.errors import NotALedger, Unreachable
from ledger.files import named_os_errors, new_file, read_regular, sync_folder

_KEY_ENCRYPTION_KEY = re.compile(rb"([0-9a-f]{%d})\n" % (2 * KEY_ENCRYPTION_KEY_BYTES))


def new_key_encryption_key(path: Path) -> Wrapping:
    """Make a key-encryption key, on disk when this returns. Raises `AlreadyThere`."""
    key = os.urandom(KEY_ENCRYPTION_KEY_BYTES)
    new_file(path, key.hex().encode() + b"\n")
    sync_folder(path.parent)
    return Wrapping(key)


def read_key_encryption_key(path: Path) -> Wrapping:
    """The key in a file. Raises `Unreachable` for one that others may read, `NotALedger` for what is none."""
    with named_os_errors(path):
        content, mode = read_regular(path, 2 * KEY_ENCRYPTION_KEY_BYTES + 2)
    if mode & 0o077:
        raise Unreachable(path, f"has mode {mode:04o}, so others may use it: chmod 600")
    match = _KEY_ENCRYPTION_KEY.fullmatch(content)
    if match is None:
        raise NotALedger(path, f"is no key-encryption key: {2 * KEY_ENCRYPTION_KEY_BYTES} hex digits and a line end")
    return Wrapping(bytes.fromhex(match[1].decode()))


def coming(path: Path) -> Path:
    """Where the key lies that comes after the one in a file."""
    return path.with_name(f"{path.name}.new")


def put_in_force(path: Path) -> None:
    """Let the key that comes take the place of the one in a file, on disk when this returns, unless somebody has."""
    with named_os_errors(path), suppress(FileNotFoundError):
        coming(path).replace(path)
    sync_folder(path.parent)
