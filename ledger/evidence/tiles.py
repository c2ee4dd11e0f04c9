"""The log as files that anybody can serve and check: tiles of the tree, bundles of entries, a checkpoint over them.

The checkpoint is written last, when all that it is over is on disk. So whoever takes up an export that was cut off
begins at the last one; what was written behind it is found, and left alone.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ledger.chain.checkpoint import SignedCheckpoint, open_checkpoint
from ledger.chain.merkle import leaf_hash, root_of
from ledger.chain.note import MAX_NOTE_BYTES
from ledger.chain.tile import Tile, new_tiles, subtrees_of, tile_hashes, write_bundle
from ledger.errors import AlreadyThere, Busy, NotContinued
from ledger.evidence.logkeys import log_keys
from ledger.evidence.publishing import replace_file, sync_file
from ledger.files import named_os_errors, sync_folder
from ledger.storage import Store

CHECKPOINT = "checkpoint"
MODE = 0o666  # as the umask has it: a web server may be another user


def write_tiles(store: Store, signed: SignedCheckpoint, folder: Path) -> int:
    """Bring the tiles in a folder up to a checkpoint of the log; gives how many files were written.

    Raises `NotContinued` for a log that is not what was signed, `AlreadyThere` for a folder with something else, and
    `Busy` while somebody else writes there.
    """
    if root_of(signed.size, store.subtree) != signed.root:
        raise NotContinued(f"its first {signed.size:,} entries are not those that were signed")
    with named_os_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with _alone_in(folder):
        old_size = _exported(store, signed, folder)
        return 0 if old_size == signed.size else _write_from(old_size, store, signed, folder)


def content_of(tile: Tile, store: Store) -> dict[str, bytes]:
    """What is served of a tile that the log has, by its path: the hashes, and on the lowest level the entries below.

    Raises `NotContinued` when the hashes are not those that stand above it.
    """
    return dict(_files_of(tile, store))


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Nobody else writes tiles into the folder meanwhile. Raises `Busy` when somebody does already."""
    with named_os_errors(folder):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Busy(folder, 0) from error
        yield
    finally:
        os.close(descriptor)


def _write_from(old_size: int, store: Store, signed: SignedCheckpoint, folder: Path) -> int:
    written = 0
    folders = {folder}
    for tile in new_tiles(old_size, signed.size):
        for path, content in _files_of(tile, store):
            written += _write(folder / path, content)
            folders |= {parent for parent in (folder / path).parents if folder in parent.parents}
    for one in folders:
        sync_folder(one)
    replace_file(folder / CHECKPOINT, signed.raw, MODE)
    sync_file(folder / CHECKPOINT)
    sync_folder(folder)
    return written + 1


def _exported(store: Store, signed: SignedCheckpoint, folder: Path) -> int:
    """Up to which size the folder holds this log already."""
    path = folder / CHECKPOINT
    with named_os_errors(folder):
        if not path.exists():
            return 0
        with path.open("rb") as file:
            raw = file.read(MAX_NOTE_BYTES + 1)
    before = open_checkpoint(raw, log_keys(store, signed.size))
    if before.size > signed.size or root_of(before.size, store.subtree) != before.root:
        raise AlreadyThere(path, f"is over {before.size:,} entries that this log does not continue")
    return before.size


def _files_of(tile: Tile, store: Store) -> Iterator[tuple[str, bytes]]:
    """A tile, and for the lowest level the entries below it."""
    if tile.level:
        hashes = tile_hashes(tile, store.subtree)
    else:
        entries = [raw for _, _, raw in store.rows(tile.first, tile.first + tile.width)]
        hashes = [leaf_hash(raw) for raw in entries]
        yield tile.entries_path, write_bundle(entries)
    # What a tile makes up stands in the tile above it, and so on up to the root, which is signed.
    if len(hashes) != tile.width or any(
        store.subtree(level, index) != value for level, index, value in subtrees_of(tile, hashes)
    ):
        raise NotContinued(f"the hashes of {tile.path} do not lead to the root that was signed")
    yield tile.path, b"".join(hashes)


def _write(path: Path, content: bytes) -> bool:
    """Write a file that never changes. Whether it was not there yet; raises `AlreadyThere` for another content."""
    with named_os_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            if path.read_bytes() != content:
                raise AlreadyThere(path, "is there already, with another content")
            return False
    replace_file(path, content, MODE)
    sync_file(path)
    return True
