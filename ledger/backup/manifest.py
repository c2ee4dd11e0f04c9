"""What a backup says of itself, in its first file."""

from datetime import date
from typing import Literal, TypeVar

import msgspec

from ledger.backup.errors import NotABackup

MANIFEST = "manifest.json"
MAX_MANIFEST_BYTES = 2**20
CUSTODY = "custody.db"
DOCUMENTS = "documents"
KEY_STORE = "keys.db"


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A backup of a log and its custody: the log's first `size` entries, their root, and all that they commit to.

    `checkpoint` is what was signed over exactly these, if anything was; `earlier` counts the logs that it carries on.
    """

    format: Literal["dua-ledger-backup/v1"] = "dua-ledger-backup/v1"
    origin: str
    size: int
    root: str
    made_at: str
    checkpoint: str | None
    earlier: int


class KeysManifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A backup of a key store, which opens nothing once `kept_until` is over.

    `last_copy_lapses` is when the last one is gone of all that had been made by then, itself included.
    """

    format: Literal["dua-ledger-keys/v1"] = "dua-ledger-keys/v1"
    origin: str
    made_at: str
    kept_until: date
    last_copy_lapses: date


Kind = TypeVar("Kind", Manifest, KeysManifest)


def write_manifest(manifest: Manifest | KeysManifest) -> bytes:
    """The manifest as JSON that people can read, too."""
    return msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n"


def read_manifest(path: object, raw: bytes, kind: type[Kind]) -> Kind:
    """The manifest in these bytes. Raises `NotABackup` when it is of another kind."""
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise NotABackup(str(path), f"is no backup of this kind: {error}") from error
