"""Tiles: the tree and its entries cut into files that never change (C2SP tlog-tiles).

    tile/<L>/<N>[.p/<W>]          W hashes, 256 where it is not said: hash j is that of the completed subtree of level
                                  8L with index 256N + j
    tile/entries/<N>[.p/<W>]      the same number of entries, each behind its length in two bytes, big-endian

N is written in groups of three digits, all but the last with an `x` before: 1234067 is `x001/x234/067`. A tree of a
size has, for each level, as many full tiles as fit and a partial one for the rest, unless that is empty.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from ledger.chain.entry import MAX_ENTRY_BYTES
from ledger.chain.merkle import Subtree, nodes_above
from ledger.errors import Malformed, TooLarge

HEIGHT = 8
WIDTH = 1 << HEIGHT

_LENGTH_BYTES = 2
_NUMBER = r"(?P<number>(x[0-9]{3}/){0,5}[0-9]{3})(\.p/(?P<width>[0-9]{1,3}))?"
_PATH = re.compile(rf"tile/(?P<kind>entries|[0-9]{{1,2}})/{_NUMBER}", re.ASCII)


class Tile(msgspec.Struct, frozen=True):
    """One tile: its level, its number on that level, and how many hashes it holds."""

    level: int
    number: int
    width: int = WIDTH

    @property
    def first(self) -> int:
        """The index of its first subtree, on the subtrees' level."""
        return self.number * WIDTH

    @property
    def path(self) -> str:
        """Where it is served, without a leading slash."""
        return _path(str(self.level), self)

    @property
    def entries_path(self) -> str:
        """Where the entries below it are served, for a tile of level 0."""
        return _path("entries", self)


def new_tiles(old_size: int, size: int) -> Iterator[Tile]:
    """The tiles that the tree of `size` leaves has and the tree of `old_size` did not have, from level 0 up."""
    level = 0
    while size >> HEIGHT * level:
        before, after = old_size >> HEIGHT * level, size >> HEIGHT * level
        if before != after:
            for number in range(before // WIDTH, after // WIDTH):
                yield Tile(level, number)
            if after % WIDTH:
                yield Tile(level, after // WIDTH, after % WIDTH)
        level += 1


def tile_hashes(tile: Tile, subtree: Subtree) -> list[bytes]:
    """The hashes in a tile."""
    return [subtree(HEIGHT * tile.level, tile.first + number) for number in range(tile.width)]


def subtrees_of(tile: Tile, hashes: Sequence[bytes]) -> Iterator[tuple[int, int, bytes]]:
    """The largest completed subtrees that the hashes of a tile make up: their level, index and hash.

    A full tile makes up one, which stands as one hash in a tile of the level above.
    """
    start, left = 0, tile.width
    while left:
        level = left.bit_length() - 1
        part = list(hashes[start : start + (1 << level)])
        while len(part) > 1:
            part = nodes_above(part)
        yield HEIGHT * tile.level + level, (tile.first + start) >> level, part[0]
        start, left = start + (1 << level), left - (1 << level)


def write_bundle(entries: Iterable[bytes]) -> bytes:
    """These entries as a tile of entries holds them."""
    parts = []
    for entry in entries:
        if len(entry) > MAX_ENTRY_BYTES:
            raise TooLarge("entry", len(entry), MAX_ENTRY_BYTES)
        parts += [len(entry).to_bytes(_LENGTH_BYTES), entry]
    return b"".join(parts)


def read_bundle(raw: bytes) -> Iterator[bytes]:
    """The entries in a tile of entries. Raises `Malformed` when its end is missing."""
    at = 0
    while at < len(raw):
        start = at + _LENGTH_BYTES
        at = start + int.from_bytes(raw[at:start])
        if start > len(raw) or at > len(raw):
            raise Malformed("entry bundle", raw[-80:], "ends in the middle of an entry")
        yield raw[start:at]


def tile_at(path: str) -> Tile:
    """The tile that is served there, or whose entries are. Raises `Malformed` unless exactly this is its path."""
    found = _PATH.fullmatch(path)
    if found:
        level = 0 if found["kind"] == "entries" else int(found["kind"])
        number = int(re.sub("[x/]", "", found["number"]))
        tile = Tile(level, number, int(found["width"] or WIDTH))
        there = tile.entries_path if found["kind"] == "entries" else tile.path
        if 0 < tile.width <= WIDTH and there == path:
            return tile
    raise Malformed("tile", path, "is no path such as tile/0/x001/067 or tile/entries/000.p/12")


def _path(kind: str, tile: Tile) -> str:
    digits = str(tile.number)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    number = "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
    partial = "" if tile.width == WIDTH else f".p/{tile.width}"
    return f"tile/{kind}/{number}{partial}"
