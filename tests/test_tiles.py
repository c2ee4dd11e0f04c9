"""Tiles hold the tree and its entries, each under its own name, and never change."""

import fcntl
import os
import shutil
import sqlite3
from contextlib import closing
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ledger.evidence.tiles
from ledger.chain.checkpoint import Checkpoint, sign_checkpoint
from ledger.chain.entry import MAX_ENTRY_BYTES
from ledger.chain.merkle import Subtree, leaf_hash, root_hash, root_of
from ledger.chain.tile import WIDTH, Tile, new_tiles, read_bundle, subtrees_of, tile_hashes, write_bundle
from ledger.errors import AlreadyThere, Busy, Damaged, LedgerError, Malformed, NotContinued, TooLarge, Unreachable
from ledger.evidence.lockstore import Stored, create_lock_store
from ledger.evidence.tiles import write_tiles
from ledger.files import read_regular
from ledger.home import open_lock_store, open_log, open_notary, read_log_key
from tests.signing import ORIGIN, append, cut, entries_of, rewrite, signed_home, with_altered
from tests.signing import subtrees as subtrees_over
from tests.tampering import guards_down


@cache
def subtrees(size: int) -> Subtree:
    """The completed subtrees of a tree of so many different leaves."""
    return subtrees_over(leaf_hash(b"%d" % number) for number in range(size))


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 0), "tile/0/000"),
        (Tile(0, 67), "tile/0/067"),
        (Tile(0, 999), "tile/0/999"),
        (Tile(3, 1000), "tile/3/x001/000"),
        (Tile(0, 1_234_067), "tile/0/x001/x234/067"),
        (Tile(0, 1_234_067, 1), "tile/0/x001/x234/067.p/1"),
        (Tile(5, 0, 255), "tile/5/000.p/255"),
    ],
)
def test_a_tile_has_the_path_that_c2sp_gives_it(tile: Tile, path: str):
    assert tile.path == path
    assert tile.entries_path == path.replace(f"tile/{tile.level}/", "tile/entries/")


@pytest.mark.parametrize(
    ("old", "size", "tiles"),
    [
        (0, 0, []),
        (0, 1, [Tile(0, 0, 1)]),
        (1, 1, []),
        (0, 256, [Tile(0, 0), Tile(1, 0, 1)]),
        (255, 257, [Tile(0, 0), Tile(0, 1, 1), Tile(1, 0, 1)]),
        (256, 257, [Tile(0, 1, 1)]),
        (300, 600, [Tile(0, 1), Tile(0, 2, 88), Tile(1, 0, 2)]),
        (65_535, 65_536, [Tile(0, 255), Tile(1, 0), Tile(2, 0, 1)]),
        (65_536, 65_537, [Tile(0, 256, 1)]),
    ],
)
def test_a_tree_that_has_grown_has_these_new_tiles(old: int, size: int, tiles: list[Tile]):
    assert list(new_tiles(old, size)) == tiles


sizes = st.lists(st.integers(0, 200_000), min_size=2, max_size=6).map(sorted)


@given(sizes)
def test_growing_in_steps_gives_every_full_tile_once_and_the_partial_ones_of_the_last_size(sizes: list[int]):
    grown = [tile for old, size in pairwise([0, *sizes]) for tile in new_tiles(old, size)]
    whole = list(new_tiles(0, sizes[-1]))

    assert len(set(grown)) == len(grown)
    assert {tile for tile in grown if tile.width == 256} == {tile for tile in whole if tile.width == 256}
    assert set(whole) <= set(grown)


@pytest.mark.parametrize("size", [1, 2, 3, 255, 256, 257, 511, 600])
def test_the_subtrees_that_tiles_make_up_are_those_of_the_tree(size: int):
    subtree = subtrees(size)
    for tile in new_tiles(0, size):
        hashes = tile_hashes(tile, subtree)

        assert len(hashes) == tile.width
        for level, index, value in subtrees_of(tile, hashes):
            assert value == subtree(level, index)
    assert root_of(size, subtree) == root_of(size, _from_tiles(size))


def _from_tiles(size: int) -> Subtree:
    """Subtrees as somebody knows them who has the tiles alone."""
    known = {
        (level, index): value
        for tile in new_tiles(0, size)
        for level, index, value in subtrees_of(tile, tile_hashes(tile, subtrees(size)))
    }
    return lambda level, index: known[level, index]


entries = st.lists(st.binary(max_size=400), max_size=20)


