"""Tiles hold the tree and its entries, each under its own name, and never change."""

from functools import cache
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.chain.entry import MAX_ENTRY_BYTES
from ledger.chain.merkle import Subtree, completed_by, leaf_hash, root_of
from ledger.chain.tile import Tile, new_tiles, read_bundle, subtrees_of, tile_hashes, write_bundle
from ledger.errors import Malformed, TooLarge


@cache
def subtrees(size: int) -> Subtree:
    """The completed subtrees of a tree of so many different leaves, which knows no others."""
    known: dict[tuple[int, int], bytes] = {}

    def subtree(level: int, index: int) -> bytes:
        return known[level, index]

    for position in range(1, size + 1):
        for level, value in enumerate(completed_by(position, leaf_hash(b"%d" % position), subtree)):
            known[level, (position >> level) - 1] = value
    return subtree


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
