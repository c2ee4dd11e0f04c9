"""The log as files that anybody can serve and check: tiles of the tree, bundles of entries, a checkpoint over them.

The checkpoint is written last, when all that it is over is on disk, so an export that was cut off has none over what it
wrote, and is taken up. That one is there proves nothing of what became of the rest since. So each time it is looked at
whether all files are there, tiles of hashes in their length, and whether the last of each level, with its entries,
leads to the root that was signed, which the tiles of another log would not. Once anything is wrong, or somebody wishes
it, each file is read, compared with the tree that was signed, and written where it is not there as it is to be.
"""

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ledger.chain.checkpoint import LogKey, SignedCheckpoint, open_checkpoint
from ledger.chain.entry import MAX_ENTRY_BYTES
from ledger.chain.merkle import leaf_hash, root_of
from ledger.chain.note import MAX_NOTE_BYTES
from ledger.chain.tile import WIDTH, Tile, new_tiles, read_bundle, subtrees_of, tile_hashes, write_bundle
from ledger.errors import AlreadyThere, Busy, Malformed, NotContinued
from ledger.evidence.publishing import draft_name, replace_file, sync_file
from ledger.files import named_os_errors, read_regular, sync_folder
from ledger.storage import Store

CHECKPOINT = "checkpoint"
TILES = "tile"
MODE = 0o666  # as the umask has it: a web server may be another user
_HASH_BYTES = 32
# What no file here is larger than: a full tile of entries.
_LARGEST = WIDTH * (MAX_ENTRY_BYTES + 2)


def write_tiles(
    store: Store, signed: SignedCheckpoint, keys: Sequence[LogKey], folder: Path, *, whole: bool = False
) -> int:
    """Bring the tiles in a folder up to a checkpoint of the log with these keys; gives how many files were written.

    What is found missing or damaged is made again; only with `whole` is all that is there read in any case. Raises
    `NotContinued` for a log that is not what was signed, `AlreadyThere` for a folder with anything else in it, and
    `Busy` while somebody else writes there.
    """
    if root_of(signed.size, store.subtree) != signed.root:
        raise NotContinued(f"its first {signed.size:,} entries are not those that were signed")
    with named_os_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with _alone_in(folder):
        _check_tiles_alone(folder)
        before = _exported(store, signed, keys, folder)
        believed = 0 if whole else _believed(before, store, folder)
        return _bring_up(before, believed, store, signed, folder)


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


def _check_tiles_alone(folder: Path) -> None:
    """Raise `AlreadyThere` for a folder with something beside tiles in it, as the home of a ledger has."""
    with named_os_errors(folder):
        for path in sorted(folder.iterdir()):
            if path.name not in {CHECKPOINT, TILES, draft_name(CHECKPOINT)}:
                raise AlreadyThere(path, "is there, and is no tile: name a new folder, or one that only tiles are in")


def _bring_up(old_size: int, believed: int, store: Store, signed: SignedCheckpoint, folder: Path) -> int:
    """Write what is not there as it is to be, which is not read up to the size that is believed.

    In a folder that holds this log already, that is also what is wrong.
    """
    written = 0
    folders = {folder}
    for tile in new_tiles(believed, signed.size):
        if tile.level == 0 and _is_there(tile, store, folder):
            continue
        for path, content in _files_of(tile, store):
            written += _write(folder / path, content, replaces=old_size > 0)
            folders |= {parent for parent in (folder / path).parents if folder in parent.parents}
    for one in folders if written or old_size < signed.size else ():
        sync_folder(one)
    if old_size == signed.size:
        return written
    replace_file(folder / CHECKPOINT, signed.raw, MODE)
    sync_file(folder / CHECKPOINT)
    sync_folder(folder)
    return written + 1


def _believed(size: int, store: Store, folder: Path) -> int:
    """The size, where there is no sign that the tiles of that size are not in the folder as they are to be; else 0."""
    tiles = list(new_tiles(0, size))
    last = {tile.level: tile for tile in tiles}.values()
    hold = all(_seems_there(tile, folder) for tile in tiles) and all(
        _content(folder / path) == content for tile in last for path, content in _files_of(tile, store)
    )
    return size if hold else 0


def _seems_there(tile: Tile, folder: Path) -> bool:
    """Whether there are files for a tile, by their lengths alone."""
    try:
        entries = tile.level > 0 or (folder / tile.entries_path).stat().st_size > 0
        return entries and (folder / tile.path).stat().st_size == tile.width * _HASH_BYTES
    except OSError:
        return False


def _exported(store: Store, signed: SignedCheckpoint, keys: Sequence[LogKey], folder: Path) -> int:
    """Up to which size the folder holds this log already."""
    path = folder / CHECKPOINT
    with named_os_errors(folder):
        if not path.exists():
            return 0
        raw, _ = read_regular(path, MAX_NOTE_BYTES + 1)
    before = open_checkpoint(raw, keys)
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
    if len(hashes) != tile.width or not _leads_up(tile, hashes, store):
        raise NotContinued(f"the hashes of {tile.path} do not lead to the root that was signed")
    yield tile.path, b"".join(hashes)


def _leads_up(tile: Tile, hashes: Sequence[bytes], store: Store) -> bool:
    """Whether what these hashes make up stands in the tile above, and so on up to the root, which is signed."""
    return all(store.subtree(level, index) == value for level, index, value in subtrees_of(tile, hashes))


def _is_there(tile: Tile, store: Store, folder: Path) -> bool:
    """Whether a tile of the lowest level is in the folder as it is to be, with the entries below it."""
    raw = _content(folder / tile.path)
    bundle = _content(folder / tile.entries_path)
    if raw is None or bundle is None or len(raw) != tile.width * _HASH_BYTES:
        return False
    hashes = [raw[at : at + _HASH_BYTES] for at in range(0, len(raw), _HASH_BYTES)]
    try:
        return [leaf_hash(entry) for entry in read_bundle(bundle)] == hashes and _leads_up(tile, hashes, store)
    except Malformed:
        return False


def _content(path: Path) -> bytes | None:
    """What is in a file, or as much as is too much anyway; None when there is none. Raises `Unreachable`."""
    with named_os_errors(path):
        try:
            return read_regular(path, _LARGEST + 1)[0]
        except FileNotFoundError:
            return None


def _write(path: Path, content: bytes, *, replaces: bool) -> bool:
    """Write a file, unless it is there with this content; gives whether it was not.

    What a write that was cut off has left is replaced, and another content only if so wished: raises `AlreadyThere`.
    """
    there = _content(path)
    if there == content:
        return False
    if there is not None and not replaces and not content.startswith(there):
        raise AlreadyThere(path, "is there already, with another content")
    with named_os_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, content, MODE)
    sync_file(path)
    return True