@given(entries)
def test_a_bundle_gives_back_the_entries_and_nothing_else(entries: list[bytes]):
    assert list(read_bundle(write_bundle(entries))) == entries


def test_an_entry_stands_in_a_bundle_behind_its_length():
    assert write_bundle([b"ab", b"", b"c" * 258]) == b"\0\2ab" + b"\0\0" + b"\1\2" + b"c" * 258
    assert list(read_bundle(write_bundle([b"x" * MAX_ENTRY_BYTES]))) == [b"x" * MAX_ENTRY_BYTES]


def test_an_entry_that_is_too_long_for_its_length_stands_in_no_bundle():
    with pytest.raises(TooLarge):
        write_bundle([bytes(MAX_ENTRY_BYTES + 1)])


def test_a_bundle_that_was_cut_short_is_refused():
    bundle = write_bundle([b"first", b"four"])
    for length in range(1, len(bundle)):
        if length != len(write_bundle([b"first"])):
            with pytest.raises(Malformed):
                list(read_bundle(bundle[:length]))


# The log as files.


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return signed_home(tmp_path / "home", 40, 300)


def export(path: Path, folder: Path, *, whole: bool = False) -> int:
    """Bring the tiles of a home's log up to date; gives how many files were written."""
    with open_notary(path) as notary, open_log(path) as store:
        return write_tiles(store, notary.checkpoint(), notary.vouched_keys(), folder, whole=whole)


def contents_of(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_the_log_as_files_is_tiles_bundles_and_the_checkpoint(home: Path, tmp_path: Path):
    written = export(home, tmp_path / "tiles")
    files = contents_of(tmp_path / "tiles")
    entries = entries_of(home)
    subtree = subtrees_over([entry.leaf for entry in entries])

    assert written == len(files)
    assert files == {
        "checkpoint": (home / "checkpoint").read_bytes(),
        "tile/0/000": b"".join(entry.leaf for entry in entries[:256]),
        "tile/0/001.p/44": b"".join(entry.leaf for entry in entries[256:]),
        "tile/1/000.p/1": subtree(8, 0),
        "tile/entries/000": write_bundle(entry.raw for entry in entries[:256]),
        "tile/entries/001.p/44": write_bundle(entry.raw for entry in entries[256:]),
    }


def test_what_was_written_is_left_alone_and_only_what_is_new_is_added(home: Path, tmp_path: Path):
    export(home, tmp_path / "tiles")
    before = contents_of(tmp_path / "tiles")

    assert export(home, tmp_path / "tiles") == 0
    append(home, 300)
    # The second tile is full by now, and a third has begun.
    assert export(home, tmp_path / "tiles") == 2 + 2 + 1 + 1
    after = contents_of(tmp_path / "tiles")
    assert {name for name in before if after[name] != before[name]} == {"checkpoint"}
    assert after.keys() - before.keys() == {
        *("tile/0/001", "tile/0/002.p/88", "tile/1/000.p/2", "tile/entries/001", "tile/entries/002.p/88")
    }


def test_an_export_that_was_cut_off_is_taken_up(home: Path, tmp_path: Path):
    export(home, tmp_path / "whole")
    whole = contents_of(tmp_path / "whole")
    names = sorted(whole, key=lambda name: (name == "checkpoint", name))
    for written in range(len(names)):
        folder = tmp_path / f"cut off after {written}"
        for name in names[:written]:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(whole[name])
        folder.mkdir(exist_ok=True)
        (folder / ".checkpoint.draft").write_bytes(b"cut")

        assert export(home, folder) == len(names) - written
        assert contents_of(folder) == whole


def test_a_folder_with_tiles_of_another_log_is_left_as_it_is(home: Path, tmp_path: Path):
    other = signed_home(tmp_path / "other", 7)
    export(other, tmp_path / "tiles")
    before = contents_of(tmp_path / "tiles")
    with pytest.raises(LedgerError):
        export(home, tmp_path / "tiles")

    assert contents_of(tmp_path / "tiles") == before


def test_tiles_of_a_log_that_was_rewritten_or_cut_are_not_gone_on_with(home: Path, tmp_path: Path):
    export(home, tmp_path / "tiles")
    with open_notary(home) as notary:
        signed, keys = notary.checkpoint(), notary.vouched_keys()
    rewrite(home, with_altered(270))
    with open_log(home) as store, pytest.raises(NotContinued):
        write_tiles(store, signed, keys, tmp_path / "tiles")
    cut(home, 299)
    with open_log(home) as store, pytest.raises((NotContinued, Damaged)):
        write_tiles(store, signed, keys, tmp_path / "more")
    assert not (tmp_path / "more").exists()


def test_tiles_that_go_further_than_the_checkpoint_are_not_gone_back_on(home: Path, tmp_path: Path):
    with open_notary(home) as notary, open_log(home) as store:
        before = notary.checkpoint()
        append(home)
        write_tiles(store, notary.checkpoint(), notary.vouched_keys(), tmp_path / "tiles")
        with pytest.raises(AlreadyThere):
            write_tiles(store, before, notary.vouched_keys(), tmp_path / "tiles")


def test_a_file_that_says_something_else_is_not_written_over(home: Path, tmp_path: Path):
    export(home, tmp_path / "whole")
    for name in contents_of(tmp_path / "whole"):
        folder = tmp_path / name.replace("/", " ")
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_bytes(b"something else")
        with pytest.raises(LedgerError):
            export(home, folder)
        assert (folder / name).read_bytes() == b"something else"


def test_a_checkpoint_alone_is_no_proof_that_the_rest_is_there(home: Path, tmp_path: Path):
    export(home, tmp_path / "whole")
    (tmp_path / "tiles").mkdir()
    (tmp_path / "tiles/checkpoint").write_bytes((tmp_path / "whole/checkpoint").read_bytes())

    assert export(home, tmp_path / "tiles") == 5
    assert contents_of(tmp_path / "tiles") == contents_of(tmp_path / "whole")


DAMAGED = {
    "lost": lambda content: None,
    "emptied": lambda content: b"",
    "cut": lambda content: content[:-1],
    "cut by a hash": lambda content: content[:-32],
    "longer": lambda content: content + bytes(32),
    "altered in the middle": lambda content: content.replace(content[40:44], b"????", 1),
    "altered at the end": lambda content: content[:-2] + b"??",
}


@pytest.mark.parametrize("damage", DAMAGED)
@pytest.mark.parametrize("grows", [False, True])
def test_what_is_missing_or_damaged_is_made_again_where_all_is_read(
    home: Path, tmp_path: Path, damage: str, grows: bool
):
    export(home, tmp_path / "tiles")
    names = contents_of(tmp_path / "tiles").keys() - {"checkpoint"}
    if grows:
        append(home)
    export(home, tmp_path / "whole")
    whole = contents_of(tmp_path / "whole")
    for name in sorted(names & whole.keys()):
        damaged = DAMAGED[damage](whole[name])
        (tmp_path / "tiles" / name).unlink()
        if damaged is not None:
            (tmp_path / "tiles" / name).write_bytes(damaged)
        export(home, tmp_path / "tiles", whole=True)

        assert whole.items() <= contents_of(tmp_path / "tiles").items(), name
        assert export(home, tmp_path / "tiles", whole=True) == 0


FULL = ["tile/0/000", "tile/entries/000"]


@pytest.mark.parametrize("damage", DAMAGED)
def test_what_shows_by_itself_is_made_again_and_all_else_with_it_that_is_damaged(
    home: Path, tmp_path: Path, damage: str
):
    export(home, tmp_path / "tiles")
    whole = contents_of(tmp_path / "tiles")
    # Of a full tile only its length is looked at, and of its entries not even that.
    hidden = {*FULL} if damage.startswith("altered") else {*FULL[1:]} if damage not in ("lost", "emptied") else set()
    for name in whole.keys() - {"checkpoint"}:
        for other in {"tile/entries/000", name}:
            content = (DAMAGED[damage] if other == name else DAMAGED["altered at the end"])(whole[other])
            (tmp_path / "tiles" / other).unlink()
            if content is not None:
                (tmp_path / "tiles" / other).write_bytes(content)
        written = export(home, tmp_path / "tiles")

        shown = name not in hidden
        assert (written > 0, contents_of(tmp_path / "tiles") == whole) == (shown, shown), name
        export(home, tmp_path / "tiles", whole=True)


def test_full_tiles_are_read_once_and_then_only_where_that_is_wished(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    append(home, 3 * WIDTH)
    read: list[str] = []

    def noting(path: Path, limit: int) -> tuple[bytes, int]:
        read.append(path.name)
        return read_regular(path, limit)

    monkeypatch.setattr(ledger.evidence.tiles, "read_regular", noting)
    export(home, tmp_path / "tiles")
    for whole in (False, True):
        append(home)
        read.clear()
        assert export(home, tmp_path / "tiles", whole=whole) == 3
        assert {"000", "001", "002"}.isdisjoint(read) == (not whole)


def test_tiles_of_another_log_under_a_checkpoint_of_this_one_are_made_anew(home: Path, tmp_path: Path):
    export(home, tmp_path / "whole")
    rewritten = shutil.copytree(home, tmp_path / "other")
    rewrite(rewritten, with_altered(7))
    for old in (rewritten / "lock").iterdir():
        old.unlink()
    create_lock_store(f"sqlite:///{rewritten}/lock/checkpoints.db")
    with open_lock_store(rewritten) as lock:
        leaves = [entry.leaf for entry in entries_of(rewritten)]
        note = sign_checkpoint(Checkpoint(ORIGIN, len(leaves), root_hash(leaves)), [read_log_key(home)])
        assert lock.add(Stored(len(leaves), note), lock.last())
    export(rewritten, tmp_path / "tiles")
    (tmp_path / "tiles/checkpoint").write_bytes((home / "checkpoint").read_bytes())

    export(home, tmp_path / "tiles")
    assert contents_of(tmp_path / "tiles") == contents_of(tmp_path / "whole")


def test_entries_that_fit_their_tile_and_not_the_tree_are_made_again(home: Path, tmp_path: Path):
    export(home, tmp_path / "tiles")
    whole = contents_of(tmp_path / "tiles")
    entries = list(read_bundle(whole["tile/entries/000"]))
    entries[7] = entries[8]
    (tmp_path / "tiles/tile/entries/000").write_bytes(write_bundle(entries))
    (tmp_path / "tiles/tile/0/000").write_bytes(b"".join(map(leaf_hash, entries)))

    assert export(home, tmp_path / "tiles", whole=True) == 2
    assert contents_of(tmp_path / "tiles") == whole


def test_a_folder_that_something_else_is_in_is_refused_and_so_is_a_home(home: Path, tmp_path: Path):
    export(home, tmp_path / "tiles")
    (tmp_path / "tiles/notes.txt").write_bytes(b"precious")
    (tmp_path / "other").mkdir()
    (tmp_path / "other/notes.txt").write_bytes(b"precious")
    append(home)
    for folder in (tmp_path / "tiles", tmp_path / "other", home):
        before = sorted(path.relative_to(folder) for path in folder.rglob("*"))
        with pytest.raises(AlreadyThere):
            export(home, folder)
        assert sorted(path.relative_to(folder) for path in folder.rglob("*")) == before


@pytest.mark.parametrize("name", ["checkpoint", "tile/0/000", "tile/entries/000", "tile/1/000.p/1"])
def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(home: Path, tmp_path: Path, name: str):
    export(home, tmp_path / "tiles")
    (tmp_path / "tiles" / name).unlink()
    os.mkfifo(tmp_path / "tiles" / name)
    with pytest.raises(Unreachable):
        export(home, tmp_path / "tiles")


def test_two_do_not_write_into_one_folder_at_once(home: Path, tmp_path: Path):
    (tmp_path / "tiles").mkdir()
    descriptor = os.open(tmp_path / "tiles", os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    with pytest.raises(Busy):
        export(home, tmp_path / "tiles")
    os.close(descriptor)

    assert export(home, tmp_path / "tiles") == 6


ALTERED = "CAST(replace(entry, 'person-course', 'tracking-logs') AS BLOB)"


@pytest.mark.parametrize(
    ("change", "position"),
    [
        (f"entry = {ALTERED}", 7),
        (f"entry = {ALTERED}", 299),
        ("tree = CAST(substr(tree, 1, 224) || zeroblob(64) AS BLOB)", 256),
        ("tree = CAST(substr(tree, 1, 96) || zeroblob(length(tree) - 96) AS BLOB)", 296),
        ("position = 1000", 20),
    ],
)
def test_what_does_not_lead_to_the_root_that_was_signed_is_not_written(home: Path, tmp_path: Path, change, position):
    with open_notary(home) as notary, open_log(home) as store:
        signed = notary.checkpoint()
        with closing(sqlite3.connect(home / "log.db", isolation_level=None)) as log, guards_down(log):
            assert log.execute(f"UPDATE entries SET {change} WHERE position = ?", (position,)).rowcount == 1
        with pytest.raises((NotContinued, Damaged)):
            write_tiles(store, signed, notary.vouched_keys(), tmp_path / "tiles")

    assert not (tmp_path / "tiles/checkpoint").exists()
